from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import PIL.Image
import pytest

from maskcore import image_io, patches
from maskcore.__main__ import main
from maskcore.files import archive

IMAGE = np.random.default_rng(0).integers(0, 256, (20, 30, 3), np.uint8)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def picture(name: str, image: np.ndarray = IMAGE) -> np.ndarray:
    Path(name).parent.mkdir(parents=True, exist_ok=True)
    image_io.write_image(Path(name), image)
    return image


def run(line: str) -> int:
    return main(["patches", *line.split()])


def files(folder: str = "out") -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in Path(folder).rglob("*.png"))


def read(path: str) -> np.ndarray:
    with PIL.Image.open(path) as opened:
        return np.array(opened)


def rows(folder: str = "out") -> list[dict]:
    return json.loads(Path(folder, "manifest.json").read_text("utf-8"))


def bar(name: str, value: int, size_hw: tuple[int, int] = (20, 30)) -> np.ndarray:
    pixels = np.zeros(size_hw, np.uint8)
    pixels[3:9, 4:17] = value
    return picture(name, pixels)


def test_an_image_is_cut_and_joined_again(capsys) -> None:
    picture("photo.png")
    assert run("photo.png --size 16 --out out") == 0
    assert files() == [
        f"images/photo_y0000{y}_x0000{x}.png" for y in ("00", "16") for x in ("00", "16")
    ]
    assert "4 patches in out." in capsys.readouterr().out
    assert run("--join out --out whole.png") == 0
    assert (read("whole.png") == IMAGE).all()
    assert run("--join out/images --out whole") == 0
    assert (read("whole/photo.png") == IMAGE).all()


@pytest.mark.parametrize("edge", ["pad", "reflect", "shift"])
def test_size_stride_and_edge_are_as_said(edge: str) -> None:
    picture("photo.png")
    assert run(f"photo.png --size 12x8 --stride 10x5 --edge {edge} --out out") == 0
    grid = patches.grid((20, 30), (8, 12), stride=(5, 10), edge=edge)
    assert [(it["y"], it["x"]) for it in rows()] == [*map(tuple, grid.places.tolist())]
    for overlap in patches.OVERLAPS:
        assert run(f"--join out --overlap {overlap} --out whole.png") == 0
        assert (read("whole.png") == IMAGE).all()


def test_dropped_edges_come_back_as_what_they_are_filled_with(capsys) -> None:
    picture("photo.png")
    assert run("photo.png --size 16 --edge drop --out out") == 0
    assert run("--join out --out whole.png") == 1
    assert "leave 57.333% of the image open" in capsys.readouterr().err
    assert run("--join out --out whole.png --fill 9") == 0
    assert (read("whole.png")[:16, :16] == IMAGE[:16, :16]).all()
    assert (read("whole.png")[16:] == 9).all()


def test_masks_are_cut_alike_and_joined_by_naming_their_folder() -> None:
    picture("in/photo.png")
    white = bar("masks/photo.png", 255)
    assert run("in --masks masks --size 8 --min-mask 0.01 --out out") == 0
    names = [Path(it).name for it in files()]
    assert files() == [
        f"{kind}/{name}" for kind in ("images", "masks") for name in names[: len(names) // 2]
    ]
    assert 0 < len(rows()) < 12
    for row in rows():
        y, x = row["y"], row["x"]
        mask = white[y : y + 8, x : x + 8] > 0
        assert (read(f"out/{row['mask']}")[: mask.shape[0], : mask.shape[1]] == mask).all()
        assert row["mask_share"] == pytest.approx(mask.sum() / 64, abs=1e-4)
    assert run("--join out/masks --fill 0 --out mask.png") == 0
    assert (read("mask.png") == (white > 0)).all()


def test_label_maps_keep_their_numbers_and_named_masks_count_from_one() -> None:
    picture("photo.png")
    labels = bar("masks/photo.png", 7)
    labels[12:15] = 300 % 256
    picture("masks/photo.png", labels)
    assert run("photo.png --masks masks --size 64 --out out") == 0
    assert (read("out/masks/photo_y000000_x000000.png")[:20, :30] == labels).all()
    picture("named/photo.90.bird.0_0_4_4.png", (labels == 7) * np.uint8(255))
    picture("named/photo.80.cat.0_0_4_4.png", (labels == 44) * np.uint8(255))
    assert run("photo.png --masks named --size 64 --out out2") == 0
    found = read("out2/masks/photo_y000000_x000000.png")[:20, :30]
    assert (found == np.select([labels == 44, labels == 7], [1, 2], 0)).all()


def test_an_all_black_mask_keeps_nothing_and_is_no_fault() -> None:
    picture("photo.png")
    bar("masks/photo.png", 0)
    assert run("photo.png --masks masks --size 8 --min-mask 0.1 --out out") == 0
    assert rows() == []
    assert run("photo.png --masks masks --size 8 --out all") == 0
    assert len(rows("all")) == 12


def test_the_sides_are_folders_that_augment_takes() -> None:
    picture("photo.png")
    bar("masks/photo.png", 255)
    assert run("photo.png --masks masks --size 8 --validation 0.25 --seed 3 --out out") == 0
    assert [it["side"] for it in rows()].count("validation") == 3
    line = (
        "augment out/training/images --masks out/training/masks --count 2 --rotation 20 --out aug"
    )
    assert main(line.split()) == 0
    assert len(files("aug")) == 9 * 2 * 2
    assert run("--join out --out whole.png") == 0
    assert (read("whole.png") == IMAGE).all()


def test_a_folder_of_images_is_joined_to_a_folder() -> None:
    first, second = picture("in/a.png"), picture("in/deep/a.png", IMAGE[::-1, ::2].copy())
    assert run("in --size 8 --out out") == 0
    assert {it["image"] for it in rows()} == {"a.png", str(Path("deep", "a.png"))}
    assert run("--join out --out whole") == 0
    assert (read("whole/a.png") == first).all()
    assert (read("whole/a_2.png") == second).all()


def test_what_is_done_is_skipped_and_other_settings_are_refused(capsys) -> None:
    picture("photo.png")
    assert run("photo.png --size 8 --out out") == 0
    before = {name: Path("out", name).stat().st_mtime_ns for name in files()}
    capsys.readouterr()
    assert run("photo.png --size 8 --out out") == 0
    assert "done before" in capsys.readouterr().err
    assert before == {name: Path("out", name).stat().st_mtime_ns for name in files()}
    assert run("photo.png --size 16 --out out") == 2
    assert "other settings" in capsys.readouterr().err
    assert run("photo.png --size 16 --out out --again") == 0
    assert len(files()) == len(rows()) == 4


def test_one_bad_file_does_not_end_the_others(capsys) -> None:
    picture("in/a.png")
    Path("in/b.png").write_bytes(b"no picture")
    picture("in/c.png")
    picture("in/small.png", IMAGE[:4, :4].copy())
    bar("masks/a.png", 255)
    bar("masks/b.png", 255)
    bar("masks/small.png", 255, (19, 30))
    assert run("in --masks masks --size 8 --edge shift --out out") == 1
    said = capsys.readouterr().err
    assert "3 failures:" in said
    assert "b.png" in said
    assert "c.png: masks has no mask of that name." in said
    assert "small.png: The mask has 30 × 19 pixels" in said
    assert {it["image"] for it in rows()} == {"a.png"}


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("--out out", "nothing to do"),
        ("photo.png --min-mask 0.1 --out out", "--min-mask needs masks"),
        ("photo.png --join out --out whole", "Images are cut, patches joined"),
        ("--join missing --out whole", "missing is no folder"),
        ("--join empty --out whole", "no manifest.json or manifest.csv"),
        ("--join empty --manifest nowhere.json --out whole", "nowhere.json cannot be read"),
        ("--join empty --manifest photo.png --out whole", "not a text file"),
    ],
)
def test_what_cannot_be_done_is_said_at_once(line: str, fault: str, capsys) -> None:
    picture("photo.png")
    Path("empty").mkdir()
    assert run(line) == 2
    assert fault in capsys.readouterr().err


@pytest.mark.parametrize(
    "line",
    [
        "photo.png --size 0 --out out",
        "photo.png --size big --out out",
        "photo.png --stride 0 --out out",
        "photo.png --stride 8x --size -1 --out out",
        "photo.png --min-mask 2 --out out",
        "photo.png --validation much --out out",
        "photo.png --seed -1 --out out",
        "photo.png --edge wrap --out out",
        "--join out --fill 256 --out whole.png",
    ],
)
def test_numbers_out_of_range_are_wrong_usage(line: str, capsys) -> None:
    with pytest.raises(SystemExit) as ended:
        run(line)
    assert ended.value.code == 2
    assert "must be" in (said := capsys.readouterr().err) or "choose from" in said


def test_patches_larger_than_the_image_are_a_failure_unless_they_are_padded(capsys) -> None:
    picture("photo.png")
    assert run("photo.png --size 64 --edge drop --out out") == 1
    assert "The patches of 64 × 64 pixels are larger than the image of 30 × 20" in (
        capsys.readouterr().err
    )
    assert run("photo.png --size 64 --out padded") == 0
    assert run("--join padded --out whole.png") == 0
    assert (read("whole.png") == IMAGE).all()


def test_joining_needs_one_file_per_image(capsys) -> None:
    picture("in/a.png")
    picture("in/b.png")
    assert run("in --size 16 --out out") == 0
    assert run("--join out --out whole.png") == 2
    assert "The patches are of 2 images; choose a folder" in capsys.readouterr().err
    Path("out/images/a_y000000_x000016.png").unlink()
    assert run("--join out --out whole") == 1
    said = capsys.readouterr().err
    assert "1 of its 4 patches are missing, such as images/a_y000000_x000016.png" in said
    assert files("whole") == ["b.png"]
    assert run("--join out --out whole --fill 0") == 0
    assert files("whole") == ["a.png", "b.png"]


def test_predictions_elsewhere_need_the_manifest_named() -> None:
    picture("photo.png")
    assert run("photo.png --size 16 --out out") == 0
    for name in files():
        predicted = read(f"out/{name}")[..., 0] > 100
        Path("predicted").mkdir(exist_ok=True)
        archive.write_file(Path("predicted", Path(name).name), image_io.encode_png(predicted))
    assert run("--join predicted --manifest out/manifest.csv --out whole.png") == 0
    assert (read("whole.png") == (IMAGE[..., 0] > 100)).all()


def test_a_folder_that_cannot_be_written_is_one_sentence(capsys) -> None:
    picture("photo.png")
    Path("out").write_text("a file")
    assert run("photo.png --size 16 --out out") == 1
    assert "cannot be written: Not a directory." in capsys.readouterr().err
