"""The app without a browser."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import pytest
from streamlit.components.v2 import manifest_scanner
from streamlit.testing.v1 import AppTest

from maskcore import rle, samples
from maskcore.errors import MaskcoreError
from maskcore.types import Instance
from pages.shared.jobs import progress
from pages.shared.jobs.job import Job
from pages.shared.jobs.queue import JobQueue
from tests.pages import session


@pytest.fixture(scope="session", autouse=True)
def one_scan() -> None:
    """Streamlit reads the metadata of all installed packages for every app; here once."""
    manifest_scanner.scan_component_manifests = cache(manifest_scanner.scan_component_manifests)


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
        job = Job(title, function, arguments, state="done")
        try:
            job.result = function(lambda *_: None, *arguments)
        except MaskcoreError as error:
            job.state, job.note = "failed", str(error)
        progress.st.session_state[key] = job

    monkeypatch.setattr(progress, "submit", submit)
    return titles


@pytest.fixture
def start() -> Callable[..., AppTest]:
    """Start the app, or one page of it alone."""
    return session.start


@pytest.fixture
def steel_layers() -> AppTest:
    """The app with the steel sample and its four masks as layers."""
    app = session.start()
    masks = samples.steel()[1].items()
    instances = [Instance(rle.encode(mask), str(number)) for number, mask in masks]
    session.open_image(app, "steel.png", samples.load("steel").image_bytes, instances)
    return app
