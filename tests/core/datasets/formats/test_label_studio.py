from __future__ import annotations

import base64
import io
import json
import xml.etree.ElementTree as ET

import numpy as np
import PIL.Image
import pytest

from maskcore import rle
from maskcore.datasets.formats import label_studio
from maskcore.errors import DatasetError
from maskcore.types import Instance
from tests.core.datasets import items
from tests.grids import mask


def packed(pixels, *, repeated=True):
    """The bits of a brush, written from the description of the format."""
    values = [v for inside in pixels.flat for v in ((9, 8, 7, 255) if inside else (0, 0, 0, 0))]
    bits = f"{len(values):032b}{7:05b}" + "".join(f"{size - 1:04b}" for size in (3, 4, 8, 16))
    if not repeated:
        bits += f"011{len(values) - 1:016b}" + "".join(f"{value:08b}" for value in values)
    else:
        for value in values:
            bits += f"100{0:03b}{value:08b}"
    bits += "0" * (-len(bits) % 8)
    return [int(bits[i : i + 8], 2) for i in range(0, len(bits), 8)]


def unpacked(bytes_):
    """The alpha values of a brush, read from the description of the format."""
    bits = "".join(f"{byte:08b}" for byte in bytes_)
    place = 0

    def take(count):
        nonlocal place
        place += count
        return int(bits[place - count : place], 2)

    length, word = take(32), take(5) + 1
    sizes = [take(4) + 1 for _ in range(4)]
    values = []
    while len(values) < length:
        is_repeated = take(1)
        count = take(sizes[take(2)]) + 1
        values += [take(word)] * count if is_repeated else [take(word) for _ in range(count)]
    return values[3::4]


def result(kind="rectanglelabels", label="cat", size_hw=(4, 5), score=None, **value):
    """A result as Label Studio exports it; a rectangle unless said otherwise."""
    if kind == "rectanglelabels" and not value:
        value = {"x": 20, "y": 25, "width": 60, "height": 50, "rotation": 0}
    found = {
        "id": "ab12",
        "type": kind,
        "from_name": "label",
        "to_name": "image",
        "original_width": size_hw and size_hw[1],
        "original_height": size_hw and size_hw[0],
        "image_rotation": 0,
        "value": {**value, kind: [label]},
    }
    return found if score is None else {**found, "score": score}


def task(*results, image="/data/upload/1/0123abcd-a.png", identity=7, **more):
    return {
        "id": identity,
        "annotations": [{"id": 1, "was_cancelled": False, "result": list(results)}],
        "predictions": [],
        "data": {"image": image},
        **more,
    }


def put(folder, *tasks, name="export.json"):
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(list(tasks)))


def picture(folder, name, size_hw=(4, 5)):
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(items.picture(size_hw))


def sample_of(folder, *tasks):
    put(folder, *tasks)
    return items.read(label_studio, folder).samples[0]


def pixels_of(folder, *results, **more):
    found = sample_of(folder, task(*results, **more)).read()
    assert found.problems == []
    return [rle.decode(annotation.instance.mask) for annotation in found.annotations]


@pytest.mark.parametrize("repeated", [True, False])
def test_a_brush_is_where_alpha_is_not_zero(tmp_path, repeated):
    drawn = mask("#....\n.###.\n.#.#.\n.###.")
    bits = packed(drawn, repeated=repeated)
    (found,) = pixels_of(tmp_path, result("brushlabels", format="rle", rle=bits))
    assert np.array_equal(found, drawn)


def test_a_bitmask_is_where_its_picture_is_not_transparent(tmp_path):
    drawn = mask("#....\n.###.\n.#.#.\n.###.")
    rgba = np.zeros((4, 5, 4), np.uint8)
    rgba[drawn, 3] = 255
    file = io.BytesIO()
    PIL.Image.fromarray(rgba).save(file, "PNG")
    text = "data:image/png;base64," + base64.b64encode(file.getvalue()).decode()
    (found,) = pixels_of(tmp_path, result("bitmasklabels", imageDataURL=text))
    assert np.array_equal(found, drawn)


def test_a_polygon_is_in_percent_of_the_image(tmp_path):
    points = [[20, 25], [80, 25], [80, 75], [20, 75]]
    (found,) = pixels_of(tmp_path, result("polygonlabels", points=points, closed=True))
    assert np.array_equal(found, mask(".....\n.###.\n.###.\n....."))


def test_a_rectangle_is_in_percent_of_the_image(tmp_path):
    (found,) = pixels_of(tmp_path, result())
    assert np.array_equal(found, mask(".....\n.###.\n.###.\n....."))


def test_a_rectangle_turns_about_its_upper_left_corner(tmp_path):
    # Three pixels wide and one high, turned from (4, 1) downwards.
    value = {"x": 80, "y": 25, "width": 60, "height": 25, "rotation": 90}
    (found,) = pixels_of(tmp_path, result(**value))
    assert np.array_equal(found, mask(".....\n...#.\n...#.\n...#."))


def test_an_ellipse_is_its_middle_and_two_radii(tmp_path):
    value = {"x": 45, "y": 52, "radiusX": 50, "radiusY": 25, "rotation": 30}
    (found,) = pixels_of(tmp_path, result("ellipselabels", **value))
    cos, sin = np.cos(np.pi / 6), np.sin(np.pi / 6)
    for y in range(4):
        for x in range(5):
            dx, dy = x + 0.5 - 0.45 * 5, y + 0.5 - 0.52 * 4
            along, across = dx * cos + dy * sin, dy * cos - dx * sin
            assert found[y, x] == ((along / 2.5) ** 2 + (across / 1) ** 2 <= 1)


@pytest.mark.parametrize("kind", ["keypointlabels", "vectorlabels"])
def test_what_has_no_area_is_a_problem_and_the_rest_is_read(tmp_path, kind):
    found = sample_of(tmp_path, task(result(kind, x=1, y=1), result())).read()
    assert len(found.annotations) == 1
    assert found.annotations[0].where == "result 2 of task 7 in export.json"
    (problem,) = found.problems
    assert problem.where == "result 1 of task 7 in export.json"
    assert "no area" in problem.reason


def test_choices_texts_and_relations_are_no_shapes(tmp_path):
    others = [
        {"type": "choices", "value": {"choices": ["a"]}},
        {"type": "relation", "from_id": "a", "to_id": "b"},
        {"type": "textarea", "value": {"text": ["b"]}},
    ]
    found = sample_of(tmp_path, task(*others, result())).read()
    assert found.problems == []
    assert len(found.annotations) == 1


@pytest.mark.parametrize(
    ("broken", "reason"),
    [
        (result("brushlabels", format="rle"), "not a list of bytes"),
        (result("brushlabels", rle=[1, 2, 256]), "not a list of bytes"),
        (result("brushlabels", rle=[1, 2, "x"]), "not a list of bytes"),
        (result("brushlabels", rle="AAAA"), "not a list of bytes"),
        (result("brushlabels", rle=[0, 0, 0]), "bytes end before"),
        (result("brushlabels", rle=packed(mask("#"))), "made for 1 pixels, not 20"),
        (result("bitmasklabels"), "not in base64"),
        (result("bitmasklabels", imageDataURL="data:image/png;base64,AAAA"), "picture in it"),
        (result("polygonlabels"), "not pairs of numbers"),
        (result("polygonlabels", points=[[1, 1], [2, 2]]), "three corners"),
        (result("polygonlabels", points=[[1, float("nan")]] * 3), "not all finite"),
        (result(x=1), "Its y is missing"),
        (result(x=1, y=1, width="wide", height=2), "Its width is missing or no number"),
        (result(x=200, y=1, width=1, height=2), "outside of the image"),
        (result("ellipselabels", x=1, y=1, radiusX=0, radiusY=1), "no area"),
        ({**result(), "image_rotation": 90}, "turned by 90 degrees"),
        ({**result(), "original_width": 10**12}, "none that an image can have"),
        ({**result(), "original_width": "many"}, "none that an image can have"),
        ({**result(), "original_width": None}, "size of the image is not stated"),
    ],
)
def test_a_broken_result_is_a_problem_and_the_rest_is_read(tmp_path, broken, reason):
    found = sample_of(tmp_path, task(broken, result())).read()
    assert len(found.annotations) == 1
    (problem,) = found.problems
    assert problem.where == "result 1 of task 7 in export.json"
    assert reason in problem.reason


@pytest.mark.parametrize(
    "strange",
    [
        {"result": None},
        {"result": [None, 5, {}, {"type": 5}, {"type": "brushlabels"}, {"type": "labels"}]},
        {"result": {}},
    ],
)
def test_results_of_other_types_are_passed_over(tmp_path, strange):
    sample = sample_of(tmp_path, {**task(), "annotations": [strange]})
    assert sample.read() == sample.read()
    assert sample.instances == []


def test_the_label_of_a_plain_shape_is_in_the_result_of_the_same_id(tmp_path):
    value = result()["value"]
    plain = {**result(), "type": "rectangle", "value": {**value, "rectanglelabels": None}}
    labels = {**plain, "type": "labels", "value": {**value, "labels": ["dog"]}}
    other = {**plain, "id": "other"}
    sample = sample_of(tmp_path, task(plain, labels, other))
    assert [instance.label for instance in sample.instances] == ["dog", "mask"]


def test_a_shape_with_two_labels_is_two_instances(tmp_path):
    both = result()
    both["value"]["rectanglelabels"] = ["cat", "dog"]
    sample = sample_of(tmp_path, task(both))
    assert [instance.label for instance in sample.instances] == ["cat", "dog"]
    assert sample.instances[0].mask == sample.instances[1].mask


def test_scores_come_from_the_result_or_from_its_prediction(tmp_path):
    predictions = [{"score": 0.5, "result": [result(score=0.25), result(), result(score=7)]}]
    sample = sample_of(tmp_path, task(annotations=[], predictions=predictions))
    assert [instance.score for instance in sample.instances] == [0.25, 0.5, 0.5]


def test_what_a_person_drew_goes_before_predictions(tmp_path):
    predictions = [{"score": 0.5, "result": [result(label="dog")]}]
    sample = sample_of(tmp_path, task(result(), predictions=predictions))
    assert sample.instances == [Instance(sample.instances[0].mask, "cat")]


@pytest.mark.parametrize("key", ["annotations", "completions"])
def test_of_several_versions_one_is_read(tmp_path, key):
    versions = [
        {"was_cancelled": True, "result": [result(label="cancelled")]},
        {"result": [result(label="first")]},
        {"result": [result(label="true")], "ground_truth": True},
        {"result": [result(label="later")]},
    ]
    one = {"id": 7, "data": {"image": "a.png"}, key: versions}
    found = sample_of(tmp_path, one).read()
    assert [annotation.instance.label for annotation in found.annotations] == ["true"]
    (problem,) = found.problems
    assert "2 of the versions are left aside" in problem.reason


@pytest.mark.parametrize(
    ("image", "file"),
    [
        ("/data/upload/1/0123abcd-a.png", "a.png"),
        ("/data/upload/1/0123abcd-a.png", "images/0123abcd-a.png"),
        ("/data/upload/1/0123abcd-two%20words.png", "two words.png"),
        ("/data/local-files/?d=sets/two%20words%26.png", "sets/two words&.png"),
        ("http://localhost:8080/data/local-files/?d=sets%2Fa.png", "sets/a.png"),
        ("https://example.com/sets/a%C3%BC.png?token=1&x=a/b.jpg", "aü.png"),
        ("s3://bucket/sets/a.png", "sets/a.png"),
        ("sets/a.png", "sets/a.png"),
        ("upload/1/0123abcd-a.png", "a.png"),
        ("C:\\sets\\a.png", "sets/a.png"),
        ("100%25.png", "100%.png"),
        ("100%25.png", "100%25.png"),
        ("http://[broken/a.png", "a.png"),
    ],
)
def test_images_are_found_by_what_tasks_call_them(tmp_path, image, file):
    picture(tmp_path, file)
    picture(tmp_path, "zzz/other.png")
    put(tmp_path, task(result(), image=image))
    found = items.read(label_studio, tmp_path)
    assert [sample.name for sample in found.samples] == [file, "zzz/other.png"]


def test_the_folder_tells_images_of_one_name_apart(tmp_path):
    picture(tmp_path, "one/a.png")
    picture(tmp_path, "two/a.png")
    put(tmp_path, *(task(image=f"/data/local-files/?d={name}/a.png") for name in ("two", "one")))
    found = items.read(label_studio, tmp_path)
    assert [sample.name for sample in found.samples] == ["two/a.png", "one/a.png"]


def test_the_image_may_stand_under_another_key(tmp_path):
    sample = sample_of(tmp_path, task(result(), data={"text": "words", "photo": "x/b.jpg"}))
    assert sample.name == "x/b.jpg"


def test_a_picture_in_base64_is_the_image(tmp_path):
    text = "data:image/png;base64," + base64.b64encode(items.picture((4, 5))).decode()
    sample = sample_of(tmp_path, task(result(), image=text))
    assert sample.name == "task 1"
    assert sample.image().shape == (4, 5, 3)


@pytest.mark.parametrize("data", [None, [], {}, {"image": 5}, {"image": ""}, "a.png"])
def test_a_task_without_image_is_a_sample_still(tmp_path, data):
    put(tmp_path, task(result(), data=data), task(result()), task(result()))
    found = items.read(label_studio, tmp_path)
    assert [sample.name for sample in found.samples] == ["task 1", "a.png", "a.png (2)"]
    assert [len(sample.instances) for sample in found.samples] == [1, 1, 1]


def test_a_size_that_is_not_stated_is_that_of_the_image(tmp_path):
    picture(tmp_path, "a.png")
    (found,) = pixels_of(tmp_path, result(size_hw=None), image="a.png")
    assert found.shape == (4, 5)


def test_labels_are_those_of_the_results(tmp_path):
    put(tmp_path, task(result(label="b")), task(result(label="a"), result(label="b")))
    assert items.read(label_studio, tmp_path).stated_labels == ("b", "a")


def test_things_that_are_no_task_are_problems(tmp_path):
    put(tmp_path, task(result()), 5, None, task(result(), image="b.png"))
    found = items.read(label_studio, tmp_path)
    assert [sample.name for sample in found.samples] == ["a.png", "b.png"]
    assert [problem.where for problem in found.problems] == [
        "task 2 in export.json",
        "task 3 in export.json",
    ]


@pytest.mark.parametrize("text", ["", "5", '[{"annotations": [], "data": {', "[" * 100_000])
def test_a_file_of_which_nothing_can_be_read_is_an_error(tmp_path, text):
    (tmp_path / "a.json").write_text(text)
    with pytest.raises(DatasetError, match=r"a\.json is"):
        label_studio.read(items.source(tmp_path), ["a.json"])


def test_one_task_alone_is_read(tmp_path):
    (tmp_path / "a.json").write_text(json.dumps(task(result())))
    (sample,) = items.read(label_studio, tmp_path).samples
    assert len(sample.instances) == 1


def test_other_json_files_are_left_to_others(tmp_path):
    coco = {"images": [], "annotations": [{"segmentation": [[1]], "bbox": []}], "categories": []}
    createml = [{"image": "a.jpg", "annotations": [{"label": "a", "coordinates": {}}]}]
    labelme = {"shapes": [], "imagePath": "", "imageData": None}
    for name, document in (("c", coco), ("m", createml), ("l", labelme), ("e", []), ("n", 5)):
        (tmp_path / f"{name}.json").write_text(json.dumps(document))
    assert label_studio.find(items.source(tmp_path)) == []


def test_tasks_without_annotations_are_found(tmp_path):
    put(tmp_path, {"id": 1, "annotations": [], "data": {"image": "a.png"}})
    assert label_studio.find(items.source(tmp_path)) == ["export.json"]


RING = mask("####.\n#..#.\n#..#.\n####.")
PARTS = mask("#...#\n.....\n.....\n#####")
EMPTY = np.zeros((4, 5), np.bool_)
DRAWN = [RING, PARTS, EMPTY, np.ones((4, 5), np.bool_)]


def test_masks_with_holes_parts_overlaps_and_nothing_are_written_and_read_back(tmp_path):
    first = items.item(
        "train/ä b", *(items.instance(pixels, f"l{i}") for i, pixels in enumerate(DRAWN))
    )
    second = items.item("b", size_hw=(2, 3))
    items.write(tmp_path, label_studio.LabelStudioWriter([]), [first, second])
    found = items.read(label_studio, tmp_path)
    assert [sample.name for sample in found.samples] == ["images/train/ä b.png", "images/b.png"]
    assert items.decoded(found.samples[0]) == [
        (f"l{i}", pixels.tolist()) for i, pixels in enumerate(DRAWN)
    ]
    assert found.samples[1].read().size_hw == (2, 3)


def test_scores_are_written_and_read_back(tmp_path):
    scored = [items.instance(RING, score=0.5), items.instance(PARTS), items.instance(RING, score=0)]
    items.write(tmp_path, label_studio.LabelStudioWriter([]), [items.item("a", *scored)])
    (sample,) = items.read(label_studio, tmp_path).samples
    assert sample.instances == scored


def test_the_tasks_are_what_label_studio_imports(tmp_path):
    instances = [items.instance(pixels, "ёж") for pixels in DRAWN]
    items.write(tmp_path, label_studio.LabelStudioWriter([]), [items.item("train/a b", *instances)])
    (one,) = json.loads((tmp_path / "tasks.json").read_text())
    assert one["data"]["image"] == "/data/local-files/?d=images/train/a%20b.png"
    assert one["predictions"] == []
    (annotation,) = one["annotations"]
    assert len({result["id"] for result in annotation["result"]}) == len(DRAWN)
    for found, drawn in zip(annotation["result"], DRAWN, strict=True):
        assert found["type"] == "brushlabels"
        assert (found["original_height"], found["original_width"]) == (4, 5)
        assert found["value"]["format"] == "rle"
        assert found["value"]["brushlabels"] == ["ёж"]
        alpha = np.reshape(unpacked(found["value"]["rle"]), (4, 5))
        assert np.array_equal(alpha, drawn * 255)


def test_the_labeling_interface_has_the_names_and_the_labels(tmp_path):
    items.write(
        tmp_path,
        label_studio.LabelStudioWriter(["unused"]),
        [items.item("a", items.instance(RING, 'a "b" <c>'))],
    )
    root = ET.fromstring((tmp_path / "label_config.xml").read_bytes())
    brush = root.find("BrushLabels")
    (one,) = json.loads((tmp_path / "tasks.json").read_text())
    (found,) = one["annotations"][0]["result"]
    assert brush.get("name") == found["from_name"]
    assert brush.get("toName") == found["to_name"] == root.find("Image").get("name")
    assert root.find("Image").get("value") == "$image"
    assert [label.get("value") for label in brush] == ["unused", 'a "b" <c>']


def test_an_unlabeled_image_is_a_task_to_do(tmp_path):
    items.write(tmp_path, label_studio.LabelStudioWriter([]), [items.item("a", size_hw=(2, 3))])
    (one,) = json.loads((tmp_path / "tasks.json").read_text())
    assert one["annotations"] == one["predictions"] == []
