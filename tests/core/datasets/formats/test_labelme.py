from __future__ import annotations

import base64
import io
import json
import re

import numpy as np
import PIL.Image
import pytest

from maskcore import rle
from maskcore.datasets.formats import labelme
from maskcore.datasets.writer import Item
from tests.core.datasets import items
from tests.grids import mask


def document(*shapes, size_hw=(4, 5), **changed):
    found = {
        "version": "5.5.0",
        "flags": {},
        "shapes": list(shapes),
        "imagePath": "a.png",
        "imageData": None,
        "imageHeight": size_hw[0],
        "imageWidth": size_hw[1],
        **changed,
    }
    return {key: value for key, value in found.items() if value != "left out"}


def shape(kind="polygon", points=((1, 1), (4, 1), (4, 3), (1, 3)), label="cat", **more):
    return {
        "label": label,
        "points": [list(point) for point in points],
        "group_id": None,
        "description": "",
        "shape_type": kind,
        "flags": {},
        "mask": None,
        **more,
    }


def png(pixels, mode="1"):
    """A PNG as labelme writes the masks of its shapes."""
    file = io.BytesIO()
    PIL.Image.fromarray(pixels.astype(np.uint8) * 255).convert(mode).save(file, "PNG")
    return base64.b64encode(file.getvalue()).decode()


def put(folder, name, content):
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps(content) if not isinstance(content, bytes | str) else content
    path.write_bytes(text if isinstance(text, bytes) else text.encode())


def sample_of(folder, content):
    put(folder, "a.json", content)
    return items.read(labelme, folder).samples[0]


def pixels_of(folder, *shapes, **changed):
    found = sample_of(folder, document(*shapes, **changed)).read()
    assert found.problems == []
    return [rle.decode(annotation.instance.mask) for annotation in found.annotations]


def test_a_polygon_is_filled_by_the_centers_of_its_pixels(tmp_path):
    (found,) = pixels_of(tmp_path, shape())
    assert np.array_equal(found, mask(".....\n.###.\n.###.\n....."))


@pytest.mark.parametrize("points", [((1, 1), (4, 3)), ((4, 3), (1, 1)), ((1, 3), (4, 1))])
def test_a_rectangle_has_two_corners_in_any_order(tmp_path, points):
    (found,) = pixels_of(tmp_path, shape("rectangle", points))
    assert np.array_equal(found, mask(".....\n.###.\n.###.\n....."))


def test_a_circle_is_its_middle_and_a_point_on_it(tmp_path):
    (found,) = pixels_of(tmp_path, shape("circle", ((2, 2), (2, 3.3))))
    wanted = [[(x - 1.5) ** 2 + (y - 1.5) ** 2 <= 1.3**2 for x in range(5)] for y in range(4)]
    assert found.tolist() == wanted


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB"])
def test_a_mask_is_a_png_inside_a_box_with_both_corners_in_it(tmp_path, mode):
    drawn = mask("##.\n#.#")
    text = png(drawn, mode)
    (found,) = pixels_of(tmp_path, shape("mask", ((1, 2), (3, 3)), mask=text))
    assert np.array_equal(found, mask(".....\n.....\n.##..\n.#.#."))


def test_a_mask_of_zeros_and_ones_is_read(tmp_path):
    file = io.BytesIO()
    PIL.Image.fromarray(np.array([[0, 1]], np.uint8)).save(file, "PNG")
    text = base64.b64encode(file.getvalue()).decode()
    (found,) = pixels_of(tmp_path, shape("mask", ((0, 0), (1, 0)), mask=text), size_hw=(1, 2))
    assert found.tolist() == [[False, True]]


def test_shapes_beyond_the_image_are_cut_off(tmp_path):
    all_inside = png(np.ones((3, 3)))
    cut = pixels_of(
        tmp_path,
        shape("mask", ((-1, 2), (1, 4)), mask=all_inside),
        shape("rectangle", ((3, -9), (99, 1))),
    )
    assert np.array_equal(cut[0], mask(".....\n.....\n##...\n##..."))
    assert np.array_equal(cut[1], mask("...##\n.....\n.....\n....."))


def test_shapes_of_one_label_and_group_are_one_instance(tmp_path):
    left, right = ((0, 0), (1, 1)), ((3, 0), (4, 1))
    put(
        tmp_path,
        "a.json",
        document(
            shape("rectangle", left, group_id=1),
            shape("rectangle", ((0, 2), (1, 3)), label="dog", group_id=1),
            shape("rectangle", right, group_id=1),
            shape("rectangle", right),
            shape("rectangle", right),
        ),
    )
    (sample,) = items.read(labelme, tmp_path).samples
    assert items.decoded(sample) == [
        ("cat", mask("#..#.\n.....\n.....\n.....").tolist()),
        ("dog", mask(".....\n.....\n#....\n.....").tolist()),
        ("cat", mask("...#.\n.....\n.....\n.....").tolist()),
        ("cat", mask("...#.\n.....\n.....\n.....").tolist()),
    ]


@pytest.mark.parametrize("kind", ["line", "linestrip", "point", "points"])
def test_what_has_no_area_is_a_problem_and_the_rest_is_read(tmp_path, kind):
    found = sample_of(tmp_path, document(shape(kind, ((1, 1), (2, 2))), shape())).read()
    assert len(found.annotations) == 1
    assert found.annotations[0].where == "shape 2 in a.json"
    (problem,) = found.problems
    assert problem.where == "shape 1 in a.json"
    assert "has no area" in problem.reason
    assert problem.sample == "a.png"


@pytest.mark.parametrize(
    ("broken", "reason"),
    [
        (None, "not a shape"),
        ([], "not a shape"),
        ({}, "not pairs of numbers"),
        (shape(points=[(1, 1), (2, 2)]), "three corners"),
        (shape(points=[(1, 1), (2, float("nan")), (3, 3)]), "not all finite"),
        (shape(points=[(50, 50), (60, 50), (60, 60)]), "outside of the image"),
        (shape("rectangle", ((1, 1),)), "needs two points"),
        (shape("circle", ((1, 1),)), "needs two points"),
        (shape("circle", ((1, 1), (1, 1))), "no area"),
        (shape("mask", ((0, 0), (1, 1))), "not in base64"),
        (shape("mask", ((0, 0), (1, 1)), mask="%%%"), "picture in it is empty"),
        (shape("mask", ((0, 0), (1, 1)), mask="AAAA"), "picture in it"),
        (shape("mask", ((0, 0), (1, 1)), mask=5), "not in base64"),
        (shape("mask", ((0, 0), (1, 1)), mask="é"), "not in base64"),
        (shape("mask", ((0, 0), (4, 3)), mask=png(np.ones((2, 2)))), "does not fit"),
        (shape("mask", ((9, 9), (10, 10)), mask=png(np.ones((2, 2)))), "outside of the image"),
        (shape("cloud"), "kind “cloud” are not known"),
        (shape(["polygon"]), "not known"),
    ],
)
def test_a_broken_shape_is_a_problem_and_the_rest_is_read(tmp_path, broken, reason):
    found = sample_of(tmp_path, document(broken, shape())).read()
    assert [annotation.instance.label for annotation in found.annotations] == ["cat"]
    (problem,) = found.problems
    assert problem.where == "shape 1 in a.json"
    assert re.search(reason, problem.reason)


@pytest.mark.parametrize(("label", "read"), [(None, "mask"), ("", "mask"), (7, "7"), ([], "mask")])
def test_a_label_that_is_no_text(tmp_path, label, read):
    (sample,) = [sample_of(tmp_path, document(shape(label=label)))]
    assert [instance.label for instance in sample.instances] == [read]


def test_the_image_beside_with_the_same_name_belongs_to_the_file(tmp_path):
    put(tmp_path, "one/a.png", items.picture((4, 5)))
    put(tmp_path, "two/a.png", items.picture((4, 5)))
    put(tmp_path, "one/a.json", document(shape()))
    put(tmp_path, "two/a.json", document(imagePath="gone.png"))
    put(tmp_path, "two/b.png", items.picture((4, 5)))
    found = items.read(labelme, tmp_path)
    assert [sample.name for sample in found.samples] == ["one/a.png", "two/a.png", "two/b.png"]
    assert [len(sample.instances) for sample in found.samples] == [1, 0, 0]
    assert found.format == "labelme"
    assert found.labels == ("cat",)


@pytest.mark.parametrize("called", ["../pictures/x.png", "..\\pictures\\x.png", "x.png"])
def test_an_image_of_another_name_is_the_one_that_is_stated(tmp_path, called):
    put(tmp_path, "pictures/x.png", items.picture((4, 5)))
    put(tmp_path, "json/a.json", document(shape(), imagePath=called))
    (sample,) = items.read(labelme, tmp_path).samples
    assert sample.name == "pictures/x.png"


def test_an_image_inside_is_used_where_there_is_none_beside(tmp_path):
    content = items.picture((4, 5))
    text = base64.b64encode(content).decode()
    sample = sample_of(tmp_path, document(shape(), imageData=text))
    assert sample.name == "a.png"
    assert sample.picture.read() == content
    assert sample.picture.path == ""
    assert sample.size_hw == (4, 5)


def test_without_any_image_the_annotation_is_there_still(tmp_path):
    sample = sample_of(tmp_path, document(shape(), imagePath="somewhere/b.jpg"))
    assert sample.picture is None
    assert sample.name == "b.jpg"
    assert sample.size_hw == (4, 5)
    assert len(sample.instances) == 1


@pytest.mark.parametrize("height", [None, "left out"])
def test_a_size_that_is_not_stated_is_that_of_the_image(tmp_path, height):
    put(tmp_path, "a.png", items.picture((4, 5)))
    (found,) = pixels_of(tmp_path, shape(), imageHeight=height)
    assert found.shape == (4, 5)


@pytest.mark.parametrize("height", [-1, 0, 10**12, "many", 2.5, float("nan")])
def test_a_size_that_cannot_be_is_a_problem(tmp_path, height):
    put(tmp_path, "a.png", items.picture((4, 5)))
    found = sample_of(tmp_path, document(shape(), imageHeight=height)).read()
    assert found.size_hw is None
    assert "none that an image can have" in found.problems[0].reason
    assert found.annotations[0].instance.mask.size_hw == (4, 5)


def test_without_any_size_there_are_no_masks(tmp_path):
    found = sample_of(tmp_path, document(shape(), imageHeight=None)).read()
    assert found.annotations == ()
    assert "states no size" in found.problems[0].reason


@pytest.mark.parametrize(
    "content",
    [
        b'{"shapes": [], "imagePath": "a.png"',
        b'{"shapes": [], "imagePath": "\xff\xfe"}',
        '{"shapes": [' + '{"points":' * 100_000,
    ],
)
def test_a_file_that_is_no_json_is_a_problem_of_its_sample(tmp_path, content):
    put(tmp_path, "good.json", document(shape()))
    put(tmp_path, "bad.json", content)
    bad, good = items.read(labelme, tmp_path).samples
    assert "no JSON" in bad.read().problems[0].reason
    assert len(good.instances) == 1


def test_other_json_files_are_left_to_others(tmp_path):
    put(tmp_path, "coco.json", {"images": [], "annotations": [], "categories": []})
    put(tmp_path, "list.json", [])
    put(tmp_path, "text.json", "shapes")
    put(tmp_path, "package.json", {"shapes": {}})
    put(tmp_path, "empty.json", b"")
    assert labelme.find(items.source(tmp_path)) == []


def test_files_of_old_and_of_other_versions_are_found(tmp_path):
    put(tmp_path, "old.json", {"lineColor": [0], "shapes": [{"points": [[0, 0]]}], "imagePath": ""})
    sorted_keys = {"flags": {}, "imageData": "A" * 100_000, "imagePath": "b.png", "shapes": []}
    put(tmp_path, "sorted.json", sorted_keys)
    put(tmp_path, "bom.json", b"\xef\xbb\xbf" + json.dumps(document()).encode())
    assert labelme.find(items.source(tmp_path)) == ["bom.json", "old.json", "sorted.json"]


def test_of_thousands_of_files_few_are_opened(tmp_path, monkeypatch):
    for number in range(1000):
        (tmp_path / f"{number}.json").write_text('{"shapes": [], "imagePath": ""}')
        (tmp_path / f"{number}.png").touch()
    found = items.source(tmp_path)
    opened = []
    head, load = found.head, found.json
    monkeypatch.setattr(found, "head", lambda name: opened.append(name) or head(name))
    monkeypatch.setattr(found, "json", lambda name: opened.append(name) or load(name))
    names = labelme.find(found)
    assert len(labelme.read(found, names).samples) == 1000
    assert len(opened) <= 50


RING = mask("####.\n#..#.\n#..#.\n####.")
PARTS = mask("#...#\n.....\n.....\n#####")
WHOLE = mask(".....\n.###.\n..##.\n.....")


def test_masks_with_holes_parts_and_overlaps_are_written_and_read_back(tmp_path):
    drawn = [RING, PARTS, WHOLE, np.ones((4, 5), np.bool_)]
    instances = [items.instance(pixels, f"l{i}") for i, pixels in enumerate(drawn)]
    items.write(tmp_path, labelme.LabelmeWriter([]), [items.item("train/a", *instances)])
    (sample,) = items.read(labelme, tmp_path).samples
    assert sample.name == "train/a.png"
    assert items.decoded(sample) == [(f"l{i}", pixels.tolist()) for i, pixels in enumerate(drawn)]


def written(item):
    ((name, content),) = labelme.LabelmeWriter(["cat"]).sample(item)
    return name, json.loads(content)


def test_the_file_is_what_labelme_expects():
    name, found = written(items.item("train/a", items.instance(WHOLE, "ёж")))
    assert name == "train/a.json"
    assert found["imagePath"] == "a.png"
    assert found["imageData"] is None
    assert (found["imageHeight"], found["imageWidth"]) == (4, 5)
    assert found["flags"] == {}
    (only,) = found["shapes"]
    assert only["label"] == "ёж"
    assert only["shape_type"] == "polygon"
    assert only["mask"] is None
    assert only["group_id"] is None
    corners = {tuple(point) for point in only["points"]}
    assert corners == {(1, 1), (4, 1), (4, 3), (2, 3), (2, 2), (1, 2)}


@pytest.mark.parametrize("drawn", [RING, PARTS])
def test_a_mask_with_holes_or_parts_is_a_png_within_its_box(drawn):
    _, found = written(items.item("a", items.instance(drawn)))
    (only,) = found["shapes"]
    assert only["shape_type"] == "mask"
    (x1, y1), (x2, y2) = only["points"]
    with PIL.Image.open(io.BytesIO(base64.b64decode(only["mask"]))) as picture:
        inside = np.asarray(picture).astype(bool)
    read = np.zeros_like(drawn)
    read[y1 : y2 + 1, x1 : x2 + 1] = inside
    assert np.array_equal(read, drawn)
    assert inside.any(axis=0)[[0, -1]].all()
    assert inside.any(axis=1)[[0, -1]].all()


def test_an_image_is_put_inside_where_there_is_one(tmp_path):
    content = items.picture((4, 5))
    item = Item("a", ".png", (4, 5), [items.instance(WHOLE)], has_image=False, image=content)
    _, found = written(item)
    assert base64.b64decode(found["imageData"]) == content
    put(tmp_path, "a.json", found)
    (sample,) = items.read(labelme, tmp_path).samples
    assert sample.picture.read() == content


def test_a_label_that_no_encoding_can_hold_is_written_and_read(tmp_path):
    items.write(
        tmp_path, labelme.LabelmeWriter([]), [items.item("a", items.instance(mask("#"), "\ud800"))]
    )
    (sample,) = items.read(labelme, tmp_path).samples
    assert [instance.label for instance in sample.instances] == ["\ud800"]


def test_a_kind_that_is_no_text_is_told_in_words(tmp_path):
    (tmp_path / "a.json").write_text(json.dumps(document(shape(kind=[["mask"]]))))
    (problem,) = items.read(labelme, tmp_path).samples[0].read().problems
    assert problem.reason == "Shapes of the kind “a list” are not known."
