"""A newcomer's walk: open a steel image, paste rows, keep the masks, download everything."""

from __future__ import annotations

import os
import time
from pathlib import Path

import numpy as np
import PIL.Image
import pytest
from playwright.sync_api import Page, expect

from tests.browser.walking import (
    another_shown,
    downloaded,
    go,
    keep_steel_masks,
    main,
    rest,
    seen,
    until,
    unzipped,
)

SIZE_HW = (256, 1600)
ROWS = 50


@pytest.fixture
def strip(tmp_path: Path) -> Path:
    """A real steel image where the test data is at hand, else the generated one."""
    folder = Path(os.environ.get("MASKCORE_TEST_DATA", "")) / "severstal"
    real = sorted(folder.glob("*.jpg"))
    if real:
        return real[0]
    from maskcore import samples

    path = tmp_path / "strip.png"
    path.write_bytes(samples.load("steel").image_bytes)
    return path


def rows_for(name: str) -> tuple[str, list[tuple[str, np.ndarray]]]:
    """Fifty rows of Severstal's kind, and the masks they stand for, worked out pixel by pixel."""
    rng = np.random.default_rng(5)
    lines, masks = ["ImageId,ClassId,EncodedPixels"], []
    for i in range(ROWS):
        label = str(i % 4 + 1)
        x, y = int(rng.integers(0, 1500)), int(rng.integers(0, 200))
        width, height = int(rng.integers(5, 90)), int(rng.integers(5, 50))
        starts = [(x + column) * SIZE_HW[0] + y + 1 for column in range(width)]
        lines.append(f"{name},{label}," + " ".join(f"{start} {height}" for start in starts))
        pixels = np.zeros(SIZE_HW, bool)
        pixels[y : y + height, x : x + width] = True
        masks.append((label, pixels))
    return "\n".join(lines) + "\n", masks


def upload(page: Page, path: Path) -> None:
    page.locator("input[type=file]").first.set_input_files(path)
    seen(page.get_by_role("link", name="Decode run-length codes"))


def test_the_walk_from_upload_to_zip(
    page: Page, strip: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    upload(page, strip)
    expect(page.get_by_text("1,600 × 256 pixels")).to_be_visible()
    page.get_by_role("link", name="Decode run-length codes").click()

    text, masks = rows_for(strip.name)
    area = page.get_by_role("textbox", name="Rows")
    area.fill(text)
    began = time.perf_counter()
    area.press("Control+Enter")
    seen(page.get_by_role("button", name=f"Keep all {ROWS}"))
    drawn = page.get_by_role("img", name="The masks on the image")
    seen(drawn)
    until(page, "image => image.complete", drawn.element_handle())
    seconds = time.perf_counter() - began
    with capsys.disabled():
        print(f"\n{ROWS} rows at 256x1600, from paste to overlay: {seconds:.2f} s")

    page.get_by_role("button", name=f"Keep all {ROWS}").click()
    seen(page.get_by_text(f"Layers ({ROWS})"))

    main(page).get_by_role("button", name="Download", exact=True).click()
    download = downloaded(page.get_by_role("button", name="Everything, in one zip"))
    assert download.suggested_filename.startswith(strip.stem)
    files = unzipped(download)
    assert files.read("severstal.csv").decode() == text
    for label in "1234":
        wanted = np.any([pixels for own, pixels in masks if own == label], axis=0)
        got = np.array(PIL.Image.open(files.open(f"classes/{label}.png")).convert("L")) == 255
        assert np.array_equal(got, wanted)
    assert len([name for name in files.namelist() if name.startswith("masks/")]) == ROWS
    overlay = np.array(PIL.Image.open(files.open("overlay.png")).convert("RGB")).astype(int)
    image = np.array(PIL.Image.open(strip).convert("RGB")).astype(int)
    inside = np.any([pixels for _, pixels in masks], axis=0)
    assert overlay.shape == (*SIZE_HW, 3)
    assert np.abs(overlay - image)[inside].mean() > 20
    # Outside the masks only the labels' tags may cover the image.
    assert (overlay != image).any(axis=2)[~inside].mean() < 0.15

    # Nothing is lost on the way to another page and back.
    go(page, "Start", "Open")
    expect(page.get_by_text(f"Layers ({ROWS})")).to_be_visible()


def test_a_layer_is_renamed_and_deleted_in_its_menu(page: Page) -> None:
    keep_steel_masks(page)
    sidebar = page.get_by_test_id("stSidebar")

    sidebar.get_by_role("button", name="4", exact=True).click()
    name = page.get_by_role("textbox", name="Name")
    name.fill("scale *")
    name.press("Enter")
    seen(sidebar.get_by_role("button", name="scale *", exact=True))
    sidebar.get_by_role("button", name="scale *", exact=True).click()
    page.get_by_role("button", name="Delete").click()
    seen(sidebar.get_by_text("Layers (3)"))
    sidebar.get_by_test_id("stBaseButton-tertiary").filter(has_text="undo").first.click()
    seen(sidebar.get_by_text("Layers (4)"))
    expect(sidebar.get_by_role("button", name="scale *", exact=True)).to_be_visible()


def test_a_clicked_row_is_highlighted(page: Page) -> None:
    page.locator(".st-key-sample-steel button").click()
    page.get_by_role("link", name="Decode run-length codes").click()
    page.get_by_role("button", name="Rows of").click()
    seen(page.get_by_role("button", name="Keep all 4"))
    with another_shown(page.get_by_role("img", name="The masks on the image")):
        page.get_by_test_id("stDataFrame").click(position={"x": 15, "y": 35 + 18})
    seen(page.get_by_role("button", name="Keep 1 selected"))


def test_hostile_text_leaves_the_server_up_and_the_workspace_untouched(page: Page) -> None:
    page.locator(".st-key-sample-steel button").click()
    page.get_by_role("link", name="Decode run-length codes").click()
    area = page.get_by_role("textbox", name="Rows")
    for text in ("\u0001\u0002<script>alert(1)</script>", "9" * 300_000, "=cmd()|,;\t" * 50):
        area.fill(text)
        area.press("Control+Enter")
        page.get_by_test_id("stAlertContentError").first.wait_for()
        area.fill("")
        area.press("Control+Enter")
        seen(page.get_by_text("try the example row"))
    expect(page.get_by_text("steel.png", exact=True)).to_be_visible()
    expect(page.get_by_text("Layers (0)")).to_be_visible()


def test_a_table_of_thousands_of_rows_is_read_and_its_images_can_be_chosen(
    page: Page, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = Path(os.environ.get("MASKCORE_TEST_DATA", "")) / "severstal"
    table = folder / "predictions_4_rows_per_image.csv"
    if not table.exists():
        pytest.skip("needs MASKCORE_TEST_DATA")
    page.locator(".st-key-sample-steel button").click()
    page.get_by_role("link", name="Decode run-length codes").click()
    page.get_by_role("radio", name="Upload").click()
    began = time.perf_counter()
    page.locator("input[type=file]").first.set_input_files(table)
    seen(page.get_by_text("Image in the table (1,801)"))
    seen(page.get_by_role("img", name="The masks on the image"))
    with capsys.disabled():
        print(f"\n7,204 rows, from upload to overlay: {time.perf_counter() - began:.2f} s")
    # The first image with a mask: of its four rows one holds something.
    expect(page.get_by_text("The rows are of")).to_be_visible()
    expect(page.get_by_role("button", name="Keep all")).to_be_enabled()
    expect(page.get_by_text("cannot be used")).to_have_count(0)


def test_the_menu_of_a_phone_shows_all_pages_and_closes_when_one_is_chosen(page: Page) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    sidebar = page.get_by_test_id("stSidebar")
    for title in ("Convert", "Open", "Convert"):
        page.get_by_test_id("stExpandSidebarButton").click()
        expect(sidebar).to_have_attribute("data-collapsed", "false")
        sidebar.get_by_role("link", name=title, exact=True).click()
        expect(sidebar).to_have_attribute("data-collapsed", "true")
    seen(page.get_by_role("heading", name="Convert", level=1))
    # On a large screen it is not the menu, and stays.
    page.set_viewport_size({"width": 1280, "height": 844})
    page.get_by_test_id("stExpandSidebarButton").click()
    go(page, "Data sets", "Inspect")
    rest(page)
    expect(sidebar).to_have_attribute("data-collapsed", "false")
