"""A newcomer's walk over data sets: look through them, correct one mask, convert there and back."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import tempfile
import zipfile
from pathlib import Path

import numpy as np
import PIL.Image
import pytest
from playwright.sync_api import Download, Page, expect
from pycocotools import mask as coco_mask

from maskcore.types import Mask
from pages.shared.dataset import example
from tests.browser import painting
from tests.browser.painting import Studio
from tests.browser.walking import another_shown, downloaded, go, main, rest, seen, until, unzipped
from tests.flood import holes_by_hand, parts_by_hand
from tests.zips import write_zip

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

DATA = Path(os.environ.get("MASKCORE_TEST_DATA", ""))
real = pytest.mark.skipif(not DATA.name, reason="needs MASKCORE_TEST_DATA")

SIZE_HW = (23, 37)  # whose fractions are no round numbers
ANNOTATIONS = "annotations/instances.json"
ESCAPED = "escaped-from-a-data-set.png"

_ALL_LOADED = """least => {
  const cards = [...document.querySelectorAll("[class*=st-key-inspect-card]")];
  const isLoaded = (it) => it && it.complete && it.naturalWidth > 0;
  return cards.length >= least && cards.every((it) => isLoaded(it.querySelector("img")));
}"""

Named = tuple[str, bytes]  # the bytes of a mask: two masks can be told apart and put in order


def drop(page: Page, files: Path | list[Path]) -> None:
    main(page).locator("input[type=file]").first.set_input_files(files)


def opened(page: Page, n_samples: int) -> None:
    said = f"{n_samples:,} sample{'s' * (n_samples != 1)}"
    seen(main(page).get_by_text(f"· {said}", exact=False))


def look_at(page: Page, part: str) -> None:
    page.get_by_role("radio", name=part).click()


def gallery_shows(page: Page, n_samples: int) -> None:
    """Wait for the first page of the gallery, all of its pictures there."""
    seen(page.get_by_text(f"{n_samples:,} of {n_samples:,} samples"))
    until(page, _ALL_LOADED, min(n_samples, 12))


def bars(page: Page, chart: str) -> list[dict[str, str]]:
    """What a chart draws, as it tells those who cannot see it: a row for each bar or dot."""
    shown = page.locator(f"[data-testid=stVegaLiteChart][aria-label='{chart}']")
    marks = shown.locator("[role=graphics-symbol]:is([aria-roledescription=bar], "
                          "[aria-roledescription=circle])")  # fmt: skip
    marks.first.wait_for(state="attached")
    said = marks.evaluate_all("them => them.map((it) => it.getAttribute('aria-label'))")
    return [dict(part.split(": ", 1) for part in it.split("; ")) for it in said]


def total(rows: list[dict[str, str]], of: str) -> int:
    return sum(int(it[of].replace(",", "")) for it in rows)


def charts_show(page: Page, *, n_images: int, n_masks: int) -> None:
    look_at(page, "Charts")
    seen(page.get_by_text("Masks per class"))
    seen(page.get_by_role("img", name="How many masks cover each place"))
    assert total(bars(page, "How many images have how many masks"), "Images") == n_images
    assert total(bars(page, "How many masks are how large"), "Masks") == n_masks
    assert bars(page, "How many masks each class has")


def nothing_failed(page: Page) -> None:
    expect(page.get_by_test_id("stException")).to_have_count(0)
    expect(page.get_by_test_id("stAlertContentError")).to_have_count(0)


def files_of(download: Download) -> dict[str, bytes]:
    with unzipped(download) as files:
        return {name: files.read(name) for name in files.namelist()}


def png(size_hw: tuple[int, int], number: int) -> bytes:
    target = io.BytesIO()
    PIL.Image.new("RGB", size_hw[::-1], (40 * number, 90, 120)).save(target, "PNG")
    return target.getvalue()


def pixels(annotation: dict, size_hw: tuple[int, int]) -> Mask:
    """The mask of an annotation, as pycocotools sees it."""
    code = annotation["segmentation"]
    if isinstance(code, list):
        code = coco_mask.merge(coco_mask.frPyObjects(code, *size_hw))
    return coco_mask.decode(code).astype(bool)


def masks_of(document: dict) -> dict[str, list[Named]]:
    """Base name of an image -> class and pixels of each of its masks, in order."""
    names = {it["id"]: it["name"] for it in document["categories"]}
    found = {}
    for image in document["images"]:
        size_hw = image["height"], image["width"]
        found[image["file_name"].rpartition("/")[2]] = sorted(
            (names[it["category_id"]], pixels(it, size_hw).tobytes())
            for it in document["annotations"]
            if it["image_id"] == image["id"]
        )
    return found


@pytest.fixture
def inspect(page: Page) -> Page:
    """A new visitor on the page Inspect."""
    go(page, "Data sets", "Inspect")
    return page


@pytest.fixture
def shapes(inspect: Page) -> Page:
    """The sample set, looked through."""
    inspect.get_by_role("button", name="Open the sample set").click()
    opened(inspect, 12)
    seen(inspect.get_by_text("56 masks · 4 classes · 2 warnings · 1 note"))
    return inspect


def test_the_sample_set_is_seen_counted_and_its_faults_are_named(shapes: Page) -> None:
    page = shapes
    gallery_shows(page, 12)
    expect(main(page).get_by_text("7 masks", exact=False)).to_have_count(3)
    charts_show(page, n_images=12, n_masks=56)
    assert len(bars(page, "How many images have which size")) == 12
    classes = bars(page, "How many masks each class has")
    assert {it["Class"]: it["Masks"] for it in classes} == {
        "circle": "22",
        "triangle": "19",
        "square": "14",
        "Triangle": "1",
    }
    look_at(page, "Findings")
    for what in (
        "The classes “Triangle” (1 mask) and “triangle” (19 masks) differ only in capitals",
        "The mask of “triangle” is the same as mask 2, pixel for pixel.",
        "There is no mask for the image.",
    ):
        seen(page.get_by_text(what))
    page.locator(".st-key-open-finding-1 button").first.click()  # the twin of another mask
    large = page.get_by_role("img", name="images/scene_06.png with its masks", exact=True)
    seen(large)
    until(page, "image => image.naturalWidth >= 201", large.element_handle())
    seen(page.get_by_text("201 × 197 pixels · 7 masks"))
    page.get_by_role("button", name="Back", exact=True).click()
    seen(page.get_by_role("button", name="All findings as CSV"))
    nothing_failed(page)


def test_one_mask_is_corrected_on_the_canvas_and_only_its_pixels_change(shapes: Page) -> None:
    page, studio = shapes, Studio(shapes)
    before = dict(example.files())
    document = json.loads(before[ANNOTATIONS])
    image = next(it for it in document["images"] if it["file_name"] == "scene_03.png")
    size_hw = image["height"], image["width"]
    places = [i for i, it in enumerate(document["annotations"]) if it["image_id"] == image["id"]]
    place = places[2]
    expected = pixels(document["annotations"][place], size_hw)

    page.get_by_role("button", name="scene_03.png", exact=True).click()
    seen(page.get_by_text("251 × 228 pixels · 4 masks"))
    large = page.get_by_role("img", name="scene_03.png with its masks")
    expect(large).to_have_count(1)  # the gallery is gone
    # The table says a moment later what is selected; then the picture shows it.
    with another_shown(large):
        page.get_by_test_id("stDataFrame").click(position={"x": 15, "y": 35 + 2 * 35 + 18})
    studio.rest()
    page.get_by_role("button", name="Correct it on the canvas").click()
    seen(page.get_by_role("heading", name="Paint", level=1))
    studio.ready()
    assert np.array_equal(studio.pixels(), expected)

    # A block is added, and a hole is made in it.
    studio.choose("Rectangle")
    size_wh = size_hw[::-1]
    block = painting.rectangle(*studio.drag([(160.5, 40.5), (220.5, 90.5)]), size_wh=size_wh)
    studio.press("x")  # erase
    hole = painting.rectangle(*studio.drag([(190.5, 60.5), (204.5, 76.5)]), size_wh=size_wh)
    assert len(holes_by_hand((expected | block) & ~hole)) == 1
    expected = (expected | block) & ~hole
    studio.saved()

    go(page, "Data sets", "Inspect")
    page.get_by_role("button", name="Put back into the data set").click()
    # While it is drawn anew, the old one may stand beside it.
    expect(page.get_by_role("button", name="Undo correction")).to_have_count(1)
    put_back = page.get_by_role("button", name="Put back into the data set")
    expect(put_back).to_be_disabled()
    page.get_by_role("button", name="Back", exact=True).click()
    seen(page.get_by_text("1 sample corrected."))
    page.get_by_role("button", name="Write the corrected set").click()
    download = downloaded(page.locator(".st-key-download-corrected button"))
    nothing_failed(page)

    after = files_of(download)
    assert after.keys() == before.keys()
    assert {it for it in after if after[it] != before[it]} == {ANNOTATIONS}
    corrected = json.loads(after[ANNOTATIONS])
    found = corrected["annotations"][place]
    assert np.array_equal(pixels(found, size_hw), expected)
    ys, xs = np.nonzero(expected)
    assert found["area"] == expected.sum()
    assert found["bbox"] == [xs.min(), ys.min(), np.ptp(xs) + 1, np.ptp(ys) + 1]
    # Everything else is as it was, word for word.
    changed = {it: found[it] for it in ("segmentation", "area", "bbox")}
    document["annotations"][place] |= changed
    assert corrected == document


def hand_made() -> tuple[dict[str, bytes], dict[str, list[tuple[str, Mask]]]]:
    """A COCO set with rings and torn masks: its files, and the masks of each image."""

    def empty() -> Mask:
        return np.zeros(SIZE_HW, np.bool_)

    ring = empty()
    ring[3:12, 5:17] = True
    ring[6:8, 8:14] = False
    eye = empty()  # a part within the hole of another
    eye[2:21, 20:36] = True
    eye[5:18, 23:33] = False
    eye[10:13, 27:30] = True
    torn = empty()
    torn[0, 0] = torn[1, 1] = True  # touch at a corner: one part
    torn[15:23, 1:4] = torn[20:, 30:] = True
    diagonal = empty()  # a ring whose pixels touch at their corners
    diagonal[[9, 10, 11, 10], [10, 9, 10, 11]] = True
    bar = empty()
    bar[13, 2:19] = True
    masks = {
        "a.png": [("ring", ring), ("eye", eye), ("plain", bar)],
        "Zürich 2.png": [("torn", torn), ("ring", diagonal)],
        "c.png": [],
    }
    labels = ["plain", "ring", "eye", "torn"]
    images, annotations, files = [], [], {}
    for number, (name, found) in enumerate(masks.items(), start=1):
        images.append({"id": number, "file_name": name, "height": 23, "width": 37})
        files[f"images/{name}"] = png(SIZE_HW, number)
        for label, inside in found:
            code = coco_mask.encode(np.asfortranarray(inside, np.uint8))
            annotations.append(
                {
                    "id": len(annotations) + 1,
                    "image_id": number,
                    "category_id": labels.index(label) + 1,
                    "segmentation": {**code, "counts": code["counts"].decode()},
                    "area": int(inside.sum()),
                    "bbox": coco_mask.toBbox(code).tolist(),
                    "iscrowd": 0,
                }
            )
    document = {
        "images": images,
        "annotations": annotations,
        "categories": [{"id": i, "name": it} for i, it in enumerate(labels, start=1)],
    }
    return {**files, ANNOTATIONS: json.dumps(document).encode()}, masks


def converted(page: Page, to: str) -> Download:
    field = page.locator(".st-key-convert-format").get_by_role("combobox")
    if field.input_value() != to:
        field.click()
        page.get_by_role("option", name=to, exact=True).click()
    seen(main(page).get_by_text(re.compile(f"^{to} (cannot hold everything|holds all)")))
    rest(page)
    page.get_by_role("button", name="Convert 3 samples").click()
    # Until it is said what is in the download, a former one is offered.
    seen(main(page).get_by_text(re.compile("^(In the download:|The download holds)")))
    return downloaded(page.locator(".st-key-download-converted button"))


def test_coco_becomes_yolo_and_coco_again_with_the_losses_that_were_stated(
    page: Page, tmp_path: Path
) -> None:
    files, masks = hand_made()
    go(page, "Data sets", "Convert")
    drop(page, write_zip(tmp_path / "made.zip", files))
    opened(page, 3)
    seen(page.get_by_text("YOLO segmentation cannot hold everything"))
    lost = (
        "3 masks have holes, which are filled.",
        "1 mask has several parts, and each becomes a mask of its own.",
    )
    warning = page.get_by_test_id("stAlertContentWarning")
    for sentence in lost:
        seen(warning.get_by_text(sentence))
    yolo = converted(page, "Ultralytics YOLO segmentation")
    seen(page.get_by_text(f"In the download: {lost[0]} {lost[1]}"))
    expected = {
        name: sorted(
            (label, part.tobytes())
            for label, inside in found
            for part in parts_by_hand(np.any([inside, *holes_by_hand(inside)], axis=0))
        )
        for name, found in masks.items()
    }
    assert drawn(files_of(yolo)) == expected

    yolo.save_as(tmp_path / "yolo.zip")
    page.get_by_role("button", name="Close", exact=True).click()
    seen(page.get_by_role("button", name="Open the sample set"))
    drop(page, tmp_path / "yolo.zip")
    opened(page, 3)
    coco = files_of(converted(page, "COCO instances"))
    seen(page.get_by_text("Nothing of this data set is lost."))
    seen(page.get_by_text("The download holds all there is."))
    nothing_failed(page)
    assert masks_of(json.loads(coco[ANNOTATIONS])) == expected
    for name, content in files.items():
        assert name == ANNOTATIONS or coco[name] == content


def drawn(files: dict[str, bytes]) -> dict[str, list[Named]]:
    """Base name of an image -> class and pixels of each line of its YOLO file, by exact rules."""
    names = {}
    for line in files["data.yaml"].decode().partition("names:")[2].splitlines():
        number, _, name = line.partition(":")
        if number.strip().isdigit():
            names[int(number)] = name.strip(" \"'")
    found = {}
    for image in [it for it in files if it.startswith("images/")]:
        lines = files[f"labels/{Path(image).stem}.txt"].decode().splitlines()
        found[Path(image).name] = sorted(
            (
                names[int(number)],
                painting.polygon(
                    [
                        (float(x) * SIZE_HW[1], float(y) * SIZE_HW[0])
                        for x, y in zip(corners[::2], corners[1::2], strict=True)
                    ],
                    SIZE_HW[::-1],
                ).tobytes(),
            )
            for number, *corners in map(str.split, lines)
        )
    return found


@real
def test_a_zip_of_coco_shows_its_photos_and_masks(inspect: Page, tmp_path: Path) -> None:
    folder = DATA / "coco"
    document = json.loads((folder / "instances.json").read_text())
    files = [it for it in sorted(folder.rglob("*")) if it.is_file()]
    target = write_zip(
        tmp_path / "coco.zip",
        {it.relative_to(folder).as_posix(): it.read_bytes() for it in files},
    )
    drop(inspect, target)
    n_images, n_masks = len(document["images"]), len(document["annotations"])
    opened(inspect, n_images)
    seen(inspect.get_by_text(f"{n_masks:,} masks · "))
    gallery_shows(inspect, n_images)
    charts_show(inspect, n_images=n_images, n_masks=n_masks)
    assert total(bars(inspect, "How many images have which size"), "Images") == n_images
    nothing_failed(inspect)


@real
def test_a_folder_of_nuclei_shows_all_of_them(inspect: Page) -> None:
    folder = DATA / "dsb2018"
    main(inspect).locator("input[type=file]").nth(1).set_input_files(folder)
    opened(inspect, 12)
    with (folder / "labels_rle.csv").open(newline="") as file:
        n_masks = sum(1 for _ in csv.DictReader(file))
    assert n_masks == 1320
    seen(inspect.get_by_text("1,320 masks · 1 class"))
    gallery_shows(inspect, 12)
    charts_show(inspect, n_images=12, n_masks=n_masks)
    look_at(inspect, "Findings")
    seen(inspect.get_by_text("Nothing was found that looks wrong."))
    nothing_failed(inspect)


@real
def test_strips_and_a_table_of_others_are_seen_and_told_apart(inspect: Page) -> None:
    folder = DATA / "severstal"
    (table,) = folder.glob("*.csv")
    strips = sorted(folder.glob("*.jpg"))
    drop(inspect, [table, *strips])
    with table.open(newline="") as file:
        rows = list(csv.DictReader(file))
    n_masks = sum(1 for it in rows if it["EncodedPixels"].strip())
    named = {it["ImageId_ClassId"].rpartition("_")[0] for it in rows} | {it.name for it in strips}
    opened(inspect, len(named))
    seen(inspect.get_by_text(f"{n_masks:,} masks · 4 classes · 1 error"))
    gallery_shows(inspect, len(named))
    charts_show(inspect, n_images=len(named), n_masks=n_masks)
    seen(inspect.get_by_text("All of them have 1,600 × 256 pixels."))
    look_at(inspect, "Findings")
    seen(inspect.get_by_text("None of the 1,801 images that the annotations speak of is there."))
    nothing_failed(inspect)


def hostile(target: Path) -> Path:
    """A small good set, with paths that climb out, and a link."""
    link = zipfile.ZipInfo("images/link.png")
    link.create_system, link.external_attr = 3, 0o120777 << 16
    files, _ = hand_made()
    strange = {
        f"../../{ESCAPED}": png(SIZE_HW, 5),
        f"images/../../../{ESCAPED}": png(SIZE_HW, 5),
        link: b"/etc/hostname",
    }
    return write_zip(target, files | strange)


def test_a_zip_that_is_none_is_one_sentence(inspect: Page, tmp_path: Path) -> None:
    none = tmp_path / "none.zip"
    none.write_bytes(b"PK\3\4 and nothing else" * 20)
    drop(inspect, none)
    alert = inspect.get_by_test_id("stAlertContentError")
    sentence = alert.get_by_role("paragraph")
    expect(sentence).to_have_text("The zip archive is damaged or no zip archive at all.")
    expect(inspect.get_by_test_id("stException")).to_have_count(0)
    # The next one is read.
    inspect.get_by_role("button", name="Open the sample set").click()
    opened(inspect, 12)
    expect(alert).to_have_count(0)


def test_what_climbs_out_of_a_zip_is_left_out_and_the_rest_is_read(
    inspect: Page, tmp_path: Path
) -> None:
    target = hostile(tmp_path / "set.zip")
    drop(inspect, target)
    opened(inspect, 3)
    gallery_shows(inspect, 3)
    look_at(inspect, "Findings")
    sentences = (
        "Paths that lead out of it in the zip archive are left out: 2.",
        "Links in the zip archive are left out: 1.",
    )
    for sentence in sentences:
        seen(main(inspect).get_by_text(sentence))
    nothing_failed(inspect)

    # Beside another file it is unpacked, and there too nothing gets out.
    inspect.get_by_role("button", name="Close", exact=True).click()
    seen(inspect.get_by_role("button", name="Open the sample set"))
    more = tmp_path / "more.png"
    more.write_bytes(png(SIZE_HW, 4))
    drop(inspect, more)
    opened(inspect, 1)
    inspect.get_by_test_id("stPopoverButton").filter(has_text="Add files").click()
    inspect.get_by_test_id("stPopoverBody").locator("input[type=file]").first.set_input_files(
        target
    )
    opened(inspect, 4)
    for sentence in sentences:
        seen(main(inspect).get_by_text(sentence))
    top = Path(tempfile.gettempdir())
    assert not (top / ESCAPED).exists()
    assert not [*top.glob(f"mask-studio-*/{ESCAPED}"), *top.glob(f"mask-studio-*/*/{ESCAPED}")]
    nothing_failed(inspect)


@pytest.mark.skipif("MASKCORE_DATA_DIR" in os.environ, reason="MASKCORE_DATA_DIR is set")
def test_a_server_that_allows_no_folder_offers_none(inspect: Page) -> None:
    seen(inspect.get_by_role("button", name="Open the sample set"))
    expect(inspect.get_by_text("Folder on the server")).to_have_count(0)
