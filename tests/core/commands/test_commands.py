from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import PIL.Image
import pytest

from maskcore import cutout, image_io, maskrcnn, rle
from maskcore.__main__ import main
from maskcore.commands.runner import LOG_NAME
from maskcore.errors import ModelError
from maskcore.files import archive
from maskcore.types import Instance

RED, BLUE = (255, 0, 0), (0, 0, 255)


class Segmenter:
    """Finds what is red, a bird, and what is blue, a traffic light."""

    labels = ("__background__", "bird", "traffic light", "N/A")

    def __init__(self) -> None:
        self.n_loaded = 0
        self.n_seen = 0
        self.options: dict[str, object] = {}
        self.fault: BaseException | None = None

    def predict(self, image, *, score_threshold, labels=None):
        self.n_seen += 1
        if self.fault is not None and self.n_seen > 1:
            raise self.fault
        found = [
            Instance(rle.encode((image == RED).all(axis=2)), "bird", 0.99),
            Instance(rle.encode((image == BLUE).all(axis=2)), "traffic light", 0.7),
        ]
        return [
            it
            for it in found
            if rle.area(it.mask)
            and it.score >= score_threshold
            and it.label in (labels or it.label)
        ]


@pytest.fixture
def segmenter(monkeypatch) -> Segmenter:
    fake = Segmenter()

    def load(name, **options):
        fake.n_loaded += 1
        fake.options = {"name": name, **options}
        return fake

    monkeypatch.setitem(vars(maskrcnn), "load", load)  # setattr would import torch
    return fake


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def picture(name: str, *, blue: bool = False, red: bool = True) -> np.ndarray:
    """Write an 8 x 10 picture with a red rectangle in a gray gradient."""
    image = np.repeat(np.arange(80, dtype=np.uint8).reshape(8, 10, 1), 3, axis=2)
    if red:
        image[2:5, 3:7] = RED
    if blue:
        image[6:, :2] = BLUE
    Path(name).parent.mkdir(parents=True, exist_ok=True)
    with PIL.Image.fromarray(image) as opened:
        opened.save(name, None if Path(name).suffix else "PNG")
    return image


def files(folder: str = "out") -> list[str]:
    """The pictures in a folder and below."""
    return sorted(path.relative_to(folder).as_posix() for path in Path(folder).rglob("*.png"))


def read(path: str) -> np.ndarray:
    with PIL.Image.open(path) as opened:
        return np.array(opened)


def half_files() -> list[Path]:
    return list(Path().rglob(".part-*"))


BIRD = "photo.99.bird.3_2_4_3.png"
LIGHT = "photo.70.traffic_light.0_6_2_2.png"


def test_cutouts_writes_each_object_the_background_and_a_manifest(segmenter) -> None:
    image = picture("photo.png", blue=True)
    assert main(["cutouts", "photo.png", "--out", "out"]) == 0
    assert files() == [LIGHT, BIRD, "photo.background.png"]
    assert (read(f"out/{BIRD}") == cutout.extract(image, (image == RED).all(axis=2))).all()
    objects = (image == RED).all(axis=2) | (image == BLUE).all(axis=2)
    assert (read("out/photo.background.png") == cutout.background(image, [objects])).all()
    records = json.loads(Path("out/manifest.json").read_text("utf-8"))
    assert [it["file"] for it in records] == [BIRD, LIGHT, "photo.background.png"]
    assert {it["image"] for it in records} == {"photo.png"}
    assert Path("out/manifest.csv").read_text("utf-8").count("\n") == 4


def test_the_options_reach_the_model(segmenter) -> None:
    picture("photo.png", blue=True)
    Path("names.txt").write_text("bird\ntraffic light\n", "utf-8")
    line = "cutouts photo.png --out out --model own.pth --labels names.txt --device cpu --mode fast"
    assert main([*line.split(), "--score", "0.6", "--only", "traffic light"]) == 0
    asked = segmenter.options
    assert (asked["name"], asked["labels"]) == ("own.pth", Path("names.txt"))
    assert (asked["device"], asked["mode"], asked["weights"]) == ("cpu", "fast", None)
    assert files() == [LIGHT, "photo.background.png"]


def test_a_score_keeps_sure_objects_only(segmenter) -> None:
    picture("photo.png", blue=True)
    assert main(["cutouts", "photo.png", "--out", "out", "--score", "0.8", "--no-background"]) == 0
    assert files() == [BIRD]


@pytest.mark.parametrize(
    ("written", "background"),
    [
        ("white", (255, 255, 255)),
        ("#ff8000", (255, 128, 0)),
        ("blur", "blur"),
        ("gray", "gray"),
        ("transparent", None),
    ],
)
def test_cutouts_look_as_the_options_say(segmenter, written: str, background) -> None:
    image = picture("photo.png")
    options = ["--background", written, "--margin", "2", "--feather", "1"]
    assert main(["cutouts", "photo.png", "--out", "out", *options]) == 0
    inside = (image == RED).all(axis=2)
    expected = cutout.extract(image, inside, background=background, margin=2, feather=1)
    assert (read(f"out/{BIRD}") == expected).all()


def test_a_picture_can_be_the_background(segmenter) -> None:
    image, other = picture("photo.png"), picture("other.png", blue=True, red=False)
    options = ["--background", "other.png", "--margin", "9"]
    assert main(["cutouts", "photo.png", "--out", "out", *options]) == 0
    inside = (image == RED).all(axis=2)
    assert (read(f"out/{BIRD}") == np.where(inside[..., None], image, other)).all()


def test_segment_and_extract_make_what_cutouts_makes(segmenter) -> None:
    picture("photo.png", blue=True)
    look = ["--background", "white", "--margin", "1"]
    assert main(["cutouts", "photo.png", "--out", "at_once", *look]) == 0
    assert main(["segment", "photo.png", "--out", "masks"]) == 0
    assert files("masks") == files("at_once")
    inside = read(f"masks/{BIRD}")
    assert (inside[2:5, 3:7] == 1).all()
    assert inside.sum() == 12
    masks = [f"masks/{name}" for name in files("masks")]
    assert main(["extract", "photo.png", *masks, "--out", "out", *look]) == 0
    assert files() == files("at_once")
    for name in files():
        assert Path("out", name).read_bytes() == Path("at_once", name).read_bytes()
    rows = [json.loads(Path(it, "manifest.json").read_text("utf-8")) for it in ("at_once", "out")]
    for record in [*rows[0], *rows[1]]:
        record["label"] = record["label"].replace(" ", "_")
        record["score"] = None if record["kind"] == "background" else record["score"]
    assert sorted(rows[0], key=str) == sorted(rows[1], key=str)


def test_segment_writes_the_mask_of_the_background(segmenter) -> None:
    image = picture("photo.png", blue=True)
    assert main(["segment", "photo.png", "--out", "out"]) == 0
    objects = (image == RED).all(axis=2) | (image == BLUE).all(axis=2)
    assert (read("out/photo.background.png") == ~objects).all()
    assert main(["segment", "photo.png", "--out", "bare", "--no-background"]) == 0
    assert "photo.background.png" not in files("bare")


def test_what_is_done_is_skipped(segmenter, capsys) -> None:
    picture("photo.png")
    for _ in range(2):
        assert main(["cutouts", "photo.png", "--out", "out"]) == 0
    assert segmenter.n_seen == segmenter.n_loaded == 1
    said = capsys.readouterr()
    assert said.out.splitlines()[-1] == "0 files from 0 images in out. 1 had been done before."
    assert said.err.splitlines()[-1] == "1/1 photo.png: done before"


def test_again_redoes_it(segmenter) -> None:
    picture("photo.png")
    for _ in range(2):
        assert main(["cutouts", "photo.png", "--out", "out", "--again"]) == 0
    assert segmenter.n_seen == 2


def test_other_settings_redo_it_and_leave_nothing_from_before(segmenter) -> None:
    picture("photo.png", blue=True)
    assert main(["cutouts", "photo.png", "--out", "out"]) == 0
    Path("out/my_own.png").write_bytes(b"")
    assert main(["cutouts", "photo.png", "--out", "out", "--score", "0.8"]) == 0
    assert files() == ["my_own.png", BIRD, "photo.background.png"]
    assert "traffic" not in Path("out/manifest.csv").read_text("utf-8")


def test_an_image_that_has_changed_is_redone(segmenter) -> None:
    picture("photo.png")
    assert main(["cutouts", "photo.png", "--out", "out"]) == 0
    picture("photo.png", blue=True)
    os.utime("photo.png", ns=(1, 1))
    assert main(["cutouts", "photo.png", "--out", "out"]) == 0
    assert LIGHT in files()


def test_a_file_that_is_gone_is_made_anew(segmenter) -> None:
    picture("photo.png")
    assert main(["cutouts", "photo.png", "--out", "out"]) == 0
    Path("out", BIRD).unlink()
    assert main(["cutouts", "photo.png", "--out", "out"]) == 0
    assert BIRD in files()


def test_a_bad_file_does_not_stop_the_others(segmenter, capsys) -> None:
    picture("in/a.png")
    Path("in/b.png").write_bytes(Path("in/a.png").read_bytes()[:60])
    picture("in/c.png")
    assert main(["cutouts", "in", "--out", "out", "--no-background"]) == 1
    assert files() == ["a.99.bird.3_2_4_3.png", "c.99.bird.3_2_4_3.png"]
    said = capsys.readouterr().err.splitlines()
    assert said[-2:] == ["1 failure:", "  b.png is cut short or damaged; upload it again."]
    picture("in/b.png")
    segmenter.n_seen = 0
    assert main(["cutouts", "in", "--out", "out", "--no-background"]) == 0
    assert len(files()) == 3
    assert segmenter.n_seen == 1


def test_a_fault_of_the_model_is_listed_with_the_file(segmenter, capsys) -> None:
    picture("in/x/a.png")
    picture("in/x/b.png")
    segmenter.fault = ModelError("The model cannot work on an image of 10 × 8 pixels.")
    assert main(["cutouts", "in", "--out", "out"]) == 1
    listed = capsys.readouterr().err.splitlines()[-1]
    assert listed == "  x/b.png: The model cannot work on an image of 10 × 8 pixels."


def test_what_is_not_there_is_listed(segmenter, capsys) -> None:
    picture("photo.png")
    Path("empty").mkdir()
    assert main(["cutouts", "gone.png", "empty", "photo.png", "--out", "out"]) == 1
    said = capsys.readouterr().err
    assert "gone.png does not exist." in said
    assert "empty is a folder without image files." in said
    assert BIRD in files()


def test_equal_stems_do_not_overwrite_each_other(segmenter) -> None:
    for name in ("in/a/photo.png", "in/b/photo.png", "in/b/photo.bmp", "in/photo.png"):
        picture(name)
    for _ in range(2):
        assert main(["cutouts", "in", "--out", "out", "--no-background"]) == 0
        second = BIRD.replace("photo", "photo_2")
        assert files() == [f"a/{BIRD}", f"b/{BIRD}", f"b/{second}", BIRD]
    assert segmenter.n_seen == 4
    records = json.loads(Path("out/manifest.json").read_text("utf-8"))
    assert {it["file"]: it["image"] for it in records} == {
        f"a/{BIRD}": "a/photo.png",
        f"b/{BIRD}": "b/photo.bmp",
        f"b/{second}": "b/photo.png",
        BIRD: "photo.png",
    }


def test_equal_stems_of_two_runs_do_not_overwrite_each_other(segmenter) -> None:
    picture("a/photo.png")
    picture("b/photo.png", blue=True)
    for name in ("a/photo.png", "b/photo.png", "a/photo.png"):
        assert main(["cutouts", name, "--out", "out", "--no-background"]) == 0
    assert segmenter.n_seen == 2
    assert files() == [BIRD, *(it.replace("photo", "photo_2") for it in (LIGHT, BIRD))]


def test_images_of_several_folders_keep_their_folders(segmenter) -> None:
    picture("a/x/photo.png")
    picture("b/photo.png")
    assert main(["cutouts", "a", "b/photo.png", "--out", "out", "--no-background"]) == 0
    assert files() == [f"a/x/{BIRD}", f"b/{BIRD}"]


def test_a_folder_is_searched_for_visible_images_only(segmenter) -> None:
    for name in ("in/photo.PNG", "in/.hidden/photo.png", "in/.photo.png"):
        picture(name)
    Path("in/notes.txt").write_text("no picture", "utf-8")
    for _ in range(2):  # the results, in the same folder, are no images to work on
        assert main(["cutouts", "in", "in/photo.PNG", "--out", "in/out", "--no-background"]) == 0
    assert segmenter.n_seen == 1
    assert files("in/out") == [BIRD]


def test_photos_are_turned_upright(segmenter) -> None:
    image = picture("photo.png")
    exif = PIL.Image.Exif()
    exif[0x0112] = 6  # to be turned by 90 degrees, clockwise
    PIL.Image.fromarray(np.rot90(image).copy()).save("photo.png", exif=exif)
    assert main(["cutouts", "photo.png", "--out", "out"]) == 0
    assert BIRD in files()


@pytest.mark.parametrize("model", ["demo", "coco"])
def test_an_image_without_objects_says_what_to_try(segmenter, capsys, model: str) -> None:
    picture("photo.png", red=False)
    for _ in range(2):
        assert main(["cutouts", "photo.png", "--out", "out", "--model", model]) == 0
    assert segmenter.n_seen == 1
    said = capsys.readouterr().err
    assert "no objects found; a lower --score may find some" in said
    assert ("--model coco" in said) == (model == "demo")
    assert files() == []


def test_ctrl_c_leaves_whole_files_and_the_next_run_goes_on(segmenter, capsys) -> None:
    for name in ("in/a.png", "in/b.png", "in/c.png"):
        picture(name)
    segmenter.fault = KeyboardInterrupt()
    assert main(["cutouts", "in", "--out", "out", "--no-background"]) == 130
    assert "Stopped." in capsys.readouterr().err
    assert files() == ["a.99.bird.3_2_4_3.png"]
    assert Path("out/manifest.csv").read_text("utf-8").count("\n") == 2
    segmenter.fault, segmenter.n_seen = None, 0
    assert main(["cutouts", "in", "--out", "out", "--no-background"]) == 0
    assert segmenter.n_seen == 2
    assert len(files()) == 3


def test_ctrl_c_while_a_file_is_written_leaves_no_half_of_it(segmenter, monkeypatch) -> None:
    picture("photo.png", blue=True)
    n_written = 0
    replace = Path.replace

    def interrupted(self, target):
        nonlocal n_written
        n_written += 1
        if n_written == 2:
            raise KeyboardInterrupt
        return replace(self, target)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", interrupted)
        assert main(["cutouts", "photo.png", "--out", "out"]) == 130
    assert files() == [BIRD]
    assert half_files() == []
    assert main(["cutouts", "photo.png", "--out", "out"]) == 0
    assert segmenter.n_seen == 2  # half done is not done
    assert len(files()) == 3


def test_a_redo_that_was_interrupted_is_redone_with_the_old_settings_too(
    segmenter, monkeypatch
) -> None:
    image = picture("photo.png", blue=True)
    line = ["cutouts", "photo.png", "--out", "out"]
    assert main(line) == 0
    before = Path("out", BIRD).read_bytes()

    write = archive.write_file
    calls = []

    def once(path, payload):
        if calls:
            raise KeyboardInterrupt
        calls.append(path)
        write(path, payload)

    with monkeypatch.context() as patch:
        patch.setattr(archive, "write_file", once)
        assert main([*line, "--background", "white"]) == 130
    assert Path("out", BIRD).read_bytes() != before
    assert main(line) == 0
    assert Path("out", BIRD).read_bytes() == before
    assert (read(f"out/{BIRD}") == cutout.extract(image, (image == RED).all(axis=2))).all()


def test_leftovers_of_a_run_that_was_killed_are_removed(segmenter) -> None:
    picture("photo.png")
    Path("out/x").mkdir(parents=True)
    old, new = Path("out/x/.part-0123456789abcdef"), Path("out/.part-0123456789abcde0")
    mine = Path("out/.part-of-mine")
    for path in (old, new, mine):
        path.write_bytes(b"half")
    for path in (old, mine):
        os.utime(path, (1, 1))
    assert main(["cutouts", "photo.png", "--out", "out"]) == 0
    assert not old.exists()
    assert new.exists()  # perhaps of a run that is at work
    assert mine.exists()


@pytest.mark.parametrize("torn", ['{"key": "pho', "null", '{"files": 3}', "\ufffd"])
def test_a_torn_line_in_the_resume_log_costs_only_what_it_was_about(segmenter, torn: str) -> None:
    picture("in/a.png")
    picture("in/b.png")
    assert main(["cutouts", "in/a.png", "--out", "out"]) == 0
    with Path("out", LOG_NAME).open("a", encoding="utf-8") as file:
        file.write(torn)
    for expected in (2, 2):
        assert main(["cutouts", "in", "--out", "out"]) == 0
        assert segmenter.n_seen == expected


def test_a_resume_log_removes_nothing_outside_its_folder(segmenter) -> None:
    picture("photo.png")
    assert main(["cutouts", "photo.png", "--out", "out"]) == 0
    resume_log = Path("out", LOG_NAME)
    resume_log.write_text(resume_log.read_text("utf-8").replace(BIRD, "../photo.png"), "utf-8")
    assert main(["cutouts", "photo.png", "--out", "out", "--again"]) == 0
    assert Path("photo.png").exists()


def test_masks_and_cut_outs_do_not_go_into_one_folder(segmenter, capsys) -> None:
    picture("photo.png")
    assert main(["segment", "photo.png", "--out", "out"]) == 0
    before = Path("out", BIRD).read_bytes()
    assert main(["cutouts", "photo.png", "--out", "out"]) == 1
    assert 'holds what "segment" made of it; choose another' in capsys.readouterr().err
    assert main(["extract", "photo.png", f"out/{BIRD}", "--out", "out"]) == 2
    assert "would replace the masks" in capsys.readouterr().err
    assert Path("out", BIRD).read_bytes() == before


def test_extract_takes_any_black_and_white_mask(capsys) -> None:
    image = picture("photo.png")
    inside = np.zeros((8, 10), np.bool_)
    inside[1:3, 2:9] = True
    for name in ("masks/left wing.v2.png", "masks/photo.12.bird.9_9_9_9.png"):
        Path("masks").mkdir(exist_ok=True)
        image_io.write_image(Path(name), inside)
    masks = [str(path) for path in sorted(Path("masks").iterdir())]
    assert main(["extract", "photo.png", *masks, "--out", "out"]) == 0
    # Label and score are those of the name, the box is that of the pixels.
    assert files() == ["photo.100.left_wing_v2.2_1_7_2.png", "photo.12.bird.2_1_7_2.png"]
    assert (read(f"out/{files()[0]}") == cutout.extract(image, inside)).all()
    assert main(["extract", "photo.png", *masks, "--out", "out"]) == 0
    said = capsys.readouterr().out
    assert said.splitlines()[-1] == "0 files from 0 masks in out. 2 had been done before."


def test_extract_takes_a_mask_that_jpeg_has_blurred() -> None:
    image = picture("photo.png")
    inside = np.zeros((8, 10, 3), np.uint8)
    inside[:, 5:] = 255
    Path("bird.jpg").write_bytes(image_io.encode_jpeg(inside, quality=80))
    assert main(["extract", "photo.png", "bird.jpg", "--out", "out"]) == 0
    assert (read("out/photo.100.bird.5_0_5_8.png")[:, :, :3] == image[:, 5:]).all()


def test_equal_masks_in_two_folders_do_not_overwrite_each_other() -> None:
    picture("photo.png")
    inside = np.ones((8, 10), np.bool_)
    for name in ("a/bird.png", "b/bird.png"):
        Path(name).parent.mkdir()
        image_io.write_image(Path(name), inside)
    for _ in range(2):
        assert main(["extract", "photo.png", "a/bird.png", "b/bird.png", "--out", "out"]) == 0
        assert files() == ["photo.100.bird.0_0_10_8.png", "photo.100.bird.0_0_10_8_2.png"]


def test_extract_says_what_is_wrong_with_a_mask_and_goes_on(capsys) -> None:
    picture("photo.png")
    Path("masks").mkdir()
    image_io.write_image(Path("masks/a.png"), np.ones((8, 11), np.bool_))
    image_io.write_image(Path("masks/b.png"), np.ones((10, 8), np.bool_))
    image_io.write_image(Path("masks/c.png"), np.zeros((8, 10), np.bool_))
    image_io.write_image(Path("masks/d.png"), np.full((8, 10), 90, np.uint8))
    image_io.write_image(Path("masks/e.png"), np.ones((8, 10), np.bool_))
    masks = [f"masks/{name}.png" for name in "abcdef"]
    assert main(["extract", "photo.png", *masks, "--out", "out"]) == 1
    assert capsys.readouterr().err.splitlines()[-6:] == [
        "5 failures:",
        "  a.png has 11 × 8 pixels, but photo.png has 10 × 8; "
        "a mask must have the size of its image.",
        "  b.png has 8 × 10 pixels, as photo.png is before it is turned upright, but photo.png has "
        "10 × 8; a mask must have the size of its image.",
        "  c.png is all black; there is nothing to cut out.",
        "  d.png is not black and white, so it is not a mask.",
        "  f.png does not exist.",
    ]
    assert files() == ["photo.100.e.0_0_10_8.png"]


def test_a_name_cannot_steer_the_terminal(segmenter, capsys) -> None:
    picture("in/a\x1b[2J\n.png")
    assert main(["cutouts", "in", "--out", "out"]) == 0
    said = capsys.readouterr().err
    assert "\x1b" not in said
    assert said.count("\n") == 1


def test_a_terminal_gets_a_bar(segmenter, capsys, monkeypatch) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    picture("in/a.png")
    picture("in/" + "b" * 100 + ".png")
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    assert main(["cutouts", "in", "--out", "out"]) == 0
    drawn = capsys.readouterr().err.split("\r\x1b[K")
    assert drawn[1] == "[------------------------] 0/2 a.png"
    assert drawn[2].startswith("[############------------] 1/2 bbb")
    assert len(drawn[2]) == 59
    assert drawn[3] == ""


def test_a_download_is_shown(segmenter, capsys, monkeypatch) -> None:
    picture("photo.png")
    assert main(["cutouts", "photo.png", "--out", "out", "--model", "coco"]) == 0
    progress = segmenter.options["progress"]
    for done in (0, 50, 100):
        progress(done, 100)
    assert capsys.readouterr().err.endswith("downloading coco, 0 MB\n")
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    progress(50_000_000, 100_000_000)
    assert "[############------------] downloading coco, 100 MB" in capsys.readouterr().err


def test_a_model_that_cannot_be_loaded_ends_the_command(monkeypatch, capsys) -> None:
    def load(name, **_):
        raise ModelError("own.pth is damaged; download or copy it again")

    monkeypatch.setitem(vars(maskrcnn), "load", load)
    picture("photo.png")
    assert main(["segment", "photo.png", "--out", "out", "--model", "own.pth"]) == 2
    assert "own.pth is damaged" in capsys.readouterr().err


def test_a_label_that_the_model_does_not_know_ends_the_command(segmenter, capsys) -> None:
    picture("photo.png")
    assert main(["segment", "photo.png", "--out", "out", "--only", "cat", "bird"]) == 2
    said = capsys.readouterr().err
    assert "The model does not find cat; it finds bird, traffic light." in said


def test_results_that_cannot_be_written_end_the_command(segmenter, capsys) -> None:
    picture("photo.png")
    Path("out").write_text("a file", "utf-8")
    assert main(["segment", "photo.png", "--out", "out"]) == 1
    assert "out cannot be written" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("", "COMMAND"),
        ("paint photo.png", "invalid choice: 'paint'"),
        ("cutouts photo.png", "--out"),
        ("cutouts --out out", "IMAGE|FOLDER"),
        ("cutouts photo.png --out out --score 2", "must be a number from 0 to 1, not 2"),
        ("cutouts photo.png --out out --score x", "must be a number from 0 to 1, not x"),
        ("cutouts photo.png --out out --margin -1", "--margin"),
        ("cutouts photo.png --out out --feather 1.5", "must be a whole number of pixels, not 1.5"),
        ("cutouts photo.png --out out --background octarine", "not octarine"),
        ("cutouts photo.png --out out --background bad.png", "bad.png is"),
        ("cutouts photo.png --out out --mode slow", "slow"),
        ("extract photo.png --out out", "MASK"),
    ],
)
def test_arguments_that_make_no_sense_end_with_2(line: str, said: str, capsys) -> None:
    Path("bad.png").write_bytes(b"no picture")
    with pytest.raises(SystemExit) as stopped:
        main(line.split())
    assert stopped.value.code == 2
    assert said in capsys.readouterr().err


@pytest.mark.parametrize("command", ["cutouts", "segment", "extract"])
def test_help_has_examples(command: str, capsys) -> None:
    with pytest.raises(SystemExit) as stopped:
        main([command, "--help"])
    assert stopped.value.code == 0
    assert f"\n  maskcore {command} photo.jpg" in capsys.readouterr().out


def test_it_runs_as_a_module_and_help_does_not_wait_for_torch(folder: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "maskcore", "--help"],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])},
        cwd=folder,
    )
    assert "exit codes: 0 all done" in done.stdout
    assert "maskcore.commands.cutouts" in done.stderr
    assert "torch" not in done.stderr


def test_the_demo_model_cuts_out_shapes() -> None:
    shape_scenes = pytest.importorskip("maskcore.samples.shape_scenes")
    scene = shape_scenes.scene(6)
    image_io.write_image(Path("scene.png"), scene.image)
    assert main(["cutouts", "scene.png", "--out", "out", "--margin", "3"]) == 0
    records = json.loads(Path("out/manifest.json").read_text("utf-8"))
    found = [it for it in records if it["kind"] == "cutout"]
    assert sorted(it["label"] for it in found) == sorted(it.label for it in scene.instances)
    for it in found:
        cut = image_io.read(Path("out", it["file"]))
        y, x = it["top"], it["left"]
        height, width = cut.image.shape[:2]
        inside = np.zeros(scene.image.shape[:2], np.bool_)
        inside[y : y + height, x : x + width] = cut.alpha
        same_label = [true.mask for true in scene.instances if true.label == it["label"]]
        assert max(rle.iou(rle.encode(inside), true) for true in same_label) > 0.8
        assert (cut.image[cut.alpha] == scene.image[inside]).all()
    assert "scene.background.png" in files()
