from __future__ import annotations

import csv
import io
import json
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import PIL.Image
import pytest

from maskcore import image_io, patches
from maskcore.errors import MaskcoreError
from maskcore.files import archive
from maskcore.files.zips import ZipFiles
from maskcore.patches import files as patch_files, manifest as patch_manifest, rejoin as patch_join
from maskcore.patches.files import PatchSource, Settings
from maskcore.patches.manifest import PatchEntry

DATA = os.environ.get("MASKCORE_TEST_DATA")
IMAGE = np.random.default_rng(0).integers(0, 256, (10, 14, 3), np.uint8)
MASK = np.random.default_rng(1).random((10, 14)) < 0.5
LABELS = np.random.default_rng(2).integers(0, 400, (10, 14), np.uint16)
FOUR = Settings(size_hw=(4, 4), stride_hw=(4, 4))
ROW = PatchEntry("images/a.png", "", "a.png", 0, 0, 4, 4, 10, 14)


def pixels(content: bytes) -> np.ndarray:
    with PIL.Image.open(io.BytesIO(content)) as opened:
        return np.array(opened)


def cut(mask: np.ndarray | None = MASK, settings: Settings = FOUR) -> dict[str, bytes]:
    return dict(patch_files.members([PatchSource("strip", "strip.jpg", IMAGE, mask)], settings))


def joined(files: dict[str, bytes], *, masks: bool = False, **options) -> np.ndarray:
    entries = patch_manifest.read(files["manifest.json"])
    found, _ = patch_manifest.locate(entries, files, masks=masks)
    return patch_join.join(found, files.__getitem__, **options)


# ---- writing


def test_images_and_masks_lie_in_twin_folders() -> None:
    files = cut()
    names = [f"strip_y00000{y}_x0000{x:02d}.png" for y in (0, 4, 8) for x in (0, 4, 8, 12)]
    assert [name for name in files if name.startswith("images/")] == [
        f"images/{name}" for name in names
    ]
    assert [name for name in files if name.startswith("masks/")] == [
        f"masks/{name}" for name in names
    ]
    assert list(files)[-2:] == ["manifest.csv", "manifest.json"]
    one = pixels(files["images/strip_y000004_x000008.png"])
    assert (one == IMAGE[4:8, 8:12]).all()
    its_mask = pixels(files["masks/strip_y000004_x000008.png"])
    assert its_mask.dtype == np.bool_
    assert (its_mask == MASK[4:8, 8:12]).all()
    corner = pixels(files["images/strip_y000008_x000012.png"])
    assert (corner[:2, :2] == IMAGE[8:, 12:]).all()
    assert not corner[2:].any()
    assert not corner[:, 2:].any()


def test_the_memory_order_of_image_and_mask_does_not_matter() -> None:
    settings = replace(FOUR, stride_hw=(3, 3), min_mask=0.3)
    for image, mask in [
        (np.asfortranarray(IMAGE), np.asfortranarray(MASK)),
        (np.repeat(IMAGE, 2, axis=1)[:, ::2], MASK[::-1, ::-1].copy()[::-1, ::-1]),
    ]:
        before = image.copy(), mask.copy()
        files = dict(
            patch_files.members([PatchSource("strip", "strip.jpg", image, mask)], settings)
        )
        assert files == cut(settings=settings)
        assert (image == before[0]).all()
        assert (mask == before[1]).all()


def test_labels_keep_their_numbers() -> None:
    files = cut(LABELS)
    found = pixels(files["masks/strip_y000000_x000004.png"])
    assert (found == LABELS[:4, 4:8]).all()


def test_without_a_mask_there_are_images_only() -> None:
    files = cut(None)
    assert {name.partition("/")[0] for name in files} == {"images", "manifest.csv", "manifest.json"}
    assert all(record["mask"] == "" and record["mask_share"] is None for record in records(files))


def records(files: dict[str, bytes]) -> list[dict]:
    return json.loads(files["manifest.json"])


def test_the_manifest_says_where_each_patch_belongs() -> None:
    files = cut()
    rows = records(files)
    assert rows[5] == {
        "file": "images/strip_y000004_x000004.png",
        "mask": "masks/strip_y000004_x000004.png",
        "image": "strip.jpg",
        "x": 4,
        "y": 4,
        "width": 4,
        "height": 4,
        "image_width": 14,
        "image_height": 10,
        "mask_share": round(MASK[4:8, 4:8].mean(), 4),
        "side": "",
    }
    table = list(csv.DictReader(io.StringIO(files["manifest.csv"].decode())))
    assert [{k: str(v) for k, v in row.items()} for row in rows] == table
    assert patch_manifest.read(files["manifest.csv"]) == patch_manifest.read(files["manifest.json"])


def test_text_that_a_spreadsheet_would_run_is_guarded_and_read_back() -> None:
    files = dict(patch_files.members([PatchSource("=a", "=a.png", IMAGE)], FOUR))
    assert b",'=a.png," in files["manifest.csv"]
    assert patch_manifest.read(files["manifest.csv"])[0].image == "=a.png"


def test_training_and_validation_have_folders_of_their_own() -> None:
    files = cut(settings=replace(FOUR, validation=0.25))
    folders = [name.rpartition("/")[0] for name in files if "/" in name]
    assert {folder: folders.count(folder) for folder in folders} == {
        "training/images": 9,
        "training/masks": 9,
        "validation/images": 3,
        "validation/masks": 3,
    }
    for row in records(files):
        assert row["file"].startswith(f"{row['side']}/images/")
    assert (joined(files) == IMAGE).all()


def test_what_goes_where_depends_on_seed_and_stem_only() -> None:
    settings = replace(FOUR, validation=0.25)
    first = patch_files.plan((40, 40), settings, stem="a").sides
    assert (first == patch_files.plan((40, 40), settings, stem="a").sides).all()
    assert (first != patch_files.plan((40, 40), settings, stem="b").sides).any()
    other = replace(settings, seed=1)
    assert (first != patch_files.plan((40, 40), other, stem="a").sides).any()


def test_patches_with_too_little_mask_are_not_written() -> None:
    settings = replace(FOUR, min_mask=0.5)
    dealt = patch_files.plan((10, 14), settings, stem="strip", mask=MASK)
    whole = patches.split(IMAGE, 4, mask=MASK)
    enough = whole.masks.mean(axis=(1, 2)) >= 0.5
    assert dealt.too_little == np.count_nonzero(~enough)
    files = cut(settings=settings)
    assert [(record["y"], record["x"]) for record in records(files)] == [
        *map(tuple, whole.places[enough])
    ]


def test_one_patch_is_made_at_a_time(monkeypatch) -> None:
    made = []
    monkeypatch.setattr(image_io, "encode_png", lambda array: made.append(array.shape) or b"")
    stream = patch_files.members([PatchSource("a", "a.png", IMAGE, MASK)], FOUR)
    assert made == []
    next(stream)
    assert made == [(4, 4, 3), (4, 4)]


def test_progress_counts_the_patches_of_each_image() -> None:
    told = []
    sources = [PatchSource("a", "a.png", IMAGE), PatchSource("b", "b.png", IMAGE[:4])]
    files = dict(patch_files.members(sources, FOUR, progress=lambda *call: told.append(call)))
    assert told == [*((i, 12) for i in range(12)), *((i, 4) for i in range(4))]
    assert [entry.image for entry in patch_manifest.read(files["manifest.csv"])][11:13] == [
        "a.png",
        "b.png",
    ]


def test_settings_out_of_range_are_named() -> None:
    with pytest.raises(ValueError, match="min_mask must be 0 to 1, got 3"):
        cut(settings=replace(FOUR, min_mask=3))
    with pytest.raises(MaskcoreError, match="larger than the image"):
        cut(settings=replace(FOUR, size_hw=(11, 4), edge="shift"))


# ---- reading the manifest


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (b"", "lists no patch"),
        (b"[]", "lists no patch"),
        (b"file,x,y\n", "lists no patch"),
        (b"{}", "not a list of patches"),
        (b"[1]", "not a list of patches"),
        (b"[" * 100_000, "damaged"),
        (b'[{"file": "a.png"', "damaged"),
        (b'[{"file": "a.png"}]', "Row 1 of the manifest has no file, place or size"),
        (b"file,x\na.png,0", "Row 1 of the manifest has no file"),
        (b"\x89PNG\r\n\0\0", "not a text file"),
    ],
)
def test_what_is_no_manifest_is_one_sentence(content: bytes, fault: str) -> None:
    with pytest.raises(MaskcoreError, match=fault):
        patch_manifest.read(content)


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"x": -1}, "place or size that cannot be"),
        ({"width": 0}, "place or size that cannot be"),
        ({"file": ""}, "place or size that cannot be"),
        ({"x": "left"}, "no file, place or size"),
        ({"x": None}, "no file, place or size"),
        ({"x": float("inf")}, "no file, place or size"),
        ({"image_width": 10**9}, "at most 50 megapixels"),
        ({"image_width": 60_000, "image_height": 60_000}, "at most 50 megapixels"),
        ({"width": 60_000, "height": 60_000}, "at most 50 megapixels"),
    ],
)
def test_a_row_that_makes_no_sense_is_named(change: dict, fault: str) -> None:
    rows = [json.loads(next(c for n, c in patch_manifest.manifest([ROW]) if "json" in n))[0]] * 2
    content = json.dumps([rows[0], {**rows[1], **change}]).encode()
    with pytest.raises(MaskcoreError, match=f"Row 2 of the manifest .*{fault}"):
        patch_manifest.read(content)


def test_rows_are_sorted_by_image_and_must_agree_on_sizes() -> None:
    other = replace(ROW, image="b.png", file="images/b.png", image_width=99)
    more = replace(ROW, file="images/c.png", x=4)
    assert patch_manifest.of_images([ROW, other, more]) == {"a.png": [ROW, more], "b.png": [other]}
    with pytest.raises(MaskcoreError, match=r"more than one size for the image a\.png"):
        patch_manifest.of_images([ROW, replace(more, image_width=11)])
    with pytest.raises(MaskcoreError, match=r"patches of a\.png in more than one size"):
        patch_manifest.of_images([ROW, replace(more, width=5)])


# ---- finding files


def names_of(entries: list[PatchEntry], names: list[str], **options) -> list[str | None]:
    found, missing = patch_manifest.locate(entries, names, **options)
    assert missing == [entry for entry in entries if entry not in found]
    return [found.get(entry) for entry in entries]


def test_files_are_found_by_name_wherever_they_lie() -> None:
    one = PatchEntry("training/images/p1.png", "training/masks/p1.png", "a", 0, 0, 4, 4, 9, 9)
    two = replace(one, file="validation/images/p2.png", mask="validation/masks/p2.png", x=4)
    both = [one, two]
    assert names_of(both, ["p1.png", "p2.tif"]) == ["p1.png", "p2.tif"]
    assert names_of(both, ["mine/p2.jpg", "other.png"]) == [None, "mine/p2.jpg"]
    twins = [
        f"x/{side}/{kind}/p{i}.png"
        for kind in ("masks", "images")
        for i, side in ((1, "training"), (2, "validation"))
    ]
    assert names_of(both, twins) == [twins[2], twins[3]]
    assert names_of(both, twins, masks=True) == [twins[0], twins[1]]
    assert patch_manifest.has_images_and_masks(both, twins)
    assert not patch_manifest.has_images_and_masks(both, twins[:2])
    assert not patch_manifest.has_images_and_masks(both, ["p1.png"])
    # Somebody has taken the folders of one side out of theirs.
    assert names_of([one], ["masks/p1.png", "images/p1.png"]) == ["images/p1.png"]


def test_files_that_cannot_be_told_apart_are_one_sentence() -> None:
    with pytest.raises(MaskcoreError, match="There are 2 files for the patch a;"):
        patch_manifest.locate([ROW], ["one/a.png", "two/a.png"])
    with pytest.raises(MaskcoreError, match="None of the files is a patch"):
        patch_manifest.locate([ROW], ["b.png", "manifest.json"])


# ---- joining


@pytest.mark.parametrize("mask", [MASK, LABELS, LABELS.astype(np.uint8)])
@pytest.mark.parametrize(
    "settings",
    [
        FOUR,
        replace(FOUR, stride_hw=(3, 2), edge="reflect"),
        replace(FOUR, size_hw=(5, 6), stride_hw=(2, 4), edge="shift"),
        replace(FOUR, size_hw=(50, 20), pad_rgb=(9, 8, 7)),
    ],
)
def test_files_join_to_the_same_image_and_mask(mask: np.ndarray, settings: Settings) -> None:
    files = cut(mask, settings)
    for overlap in patches.OVERLAPS:
        image = joined(files, overlap=overlap)
        assert (image == IMAGE).all()
        again = joined(files, masks=True, overlap=overlap)
        assert again.dtype == mask.dtype
        assert (again == mask).all()


def test_what_was_predicted_comes_back_as_it_is() -> None:
    files = cut()
    entries = patch_manifest.read(files["manifest.json"])
    for kind, mode in ((np.uint8, "L"), (np.uint16, "I;16"), (np.bool_, "1")):
        predicted = {}
        for i, entry in enumerate(entries):
            content = io.BytesIO()
            PIL.Image.fromarray(np.full((4, 4), i, np.uint8).astype(kind)).save(content, "PNG")
            predicted[entry.file.rpartition("/")[2]] = content.getvalue()
        assert PIL.Image.open(io.BytesIO(content.getvalue())).mode == mode
        found, _ = patch_manifest.locate(entries, predicted)
        whole = patch_join.join(found, predicted.__getitem__)
        assert whole.dtype == kind
        assert whole.shape == (10, 14)
        assert whole[::4, ::4].ravel().tolist() == np.arange(12).astype(kind).tolist()


def test_progress_is_told_and_the_order_of_the_files_does_not_matter() -> None:
    files = cut(settings=replace(FOUR, stride_hw=(2, 2)))
    entries = patch_manifest.read(files["manifest.json"])
    found, _ = patch_manifest.locate(entries[::-1], files)
    told = []
    whole = patch_join.join(found, files.__getitem__, overlap="average", progress=told.append)
    assert (whole == IMAGE).all()
    assert told == list(range(1, len(entries) + 1))


def test_missing_patches_are_a_fault_or_filled() -> None:
    files = cut(settings=FOUR)
    entries = patch_manifest.read(files["manifest.json"])[1:]
    found, _ = patch_manifest.locate(entries, files)
    with pytest.raises(MaskcoreError, match=r"leave 11\.429% of the image open"):
        patch_join.join(found, files.__getitem__)
    whole = patch_join.join(found, files.__getitem__, fill=0)
    assert not whole[:4, :4].any()
    assert (whole[4:] == IMAGE[4:]).all()
    with pytest.raises(MaskcoreError, match="no patch to join"):
        patch_join.join({}, files.__getitem__)


def test_files_that_do_not_fit_are_named() -> None:
    files = cut()
    name = "images/strip_y000004_x000004.png"
    for content, fault in [
        (image_io.encode_png(IMAGE[:4, :5]), "It has 5 × 4 pixels, but the manifest says 4 × 4"),
        (image_io.encode_png(IMAGE[:4, :4, 0].copy()), "one is 4 × 4, gray, those before it"),
        (b"no picture", "."),
    ]:
        with pytest.raises(MaskcoreError, match=f"strip_y000004_x000004.png: .*{fault}"):
            joined({**files, name: content})


@pytest.mark.skipif(not DATA, reason="needs MASKCORE_TEST_DATA")
def test_real_images_come_back_out_of_a_zip(tmp_path: Path) -> None:
    paths = sorted(Path(DATA or "", "severstal").glob("*.jpg"))
    sizes = {
        path: image_io.read_image(path) for path in Path(DATA or "", "photos/large").glob("*.jpg")
    }
    photo = min(
        sizes, key=lambda path: abs(sizes[path].shape[0] * sizes[path].shape[1] - 12_000_000)
    )
    images = {path.name: image_io.read_image(path) for path in [*paths, photo]}
    sources = (
        PatchSource(Path(name).stem, name, image, image[..., 1] > 90)
        for name, image in images.items()
    )
    settings = Settings(size_hw=(256, 256), stride_hw=(256, 256), edge="reflect")
    archive.write_zip(tmp_path / "patches.zip", patch_files.members(sources, settings))
    files = ZipFiles(tmp_path / "patches.zip")
    entries = patch_manifest.read(files.read("manifest.json"))
    for name, rows in patch_manifest.of_images(entries).items():
        found, missing = patch_manifest.locate(rows, files.names)
        assert not missing
        assert np.array_equal(patch_join.join(found, files.read), images[name])
        found, _ = patch_manifest.locate(rows, files.names, masks=True)
        assert np.array_equal(patch_join.join(found, files.read), images[name][..., 1] > 90)
