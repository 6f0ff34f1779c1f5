from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path

import numpy as np
import pytest

from maskcore import cutout, image_io, rle
from maskcore.cutout import files as cutout_files
from maskcore.files import archive
from maskcore.types import Instance
from tests.grids import mask

IMAGE = np.random.default_rng(0).integers(0, 256, (4, 6, 3), np.uint8)
BIRD = Instance(rle.encode(mask("......\n.##...\n.#....\n......")), "bird", 0.98765)
HAND = Instance(rle.encode(mask("....##\n....##\n......\n......")), "=cmd()")
EMPTY = Instance(rle.empty((4, 6)), "nothing", 0.9)
HEADER = "file,kind,image,label,score,x,y,width,height,area,left,top,image_width,image_height"


def pixels(png: bytes) -> np.ndarray:
    """The file as Pillow reads it, alpha included."""
    import PIL.Image

    with PIL.Image.open(io.BytesIO(png)) as picture:
        return np.array(picture)


def test_each_object_is_a_file_and_so_is_what_is_left() -> None:
    files = dict(cutout_files.members(IMAGE, [BIRD, HAND], stem="photo"))
    assert list(files) == [
        "photo.98.bird.1_1_2_2.png",
        "photo.100.=cmd().4_0_2_2.png",
        "photo.background.png",
        "manifest.csv",
        "manifest.json",
    ]
    assert (pixels(files["photo.98.bird.1_1_2_2.png"]) == cutout.extract(IMAGE, BIRD.mask)).all()
    left = cutout.background(IMAGE, [BIRD.mask, HAND.mask])
    assert (pixels(files["photo.background.png"]) == left).all()


def test_files_are_made_one_at_a_time(monkeypatch) -> None:
    made = []
    monkeypatch.setattr(image_io, "encode_png", lambda array: made.append(array.shape) or b"")
    stream = cutout_files.members(IMAGE, [BIRD, HAND], stem="photo")
    assert made == []
    next(stream)
    assert made == [(2, 2, 4)]


def test_the_manifest_is_a_table_and_json() -> None:
    files = dict(
        cutout_files.members(IMAGE, [BIRD, HAND], stem="photo", source="a/photo.jpg", margin=3)
    )
    assert files["manifest.csv"].decode().splitlines() == [
        HEADER,
        "photo.98.bird.1_1_2_2.png,cutout,a/photo.jpg,bird,0.9877,1,1,2,2,3,0,0,6,4",
        "photo.100.=cmd().4_0_2_2.png,cutout,a/photo.jpg,'=cmd(),,4,0,2,2,4,1,0,6,4",
        "photo.background.png,background,a/photo.jpg,background,,0,0,6,4,17,0,0,6,4",
    ]
    records = json.loads(files["manifest.json"])
    assert [",".join(record) for record in records] == [HEADER] * 3
    assert records[0]["score"] == 0.9877
    assert records[1]["label"] == "=cmd()"
    assert records[1]["score"] is None


def test_left_and_top_say_where_a_cut_out_belongs() -> None:
    stream = cutout_files.cutouts(IMAGE, [BIRD, HAND], stem="a", margin=1, feather=2)
    for entry, png in stream:
        cut = pixels(png)
        place = np.s_[entry.top : entry.top + len(cut), entry.left : entry.left + cut.shape[1]]
        opaque = cut[:, :, 3] == 255
        assert (cut[opaque][:, :3] == IMAGE[place][opaque]).all()


def test_equal_names_are_told_apart() -> None:
    files = cutout_files.members(IMAGE, [BIRD, BIRD], stem="a", with_background=False)
    assert [name for name, _ in files][:2] == ["a.98.bird.1_1_2_2.png", "a.98.bird.1_1_2_2_2.png"]


def test_masks_have_the_names_of_the_cut_outs() -> None:
    files = dict(cutout_files.members(IMAGE, [BIRD, EMPTY], stem="a", with_masks=True))
    assert list(files)[2:4] == ["masks/a.98.bird.1_1_2_2.png", "masks/a.background.png"]
    inside = pixels(files["masks/a.98.bird.1_1_2_2.png"])
    assert (inside == rle.decode(BIRD.mask)).all()
    assert (pixels(files["masks/a.background.png"]) != inside).all()
    records = json.loads(files["manifest.json"])
    assert [record["kind"] for record in records] == ["cutout", "background", "mask", "mask"]
    assert records[2]["left"] == records[2]["top"] == 0


@pytest.mark.parametrize("instances", [[], [EMPTY]])
def test_without_objects_there_is_only_an_empty_manifest(instances) -> None:
    files = dict(cutout_files.members(IMAGE, instances, stem="a", with_masks=True))
    assert list(files) == ["manifest.csv", "manifest.json"]
    assert files["manifest.csv"].decode() == HEADER + "\n"
    assert json.loads(files["manifest.json"]) == []


def test_the_names_are_the_same_in_a_zip() -> None:
    members = list(cutout_files.members(IMAGE, [BIRD, BIRD, HAND], stem="con", with_masks=True))
    with zipfile.ZipFile(io.BytesIO(archive.zip_bytes(members))) as zipped:
        assert zipped.namelist() == [name for name, _ in members]


def test_a_folder_gets_the_files(tmp_path: Path) -> None:
    members = list(cutout_files.members(IMAGE, [BIRD], stem="a", with_masks=True))
    written = archive.write_folder(tmp_path / "new" / "cut", members)
    assert [path.relative_to(tmp_path / "new" / "cut").as_posix() for path in written] == [
        name for name, _ in members
    ]
    assert all(
        path.read_bytes() == content for path, (_, content) in zip(written, members, strict=True)
    )
