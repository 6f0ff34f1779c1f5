"""The app in a real browser: a server of its own, Chromium, one page a test."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser import serving
from tests.browser.walking import PATIENCE, wait_for_what_is_new

HERE = Path(__file__).parent

expect.set_options(timeout=PATIENCE)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let every test of this folder be known by `-m browser`."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker("browser")


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """A browser; without one the tests are skipped, but in CI they fail."""
    if serving.chromium() is None:
        if os.environ.get("CI"):
            pytest.fail("no Chromium found, and CI must run the browser tests")
        pytest.skip("no Chromium found; install it to run the browser tests")
    with serving.launch() as browser:
        yield browser


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    """The running app's address."""
    with serving.serve() as address:
        yield address


@pytest.fixture
def page(browser: Browser, server: str) -> Iterator[Page]:
    """A new visitor on the first page."""
    context = browser.new_context(viewport={"width": 1280, "height": 900}, accept_downloads=True)
    page = context.new_page()
    page.set_default_timeout(PATIENCE)
    wait_for_what_is_new(page)
    page.goto(server)
    page.get_by_text("Or start with a sample").wait_for()
    yield page
    context.close()
