from __future__ import annotations

import csv
import io
import os
import struct
import zlib
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
import pytest
from pycocotools import mask as coco

from maskcore import rle, rle_csv
from maskcore.datasets.dataset import Problem
from maskcore.datasets.formats import kaggle
from maskcore.datasets.source import FileSource
from maskcore.errors import DatasetError
from maskcore.files.folders import FolderFiles
from maskcore.rle_csv import RleRow
from maskcore.rle_text.dialects import DIALECTS
from tests.core.datasets import items, steel_set
from tests.grids import mask

DATA = Path(os.environ.get("MASKCORE_TEST_DATA", "") or "absent")
needs_data = pytest.mark.skipif(
    not (DATA / "dsb2018").is_dir(), reason="MASKCORE_TEST_DATA names no folder with dsb2018/"
)
# Of pycocotools' own arrays, under NumPy 2.
of_pycocotools = pytest.mark.filterwarnings(
    "ignore:__array__ implementation doesn't accept:DeprecationWarning"
)

SIZE = 3, 4
TOP = mask("##..\n....\n....")  # down the columns from 1: 1 1 4 1
LEFT = mask("#...\n#...\n#...")  # 1 3


def folder(root: Path, images: dict[str, tuple[int, int]], **tables: str) -> Path:
    """A folder with images of the given sizes and tables; "train" is train.csv."""
    for name, size_hw in images.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(items.picture(size_hw))
    for name, text in tables.items():
        (root / f"{name}.csv").write_text(text, encoding="utf-8")
    return root


def read(root: Path) -> Any:
    return items.read(kaggle, root)


def samples(root: Path) -> dict[str, Any]:
    return {sample.name: sample for sample in read(root).samples}


def by_pairs(code: str, size_hw: tuple[int, int]) -> list[list[bool]]:
    """Kaggle's own way: start and length from 1, down the columns."""
    flat = np.zeros(size_hw[0] * size_hw[1], np.bool_)
    numbers = [int(word) for word in code.split()]
    for start, length in zip(numbers[::2], numbers[1::2], strict=True):
        for pixel in range(start, start + length):
            flat[pixel - 1] = True
    return flat.reshape(size_hw[::-1]).T.tolist()


# What rows say


def test_every_row_is_a_mask_of_its_image(tmp_path: Path):
    table = "ImageId,ClassId,EncodedPixels\na.png,1,1 3\nb.png,2,1 1 4 1\na.png,3,1 1 4 1\n"
    folder(tmp_path, {"train_images/a.png": SIZE, "train_images/b.png": SIZE}, train=table)
    dataset = read(tmp_path)
    first, second = dataset.samples
    assert (dataset.format, dataset.stated_labels, dataset.problems) == (
        "kaggle-rle",
        ("1", "2", "3"),
        [],
    )
    assert first.name == first.picture.path == "train_images/a.png"
    assert items.decoded(first) == [("1", LEFT.tolist()), ("3", TOP.tolist())]
    assert items.decoded(second) == [("2", TOP.tolist())]
    contents = first.read()
    assert [annotation.where for annotation in contents.annotations] == [
        "train.csv, row 2",
        "train.csv, row 4",
    ]
    assert [annotation.box for annotation in contents.annotations] == [None, None]
    assert contents.problems == []


def test_a_mask_that_no_column_names_is_called_mask(tmp_path: Path):
    folder(tmp_path, {"a.png": SIZE}, train="ImageId,EncodedPixels\na.png,1 3\n")
    dataset = read(tmp_path)
    assert dataset.stated_labels == ("mask",)
    assert items.decoded(dataset.samples[0]) == [("mask", LEFT.tolist())]


def test_rows_without_a_code_say_that_an_image_has_no_mask(tmp_path: Path):
    rows = [f"{name}.jpg_{kind}," for name in ("a", "b") for kind in (1, 2, 3, 4)]
    rows[2] += "1 3"
    table = "\n".join(["ImageId_ClassId,EncodedPixels", *rows])
    dataset = read(folder(tmp_path, {}, train=table))
    assert dataset.stated_labels == ("1", "2", "3", "4")
    assert [sample.name for sample in dataset.samples] == ["a.jpg", "b.jpg"]
    ((only,), none) = (
        [instance.label for instance in sample.instances] for sample in dataset.samples
    )
    assert (only, none) == ("3", [])
    assert [sample.read().problems for sample in dataset.samples] == [[], []]


@pytest.mark.parametrize("blank", ["", "nan", "NaN", " "])
def test_blanks_of_every_kind_are_no_masks(tmp_path: Path, blank: str):
    folder(tmp_path, {"a.png": SIZE}, train=f"ImageId,EncodedPixels\na.png,{blank}\nb,1 3\n")
    assert samples(tmp_path)["a.png"].instances == []


def test_images_are_found_by_names_without_ending_and_with_folders(tmp_path: Path):
    table = "ImageId,EncodedPixels,Height,Width\n00071,1 3,3,4\nx/b.png,1 3,3,4\n"
    folder(tmp_path, {"img/00071.png": SIZE, "x/b.png": SIZE, "y/b.png": SIZE}, labels=table)
    found = samples(tmp_path)
    assert {name: len(sample.instances) for name, sample in found.items()} == {
        "img/00071.png": 1,
        "x/b.png": 1,
        "y/b.png": 0,
    }


def test_two_names_of_one_image_are_one_sample(tmp_path: Path):
    folder(tmp_path, {"a.png": SIZE}, train="ImageId,EncodedPixels\na,1 3\na.png,1 1 4 1\n")
    (sample,) = read(tmp_path).samples
    assert [pixels for _, pixels in items.decoded(sample)] == [LEFT.tolist(), TOP.tolist()]


def test_rows_of_an_image_that_is_not_there_are_read_too(tmp_path: Path):
    folder(tmp_path, {"a.png": SIZE}, train="ImageId,EncodedPixels,Height,Width\nz.png,1 3,3,4\n")
    found = samples(tmp_path)
    assert list(found) == ["z.png", "a.png"]
    assert found["z.png"].picture is None
    assert found["z.png"].size_hw == SIZE
    assert items.decoded(found["z.png"]) == [("mask", LEFT.tolist())]
    assert found["a.png"].instances == []


def test_rows_that_name_no_image_mean_the_only_one(tmp_path: Path):
    folder(tmp_path, {"a.png": SIZE}, train="ImageId,EncodedPixels\n,1 3\n")
    assert items.decoded(samples(tmp_path)["a.png"]) == [("mask", LEFT.tolist())]
    folder(tmp_path, {"b.png": SIZE})
    assert read(tmp_path).problems == [
        Problem("train.csv, row 2", "The row does not say which image it belongs to.")
    ]


def test_pictures_of_masks_beside_the_images_are_no_samples(tmp_path: Path):
    images = {"train/masks/a.png": SIZE, "train/pictures/a.png": SIZE}
    folder(tmp_path, images, train="id,rle_mask\na,1 3\n")
    assert list(samples(tmp_path)) == ["train/pictures/a.png"]


def test_masks_are_made_anew_each_time_and_equal(tmp_path: Path):
    folder(tmp_path, {"a.png": SIZE}, train="ImageId,EncodedPixels\na.png,1 3\n")
    (sample,) = read(tmp_path).samples
    assert sample.instances == sample.instances
    assert sample.instances[0] is not sample.instances[0]


# Sizes


def test_the_size_in_the_table_goes_before_that_of_the_image(tmp_path: Path):
    table = "ImageId,EncodedPixels,Height,Width\na.png,1 3,3,4\n"
    (sample,) = read(folder(tmp_path, {"a.png": (6, 8)}, train=table)).samples
    assert sample.instances[0].mask.size_hw == sample.read().size_hw == SIZE


def test_the_size_of_the_image_goes_before_that_of_the_dialect(tmp_path: Path):
    table = "ImageId,ClassId,EncodedPixels\na.png,1,1 3\nb.png,1,1 3\n"
    found = samples(folder(tmp_path, {"a.png": SIZE}, train=table))
    assert found["a.png"].instances[0].mask.size_hw == SIZE
    assert found["a.png"].read().size_hw is None
    assert found["b.png"].instances[0].mask.size_hw == (256, 1600)
    assert found["b.png"].size_hw == (256, 1600)


def test_an_image_that_cannot_be_read_leaves_the_size_of_the_dialect(tmp_path: Path):
    folder(tmp_path, {}, train="ImageId,ClassId,EncodedPixels\na.png,1,1 3\n")
    (tmp_path / "a.png").write_bytes(b"no picture")
    (sample,) = read(tmp_path).samples
    assert sample.picture is not None
    assert sample.instances[0].mask.size_hw == (256, 1600)


def test_the_size_is_that_of_the_upright_image(tmp_path: Path):
    folder(tmp_path, {}, train="ImageId,EncodedPixels\na.jpg,1 3\n")
    exif = PIL.Image.Exif()
    exif[0x0112] = 6
    PIL.Image.new("RGB", (3, 4)).save(tmp_path / "a.jpg", exif=exif)
    assert items.decoded(read(tmp_path).samples[0]) == [("mask", LEFT.tolist())]


def test_each_image_may_have_another_size(tmp_path: Path):
    table = "id,rle_mask\na,1 1 5 2\nb,1 1 5 2\n"
    found = samples(folder(tmp_path, {"a.png": (3, 4), "b.png": (6, 2)}, train=table))
    assert items.decoded(found["a.png"]) == [("mask", by_pairs("1 1 5 2", (3, 4)))]
    assert items.decoded(found["b.png"]) == [("mask", by_pairs("1 1 5 2", (6, 2)))]


def test_no_image_is_opened_where_the_table_says_the_size(tmp_path: Path):
    opened = Counter[str]()

    class Watched(FolderFiles):
        def open(self, name: str) -> Any:
            opened[name] += 1
            return super().open(name)

    table = "ImageId,EncodedPixels,Height,Width\na.png,1 3,3,4\n"
    folder(tmp_path, {"a.png": SIZE, "b.png": SIZE}, sized=table)
    found = FileSource(Watched(tmp_path), "set")
    for sample in kaggle.read(found, kaggle.find(found)).samples:
        sample.read()
    assert set(opened) == {"sized.csv"}


def test_only_the_first_images_are_opened_before_a_sample_is_read(tmp_path: Path):
    opened = Counter[str]()

    class Watched(FolderFiles):
        def open(self, name: str) -> Any:
            opened[name] += 1
            return super().open(name)

    names = [f"{number:03}.png" for number in range(60)]
    rows = [f"{name},1 3" for name in names]
    folder(
        tmp_path,
        dict.fromkeys(names, SIZE),
        train="\n".join(["ImageId,EncodedPixels", *rows]),
    )
    found = FileSource(Watched(tmp_path), "set")
    kaggle.read(found, kaggle.find(found))
    assert set(names[24:]).isdisjoint(opened)


# Dialects


@pytest.mark.parametrize("dialect", sorted(set(DIALECTS) - {"zero-based-rows"}))
def test_every_dialect_is_found_and_read(tmp_path: Path, dialect: str):
    disk = np.hypot(*np.mgrid[-30:34, -50:54]) < 25
    square = np.zeros(disk.shape, np.bool_)
    square[10:20, 30:80] = True
    rows = [RleRow(2, "a.png", "x", rle.encode(disk)), RleRow(3, "b.png", "x", rle.encode(square))]
    size_hw = disk.shape
    table = rle_csv.write(rows, dialect)
    found = samples(folder(tmp_path, {"a.png": size_hw, "b.png": size_hw}, train=table))
    for name, pixels in (("a.png", disk), ("b.png", square)):
        assert found[name].read().problems == []
        (instance,) = found[name].instances
        assert np.array_equal(rle.decode(instance.mask), pixels)


def test_rows_of_an_image_are_one_mask_where_the_dialect_says_so(tmp_path: Path):
    # From 0, each start counts from the end of the run before; 5 1 2 1 fits no other dialect.
    table = "ImageId, EncodedPixels\na,  5 1 2 1\na, 0 2\nb, -1\n"
    found = samples(folder(tmp_path, {"a.png": SIZE, "b.png": SIZE}, train=table))
    assert items.decoded(found["a.png"]) == [("mask", mask("#...\n#...\n.##.").tolist())]
    assert found["a.png"].read().annotations[0].where == "train.csv, row 2"
    assert found["b.png"].instances == []


def test_codes_along_the_rows_are_known_by_their_columns(tmp_path: Path):
    folder(tmp_path, {"a.png": SIZE}, train="img,rle_mask\na.png,1 2 5 1\n")
    assert items.decoded(samples(tmp_path)["a.png"])[0][1] == mask("##..\n#...\n....").tolist()


# Tables


def test_several_tables_are_read_each_in_its_dialect(tmp_path: Path):
    folder(
        tmp_path,
        {"a.png": SIZE, "b.png": SIZE},
        columns="ImageId,ClassId,EncodedPixels\na.png,1,1 3\n",
        rows="img,rle_mask\na.png,1 2\nb.png,1 2\n",
    )
    found = samples(tmp_path)
    assert items.decoded(found["a.png"]) == [("1", LEFT.tolist()), ("mask", TOP.tolist())]
    assert items.decoded(found["b.png"]) == [("mask", TOP.tolist())]


def test_a_sample_submission_beside_a_table_is_left_out(tmp_path: Path):
    table = "ImageId,EncodedPixels\na.png,1 3\n"
    folder(tmp_path, {"a.png": SIZE}, sample_submission=table)
    assert len(samples(tmp_path)["a.png"].instances) == 1
    folder(tmp_path, {}, train="ImageId,EncodedPixels\na.png,1 1 4 1\n")
    dataset = read(tmp_path)
    assert items.decoded(dataset.samples[0]) == [("mask", TOP.tolist())]
    (problem,) = dataset.problems
    assert problem.where == "sample_submission.csv"
    assert "sample submission" in problem.reason


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_tables_of_every_encoding_and_separator_are_found(tmp_path: Path, encoding: str):
    folder(tmp_path, {"ä.png": SIZE})
    text = '"ImageId";"ClassId";"EncodedPixels"\n"ä.png";"Riß";"1 3"\n'
    (tmp_path / "train.csv").write_bytes(text.encode(encoding))
    assert items.decoded(samples(tmp_path)["ä.png"]) == [("Riß", LEFT.tolist())]


def test_a_table_whose_first_row_is_longer_than_what_is_looked_at_is_found(tmp_path: Path):
    code = " ".join(f"{start} 1" for start in range(1, 40_001, 2))
    folder(tmp_path, {"a.png": (200, 200)}, train=f"ImageId,EncodedPixels\na.png,{code}\n")
    assert rle.area(samples(tmp_path)["a.png"].instances[0].mask) == 20_000


@pytest.mark.parametrize(
    "text",
    [
        "id,outline\na.png,1 1 4 1 7 1\n",
        "a.png,ship,1 1 4 1 7 1\nb.png,car,\n",
    ],
)
def test_codes_are_known_without_the_name_of_their_column(tmp_path: Path, text: str):
    folder(tmp_path, {"a.png": SIZE}, table=text)
    assert len(samples(tmp_path)["a.png"].instances) == 1


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n\n",
        "ImageId,EncodedPixels\n",
        "id,label\n1,cat\n2,dog\n",
        "image,mask\na.png,masks/a.png\nb.png,masks/b.png\n",
        "id,size\n1,640 480\n2,800 600\n",
        "id,box\n1,10 20 30 40\n2,[10, 20, 30, 40]\n",
        "id,points\n1,10 20 30 40 25 60 5 40\n2,9 2 3 4 1 8\n",
        "file,width,height\na.png,640,480\n",
        "epoch,loss\n1,0.5\n2,0.25\n",
        "/m/011k07,Tortoise\n/m/011q46kg,Container\n",
        "MaskPath,ImageID,LabelName\na.png,b,/m/01\n",
        "ImageID,ImageWidth,ImageHeight,PredictionString\na,4,3,/m/01 0.5 eNqLiYrLN7DNCjDMMIj0\n",
        "ImageID,LabelName,ImageWidth,ImageHeight,Mask\na,/m/01,4,3,eNqLiYrLN7DNCjDMMIj0N\n",
        "\x89PNG\r\n\x1a\n\0\0",
        "counts\n0 3 9\n",
    ],
)
def test_other_tables_are_not_claimed(tmp_path: Path, text: str):
    folder(tmp_path, {"a.png": SIZE}, table=text)
    assert kaggle.find(items.source(tmp_path)) == []


# Faults


def test_a_bad_code_is_a_problem_and_the_rest_is_read(tmp_path: Path):
    table = "ImageId,ClassId,EncodedPixels\na.png,1,1 3\na.png,2,11 5\na.png,3,1 1 4 1\n"
    (sample,) = read(folder(tmp_path, {"a.png": SIZE}, train=table)).samples
    contents = sample.read()
    assert [annotation.instance.label for annotation in contents.annotations] == ["1", "3"]
    (problem,) = contents.problems
    assert (problem.where, problem.sample) == ("train.csv, row 3", "a.png")
    assert problem.reason == "Run 1 (start 11, length 5) goes past the last of 12 pixels."


def test_rows_that_cannot_be_taken_apart_are_problems_of_the_set(tmp_path: Path):
    table = "ImageId,EncodedPixels,Height,Width\na.png,1 3,3,4\na.png,1 3\nb.png,1 3,0,4\n"
    dataset = read(folder(tmp_path, {"a.png": SIZE}, train=table))
    assert [(problem.where, problem.sample) for problem in dataset.problems] == [
        ("train.csv, row 3", ""),
        ("train.csv, row 4", ""),
    ]
    assert [sample.name for sample in dataset.samples] == ["a.png"]


def test_rows_of_one_image_that_state_two_sizes_are_a_problem(tmp_path: Path):
    table = "ImageId,EncodedPixels,Height,Width\na,1 3,3,4\na,1 3,4,3\na,1 1,3,4\n"
    (sample,) = read(folder(tmp_path, {}, train=table)).samples
    contents = sample.read()
    assert len(contents.annotations) == 2
    (problem,) = contents.problems
    assert problem.where == "train.csv, row 3"
    assert problem.reason.startswith("It says that the image has 3 × 4 pixels")


def test_a_size_that_nothing_says_is_a_problem_of_each_row(tmp_path: Path):
    (sample,) = read(folder(tmp_path, {}, train="id,encoding\na,1 3\na,\na,5 2\n")).samples
    contents = sample.read()
    assert contents.annotations == []
    assert [problem.where for problem in contents.problems] == [
        "train.csv, row 2",
        "train.csv, row 4",
    ]
    assert "Nothing says how large the image is" in contents.problems[0].reason


def test_an_image_that_claims_to_be_huge_is_not_believed(tmp_path: Path):
    folder(tmp_path, {}, train="ImageId,EncodedPixels\na.png,1 3\n")
    header = struct.pack(">IIBBBBB", 60_000, 60_000, 1, 0, 0, 0, 0)
    chunks = b""
    for kind, body in ((b"IHDR", header), (b"IDAT", b"x"), (b"IEND", b"")):
        chunks += struct.pack(">I", len(body)) + kind + body
        chunks += struct.pack(">I", zlib.crc32(kind + body))
    (tmp_path / "a.png").write_bytes(b"\x89PNG\r\n\x1a\n" + chunks)
    (sample,) = read(tmp_path).samples
    contents = sample.read()
    sizes = {annotation.instance.mask.size_hw for annotation in contents.annotations}
    assert sizes <= {(768, 768)}  # either the header is not read, or the row is refused
    assert len(contents.annotations) + len(contents.problems) == 1


def test_a_table_that_cannot_be_read_does_not_keep_another_from_being_read(tmp_path: Path):
    folder(tmp_path, {"a.png": SIZE}, good="ImageId,EncodedPixels\na.png,1 3\n")
    (tmp_path / "bad.csv").write_bytes(b"ImageId,EncodedPixels\nb,1 3\n" * 4000 + b"\xff\xfe\0\0")
    dataset = read(tmp_path)
    assert [problem.where for problem in dataset.problems] == ["bad.csv"]
    assert len(dataset.samples[0].instances) == 1
    (tmp_path / "good.csv").unlink()
    with pytest.raises(DatasetError, match=r"bad\.csv: "):
        read(tmp_path)


def test_names_that_climb_out_are_only_names(tmp_path: Path):
    (tmp_path / "secret.png").write_bytes(items.picture(SIZE))
    inner = tmp_path / "set"
    inner.mkdir()
    folder(inner, {"a.png": SIZE}, train="ImageId,ClassId,EncodedPixels\n../secret.png,1,1 3\n")
    assert samples(inner)["../secret.png"].picture is None


# Writing


def parsed(text: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text.decode(), newline="")))


def test_the_written_table_is_that_of_severstal(tmp_path: Path):
    ring = mask("###.\n#.#.\n####")
    written = [
        items.item("a", items.instance(ring, "cat"), items.instance(TOP, "dog")),
        items.item("sub/b", size_hw=(2, 2)),
    ]
    items.write(tmp_path, kaggle.KaggleWriter(["cat", "dog"]), written)
    header, *rows = parsed((tmp_path / "train.csv").read_bytes())
    assert header == ["ImageId", "ClassId", "EncodedPixels"]
    assert [row[:2] for row in rows] == [["a.png", "cat"], ["a.png", "dog"], ["sub/b.png", ""]]
    assert [by_pairs(row[2], SIZE) for row in rows[:2]] == [ring.tolist(), TOP.tolist()]
    assert rows[2][2] == ""
    assert (tmp_path / "images" / "sub" / "b.png").is_file()


def test_what_is_written_is_read_back(tmp_path: Path):
    ring, full, single = mask("###\n#.#\n###\n#.."), np.ones((1, 5), np.bool_), mask("#")
    written = [
        items.item("x/a", items.instance(ring, "=1+1"), items.instance(ring.copy(), 'a "b", c')),
        items.item("y/a", items.instance(full, "'-2")),
        items.item("none", size_hw=(7, 2)),
        items.item("one", items.instance(single, "Größe\nzwei"), items.instance(single, "")),
    ]
    items.write(tmp_path, kaggle.KaggleWriter([]), written)
    found = samples(tmp_path)
    assert {name: items.decoded(sample) for name, sample in found.items()} == {
        "images/x/a.png": [("=1+1", ring.tolist()), ('a "b", c', ring.tolist())],
        "images/y/a.png": [("'-2", full.tolist())],
        "images/none.png": [],
        "images/one.png": [("Größe\nzwei", [[True]]), ("mask", [[True]])],
    }


def test_without_images_the_table_says_their_sizes(tmp_path: Path):
    one = items.item("a", items.instance(LEFT, "x"))
    two = items.item("b", size_hw=(5, 6))
    writer = kaggle.KaggleWriter([])
    for entry in (one, two):
        assert (
            list(
                writer.sample(
                    type(entry)(entry.stem, entry.suffix, entry.size_hw, entry.instances, False)
                )
            )
            == []
        )
    ((name, text),) = writer.end()
    assert name == "train.csv"
    assert parsed(text) == [
        ["ImageId", "ClassId", "EncodedPixels", "Height", "Width"],
        ["a.png", "x", "1 3", "3", "4"],
        ["b.png", "", "", "5", "6"],
    ]
    (tmp_path / name).write_bytes(text)
    assert {sample.name: sample.size_hw for sample in read(tmp_path).samples} == {
        "a.png": SIZE,
        "b.png": (5, 6),
    }


@pytest.mark.parametrize("label", ["a\0b", "\ud800"])
def test_labels_that_no_text_file_can_hold_do_not_spoil_the_table(tmp_path: Path, label: str):
    items.write(tmp_path, kaggle.KaggleWriter([]), [items.item("a", items.instance(LEFT, label))])
    (instance,) = samples(tmp_path)["images/a.png"].instances
    assert rle.decode(instance.mask).tolist() == LEFT.tolist()


# A large set, and real ones


def test_a_made_up_set_of_steel_has_the_masks_it_was_made_with(tmp_path: Path):
    areas = steel_set.write_set(tmp_path, n_images=120, n_rows=68, seed=3)
    assert len(areas) == 68
    dataset = read(tmp_path)
    found = {
        (sample.name.rpartition("/")[2], instance.label): rle.area(instance.mask)
        for sample in dataset.samples
        for instance in sample.instances
    }
    assert found == areas
    assert len(dataset.samples) == 120
    assert {sample.size_hw for sample in dataset.samples} == {steel_set.SIZE}
    assert {sample.image().shape for sample in dataset.samples[:30]} == {(*steel_set.SIZE, 3)}
    contents = {path.read_bytes() for path in (tmp_path / "train_images").iterdir()}
    assert len(contents) == 120


@needs_data
@of_pycocotools
def test_the_nuclei_of_dsb2018_have_their_pixels(tmp_path: Path):
    found = samples(DATA / "dsb2018")
    assert len(found) == 12
    rows: dict[str, list[str]] = {}
    with (DATA / "dsb2018" / "labels_rle.csv").open(encoding="utf-8", newline="") as file:
        for line in csv.DictReader(file):
            rows.setdefault(f"images/{line['ImageId']}.png", []).append(line["EncodedPixels"])
    assert {name: len(sample.instances) for name, sample in found.items()} == {
        name: len(codes) for name, codes in rows.items()
    }
    for name, sample in found.items():
        height, width = sample.probe.size_hw
        assert sample.read().problems == []
        for instance, code in zip(sample.instances, rows[name], strict=True):
            numbers = np.array(code.split(), np.int64).reshape(-1, 2)
            edges = np.concatenate(
                ([0], (numbers - [1, 0]).cumsum(axis=1).reshape(-1), [height * width])
            )
            counts = {"size": [height, width], "counts": np.diff(edges).tolist()}
            theirs = coco.decode(coco.frPyObjects(counts, height, width))
            assert np.array_equal(rle.decode(instance.mask), theirs)


@needs_data
def test_the_severstal_predictions_are_read_beside_images_of_others():
    dataset = read(DATA / "severstal")
    assert dataset.stated_labels == ("1", "2", "3", "4")
    assert len(dataset.samples) == 7204 // 4 + 3
    assert sum(sample.picture is None for sample in dataset.samples) == 7204 // 4
    assert sum(len(sample.instances) for sample in dataset.samples) == 782
