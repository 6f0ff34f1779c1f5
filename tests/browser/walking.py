"""What every visitor does: go to a page, wait until it is at rest, take a download."""

from __future__ import annotations

import io
import time
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Download, Locator, Page, expect

PATIENCE = 30_000  # milliseconds, for machines with other things to do
LONG_PATIENCE = 120_000  # for what takes seconds on a machine that has nothing else to do

_RESTS = """milliseconds => {
  const app = document.querySelector("[data-test-script-state]");
  if (app?.dataset.testScriptState !== "notRunning") delete globalThis.restsSince;
  else return performance.now() - (globalThis.restsSince ??= performance.now()) > milliseconds;
}"""


def wait_for_what_is_new(page: Page) -> None:
    """Let everything that is done on a page wait while what was drawn before is still there.

    While a page is drawn anew, old elements stand beside the new ones: a button can be there twice,
    and a click on the old one may be lost.
    """
    page.add_locator_handler(page.locator("[data-stale=true]").first, lambda: None)


def go(page: Page, section: str, title: str) -> None:
    """Change the page over the menu at the top."""
    page.get_by_role("button", name=section, exact=True).click()
    page.get_by_role("menuitem", name=title, exact=True).click()
    heading = "Mask Studio" if title == "Open" else title
    page.get_by_role("heading", name=heading, exact=True, level=1).wait_for()


def main(page: Page) -> Locator:
    """The page without its sidebar."""
    return page.get_by_test_id("stMainBlockContainer")


def seen(thing: Locator, timeout: float = PATIENCE) -> None:
    """Wait until there is one and it is visible.

    While a page is drawn anew, the old one may stand beside it; Playwright's own ways of waiting
    fail at once then.
    """
    expect(thing).to_have_count(1, timeout=timeout)
    thing.first.wait_for(timeout=timeout)


def until(page: Page, condition: str, arg: object = None) -> None:
    """Wait until a JavaScript function is true of the argument.

    Playwright's own way evaluates text while it waits, which the app's policy forbids.
    """
    deadline = time.monotonic() + PATIENCE / 1000
    while not page.evaluate(condition, arg):
        assert time.monotonic() < deadline, condition
        page.evaluate("() => new Promise((done) => setTimeout(done, 20))")


def rest(page: Page, milliseconds: int = 300) -> None:
    """Wait until Python has had nothing to do for a moment: a click starts it a little later."""
    page.evaluate("delete globalThis.restsSince")
    until(page, _RESTS, milliseconds)


@contextmanager
def another_shown(picture: Locator) -> Iterator[None]:
    """Do something, then wait until the picture is another for it."""
    rest(picture.page)
    before = picture.get_attribute("src")
    assert before
    yield
    expect(picture).not_to_have_attribute("src", before)


def downloaded(button: Locator) -> Download:
    """Take a download once no job is followed: every run of a page makes its downloads anew."""
    page = button.page
    button.wait_for(timeout=LONG_PATIENCE)
    expect(page.get_by_test_id("stProgress")).to_have_count(0, timeout=LONG_PATIENCE)
    rest(page)
    with page.expect_download(timeout=LONG_PATIENCE) as download:
        button.click()
    return download.value


def content(download: Download) -> bytes:
    return Path(download.path()).read_bytes()


def unzipped(download: Download) -> zipfile.ZipFile:
    """Open a download; it is whole."""
    files = zipfile.ZipFile(io.BytesIO(content(download)))
    assert files.testzip() is None
    return files


def keep_steel_masks(page: Page) -> None:
    """Open the steel sample and keep its four masks as layers."""
    page.locator(".st-key-sample-steel button").click()
    page.get_by_role("link", name="Decode run-length codes").click()
    page.get_by_role("button", name="Rows of").click()
    page.get_by_role("button", name="Keep all 4").click()
    page.get_by_text("Layers (4)").wait_for()
    rest(page)  # what is opened in the sidebar while it is drawn anew closes again
