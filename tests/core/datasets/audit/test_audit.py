from __future__ import annotations

import csv
import io
import os
import zipfile
from collections.abc import Callable, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import PIL.Image
import pytest
from pycocotools import mask as coco_masks

from maskcore import checks, datasets, image_io, masks, rle
from maskcore.datasets import audit
from maskcore.datasets.dataset import Annotation, Contents, Dataset, Problem, Sample
from maskcore.datasets.files import open_files
from maskcore.datasets.formats import coco as coco_format, kaggle as kaggle_format
from maskcore.datasets.pictures import EmbeddedPicture
from maskcore.datasets.source import FileSource
from maskcore.types import Instance
from tests.grids import mask

DATA = Path(os.environ.get("MASKCORE_TEST_DATA", "") or "absent")

SIZE = 24, 40


def noise(seed: int, size_hw: tuple[int, int] = SIZE) -> np.ndarray:
    """A picture of blots that no other seed has."""
    rough = np.random.default_rng(seed).integers(0, 256, (8, 8, 3), np.uint8)
    return cv2.resize(rough, size_hw[::-1], interpolation=cv2.INTER_CUBIC)


def png(seed: int, size_hw: tuple[int, int] = SIZE) -> bytes:
    return image_io.encode_png(noise(seed, size_hw))


def jpeg(image: np.ndarray, *, orientation: int = 1) -> bytes:
    exif = PIL.Image.Exif()
    exif[0x0112] = orientation
    file = io.BytesIO()
    PIL.Image.fromarray(image).save(file, "JPEG", quality=98, subsampling=0, exif=exif)
    return file.getvalue()


def block(y: int, x: int, height: int, width: int, size_hw: tuple[int, int] = SIZE) -> np.ndarray:
    pixels = np.zeros(size_hw, np.bool_)
    pixels[y : y + height, x : x + width] = True
    return pixels


def annotated(pixels: np.ndarray, label: str = "cat", **more: Any) -> Annotation:
    box = more.pop("box", None)
    return Annotation(Instance(rle.encode(pixels), label, **more), "a line of a file", box)


def sample(name: str, image: bytes | None, *annotations: Annotation, **more: Any) -> Sample:
    contents = Contents(annotations, **more)
    picture = None if image is None else EmbeddedPicture(lambda: image)
    return Sample(name, picture, lambda: contents)


def dataset(*samples: Sample, name: str = "coco", **more: Any) -> Dataset:
    return Dataset(name, samples, **more)


def clean() -> list[Sample]:
    """Objects side by side, one in another, some at the edge, of sizes within reason."""
    return [
        sample(
            str(i),
            png(i),
            annotated(block(0, 0, 9, 7), "cat", box=(0, 0, 7.4, 8.6)),
            annotated(block(10, 12 + i, 6, 9), "dog"),
            annotated(block(11, 14 + i, 3, 3), "tag"),
            annotated(block(20, 30, 4, 10), "dog", is_crowd=True),
            annotated(block(19, 28, 4, 6), "dog"),
        )
        for i in range(4)
    ]


def kinds(found: Sequence[audit.Finding]) -> list[str]:
    return [finding.kind for finding in found]


def check_one(image: bytes | None, *annotations: Annotation, **more: Any) -> list[audit.Finding]:
    """Findings of one sample that is added to a clean set."""
    return audit.check(dataset(*clean(), sample("it", image, *annotations, **more)))


def only(found: Sequence[audit.Finding]) -> audit.Finding:
    (finding,) = found
    assert finding.severity in ("error", "warning", "note")
    assert finding.kind in audit.KINDS
    assert finding.where or not finding.sample
    for text in (finding.what, finding.fix):
        assert text[0].isupper() or text[0] in "“0123456789" or text.startswith(finding.sample)
        assert text.endswith(".")
    return finding


@pytest.mark.parametrize("read_images", [False, True])
@pytest.mark.parametrize("name", ["coco", "kaggle-rle", "png", "voc", "yolo"])
def test_nothing_is_found_in_a_clean_set(name: str, read_images: bool) -> None:
    assert audit.check(dataset(*clean(), name=name), read_images=read_images) == []


# Images


def test_an_image_without_a_mask_is_worth_a_note() -> None:
    finding = only(check_one(png(9)))
    assert (finding.severity, finding.kind, finding.sample) == ("note", "missing-mask", "it")


def test_a_set_of_images_alone_is_one_note() -> None:
    found = audit.check(dataset(*(sample(str(i), png(i)) for i in range(3)), name="images"))
    assert only(found).kind == "missing-mask"
    assert "3 images" in found[0].what


def test_many_images_without_a_mask_are_one_note() -> None:
    masked = [sample(f"m{i}", png(i), annotated(block(0, 0, 5, 5))) for i in range(3)]
    bare = [sample(f"b{i:02}", png(100 + i)) for i in range(21)]
    finding = only(audit.check(dataset(*masked, *bare)))
    assert (finding.severity, finding.kind, finding.sample) == ("note", "missing-mask", "")
    assert "21 of 24 images have no mask: b00, b01, b02, b03, b04 and 16 more." in finding.what
    few = audit.check(dataset(*masked, *bare[:20]))
    assert [one.sample for one in few] == [f"b{i:02}" for i in range(20)]


def test_a_mask_without_an_image() -> None:
    finding = only(check_one(None, annotated(block(0, 0, 5, 5))))
    assert (finding.severity, finding.kind, finding.sample) == ("error", "missing-image", "it")


def test_annotations_without_any_image_are_one_finding() -> None:
    alone = [sample(str(i), None, annotated(block(0, 0, 5, 5))) for i in range(3)]
    finding = only(audit.check(dataset(*alone)))
    assert (finding.severity, finding.kind, finding.sample) == ("warning", "missing-image", "")


def test_images_and_annotations_that_do_not_belong_together_are_an_error() -> None:
    alone = [sample(str(i), None, annotated(block(0, 0, 5, 5))) for i in range(3)]
    found = audit.check(dataset(*alone, sample("a", png(0)), sample("b", png(1))))
    assert kinds(found) == ["missing-image", "missing-mask"]
    assert found[0].severity == "error"


def test_a_file_that_is_no_image_is_told_apart_from_a_good_one() -> None:
    finding = only(check_one(b"some words\n", annotated(block(0, 0, 5, 5))))
    assert (finding.severity, finding.kind, finding.sample) == ("error", "unreadable-image", "it")
    assert "text file" in finding.what


@pytest.mark.parametrize("share", [0.3, 0.95])
def test_an_image_that_is_cut_short_cannot_be_opened(share: float) -> None:
    for content in (jpeg(noise(9, (200, 300))), png(9, (200, 300))):
        short = content[: int(share * len(content))]
        finding = only(check_one(short, annotated(block(0, 0, 20, 20, (200, 300)))))
        assert (finding.kind, finding.sample) == ("unreadable-image", "it")


def test_a_photo_with_something_behind_its_end_is_no_fault() -> None:
    behind = bytes(range(255)) * 40
    assert check_one(jpeg(noise(9)) + behind, annotated(block(0, 0, 5, 5))) == []


def test_damage_inside_an_image_is_found_if_all_pixels_are_read() -> None:
    content = bytearray(png(9, (60, 60)))
    content[len(content) // 2] ^= 0xFF
    broken = sample("it", bytes(content), annotated(block(0, 0, 5, 5, (60, 60))))
    assert audit.check(dataset(*clean(), broken)) == []
    found = audit.check(dataset(*clean(), broken), read_images=True)
    assert only(found).kind == "unreadable-image"


def test_an_image_too_large_to_open_is_not_decoded() -> None:
    side = int(checks.MAX_PIXELS**0.5) + 1
    content = io.BytesIO()
    PIL.Image.new("1", (side, side)).save(content, "PNG")
    found = audit.check(dataset(*clean(), sample("it", content.getvalue())), read_images=True)
    assert kinds(found) == ["unreadable-image", "missing-mask"]
    assert f"{side:,} × {side:,}" in found[0].what


def test_an_archive_that_is_damaged_costs_one_image() -> None:
    class Damaged:
        path = "in.zip/a.png"

        def n_bytes(self) -> int:
            return 100

        def read(self) -> bytes:
            raise zipfile.BadZipFile

        @contextmanager
        def open(self) -> Any:
            raise zipfile.BadZipFile
            yield

    broken = Sample("it", Damaged(), lambda: Contents([annotated(block(0, 0, 5, 5))]))
    found = audit.check(dataset(*clean(), broken), read_images=True)
    assert only(found).kind == "unreadable-image"
    assert found[0].where == "in.zip/a.png"


def test_the_same_file_twice_with_the_same_masks_is_certain() -> None:
    twice = [sample(name, png(9), annotated(block(0, 0, 5, 5))) for name in ("first", "second")]
    finding = only(audit.check(dataset(*clean(), *twice)))
    assert (finding.kind, finding.sample, finding.is_certain) == ("duplicate-image", "second", True)
    assert "first" in finding.what


def test_the_same_file_twice_with_other_masks_is_not_certain() -> None:
    twice = [sample(f"at {x}", png(9), annotated(block(0, x, 5, 5))) for x in (0, 1)]
    finding = only(audit.check(dataset(*clean(), *twice)))
    assert (finding.kind, finding.sample, finding.is_certain) == ("duplicate-image", "at 1", False)


@pytest.mark.parametrize("place", [10, 30_000, 200_000])
def test_files_of_one_length_that_differ_in_one_byte_are_not_the_same(place: int) -> None:
    one = jpeg(noise(9)) + bytes(250_000)
    other = bytearray(one)
    other[len(one) - 250_000 + place] = 1
    twice = [
        sample(str(content[-1]), bytes(content), annotated(block(0, 0, 5, 5)))
        for content in (one, other)
    ]
    assert audit.check(dataset(*clean()[1:], *twice)) == []


def test_a_copy_that_was_saved_anew_smaller_and_brighter_looks_alike() -> None:
    first = noise(9, (200, 300))
    smaller = cv2.resize(first, (150, 100), interpolation=cv2.INTER_AREA)
    second = np.clip(smaller.astype(np.int16) + 12, 0, 255).astype(np.uint8)
    samples = [
        sample("first", image_io.encode_png(first), annotated(block(0, 0, 50, 50, (200, 300)))),
        sample("second", jpeg(second), annotated(block(0, 0, 25, 25, (100, 150)))),
    ]
    assert audit.check(dataset(*clean(), *samples)) == []
    finding = only(audit.check(dataset(*clean(), *samples), read_images=True))
    assert (finding.severity, finding.kind, finding.sample) == ("note", "similar-image", "second")
    assert "first" in finding.what


def test_other_objects_in_the_same_light_do_not_look_alike() -> None:
    size = 200, 300
    y, x = np.mgrid[: size[0], : size[1]]
    light = 150 * np.exp(-((x - 100) ** 2 + (y - 80) ** 2) / 30_000)[..., None]
    grains = [noise(i, size) * 0.1 for i in range(20, 26)]
    pictures = [(light + grain).astype(np.uint8) for grain in (*grains, np.zeros((*size, 3)))]
    samples = [
        sample(str(i), image_io.encode_png(picture), annotated(block(0, 0, 9, 9, size)))
        for i, picture in enumerate(pictures, start=4)
    ]
    assert audit.check(dataset(*clean(), *samples), read_images=True) == []


# Images and masks


def test_a_mask_of_another_size_than_the_image() -> None:
    finding = only(check_one(png(9), annotated(block(0, 0, 5, 5, (48, 80)))))
    assert (finding.severity, finding.kind, finding.sample, finding.mask) == (
        "error",
        "size",
        "it",
        0,
    )
    assert "80 × 48" in finding.what
    assert "40 × 24" in finding.what
    assert not finding.is_certain


def test_masks_of_two_sizes_are_two_findings_where_one_is_right() -> None:
    sizes = [SIZE, (48, 80), (9, 9), (48, 80)]
    found = check_one(
        png(9), *(annotated(block(0, 0, 5, 5 + i, size), str(i)) for i, size in enumerate(sizes))
    )
    assert [(finding.kind, finding.mask) for finding in found] == [("size", 1), ("size", 2)]


def test_a_size_that_is_only_stated_must_fit_as_well() -> None:
    assert "size" in kinds(check_one(png(9), size_hw=(48, 80)))
    assert "size" not in kinds(check_one(png(9), size_hw=SIZE))


def test_without_an_image_the_masks_must_have_the_size_that_is_stated() -> None:
    pixels = block(0, 0, 5, 5, (48, 80))
    assert "size" in kinds(check_one(None, annotated(pixels), size_hw=SIZE))
    assert "size" not in kinds(check_one(None, annotated(pixels), size_hw=(48, 80)))


def upright(pixels: np.ndarray, orientation: int) -> np.ndarray:
    """The table of CIPA DC-008 by rotations and reflections."""
    quarters = {5: 1, 6: 3, 7: 3, 8: 1}[orientation]
    turned = np.rot90(pixels, quarters)
    return turned[::-1] if orientation in (5, 7) else turned


@pytest.mark.parametrize("orientation", [5, 6, 7, 8])
def test_masks_of_a_photo_as_it_lay_in_the_file_are_turned_with_it(orientation: int) -> None:
    stored = noise(9)
    content = jpeg(stored, orientation=orientation)
    pixels = block(2, 3, 5, 11)
    one = dataset(
        *clean(), sample("it", content, annotated(pixels), annotated(block(20, 20, 4, 4)))
    )
    finding = only(audit.check(one))
    assert (finding.severity, finding.kind, finding.is_certain) == ("error", "turned", True)
    mended = audit.fixed(one, [finding]).samples[-1]
    assert np.array_equal(rle.decode(mended.instances[0].mask), upright(pixels, orientation))
    seen = image_io.read_image(content)
    assert np.abs(seen.astype(int) - upright(stored, orientation)).mean() < 3
    assert audit.check(audit.fixed(one, [finding])) == []


@pytest.mark.parametrize("orientation", [5, 6, 7, 8])
def test_masks_of_the_upright_photo_are_right(orientation: int) -> None:
    upright_hw = SIZE[::-1]
    content = jpeg(noise(9), orientation=orientation)
    assert check_one(content, annotated(block(0, 0, 5, 5, upright_hw)), size_hw=upright_hw) == []


# Masks


def test_an_empty_mask_is_left_out() -> None:
    one = dataset(
        *clean(), sample("it", png(9), annotated(block(0, 0, 0, 0)), annotated(block(0, 0, 5, 5)))
    )
    finding = only(audit.check(one))
    assert (finding.severity, finding.kind, finding.mask, finding.is_certain) == (
        "warning",
        "empty-mask",
        0,
        True,
    )
    mended = audit.fixed(one, [finding])
    assert [rle.area(instance.mask) for instance in mended.samples[-1].instances] == [25]
    assert len(one.samples[-1].instances) == 2


FRAME = np.pad(np.zeros((20, 36), np.bool_), 2, constant_values=True)


@pytest.mark.parametrize(
    "pixels",
    [block(0, 3, 1, 30), block(22, 0, 2, 40), block(5, 0, 12, 1), block(0, 38, 24, 2), FRAME],
    ids=["top", "bottom", "left", "right", "all around"],
)
def test_a_line_along_the_edge_is_worth_a_look(pixels: np.ndarray) -> None:
    finding = only(check_one(png(9), annotated(pixels)))
    assert (finding.kind, finding.mask) == ("border-line", 0)


@pytest.mark.parametrize(
    "pixels",
    [
        block(0, 3, 3, 30),
        block(0, 5, 2, 4),
        block(2, 3, 1, 30),
        FRAME | block(10, 10, 1, 1),
        np.pad(np.zeros((18, 34), np.bool_), 3, constant_values=True),
    ],
    ids=["3 pixels thick", "short", "away from the edge", "with a pixel inside", "thick frame"],
)
def test_what_is_no_line_along_the_edge(pixels: np.ndarray) -> None:
    assert check_one(png(9), annotated(pixels)) == []


@pytest.mark.parametrize("text", ["#", "##########", "#\n" * 12])
def test_in_an_image_that_is_all_edge_no_mask_is_a_line_along_it(text: str) -> None:
    pixels = mask(text)
    assert check_one(png(9, pixels.shape), annotated(pixels)) == []


@pytest.mark.parametrize(
    ("box", "is_right"),
    [
        ((10, 4, 20, 9), True),
        ((6, 4, 20, 9), True),
        ((5.9, 4, 20, 9), False),
        ((10, 4, 24.1, 9), False),
        ((10, 4, 20, 13.5), False),
        ((float("nan"), 4, 20, 9), False),
    ],
)
def test_a_stated_box_may_be_off_by_four_pixels(box: Any, is_right: bool) -> None:
    found = check_one(png(9), annotated(block(4, 10, 5, 10), box=box))
    assert kinds(found) == ([] if is_right else ["box"])


def test_the_box_of_a_large_mask_may_be_off_by_a_tenth() -> None:
    size = 100, 200
    pixels = block(0, 0, 50, 100, size)
    assert check_one(png(9, size), annotated(pixels, box=(0, 0, 110, 50))) == []
    found = check_one(png(9, size), annotated(pixels, box=(0, 0, 115, 50)))
    assert kinds(found) == ["box"]


def test_boxes_that_nearly_all_disagree_are_one_finding() -> None:
    swapped = [
        sample(str(i), png(i), annotated(block(1, 20, 5, 9), box=(1, 20, 5, 9))) for i in range(20)
    ]
    finding = only(audit.check(dataset(*swapped)))
    assert (finding.kind, finding.sample) == ("box", "")
    assert "20 of 20 masks" in finding.what
    assert len(audit.check(dataset(*swapped[1:]))) == 19


def test_the_same_mask_twice_is_left_out_once() -> None:
    pixels = block(3, 3, 6, 6)
    one = dataset(
        *clean(),
        sample("it", png(9), annotated(pixels), annotated(pixels, "dog"), annotated(pixels.copy())),
    )
    certain, other = sorted(audit.check(one), key=lambda finding: not finding.is_certain)
    assert (certain.kind, certain.mask, certain.is_certain) == ("duplicate-mask", 2, True)
    assert (other.kind, other.mask, other.is_certain) == ("duplicate-mask", 1, False)
    mended = audit.fixed(one, [certain, other]).samples[-1]
    assert [instance.label for instance in mended.instances] == ["cat", "dog"]


def test_nearly_the_same_mask_twice_is_found_but_not_mended() -> None:
    a, b = block(0, 0, 20, 20), block(0, 0, 20, 20)
    b[0, :10] = False  # 390 of 400 pixels in common
    finding = only(check_one(png(9), annotated(a), annotated(b, "dog")))
    assert (finding.kind, finding.mask, finding.is_certain) == ("duplicate-mask", 1, False)
    assert "97 %" in finding.what


@pytest.mark.parametrize(
    ("x", "label", "expected"),
    [(4, "cat", ["overlap"]), (5, "cat", []), (4, "dog", [])],
    ids=["more than half", "half", "another class"],
)
def test_masks_of_one_class_that_share_more_than_half_of_the_smaller(
    x: int, label: str, expected: list[str]
) -> None:
    found = check_one(png(9), annotated(block(0, 0, 10, 10)), annotated(block(0, x, 8, 10), label))
    assert kinds(found) == expected
    if found:
        assert found[0].mask == 1
        assert "60 %" in found[0].what


def test_a_crowd_may_overlap_with_what_is_in_it() -> None:
    pixels = block(0, 0, 10, 10)
    assert check_one(png(9), annotated(pixels, is_crowd=True), annotated(block(0, 0, 8, 8))) == []


def test_boxes_that_cover_each_other_are_no_overlap_of_their_masks() -> None:
    ring = block(0, 0, 20, 20) & ~block(1, 1, 18, 18)
    assert check_one(png(9), annotated(ring), annotated(block(1, 1, 18, 18))) == []


def test_overlaps_in_one_image_are_one_finding_about_the_worst() -> None:
    found = check_one(png(9), *(annotated(block(0, x, 10, 10)) for x in (0, 4, 7)))
    finding = only(found)
    assert "1 more pair" in finding.what
    assert "70 %" in finding.what


def test_overlaps_among_many_masks_agree_with_pycocotools() -> None:
    rng = np.random.default_rng(0)
    size = 60, 90
    pixels = [
        block(*rng.integers(0, 50, 2), *rng.integers(3, 20, 2), size_hw=size) for _ in range(1_100)
    ]
    pixels = [mask for mask in pixels if mask.any()]
    theirs = coco_masks.encode(np.asfortranarray(np.stack(pixels, axis=2), np.uint8))
    n = len(theirs)
    # For a crowd pycocotools divides by the area of the first mask.
    shares = np.vstack([coco_masks.iou(theirs[i : i + 1], theirs, [1] * n) for i in range(n)])
    worst = np.triu(np.maximum(shares, shares.T), 1).max()
    labels = [str(i // 2) for i in range(n)]  # so that few pairs are of one class
    expected = [max(shares[i, i + 1], shares[i + 1, i]) for i in range(0, n - 1, 2)]
    found = check_one(
        png(9, size), *(annotated(mask, at) for mask, at in zip(pixels, labels, strict=True))
    )
    overlaps = [finding for finding in found if finding.kind == "overlap"]
    assert worst == 1
    assert f"{int(max(expected) * 100)} %" in only(overlaps).what


# What readers could not read


def test_what_could_not_be_read_is_an_error() -> None:
    problem = Problem("train.csv, row 17", "The run goes past the last pixel.")
    finding = only(check_one(png(9), annotated(block(0, 0, 5, 5)), problems=[problem]))
    assert (finding.severity, finding.kind, finding.sample) == (
        "error",
        "unreadable-annotation",
        "it",
    )
    assert (finding.where, finding.what) == (problem.where, problem.reason)


def test_what_belongs_to_no_sample_is_found_too() -> None:
    problem = Problem("a.json", "It is no JSON that can be read.")
    finding = only(audit.check(dataset(*clean(), problems=[problem])))
    assert (finding.kind, finding.sample, finding.where) == ("unreadable-annotation", "", "a.json")


def test_what_was_read_although_it_is_odd_is_a_warning() -> None:
    odd = Problem("line 1 of a.txt", "It reaches beyond the image.", is_left_out=False)
    finding = only(check_one(png(9), annotated(block(0, 0, 5, 5)), problems=[odd]))
    assert (finding.severity, finding.kind, finding.what) == (
        "warning",
        "odd-annotation",
        odd.reason,
    )


def test_files_that_are_left_out_are_a_warning(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "set.zip", "w") as archive:
        archive.writestr("a.png", png(1))
        archive.writestr("../b.png", png(2))
        archive.writestr("more.zip", b"PK")
    found = audit.check(datasets.read(tmp_path / "set.zip"))
    assert kinds(found) == ["file", "file", "missing-mask"]
    assert {finding.severity for finding in found[:2]} == {"warning"}
    assert [finding.where for finding in found[:2]] == ["", "more.zip"]


# The whole set


def ellipses(n: int, size_hw: tuple[int, int]) -> list[np.ndarray]:
    height, width = size_hw
    drawn = []
    for i in range(n):
        middle = width // 3 + 3 * i, height // 2
        canvas = np.zeros(size_hw, np.uint8)
        cv2.ellipse(canvas, middle, (width // 6, height // 4), 10 * i, 0, 360, 1, -1)
        drawn.append(canvas.view(np.bool_))
    return drawn


def as_columns(pixels: np.ndarray) -> np.ndarray:
    """What is seen if codes by rows are read by columns."""
    return pixels.ravel("C").reshape(pixels.shape, order="F")


def as_rows(pixels: np.ndarray) -> np.ndarray:
    return pixels.ravel("F").reshape(pixels.shape, order="C")


def table_of(pixels: Sequence[np.ndarray], name: str = "kaggle-rle") -> list[audit.Finding]:
    samples = [sample(str(i), png(i, mask.shape), annotated(mask)) for i, mask in enumerate(pixels)]
    return audit.check(dataset(*samples, name=name))


@pytest.mark.parametrize("misread", [as_columns, as_rows])
def test_masks_that_fall_into_stripes_were_read_in_the_wrong_order(
    misread: Callable[[np.ndarray], np.ndarray],
) -> None:
    right = ellipses(5, (60, 100))
    assert table_of(right) == []
    found = table_of([misread(mask) for mask in right])
    assert only(found).kind == "dialect"
    assert found[0].severity == "error"
    assert table_of([misread(mask) for mask in right], "coco") == []


def test_one_mask_in_stripes_among_others_is_no_wrong_order() -> None:
    right = ellipses(5, (60, 100))
    assert table_of([as_columns(right[0]), *right[1:]]) == []


def test_the_outlines_are_those_of_the_pixels() -> None:
    right = ellipses(3, (60, 100))
    wrong = [as_columns(mask) for mask in right]
    long, short = (sum(map(masks.perimeter, drawn)) // 3 for drawn in (wrong, right))
    found = only(table_of(wrong))
    assert f"{long:,}" in found.what
    assert f"{short:,}" in found.what


def named(*labels: str) -> list[Sample]:
    return [
        sample(str(i), png(i), annotated(block(0, 0, 5, 5), label))
        for i, label in enumerate(labels)
    ]


def test_class_names_that_differ_in_capitals_or_spaces_become_the_commonest() -> None:
    labels = ["traffic light", "Traffic Light", "traffic light", " traffic  light"]
    one = dataset(*named(*labels), stated_labels=("Traffic Light", "traffic light"))
    found = audit.check(one)
    assert kinds(found) == ["class-name", "class-name"]
    assert all(finding.is_certain for finding in found)
    mended = audit.fixed(one, found)
    assert mended.labels == ("traffic light",)
    assert {instance.label for one in mended.samples for instance in one.instances} == {
        "traffic light"
    }
    assert audit.check(mended) == []
    assert one.samples[1].instances[0].label == "Traffic Light"


@pytest.mark.parametrize("labels", [("1", "-1"), ("a b", "ab"), ("a_b", "a-b"), ("ß", "s")])
def test_other_class_names_stay_apart(labels: tuple[str, str]) -> None:
    assert audit.check(dataset(*named(*labels))) == []


def of_areas(*areas: int, label: str = "cat", **more: Any) -> list[Sample]:
    """A sample with a mask of each area, which lie apart, in stripes of 1,000 pixels."""
    size = len(areas) * 12, 100
    drawn = []
    for place, area in enumerate(areas):
        pixels = np.zeros(size, np.bool_)
        pixels[12 * place + 2 :].reshape(-1)[:area] = True
        drawn.append(annotated(pixels, f"{label}", **more))
    return [sample("areas", png(50, size), *drawn)]


@pytest.mark.parametrize("area", [3, 1100])
def test_a_mask_far_from_what_is_usual_in_its_class_is_worth_a_note(area: int) -> None:
    usual = [90, 100, 110] * 8
    finding = only(audit.check(dataset(*of_areas(*usual[:12], area, *usual[12:]))))
    assert (finding.severity, finding.kind, finding.sample, finding.mask) == (
        "note",
        "unusual-area",
        "areas",
        12,
    )
    assert f"{area:,} pixels" in finding.what


def test_areas_are_not_unusual_where_they_are_few_or_spread_widely() -> None:
    assert audit.check(dataset(*of_areas(*[90, 100, 110] * 5, 1000))) == []
    spread = [int(1.3**i) for i in range(26)]
    assert audit.check(dataset(*of_areas(*spread))) == []


def test_a_crowd_may_be_of_any_size() -> None:
    usual = of_areas(*[90, 100, 110] * 8)[0].read().annotations
    crowd = annotated(np.ones((288, 100), np.bool_), is_crowd=True)
    assert audit.check(dataset(sample("it", png(50, (288, 100)), *usual, crowd))) == []


def test_rare_classes_and_those_without_masks_are_a_note_each() -> None:
    labels = ["many"] * 199 + ["rare"]
    samples = [
        sample(str(i), png(i), annotated(block(0, 0, 5, 5), label))
        for i, label in enumerate(labels)
    ]
    found = audit.check(dataset(*samples, stated_labels=("many", "rare", "none", "nothing")))
    assert kinds(found) == ["rare-class", "unused-class"]
    assert "rare (1)" in found[0].what
    assert "none, nothing" in found[1].what


def test_no_class_is_rare_where_there_are_many_alike() -> None:
    labels = [str(i) for i in range(150)]
    assert audit.check(dataset(*named(*labels))) == []


# Label maps


def label_map(values: np.ndarray, name: str = "it") -> Sample:
    drawn = [
        annotated(values == value, str(value)) for value in np.unique(values[values > 0]).tolist()
    ]
    return sample(name, png(9, values.shape), *drawn)


def map_of_one_object() -> np.ndarray:
    values = np.zeros((200, 200), np.int64)
    values[40:160, 40:160] = 1
    return values


def test_a_value_of_a_few_pixels_in_one_label_map_is_stray() -> None:
    values = map_of_one_object()
    values[40, 40:43] = 7
    finding = only(audit.check(dataset(label_map(values), name="png")))
    assert (finding.kind, finding.sample) == ("stray-value", "it")
    assert "“7”" in finding.what
    assert "3 pixels" in finding.what
    assert audit.check(dataset(label_map(values), name="coco")) == []


def test_values_scattered_over_many_label_maps_are_stray() -> None:
    samples = []
    for i in range(4):
        values = map_of_one_object()
        values[41:159:8, 40] = 2
        values[44:159:8, 159] = 3
        samples.append(label_map(np.roll(values, i, axis=1), str(i)))
    for later in samples[1:]:
        object.__setattr__(
            later, "picture", EmbeddedPicture(lambda i=later.name: png(int(i), (200, 200)))
        )
    found = audit.check(dataset(*samples, name="voc"))
    assert kinds(found) == ["stray-value", "stray-value"]


def test_a_label_map_saved_as_jpeg_is_one_finding() -> None:
    gray = (map_of_one_object() * 100).astype(np.uint8)
    cv2.circle(gray, (100, 100), 40, 200, -1)
    damaged = image_io.read_image(image_io.encode_jpeg(np.dstack([gray] * 3)))[..., 0]
    found = [
        finding
        for finding in audit.check(dataset(label_map(damaged.astype(np.int64)), name="png"))
        if finding.kind == "stray-value"
    ]
    assert "JPEG" in only(found).what


@pytest.mark.parametrize("thin", [False, True])
def test_a_small_or_thin_class_in_many_label_maps_is_not_stray(thin: bool) -> None:
    samples = []
    for i in range(4):
        values = map_of_one_object()
        values[20 : 21 if thin else 24, 20:30] = 2
        samples.append(sample(str(i), png(i, values.shape), *label_map(values).read().annotations))
    assert audit.check(dataset(*samples, name="png")) == []


# Lists of findings


def faulty() -> Dataset:
    twice = [
        sample(name, png(9), annotated(block(0, 0, 5, 5), "Cat")) for name in ("first", "second")
    ]
    empty = sample("empty", png(10), annotated(block(0, 0, 0, 0)), annotated(block(0, 0, 5, 5)))
    return dataset(*clean(), *twice, empty, sample("bare", png(11)))


def test_what_is_grave_comes_first() -> None:
    found = audit.check(
        dataset(*faulty().samples, sample("lost", None, annotated(block(0, 0, 5, 5))))
    )
    ranks = [["error", "warning", "note"].index(finding.severity) for finding in found]
    assert ranks == sorted(ranks)
    assert len(set(ranks)) == 3


def test_a_fixed_set_has_none_of_the_faults_that_are_certain() -> None:
    one = faulty()
    found = audit.check(one)
    mended = audit.fixed(one, found)
    assert [finding.is_certain for finding in found].count(True) == 3
    assert audit.check(mended) == [finding for finding in found if not finding.is_certain]
    assert [sample.name for sample in mended.samples] == [
        "0",
        "1",
        "2",
        "3",
        "first",
        "empty",
        "bare",
    ]
    assert audit.check(one) == found


def test_a_set_is_mended_as_it_is_read_and_not_before() -> None:
    n_read = []

    def load() -> Contents:
        n_read.append(1)
        return Contents([annotated(block(0, 0, 0, 0))])

    one = dataset(Sample("it", EmbeddedPicture(lambda: png(0)), load))
    found = audit.check(one)
    n_read.clear()
    mended = audit.fixed(one, found)
    assert n_read == []
    assert mended.samples[0].instances == []
    assert n_read == [1]


def test_without_findings_nothing_is_changed() -> None:
    one = faulty()
    assert list(audit.fixed(one, []).samples) == list(one.samples)


def test_findings_as_csv_count_masks_from_1() -> None:
    found = audit.check(faulty())
    header, *rows = csv.reader(io.StringIO(audit.to_csv(found)))
    assert header[:4] == ["severity", "kind", "sample", "mask"]
    assert len(rows) == len(found)
    (empty,) = (dict(zip(header, row, strict=True)) for row in rows if row[1] == "Empty masks")
    assert (empty["sample"], empty["mask"], empty["is_certain"]) == ("empty", "1", "yes")


def test_a_name_that_a_spreadsheet_would_run_is_guarded_in_the_csv() -> None:
    found = audit.check(dataset(*clean(), sample("=1+1", png(9))))
    assert "\n=1" not in audit.to_csv(found)
    assert ",=1" not in audit.to_csv(found)


# Real sets


def real(module: Any, folder: str) -> list[audit.Finding]:
    if not (DATA / folder).exists():
        pytest.skip("needs MASKCORE_TEST_DATA")
    source = FileSource(open_files(DATA / folder), folder)
    return audit.check(module.read(source, module.find(source)), read_images=folder != "severstal")


def test_coco_has_classes_that_are_rare_or_unused() -> None:
    assert kinds(real(coco_format, "coco")) == ["rare-class", "unused-class"]


def test_the_nuclei_of_2018_have_no_fault() -> None:
    assert real(kaggle_format, "dsb2018") == []


def test_the_table_of_steel_speaks_of_other_images() -> None:
    found = real(kaggle_format, "severstal")
    assert kinds(found) == ["missing-image", "rare-class", "missing-mask"]
    assert all(finding.sample == "" for finding in found)
