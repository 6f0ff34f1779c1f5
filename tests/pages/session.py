"""A session of the app without a browser: its pages, its images and their layers.

Nothing else among the tests knows where the session keeps them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from unittest import mock

import streamlit
from streamlit.testing.v1 import AppTest

from maskcore.types import Instance
from pages.shared import workspace
from pages.shared.pictures import Picture
from pages.shared.workspace import Layer

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = ROOT / "pages/shell.py"


def page_path(name: str) -> str:
    """The file of a page, relative to the script as Streamlit names it."""
    (file,) = (ROOT / "pages").glob(f"*/{name}/page.py")
    return str(file.relative_to(SCRIPT.parent))


def start(page: str | None = None) -> AppTest:
    """Start the app, or one page of it alone."""
    script = SCRIPT.parent / page if page else SCRIPT
    return clean(AppTest.from_file(str(script), default_timeout=60).run())


def go(app: AppTest, page: str) -> AppTest:
    """Change the page."""
    return clean(app.switch_page(page).run())


def clean(app: AppTest) -> AppTest:
    """Fail if the app shows an exception or our own apology."""
    assert not app.exception, app.exception
    assert not [error for error in app.error if "our side" in (error.proto.title or "")], app.error
    return app


@contextmanager
def inside(app: AppTest) -> Iterator[None]:
    """What `pages.shared.workspace` does within is done in the session of this app."""
    with mock.patch.object(streamlit, "session_state", app.session_state):
        yield


def open_image(
    app: AppTest, name: str, content: bytes, instances: Sequence[Instance] = ()
) -> Picture:
    """Open an image, with layers on it."""
    with inside(app):
        picture = workspace.open_file(name, content)
    add(app, instances)
    return picture


def add(app: AppTest, instances: Sequence[Instance]) -> list[Layer]:
    """Put layers on the current image."""
    with inside(app):
        return workspace.add(instances)


def set_layers(app: AppTest, layers: Sequence[Layer]) -> None:
    """Give the current image other layers: one step that can be undone."""
    with inside(app):
        workspace._step(tuple(layers))  # noqa: SLF001


def pictures(app: AppTest) -> list[Picture]:
    """The open images in the order of opening."""
    with inside(app):
        return workspace.pictures()


def current(app: AppTest) -> Picture | None:
    """The image that is worked on."""
    with inside(app):
        return workspace.current()


def layers(app: AppTest, number: int | None = None) -> tuple[Layer, ...]:
    """The layers of the current image, or of the first, second, ... that was opened."""
    with inside(app):
        return workspace.layers(None if number is None else workspace.pictures()[number])


def instances(app: AppTest) -> list[Instance]:
    """What the layers of the current image hold."""
    return [layer.instance for layer in layers(app)]


def count_steps(app: AppTest, number: int | None = None) -> int:
    """How often can be undone what was done to the layers of such an image."""
    with inside(app):
        shown = workspace.current()
        assert shown is not None
        workspace.select((shown if number is None else workspace.pictures()[number]).id)
        count = 0
        while workspace.can_undo():
            workspace.undo()
            count += 1
        for _ in range(count):
            workspace.redo()
        workspace.select(shown.id)
        return count
