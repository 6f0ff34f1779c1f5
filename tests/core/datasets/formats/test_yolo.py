from __future__ import annotations

import io
import time
import zipfile
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
import yaml
from hypothesis import assume, given, settings, strategies as st
from hypothesis.extra import numpy as hnp

from maskcore import rle
from maskcore.datasets.dataset import Dataset
from maskcore.datasets.formats import yolo
from maskcore.datasets.formats.yolo import lines as yolo_lines, names as yolo_names
from maskcore.datasets.source import FileSource
from maskcore.errors import DatasetError
from maskcore.files.zips import ZipFiles
from maskcore.masks import parts as mask_parts
from maskcore.types import Instance, Mask
from tests.core.datasets import items
from tests.grids import mask

YAML = """\
# a comment
path: ../datasets/coco8-seg # dataset root dir
train: images/train
val: images/val

names:
  0: person
  1: "traffic light"
  2: 'it''s # no comment' # a comment
"""


def make(folder: Path, files: dict[str, str | bytes], size_hw: tuple[int, int] = (4, 8)) -> Path:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, str):
            content = items.picture(size_hw) if content == "image" else content.encode()
        path.write_bytes(content)
    return folder


def read_lines(tmp_path: Path, text: str | bytes, **more: str) -> Dataset:
    files = {"images/a.png": "image", "labels/a.txt": text, "data.yaml": YAML}
    dataset: Dataset = items.read(yolo, make(tmp_path, files | more))
    return dataset


def reasons(dataset: Dataset) -> list[tuple[str, str]]:
    return [
        (problem.where, problem.reason)
        for one in dataset.samples
        for problem in one.read().problems
    ]


def coordinates(content: str) -> list[list[float]]:
    return [[float(word) for word in line.split()] for line in content.splitlines()]


def test_a_polygon_is_filled_where_centers_of_pixels_lie_inside(tmp_path: Path) -> None:
    dataset = read_lines(tmp_path, "1 0.25 0.25 0.75 0.25 0.75 1 0.25 1\n")
    assert items.decoded(dataset.samples[0]) == [
        ("traffic light", mask("........\n..####..\n..####..\n..####..").tolist())
    ]
    assert [sample.name for sample in dataset.samples] == ["images/a.png"]
    assert dataset.stated_labels == ("person", "traffic light", "it's # no comment")
    assert dataset.problems == []
    annotation = dataset.samples[0].read().annotations[0]
    assert (annotation.where, annotation.box) == ("line 1 of labels/a.txt", None)
    assert annotation.instance.score is None


def test_a_triangle_has_the_pixels_whose_centers_are_on_the_same_side_of_all_edges(
    tmp_path: Path,
) -> None:
    corners = [(0.03, 0.11), (0.91, 0.37), (0.22, 0.95)]
    files = {"images/a.png": "image", "labels/a.txt": "0 0.03 0.11 0.91 0.37 0.22 0.95"}
    sample = items.read(yolo, make(tmp_path, dict(files), (31, 47))).samples[0]
    inside = rle.decode(sample.instances[0].mask)
    for row, column in np.ndindex(31, 47):
        x, y = (column + 0.5) / 47, (row + 0.5) / 31
        edges = zip(corners, corners[1:] + corners[:1], strict=True)
        sides = [(x2 - x1) * (y - y1) > (y2 - y1) * (x - x1) for (x1, y1), (x2, y2) in edges]
        assert inside[row, column] == all(sides)


def test_a_box_is_a_filled_rectangle_and_the_data_set_says_so_once(tmp_path: Path) -> None:
    files = {f"labels/{name}.txt": "0 0.375 0.5 0.25 0.5" for name in "bcd"}
    dataset = read_lines(tmp_path, "0 0.5 0.5 0.5 1\n2 0.125 0.25 0.25 0.5 0.75\n", **files)
    assert items.decoded(dataset.samples[0]) == [
        ("person", mask("..####..\n..####..\n..####..\n..####..").tolist()),
        ("it's # no comment", mask("##......\n##......\n........\n........").tolist()),
    ]
    first, second = dataset.samples[0].read().annotations
    assert (first.box, second.box) == ((2, 0, 6, 4), (0, 0, 2, 2))
    assert (first.instance.score, second.instance.score) == (None, 0.75)
    (problem,) = dataset.problems
    assert problem.where == "labels/a.txt"
    assert "filled rectangles" in problem.reason
    assert dataset.samples[0].read().problems == []


def test_a_number_left_over_in_every_polygon_is_its_score(tmp_path: Path) -> None:
    square = "0 0 0 0.5 0 0.5 0.5 0 0.5"
    dataset = read_lines(tmp_path, f"{square} 0.875\n{square} 0.25\n")
    assert [instance.score for instance in dataset.samples[0].instances] == [0.875, 0.25]


def test_a_number_left_over_in_one_polygon_is_a_fault_of_that_line(tmp_path: Path) -> None:
    square = "0 0 0 0.5 0 0.5 0.5 0 0.5"
    dataset = read_lines(tmp_path, f"{square}\n{square} 0.25\n")
    assert [instance.score for instance in dataset.samples[0].instances] == [None]
    assert reasons(dataset) == [("line 2 of labels/a.txt", "A corner lacks its second number.")]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("0 0.1 0.2", "at least 5 numbers, got 3"),
        ("0", "at least 5 numbers, got 1"),
        ("person 0.5 0.5 0.5 0.5", "made of numbers"),
        ("0 0.1 0.2 abc 0.4 0.5 0.6", "made of numbers"),
        ("0 nan 0.2 0.3 0.4 0.5 0.6", "no fraction"),
        ("0 0.1 inf 0.3 0.4 0.5 0.6", "no fraction"),
        ("0 0.1 1e300 0.3 0.4 0.5 0.6", "no fraction"),
        ("0 0.5 0.5 -0.1 0.5", "negative width"),
        ("-1 0.1 0.2 0.3 0.4 0.5 0.6", "whole number from 0, got -1"),
        ("0.5 0.1 0.2 0.3 0.4 0.5 0.6", "whole number from 0, got 0.5"),
        ("nan 0.1 0.2 0.3 0.4 0.5 0.6", "whole number from 0, got nan"),
        ("9e99 0.1 0.2 0.3 0.4 0.5 0.6", "whole number from 0, got 9e99"),
        ("0 5 5 6 5 6 6", "outside of the image"),
    ],
)
def test_a_line_that_cannot_be_read_is_said_and_the_others_are_read(
    tmp_path: Path, line: str, reason: str
) -> None:
    good = "1 0 0 1 0 1 1"
    dataset = read_lines(tmp_path, f"{good}\n\n{line}\r\n{good}\n")
    assert [instance.label for instance in dataset.samples[0].instances] == ["traffic light"] * 2
    ((where, told),) = reasons(dataset)
    assert where == "line 3 of labels/a.txt"
    assert reason in told


def test_a_class_without_a_name_is_called_by_its_number(tmp_path: Path) -> None:
    dataset = read_lines(tmp_path, "7 0 0 1 0 1 1\n1.0 0 0 1 0 1 1")
    assert [instance.label for instance in dataset.samples[0].instances] == ["7", "traffic light"]
    assert [reason for _, reason in reasons(dataset)] == [
        "Class 7 has no name; the mask is called by its number."
    ]


def test_what_reaches_out_of_the_image_is_cut_off_and_said_only_if_it_is_far(
    tmp_path: Path,
) -> None:
    dataset = read_lines(
        tmp_path, "0 0.5 -0.005 1.005 -0.005 1.005 1 0.5 1\n0 -1 0 0.5 0 0.5 1 -1 1"
    )
    assert [pixels for _, pixels in items.decoded(dataset.samples[0])] == [
        mask("....####\n....####\n....####\n....####").tolist(),
        mask("####....\n####....\n####....\n####....").tolist(),
    ]
    assert reasons(dataset) == [
        (
            "line 2 of labels/a.txt",
            "Coordinates must be 0 to 1, got -1; what lies outside of the image is cut off.",
        )
    ]


@pytest.mark.parametrize("content", [b"\x00\xff\x00\xfe" * 9, b"0 0.5 \xff 0.5", b"\x89PNG\0\0"])
def test_a_label_file_that_is_no_text_is_said(tmp_path: Path, content: bytes) -> None:
    other = {"images/b.png": "image", "labels/b.txt": "0 0 0 1 0 1 1"}
    dataset = read_lines(tmp_path, content, **other)
    assert [len(sample.instances) for sample in dataset.samples] == [0, 1]
    assert [where for where, _ in reasons(dataset)] == ["labels/a.txt"]


def test_labels_whose_image_is_missing_or_broken_have_no_size(tmp_path: Path) -> None:
    line = "0 0 0 1 0 1 1"
    other = {"labels/b.txt": line, "labels/c.txt": line, "labels/d.txt": ""}
    dataset = read_lines(tmp_path, line, **other)
    (tmp_path / "images" / "c.png").write_bytes(b"no picture")
    dataset = items.read(yolo, tmp_path)
    found = {
        sample.name: (sample.picture is not None, len(sample.instances))
        for sample in dataset.samples
    }
    assert found == {
        "images/a.png": (True, 1),
        "images/c.png": (True, 0),
        "labels/b.txt": (False, 0),
        "labels/d.txt": (False, 0),
    }
    assert [where for where, _ in reasons(dataset)] == ["labels/c.txt", "labels/b.txt"]


def test_images_and_labels_belong_together_by_their_folders(tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {"data.yaml": YAML}
    for i, folders in enumerate(
        ["images/train|labels/train", "images/val|labels/val", "test/images|test/labels"]
    ):
        image, label = folders.split("|")
        files |= {f"{image}/same.name.png": "image", f"{label}/same.name.txt": f"{i} 0 0 1 0 1 1"}
    files |= {
        "images/train/none.png": "image",
        "beside.png": "image",
        "beside.txt": "0 0 0 1 0 1 1",
    }
    dataset = items.read(yolo, make(tmp_path, files))
    assert {sample.name: [one.label for one in sample.instances] for sample in dataset.samples} == {
        "images/train/same.name.png": ["person"],
        "images/val/same.name.png": ["traffic light"],
        "test/images/same.name.png": ["it's # no comment"],
        "beside.png": ["person"],
        "images/train/none.png": [],
    }


def test_labels_in_a_folder_of_another_layout_find_their_image_by_name(tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {
        "pictures/train/a.png": "image",
        "pictures/val/a.png": "image",
        "labels/val/a.txt": "1 0 0 1 0 1 1",
        "labels/train/a.txt": "0 0 0 1 0 1 1",
        "labels/test/a.txt": "0 0 0 1 0 1 1",
        "labels/classes.txt": "Hund\nKatze \n\n",
    }
    dataset = items.read(yolo, make(tmp_path, files))
    named = {sample.name: [one.label for one in sample.instances] for sample in dataset.samples}
    assert dataset.stated_labels == ("Hund", "Katze")
    assert sum(sample.picture is None for sample in dataset.samples) == 1
    assert len(named) == 3


def test_without_names_classes_are_called_by_their_numbers(tmp_path: Path) -> None:
    files = {"images/a.png": "image", "labels/a.txt": "3 0 0 1 0 1 1"}
    dataset = items.read(yolo, make(tmp_path, files))
    assert dataset.labels == ("3",)
    assert [problem.where for problem in dataset.problems] == ["data.yaml"]
    assert reasons(dataset) == []


def test_of_a_pose_data_set_the_boxes_are_read(tmp_path: Path) -> None:
    keypoints = " ".join(["0.5 0.5 2"] * 17)
    text = f"{YAML}\nkpt_shape: [17, 3]\n"
    dataset = read_lines(tmp_path, f"0 0.25 0.5 0.5 1 {keypoints}", **{"data.yaml": text})
    assert [pixels for _, pixels in items.decoded(dataset.samples[0])] == [
        mask("####....\n####....\n####....\n####....").tolist()
    ]
    assert "keypoints are left out" in dataset.problems[0].reason


@pytest.mark.parametrize(
    "files",
    [
        {"images/a.png": "image"},
        {"images/a.png": "image", "data.yaml": YAML},
        {"images/a.png": "image", "images/a.txt": "A photo of 3 cats"},
        {"images/a.png": "image", "readme.txt": "0 0.5 0.5 0.5 0.5"},
        {"images/a.png": "image", "labels/a.txt": "Car 0.00 0 -1.58 587 173 614 200 1.6 1.5 3.6"},
        {"images/a.png": "image", "labels/a.txt": "2 120 30 50 60"},
        {"images/a.png": "image", "images/a.json": "{}"},
    ],
)
def test_what_is_of_another_format_is_not_claimed(tmp_path: Path, files: dict[str, str]) -> None:
    assert yolo.find(items.source(make(tmp_path, dict(files)))) == []


def test_a_set_in_which_nothing_is_drawn_yet_is_known_by_its_names(tmp_path: Path) -> None:
    dataset = read_lines(tmp_path, "")
    assert [sample.instances for sample in dataset.samples] == [[]]


@pytest.mark.parametrize(
    "text",
    [
        "names: [cat, 'a dog', \"b: c\"]",
        "names: [cat, 'a dog', 'b: c']  # three\nnc: 3",
        "nc: 3\nnames:\n- cat\n- a dog\n- 'b: c'\nval: x",
        'nc: 3\nnames:\n  - cat   # first\n\n  # a comment\n  - a\n    dog\n  - "b: c"\n',
        "names: {0: cat, 1: a dog, 2: 'b: c'}",
        'names:\n  [\n    cat, # the first, of course\n    a dog,\n    "b: c",\n  ]\nnc: 3',
        "'names':\n  0: cat\n  '1': a dog\n  2: b: c\ntrain: images",
        '\ufeffnames:\r\n  2: "b: c"\r\n  0: cat\r\n  1: "a \\u0064og"\r\n',
    ],
)
def test_names_are_read_in_every_style_of_yaml(tmp_path: Path, text: str) -> None:
    dataset = read_lines(tmp_path, "0 0 0 1 0 1 1", **{"data.yaml": text})
    assert dataset.stated_labels == ("cat", "a dog", "b: c")


@pytest.mark.parametrize(
    "text",
    ["names", "names: coco.names", "names: [", "names: {a}", "names:\n", "names: ~", 'names: ["a'],
)
def test_yaml_without_names_that_can_be_read_is_no_reason_to_stop(
    tmp_path: Path, text: str
) -> None:
    dataset = read_lines(tmp_path, "0 0 0 1 0 1 1", **{"data.yaml": text})
    assert len(dataset.samples[0].instances) == 1
    assert dataset.problems


@pytest.mark.parametrize("piece", ["#", "# ", ",", "[", '"', "'", "\\", "0:", "- ", "\n", " "])
def test_hostile_yaml_takes_no_time(piece: str) -> None:
    for start in ("names: [", "names: {", "names:\n", 'names: ["'):
        with suppress(DatasetError):
            yolo_names.read_yaml(start + piece * 20_000)


# From PyYAML 6.0.4's own `yaml.dump({"names": [...]}, default_flow_style=True)`.
FOLDED = """\
names: [person, bicycle, car, motorcycle, airplane, bus, train, truck, boat, traffic
    light, fire hydrant, stop sign]
"""


@pytest.mark.parametrize(
    ("text", "names"),
    [
        (FOLDED, "person|bicycle|car|motorcycle|airplane|bus|train|truck|boat|traffic light|"
         "fire hydrant|stop sign"),
        ("names: [\n  a,\n  # b,\n  'c # d', e#f]", "a|c # d|e#f"),
        ("names: [1, 007, 1.0, 2024-05-01, 0x1F, 1_000]", "1|007|1.0|2024-05-01|0x1F|1_000"),
        ("names:\n- on\n- no\n- Yes\n- true\n- 'null'\n", "on|no|Yes|true|null"),
        ("names:\n- |\n  a\n  b\n- >-\n  c\n  d\n", "a\nb\n|c d"),
        ("names: [信号灯, \"\\u00e9t\\xe9\", 'l''eau', 🐕]", "信号灯|été|l'eau|🐕"),
        ("names: [&first a, b, !!str c, !own d]", "a|b|c|d"),
        ("names: [a, b]\nnames: [c]\n", "c"),
        ("%YAML 1.1\n---\nnames: [a]\n...\n", "a"),
        ("other: {names: [x], more: [{names: [y]}]}\nnames: [a]", "a"),
        ("other:\n  names: [x]\n? [names]\n: [y]\nnames: [a]", "a"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("loader", [yaml.CSafeLoader, yaml.SafeLoader])
def test_names_are_what_was_written(
    text: str, names: str, loader: type, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(yolo_names, "_LOADER", loader)
    assert list(yolo_names.read_yaml(text).values()) == names.split("|")


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("names: {0: a, 2: b}", {0: "a", 2: "b"}),
        ("names:\n  '3': a\n  01: b\n  1: c\n", {3: "a", 1: "c"}),
        ("names: {a: 0, b: 1}", {}),
        ("names: {-1: a, 1.5: b, 12345678901234567890: c}", {}),
        ("names: [a, [b, {c: d}], e]", {0: "a", 2: "e"}),
        ("names: {0: [a, b], 1: c}", {1: "c"}),
        ("names:\n- ~\n-\n- null\n- ''\n", {0: "", 1: "", 2: "", 3: ""}),
        ("names: {0: , 1: ~}", {0: "", 1: ""}),
        ("names:\t[a,\tb]", {0: "a", 1: "b"}),
        ("names: {0: a: b}", None),
        ("names:\n  0: a: b # c\n  1: 'd'\n  2: https://e\n", {0: "a: b", 1: "d", 2: "https://e"}),
        ("- names: [a]", {}),
        ("names", {}),
        ("", {}),
    ],
)  # fmt: skip
def test_names_keep_their_numbers(text: str, names: dict[int, str] | None) -> None:
    if names is None:
        with pytest.raises(DatasetError):
            yolo_names.read_yaml(text)
    else:
        assert yolo_names.read_yaml(text) == names


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("train: images\nnames: [a, b\nval: images\n", "Line 3 is not valid YAML"),
        ("names:\n- a\n b\nc\n", "Line 5 is not valid YAML"),
        ("names:\n\t0: a\n", "Line 2 is indented with a tab, which YAML does not allow"),
        ("names: [a]\nval: *nowhere: x: y\n", "Line 2 is not valid YAML"),
        ('names: [a]\npath: "C:\\data"\n', "Line 2 is not valid YAML"),
        ("names: [\a]", "The file is not valid YAML"),
        ("names: " + "[" * 100_000, "Line 1 is not valid YAML"),
        ("names: " + "[" * 100, "The file is nested too deeply"),
        ("names:\n " + "- " * 100_000, "The file is nested too deeply"),
        ("names: " + "{a: " * 50_000, "The file is nested too deeply"),
    ],
)
def test_yaml_that_is_damaged_is_said_to_be(tmp_path: Path, text: str, reason: str) -> None:
    dataset = read_lines(tmp_path, "3 0 0 1 0 1 1", **{"data.yaml": text})
    assert dataset.labels == ("3",)
    assert [(problem.where, problem.reason) for problem in dataset.problems] == [
        ("data.yaml", f"{reason}; the classes are called by their numbers.")
    ]


def test_what_yaml_could_run_is_not_run(tmp_path: Path) -> None:
    marker = tmp_path / "marker"
    run = f"!!python/object/apply:os.mkdir ['{marker}']"
    text = f"names: [{run}, b]\n"
    assert yolo_names.read_yaml(text) == {1: "b"}
    yaml.load(text, Loader=yaml.UnsafeLoader)  # proves that the text could
    assert marker.exists()


def test_aliases_are_not_followed() -> None:
    lists = "".join(f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]\n" for i in range(1, 30))
    bomb = f"a0: &a0 [x, x]\n{lists}"
    for names, expected in (("*a29", {}), ("[*a29, b]", {1: "b"}), ("{0: *a29}", {})):
        assert yolo_names.read_yaml(f"{bomb}names: {names}\n") == expected
    merges = "".join(f"m{i}: &m{i} {{<<: [*m{i - 1}, *m{i - 1}]}}\n" for i in range(1, 60))
    assert yolo_names.read_yaml(f"m0: &m0 {{0: a}}\n{merges}names: {{<<: *m59, 1: b}}") == {1: "b"}


@pytest.mark.parametrize("entry", [" {}: a\n", "- {}\n", "- &a{} b\n", "- !t{} b\n", "- [{}]\n"])
def test_the_longest_yaml_is_read_within_five_seconds(entry: str) -> None:
    most = yolo_names.MAX_LENGTH // len(entry.format(100_000))
    text = "names:\n" + "".join(map(entry.format, range(most)))
    before = time.process_time()
    assert len(yolo_names.read_yaml(text)) == (0 if "[" in entry else most)
    assert time.process_time() - before < 5


def test_a_million_names_are_refused_at_once(tmp_path: Path) -> None:
    text = "names:\n" + "- a\n" * 1_000_000
    dataset = read_lines(tmp_path, "3 0 0 1 0 1 1", **{"data.yaml": text})
    assert dataset.problems[0].reason.startswith("The file is longer than 2,000,000 characters; ")


NAMES = st.text(st.characters(codec="utf-8"), min_size=1)


@given(st.lists(NAMES, unique=True, max_size=5))
def test_any_label_comes_back_from_yaml(names: list[str]) -> None:
    text = yolo_names.write_yaml(enumerate(names), {"train": ["images"]})
    assert all(line.isprintable() for line in text.split("\n"))
    assert list(yolo_names.read_yaml(text).values()) == names


@given(st.lists(NAMES, max_size=30), st.booleans(), st.booleans())
def test_names_come_back_as_pyyaml_writes_them(names: list[str], flow: bool, plain: bool) -> None:
    content = {"names": names if plain else dict(enumerate(names)), "nc": len(names)}
    text = yaml.safe_dump(content, default_flow_style=flow, allow_unicode=plain)
    assume(yaml.safe_load(text) == content)  # of U+0085 PyYAML writes what it reads as a space
    assert list(yolo_names.read_yaml(text).values()) == names


@settings(deadline=None)
@given(
    hnp.arrays(np.bool_, hnp.array_shapes(min_dims=2, max_dims=2, max_side=12)),
    st.integers(0, 65_535 - 12),
)
def test_an_outline_comes_back_as_the_same_pixels_at_any_size(pixels: Mask, left: int) -> None:
    canvas = np.zeros((pixels.shape[0], left + 12), np.bool_)
    canvas[:, left : left + pixels.shape[1]] = mask_parts.fill_holes(pixels)
    whole = rle.encode(canvas)
    lines = [
        yolo_lines.read(text.split(), is_scored=False)
        for part in mask_parts.split(canvas)
        for text in yolo_lines.write(part, 3)
    ]
    assert all(line.number == 3 and not line.is_box for line in lines)
    found = [line.mask(whole.size_hw) for line in lines]
    assert rle.union([rle.empty(whole.size_hw), *found]) == whole


def test_the_files_are_what_ultralytics_documents(tmp_path: Path) -> None:
    square = items.instance(mask("....\n.##.\n.##.\n...."), "cat")
    corner = items.instance(mask("...#\n....\n....\n...."), "a: “b”\n#")
    writer = yolo.YoloWriter(["dog", "cat"])
    empty = items.item("none", size_hw=(3, 5))
    items.write(tmp_path, writer, [items.item("one", square, corner), empty])
    assert (tmp_path / "images/one.png").exists()
    first, second = coordinates((tmp_path / "labels/one.txt").read_text())
    assert first == [1, 0.25, 0.25, 0.75, 0.25, 0.75, 0.75, 0.25, 0.75]
    assert second == [2, 0.75, 0, 1, 0, 1, 0.25, 0.75, 0.25]
    assert (tmp_path / "labels/none.txt").read_bytes() == b""
    lines = (tmp_path / "data.yaml").read_text("utf-8").splitlines()
    assert lines[1:] == [
        'train: "images"',
        'val: "images"',
        "names:",
        '  0: "dog"',
        '  1: "cat"',
        '  2: "a: “b”\\u000a#"',
    ]
    back = items.read(yolo, tmp_path)
    assert [instance.label for instance in back.samples[1].instances] == ["cat", "a: “b”\n#"]


@pytest.mark.parametrize(
    "stem", ["train/a", "images/a", "x/images/y/a", "labels/a", "images/labels/a"]
)
def test_labels_lie_where_ultralytics_looks_for_them(tmp_path: Path, stem: str) -> None:
    item = items.item(stem, items.instance(mask("#.\n..")))
    items.write(tmp_path, yolo.YoloWriter([]), [item])
    image = next(tmp_path.rglob("*.png")).as_posix()
    # As in ultralytics.data.utils.img2label_paths.
    label = "/labels/".join(image.rsplit("/images/", 1)).rsplit(".", 1)[0] + ".txt"
    assert len(coordinates(Path(label).read_text())) == 1
    assert len(items.read(yolo, tmp_path).samples[0].instances) == 1


def test_folders_for_training_and_validation_are_named_in_the_yaml(tmp_path: Path) -> None:
    here = items.instance(mask("#.\n.."), "猫")
    stems = ["train/a", "valid/b", "more/train/c"]
    items.write(tmp_path, yolo.YoloWriter([]), [items.item(stem, here) for stem in stems])
    text = (tmp_path / "data.yaml").read_text("utf-8")
    assert text.splitlines()[1:] == [
        'train: ["images/train", "images/more/train"]',
        'val: "images/valid"',
        "names:",
        '  0: "猫"',
    ]


def test_a_label_file_of_a_zip_is_read_like_one_of_a_folder(tmp_path: Path) -> None:
    make(tmp_path, {"images/größe.png": "image", "labels/größe.txt": "0 0 0 1 0 1 1"})
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for path in tmp_path.rglob("*.*"):
            archive.write(path, path.relative_to(tmp_path).as_posix())
    source = FileSource(ZipFiles(packed.getvalue()), "packed")
    found = yolo.read(source, yolo.find(source)).samples
    assert [sample.name for sample in found] == ["images/größe.png"]
    assert items.decoded(found[0]) == items.decoded(items.read(yolo, tmp_path).samples[0])


def test_writing_does_not_change_the_masks() -> None:
    pixels = np.asfortranarray(mask(".##.\n####\n.#.."))
    before = rle.encode(pixels)
    item = items.item("a", Instance(before, "x"))
    list(yolo.YoloWriter([]).sample(item))
    assert rle.decode(before).tolist() == pixels.tolist()
