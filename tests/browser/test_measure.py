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


def go(page: Page, section: str, name: str) -> None:
    page.get_by_role("button", name=section, exact=True).click()
    page.get_by_role("menuitem", name=name, exact=True).click()
    page.get_by_role("heading", name=name, level=1).wait_for()


def downloaded(page: Page, button: str) -> bytes:
    with page.expect_download() as download:
        page.get_by_role("button", name=button).click()
    return Path(download.value.path()).read_bytes()


@pytest.fixture
def steel(page: Page) -> Page:
    """The steel sample with its four masks as layers, on the page."""
    page.locator(".st-key-sample-steel button").click()
    page.get_by_role("link", name="Decode run-length codes").click()
    page.get_by_role("button", name="Rows of").click()
    page.get_by_role("button", name="Keep all 4").click()
    page.get_by_text("Layers (4)").wait_for()
    go(page, "Use", "Measure")
    return page


def test_the_csv_holds_what_numpy_finds_under_each_mask(steel: Page) -> None:
    content = downloaded(steel, "All values as CSV").decode()
    rows = {row["label"]: row for row in csv.DictReader(io.StringIO(content))}
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
    drawn = steel.get_by_role("img", name="The layers on the image")
    before = drawn.get_attribute("src")
    steel.get_by_text("All layers, inside against outside").wait_for()
    table = steel.get_by_test_id("stDataFrame").first
    table.click(position={"x": 15, "y": 35 + 18})
    steel.get_by_text("1, inside against outside").wait_for()
    steel.wait_for_function(
        "([image, before]) => image.getAttribute('src') !== before",
        arg=[drawn.element_handle(), before],
    )
    # It is still selected when one comes back.
    go(steel, "Make", "Threshold")
    go(steel, "Use", "Measure")
    steel.get_by_text("1, inside against outside").wait_for()


def test_the_two_means_and_the_masked_array_can_be_unfolded(steel: Page) -> None:
    steel.get_by_text("Why masked, not blacked out").click()
    steel.get_by_text("Painted black, the others would still count").wait_for()
    expect(steel.locator("pre", has_text="[[--")).to_be_visible()


def test_noise_is_filled_and_the_result_opens(page: Page, tmp_path: Path) -> None:
    gray = np.full((300, 420), 120, np.uint8)
    wrong = np.zeros(gray.shape, bool)
    wrong[10:290:9, 7:410:11] = True
    noisy = np.where(wrong, 255, gray).astype(np.uint8)
    path = tmp_path / "noisy.png"
    PIL.Image.fromarray(noisy).save(path)
    page.locator("input[type=file]").first.set_input_files(path)
    page.get_by_text("Opened noisy.png").wait_for()
    go(page, "Use", "Measure")
    page.get_by_role("radio", name="Noise").click()
    page.get_by_text(f"{wrong.sum():,} pixels are masked").wait_for()
    expect(page.get_by_role("slider", name="Divider between Before and After")).to_be_visible()
    main = page.get_by_test_id("stMainBlockContainer")
    with page.expect_download() as download:
        main.get_by_role("button", name="Download").click()
    filled = np.array(PIL.Image.open(download.value.path()).convert("L"))
    assert np.array_equal(filled, gray)
    page.get_by_role("button", name="Open the result").click()
    page.get_by_text("0 pixels are masked").wait_for()
    page.get_by_text("Image (2 open)").wait_for()


def test_a_large_image_is_filled_as_a_job(page: Page, tmp_path: Path) -> None:
    image = np.full((1100, 1500), 120, np.uint8)
    image[5::50, 5::50] = 0
    path = tmp_path / "large.png"
    PIL.Image.fromarray(image).save(path)
    page.locator("input[type=file]").first.set_input_files(path)
    page.get_by_text("Opened large.png").wait_for()
    go(page, "Use", "Measure")
    page.get_by_role("radio", name="Noise").click()
    page.get_by_role("button", name="Fill the whole image").click()
    main = page.get_by_test_id("stMainBlockContainer")
    with page.expect_download() as download:
        main.get_by_role("button", name="Download").click(timeout=60_000)
    assert (np.array(PIL.Image.open(download.value.path())) == 120).all()


def test_the_example_of_numbers_becomes_a_table_without_its_outliers(page: Page) -> None:
    go(page, "Use", "Measure")
    page.get_by_role("radio", name="Numbers").click()
    page.get_by_role("button", name="Example").click()
    page.get_by_text("7 of 36 values are masked").wait_for()
    rows = list(csv.DictReader(io.StringIO(downloaded(page, "Table as CSV").decode())))
    assert [row["temperature"] for row in rows[:3]] == ["14.2", "15.0", ""]
    assert [row["humidity"] for row in rows[3:8]] == ["", "72.0", "70.0", "69.0", ""]
    statistics = csv.DictReader(io.StringIO(downloaded(page, "Statistics as CSV").decode()))
    assert [(row["count"], row["masked"]) for row in statistics] == [
        ("9", "3"),
        ("10", "2"),
        ("10", "2"),
    ]
