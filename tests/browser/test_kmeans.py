"""Cluster the colors of a photo, click one, and use its mask elsewhere; how fast the slider is."""

from __future__ import annotations

import os
import statistics
import time
from pathlib import Path

import numpy as np
import PIL.Image
import pytest
from playwright.sync_api import Page, expect

from tests.browser.walking import downloaded, go, rest, seen, until, unzipped

_SHOWN = """([it, before]) => {
  const { data, decoded } = it.maskCanvas;
  return decoded?.address === data.image && data.image !== before;
}"""
STEPS = (3, 8, 12, 16, 6)


def drawn(page: Page) -> None:
    """Wait until Python has nothing to do and the canvas shows what it said."""
    rest(page)
    until(page, _SHOWN, [page.locator(".view").element_handle(), ""])


def move_slider(page: Page, count: int) -> float:
    """Return the seconds until another picture is on the canvas."""
    view = page.locator(".view").element_handle()
    before = view.evaluate("it => it.maskCanvas.data.image")
    slider = page.locator(".st-key-kmeans-clusters input")
    slider.focus()
    now = int(slider.input_value())
    # The slider waits for the last of several keys.
    for _ in range(abs(count - now)):
        page.keyboard.press("ArrowRight" if count > now else "ArrowLeft")
    began = time.perf_counter()
    until(page, _SHOWN, [view, before])
    return time.perf_counter() - began


def test_a_clicked_color_becomes_a_layer_to_edit_and_to_cut_out(page: Page) -> None:
    page.locator(".st-key-sample-china button").click()
    seen(page.get_by_text("Opened china.jpg"))
    go(page, "Make", "Color clusters")
    drawn(page)
    move_slider(page, 3)
    colors = page.locator("[class*=st-key-kmeans-chosen] button")
    expect(colors).to_have_count(3)

    # The sky, above and to the right of the temple, is the lightest.
    view = page.locator(".view")
    box = view.bounding_box()
    assert box
    view.click(position={"x": box["width"] * 0.8, "y": box["height"] * 0.12})
    expect(colors.last).to_have_attribute("aria-pressed", "true")
    share = page.get_by_text("of the image is inside.").inner_text()
    page.get_by_role("button", name="Keep as a layer").click()
    sidebar = page.get_by_test_id("stSidebar")
    seen(sidebar.get_by_text("Layers (1)"))

    sidebar.get_by_role("button", name="Download", exact=True).click()
    files = unzipped(downloaded(page.get_by_role("button", name="Masks, a PNG each")))
    page.keyboard.press("Escape")
    inside = np.array(PIL.Image.open(files.open("cluster 3.png")).convert("L")) == 255
    assert inside.shape == (427, 640)
    assert share.startswith(f"{inside.mean():.1%}")
    assert inside[:60, 400:].mean() > 0.99
    assert inside[300:, :400].mean() < 0.2

    go(page, "Make", "Edit")
    seen(page.get_by_role("img", name="What the edit adds and removes"))
    go(page, "Use", "Cut out")
    seen(page.get_by_role("checkbox", name="cluster 3"))
    seen(page.get_by_role("img", name="cluster 3"))


def largest_photos() -> list[Path]:
    folder = Path(os.environ.get("MASKCORE_TEST_DATA", "")) / "photos"
    photos = [path for path in folder.rglob("*") if path.suffix in (".jpg", ".jpeg", ".png")]
    return sorted(photos, key=lambda path: path.stat().st_size)[-3:]


def test_the_slider_answers_on_large_photos(page: Page, capsys: pytest.CaptureFixture[str]) -> None:
    photos = largest_photos()
    if not photos:
        pytest.skip("needs MASKCORE_TEST_DATA")
    for photo in photos:
        page.locator("input[type=file]").first.set_input_files(photo)
        seen(page.get_by_role("heading", name=photo.name))
        go(page, "Make", "Color clusters")
        drawn(page)
        seconds = []
        for count in STEPS:
            seconds.append(move_slider(page, count))
            drawn(page)
            colors = page.locator("[class*=st-key-kmeans-chosen] button")
            expect(colors).to_have_count(count)
        answered = statistics.median(seconds)
        with capsys.disabled():
            print(f"\n{photo.name}: {answered:.2f} s from slider to picture", end="")
        go(page, "Start", "Open")
