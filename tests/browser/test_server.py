"""What the server puts around its pages, seen by a browser: headers, the cookie, deep links."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext

from pages.shared.visitors import COOKIE
from tests.browser import serving
from tests.browser.walking import go, main, rest, seen

WATCHED = """
globalThis.blocked = [];
globalThis.texts = "";
addEventListener("securitypolicyviolation", (event) =>
  blocked.push(`${event.effectiveDirective} ${event.blockedURI} ${event.sourceFile}`));
new MutationObserver(() => { texts += document.body?.innerText ?? ""; })
  .observe(document, { childList: true, subtree: true, characterData: true });
"""


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    context.add_init_script(WATCHED)
    yield context
    context.close()


def test_a_deep_link_on_a_fresh_server_opens_at_once(context: BrowserContext) -> None:
    with serving.serve() as address:
        page = context.new_page()
        page.goto(f"{address}/inspect")
        seen(page.get_by_role("heading", name="Inspect"))
        rest(page)
        assert "Inspect" in page.evaluate("texts")
        assert "not found" not in page.evaluate("texts").lower()
        page.close()


def test_the_browser_keeps_one_name_that_scripts_cannot_read(
    context: BrowserContext, server: str
) -> None:
    def names() -> list[str]:
        cookies = [cookie for cookie in context.cookies() if cookie["name"] == COOKIE]
        assert all(cookie["httpOnly"] for cookie in cookies)
        return [cookie["value"] for cookie in cookies]

    page = context.new_page()
    page.goto(server)
    first = names()
    assert len(first) == 1
    assert len(first[0]) >= 32
    assert COOKIE not in page.evaluate("document.cookie")
    other_tab = context.new_page()
    other_tab.goto(f"{server}/paint")
    page.reload()
    assert names() == first


def test_answers_bear_the_headers_that_protect_them(context: BrowserContext, server: str) -> None:
    for path in ("/", "/inspect", "/_stcore/health"):
        headers = context.request.get(f"{server}{path}").headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "SAMEORIGIN"
        assert headers["referrer-policy"] == "same-origin"
        assert "frame-ancestors 'self'" in headers["content-security-policy"]


PAGES = {
    "Make": ["Paint", "Threshold", "Regions", "Color clusters", "Run-length codes", "Edit"],
    "Use": ["Cut out", "Measure", "Augment", "Patches"],
    "Data sets": ["Inspect", "Convert"],
}


def test_a_page_begins_with_its_title_and_needs_nothing_that_the_policy_forbids(
    context: BrowserContext, server: str
) -> None:
    page = context.new_page()
    page.goto(server)
    page.locator(".st-key-sample-shapes button").click()
    seen(page.get_by_text("Opened shapes.png"))
    for section, names in PAGES.items():
        for name in names:
            go(page, section, name)
            rest(page)
            assert main(page).inner_text().strip().startswith(name)
    go(page, "Data sets", "Inspect")
    page.get_by_role("button", name="Open the sample set").click()
    page.get_by_role("radio", name="Charts").click()
    seen(page.get_by_text("Masks per class"))
    page.locator("[data-testid=stVegaLiteChart] [role=graphics-symbol]").first.wait_for(
        state="attached"
    )
    rest(page)
    assert page.evaluate("blocked") == []
