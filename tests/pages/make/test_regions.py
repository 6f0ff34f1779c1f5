"""The page that finds regions."""

from __future__ import annotations

import io

import numpy as np
import PIL.Image
import pytest
import streamlit as st

from maskcore import rle
from maskcore.types import Instance
from pages.shared import canvas
from tests.pages.session import add, clean, go, instances, open_image, page_path

PAGE = page_path("regions")
RED, BLUE, GREEN = (200, 30, 30), (20, 60, 220), (30, 190, 60)
IMAGE = np.full((60, 90, 3), RED, np.uint8)
IMAGE[10:40, 20:50] = BLUE
IMAGE[15:35, 60:80] = GREEN
IS_RED, IS_BLUE, IS_GREEN = ((color == IMAGE).all(axis=2) for color in (RED, BLUE, GREEN))


def stroke(x1, y1, x2, y2):
    inside = np.zeros(IMAGE.shape[:2], bool)
    inside[y1:y2, x1:x2] = True
    return rle.encode(inside)


@pytest.fixture
def drawn_on(monkeypatch):
    """Stands for the canvas: keeps what it is given, and buttons do what a person would."""
    given = {}

    def pick(picture, *, key, on_pick, mask=None, color=""):
        given.update(mode="pick", mask=mask)
        for name, (x, y) in {"red": (0, 0), "blue": (30, 20), "green": (70, 25)}.items():
            st.button(name, key=name, on_click=on_pick, args=(x, y))

    def box(picture, *, key, on_box, box=None, mask=None, color=""):
        given.update(mode="box", mask=mask, box=box)
        boxes = {
            "around blue": (15, 5, 55, 45),
            "around both": (15, 5, 85, 45),
            "all": (0, 0, 90, 60),
        }
        for name, corners in boxes.items():
            st.button(name, key=name, on_click=on_box, args=(corners,))

    def paint(picture, mask, *, key, document, on_paint, color="", others=()):
        given.update(mode="paint", mask=mask, document=document, others=list(others))
        strokes = {
            "on blue": stroke(25, 15, 45, 18),
            "on green": stroke(62, 20, 78, 23),
            "on red": stroke(5, 50, 80, 53),
        }
        for name, pixels in strokes.items():
            st.button(name, key=name, on_click=on_paint, args=(rle.union([mask, pixels]),))

    for function in (pick, box, paint):
        monkeypatch.setattr(canvas, function.__name__, function)
    return given


@pytest.fixture
def page(start, drawn_on):
    """The page with an image of a blue and a green rectangle on red."""
    app = start()
    target = io.BytesIO()
    PIL.Image.fromarray(IMAGE).save(target, "PNG")
    open_image(app, "flag.png", target.getvalue())
    return go(app, PAGE)


def click(app, *keys):
    for key in keys:
        app.button(key=key).click()
        clean(app.run())


def choose(app, key, value):
    app.segmented_control(key=key).set_value(value)
    clean(app.run())


def shows(given, inside):
    return np.array_equal(rle.decode(given["mask"]), inside)


def made_by(app):
    """Run the code that the page shows on the image of the page, and return its variables."""
    lines = [
        line for line in app.code[0].value.splitlines() if not line.startswith("image_io.write")
    ]
    lines = [line for line in lines if not line.startswith("image = ")]
    names = {"image": IMAGE}
    exec("\n".join(lines), names)
    return names


def test_it_opens_alone(start):
    app = start(PAGE)
    assert app.title[0].value == "Regions"
    assert app.info[0].value == "Open an image first."


def test_a_click_with_the_wand_is_kept_as_a_layer_under_the_name_given(page, drawn_on):
    click(page, "blue")
    assert shows(drawn_on, IS_BLUE)
    page.text_input(key="wand name").set_value("sea")
    clean(page.run())
    click(page, "keep magic wand")
    assert instances(page) == [Instance(rle.encode(IS_BLUE), "sea")]
    assert np.array_equal(made_by(page)["mask"], IS_BLUE)


def test_clicks_begin_anew_add_and_take_away_and_can_be_undone(page, drawn_on):
    click(page, "blue", "green")
    assert shows(drawn_on, IS_GREEN)
    choose(page, "wand way", "Add")
    click(page, "blue")
    assert shows(drawn_on, ~IS_RED)
    choose(page, "wand way", "Subtract")
    click(page, "green")
    assert shows(drawn_on, IS_BLUE)
    assert np.array_equal(made_by(page)["mask"], IS_BLUE)
    for inside in (~IS_RED, IS_GREEN, IS_BLUE):
        click(page, "undo click")
        assert shows(drawn_on, inside)
    click(page, "clear clicks")
    assert rle.area(drawn_on["mask"]) == 0
    assert not page.code


def test_taking_away_from_nothing_leaves_nothing(page, drawn_on):
    choose(page, "wand way", "Subtract")
    click(page, "green")
    assert rle.area(drawn_on["mask"]) == 0
    choose(page, "wand way", "Add")
    click(page, "blue")
    assert shows(drawn_on, IS_BLUE)
    assert np.array_equal(made_by(page)["mask"], IS_BLUE)


def test_tolerance_and_reach_change_the_last_click(page, drawn_on):
    click(page, "blue")
    page.slider(key="wand tolerance").set_value(0)
    clean(page.run())
    assert shows(drawn_on, IS_BLUE)
    choose(page, "wand reach", "Whole image")
    assert "contiguous=False" in page.code[0].value
    assert "(30, 20), 0" in page.code[0].value


def test_a_box_is_enough_for_grabcut(page, drawn_on):
    choose(page, "regions method", "GrabCut")
    assert drawn_on["mode"] == "box"
    click(page, "around blue")
    assert drawn_on["box"] == (15, 5, 55, 45)
    assert shows(drawn_on, IS_BLUE)
    assert np.array_equal(made_by(page)["mask"], IS_BLUE)
    click(page, "keep grabcut")
    assert instances(page) == [Instance(rle.encode(IS_BLUE), "object")]


def test_scribbles_correct_the_outcome_when_the_person_asks(page, drawn_on):
    choose(page, "regions method", "GrabCut")
    click(page, "around both")
    assert shows(drawn_on, ~IS_RED)
    choose(page, "grabcut tool", "Inside")
    click(page, "on blue")
    choose(page, "grabcut tool", "Outside")
    click(page, "on green")
    assert drawn_on["document"].startswith("grabcut outside")
    object_, inside = (mask for mask, _ in drawn_on["others"])
    assert np.array_equal(rle.decode(object_), ~IS_RED)
    assert rle.area(inside) == 60
    click(page, "update grabcut")
    assert np.array_equal(rle.decode(drawn_on["others"][0][0]), IS_BLUE)
    assert page.button(key="update grabcut").disabled
    assert np.array_equal(made_by(page)["mask"], IS_BLUE)


def test_two_scribbles_are_enough_for_grabcut(page, drawn_on):
    choose(page, "regions method", "GrabCut")
    choose(page, "grabcut tool", "Outside")
    click(page, "on red")
    assert page.button(key="update grabcut").disabled
    choose(page, "grabcut tool", "Inside")
    click(page, "on blue", "update grabcut")
    assert np.array_equal(rle.decode(drawn_on["others"][0][0]), IS_BLUE)


def test_a_pixel_is_never_scribbled_on_as_both(page, drawn_on):
    choose(page, "regions method", "GrabCut")
    choose(page, "grabcut tool", "Inside")
    click(page, "on blue")
    choose(page, "grabcut tool", "Outside")
    click(page, "on blue")
    assert rle.area(drawn_on["mask"]) == 60
    assert rle.area(drawn_on["others"][1][0]) == 0


def test_a_box_of_everything_is_explained(page):
    choose(page, "regions method", "GrabCut")
    click(page, "all")
    assert "background" in page.error[0].value
    click(page, "around blue")  # the canvas is still there
    assert not page.error
    click(page, "clear grabcut")
    assert page.info


def test_every_stroke_is_a_seed_and_the_person_chooses_what_to_keep(page, drawn_on):
    choose(page, "regions method", "Watershed")
    click(page, "on blue")
    assert not page.code
    click(page, "on green", "on red")
    grown = [mask for mask, _ in drawn_on["others"]]
    # At a corner two lines meet, and OpenCV gives its pixel to either side.
    for mask, truth in zip(grown, (IS_BLUE, IS_GREEN, IS_RED), strict=True):
        assert rle.iou(mask, rle.encode(truth)) > 0.99
    page.get_by_key("regions to keep 3").set_value([0, 2])
    clean(page.run())
    click(page, "keep watershed")
    assert instances(page) == [Instance(grown[0], "region 1"), Instance(grown[2], "region 3")]
    labels = made_by(page)["labels"]
    assert [rle.encode(labels == number) for number in (1, 2, 3)] == grown


@pytest.fixture
def touching(page):
    """The page with a layer of two disks that touch, and the halves of it."""
    y, x = np.indices(IMAGE.shape[:2])
    halves = [np.hypot(x - cx, y - 30) <= 15 for cx in (28, 59)]
    add(page, [Instance(rle.encode(halves[0] | halves[1]), "nucleus")])
    choose(page, "regions method", "Watershed")
    choose(page, "watershed way", "Split a layer")
    return page, halves


def test_a_layer_is_split_into_its_objects_and_replaced_by_them(touching):
    app, halves = touching
    assert "**2 objects** in nucleus" in [text.value for text in app.markdown]
    labels = made_by(app)["labels"]
    assert [np.array_equal(labels == i + 1, half) for i, half in enumerate(halves)] == [True, True]
    click(app, "replace layer")
    assert instances(app) == [Instance(rle.encode(half), "nucleus") for half in halves]


def test_objects_can_be_kept_beside_the_layer_that_they_come_from(touching):
    app, halves = touching
    click(app, "keep watershed")
    assert [rle.area(instance.mask) for instance in instances(app)] == [
        np.count_nonzero(half) for half in (halves[0] | halves[1], *halves)
    ]


def test_a_wider_distance_leaves_one_object(touching):
    app, _ = touching
    app.slider(key="split distance").set_value(60)
    clean(app.run())
    assert "**1 object** in nucleus" in [text.value for text in app.markdown]


def test_splitting_without_a_layer_says_what_to_do(page):
    choose(page, "regions method", "Watershed")
    choose(page, "watershed way", "Split a layer")
    assert "layer first" in page.info[0].value


def test_closed_edges_show_a_result_at_once_in_one_or_in_parts(page):
    choose(page, "regions method", "Closed edges")
    click(page, "keep closed edges")
    (both,) = instances(page)
    # Edges are to a pixel.
    assert rle.iou(both.mask, rle.encode(~IS_RED)) > 0.9
    assert np.array_equal(made_by(page)["mask"], rle.decode(both.mask))
    page.toggle(key="edges apart").set_value(True)
    clean(page.run())
    click(page, "keep closed edges")
    assert [instance.label for instance in instances(page)] == ["shape"] * 3
    assert made_by(page)["labels"].max() == 2


def test_edges_too_strong_to_be_found_are_explained(page):
    choose(page, "regions method", "Closed edges")
    page.slider(key="edges range").set_value((495, 500))
    page.slider(key="edges blur").set_value(6.0)
    clean(page.run())
    assert "No line encloses anything" in page.info[0].value
    assert not page.code


def test_what_was_clicked_is_there_after_a_visit_to_another_method_and_page(page, drawn_on):
    click(page, "blue")
    choose(page, "regions method", "Closed edges")
    go(page, page_path("open"))
    go(page, PAGE)
    assert page.segmented_control(key="regions method").value == "Closed edges"
    choose(page, "regions method", "Magic wand")
    assert shows(drawn_on, IS_BLUE)
