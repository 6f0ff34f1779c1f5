"""Cut images into patches, read the zip with another reader, and join it to the same image."""

from __future__ import annotations

import io
import json
import os
import zipfile
from pathlib import Path

import numpy as np
import PIL.Image
import pytest
from playwright.sync_api import Page, expect

from maskcore import samples
from tests.browser.walking import (
    LONG_PATIENCE,
    content,
    downloaded,
    go,
    keep_steel_masks,
    main,
    rest,
    seen,
    unzipped,
)

DATA = os.environ.get("MASKCORE_TEST_DATA")


def set_number(page: Page, label: str, value: int) -> None:
    rest(page)  # what is typed into a field that is drawn anew is gone
    field = page.get_by_role("spinbutton", name=label)
    field.fill(str(value))
    field.press("Enter")


def set_share(page: Page, percent: int) -> None:
    rest(page)
    slider = page.get_by_role("slider", name="For validation")
    slider.focus()
    for _ in range(percent // 5):
        slider.press("ArrowRight")


def exported(page: Page, to: Path) -> zipfile.ZipFile:
    page.get_by_role("button", name="Make the zip").click()
    expect(page.get_by_text("made before the last changes")).to_have_count(0)
    download = downloaded(main(page).get_by_role("button", name="Download"))
    download.save_as(to)
    return unzipped(download)


def joined(page: Page, path: Path, n_patches: int) -> np.ndarray:
    page.get_by_role("radio", name="Join").click()
    main(page).locator("input[type=file]").set_input_files(path)
    page.get_by_role("button", name=f"Join {n_patches:,} patches").click()
    seen(page.get_by_role("img", name="The joined image"), timeout=LONG_PATIENCE)
    return opened(content(downloaded(main(page).get_by_role("button", name="Download"))))


def opened(content: bytes) -> np.ndarray:
    with PIL.Image.open(io.BytesIO(content)) as picture:
        return np.array(picture)


@pytest.fixture
def steel(page: Page) -> Page:
    """The steel sample with its four masks as layers, on the page."""
    keep_steel_masks(page)
    go(page, "Use", "Patches")
    seen(page.get_by_role("img", name="The patches on the image"))
    return page


def test_the_strip_and_its_masks_are_cut_alike_and_join_again(steel: Page, tmp_path: Path) -> None:
    seen(steel.get_by_text("of 7, 7 × 1."))
    set_number(steel, "Overlap", 64)
    seen(steel.get_by_text("8 patches of 8, 8 × 1."))
    archive = exported(steel, tmp_path / "patches.zip")
    image, defects = samples.steel()
    rows = json.loads(archive.read("manifest.json"))
    ids = dict(line.split(",") for line in archive.read("labels.csv").decode().split()[1:])
    assert sorted(ids.values()) == sorted(str(label) for label in defects)
    assert [it["x"] for it in rows] == list(range(0, 1600 - 64, 192))
    for row in rows:
        columns = np.s_[:, row["x"] : min(1600, row["x"] + 256)]
        assert np.array_equal(opened(archive.read(row["file"]))[:, : image[columns].shape[1]],
                              image[columns])  # fmt: skip
        labels = opened(archive.read(row["mask"]))
        for number, label in ids.items():
            inside = defects[int(label)][columns]
            assert np.array_equal((labels == int(number))[:, : inside.shape[1]], inside)
    assert np.array_equal(joined(steel, tmp_path / "patches.zip", 8), image)


def test_validation_is_shown_counted_and_written_apart(steel: Page, tmp_path: Path) -> None:
    set_number(steel, "Overlap", 128)
    set_share(steel, 25)
    drawn = steel.get_by_role("img", name="The patches on the image")
    expect(main(steel).get_by_text("for validation", exact=False).last).to_be_visible()
    expect(main(steel).get_by_text("between the two, left out")).to_be_visible()
    expect(drawn).to_be_visible()
    archive = exported(steel, tmp_path / "patches.zip")
    places = {"training": [], "validation": []}
    for row in json.loads(archive.read("manifest.json")):
        assert row["file"].startswith(f"{row['side']}/images/")
        places[row["side"]].append(row["x"])
    assert all(places.values())
    assert all(abs(a - b) >= 256 for a in places["training"] for b in places["validation"])


@pytest.mark.skipif(not DATA, reason="needs MASKCORE_TEST_DATA")
def test_real_strips_and_a_photo_come_back_identical(page: Page, tmp_path: Path) -> None:
    strips = sorted(Path(DATA or "", "severstal").glob("*.jpg"))
    photos = Path(DATA or "", "photos/large").glob("*.jpg")

    def megapixels(path: Path) -> float:
        with PIL.Image.open(path) as picture:
            return picture.width * picture.height / 1e6

    photo = min(photos, key=lambda it: abs(megapixels(it) - 12))
    for path, overlap in [(strips[0], 0), (strips[1], 100), (photo, 0)]:
        with PIL.Image.open(path) as picture:
            image = np.array(picture.convert("RGB"))
        go(page, "Start", "Open")
        page.locator("input[type=file]").first.set_input_files(path)
        seen(page.get_by_text(f"Opened {path.name}"), timeout=60_000)
        go(page, "Use", "Patches")
        page.get_by_role("radio", name="Cut").click()
        seen(page.get_by_role("img", name="The patches on the image"), timeout=60_000)
        set_number(page, "Overlap", overlap)
        n_across, n_down = (-(-(it - overlap) // (256 - overlap)) for it in image.shape[1::-1])
        seen(page.get_by_text(f"{n_across} × {n_down}."))
        target = tmp_path / f"{path.stem}.zip"
        n_patches = len(json.loads(exported(page, target).read("manifest.json")))
        assert n_patches == n_across * n_down
        assert np.array_equal(joined(page, target, n_patches), image)
