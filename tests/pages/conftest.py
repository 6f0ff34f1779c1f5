"""The app without a browser."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from maskcore.errors import MaskcoreError
from pages.shared.jobs import progress as job_view
from pages.shared.jobs.queue import Job, JobQueue

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def no_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    """Opening the app starts no worker process here; a job that is submitted does."""
    monkeypatch.setattr(JobQueue, "warm_up", lambda _queue: None)


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Jobs are done when they are submitted; returns the titles of those that were."""
    titles: list[str] = []

    def submit(key: str, title: str, function: Callable[..., Any], *arguments: Any) -> None:
        titles.append(title)
        job = Job(title, function, arguments, lambda: True, 1, state="done")
        try:
            job.result = function(lambda *_: None, *arguments)
        except MaskcoreError as error:
            job.state, job.note = "failed", str(error)
        job_view.st.session_state[key] = job

    monkeypatch.setattr(job_view, "submit", submit)
    return titles


@pytest.fixture
def start() -> Callable[[str], AppTest]:
    """Start the app, or one page of it alone."""

    def start(script: str = "shell.py") -> AppTest:
        app = AppTest.from_file(str(ROOT / "pages" / script), default_timeout=30)
        return clean(app.run())

    return start


def clean(app: AppTest) -> AppTest:
    """Fail if the app shows an exception or our own apology."""
    assert not app.exception, app.exception
    assert not [it for it in app.error if "our side" in (it.proto.title or "")], app.error
    return app


@pytest.fixture
def steel_layers(start: Callable[[], AppTest]) -> AppTest:
    """The app with the steel sample and its four masks as layers."""
    app = start()
    app.button(key="sample steel").click()
    clean(app.run())
    app.switch_page("make/rle/page.py")
    clean(app.run())
    app.button(key="rows of sample").click()
    clean(app.run())
    app.button(key="all").click()
    return clean(app.run())
