"""From every format to every other one: what both can hold comes back pixel for pixel."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from maskcore import datasets, image_io, rle
from maskcore.datasets import FORMATS, Dataset, Sample
from maskcore.datasets.adapt import fit
from maskcore.datasets.files import open_files, stem
from maskcore.datasets.source import FileSource
from maskcore.types import Instance, Mask
from tests.hostile.picture_files import chunk, png

BOTH_WAYS = [known.name for known in FORMATS.values() if known.can_read and known.can_write]
LOSSLESS = [
    name
    for name in BOTH_WAYS
    if (keeps := FORMATS[name].keeps).holes and keeps.parts and keeps.overlaps and keeps.instances
]
SIZES = {"train/one": (24, 40), "val/two_parts": (33, 17), "val/größe 3": (8, 9), "none": (5, 6)}


def disk(size_hw: tuple[int, int], x: float, y: float, radius: float) -> Mask:
    rows, columns = np.indices(size_hw)
    return (columns - x) ** 2 + (rows - y) ** 2 <= radius**2


def instances(size_hw: tuple[int, int]) -> list[Instance]:
    """A ring with a dot in it, two parts, one that overlaps both, one along the border."""
    height, width = size_hw
    middle = width / 2, height / 2
    ring = disk(size_hw, *middle, 7) & ~disk(size_hw, *middle, 4) | disk(size_hw, *middle, 1)
    parts = disk(size_hw, 2, 2, 2) | disk(size_hw, width - 3, height - 3, 2)
    border = np.zeros(size_hw, np.bool_)
    border[:, -1] = True
    speckled = np.indices(size_hw).sum(axis=0) % 3 == 0
    named = [(ring, "ring"), (parts, "part"), (parts | ring, "ring"), (border, "Rand, rechts")]
    return [Instance(rle.encode(pixels), label) for pixels, label in [*named, (speckled, "part")]]


def picture(size_hw: tuple[int, int]) -> bytes:
    ramp = np.indices((*size_hw, 3)).sum(axis=0)
    return image_io.encode_png((ramp * 5 % 256).astype(np.uint8))


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    folder = tmp_path_factory.mktemp("images")
    for name, size_hw in SIZES.items():
        path = folder / f"{name}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(picture(size_hw))
    bare = datasets.read(folder)
    masks = {f"{name}.png": instances(size) for name, size in SIZES.items() if name != "none"}
    return bare.with_instances(masks)


def held(dataset: Dataset) -> dict[str, list[tuple[str, rle.RLE]]]:
    return {
        stem(sample.name): [(one.label, one.mask) for one in sample.instances]
        for sample in dataset.samples
    }


def expected(dataset: Dataset, name: str) -> dict[str, list[tuple[str, rle.RLE]]]:
    """What a format can hold of a data set."""
    kept = {}
    for sample in dataset.samples:
        assert sample.size_hw is not None
        fitted = fit(
            sample.instances, FORMATS[name].keeps, sample.size_hw, lambda _kind, _count: None
        )
        kept[stem(sample.name)] = [(instance.label, instance.mask) for instance in fitted]
    return kept


def kinds(dataset: Dataset, name: str) -> Counter[str]:
    return Counter({loss.kind: loss.count for loss in datasets.losses(dataset, name)})


def as_sets(found: dict[str, list[tuple[str, rle.RLE]]]) -> dict[str, Counter[tuple[str, rle.RLE]]]:
    return {name: Counter(masks) for name, masks in found.items()}


@pytest.mark.parametrize("name", BOTH_WAYS)
def test_a_format_gives_back_what_it_can_hold(original: Dataset, name: str, tmp_path: Path):
    lost = datasets.write(original, tmp_path / "set", name)
    assert {loss.kind: loss.count for loss in lost} == kinds(original, name)
    assert datasets.detect(tmp_path / "set")[0] == name
    back = datasets.read(tmp_path / "set")
    assert back.format == name
    assert not back.problems
    assert not [problem for one in back.samples for problem in one.read().problems]
    assert as_sets(held(back)) == as_sets(expected(original, name))


@pytest.mark.parametrize("name", BOTH_WAYS)
def test_a_zip_is_read_like_its_folder(original: Dataset, name: str, tmp_path: Path):
    datasets.write(original, tmp_path / "set", name)
    datasets.write(original, tmp_path / "set.zip", name)
    folder, packed = datasets.read(tmp_path / "set"), datasets.read(tmp_path / "set.zip")
    assert packed.format == name
    assert held(folder) == held(packed)
    for one, other in zip(folder.samples, packed.samples, strict=True):
        assert np.array_equal(one.image(), other.image())


@pytest.mark.parametrize("second", LOSSLESS)
@pytest.mark.parametrize("first", LOSSLESS)
def test_lossless_formats_carry_everything_to_each_other(
    original: Dataset, first: str, second: str, tmp_path: Path
):
    assert datasets.write(original, tmp_path / "a", first) == []
    assert datasets.write(datasets.read(tmp_path / "a"), tmp_path / "b", second) == []
    back = datasets.read(tmp_path / "b")
    assert held(back) == held(original)
    sizes = {stem(sample.name): sample.size_hw for sample in back.samples}
    assert sizes == {stem(name): size for name, size in SIZES.items()}
    assert set(back.labels) == {"ring", "part", "Rand, rechts"}


@pytest.mark.parametrize("name", LOSSLESS)
def test_without_images_the_masks_come_back_where_the_format_states_sizes(
    original: Dataset, name: str, tmp_path: Path
):
    datasets.write(original, tmp_path / "set", name, images="leave")
    assert not [
        name for name in FileSource(open_files(tmp_path / "set"), "").image_names if "/one." in name
    ]
    back = datasets.read(tmp_path / "set")
    if FORMATS[name].keeps.sizes:
        with_masks = {key: masks for key, masks in held(original).items() if masks}
        assert {key: masks for key, masks in held(back).items() if masks} == with_masks


def test_coco_to_yolo_and_back_loses_what_was_said(original: Dataset, tmp_path: Path):
    datasets.write(original, tmp_path / "coco", "coco")
    foretold = datasets.losses(datasets.read(tmp_path / "coco"), "yolo")
    lost = datasets.write(datasets.read(tmp_path / "coco"), tmp_path / "yolo", "yolo")
    assert lost == foretold
    assert {loss.kind for loss in lost} == {"holes", "parts"}
    assert datasets.write(datasets.read(tmp_path / "yolo"), tmp_path / "back", "coco") == []
    back = datasets.read(tmp_path / "back")
    assert as_sets(held(back)) == as_sets(expected(original, "yolo"))


def test_names_that_clash_are_told_apart_and_said(tmp_path: Path):
    for name in ("a.png", "A.png", "a.jpg", "con.png"):
        (tmp_path / "in").mkdir(exist_ok=True)
        content = image_io.encode_jpeg(np.zeros((4, 5, 3), np.uint8))
        (tmp_path / "in" / name).write_bytes(content if name.endswith("jpg") else picture((4, 5)))
    bare = datasets.read(tmp_path / "in")
    lost = datasets.write(bare, tmp_path / "out", "coco")
    assert [(loss.kind, loss.count) for loss in lost] == [("names", 3)]
    written = sorted(path.name for path in (tmp_path / "out" / "images").iterdir())
    assert len({Path(file).stem.casefold() for file in written}) == 4
    assert "con.png" not in written


def test_what_cannot_be_written_is_said_and_the_rest_is(original: Dataset, tmp_path: Path):
    with_masks = next(sample for sample in original.samples if sample.instances)
    lost_image = Sample("gone.png", None, with_masks.load)
    nothing = Sample("nothing.png", None, lambda: datasets.Contents())
    more = replace(original, samples=[*original.samples, lost_image, nothing])
    lost = {loss.kind: loss for loss in datasets.write(more, tmp_path / "set", "coco")}
    assert set(lost) == {"samples"}
    assert lost["samples"].samples == ("nothing.png",)
    assert len(datasets.read(tmp_path / "set").samples) == len(original.samples) + 1


@pytest.mark.parametrize("name", BOTH_WAYS)
def test_a_very_long_name_is_cut_alike_for_image_and_masks(name: str, tmp_path: Path):
    long = "größe " * 20
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / f"{long}.png").write_bytes(picture((6, 5)))
    bare = datasets.read(tmp_path / "in")
    square = Instance(rle.encode(disk((6, 5), 2, 2, 1.5)), "a")
    whole = bare.with_instances({bare.samples[0].name: [square]})
    assert [loss.kind for loss in datasets.write(whole, tmp_path / "out", name)] == ["names"]
    (back,) = datasets.read(tmp_path / "out").samples
    assert back.picture is not None
    assert [instance.mask for instance in back.instances] == [square.mask]


@pytest.mark.parametrize("size_wh", [(10**9, 10**9), (0, 5)])
@pytest.mark.parametrize("name", BOTH_WAYS)
def test_an_image_whose_header_lies_is_written_with_the_size_of_its_masks(
    name: str, size_wh: tuple[int, int], tmp_path: Path
):
    liar = png((1, 1), 8, 0, b"\0")
    sides = b"".join(side.to_bytes(4, "big") for side in size_wh)
    (tmp_path / "in").mkdir()
    path = tmp_path / "in" / "a.png"
    path.write_bytes(liar[:8] + chunk(b"IHDR", sides + b"\x08\0\0\0\0") + liar[33:])
    bare = datasets.read(tmp_path / "in")
    square = Instance(rle.encode(disk((6, 5), 2, 2, 1.5)), "mask")
    whole = bare.with_instances({"a.png": [square]})
    assert not [
        loss for loss in datasets.write(whole, tmp_path / "out", name) if loss.kind != "names"
    ]
    if FORMATS[name].keeps.sizes and name != "kaggle-rle":  # which trusts an image that is there
        (back,) = datasets.read(tmp_path / "out", name).samples
        assert [instance.mask for instance in back.instances] == [square.mask]
