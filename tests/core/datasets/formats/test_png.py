"""Folders of images and masks: sets drawn by hand, and files read back with Pillow."""

from __future__ import annotations

import io
import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
import pytest

from maskcore import image_io, rle
from maskcore.datasets.dataset import Dataset
from maskcore.datasets.formats import png
from maskcore.datasets.formats.png import pairs as png_pairs
from maskcore.errors import DatasetError
from maskcore.types import Mask
from tests.core.datasets.items import decoded, instance, item, picture, read, source, write
from tests.grids import mask

DATA = os.environ.get("MASKCORE_TEST_DATA")
LEFT = mask("##..\n##..\n....")
RIGHT = mask("...#\n...#\n...#")
RING = mask("####\n#..#\n####")
NOTHING = mask("....\n....\n....")
SIZE = (3, 4)
NOISE = np.random.default_rng(0).integers(0, 256, (40, 50, 3), np.uint8)


def put(folder: Path, name: str, content: bytes | np.ndarray | None = None) -> None:
    """Write a file; an array as PNG, nothing as a photo of the size of the masks."""
    if isinstance(content, np.ndarray):
        content = image_io.encode_png(content)
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(picture(SIZE) if content is None else content)


def photo(seed: int = 0) -> bytes:
    pixels = np.random.default_rng(seed).integers(0, 256, (40, 50, 3), np.uint8)
    return image_io.encode_jpeg(pixels)


def saved(image: PIL.Image.Image, kind: str = "PNG", **options: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def palette(values: np.ndarray, colors: list[int]) -> bytes:
    image = PIL.Image.fromarray(values.astype(np.uint8)).convert("P")
    image = PIL.Image.frombytes("P", image.size, values.astype(np.uint8).tobytes())
    image.putpalette(colors)
    return saved(image)


def found(dataset: Dataset) -> dict[str, Any]:
    """Name of the sample -> label and pixels of its masks."""
    return {sample.name: decoded(sample) for sample in dataset.samples}


def boxes(dataset: Dataset) -> dict[str, list[tuple[str, tuple[int, ...]]]]:
    return {sample.name: [(a.label, a.box) for a in sample.instances] for sample in dataset.samples}


# ---- pairing

TWINS = [
    ("images/{}.jpg", "masks/{}.png"),
    ("imgs/{}.jpg", "labels/{}.png"),
    ("images/{}.png", "gt/{}.png"),
    ("images/{}.jpg", "label_maps/{}.png"),
    ("Images/{}.jpg", "Ground Truth/{}.png"),
    ("images/training/{}.jpg", "annotations/training/{}.png"),
    ("train/images/{}.png", "train/masks/{}.png"),
    ("train/{}.jpg", "train_masks/{}_mask.gif"),
    ("set of masks/images/{}.jpg", "set of masks/masks/{}.png"),
    ("{}.jpg", "masks/{}.png"),
    ("{}.jpg", "{}_mask.png"),
    ("{}.jpg", "{}-mask.png"),
    ("{}.png", "{}_label.png"),
    ("{}.png", "{}_gt.png"),
    ("{}.png", "{}_seg.png"),
    ("{}.png", "mask_{}.png"),
    ("image_{}.png", "mask_{}.png"),
    ("{}_sat.jpg", "{}_mask.png"),
    ("{}/image.png", "{}/mask.png"),
    ("{}.jpg", "{}.png"),
    ("scans/{}.png", "drawn/{}.png"),
]


@pytest.mark.parametrize(("image", "its_mask"), TWINS)
def test_masks_find_their_images(tmp_path: Path, image: str, its_mask: str) -> None:
    drawn = {
        "a": mask("#" * 50 + ("\n" + "." * 50) * 39),
        "b 1": mask(("#" + "." * 49 + "\n") * 40),
    }
    for name, its in drawn.items():
        content = photo() if image.endswith("jpg") else image_io.encode_png(NOISE)
        put(tmp_path, image.format(name), content)
        picture_of_mask = PIL.Image.fromarray(its)
        kind = "GIF" if its_mask.endswith("gif") else "PNG"
        put(tmp_path, its_mask.format(name), saved(picture_of_mask, kind))
    dataset = read(png, tmp_path)
    assert boxes(dataset) == {
        image.format("a"): [("mask", (0, 0, 50, 1))],
        image.format("b 1"): [("mask", (0, 0, 1, 40))],
    }
    assert dataset.stated_labels == ("mask",)
    assert all(sample.picture is not None for sample in dataset.samples)


def test_equal_names_are_told_apart_by_their_folders(tmp_path: Path) -> None:
    for side, its in (("train", LEFT), ("val", RIGHT)):
        put(tmp_path, f"images/{side}/1.png")
        put(tmp_path, f"masks/{side}/1.png", its)
    assert boxes(read(png, tmp_path)) == {
        "images/train/1.png": [("mask", (0, 0, 2, 2))],
        "images/val/1.png": [("mask", (3, 0, 4, 3))],
    }


def test_an_image_is_not_given_the_mask_of_another_folder(tmp_path: Path) -> None:
    put(tmp_path, "images/val/1.png")
    put(tmp_path, "masks/train/1.png", LEFT)
    put(tmp_path, "masks/val/1.png", RIGHT)
    dataset = read(png, tmp_path)
    assert boxes(dataset) == {
        "images/val/1.png": [("mask", (3, 0, 4, 3))],
        "masks/train/1.png": [("mask", (0, 0, 2, 2))],
    }
    assert [sample.picture is None for sample in dataset.samples] == [False, True]


def test_images_without_masks_and_masks_without_images_are_samples(tmp_path: Path) -> None:
    for name in "abc":
        put(tmp_path, f"images/{name}.png")
    for name in "bcd":
        put(tmp_path, f"masks/{name}.png", LEFT)
    dataset = read(png, tmp_path)
    assert [(sample.name, len(sample.instances), sample.size_hw) for sample in dataset.samples] == [
        ("images/a.png", 0, SIZE),
        ("images/b.png", 1, SIZE),
        ("images/c.png", 1, SIZE),
        ("masks/d.png", 1, SIZE),
    ]


def test_masks_alone_are_samples(tmp_path: Path) -> None:
    put(tmp_path, "masks/a.png", LEFT)
    put(tmp_path, "masks/b.png", RIGHT)
    dataset = read(png, tmp_path)
    assert [sample.name for sample in dataset.samples] == ["masks/a.png", "masks/b.png"]
    assert all(sample.picture is None for sample in dataset.samples)


@pytest.mark.parametrize(
    "names",
    [
        ["a.jpg", "b.jpg"],
        ["images/a.jpg", "images/b.jpg"],
        ["face.jpg", "face_mask.jpg", "gas_mask.jpg"],
        ["labels/a.jpg", "labels/b.jpg"],
        ["one/a.jpg", "two/a.jpg"],
        ["VOC/JPEGImages/a.jpg"],
        [],
    ],
)
def test_photos_alone_are_no_masks(tmp_path: Path, names: list[str]) -> None:
    for seed, name in enumerate(names):
        put(tmp_path, name, photo(seed))
    assert png.find(source(tmp_path)) == []


def test_the_masks_of_pascal_voc_are_left_to_its_reader(tmp_path: Path) -> None:
    put(tmp_path, "JPEGImages/a.jpg", photo())
    put(tmp_path, "JPEGImages/b.jpg", photo())
    put(tmp_path, "SegmentationClass/c.png", LEFT)
    assert png.find(source(tmp_path)) == []


def test_no_mask_at_all_is_one_sentence(tmp_path: Path) -> None:
    put(tmp_path, "a.jpg", photo())
    with pytest.raises(DatasetError, match="There are no masks"):
        png.read(source(tmp_path), [])


# ---- a file for each object


def test_the_nuclei_of_the_data_science_bowl_belong_to_the_image_beside(tmp_path: Path) -> None:
    for case in ("0a", "1b"):
        put(tmp_path, f"stage1/{case}/images/{case}.png")
        put(tmp_path, f"stage1/{case}/masks/{case}77.png", LEFT)
        put(tmp_path, f"stage1/{case}/masks/{case}99.png", RIGHT)
    dataset = read(png, tmp_path)
    both = [("mask", LEFT.tolist()), ("mask", RIGHT.tolist())]
    assert found(dataset) == {f"stage1/{case}/images/{case}.png": both for case in ("0a", "1b")}


def test_names_in_the_folder_of_an_image_are_labels(tmp_path: Path) -> None:
    put(tmp_path, "images/a.png")
    put(tmp_path, "images/00.png")
    for i in (2, 10, 1):
        put(tmp_path, f"masks/a/{i}_cat.png", LEFT if i == 10 else RIGHT)
    put(tmp_path, "masks/a/00_mask.png", RING)
    put(tmp_path, "masks/a/deadbeef.png", NOTHING)
    dataset = read(png, tmp_path)
    named = dict(found(dataset)["images/a.png"])
    assert [instance.label for instance in dataset.samples[1].instances] == [
        "mask",
        "cat",
        "cat",
        "cat",
        "mask",
    ]
    assert decoded(dataset.samples[1])[3] == ("cat", LEFT.tolist())
    assert named["mask"] == NOTHING.tolist()
    assert dataset.samples[0].instances == []
    assert dataset.stated_labels == ("mask", "cat")


def test_names_of_our_own_files_tell_label_and_score(tmp_path: Path) -> None:
    put(tmp_path, "images/a.b.png")
    put(tmp_path, "masks/a.b.99.traffic_light.0_0_2_2.png", LEFT)
    put(tmp_path, "masks/a.b.7.bird.3_0_1_3.png", RIGHT)
    (sample,) = read(png, tmp_path).samples
    assert [(instance.label, instance.score) for instance in sample.instances] == [
        ("bird", 0.07),
        ("traffic_light", 0.99),
    ]


def test_numbered_masks_beside_one_image_are_its_objects(tmp_path: Path) -> None:
    for name in ("benign (1)", "benign (2)"):
        put(tmp_path, f"{name}.png", image_io.encode_png(NOISE))
        put(tmp_path, f"{name}_mask.png", LEFT)
    put(tmp_path, "benign (1)_mask_1.png", RIGHT)
    assert [len(sample.instances) for sample in read(png, tmp_path).samples] == [2, 1]


def test_folders_of_classes_are_labels(tmp_path: Path) -> None:
    put(tmp_path, "images/1.png")
    put(tmp_path, "masks/cat/1.png", LEFT)
    put(tmp_path, "masks/dog/1.png", RIGHT)
    (sample,) = read(png, tmp_path).samples
    assert decoded(sample) == [("cat", LEFT.tolist()), ("dog", RIGHT.tolist())]


# ---- what a file means


def twins(folder: Path, *masks: np.ndarray | bytes) -> None:
    for i, content in enumerate(masks):
        put(folder, f"images/{i}.png")
        put(folder, f"masks/{i}.png", content)


def test_a_mask_may_be_stored_as_any_two_values(tmp_path: Path) -> None:
    twins(tmp_path, LEFT.astype(np.uint8), LEFT.astype(np.uint8) * 255, NOTHING, ~NOTHING)
    dataset = read(png, tmp_path)
    # 0, 1 and 255 over the files are three values, and so numbers of classes.
    assert [instance.label for instance in dataset.samples[0].instances] == ["1"]
    twins(tmp_path, LEFT, RING, NOTHING, ~NOTHING)
    dataset = read(png, tmp_path)
    assert [decoded(sample) for sample in dataset.samples] == [
        [("mask", pixels.tolist())] for pixels in (LEFT, RING, NOTHING, ~NOTHING)
    ]


def test_soft_edges_are_inside_from_the_middle_on(tmp_path: Path) -> None:
    ramp = np.tile(np.arange(256, dtype=np.uint8), (2, 1))
    noise = image_io.encode_png(np.random.default_rng(0).integers(0, 256, (2, 256, 3), np.uint8))
    for name in "ab":
        put(tmp_path, f"images/{name}.png", noise)
        put(tmp_path, f"masks/{name}.png", ramp)
    first = read(png, tmp_path).samples[0]
    assert [instance.box for instance in first.instances] == [(128, 0, 256, 2)]


def test_maps_of_one_class_each_are_still_maps(tmp_path: Path) -> None:
    twins(tmp_path, LEFT * np.uint8(1), RIGHT * np.uint8(2), NOTHING)
    dataset = read(png, tmp_path)
    assert [decoded(sample) for sample in dataset.samples] == [
        [("1", LEFT.tolist())],
        [("2", RIGHT.tolist())],
        [],
    ]
    assert dataset.stated_labels == ()
    assert dataset.labels == ("1", "2")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("classes.txt", "1 cat\n7 big dog\n"),
        ("classes.txt", "0 background\n1\tcat\n7: big dog"),
        ("labels.csv", "id,label\n1,cat\n7,big dog\n"),
        ("masks/classes.json", '{"1": "cat", "7": "big dog"}'),
        ("classes.json", '{"cat": 1, "big dog": 7}'),
        ("classes.json", '[{"id": 1, "name": "cat"}, {"id": 7, "name": "big dog"}, 3]'),
        ("classes.txt", "cat\nb\nc\nd\ne\nf\nbig dog"),
        ("labels.txt", "background\ncat\nb\nc\nd\ne\nf\nbig dog"),
    ],
)
def test_lists_of_classes_name_the_numbers(tmp_path: Path, name: str, text: str) -> None:
    twins(tmp_path, LEFT * np.uint8(1) + RIGHT * np.uint8(7))
    put(tmp_path, name, text.encode())
    dataset = read(png, tmp_path)
    assert decoded(dataset.samples[0]) == [("cat", LEFT.tolist()), ("big dog", RIGHT.tolist())]
    assert {dataset.stated_labels[0], dataset.stated_labels[-1]} == {"cat", "big dog"}


def test_a_listed_class_in_one_map_is_no_plain_mask(tmp_path: Path) -> None:
    twins(tmp_path, LEFT * np.uint8(1))
    put(tmp_path, "classes.txt", b"1 cat\n2 dog")
    assert decoded(read(png, tmp_path).samples[0]) == [("cat", LEFT.tolist())]


def test_number_0_is_a_class_where_it_is_listed(tmp_path: Path) -> None:
    twins(tmp_path, LEFT * np.uint8(1) + RIGHT * np.uint8(2))
    put(tmp_path, "classes.txt", b"0 road\n1 cat\n2 dog")
    labels = [instance.label for instance in read(png, tmp_path).samples[0].instances]
    assert labels == ["road", "cat", "dog"]


def test_a_broken_list_of_classes_is_a_problem(tmp_path: Path) -> None:
    twins(tmp_path, LEFT * np.uint8(1) + RIGHT * np.uint8(7))
    put(tmp_path, "classes.json", b"[" * 100_000)
    put(tmp_path, "labels.txt", b"\xff\0")
    dataset = read(png, tmp_path)
    assert [problem.where for problem in dataset.problems] == ["classes.json", "labels.txt"]
    assert [instance.label for instance in dataset.samples[0].instances] == ["1", "7"]


def test_palettes_and_colors_are_classes(tmp_path: Path) -> None:
    values = LEFT * np.uint8(1) + RIGHT * np.uint8(2)
    colors = np.array([[0, 0, 0], [255, 0, 0], [0, 128, 0]], np.uint8)
    twins(tmp_path / "p", palette(values, colors.ravel().tolist()))
    twins(tmp_path / "c", colors[values], np.zeros((3, 4, 3), np.uint8))
    assert [instance.label for instance in read(png, tmp_path / "p").samples[0].instances] == [
        "1",
        "2",
    ]
    by_color = read(png, tmp_path / "c")
    assert decoded(by_color.samples[0]) == [("#008000", RIGHT.tolist()), ("#ff0000", LEFT.tolist())]
    assert by_color.samples[1].instances == []
    table = b"name,r,g,b\nVoid,0,0,0\nCar,255,0,0\nTree, 0, 128, 0\n"
    for folder in ("p", "c"):
        put(tmp_path, f"{folder}/class_dict.csv", table)
        dataset = read(png, tmp_path / folder)
        labels = {instance.label for instance in dataset.samples[0].instances}
        assert labels == {"Void", "Tree", "Car"}
        assert dataset.stated_labels == ("Void", "Car", "Tree")


def test_deep_label_maps_keep_their_numbers(tmp_path: Path) -> None:
    twins(tmp_path, LEFT * np.uint16(300) + RIGHT * np.uint16(65_535))
    labels = [instance.label for instance in read(png, tmp_path).samples[0].instances]
    assert labels == ["300", "65535"]


def test_a_mask_keeps_its_own_size(tmp_path: Path) -> None:
    put(tmp_path, "images/a.png")
    put(tmp_path, "masks/a.png", mask("#."))
    put(tmp_path, "images/b.png")
    put(tmp_path, "masks/b.png", mask("#"))
    first, second = read(png, tmp_path).samples
    assert first.size_hw == SIZE
    assert first.read().size_hw == first.instances[0].mask.size_hw == (1, 2)
    assert decoded(second) == [("mask", [[True]])]


def test_a_file_that_cannot_be_read_is_a_problem_of_its_sample(tmp_path: Path) -> None:
    twins(tmp_path, LEFT, RIGHT, b"no picture", image_io.encode_png(LEFT)[:-9], b"")
    samples = read(png, tmp_path).samples
    assert [len(sample.instances) for sample in samples] == [1, 1, 0, 0, 0]
    for sample in samples[2:]:
        (problem,) = sample.read().problems
        name = sample.name.removeprefix("images/")
        assert problem.where == f"masks/{name}"
        assert problem.sample == sample.name
        assert problem.reason.startswith(name)
        assert problem.reason.endswith(".")


def test_a_mask_that_is_gone_is_a_problem(tmp_path: Path) -> None:
    twins(tmp_path, LEFT)
    dataset = read(png, tmp_path)
    (tmp_path / "masks/0.png").unlink()
    (problem,) = dataset.samples[0].read().problems
    assert problem.reason.startswith("0.png cannot be read")


# ---- writing

LABELS = [
    "cat",
    "Cat",
    "a/b\\c",
    "..",
    "",
    "con",
    "日本語",
    "x" * 300,
    "x" * 299 + "y",
    "a.b",
    "a_b",
]


def pixels(path: Path) -> np.ndarray:
    with PIL.Image.open(path) as opened:
        return np.array(opened)


def test_a_file_for_each_mask_gives_everything_back(tmp_path: Path) -> None:
    drawn = (LEFT, RIGHT, RING, NOTHING, ~NOTHING, mask("#..#\n....\n#..#"))
    items = [
        item("train/a.b", *(instance(drawn[i % 6], label) for i, label in enumerate(LABELS))),
        item("val/a.b", *(instance(RING, "cat") for _ in range(101))),
        item("none", size_hw=SIZE),
    ]
    write(tmp_path, png.PngWriter(["first", "cat"]), items)
    dataset = read(png, tmp_path)
    assert dataset.stated_labels == ("first", "cat", *LABELS[1:])
    assert found(dataset) == {
        "images/none.png": [],
        **{
            f"images/{one.stem}.png": [
                (a.label, rle.decode(a.mask).tolist()) for a in one.instances
            ]
            for one in items[:2]
        },
    }
    first = sorted((tmp_path / "masks/train/a.b").iterdir())
    assert [path.name for path in first[:3]] == ["00_cat.png", "01_Cat_2.png", "02_c.png"]
    assert (pixels(first[0]) == LEFT).all()
    assert len({path.name.casefold() for path in first}) == len(LABELS)
    assert max(len(path.name.encode()) for path in first) < 120


def test_masks_of_one_image_are_not_given_to_another(tmp_path: Path) -> None:
    writer = png.PngWriter([])
    items = [
        item(stem, instance(LEFT, "mask"), instance(RING, "00")) for stem in ("a", "00", "x/a")
    ]
    write(tmp_path, writer, items)
    (tmp_path / "images/a.png").unlink()
    samples = {sample.name: sample for sample in read(png, tmp_path).samples}
    assert samples.keys() == {"images/00.png", "images/x/a.png", "masks/a"}
    expected = [("mask", LEFT.tolist()), ("00", RING.tolist())]
    assert all(decoded(sample) == expected for sample in samples.values())


def test_sets_without_any_mask_are_known_by_the_list(tmp_path: Path) -> None:
    write(tmp_path, png.PngWriter(["cat"]), [item("a", size_hw=SIZE)])
    dataset = read(png, tmp_path)
    assert [sample.name for sample in dataset.samples] == ["images/a.png"]
    assert dataset.stated_labels == ("cat",)
    assert json.loads((tmp_path / "masks/labels.json").read_text())["labels"] == {"cat": "cat"}


@pytest.mark.parametrize(
    "other",
    ['{"labels": {"a": 1}}', '{"masks": 3, "labels": {}}', "[]", "{", '{"images": []}'],
)
def test_labels_json_of_others_is_not_ours(tmp_path: Path, other: str) -> None:
    put(tmp_path, "labels.json", other.encode())
    put(tmp_path, "a.jpg", photo())
    assert png.find(source(tmp_path)) == []


def test_label_maps_are_gray_pngs_of_class_numbers(tmp_path: Path) -> None:
    labels = ["dog", "cat", *LABELS[2:]]
    items = [
        item("x/a", instance(LEFT, "cat"), instance(RIGHT, "dog")),
        item("b", size_hw=SIZE),
        *(item(f"l{i}", instance(LEFT, label)) for i, label in enumerate(labels)),
    ]
    write(tmp_path, png.LabelMapWriter(["dog"]), items)
    first = pixels(tmp_path / "label_maps/x/a.png")
    assert first.dtype == np.uint8
    assert (first == LEFT * 2 + RIGHT * 1).all()
    assert not pixels(tmp_path / "label_maps/b.png").any()
    lines = (tmp_path / "classes.txt").read_text("utf-8").splitlines()
    assert lines[:3] == ["0 background", "1 dog", "2 cat"]
    assert json.loads((tmp_path / "classes.json").read_text("utf-8"))["1"] == "dog"
    dataset = read(png, tmp_path)
    assert dataset.stated_labels == tuple(labels)
    back = found(dataset)
    assert back["images/x/a.png"] == [("dog", RIGHT.tolist()), ("cat", LEFT.tolist())]
    assert back["images/b.png"] == []
    for i, label in enumerate(labels):
        assert back[f"images/l{i}.png"] == [(label, LEFT.tolist())]


def test_many_classes_take_16_bits(tmp_path: Path) -> None:
    items = [item(str(i), instance(LEFT, f"c{i}")) for i in range(300)]
    write(tmp_path, png.LabelMapWriter([]), items)
    assert pixels(tmp_path / "label_maps/299.png").max() == 300
    assert [instance.label for instance in read(png, tmp_path).samples[-1].instances] == ["c99"]
    assert not (tmp_path / "classes.json").exists()


def test_too_many_classes_are_one_sentence() -> None:
    writer = png.LabelMapWriter([str(i) for i in range(65_535)])
    with pytest.raises(DatasetError, match="65,535 classes"):
        list(writer.sample(item("a", instance(LEFT, "new"))))


def test_black_and_white_masks_are_white_inside(tmp_path: Path) -> None:
    items = [item("x/a", instance(LEFT, "mask"), instance(RIGHT, "mask")), item("b", size_hw=SIZE)]
    write(tmp_path, png.BinaryWriter(["cat"]), items)
    assert (pixels(tmp_path / "masks/x/a.png") == (LEFT | RIGHT)).all()
    assert not (tmp_path / "masks/b.png").exists()
    assert found(read(png, tmp_path)) == {
        "images/b.png": [],
        "images/x/a.png": [("mask", (LEFT | RIGHT).tolist())],
    }


@pytest.mark.parametrize("writer", [png.PngWriter, png.LabelMapWriter, png.BinaryWriter])
@pytest.mark.parametrize("drawn", [mask("#"), mask("#.\n.#\n##"), mask("#" * 300)])
def test_any_size_and_memory_order_comes_back(tmp_path: Path, writer: Any, drawn: Mask) -> None:
    other = np.asfortranarray(drawn)
    items = [item("a", instance(drawn, "mask")), item("b", instance(other, "mask"))]
    write(tmp_path, writer(["mask"]), items)
    first, second = read(png, tmp_path).samples
    assert decoded(first) == decoded(second) == [("mask", drawn.tolist())]


@pytest.mark.skipif(not DATA, reason="needs MASKCORE_TEST_DATA")
@pytest.mark.parametrize("name", ["coco", "dsb2018", "severstal", "photos"])
def test_real_images_without_masks_are_none(name: str) -> None:
    assert png.find(source(Path(DATA or "", name))) == []


def test_the_same_name_in_thousands_of_folders_finds_its_own_image(tmp_path: Path) -> None:
    """So many that a look at each pair would never end."""
    images = [f"{i}/images/0.png" for i in range(5_000)]
    masks = [f"{i}/masks/0.png" for i in range(5_000)]
    pairs = png_pairs.pairs(images, masks)
    assert [(pair.image, pair.masks) for pair in pairs] == [
        (image, (its_mask,)) for image, its_mask in zip(images, masks, strict=True)
    ]


def test_one_damaged_file_makes_no_classes_of_black_and_white(tmp_path: Path) -> None:
    for name in "abcd":
        put(tmp_path, f"images/{name}.png")
        put(tmp_path, f"masks/{name}.png", LEFT * np.uint8(255))
    put(tmp_path, "masks/d.png", np.arange(12, dtype=np.uint8).reshape(SIZE))
    masks = found(read(png, tmp_path))
    assert [masks[f"images/{letter}.png"] for letter in "abc"] == [[("mask", LEFT.tolist())]] * 3


def test_separators_without_numbers_are_part_of_a_name(tmp_path: Path) -> None:
    twins(tmp_path, LEFT.astype(np.uint8))
    put(tmp_path, "classes.txt", b"a" + b"\t" * 100_000 + b"b\n")
    assert [label[:2] for label in read(png, tmp_path).labels] == ["a\t"]


def test_a_picture_in_a_folder_called_masks_stays_a_picture(tmp_path: Path) -> None:
    items = [item(name, instance(LEFT)) for name in ("masks/a", "labels", "b_mask")]
    write(tmp_path, png.PngWriter([]), items)
    assert found(read(png, tmp_path)) == {
        f"images/{one.stem}.png": [("cat", LEFT.tolist())] for one in items
    }


@pytest.mark.parametrize("writer", [png.PngWriter, png.LabelMapWriter])
def test_half_a_character_in_a_label_is_written_as_a_question_mark(
    tmp_path: Path, writer: Any
) -> None:
    write(tmp_path, writer([]), [item("a", instance(LEFT, "a\ud800\nb"))])
    ((label, pixels),) = decoded(read(png, tmp_path).samples[0])
    assert (label, pixels) == ("a?\nb", LEFT.tolist())
