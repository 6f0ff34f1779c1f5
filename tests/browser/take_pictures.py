"""Take the pictures of the README from the running app."""

from __future__ import annotations

import math
from pathlib import Path

from playwright.sync_api import Page, expect

from tests.browser.serving import launch, serve
from tests.browser.walking import go, keep_steel_masks

PICTURES = Path(__file__).parent / "pictures"


def paint_page(page: Page) -> None:
    page.locator(".st-key-sample-flower button").click()
    page.get_by_role("link", name="Paint a mask on it").click()
    page.locator(".studio[data-ready]").wait_for()
    box = page.locator(".view").bounding_box()
    assert box
    page.get_by_role("button", name="Encircle and fill").click()
    width = box["width"]
    x, y, radius = box["x"] + 0.48 * width, box["y"] + 0.35 * width, 0.215 * width
    for turn in range(41):
        angle = turn / 20 * math.pi
        page.mouse.move(x + radius * math.cos(angle), y + radius * math.sin(angle))
        if not turn:
            page.mouse.down()
    page.mouse.up()
    page.get_by_text("Layers (1)").wait_for()


def find_page(page: Page) -> None:
    page.locator(".st-key-sample-shapes button").click()
    page.get_by_role("link", name="Find objects in it").click()
    page.get_by_role("button", name="Find objects").click()
    page.get_by_text("Ran on").wait_for()
    page.get_by_role("button", name="as layers").click()


def rle_page(page: Page) -> None:
    keep_steel_masks(page)


def inspect_page(page: Page) -> None:
    go(page, "Data sets", "Inspect")
    page.get_by_role("button", name="Open the sample set").click()
    page.get_by_text("56 masks").wait_for()
    page.get_by_text("12 of 12 samples").wait_for()


WALKS = {"paint": paint_page, "find": find_page, "rle": rle_page, "inspect": inspect_page}


def main() -> None:
    PICTURES.mkdir(exist_ok=True)
    with serve() as address, launch() as browser:
        for name, walk in WALKS.items():
            page = browser.new_page(viewport={"width": 1280, "height": 1100})
            page.goto(address)
            page.get_by_text("Or start with a sample").wait_for()
            walk(page)
            page.get_by_role("heading", level=1).scroll_into_view_if_needed()
            expect(page.get_by_test_id("stToast")).to_have_count(0)
            page.screenshot(path=PICTURES / f"{name}.png")
            page.close()


if __name__ == "__main__":
    main()
