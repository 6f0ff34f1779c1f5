"""Measure the masks of the steel sample, and hold the numbers against those of numpy.ma."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import numpy as np
import PIL.Image
import pytest
from playwright.sync_api import Page, expect

from maskcore import samples
from tests.browser.walking import (
    another_shown,
    content,
    downloaded,
    go,
    keep_steel_masks,
    main,
    seen,
)


def table(page: Page, button: str) -> csv.DictReader:
    download = downloaded(page.get_by_role("button", name=button))
    return csv.DictReader(io.StringIO(content(download).decode()))


@pytest.fixture
def steel(page: Page) -> Page:
    """The steel sample with its four masks as layers, on the page."""
    keep_steel_masks(page)
    go(page, "Use", "Measure")
    return page


def test_the_csv_holds_what_numpy_finds_under_each_mask(steel: Page) -> None:
    rows = {row["label"]: row for row in table(steel, "All values as CSV")}
    image, defects = samples.steel()
    assert sorted(rows) == sorted(str(label) for label in defects)
    for label, pixels in defects.items():
        row = rows[str(label)]
        inside = np.ma.array(image[..., 0], mask=~pixels)
        assert int(row["area_px"]) == pixels.sum()
        assert float(row["red_mean"]) == pytest.approx(inside.mean())
        assert float(row["red_median"]) == np.ma.median(inside)
        assert float(row["red_std"]) == pytest.approx(inside.std())
        assert (int(row["red_min"]), int(row["red_max"])) == (inside.min(), inside.max())


def test_a_selected_row_lights_its_layer_and_its_curve(steel: Page) -> None:
    seen(steel.get_by_text("All layers, inside against outside"))
    with another_shown(steel.get_by_role("img", name="The layers on the image")):
        steel.get_by_test_id("stDataFrame").first.click(position={"x": 15, "y": 35 + 18})
    seen(steel.get_by_text("1, inside against outside"))
    # It is still selected when one comes back.
    go(steel, "Make", "Threshold")
    go(steel, "Use", "Measure")
    seen(steel.get_by_text("1, inside against outside"))


def test_the_two_means_and_the_masked_array_can_be_unfolded(steel: Page) -> None:
    steel.get_by_text("Why masked, not blacked out").click()
    seen(steel.get_by_text("Painted black, the others would still count"))
    expect(steel.locator("pre", has_text="[[--")).to_be_visible()


def test_noise_is_filled_and_the_result_opens(page: Page, tmp_path: Path) -> None:
    gray = np.full((300, 420), 120, np.uint8)
    wrong = np.zeros(gray.shape, bool)
    wrong[10:290:9, 7:410:11] = True
    noisy = np.where(wrong, 255, gray).astype(np.uint8)
    path = tmp_path / "noisy.png"
    PIL.Image.fromarray(noisy).save(path)
    page.locator("input[type=file]").first.set_input_files(path)
    seen(page.get_by_text("Opened noisy.png"))
    go(page, "Use", "Measure")
    page.get_by_role("radio", name="Noise").click()
    seen(page.get_by_text(f"{wrong.sum():,} pixels are masked"))
    expect(page.get_by_role("slider", name="Divider between Before and After")).to_be_visible()
    download = downloaded(main(page).get_by_role("button", name="Download"))
    filled = np.array(PIL.Image.open(download.path()).convert("L"))
    assert np.array_equal(filled, gray)
    page.get_by_role("button", name="Open the result").click()
    seen(page.get_by_text("0 pixels are masked"))
    seen(page.get_by_text("Image (2 open)"))


def test_a_large_image_is_filled_as_a_job(page: Page, tmp_path: Path) -> None:
    image = np.full((1100, 1500), 120, np.uint8)
    image[5::50, 5::50] = 0
    path = tmp_path / "large.png"
    PIL.Image.fromarray(image).save(path)
    page.locator("input[type=file]").first.set_input_files(path)
    seen(page.get_by_text("Opened large.png"))
    go(page, "Use", "Measure")
    page.get_by_role("radio", name="Noise").click()
    page.get_by_role("button", name="Fill the whole image").click()
    download = downloaded(main(page).get_by_role("button", name="Download"))
    assert (np.array(PIL.Image.open(download.path())) == 120).all()


def test_the_example_of_numbers_becomes_a_table_without_its_outliers(page: Page) -> None:
    go(page, "Use", "Measure")
    page.get_by_role("radio", name="Numbers").click()
    page.get_by_role("button", name="Example").click()
    seen(page.get_by_text("7 of 36 values are masked"))
    rows = list(table(page, "Table as CSV"))
    assert [row["temperature"] for row in rows[:3]] == ["14.2", "15.0", ""]
    assert [row["humidity"] for row in rows[3:8]] == ["", "72.0", "70.0", "69.0", ""]
    assert [(row["count"], row["masked"]) for row in table(page, "Statistics as CSV")] == [
        ("9", "3"),
        ("10", "2"),
        ("10", "2"),
    ]
