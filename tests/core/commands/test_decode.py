from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import PIL.Image
import pytest

from maskcore import overlay, rle
from maskcore.__main__ import main
from maskcore.types import Instance
from tests.grids import mask

SIZE_HW = (3, 4)
COLUMN = mask("....\n..#.\n..#.")  # pixels 8 and 9 down the columns, from 1
DOTS = mask("#..#\n....\n....")  # pixels 1 and 10
HEADER = "ImageId,ClassId,EncodedPixels\n"
ROWS = f"{HEADER}a.png,3,8 2\na.png,1,1 1 10 1\nb.png,3,\n"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("train.csv").write_text(ROWS, "utf-8")
    for name in ("a.png", "b.png"):
        picture(f"photos/{name}")
    return tmp_path


def picture(name: str, size_hw: tuple[int, int] = SIZE_HW) -> None:
    Path(name).parent.mkdir(parents=True, exist_ok=True)
    PIL.Image.fromarray(np.full((*size_hw, 3), 90, np.uint8)).save(name)


def run(line: str) -> int:
    return main(["decode", *line.split()])


def files(folder: str = "out") -> list[str]:
    found = [it for it in Path(folder).rglob("*.*") if it.parent != Path(folder)]
    return sorted(it.relative_to(folder).as_posix() for it in found)


def read(path: str) -> np.ndarray:
    with PIL.Image.open(path) as opened:
        return np.array(opened)


def test_a_mask_becomes_a_black_and_white_picture(capsys) -> None:
    assert run("train.csv --images photos --out out") == 0
    assert files() == ["masks/a.100.1.0_0_4_1.png", "masks/a.100.3.2_1_1_2.png"]
    assert (read("out/masks/a.100.3.2_1_1_2.png").astype(bool) == COLUMN).all()
    assert (read("out/masks/a.100.1.0_0_4_1.png").astype(bool) == DOTS).all()
    said = capsys.readouterr().out
    assert "train.csv: 2 masks of 2 images, 2 classes." in said
    assert "2 files from 2 images in out." in said


def test_unless_said_otherwise_the_results_are_beside_the_table() -> None:
    assert run("train.csv --images photos") == 0
    found = sorted(it.name for it in Path("train_decoded/masks").iterdir())
    assert found == ["a.100.1.0_0_4_1.png", "a.100.3.2_1_1_2.png"]


def test_the_manifest_lists_them() -> None:
    assert run("train.csv --images photos --out out --what masks label-map") == 0
    rows = json.loads(Path("out/manifest.json").read_text("utf-8"))
    assert [(it["kind"], it["label"], it["area"]) for it in rows] == [
        ("mask", "3", 2),
        ("mask", "1", 2),
        ("label-map", "", 4),
        ("label-map", "", 0),
    ]
    assert {it["image"] for it in rows} == {"a.png", "b.png"}


def test_classes_that_are_numbers_keep_them_in_label_maps() -> None:
    assert run("train.csv --images photos --out out --what label-map") == 0
    assert files() == ["label_maps/a.png", "label_maps/b.png", "label_maps/labels.csv"]
    assert read("out/label_maps/a.png").tolist() == [[1, 0, 0, 1], [0, 0, 3, 0], [0, 0, 3, 0]]
    assert not read("out/label_maps/b.png").any()
    assert Path("out/label_maps/labels.csv").read_text("utf-8") == "id,label\n1,1\n3,3\n"


@pytest.mark.parametrize("others", [("dent", "3"), ("0", "3"), ("70000", "3")])
def test_other_classes_count_from_one(others: tuple[str, str]) -> None:
    table = f"{HEADER}a.png,{others[0]},8 2\na.png,{others[1]},1 1 10 1\n"
    Path("train.csv").write_text(table, "utf-8")
    assert run("train.csv --images photos --out out --what label-map") == 0
    assert read("out/label_maps/a.png").tolist() == [[2, 0, 0, 2], [0, 0, 1, 0], [0, 0, 1, 0]]


def test_overlays_have_one_color_per_class() -> None:
    Path("train.csv").write_text(f"{ROWS}b.png,1,8 2\n", "utf-8")
    assert run("train.csv --images photos --out out --what overlay") == 0
    assert files() == ["overlays/a.jpg", "overlays/b.jpg"]
    colors = overlay.colors(["3", "1"])
    gray = np.full((*SIZE_HW, 3), 90, np.uint8)
    wanted = overlay.draw(gray, [Instance(rle.encode(COLUMN), "1")], colors=[colors["1"]])
    drawn = read("out/overlays/b.jpg").astype(int)
    assert np.abs(drawn - wanted).mean() < 20


def test_images_without_a_mask_have_no_overlay_and_no_mask() -> None:
    assert run("train.csv --images photos --out out --what overlay masks") == 0
    assert not [it for it in files() if Path(it).name.startswith("b")]


def test_without_images_the_table_or_the_dialect_says_the_size() -> None:
    table = "ImageId,ClassId,EncodedPixels,Height,Width\na.png,3,8 2,3,4\n"
    Path("sized.csv").write_text(table, "utf-8")
    assert run("sized.csv --out out --what masks label-map") == 0
    assert (read("out/label_maps/a.png") == 3 * COLUMN).all()
    assert run("train.csv --out steel") == 0
    assert read("steel/" + files("steel")[0]).shape == (256, 1600)


def test_overlays_need_images(capsys) -> None:
    assert run("train.csv --out out --what overlay") == 2
    assert "--images" in capsys.readouterr().err


def test_another_dialect_is_taken_if_asked() -> None:
    assert run("train.csv --images photos --out out --dialect zero-based-rows") == 0
    # From pixel 8, from 0, along the rows: the first two of the last row.
    (name,) = [it for it in files() if ".3." in it]
    assert (read(f"out/{name}").astype(bool) == mask("....\n....\n##..")).all()


def test_wrong_rows_are_listed_and_the_others_decoded(capsys) -> None:
    Path("train.csv").write_text(f"{ROWS}a.png,2,5\nb.png,4,12 9\n", "utf-8")
    assert run("train.csv --images photos --out out") == 1
    said = capsys.readouterr().err
    assert "2 failures:" in said
    assert "train.csv, row 5: " in said
    assert "train.csv, row 6: " in said
    assert len(files()) == 2


def test_images_that_are_not_there_are_named_once(capsys) -> None:
    more = "".join(f"c{i}.png,1,1 1\n" for i in range(9))
    Path("train.csv").write_text(ROWS + more, "utf-8")
    assert run("train.csv --images photos --out out") == 1
    assert "9 images of the table left out, not in photos: c0.png, c1.png, c2.png, ..." in (
        capsys.readouterr().err
    )
    assert len(files()) == 2


def test_a_table_of_other_images_is_one_sentence(capsys) -> None:
    picture("others/z.png")
    assert run("train.csv --images others --out out") == 2
    assert "train.csv names no image that is in others." in capsys.readouterr().err
    assert not Path("out").exists()


def test_masks_of_another_size_than_the_image_are_a_failure(capsys) -> None:
    table = "ImageId,ClassId,EncodedPixels,Height,Width\na.png,3,8 2,6,4\nb.png,3,8 2,3,4\n"
    Path("train.csv").write_text(table, "utf-8")
    assert run("train.csv --images photos --out out") == 1
    said = capsys.readouterr().err
    assert "a.png: The mask has 4 × 6 pixels" in said
    assert [Path(it).name[0] for it in files()] == ["b"]


def test_a_label_map_needs_the_size_of_an_image_without_masks(capsys) -> None:
    Path("photos/b.png").write_bytes(b"no picture")
    line = "train.csv --images photos --dialect zero-based --out out --what label-map"
    assert run(line) == 1
    assert "b.png: Nothing says how large it is" in capsys.readouterr().err
    assert files() == ["label_maps/a.png", "label_maps/labels.csv"]


def test_what_is_done_is_skipped_until_the_table_changes(capsys) -> None:
    assert run("train.csv --images photos --out out") == 0
    assert run("train.csv --images photos --out out") == 0
    assert "0 files from 0 images in out. 2 had been done before." in capsys.readouterr().out
    Path("train.csv").write_text(f"{HEADER}a.png,3,8 1\nb.png,3,\n", "utf-8")
    assert run("train.csv --images photos --out out") == 0
    assert files() == ["masks/a.100.3.2_1_1_1.png"]


def test_images_in_folders_have_their_results_in_folders() -> None:
    for name in ("left/a.png", "right/a.png"):
        picture(f"nested/{name}")
    table = f"{HEADER}left/a.png,1,1 1\nright/a.png,1,12 1\n"
    Path("train.csv").write_text(table, "utf-8")
    assert run("train.csv --images nested --out out --what label-map") == 0
    assert read("out/left/label_maps/a.png")[0, 0] == 1
    assert read("out/right/label_maps/a.png")[2, 3] == 1


def test_results_among_the_images_are_no_images() -> None:
    Path("photos/a.png").rename("photos/z.png")
    Path("train.csv").write_text(f"{HEADER}z.png,1,1 1\n", "utf-8")
    line = "train.csv --images photos --out photos/out --what label-map"
    assert run(line) == 0
    Path("photos/z.png").unlink()
    assert run(f"{line} --again") == 2


def test_the_masks_are_taken_by_patches() -> None:
    assert run("train.csv --images photos --out out --what label-map") == 0
    line = "patches photos --masks out/label_maps --size 2 --out cut --mask-kind"
    assert main([*line.split(), "label map"]) == 0
    assert read("cut/masks/a_y000000_x000000.png").tolist() == [[1, 0], [0, 0]]


def test_a_name_that_climbs_out_stays_inside(tmp_path: Path) -> None:
    table = "ImageId,ClassId,EncodedPixels,Height,Width\n../../evil.png,../x,8 2,3,4\n"
    Path("in").mkdir()
    Path("in/rows.csv").write_text(table, "utf-8")
    before = {it for it in tmp_path.rglob("*") if "out" not in it.parts}
    assert run("in/rows.csv --out in/out") == 0
    assert {it for it in tmp_path.rglob("*") if "out" not in it.parts} == before
    assert len(list(Path("in/out").rglob("*.png"))) == 1


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("nothing.csv --out out", "There is no file or folder nothing.csv"),
        ("train.csv --images nowhere --out out", "There is no file or folder nowhere"),
        ("photos/a.png --out out", "a.png"),
        ("words.csv --out out", "words.csv"),
        ("empty.csv --out out", "empty.csv"),
    ],
)
def test_no_table_is_one_sentence(line: str, fault: str, capsys) -> None:
    Path("words.csv").write_text("name,color\na,red\n", "utf-8")
    Path("empty.csv").write_text("", "utf-8")
    assert run(line) == 2
    said = capsys.readouterr().err
    assert fault in said
    assert said.count("\n") == 1


@pytest.mark.parametrize(
    "line",
    ["", "train.csv --out out --what all", "train.csv --out out --dialect morse"],
)
def test_what_makes_no_sense_is_wrong_usage(line: str, capsys) -> None:
    with pytest.raises(SystemExit) as ended:
        run(line)
    assert ended.value.code == 2
