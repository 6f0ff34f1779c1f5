"""Augment the shapes sample, and hold the zip against what pycocotools reads of it."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import numpy as np
import PIL.Image
import pytest
from playwright.sync_api import Page, expect
from pycocotools.coco import COCO

from maskcore import samples
from tests.browser.walking import another_shown, downloaded, go, seen, unzipped

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")


@pytest.fixture
def shapes(page: Page) -> Page:
    """The shapes sample with three layers, on the page."""
    page.locator(".st-key-sample-shapes button").click()
    seen(page.get_by_text("Opened shapes.png"))
    scene = samples.shapes()
    lines = ["ImageId,ClassId,EncodedPixels"]
    for instance in scene.instances[:3]:
        flat = np.concatenate(([0], instance_pixels(instance).T.ravel(), [0])).astype(int)
        starts, ends = np.flatnonzero(np.diff(flat) == 1), np.flatnonzero(np.diff(flat) == -1)
        runs = " ".join(f"{a + 1} {b - a}" for a, b in zip(starts, ends, strict=True))
        lines.append(f"shapes.png,{instance.label},{runs}")
    go(page, "Make", "Run-length codes")
    rows = page.get_by_role("textbox", name="Rows")
    rows.fill("\n".join(lines) + "\n")
    rows.press("Control+Enter")
    page.get_by_role("button", name="Keep all 3").click()
    seen(page.get_by_text("Layers (3)"))
    go(page, "Use", "Augment")
    seen(page.get_by_role("img", name="Sample 9", exact=True))
    return page


def test_the_grid_changes_as_controls_move(shapes: Page) -> None:
    first = shapes.get_by_role("img", name="Sample 1", exact=True)
    with another_shown(first):
        shapes.get_by_role("slider", name="Rotation").last.press("ArrowRight")
    expect(shapes.get_by_text("11°")).to_be_visible()
    with another_shown(first):
        shapes.get_by_role("button", name="New draw").click()
    for choice in ("Strong", "Masks"):
        with another_shown(first):
            shapes.get_by_role("radio", name=choice).click()


def test_a_sample_is_looked_at_with_its_numbers_and_left_out(shapes: Page) -> None:
    shapes.locator(".st-key-enlarge-4 button").first.click()
    dialog = shapes.get_by_role("dialog")
    seen(dialog.get_by_role("img", name="Sample 5, enlarged"))
    expect(dialog.get_by_text("Rotation")).to_be_visible()
    dialog.get_by_role("button", name="Leave it out").click()
    seen(shapes.get_by_text("1 left out."))
    expect(dialog).to_have_count(0)
    expect(shapes.get_by_role("button", name="Make 49 samples")).to_be_visible()


def test_the_masks_of_fifty_samples_lie_where_label_maps_and_images_show_them(
    shapes: Page, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    # 51 without the one that is left out.
    number = shapes.get_by_role("spinbutton", name="Samples of each image")
    number.fill("51")
    number.press("Enter")
    seen(shapes.get_by_role("button", name="Make 51 samples"))
    shapes.locator(".st-key-leave-out-3 button").first.click()
    shapes.get_by_role("button", name="Make 50 samples").click()
    files = unzipped(downloaded(shapes.locator(".st-key-download-samples button")))
    annotations = tmp_path / "annotations.json"
    annotations.write_bytes(files.read("annotations.json"))
    with capsys.disabled():
        found = COCO(str(annotations))
    assert len(found.imgs) == 50
    assert "shapes_aug003.png" not in {it["file_name"] for it in found.imgs.values()}
    manifest = {it["file"]: it for it in json.loads(files.read("manifest.json"))["samples"]}
    scene = samples.shapes()
    fills = [scene.image[instance_pixels(it)].mean(axis=0) for it in scene.instances[:3]]
    labels = [it.label for it in scene.instances[:3]]
    n_masks = 0
    for image in found.imgs.values():
        pixels = read(files, f"images/{image['file_name']}").astype(float)
        label_map = read(files, f"label_maps/{image['file_name']}")
        drawn = manifest[f"images/{image['file_name']}"]["drawn"]
        union = np.zeros(label_map.shape, bool)
        for annotation in found.imgToAnns[image["id"]]:
            inside = found.annToMask(annotation).astype(bool)
            union |= inside
            number_of_class = annotation["category_id"]
            assert (label_map[inside] == number_of_class).mean() > 0.8  # some shapes overlap
            assert annotation["area"] == inside.sum()
            # The color under the mask is that of the shape, as bright as was drawn.
            label = found.cats[number_of_class]["name"]
            middle = np.median(pixels[inside], axis=0)
            expected = [
                np.clip(127.5 + (fill * drawn["brightness"] - 127.5) * drawn["contrast"], 0, 255)
                for fill, name in zip(fills, labels, strict=True)
                if name == label
            ]
            assert min(abs(middle - it).max() for it in expected) < 30
            n_masks += 1
        assert np.array_equal(union, label_map > 0)
    assert n_masks > 140


def test_an_export_can_be_cancelled(shapes: Page) -> None:
    number = shapes.get_by_role("spinbutton", name="Samples of each image")
    number.fill("1000")
    number.press("Enter")
    shapes.get_by_role("button", name="Make 1,000 samples").click()
    shapes.get_by_role("button", name="Cancel", exact=True).click()
    seen(shapes.get_by_text("Cancelled."))
    expect(shapes.locator(".st-key-download-samples")).to_have_count(0)


def instance_pixels(instance: object) -> np.ndarray:
    """Decode the mask of a shape: column-major runs, background first."""
    mask = instance.mask  # type: ignore[attr-defined]
    counts = np.asarray(mask.counts)
    flat = np.repeat(np.arange(counts.size) % 2 == 1, counts)
    return flat.reshape(mask.size_hw, order="F")


def read(files: zipfile.ZipFile, name: str) -> np.ndarray:
    return np.array(PIL.Image.open(files.open(name)))
