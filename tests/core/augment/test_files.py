from __future__ import annotations

import contextlib
import csv
import io
import json
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import PIL.Image
import pytest

from maskcore import augment, rle
from maskcore.augment import Drawn, Ranges, files as augment_files, summaries as augment_summaries
from maskcore.augment.files import Original, Plan
from maskcore.errors import ImageError
from maskcore.files import archive
from maskcore.types import Instance

# Of pycocotools' own arrays, under NumPy 2.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

RNG = np.random.default_rng(3)
IMAGE = RNG.integers(0, 256, (40, 60, 3), np.uint8)
OTHER = RNG.integers(0, 256, (50, 30, 3), np.uint8)
RANGES = Ranges(rotation=40, shift_x=0.3, zoom=(0.7, 1.3), horizontal_flip=True, noise=5)


def blob(size_hw: tuple[int, int], y: int, x: int, radius: int, label: str) -> Instance:
    rows, columns = np.mgrid[: size_hw[0], : size_hw[1]]
    inside = (rows - y) ** 2 + (columns - x) ** 2 <= radius**2
    inside &= (rows - y) ** 2 + (columns - x) ** 2 >= (radius / 3) ** 2  # with a hole
    return Instance(rle.encode(inside), label, 0.5)


LAYERS = [
    blob((40, 60), 20, 20, 9, "cat"),
    blob((40, 60), 20, 28, 9, "=dog"),
    blob((40, 60), 10, 50, 6, "cat"),
    Instance(rle.empty((40, 60)), "nothing"),
]
OTHERS = [blob((50, 30), 25, 15, 10, "bird")]


def originals(*, name: str = "photo.jpg") -> list[Original]:
    return [
        Original(name, lambda: (IMAGE, LAYERS)),
        Original("b/photo.png", lambda: (OTHER, OTHERS)),
    ]


def made(**options) -> dict[str, bytes]:
    return dict(augment_files.members(originals(), RANGES, **options))


def pixels(content: bytes) -> np.ndarray:
    with PIL.Image.open(io.BytesIO(content)) as picture:
        return np.array(picture)


def coco_of(files: dict[str, bytes], folder: Path):
    """The annotations as pycocotools reads them."""
    coco = pytest.importorskip("pycocotools.coco")
    path = folder / "annotations.json"
    path.write_bytes(files["annotations.json"])
    with contextlib.redirect_stdout(io.StringIO()):
        return coco.COCO(str(path))


def test_each_sample_is_an_image_and_its_label_map() -> None:
    names = list(made(count=2))
    assert names == [
        "images/photo_aug000.png",
        "label_maps/photo_aug000.png",
        "images/photo_aug001.png",
        "label_maps/photo_aug001.png",
        "images/photo_2_aug000.png",
        "label_maps/photo_2_aug000.png",
        "images/photo_2_aug001.png",
        "label_maps/photo_2_aug001.png",
        "annotations.json",
        "classes.csv",
        "manifest.csv",
        "manifest.json",
    ]


def test_masks_come_one_file_each_and_jpegs_if_asked_for() -> None:
    files = made(count=1, image_format="jpg", with_label_maps=False, with_masks=True)
    assert list(files)[:6] == [
        "images/photo_aug000.jpg",
        "masks/photo_aug000/cat.png",
        "masks/photo_aug000/=dog.png",
        "masks/photo_aug000/cat_2.png",
        "masks/photo_aug000/nothing.png",
        "images/photo_2_aug000.jpg",
    ]
    assert files["images/photo_aug000.jpg"][:3] == b"\xff\xd8\xff"
    assert not pixels(files["masks/photo_aug000/nothing.png"]).any()


def test_pycocotools_finds_the_masks_where_the_files_have_them(tmp_path: Path) -> None:
    files = made(count=5, with_masks=True)
    coco = coco_of(files, tmp_path)
    names = {number: category["name"] for number, category in coco.cats.items()}
    assert list(names.values()) == ["cat", "=dog", "nothing", "bird"]
    assert len(coco.imgs) == 10
    for image in coco.imgs.values():
        stem = image["file_name"].removesuffix(".png")
        shown = pixels(files[f"images/{image['file_name']}"])
        assert shown.shape == (image["height"], image["width"], 3)
        folder = f"masks/{stem}/"
        wanted = [pixels(content) for name, content in files.items() if name.startswith(folder)]
        wanted = [mask for mask in wanted if mask.any()]
        found = coco.imgToAnns[image["id"]]
        labels = np.zeros(shown.shape[:2], np.uint8)
        for annotation, inside in zip(found, wanted, strict=True):
            decoded = coco.annToMask(annotation).astype(bool)
            assert (decoded == inside).all()
            rows, columns = np.nonzero(inside)
            x, y, width, height = annotation["bbox"]
            assert (x, y) == (columns.min(), rows.min())
            assert (x + width, y + height) == (columns.max() + 1, rows.max() + 1)
            assert annotation["area"] == inside.sum()
            assert annotation["iscrowd"] == 0
            labels[decoded] = annotation["category_id"]
        assert (pixels(files[f"label_maps/{image['file_name']}"]) == labels).all()


def test_the_manifest_tells_how_each_sample_was_made() -> None:
    files = made(count=3, seed=8)
    manifest = json.loads(files["manifest.json"])
    assert (manifest["seed"], manifest["count"]) == (8, 3)
    assert Ranges(**manifest["ranges"]) == RANGES
    assert [sample["file"] for sample in manifest["samples"]][2:4] == [
        "images/photo_aug002.png",
        "images/photo_2_aug000.png",
    ]
    for row in manifest["samples"]:
        image = IMAGE if row["image"] == "photo.jpg" else OTHER
        again, _ = augment.apply(image, Drawn.from_dict(row["drawn"]))
        assert (pixels(files[row["file"]]) == again).all()


def test_the_table_for_people_has_a_column_for_each_number() -> None:
    rows = list(csv.DictReader(io.StringIO(made(count=2)["manifest.csv"].decode())))
    manifest = json.loads(made(count=2)["manifest.json"])["samples"]
    assert len(rows) == len(manifest) == 4
    for row, sample in zip(rows, manifest, strict=True):
        assert row["file"] == sample["file"]
        assert float(row["rotation"]) == sample["drawn"]["rotation"]
        assert row["horizontal_flip"] == ("true" if sample["drawn"]["horizontal_flip"] else "false")
        assert row["jpeg_quality"] == ""


def test_a_label_that_looks_like_a_formula_is_guarded_in_the_table() -> None:
    assert made(count=1)["classes.csv"].decode() == "id,label\n1,cat\n2,'=dog\n3,nothing\n4,bird\n"


def test_class_ids_are_the_same_in_every_image() -> None:
    both = [
        Original("a.png", lambda: (IMAGE, LAYERS[:1])),
        Original("b.png", lambda: (IMAGE, [LAYERS[1], LAYERS[0]])),
    ]
    files = dict(augment_files.members(both, Ranges(), count=1))
    first, second = (pixels(files[f"label_maps/{stem}_aug000.png"]) for stem in "ab")
    assert set(first.flat) == {0, 1}
    assert ((second == 1) == rle.decode(LAYERS[0].mask)).all()
    assert ((second == 2) == rle.decode(rle.difference(LAYERS[1].mask, LAYERS[0].mask))).all()


def test_an_image_without_masks_has_an_empty_label_map() -> None:
    alone = [Original("a.png", lambda: (IMAGE, []))]
    files = dict(augment_files.members(alone, RANGES, count=1))
    assert not pixels(files["label_maps/a_aug000.png"]).any()
    assert json.loads(files["annotations.json"])["annotations"] == []


def test_leaving_a_sample_out_changes_no_other() -> None:
    everything = made(count=4)
    some = made(count=4, left_out=[(0, 1), (1, 0), (1, 3), (0, 99), (7, 0)])
    missing = {
        f"{folder}/{stem}.png"
        for folder in ("images", "label_maps")
        for stem in ("photo_aug001", "photo_2_aug000", "photo_2_aug003")
    }
    summaries = {"annotations.json", "classes.csv", "manifest.csv", "manifest.json"}
    assert set(everything) - set(some) == missing
    assert all(some[name] == everything[name] for name in some if name not in summaries)
    listed = json.loads(some["manifest.json"])["samples"]
    assert [(sample["image"], sample["index"]) for sample in listed] == [
        ("photo.jpg", 0),
        ("photo.jpg", 2),
        ("photo.jpg", 3),
        ("b/photo.png", 1),
        ("b/photo.png", 2),
    ]


def test_a_sample_depends_on_seed_name_and_number_only() -> None:
    few, many = made(count=1), made(count=3)
    assert few["images/photo_aug000.png"] == many["images/photo_aug000.png"]
    (_, alone) = originals()
    files = dict(augment_files.members([alone], RANGES, count=2))
    assert files["images/photo_aug001.png"] == many["images/photo_2_aug001.png"]
    assert made(count=1, seed=1)["images/photo_aug000.png"] != few["images/photo_aug000.png"]
    assert made(count=3) == many


def test_files_are_made_one_sample_at_a_time() -> None:
    loaded = []

    def load():
        loaded.append("a")
        return IMAGE, LAYERS

    stream = augment_files.members([Original("a.png", load)], RANGES, count=1000)
    assert loaded == []
    next(stream)
    assert loaded == ["a"]


def test_progress_counts_samples_and_may_stop_the_work() -> None:
    calls = []
    made(count=3, left_out=[(0, 0), (5, 5)], progress=lambda *call: calls.append(call))
    assert calls == [(1, 5), (2, 5), (3, 5), (4, 5), (5, 5)]

    class Cancelled(BaseException):
        pass

    def stop(done: int, total: int) -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        made(count=3, progress=stop)


def test_the_names_in_a_zip_are_those_in_the_annotations() -> None:
    twins = [*originals(), *originals(name="PHOTO.png"), *originals(name="con.png")]
    members = list(augment_files.members(twins, RANGES, count=1))
    with zipfile.ZipFile(io.BytesIO(archive.zip_bytes(members))) as zipped:
        assert zipped.namelist() == [name for name, _ in members]
        listed = json.loads(zipped.read("annotations.json"))["images"]
        stored = {name.removeprefix("images/") for name in zipped.namelist()}
    assert len({image["file_name"] for image in listed}) == 6
    assert {image["file_name"] for image in listed} <= stored


@pytest.mark.parametrize(
    ("names", "stems"),
    [
        (["a.png", "a.jpg", "x/a.png"], ["a", "a_2", "a_3"]),
        (["photo"], ["photo"]),
        (["a.b.png", "c\\d.png"], ["a.b", "d"]),
        ([""], ["image"]),
    ],
)
def test_stems_are_file_names_and_differ(names: list[str], stems: list[str]) -> None:
    assert augment_files.stems(names) == stems


def test_what_cannot_be_read_says_so() -> None:
    def load():
        raise ImageError("photo.jpg is damaged; save it anew.")

    with pytest.raises(ImageError, match="is damaged"):
        list(augment_files.members([Original("photo.jpg", load)], RANGES))


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"count": 0}, "count must be at least 1, got 0"),
        ({"seed": -1}, "seed must be at least 0, got -1"),
        ({"image_format": "gif"}, "image_format must be png or jpg, got 'gif'"),
    ],
)
def test_arguments_are_checked_before_anything_is_made(options: dict, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        augment_files.members(originals(), RANGES, **options)


def test_without_samples_the_summaries_are_empty() -> None:
    files = dict(augment_summaries.summaries([], Plan(RANGES).to_dict(), {}))
    assert json.loads(files["annotations.json"]) == {
        "images": [],
        "annotations": [],
        "categories": [],
    }
    assert json.loads(files["manifest.json"])["samples"] == []


def test_a_plan_is_json() -> None:
    plan = Plan(replace(RANGES, jpeg_quality=50))
    assert json.loads(json.dumps(plan.to_dict()))["ranges"]["jpeg_quality"] == [50, 100]
