from __future__ import annotations

import base64
import csv
import io
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
import pytest
from pycocotools import mask as coco

from maskcore.datasets.formats import open_images
from maskcore.datasets.writer import Item
from maskcore.errors import DatasetError
from tests.core.datasets import items
from tests.grids import mask

RING = mask("###.\n#.#.\n####")
TWO = mask("#..#\n#..#\n....")
SIZE = 3, 4
ID = "25adb319ebc72921"
MASKS = "MaskPath,ImageID,LabelName,BoxID,BoxXMin,BoxXMax,BoxYMin,BoxYMax,PredictedIoU,Clicks\n"
TABLE = "train-annotations-object-segmentation.csv"


def png(pixels: np.ndarray, mode: str = "1") -> bytes:
    buffer = io.BytesIO()
    PIL.Image.fromarray(np.uint8(pixels) * 255).convert(mode).save(buffer, "png")
    return buffer.getvalue()


def encoded(pixels: np.ndarray) -> str:
    """The code of a mask as the challenge's own example makes it."""
    counts = coco.encode(np.asfortranarray(pixels, np.uint8))["counts"]
    return base64.b64encode(zlib.compress(counts, zlib.Z_BEST_COMPRESSION)).decode()


def folder(root: Path, **files: bytes | str) -> Path:
    """Files by path; "__" stands for "/"."""
    for name, content in files.items():
        path = root / name.replace("__", "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return root


def official(root: Path, rows: str, **files: bytes | str) -> Path:
    return folder(root, **{f"annotations/{TABLE}": MASKS + rows}, **files)


def read(root: Path) -> Any:
    return items.read(open_images, root)


def only(root: Path) -> Any:
    (sample,) = read(root).samples
    return sample


# Files of masks


def test_every_row_is_a_mask_file_of_its_image(tmp_path: Path):
    official(
        tmp_path,
        f"{ID}_m02mqfb_8423620f.png,{ID},/m/02mqfb,8423620f,0.25,1.000000,0,0.666667,0.8,"
        "0.95498 0.65197 1;0.89370 0.56579 1\n"
        f"{ID}_m01g317_0011aaff.png,{ID},/m/01g317,0011aaff,,,,,,\n",
        **{
            f"train/{ID}.png": items.picture(SIZE),
            f"train-masks-2/{ID}_m02mqfb_8423620f.png": png(RING),
            f"train-masks-2/{ID}_m01g317_0011aaff.png": png(TWO),
            "class-descriptions-boxable.csv": (
                '/m/01g317,Person\n/m/0x,"Bus, red"\n/m/02mqfb,Toy\n'
            ),
        },
    )
    dataset = read(tmp_path)
    assert (dataset.format, dataset.stated_labels) == ("open-images", ("Person", "Toy"))
    assert dataset.problems == []
    (sample,) = dataset.samples
    assert sample.name == sample.picture.path == f"train/{ID}.png"
    assert items.decoded(sample) == [("Toy", RING.tolist()), ("Person", TWO.tolist())]
    first, second = sample.read().annotations
    assert first.where == f"annotations/{TABLE}, row 2"
    assert first.box == pytest.approx((1, 0, 4, 2), abs=1e-5)
    assert second.box is None
    assert first.instance.score is None
    assert sample.read().problems == []


def test_without_class_descriptions_masks_are_called_by_their_ids(tmp_path: Path):
    official(tmp_path, f"m.png,{ID},/m/01g317,a,,,,,,\n", **{"m.png": png(RING)})
    dataset = read(tmp_path)
    assert dataset.stated_labels == ("/m/01g317",)
    (sample,) = dataset.samples
    assert (sample.name, sample.picture, sample.size_hw) == (ID, None, SIZE)
    assert items.decoded(sample) == [("/m/01g317", RING.tolist())]


def test_the_header_of_later_class_descriptions_is_no_class(tmp_path: Path):
    official(
        tmp_path,
        f"m.png,{ID},LabelName,a,,,,,,\nm.png,{ID},/m/1,a,,,,,,\n",
        **{
            "m.png": png(RING),
            "oidv7-class-descriptions.csv": "LabelName,DisplayName\n/m/1,Cat\n",
        },
    )
    assert [finding.label for finding in only(tmp_path).instances] == ["LabelName", "Cat"]


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB", "LA"])
def test_what_is_not_0_is_inside_in_files_of_every_kind(tmp_path: Path, mode: str):
    official(tmp_path, f"m.png,{ID},a,b,,,,,,\n", **{"m.png": png(RING, mode)})
    assert items.decoded(only(tmp_path)) == [("a", RING.tolist())]


def test_dim_and_deep_files_are_inside_too(tmp_path: Path):
    for name, array in (("l.png", np.uint8(RING)), ("i.png", np.uint16(RING))):
        PIL.Image.fromarray(array).save(tmp_path / name)
    official(tmp_path, f"l.png,{ID},a,b,,,,,,\ni.png,{ID},a,b,,,,,,\n")
    assert items.decoded(only(tmp_path)) == [("a", RING.tolist())] * 2


def test_a_file_of_the_image_s_proportions_is_brought_to_its_size(tmp_path: Path):
    official(
        tmp_path,
        f"m.png,{ID},a,b,0,0.5,0,1,,\nturned.png,{ID},a,b,,,,,,\n",
        **{
            f"{ID}.png": items.picture((6, 8)),
            "m.png": png(RING),
            "turned.png": png(RING.T),
        },
    )
    first, second = only(tmp_path).read().annotations
    twice = np.kron(RING, np.ones((2, 2), np.bool_))
    assert items.decoded(only(tmp_path))[0] == ("a", twice.tolist())
    assert first.box == (0, 0, 4, 6)
    assert second.instance.mask.size_hw == (4, 3)


def test_pictures_of_masks_are_no_samples_but_images_without_masks_are(tmp_path: Path):
    official(
        tmp_path,
        f"m.png,{ID},a,b,,,,,,\n",
        **{
            "m.png": png(RING),
            f"{ID}_m01g317_0011aaff.png": png(RING),  # a mask that no row names
            "images/other.png": items.picture(SIZE),
        },
    )
    assert [sample.name for sample in read(tmp_path).samples] == [ID, "images/other.png"]


def test_images_of_a_list_are_samples_unless_they_are_to_be_had_elsewhere(tmp_path: Path):
    official(
        tmp_path,
        f"m.png,{ID},a,b,,,,,,\n",
        **{
            "m.png": png(RING),
            "annotations/train-images-with-rotation.csv": (
                f"ImageID,Subset,OriginalURL\nempty,train,\n{ID},train,\nfar,train,https://x/y.jpg\n"
            ),
        },
    )
    assert [(sample.name, len(sample.instances)) for sample in read(tmp_path).samples] == [
        ("empty", 0),
        (ID, 1),
    ]


# Codes


def test_predictions_are_read_with_their_confidence(tmp_path: Path):
    folder(
        tmp_path,
        **{
            "predictions.csv": (
                "ImageID,ImageWidth,ImageHeight,PredictionString\n"
                f"{ID},4,3,/m/1 0.75 {encoded(RING)} /m/2 0.5 {encoded(TWO)}\nempty,7,2,\n"
            ),
        },
    )
    dataset = read(tmp_path)
    assert dataset.stated_labels == ("/m/1", "/m/2")
    first, second = dataset.samples
    assert items.decoded(first) == [("/m/1", RING.tolist()), ("/m/2", TWO.tolist())]
    assert [instance.score for instance in first.instances] == [0.75, 0.5]
    assert (first.size_hw, second.size_hw, second.instances) == (SIZE, (2, 7), [])


@pytest.mark.parametrize("column", ["Mask", "EncodedMask"])
def test_the_tables_of_the_evaluation_are_read(tmp_path: Path, column: str):
    folder(
        tmp_path,
        **{
            "validation.csv": (
                "ImageID,LabelName,ImageWidth,ImageHeight,XMin,YMin,XMax,YMax,IsGroupOf,"
                f"{column}\n{ID},/m/1,4,3,0.25,0,1,1,1,{encoded(RING)}\n"
                f"{ID},/m/2,4,3,0,0,1,1,0,{encoded(TWO)}\n"
            ),
            f"{ID}.png": items.picture(SIZE),
        },
    )
    sample = only(tmp_path)
    assert items.decoded(sample) == [("/m/1", RING.tolist()), ("/m/2", TWO.tolist())]
    assert [instance.is_crowd for instance in sample.instances] == [True, False]
    assert [annotation.box for annotation in sample.read().annotations] == [
        (1, 0, 4, 3),
        (0, 0, 4, 3),
    ]
    assert [instance.score for instance in sample.instances] == [None, None]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "ImageId,EncodedPixels\na,1 3\n",
        "ImageID,Source,LabelName,Confidence,XMin,XMax,YMin,YMax\n",
        "LabelName,DisplayName\n/m/1,Cat\n",
        "ImageID,Subset,OriginalURL\n",
        "\x89PNG\r\n\x1a\n\0\0",
    ],
)
def test_other_tables_are_not_claimed(tmp_path: Path, text: str):
    folder(tmp_path, **{"a.csv": text})
    assert open_images.find(items.source(tmp_path)) == []


# Faults


def reasons(sample: Any) -> list[tuple[str, str]]:
    found = sample.read().problems
    assert all(problem.sample == sample.name for problem in found)
    return [(problem.where.rpartition(", ")[2], problem.reason) for problem in found]


def test_each_bad_row_is_a_problem_and_the_rest_is_read(tmp_path: Path):
    official(
        tmp_path,
        f"absent.png,{ID},a,b,,,,,,\n"
        f"text.png,{ID},a,b,,,,,,\n"
        f"m.png,{ID},a,b,0,2,0,1,,\n"
        f"m.png,{ID},a,b,0,nan,0,1,,\n"
        f"m.png,{ID},a,b,x,,,,,\n"
        f"m.png,{ID},,b,,,,,,\n"
        "m.png,,a,b,,,,,,\n"
        "m.png,a\n",
        **{"m.png": png(RING), "text.png": b"text"},
    )
    dataset = read(tmp_path)
    assert [problem.where.rpartition(", ")[2] for problem in dataset.problems] == ["row 9", "row 8"]
    (sample,) = dataset.samples
    assert [label for label, _ in items.decoded(sample)] == ["a", "a", "a", "mask"]
    assert [annotation.box for annotation in sample.read().annotations] == [None] * 4
    found = reasons(sample)
    assert [row for row, _ in found] == ["row 2", "row 3", "row 4", "row 5", "row 6"]
    assert "absent.png, is not there" in found[0][1]
    assert "not a picture" in found[1][1]
    assert all("box" in reason for _, reason in found[2:])


def test_the_image_is_not_taken_for_a_mask_that_is_not_there(tmp_path: Path):
    official(tmp_path, "a.png,a,x,b,,,,,,\n", **{"a.jpg": items.picture(SIZE)})
    sample = only(tmp_path)
    assert sample.name == "a.jpg"
    assert sample.instances == []
    assert len(reasons(sample)) == 1


def test_bad_predictions_are_problems_one_by_one(tmp_path: Path):
    good = encoded(RING)
    rows = [
        f"a,4,3,/m/1 0.5 {good} /m/2 high {good} /m/3 0.5 nonsense /m/4 0.25 {good}",
        f"a,4,3,/m/1 0.5 {good} /m/2",
        f"a,4,4,/m/1 0.5 {good}",
        f"a,100000,100000,/m/1 0.5 {good}",
        f"a,4.5,3,/m/1 0.5 {good}",
    ]
    table = "\n".join(["ImageID,ImageWidth,ImageHeight,PredictionString", *rows])
    sample = only(folder(tmp_path, **{"a.csv": table}))
    assert [label for label, _ in items.decoded(sample)] == ["/m/1", "/m/4"]
    found = reasons(sample)
    assert [row for row, _ in found] == ["row 2", "row 2", "row 3", "row 4", "row 5", "row 6"]
    assert "“high” is not a number" in found[0][1]
    assert "there are 4 words" in found[2][1]


def test_a_confidence_that_is_out_of_range_is_left_out_and_told(tmp_path: Path):
    rows = [f"a,4,3,/m/{score} {score} {encoded(RING)}" for score in ("1.5", "nan", "-inf", "0.5")]
    table = "\n".join(["ImageID,ImageWidth,ImageHeight,PredictionString", *rows])
    sample = only(folder(tmp_path, **{"a.csv": table}))
    assert [instance.score for instance in sample.instances] == [None, None, None, 0.5]
    assert reasons(sample) == [
        ("row 2", "Its score is not between 0 and 1: 1.5."),
        ("row 4", "Its score is not between 0 and 1: -inf."),
    ]


def test_a_table_that_cannot_be_read_does_not_keep_another_from_being_read(tmp_path: Path):
    official(
        tmp_path,
        f"m.png,{ID},a,b,,,,,,\n",
        **{"m.png": png(RING), "bad.csv": MASKS.encode() + b"\xff\xfe\xfd"},
    )
    dataset = read(tmp_path)
    assert [problem.where for problem in dataset.problems] == ["bad.csv"]
    assert len(dataset.samples[0].instances) == 1
    (tmp_path / "annotations" / TABLE).unlink()
    with pytest.raises(DatasetError, match=r"bad\.csv: "):
        read(tmp_path)


def test_paths_that_climb_out_are_only_names(tmp_path: Path):
    (tmp_path / "m.png").write_bytes(png(RING))
    inner = tmp_path / "set"
    official(inner, "../m.png,../x,a,b,,,,,,\n")
    sample = only(inner)
    assert (sample.name, sample.picture, sample.instances) == ("../x", None, [])


# Writing


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_a_file_and_a_row_are_written_for_each_mask(tmp_path: Path):
    written = [
        items.item("a", items.instance(RING, "cat"), items.instance(TWO, "dog")),
        items.item("sub/b", items.instance(TWO, "cat")),
        items.item("none", size_hw=(5, 2)),
    ]
    items.write(tmp_path, open_images.OpenImagesWriter(["dog", "bird", "cat"]), written)
    table = rows(tmp_path / "annotations" / TABLE)
    assert list(table[0]) == MASKS.strip().split(",")
    assert [(row["ImageID"], row["LabelName"]) for row in table] == [
        ("a", "cat"),
        ("a", "dog"),
        ("sub/b", "cat"),
    ]
    assert len({row["MaskPath"] for row in table}) == 3
    assert not any("/" in row["MaskPath"] for row in table)
    for row, pixels in zip(table, (RING, TWO, TWO), strict=True):
        with PIL.Image.open(tmp_path / "masks" / "train" / row["MaskPath"]) as file:
            assert (np.asarray(file) != 0).tolist() == pixels.tolist()
        ys, xs = np.nonzero(pixels)
        box = [xs.min() / 4, (xs.max() + 1) / 4, ys.min() / 3, (ys.max() + 1) / 3]
        stated = [float(row[f"Box{side}"]) for side in ("XMin", "XMax", "YMin", "YMax")]
        assert stated == pytest.approx(box, abs=1e-6)
    classes = (tmp_path / "annotations" / "class-descriptions.csv").read_text("utf-8")
    assert classes == "dog,dog\nbird,bird\ncat,cat\n"
    images = rows(tmp_path / "annotations" / "train-images-with-rotation.csv")
    assert [(row["ImageID"], row["Subset"]) for row in images] == [
        ("a", "train"),
        ("sub/b", "train"),
        ("none", "train"),
    ]
    assert (tmp_path / "images" / "train" / "sub" / "b.png").is_file()


@pytest.mark.parametrize("has_image", [True, False])
def test_what_is_written_is_read_back(tmp_path: Path, has_image: bool):
    single, full = mask("#"), np.ones((1, 9), np.bool_)
    instances = {
        "x/a": (items.instance(RING, "=1+1"), items.instance(RING, 'b, "c"')),
        "y/a": (items.instance(full, "/m/01g317"),),
        "y/a_b": (items.instance(single, "Ж\nd"), items.instance(single, "")),
        "name " + "é" * 56: (items.instance(RING.T, "LabelName"),),
        "none": (),
    }
    written = [
        Item(stem, ".png", some[0].mask.size_hw if some else (2, 2), some, has_image)
        for stem, some in instances.items()
    ]
    items.write(tmp_path, open_images.OpenImagesWriter([]), written)
    dataset = read(tmp_path)
    assert dataset.problems == []
    names = [f"images/train/{stem}.png" if has_image else stem for stem in instances]
    assert [sample.name for sample in dataset.samples] == names
    assert [list(sample.instances) for sample in dataset.samples[:2]] == [
        list(instances["x/a"]),
        list(instances["y/a"]),
    ]
    assert [instance.label for instance in dataset.samples[2].instances] == ["Ж\nd", "mask"]
    assert [instance.mask for instance in dataset.samples[3].instances] == [
        instances[written[3].stem][0].mask
    ]
    for path in (tmp_path / "masks").rglob("*.png"):
        assert len(path.name.encode()) <= 120


@pytest.mark.parametrize("label", ["a\0b", "\ud800"])
def test_labels_that_no_text_file_can_hold_do_not_spoil_the_tables(tmp_path: Path, label: str):
    items.write(
        tmp_path, open_images.OpenImagesWriter([]), [items.item("a", items.instance(RING, label))]
    )
    (instance,) = only(tmp_path).instances
    assert instance.mask == items.instance(RING).mask


def test_an_empty_list_of_images_lists_none(tmp_path: Path):
    rows = f"m.png,{ID},/m/01,b,0,1,0,1,,\n"
    files = {"m.png": png(RING), f"{ID}.png": items.picture(SIZE)}
    official(tmp_path, rows, **{"train-images-with-rotation.csv": ""}, **files)
    assert items.decoded(only(tmp_path)) == [("/m/01", RING.tolist())]
