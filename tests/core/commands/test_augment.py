from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import PIL.Image
import pytest

from maskcore import augment, image_io
from maskcore.__main__ import main
from maskcore.augment import Drawn, Ranges
from maskcore.commands.sample_runner import LOG_NAME
from maskcore.files import archive

GRADIENT = np.repeat(np.arange(240, dtype=np.uint8).reshape(12, 20, 1), 3, axis=2)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def picture(name: str, image: np.ndarray = GRADIENT) -> np.ndarray:
    Path(name).parent.mkdir(parents=True, exist_ok=True)
    image_io.write_image(Path(name), image)
    return image


def labels(name: str, *values: int, size_hw: tuple[int, int] = (12, 20)) -> np.ndarray:
    """Write a label map with a bar 3 pixels high and 15 wide of each value."""
    pixels = np.zeros(size_hw, np.uint8)
    for place, value in enumerate(values):
        pixels[3 * place + 1 : 3 * place + 4, 2:17] = value
    return picture(name, pixels)


def files(folder: str = "out") -> list[str]:
    """The pictures in a folder and below."""
    return sorted(path.relative_to(folder).as_posix() for path in Path(folder).rglob("*.png"))


def read(path: str) -> np.ndarray:
    with PIL.Image.open(path) as opened:
        return np.array(opened)


def manifest(folder: str = "out") -> dict:
    return json.loads(Path(folder, "manifest.json").read_text("utf-8"))


def annotations(folder: str = "out") -> dict:
    return json.loads(Path(folder, "annotations.json").read_text("utf-8"))


def test_it_makes_samples_of_an_image_and_its_label_map(capsys) -> None:
    image = picture("photo.png")
    ids = labels("masks/photo.png", 7, 9)
    line = "augment photo.png --masks masks --count 3 --seed 5 --rotation 20 --out out"
    assert main(line.split()) == 0
    assert files() == [
        f"{kind}/photo_aug00{index}.png" for kind in ("images", "label_maps") for index in range(3)
    ]
    for row in manifest()["samples"]:
        drawn = Drawn.from_dict(row["drawn"])
        assert -20 <= drawn.rotation <= 20
        assert (read(f"out/{row['file']}") == augment.apply(image, drawn)[0]).all()
        moved = augment.apply_labels(ids, drawn)
        as_classes = np.select([moved == 7, moved == 9], [1, 2], 0)
        assert (read(f"out/{row['file']}".replace("images", "label_maps")) == as_classes).all()
    assert [it["name"] for it in annotations()["categories"]] == ["7", "9"]
    assert Path("out/classes.csv").read_text("utf-8") == "id,label\n1,7\n2,9\n"
    assert capsys.readouterr().out == "6 files from 1 image in out.\n"


def test_the_options_become_ranges() -> None:
    picture("photo.png")
    line = (
        "augment photo.png --out out --count 1 --preset strong --rotation=-5:20 --zoom 0.9:1.1 "
        "--hue 4 --horizontal-flip 0 --cutouts 2 --fill constant --fill-color #0a0b0c --format jpg"
    )
    assert main(line.split()) == 0
    strong = augment.PRESETS["strong"].to_dict()
    changed = {
        "rotation": (-5, 20),
        "zoom": (0.9, 1.1),
        "hue": 4,
        "horizontal_flip": 0.0,
        "cutouts": 2,
        "fill": "constant",
        "fill_color": (10, 11, 12),
    }
    assert Ranges(**manifest()["ranges"]) == Ranges(**{**strong, **changed})
    assert Path("out/images/photo_aug000.jpg").read_bytes()[:2] == b"\xff\xd8"


def test_without_ranges_samples_are_copies() -> None:
    image = picture("photo.png")
    assert main(["augment", "photo.png", "--out", "out", "--count", "1"]) == 0
    assert (read("out/images/photo_aug000.png") == image).all()


def test_layers_are_files_of_their_own() -> None:
    picture("photo.png")
    labels("masks/photo.png", 7, 9)
    line = "augment photo.png --masks masks --count 1 --layers --shift-x 0.4:0.4 --out out"
    assert main(line.split()) == 0
    assert (
        read("out/masks/photo_aug000/7.png").sum() == 3 * 10
    )  # 8 to the right, so 5 of 15 are out
    assert files()[-2:] == ["masks/photo_aug000/7.png", "masks/photo_aug000/9.png"]


def test_masks_may_have_names_as_segment_gives_them() -> None:
    picture("in/photo.png")
    inside = np.zeros((12, 20), np.bool_)
    inside[2:5, 3:7] = True
    picture("masks/photo.99.bird.3_2_4_3.png", inside)
    picture("masks/photo.70.kite.3_2_4_3.png", inside)
    picture("masks/photo.background.png", ~inside)
    assert main(["augment", "in", "--masks", "masks", "--count", "2", "--out", "out"]) == 0
    assert [it["name"] for it in annotations()["categories"]] == ["kite", "bird"]
    assert [it["bbox"] for it in annotations()["annotations"]] == [[3, 2, 4, 3]] * 4


def test_images_in_folders_find_their_masks() -> None:
    picture("in/a/photo.png")
    picture("in/b/photo.png")
    picture("in/c.png")
    labels("in/masks/a/photo.png", 3, 4)
    labels("in/masks/b/photo.tif.png", 1)
    labels("in/masks/photo.png", 5, 6)
    labels("in/masks/c.png", 3, 4, 5)
    assert main(["augment", "in", "--masks", "in/masks", "--count", "1", "--out", "out"]) == 0
    assert {it["image"]: it["objects"] for it in manifest()["samples"]} == {
        "a/photo.png": 2,
        "b/photo.png": 2,
        "c.png": 3,
    }
    assert len({it["file"] for it in manifest()["samples"]}) == 3


def test_the_kind_of_the_masks_can_be_said() -> None:
    picture("photo.png")
    labels("masks/photo.png", 1)
    line = "augment photo.png --masks masks --count 1 --out"
    assert main([*line.split(), "by_itself"]) == 0
    assert main([*line.split(), "said", "--mask-kind", "label map"]) == 0
    assert annotations("by_itself")["categories"][0]["name"] == "mask"
    assert annotations("said")["categories"][0]["name"] == "1"


def test_the_same_seed_makes_the_same_files_and_another_others() -> None:
    picture("photo.png")
    line = "augment photo.png --preset strong --count 2 --out"
    for out, seed in (("a", "1"), ("b", "1"), ("c", "2")):
        assert main([*line.split(), out, "--seed", seed]) == 0
    a, b, c = ([Path(out, name).read_bytes() for name in files(out)] for out in ("a", "b", "c"))
    assert a == b
    assert a != c


def test_what_is_done_is_skipped_and_stays_in_the_manifest(capsys) -> None:
    picture("in/a.png")
    line = ["augment", "in", "--preset", "light", "--count", "2", "--out", "out"]
    assert main(line) == 0
    Path("out/images/a_aug000.png").write_bytes(b"mine")
    picture("in/b.png")
    assert main(line) == 0
    assert Path("out/images/a_aug000.png").read_bytes() == b"mine"
    assert [it["image"] for it in manifest()["samples"]] == ["a.png"] * 2 + ["b.png"] * 2
    assert [it["id"] for it in annotations()["images"]] == [1, 2, 3, 4]
    said = capsys.readouterr()
    assert said.out.splitlines()[-1] == "4 files from 1 image in out. 1 had been done before."
    assert "1/2 a.png: done before" in said.err


def test_an_image_or_mask_that_has_changed_is_redone() -> None:
    picture("photo.png")
    labels("masks/photo.png", 1, 2)
    line = ["augment", "photo.png", "--masks", "masks", "--count", "1", "--out", "out"]
    assert main(line) == 0
    labels("masks/photo.png", 1, 2, 3)
    os.utime("masks/photo.png", ns=(1, 1))
    assert main(line) == 0
    assert len(annotations()["annotations"]) == 3


def test_a_file_that_is_gone_is_made_anew() -> None:
    picture("photo.png")
    line = ["augment", "photo.png", "--count", "1", "--out", "out"]
    assert main(line) == 0
    Path("out/label_maps/photo_aug000.png").unlink()
    assert main(line) == 0
    assert len(files()) == 2


def test_other_settings_do_not_mix_with_what_is_there(capsys) -> None:
    picture("photo.png")
    line = ["augment", "photo.png", "--out", "out"]
    assert main([*line, "--count", "3"]) == 0
    Path("out/mine.png").write_bytes(b"")
    assert main([*line, "--count", "1"]) == 2
    assert "out holds samples that were made with other settings" in capsys.readouterr().err
    assert len(manifest()["samples"]) == 3
    assert main([*line, "--count", "1", "--again"]) == 0
    assert files() == ["images/photo_aug000.png", "label_maps/photo_aug000.png", "mine.png"]
    assert len(manifest()["samples"]) == 1


def test_equal_stems_do_not_overwrite_each_other() -> None:
    for name in ("a/photo.png", "b/photo.png"):
        picture(name)
    for _ in range(2):
        for name in ("a/photo.png", "b/photo.png"):
            assert main(["augment", name, "--count", "1", "--out", "out"]) == 0
    assert [it["file"] for it in manifest()["samples"]] == [
        "images/photo_aug000.png",
        "images/photo_2_aug000.png",
    ]


def test_a_bad_file_does_not_stop_the_others(capsys) -> None:
    picture("in/a.png")
    Path("in/b.png").write_bytes(Path("in/a.png").read_bytes()[:60])
    picture("in/c.png")
    picture("in/d.png")
    for stem in "ab":
        labels(f"masks/{stem}.png", 1, 2)
    labels("masks/d.png", 1, 2, size_hw=(12, 21))
    assert (
        main(["augment", "in", "gone.png", "--masks", "masks", "--count", "1", "--out", "out"]) == 1
    )
    said = capsys.readouterr().err.splitlines()
    assert said[-5:] == [
        "4 failures:",
        "  in/b.png: b.png is cut short or damaged; upload it again.",
        "  in/c.png: masks has no mask of that name.",
        "  in/d.png: d.png: The mask has 21 × 12 pixels, the image 20 × 12; it can be resized.",
        "  gone.png: masks has no mask of that name.",
    ]
    assert [it["image"] for it in manifest()["samples"]] == ["in/a.png"]


def test_ctrl_c_leaves_whole_files_and_the_next_run_goes_on(monkeypatch, capsys) -> None:
    for name in ("in/a.png", "in/b.png", "in/c.png"):
        picture(name)
    line = ["augment", "in", "--preset", "light", "--count", "2", "--out", "out"]
    n_written = 0
    write = archive.write_file

    def interrupted(path: Path, payload: bytes) -> None:
        nonlocal n_written
        n_written += 1
        if n_written == 7:
            raise KeyboardInterrupt
        write(path, payload)

    with monkeypatch.context() as patch:
        patch.setattr(archive, "write_file", interrupted)
        assert main(line) == 130
    assert {it["image"] for it in manifest()["samples"]} == {"a.png"}
    with Path("out", LOG_NAME).open("a") as file:
        file.write('{"stem": "torn')
    capsys.readouterr()
    assert main(line) == 0
    assert "done before" in capsys.readouterr().err
    assert len(manifest()["samples"]) == 6
    assert main([*line[:-1], "at_once"]) == 0
    assert annotations() == annotations("at_once")


def test_results_that_cannot_be_written_end_the_command(capsys) -> None:
    picture("photo.png")
    Path("out").write_text("a file", "utf-8")
    assert main(["augment", "photo.png", "--out", "out"]) == 1
    assert "cannot be written" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("--rotation 20:-20", "rotation must go from low to high, got (20.0, -20.0)."),
        ("--zoom 0", "zoom must be above 0, got 0.0"),
        ("--blur=-1", "blur must go from low to high, got -1.0"),
        ("--vertical-flip 2", "vertical_flip must be True, False or a probability, got 2.0."),
        ("--count 0", "count must be at least 1, got 0."),
        ("--masks nowhere", "nowhere is no folder."),
        ("--masks empty", "empty is a folder without image files."),
    ],
)
def test_settings_that_make_no_sense_end_with_2(line: str, said: str, capsys) -> None:
    picture("photo.png")
    Path("empty").mkdir()
    assert main(["augment", "photo.png", "--out", "out", *line.split()]) == 2
    assert said in capsys.readouterr().err
    assert not Path("out").exists()


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("--rotation x", "must be a number or LOW:HIGH, such as 0.8:1.2, not x"),
        ("--count -1", "--count"),
        ("--count 1.5", "must be a whole number up to 100,000, not 1.5"),
        ("--seed x", "must be a whole number up to 100,000, not x"),
        ("--fill mirror", "mirror"),
        ("--fill-color octarine", "must be a color such as white or #ff8800, not octarine"),
        ("--preset wild", "wild"),
    ],
)
def test_arguments_that_make_no_sense_end_with_2(line: str, said: str, capsys) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["augment", "photo.png", "--out", "out", *line.split()])
    assert stopped.value.code == 2
    assert said in capsys.readouterr().err


def test_help_has_examples(capsys) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["augment", "--help"])
    assert stopped.value.code == 0
    assert "\n  maskcore augment photo.jpg" in capsys.readouterr().out
