"""Find the shapes of the sample, download the zip, and hold it against what the generator knows."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

import numpy as np
import PIL.Image
import pytest
from playwright.sync_api import Page, expect

from maskcore import rle, samples
from tests.browser.walking import downloaded, go, seen, unzipped


def find(page: Page, seconds: float = 60) -> None:
    page.get_by_role("button", name="Find objects").click()
    seen(page.get_by_text("Ran on"), timeout=1000 * seconds)


def test_the_zip_of_the_shapes_sample_agrees_with_the_ground_truth(
    page: Page, capsys: pytest.CaptureFixture[str]
) -> None:
    page.locator(".st-key-sample-shapes button").click()
    seen(page.get_by_text("Opened shapes.png"))
    go(page, "Make", "Find objects")
    began = time.perf_counter()
    find(page)
    with capsys.disabled():
        print(f"\nshapes sample, from click to result: {time.perf_counter() - began:.2f} s")

    button = page.get_by_role("button", name="Download all, with the background")
    files = unzipped(downloaded(button))
    manifest = json.loads(files.read("manifest.json"))
    scene = samples.shapes()
    height, width = scene.image.shape[:2]
    objects = [entry for entry in manifest if entry["kind"] == "cutout"]
    assert len(objects) == len(scene.instances)
    covered = np.zeros((height, width), bool)
    for entry in objects:
        cut = np.array(PIL.Image.open(files.open(entry["file"])))
        x, y, w, h = entry["x"], entry["y"], entry["width"], entry["height"]
        assert cut.shape == (h, w, 4)
        whole = np.zeros((height, width), bool)
        whole[y : y + h, x : x + w] = cut[..., 3] > 0
        covered |= whole
        found = rle.encode(whole)
        best = max(scene.instances, key=lambda it: rle.iou(it.mask, found))
        assert best.label == entry["label"]
        assert rle.iou(best.mask, found) > 0.8
        inside = cut[..., 3] > 0
        assert np.array_equal(cut[..., :3][inside], scene.image[y : y + h, x : x + w][inside])
    background = np.array(PIL.Image.open(files.open("shapes.background.png")))
    assert np.array_equal(background[..., 3] == 0, covered)


@pytest.mark.parametrize(
    ("name", "score"), [("wildlife/african_elephants.jpg", 0.5), ("torchvision/dog1.jpg", 0.5)]
)
def test_a_real_photo_goes_through_the_same_walk(page: Page, name: str, score: float) -> None:
    photo = Path(os.environ.get("MASKCORE_TEST_DATA", "")) / "photos" / name
    if not photo.exists():
        pytest.skip("needs MASKCORE_TEST_DATA")
    page.locator("input[type=file]").first.set_input_files(photo)
    seen(page.get_by_text(f"Opened {photo.name}"))
    go(page, "Make", "Find objects")
    find(page)
    # The demo model knows only shapes: nothing, or something, but never an error.
    expect(page.get_by_test_id("stAlertContentError")).to_have_count(0)
