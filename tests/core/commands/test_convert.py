from __future__ import annotations

import json
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest

from maskcore import datasets, rle
from maskcore.__main__ import main
from maskcore.commands.dataset_files import Steps
from tests import ring_set


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch) -> Path:
    """A folder with the data set "rings" of two samples."""
    monkeypatch.chdir(tmp_path)
    ring_set.write(Path("rings"), 2)
    return tmp_path


def run(line: str) -> int:
    return main(["convert", *line.split()])


def files(folder: str = "out") -> list[str]:
    return sorted(it.relative_to(folder).as_posix() for it in Path(folder).rglob("*.*"))


def break_annotation(number: int) -> None:
    path = Path("rings/annotations/instances.json")
    document = json.loads(path.read_text("utf-8"))
    document["annotations"][number]["segmentation"] = "nonsense"
    path.write_text(json.dumps(document), "utf-8")


def test_a_data_set_is_written_in_another_format(capsys) -> None:
    assert run("rings out --format yolo") == 0
    images, labels = ["images/a1.png", "images/a2.png"], ["labels/a1.txt", "labels/a2.txt"]
    assert files() == ["data.yaml", *images, *labels]
    assert Path("out/images/a2.png").read_bytes() == ring_set.png(2)
    # The ring fills columns 1 to 3 of 5 and rows 1 to 3 of 4.
    ring, dot = Path("out/labels/a1.txt").read_text("utf-8").splitlines()
    corners = np.array(ring.split()[1:], float).reshape(-1, 2)
    assert corners.min(axis=0).tolist() == pytest.approx([0.2, 0.25])
    assert corners.max(axis=0).tolist() == pytest.approx([0.8, 1])
    assert (ring[0], dot[0]) == ("0", "1")
    said = capsys.readouterr()
    assert said.out.splitlines()[0] == "rings: COCO instances, 2 samples."
    assert said.err == ""


def test_losses_are_said_before_and_counted_after(capsys) -> None:
    assert run("rings out --format yolo") == 0
    before, after = capsys.readouterr().out.split("2 samples in out")
    assert "cannot hold everything:" in before
    assert "  Holes are filled.\n" in before
    assert "  2 masks have holes, which are filled. (first in " in after


def test_nothing_is_said_of_losses_where_there_are_none(capsys) -> None:
    assert run("rings out --format coco") == 0
    assert "Lost" not in capsys.readouterr().out


def test_the_masks_come_back_from_formats_that_hold_them() -> None:
    assert run("rings table --format kaggle-rle") == 0
    assert run("table back.zip --format coco") == 0
    found = datasets.read(Path("back.zip"))
    for sample in found.samples:
        by_label = {it.label: rle.decode(it.mask) for it in sample.instances}
        assert (by_label["cat"] == ring_set.RING).all()
        assert (by_label["dog"] == ring_set.DOT).all()


def test_strict_refuses_what_would_be_lost_before_anything_is_written(capsys) -> None:
    assert run("rings out --format yolo --strict") == 1
    said = capsys.readouterr().err
    assert "2 masks have holes, which are filled." in said
    assert "Nothing was written" in said
    assert not Path("out").exists()
    assert run("rings out --format coco --strict") == 0


def test_images_stay_where_they_are_or_go_inside() -> None:
    assert run("rings left --format labelme --images leave") == 0
    assert not [it for it in files("left") if it.endswith(".png")]
    assert run("rings inside --format labelme --images embed") == 0
    assert not [it for it in files("inside") if it.endswith(".png")]
    for folder, has_image in (("left", False), ("inside", True)):
        for name in files(folder):
            document = json.loads(Path(folder, name).read_text("utf-8"))
            assert bool(document["imageData"]) is has_image


def test_a_format_that_holds_no_images_says_so(capsys) -> None:
    assert run("rings out --format coco --images embed") == 2
    assert "cannot hold images; labelme can." in capsys.readouterr().err


def test_a_zip_is_written_and_read() -> None:
    assert run("rings deep/out.zip --format coco") == 0
    with zipfile.ZipFile("deep/out.zip") as archive:
        assert "images/a1.png" in archive.namelist()
    assert run("deep/out.zip again --format yolo") == 0


def test_the_format_of_the_source_can_be_said(capsys) -> None:
    assert run("rings out --from yolo --format coco") == 2
    assert "YOLO" in capsys.readouterr().err
    assert run("rings out --from coco --format coco") == 0


@pytest.mark.parametrize(
    "target", ["rings", "rings/inside", ".", "rings/../rings", "rings/annotations", "link/out"]
)
def test_the_data_set_itself_is_not_written_into(target: str, capsys) -> None:
    Path("link").symlink_to("rings", target_is_directory=True)
    before = files("rings")
    assert run(f"rings {target} --format yolo --overwrite") == 2
    assert "outside of the data set" in capsys.readouterr().err
    assert files("rings") == before


@pytest.mark.parametrize("target", ["out.json", "out.CSV", "a_file"])
def test_a_file_that_is_no_zip_is_no_place_for_a_data_set(target: str, capsys) -> None:
    Path("a_file").write_text("mine", "utf-8")
    assert run(f"rings {target} --format coco --overwrite") == 2
    assert "to a folder or to a file that ends in .zip" in capsys.readouterr().err
    assert Path("a_file").read_text("utf-8") == "mine"


def test_what_is_there_is_written_over_only_if_asked(capsys) -> None:
    Path("out").mkdir()
    assert run("rings out --format coco") == 0  # an empty folder is nobody's
    assert run("rings out --format yolo") == 2
    assert "out holds files already" in capsys.readouterr().err
    assert run("rings out --format yolo --overwrite") == 0
    said = capsys.readouterr().out
    assert "1 file that the conversion did not write is still there too." in said
    assert Path("out/annotations/instances.json").is_file()
    for code in (0, 2):
        assert run("rings out.zip --format yolo") == code
    assert "out.zip exists already" in capsys.readouterr().err
    assert run("rings out.zip --format coco --overwrite") == 0


def test_a_folder_that_is_named_like_a_zip_is_refused(capsys) -> None:
    Path("out.zip").mkdir()
    assert run("rings out.zip --format coco --overwrite") == 2
    assert "out.zip is a folder" in capsys.readouterr().err


def test_what_cannot_be_read_is_counted_and_ends_in_1(capsys) -> None:
    break_annotation(0)
    assert run("rings out --format coco") == 1
    said = capsys.readouterr().out
    assert "1 annotation cannot be read and is left out." in said
    assert "inspect lists what cannot be read" in said
    assert len(json.loads(Path("out/annotations/instances.json").read_text())["annotations"]) == 3


@pytest.mark.parametrize("source", ["nothing", "empty", "text.txt"])
def test_no_data_set_is_one_sentence(source: str, capsys) -> None:
    Path("empty").mkdir()
    Path("text.txt").write_text("no data", "utf-8")
    assert run(f"{source} out --format coco") == 2
    assert capsys.readouterr().err.count("\n") == 1
    assert not Path("out").exists()


@pytest.mark.parametrize(
    "line",
    [
        "rings out",
        "rings --format coco",
        "rings out --format bmp",
        "rings out --format images",
        "rings out --format coco --from bmp",
        "rings out --format coco --images steal",
    ],
)
def test_what_makes_no_sense_is_wrong_usage(line: str, capsys) -> None:
    with pytest.raises(SystemExit) as ended:
        run(line)
    assert ended.value.code == 2


def test_help_shows_the_formats_and_examples(capsys) -> None:
    with pytest.raises(SystemExit):
        run("--help")
    said = capsys.readouterr().out
    assert "\n  maskcore convert coco yolo_set --format yolo" in said
    assert "one JSON file" in said
    assert "skipped" not in said


def test_a_place_that_cannot_be_written_is_one_sentence(capsys) -> None:
    Path("plain").write_text("a file", "utf-8")
    assert run("rings plain/out --format coco") == 1
    assert "cannot be written: Not a directory." in capsys.readouterr().err


def test_an_interrupted_conversion_says_what_is_left(monkeypatch, capsys) -> None:
    def interrupt(_steps: Steps, done: int, _total: int) -> None:
        if done == 1:
            raise KeyboardInterrupt

    monkeypatch.setattr(Steps, "__call__", interrupt)
    assert run("rings out --format yolo") == 130
    assert capsys.readouterr().err == "Stopped. out holds only a part of the data set.\n"
    assert files() == ["images/a1.png", "labels/a1.txt"]
    assert run("rings out.zip --format yolo") == 130
    assert not Path("out.zip").exists()
    assert run("rings other --format yolo --strict") == 130
    assert capsys.readouterr().err.endswith("Stopped.\n")


def test_a_terminal_shows_how_far_it_is(monkeypatch, capsys) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    assert run("rings out --format coco") == 0
    said = capsys.readouterr().err
    assert "1/2 samples written" in said
    assert said.endswith("\r\x1b[K")
