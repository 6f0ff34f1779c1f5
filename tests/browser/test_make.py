"""Masks that are not painted from nothing: from a box, from a file, from an edit."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import PIL.Image
import pytest
from playwright.sync_api import Page

from maskcore import rle, samples
from tests.browser import painting
from tests.browser.painting import Studio
from tests.browser.walking import seen

SIZE_WH = (800, 600)


@pytest.fixture
def studio(page: Page) -> Studio:
    return Studio(page)


def test_a_box_is_drawn_around_an_object_and_grabcut_finds_it(studio: Studio) -> None:
    page = studio.page
    page.locator(".st-key-sample-shapes button").click()
    seen(page.get_by_text("Opened shapes.png"))
    studio.go("Make", "Regions")
    page.get_by_role("radio", name="GrabCut").click()
    seen(page.get_by_text("Draw a box around the object"))
    studio.ready()
    # The red square lies clear of everything of its color.
    scene = samples.shapes()
    red = max(
        scene.instances,
        key=lambda it: float(
            np.median(scene.image[rle.decode(it.mask)] @ np.array([1.0, -0.5, -0.5]))
        ),
    )
    x1, y1, x2, y2 = red.box
    studio.drag([(x1 - 8, y1 - 8), (x1 + 20, y1 + 20), (x2 + 8, y2 + 8)])
    keep = page.get_by_role("button", name="Keep as a layer")
    page.get_by_text("of the image", exact=False).last.wait_for()
    keep.click()
    seen(page.get_by_text("Layers (1)"))
    (found,) = studio.layers().values()
    assert rle.iou(rle.encode(found), red.mask) > 0.9


def test_a_mask_file_of_half_the_size_is_resized_and_then_corrected(
    studio: Studio, tmp_path: Path
) -> None:
    page = studio.page
    small = np.zeros((SIZE_WH[1] // 2, SIZE_WH[0] // 2), np.uint8)
    small[50:200, 60:300] = 255
    file = tmp_path / "half.png"
    PIL.Image.fromarray(small).save(file)
    studio.open(painting.photo(tmp_path, SIZE_WH))
    page.get_by_text("Start from a mask file").click()
    page.locator("input[type=file]").first.set_input_files(file)
    page.get_by_text("400 × 300").first.wait_for()
    page.get_by_role("button", name="Add as a layer").click()
    seen(page.get_by_text("Layers (1)"))
    expected = small.repeat(2, axis=0).repeat(2, axis=1) == 255
    assert np.array_equal(next(iter(studio.layers().values())), expected)

    # It is what is painted on from now on.
    studio.ready()
    assert np.array_equal(studio.pixels(), expected)
    studio.choose("Rectangle")
    studio.press("x")  # erase
    corners = studio.drag([(100.5, 80.5), (300.5, 250.5)])
    assert corners[0] != corners[1]
    expected &= ~painting.rectangle(*corners, size_wh=SIZE_WH)
    assert np.array_equal(next(iter(studio.layers().values())), expected)


def test_before_and_after_an_edit_are_compared_with_the_keys(studio: Studio) -> None:
    page = studio.page
    page.locator(".st-key-sample-steel button").click()
    page.get_by_role("link", name="Decode run-length codes").click()
    page.get_by_role("button", name="Rows of").click()
    page.get_by_role("button", name="Keep all 4").click()
    seen(page.get_by_text("Layers (4)"))
    studio.go("Make", "Edit")
    page.get_by_role("radio", name="Before and after").click()
    divider = page.locator(".compare input")
    seen(divider)
    shown = "it => getComputedStyle(it.closest('.compare')).getPropertyValue('--at')"
    assert divider.evaluate(shown).strip() == "50%"
    divider.focus()
    for _ in range(4):
        page.keyboard.press("ArrowRight")
    assert divider.evaluate(shown).strip() == "52%"
    sources = [it.get_attribute("src") for it in page.locator(".compare img").all()]
    assert len(set(sources)) == 2
    before = studio.layers()["4"]
    page.get_by_role("button", name="Apply").click()
    seen(page.get_by_text("Applied"))
    after = studio.layers()["4"]
    assert after.sum() > before.sum()
    assert not (before & ~after).any()
