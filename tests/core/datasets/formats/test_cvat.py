from __future__ import annotations

import re
import tracemalloc
import xml.etree.ElementTree as ET

import numpy as np
import pytest

from maskcore import rle
from maskcore.datasets.formats import cvat
from maskcore.errors import DatasetError
from tests.core.datasets import items
from tests.grids import mask

META = """
  <meta><task><id>1</id><name>my task</name><size>2</size><mode>annotation</mode>
    <labels>
      <label><name>car</name><color>#c06060</color><type>any</type><attributes>
        <attribute><name>age</name><input_type>number</input_type></attribute>
      </attributes></label>
      <label><name>a &amp; b</name><type>any</type><attributes></attributes></label>
      <label><name>person</name><type>skeleton</type><attributes></attributes></label>
      <label><name>nose</name><type>points</type><parent>person</parent></label>
    </labels>
  </task></meta>"""


def document(*images, meta=META):
    head = '<?xml version="1.0" encoding="utf-8"?>\n<annotations>\n  <version>1.1</version>'
    return head + meta + "".join(images) + "\n</annotations>\n"


def image(*shapes, name="a.png", size='width="5" height="4"', identity=0):
    return f'\n  <image id="{identity}" name="{name}" {size}>' + "".join(shapes) + "</image>"


def polygon(points="1.00,1.00;4.00,1.00;4.00,3.00;1.00,3.00", more=""):
    return (
        f'<polygon label="car" source="manual" occluded="0" points="{points}" z_order="0" {more}>'
        '<attribute name="age">3</attribute></polygon>'
    )


def put(folder, text, name="annotations.xml"):
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text if isinstance(text, bytes) else text.encode())


def sample_of(folder, *shapes, **more):
    put(folder, document(image(*shapes, **more)))
    return items.read(cvat, folder).samples[0]


def pixels_of(folder, *shapes):
    found = sample_of(folder, *shapes).read()
    assert found.problems == []
    return [rle.decode(annotation.instance.mask) for annotation in found.annotations]


def test_a_polygon_is_filled_by_the_centers_of_its_pixels(tmp_path):
    (found,) = pixels_of(tmp_path, polygon())
    assert np.array_equal(found, mask(".....\n.###.\n.###.\n....."))


def test_a_mask_is_runs_along_the_rows_of_its_box(tmp_path):
    text = '<mask label="car" rle="1, 2, 1, 2" left="1" top="2" width="3" height="2"></mask>'
    (found,) = pixels_of(tmp_path, text)
    assert np.array_equal(found, mask(".....\n.....\n..##.\n..##."))


def test_a_box_goes_from_its_upper_left_to_its_lower_right(tmp_path):
    (found,) = pixels_of(tmp_path, '<box label="car" xtl="1" ytl="0.4" xbr="3.6" ybr="2"/>')
    assert np.array_equal(found, mask(".###.\n.###.\n.....\n....."))


def test_a_box_turns_about_its_middle(tmp_path):
    text = '<box label="car" xtl="0.5" ytl="1.5" xbr="4.5" ybr="2.5" rotation="90"/>'
    (found,) = pixels_of(tmp_path, text)
    assert np.array_equal(found, mask("..#..\n..#..\n..#..\n..#.."))


def test_an_ellipse_turns_about_its_middle(tmp_path):
    text = '<ellipse label="car" cx="2.4" cy="2.1" rx="2.5" ry="1.1" rotation="30.00"/>'
    (found,) = pixels_of(tmp_path, text)
    cos, sin = np.cos(np.pi / 6), np.sin(np.pi / 6)
    for y in range(4):
        for x in range(5):
            dx, dy = x + 0.5 - 2.4, y + 0.5 - 2.1
            along, across = dx * cos + dy * sin, dy * cos - dx * sin
            assert found[y, x] == ((along / 2.5) ** 2 + (across / 1.1) ** 2 <= 1)


@pytest.mark.parametrize("kind", ["polyline", "points", "cuboid", "skeleton"])
def test_what_has_no_area_is_a_problem_and_the_rest_is_read(tmp_path, kind):
    inner = '<points label="nose" points="1,1"/>' if kind == "skeleton" else ""
    text = f'<{kind} label="car" points="1,1;2,2">{inner}</{kind}>'
    found = sample_of(tmp_path, text, polygon()).read()
    assert len(found.annotations) == 1
    assert found.annotations[0].where == "polygon 2 of a.png in annotations.xml"
    (problem,) = found.problems
    assert problem.where == f"{kind} 1 of a.png in annotations.xml"
    assert "no area" in problem.reason


def test_tags_are_no_shapes(tmp_path):
    assert sample_of(tmp_path, '<tag label="car"></tag>').read().problems == []


@pytest.mark.parametrize(
    ("broken", "reason"),
    [
        (polygon(""), "not pairs of numbers"),
        (polygon("1,1;2,2"), "three corners"),
        (polygon("1,1;2;3,3"), "not pairs of numbers"),
        (polygon("1,1;x,2;3,3"), "not pairs of numbers"),
        (polygon("1,1;nan,2;3,3"), "not all finite"),
        (polygon("10,10;20,10;20,20"), "outside of the image"),
        ('<box label="car" xtl="1" ytl="1" xbr="2"/>', "Its ybr is missing"),
        ('<box label="car" xtl="1" ytl="1" xbr="2" ybr="inf"/>', "Its ybr is missing or no number"),
        ('<ellipse label="car" cx="1" cy="1" rx="0" ry="1"/>', "no area"),
        ('<ellipse label="car" cx="1" cy="1" rx="1" ry="1" rotation="?"/>', "Its rotation"),
        ('<mask label="car"/>', "needs left, top, width and height"),
        ('<mask label="car" rle="4" left="4" top="0" width="2" height="2"/>', "not lie inside"),
        ('<mask label="car" rle="5" left="0" top="0" width="2" height="2"/>', "do not add up"),
        ('<mask label="car" rle="" left="0" top="0" width="2" height="2"/>', "no numbers"),
    ],
)
def test_a_broken_shape_is_a_problem_and_the_rest_is_read(tmp_path, broken, reason):
    found = sample_of(tmp_path, broken, polygon()).read()
    assert len(found.annotations) == 1
    (problem,) = found.problems
    assert reason in problem.reason


def test_shapes_of_a_group_stay_apart(tmp_path):
    group = 'group_id="1"'
    assert len(pixels_of(tmp_path, polygon(more=group), polygon(more=group))) == 2


def test_labels_are_those_of_the_task_and_then_those_of_the_shapes(tmp_path):
    put(tmp_path, document(image('<box label="new"/>', '<box label="car"/>', "<box/>")))
    assert items.read(cvat, tmp_path).stated_labels == ("car", "a & b", "person", "new", "mask")


def test_each_image_has_its_shapes_also_where_an_element_is_short(tmp_path):
    short = '\n<image id="1" name="b.png" width="3" height="2"/>'
    put(tmp_path, document(image(polygon()), short, image(polygon(), polygon(), name="ü.png")))
    found = items.read(cvat, tmp_path)
    assert [sample.name for sample in found.samples] == ["a.png", "b.png", "ü.png"]
    assert [len(sample.instances) for sample in found.samples] == [1, 0, 2]
    assert found.samples[1].size_hw == (2, 3)


def test_images_are_found_and_those_without_element_are_listed(tmp_path):
    for name in ("images/a.png", "images/Train/b.png", "images/Test/b.png", "images/more.png"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(items.picture((4, 5)))
    b = image(polygon(), name="b.png", size='subset="Train" width="5" height="4"')
    put(tmp_path, document(image(), b, image(name="gone.png"), image(name="gone.png")))
    found = items.read(cvat, tmp_path)
    assert [sample.name for sample in found.samples] == [
        *("images/a.png", "images/Train/b.png", "gone.png", "gone.png (2)"),
        *("images/Test/b.png", "images/more.png"),
    ]
    assert [sample.picture is None for sample in found.samples] == [
        False,
        False,
        True,
        True,
        False,
        False,
    ]


@pytest.mark.parametrize("size", ["", 'width="5"', 'width="5" height="0"', 'width="x" height="4"'])
def test_a_size_that_is_not_stated_is_that_of_the_image(tmp_path, size):
    (tmp_path / "a.png").write_bytes(items.picture((4, 5)))
    sample = sample_of(tmp_path, polygon(), size=size)
    assert [instance.mask.size_hw for instance in sample.instances] == [(4, 5)]


def test_huge_sizes_are_refused(tmp_path):
    found = sample_of(tmp_path, polygon(), size='width="1000000000" height="1000000000"').read()
    assert found.annotations == []
    assert [problem.where for problem in found.problems] == [
        "a.png in annotations.xml",
        "polygon 1 of a.png in annotations.xml",
    ]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_other_encodings_are_read(tmp_path, encoding):
    text = document(image(polygon(), name="ü.png"), image(polygon(), name="ä.png"))
    put(tmp_path, text.replace('encoding="utf-8"', f'encoding="{encoding[:6]}"').encode(encoding))
    found = items.read(cvat, tmp_path)
    assert [sample.name for sample in found.samples] == ["ü.png", "ä.png"]
    assert [len(sample.instances) for sample in found.samples] == [1, 1]


def test_of_a_damaged_file_what_comes_before_is_read(tmp_path):
    put(tmp_path, document(image(polygon()), image(polygon(), name="b.png"))[:-40])
    found = items.read(cvat, tmp_path)
    assert [sample.name for sample in found.samples] == ["a.png"]
    (problem,) = found.problems
    assert re.fullmatch("line [0-9]+ of annotations.xml", problem.where)
    assert "damaged from here on" in problem.reason


def test_tracks_of_a_video_are_a_problem(tmp_path):
    put(tmp_path, document('<track id="0" label="car"><box frame="0"/></track>'))
    found = items.read(cvat, tmp_path)
    assert found.samples == []
    assert "Tracks of a video (1)" in found.problems[0].reason


@pytest.mark.parametrize(
    "text",
    [
        '<!DOCTYPE annotations [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]><annotations>&b;',
        '<!DOCTYPE annotations SYSTEM "file:///etc/passwd"><annotations></annotations>',
    ],
)
def test_documents_that_can_declare_entities_are_refused(tmp_path, text):
    put(tmp_path, text)
    source = items.source(tmp_path)
    assert cvat.find(source) == []
    with pytest.raises(DatasetError, match="declares a document type"):
        cvat.read(source, ["annotations.xml"])


@pytest.mark.parametrize(
    "text", ["", "<annotations>", "<annotations><image", b"\xff\xfe\x00", b"\0"]
)
def test_a_file_of_which_nothing_can_be_read_is_an_error(tmp_path, text):
    put(tmp_path, text)
    with pytest.raises(DatasetError, match=r"annotations\.xml is no XML"):
        cvat.read(items.source(tmp_path), ["annotations.xml"])


def test_other_xml_files_are_left_to_others(tmp_path):
    put(tmp_path, "<annotation><size/><object/></annotation>", "voc.xml")
    put(tmp_path, "<View><Image/></View>", "config.xml")
    put(tmp_path, "<annotations/>", "bare.xml")
    put(tmp_path, "text <annotations> <image ", "text.xml")
    put(tmp_path, "", "empty.xml")
    assert cvat.find(items.source(tmp_path)) == []


def test_masks_are_made_when_they_are_asked_for_and_not_kept(tmp_path):
    runs = ",".join(["1"] * 4000)
    text = f'<mask label="car" rle="{runs}" left="0" top="0" width="80" height="50"/>'
    size = 'width="80" height="50"'
    put(tmp_path, document(*(image(text, text, size=size, name=f"{i}.png") for i in range(100))))
    n_bytes = (tmp_path / "annotations.xml").stat().st_size
    source = items.source(tmp_path)
    tracemalloc.start()
    try:
        found = cvat.read(source, ["annotations.xml"])
        assert all(len(sample.instances) == 2 for sample in found.samples)
        kept, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert kept < 1.5 * n_bytes


RING = mask("####.\n#..#.\n#..#.\n####.")
PARTS = mask("#...#\n.....\n.....\n#####")


def test_masks_with_holes_parts_and_overlaps_are_written_and_read_back(tmp_path):
    drawn = [RING, PARTS, np.ones((4, 5), np.bool_), mask(".....\n..#..\n.....\n.....")]
    first = items.item(
        "train/a", *(items.instance(pixels, f"l{i}") for i, pixels in enumerate(drawn))
    )
    second = items.item("b", size_hw=(2, 3))
    items.write(tmp_path, cvat.CvatWriter(["unused"]), [first, second])
    found = items.read(cvat, tmp_path)
    assert [sample.name for sample in found.samples] == ["images/train/a.png", "images/b.png"]
    assert items.decoded(found.samples[0]) == [
        (f"l{i}", pixels.tolist()) for i, pixels in enumerate(drawn)
    ]
    assert found.samples[1].read().size_hw == (2, 3)
    assert found.stated_labels == ("unused", "l0", "l1", "l2", "l3")


def test_the_file_is_what_cvat_imports(tmp_path):
    label = 'a "b" <c> & ё'
    instances = [items.instance(RING, label), items.instance(PARTS, "d")]
    items.write(tmp_path, cvat.CvatWriter([]), [items.item("train/a", *instances)])
    root = ET.fromstring((tmp_path / "annotations.xml").read_bytes())
    assert root.tag == "annotations"
    assert root.findtext("version") == "1.1"
    assert [element.text for element in root.findall("meta/task/labels/label/name")] == [label, "d"]
    assert root.findtext("meta/task/size") == "1"
    (one,) = root.findall("image")
    assert one.attrib == {"id": "0", "name": "train/a.png", "width": "5", "height": "4"}
    assert [shape.get("label") for shape in one] == [label, "d"]
    for element, drawn in zip(one, (RING, PARTS), strict=True):
        assert element.tag == "mask"
        assert element.get("occluded") == "0"
        left, top, width, height = (
            int(element.get(side)) for side in ("left", "top", "width", "height")
        )
        runs = [int(count) for count in element.get("rle").split(",")]
        flat = [bool(place % 2) for place, run in enumerate(runs) for _ in range(run)]
        read = np.zeros_like(drawn)
        read[top : top + height, left : left + width] = np.reshape(flat, (height, width))
        assert np.array_equal(read, drawn)


@pytest.mark.parametrize("label", ["a\nb", "tab\there", " blank ", "cr\rlf"])
def test_odd_labels_come_back(tmp_path, label):
    items.write(tmp_path, cvat.CvatWriter([]), [items.item("a", items.instance(mask("#"), label))])
    found = items.read(cvat, tmp_path)
    assert [instance.label for instance in found.samples[0].instances] == [label]
    assert found.stated_labels == (label,)


@pytest.mark.parametrize("label", ["nul\0", "\ud800", "\x1b[0m", "\ufffe"])
def test_characters_that_xml_has_no_way_to_write_are_replaced(tmp_path, label):
    items.write(tmp_path, cvat.CvatWriter([]), [items.item("a", items.instance(mask("#"), label))])
    (instance,) = items.read(cvat, tmp_path).samples[0].instances
    assert instance.label == re.sub("[\0\ud800\x1b\ufffe]", "\ufffd", label)


def test_a_file_of_comments_is_told_at_once(tmp_path):
    comments = "<!-- a - b --- -->\n<!---->" * 2_000
    put(tmp_path, f"{comments}<meta>", "other.xml")
    put(tmp_path, document(image()).replace("<annotations>", f"{comments}<annotations>"))
    assert cvat.find(items.source(tmp_path)) == ["annotations.xml"]
