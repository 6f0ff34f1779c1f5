"""Find the shapes of the sample, download the zip, and hold it against what the generator knows."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

import numpy as np
import PIL.Image
import pytest
from playwright.sync_api import Page

from maskcore import image_io, rle, samples
from maskcore.rle import RLE
from maskcore.types import Image
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
        best = max(scene.instances, key=lambda instance: rle.iou(instance.mask, found))
        assert best.label == entry["label"]
        assert rle.iou(best.mask, found) > 0.8
        inside = cut[..., 3] > 0
        assert np.array_equal(cut[..., :3][inside], scene.image[y : y + h, x : x + w][inside])
    background = np.array(PIL.Image.open(files.open("shapes.background.png")))
    assert np.array_equal(background[..., 3] == 0, covered)


def of_torchvision(image: Image, least_score: float) -> list[tuple[str, RLE]]:
    """What torchvision's own Mask R-CNN makes of an image with the demo's weights, in fp32."""
    torch = pytest.importorskip("torch")
    from maskcore.maskrcnn import demo

    model = demo.build().eval()
    model.load_state_dict(torch.load(demo.WEIGHTS, weights_only=True))
    with torch.inference_mode():
        (found,) = model([torch.from_numpy(image.copy()).permute(2, 0, 1) / 255])
    return [
        (demo.LABELS[label], rle.encode(mask[0].numpy() > 0.5))
        for label, score, mask in zip(found["labels"], found["scores"], found["masks"], strict=True)
        if score >= least_score
    ]


@pytest.mark.parametrize("name", ["wildlife/african_elephants.jpg", "torchvision/dog1.jpg"])
def test_what_torchvision_finds_in_a_real_photo_is_found_and_nothing_else(
    page: Page, name: str
) -> None:
    """The demo model knows only shapes, and takes other things for some of them."""
    photo = Path(os.environ.get("MASKCORE_TEST_DATA", "")) / "photos" / name
    if not photo.exists():
        pytest.skip("needs MASKCORE_TEST_DATA")
    page.locator("input[type=file]").first.set_input_files(photo)
    seen(page.get_by_text(f"Opened {photo.name}"))
    go(page, "Make", "Find objects")
    find(page)
    button = page.get_by_role("button", name="Download all, with the background")
    files = unzipped(downloaded(button))
    manifest = json.loads(files.read("manifest.json"))
    image = image_io.read_image(photo)
    found = []
    for entry in manifest:
        if entry["kind"] != "cutout":
            continue
        cut = np.array(PIL.Image.open(files.open(entry["file"])))
        x, y, w, h = entry["x"], entry["y"], entry["width"], entry["height"]
        whole = np.zeros(image.shape[:2], bool)
        whole[y : y + h, x : x + w] = cut[..., 3] > 0
        found.append((entry["label"], rle.encode(whole)))
    # The page may compute in bfloat16, which moves scores a little about the page's 0.5.
    sure, possible = of_torchvision(image, 0.55), of_torchvision(image, 0.45)
    assert sure
    assert all(is_among(one, found) for one in sure)
    assert all(is_among(one, possible) for one in found)


def is_among(one: tuple[str, RLE], others: list[tuple[str, RLE]]) -> bool:
    label, mask = one
    return any(label == other and rle.iou(mask, them) > 0.85 for other, them in others)
