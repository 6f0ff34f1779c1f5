from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from maskcore import datasets
from maskcore.__main__ import main
from maskcore.commands.dataset_files import Steps
from tests import ring_set

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch) -> Path:
    """A folder with the data set "rings" of three samples."""
    monkeypatch.chdir(tmp_path)
    ring_set.write(Path("rings"), 3)
    return tmp_path


def run(line: str) -> int:
    return main(["inspect", *line.split()])


def change(**more: object) -> None:
    """Change the first annotation of the data set."""
    path = Path("rings/annotations/instances.json")
    document = json.loads(path.read_text("utf-8"))
    document["annotations"][0] |= more
    path.write_text(json.dumps(document), "utf-8")


def empty_mask() -> dict[str, object]:
    return {"segmentation": {"size": [4, 5], "counts": [20]}}


def test_it_says_what_there_is(capsys) -> None:
    assert run("rings") == 0
    said = capsys.readouterr().out.splitlines()
    assert said[:4] == [
        "rings: COCO instances",
        "3 samples, 6 masks, 2 classes",
        "3 images, 5 × 4 pixels",
        "2 to 2 masks in a sample, 2.0 on average",
    ]
    assert [it.split() for it in said[5:7]] == [
        ["cat", "3", "50.0%", "in", "3", "samples"],
        ["dog", "3", "50.0%", "in", "3", "samples"],
    ]


def test_a_missing_image_is_an_error_and_ends_in_1(capsys) -> None:
    Path("rings/images/a2.png").unlink()
    assert run("rings") == 1
    said = capsys.readouterr().out
    assert "2 with an image" in said
    assert "findings: 1 error" in said
    assert "error: Masks without an image (1)" in said
    assert "To fix: " in said


def test_a_warning_ends_in_0(capsys) -> None:
    change(**empty_mask())
    assert run("rings") == 0
    said = capsys.readouterr().out
    assert "1 warning" in said
    assert "warning: Empty masks (1)" in said


def test_only_the_first_of_a_kind_are_listed(capsys) -> None:
    for number in (1, 2, 3):
        Path(f"rings/images/a{number}.png").write_bytes(b"no picture, %d" % number)
    assert run("rings --list 2") == 1
    said = capsys.readouterr().out
    assert said.count("a1.png: ") == said.count("a2.png: ") == 1
    assert "a3.png" not in said
    assert "  and 1 more\n" in said
    assert run("rings --list 0") == 1
    assert "a1.png" not in capsys.readouterr().out


def test_all_findings_are_written_as_a_table(capsys) -> None:
    for number in (1, 2):
        Path(f"rings/images/a{number}.png").write_bytes(b"no picture, %d" % number)
    assert run("rings --list 0 --csv deep/found.csv") == 1
    rows = list(csv.DictReader(Path("deep/found.csv").read_text("utf-8").splitlines()))
    bad = [it["sample"] for it in rows if it["severity"] == "error"]
    assert bad == ["images/a1.png", "images/a2.png"]
    assert f"{len(rows)} findings in deep/found.csv." in capsys.readouterr().out


def test_a_table_that_is_there_is_replaced_only_if_asked(capsys) -> None:
    table = Path("rings/found.csv")
    table.write_text("mine", "utf-8")
    assert run("rings --csv rings/found.csv") == 2
    assert "exists already" in capsys.readouterr().err
    assert table.read_text("utf-8") == "mine"
    assert run("rings --csv rings/found.csv --overwrite") == 0
    assert table.read_text("utf-8").startswith("severity,")


def test_a_fixed_copy_lacks_the_empty_mask(capsys) -> None:
    change(**empty_mask())
    assert run("rings --fixed out") == 0
    assert "1 finding fixed." in capsys.readouterr().out
    found = datasets.read(Path("out"))
    assert found.format == "coco"
    assert [len(it.instances) for it in found.samples] == [1, 2, 2]
    assert run("out") == 0
    assert "Empty" not in capsys.readouterr().out


@pytest.mark.parametrize("target", ["rings", "rings/fixed", "full"])
def test_a_fixed_copy_goes_nowhere_where_it_does_harm(target: str, capsys) -> None:
    Path("full").mkdir()
    Path("full/mine.txt").write_text("mine", "utf-8")
    assert run(f"rings --fixed {target}") == 2
    assert capsys.readouterr().out == ""


def test_what_can_only_be_read_has_no_fixed_copy(capsys) -> None:
    Path("rings/annotations/instances.json").unlink()
    assert run("rings --fixed out") == 2
    assert "can only be read" in capsys.readouterr().err


def test_pixels_are_looked_at_if_asked(capsys) -> None:
    path = Path("rings/images/a1.png")
    content = bytearray(path.read_bytes())
    content[content.index(b"IDAT") + 6] ^= 0xFF
    path.write_bytes(bytes(content))
    assert run("rings") == 0
    assert run("rings --images") == 1
    assert "error: Images that cannot be opened (1)" in capsys.readouterr().out


def test_the_format_can_be_said(capsys) -> None:
    assert run("rings --format images") == 0
    assert "rings: Images alone" in capsys.readouterr().out
    assert run("rings --format yolo") == 2


def test_no_data_set_is_one_sentence(capsys) -> None:
    assert run("nothing") == 2
    assert capsys.readouterr().err == "There is no file or folder nothing.\n"


def test_a_name_cannot_steer_the_terminal(capsys) -> None:
    os.rename("rings/images/a1.png", "rings/images/\x1b[2Jred.png")  # noqa: PTH104
    assert run("rings --list 9") == 1
    assert "\x1b" not in capsys.readouterr().out


def test_an_interruption_is_one_word(monkeypatch, capsys) -> None:
    def interrupt(_steps: Steps, _done: int, _total: int) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Steps, "__call__", interrupt)
    assert run("rings") == 130
    assert capsys.readouterr().err == "Stopped.\n"


@pytest.mark.parametrize("line", ["", "rings --list few", "rings --list -1", "rings --format bmp"])
def test_what_makes_no_sense_is_wrong_usage(line: str, capsys) -> None:
    with pytest.raises(SystemExit) as ended:
        run(line)
    assert ended.value.code == 2


@pytest.mark.skipif(
    "MASKCORE_TEST_DATA" not in os.environ, reason="set MASKCORE_TEST_DATA to the test data"
)
def test_the_real_data_is_counted_right(capsys) -> None:
    data = Path(os.environ["MASKCORE_TEST_DATA"])
    assert main(["inspect", str(data / "coco")]) == 0
    assert "59 samples, 583 masks, 80 classes" in capsys.readouterr().out
    assert main(["inspect", str(data / "dsb2018")]) == 0
    assert "12 samples, 1,320 masks, 1 class\n" in capsys.readouterr().out


def test_a_reader_who_has_enough_ends_it_without_a_word() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    command = [sys.executable, "-m", "maskcore", "inspect", "rings"]
    done = subprocess.run(
        command,
        stdout=writing,
        stderr=subprocess.PIPE,
        check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    os.close(writing)
    assert (done.returncode, done.stderr) == (141, b"")
