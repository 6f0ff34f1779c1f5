from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

from maskcore import image_io
from maskcore.__main__ import main
from maskcore.commands.resume_log import Record, ResumeLog
from maskcore.commands.terminal import Stop

IMAGE = np.repeat(np.arange(240, dtype=np.uint8).reshape(12, 20, 1), 3, axis=2)
MINE = b"made by the version before"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def photo(folder: Path) -> Path:
    image_io.write_image(Path("photo.png"), IMAGE)
    return folder / "photo.png"


def write_lines(name: str, *lines: Mapping[str, object]) -> None:
    Path(name).parent.mkdir(parents=True, exist_ok=True)
    Path(name).write_text("".join(f"{json.dumps(line)}\n" for line in lines), "utf-8")


def write_file(name: str) -> Path:
    Path(name).parent.mkdir(parents=True, exist_ok=True)
    Path(name).write_bytes(MINE)
    return Path(name)


def record(key: str, source: Path, *names: str, made_from: object = "this") -> Record:
    return Record(key, str(source), "cut", made_from, names, ())


def of_extract(photo: Path, mask: Path, *, complete: bool = True) -> dict[str, object]:
    """A line as version 0.1 wrote it."""
    return {
        "key": "bird",
        "source": str(mask),
        "changed": mask.stat().st_mtime_ns,
        "command": "extract",
        "settings": {
            "image": f"{photo} {photo.stat().st_mtime_ns}",
            "background": "transparent",
            "margin": 0,
            "feather": 0,
        },
        "complete": complete,
        "files": [
            {
                "file": "photo.100.bird.3_2_6_3.png",
                "kind": "cutout",
                "image": "photo.png",
                "label": "bird",
                "score": None,
                "x": 3,
                "y": 2,
                "width": 6,
                "height": 3,
                "area": 18,
                "left": 3,
                "top": 2,
                "image_width": 20,
                "image_height": 12,
            }
        ],
    }


@pytest.mark.parametrize("complete", [True, False])
def test_pictures_of_version_0_1_are_taken_up(photo: Path, capsys, *, complete: bool) -> None:
    pixels = np.zeros((12, 20), np.uint8)
    pixels[2:5, 3:9] = 255
    image_io.write_image(Path("bird.png"), pixels)
    line = of_extract(photo, photo.with_name("bird.png"), complete=complete)
    write_lines("out/.maskcore.jsonl", line)
    picture = write_file("out/photo.100.bird.3_2_6_3.png")
    assert main(["extract", "photo.png", "bird.png", "--out", "out"]) == 0
    assert (picture.read_bytes() == MINE) is complete
    assert ("1/1 bird.png: done before" in capsys.readouterr().err) is complete
    (row,) = json.loads(Path("out/manifest.json").read_text("utf-8"))
    assert (row["file"], row["area"]) == (picture.name, 18)


def test_pictures_of_another_command_of_version_0_1_are_not_mixed_with(photo: Path, capsys) -> None:
    mask = photo.with_name("bird.png")
    image_io.write_image(mask, np.full((12, 20), 255, np.uint8))
    write_lines("out/.maskcore.jsonl", {**of_extract(photo, mask), "command": "segment"})
    assert main(["extract", "photo.png", "bird.png", "--out", "out"]) == 1
    assert 'The folder out holds what "segment" made of it' in capsys.readouterr().err


def of_patches(photo: Path, name: str) -> list[dict[str, object]]:
    """The lines that version 0.1 wrote."""
    settings = {
        "size_hw": [32, 32],
        "stride_hw": [32, 32],
        "edge": "pad",
        "pad_rgb": [0, 0, 0],
        "min_mask": 0.0,
        "validation": 0.0,
        "seed": 0,
        "masks": None,
    }
    row = {
        "file": name,
        "mask": "",
        "image": "photo.png",
        "x": 0,
        "y": 0,
        "width": 32,
        "height": 32,
        "image_width": 20,
        "image_height": 12,
        "mask_share": None,
        "side": "",
    }
    done = {
        "stem": "photo",
        "source": str(photo),
        "inputs": [f"{photo} {photo.stat().st_mtime_ns}"],
        "files": [name],
        "samples": [[row, []]],
        "classes": {},
    }
    return [settings, done]


def test_samples_of_version_0_1_are_taken_up(photo: Path, capsys) -> None:
    name = "images/photo_y000000_x000000.png"
    write_lines("out/.maskcore-samples.jsonl", *of_patches(photo, name))
    patch = write_file(f"out/{name}")
    image_io.write_image(Path("second.png"), IMAGE)
    line = ["patches", "photo.png", "second.png", "--size", "32", "--out", "out"]
    assert main(line) == 0
    said = capsys.readouterr()
    assert "1/2 photo.png: done before" in said.err
    assert said.out == "2 patches in out.\n"
    assert patch.read_bytes() == MINE
    rows = json.loads(Path("out/manifest.json").read_text("utf-8"))
    assert [row["file"] for row in rows] == [name, name.replace("photo", "second")]
    assert main([*line, "--stride", "8"]) == 2
    assert "out holds samples that were made with other settings" in capsys.readouterr().err


def test_class_ids_of_version_0_1_go_on(photo: Path) -> None:
    settings, done = of_patches(photo, "images/photo_aug000.png")
    write_lines(
        "out/log",
        settings,
        {**done, "classes": {"cat": 1}},
        {**done, "stem": "b", "classes": {"cat": 1, "dog": 2}},
    )
    log = ResumeLog(Path("out/log"), settings=settings)
    assert [dict(each.classes) for each in log.records] == [{"cat": 1, "dog": 2}, {"cat": 1}]


def test_a_record_is_read_back_as_it_was_written(folder: Path) -> None:
    log = ResumeLog(Path("out/log"))
    done = record("a", folder / "a.png", "a.png", made_from=["a", {"size": [1, 2]}])
    log.finish(done)
    assert log.done("a", done.made_from) is None  # its file is not there
    write_file("out/a.png")
    again = ResumeLog(Path("out/log"))
    assert again.done("a", ["a", {"size": [1, 2]}]) == Record(
        "a", str(folder / "a.png"), "cut", ["a", {"size": [1, 2]}], ["a.png"], []
    )
    assert again.done("a", ["a", {"size": [1, 3]}]) is None
    assert ResumeLog(Path("out/log"), again=True).done("a", done.made_from) is None


def test_what_was_begun_anew_is_not_done(folder: Path) -> None:
    log = ResumeLog(Path("out/log"))
    write_file("out/a.png")
    log.finish(record("a", folder / "a.png", "a.png"))
    log.begin("a")
    assert ResumeLog(Path("out/log")).done("a", "this") is None
    log.finish(record("a", folder / "a.png", "a.png"))
    assert ResumeLog(Path("out/log")).done("a", "this")


def test_files_that_a_source_has_no_longer_are_removed(folder: Path) -> None:
    log = ResumeLog(Path("out/log"))
    log.finish(record("a", folder / "a.png", "a_0.png", "a_1.jpg", "../b.png"))
    kept, gone, outside = map(write_file, ("out/a_0.png", "out/a_1.jpg", "b.png"))
    log.finish(record("a", folder / "a.png", "a_0.png"))
    assert (kept.exists(), gone.exists(), outside.exists()) == (True, False, True)


def test_a_key_belongs_to_its_source_while_that_is_there(folder: Path) -> None:
    first, second = write_file("x/a.png").absolute(), write_file("y/a.png").absolute()
    for keeps_keys, expected in ((False, "a"), (True, "a_2")):
        log = ResumeLog(Path(f"out/log_{keeps_keys}"), keeps_keys=keeps_keys)
        log.finish(record(log.claim(first, ["a", "a_2"]), first))
        log = ResumeLog(Path(f"out/log_{keeps_keys}"), keeps_keys=keeps_keys)
        assert log.claim(second, ["a", "a_2"]) == "a_2"
        first.unlink()
        log = ResumeLog(Path(f"out/log_{keeps_keys}"), keeps_keys=keeps_keys)
        assert log.claim(second, ["a", "a_2"]) == expected
        write_file("x/a.png")


def test_a_file_that_another_source_has_gets_a_number(folder: Path) -> None:
    log = ResumeLog(Path("out/log"))
    log.finish(record("a", folder / "a.png", "cut/Bird.png", "cut/bird_2.png"))
    assert log.place("cut/bird.png", "a") == "cut/bird.png"
    assert log.place("cut/bird.png", "b") == "cut/bird_3.png"
    assert log.place("bird.png", "b") == "bird.png"


def test_other_settings_are_refused_or_begin_anew(folder: Path) -> None:
    path, size = Path("out/log"), (8, 8)
    log = ResumeLog(path, settings={"size": size})
    log.finish(record("a", folder / "a.png", "a.png"))
    made = write_file("out/a.png")
    assert len(ResumeLog(path, settings={"size": [8, 8]}).records) == 1
    with pytest.raises(Stop, match="other settings") as stopped:
        ResumeLog(path, settings={"size": [8, 9]})
    assert stopped.value.exit_code == 2
    assert made.exists()
    assert ResumeLog(path, settings={"size": [8, 9]}, again=True).records == []
    assert not made.exists()
    assert ResumeLog(path, settings={"size": [8, 9]}).records == []


def test_patches_that_a_smaller_image_has_not_are_removed(photo: Path) -> None:
    line = ["patches", "photo.png", "--size", "8", "--out", "out"]
    assert main(line) == 0
    assert len(list(Path("out").rglob("*.png"))) == 6
    image_io.write_image(photo, IMAGE[:8, :16].copy())
    assert main(line) == 0
    assert sorted(path.name for path in Path("out").rglob("*.png")) == [
        "photo_y000000_x000000.png",
        "photo_y000000_x000008.png",
    ]
