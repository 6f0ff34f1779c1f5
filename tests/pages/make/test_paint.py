"""The page where masks are painted, and how what is painted arrives."""

from __future__ import annotations

import io

import numpy as np
import PIL.Image
import pytest
from streamlit.runtime.media_file_manager import MediaFileManager
from streamlit.runtime.scriptrunner import get_script_run_ctx
from streamlit.runtime.scriptrunner_utils.exceptions import RerunException
from streamlit.runtime.scriptrunner_utils.script_requests import RerunData

from maskcore import image_io, rle
from pages.shared import workspace
from pages.shared.canvas import files
from pages.shared.colors import of_place, to_rgb
from tests.grids import mask
from tests.pages import session
from tests.pages.messages import answer, canvas, component, patch, send
from tests.pages.session import clean, count_steps, current, go, layers, page_path, pictures

PAGE, OTHER_PAGE = page_path("paint"), page_path("rle")

IMAGE = np.random.default_rng(0).integers(0, 256, (5, 8, 3), np.uint8)
SIZE = 5, 8
NOTHING = np.zeros(SIZE, bool)
STROKE = mask("##.\n.##")


def painted(pixels: np.ndarray, xy: tuple[int, int], before: np.ndarray = NOTHING) -> np.ndarray:
    """The mask with a rectangle of it painted over."""
    after = before.copy()
    x, y = xy
    after[y : y + pixels.shape[0], x : x + pixels.shape[1]] = pixels
    return after


def png(image: np.ndarray) -> bytes:
    target = io.BytesIO()
    PIL.Image.fromarray(image).save(target, "PNG")
    return target.getvalue()


def open_image(app, image, name="a.png"):
    session.open_image(app, name, png(image))
    return go(app, PAGE)


@pytest.fixture
def page(start):
    """The page in the app, with an image of 8 x 5 pixels."""
    return open_image(start(), IMAGE)


def stroke(app, revision, pixels=STROKE, xy=(0, 0), *, document=None, size_hw=SIZE):
    """Paint a rectangle and let it arrive."""
    document = document or canvas(app)["document"]
    return clean(send(app, patch(document, revision, pixels, xy=xy, size_hw=size_hw)))


def labels(app, number=None):
    return [layer.instance.label for layer in layers(app, number)]


def pixels(app, place=0, number=None):
    return rle.decode(layers(app, number)[place].instance.mask)


def press(app, key):
    app.button(key=key).click()
    return clean(app.run())


def choice(app):
    """The choice of the layer to paint on."""
    return next(selectbox for selectbox in app.selectbox if selectbox.label == "Layer to paint on")


def choose(app, layer_id):
    choice(app).set_value(layer_id)
    return clean(app.run())


def captions(app):
    return [caption.value for caption in app.caption]


# What is shown


def test_it_opens_alone_and_asks_for_an_image(start):
    app = start(PAGE)
    assert app.title[0].value == "Paint"
    assert [info.value for info in app.info] == ["Open an image first."]
    assert component(app, "mask_canvas") is None


def test_it_links_to_the_page_that_opens_images(start):
    app = start()
    go(app, PAGE)
    assert [link.label for link in app.get("page_link")] == ["Open an image"]
    assert component(app, "mask_canvas") is None
    assert component(app, "mask_canvas_transport") is not None


def test_the_canvas_shows_the_image_and_an_empty_mask(page):
    shown = canvas(page)
    assert (shown["width"], shown["height"], shown["mode"]) == (8, 5, "paint")
    assert (shown["base"], shown["revision"]) == (0, 0)
    assert shown["color"] == list(to_rgb(of_place(0)))
    assert shown["image"].endswith(".png")
    assert shown["under"] == ""
    assert answer(page) == {"revision": 0, "refused": ""}
    assert "mask 1: 0 pixels, 0.00% of the image" in captions(page)
    assert choice(page).options == ["New layer"]


@pytest.fixture
def served(monkeypatch):
    """The files that the canvas is given the addresses of, by place."""
    served = {}
    address = files._address  # noqa: SLF001

    def noted(content, kind, place, digest):
        served[place] = content, kind
        return address(content, kind, place, digest)

    monkeypatch.setattr(files, "_address", noted)
    return served


def test_the_canvas_fetches_the_file_itself_and_the_packed_mask(start, served):
    page = open_image(start(), IMAGE)
    assert served["paint image"] == (png(IMAGE), "image/png")
    assert served["paint mask"][0] == bytes(5)
    stroke(page, 1, STROKE, (5, 3))
    stroke(page, 2)
    press(page, "undo")
    assert served["paint mask"][0] == np.packbits(painted(STROKE, (5, 3))).tobytes()


@pytest.mark.parametrize("channels", [2, 4])
def test_an_image_with_transparency_is_fetched_as_python_sees_it(start, served, channels):
    image = np.random.default_rng(1).integers(0, 256, (5, 8, channels), np.uint8)
    app = open_image(start(), image)
    content, kind = served["paint image"]
    seen = image_io.read_image(current(app).content)
    assert kind == "image/png"
    with PIL.Image.open(io.BytesIO(content)) as fetched:
        assert fetched.mode == "RGB"
        assert np.array_equal(np.array(fetched), seen)


def test_other_layers_lie_beneath_the_topmost_over_the_others(page, served):
    """Red, green and blue layers, each a pixel further; the hidden one is left out."""
    for revision, (x, color) in enumerate([(0, "#ff0000"), (1, "#00ff00"), (2, "#0000ff")], 1):
        stroke(page, revision, np.ones((5, 3), bool), (x, 0))
        page.color_picker(key=f"layer {revision} color").set_value(color)
        clean(page.run())
        press(page, "new layer")
    with PIL.Image.open(io.BytesIO(served["paint under"][0])) as under:
        assert under.mode == "RGBA"
        shades = np.array(under)
    colors = ["red", "green", "blue", "blue", "blue", None, None, None]
    rgb = {"red": (255, 0, 0), "green": (0, 255, 0), "blue": (0, 0, 255)}
    for x, color in enumerate(colors):
        assert (shades[:, x, 3] > 0).all() == (color is not None)
        if color:
            assert (shades[:, x, :3] == rgb[color]).all()
    press(page, "layer 3 visible")
    with PIL.Image.open(io.BytesIO(served["paint under"][0])) as under:
        assert np.array(under)[0, :, 3].astype(bool).tolist() == [True] * 4 + [False] * 4
    choose(page, 1)  # what is painted on is not beneath it
    with PIL.Image.open(io.BytesIO(served["paint under"][0])) as under:
        assert np.array(under)[0, :, 3].astype(bool).tolist() == [False, *[True] * 3, *[False] * 4]


@pytest.fixture
def no_addresses(monkeypatch, request):
    """Streamlit's media files are not where the canvas looks for them."""
    add = MediaFileManager.add

    def moved(manager, content, kind, place, **options):
        if place.startswith("paint "):
            raise AttributeError(f"moved in {request.node.name}")
        return add(manager, content, kind, place, **options)

    monkeypatch.setattr(MediaFileManager, "add", moved)


def test_without_addresses_the_files_come_as_bytes(no_addresses, start):
    app = open_image(start(), IMAGE)
    shown = canvas(app)
    brought = [
        component.proto.bytes
        for component in app.get("bidi_component")
        if component.proto.component_name == "mask_canvas_files"
    ]
    by_address = {}
    for content in brought:
        length = content[0] + 256 * content[1]
        by_address[content[2 : 2 + length].decode()] = content[2 + length :]
    assert by_address == {shown["image"]: png(IMAGE), shown["mask"]: bytes(5)}


def test_the_log_says_once_that_there_are_no_addresses(no_addresses, start, caplog):
    clean(open_image(start(), IMAGE).run())
    warnings = [entry for entry in caplog.records if entry.name == files.__name__]
    assert [entry.levelname for entry in warnings] == ["WARNING"]
    assert "moved in test_the_log_says_once" in warnings[0].getMessage()


# What is painted


def test_the_first_stroke_makes_a_layer(page):
    document = canvas(page)["document"]
    stroke(page, 1, STROKE, (4, 2))
    assert labels(page) == ["mask 1"]
    assert np.array_equal(pixels(page), painted(STROKE, (4, 2)))
    assert layers(page)[0].color == of_place(0)
    assert answer(page) == {"revision": 1, "refused": ""}
    assert count_steps(page) == 1
    assert choice(page).value == layers(page)[0].id
    assert "mask 1: 4 pixels, 10.00% of the image" in captions(page)
    # The canvas has it already, and goes on with its own undo history.
    assert (canvas(page)["document"], canvas(page)["base"]) == (document, 0)


def test_the_second_stroke_changes_the_same_layer(page):
    stroke(page, 1, STROKE, (0, 0))
    (layer,) = layers(page)
    stroke(page, 2, ~STROKE, (1, 1))
    assert [layer.id for layer in layers(page)] == [layer.id]
    wanted = painted(~STROKE, (1, 1), painted(STROKE, (0, 0)))
    assert np.array_equal(pixels(page), wanted)
    assert count_steps(page) == 2
    press(page, "undo")
    assert np.array_equal(pixels(page), painted(STROKE, (0, 0)))
    press(page, "undo")
    assert layers(page) == ()


def test_strokes_arrive_however_they_are_packed(page):
    document = canvas(page)["document"]
    for revision, deflated in enumerate([True, False], start=1):
        message = patch(document, revision, painted(STROKE, (revision, 0)), deflated=deflated)
        clean(send(page, message))
        assert np.array_equal(pixels(page), painted(STROKE, (revision, 0)))


def test_what_arrives_again_changes_nothing(page):
    stroke(page, 1, STROKE, (0, 0))
    stroke(page, 2, STROKE, (5, 3))
    before = layers(page)
    for _ in range(2):
        stroke(page, 2, STROKE, (5, 3))
    stroke(page, 2, ~STROKE, (0, 0))
    assert layers(page) == before
    assert count_steps(page) == 2
    assert answer(page) == {"revision": 2, "refused": ""}


def test_what_is_older_than_what_arrived_is_ignored(page):
    stroke(page, 3, STROKE, (0, 0))
    before = layers(page)
    stroke(page, 2, np.ones(SIZE, bool))
    stroke(page, 1, np.ones(SIZE, bool))
    assert layers(page) == before
    assert answer(page) == {"revision": 3, "refused": ""}


def test_a_message_is_taken_once_though_the_page_runs_again(page):
    stroke(page, 1)
    press(page, "undo")
    clean(page.run())
    assert layers(page) == ()


def test_a_stroke_arrives_after_the_page_was_left(page):
    document = canvas(page)["document"]
    go(page, OTHER_PAGE)
    stroke(page, 1, document=document)
    assert np.array_equal(pixels(page), painted(STROKE, (0, 0)))
    go(page, PAGE)
    assert canvas(page)["document"] == document
    assert choice(page).value == layers(page)[0].id


def test_the_history_in_the_browser_lasts_over_a_change_of_pages(page):
    stroke(page, 1)
    before = canvas(page)
    go(page, OTHER_PAGE)
    go(page, PAGE)
    after = canvas(page)
    assert (after["document"], after["base"]) == (before["document"], before["base"])


def test_a_canvas_that_comes_back_to_a_layer_is_told_its_latest_mask(page, served):
    stroke(page, 1)
    first = canvas(page)
    press(page, "new layer")
    assert canvas(page)["document"] != first["document"]
    clean(choice(page).select(layers(page)[0].id).run())
    assert canvas(page)["document"] == first["document"]
    assert (canvas(page)["base"], canvas(page)["revision"]) == (1, 1)
    assert served["paint mask"][0] == np.packbits(painted(STROKE, (0, 0))).tobytes()
    assert count_steps(page) == 1


# Several layers, several images


def test_a_new_layer_is_painted_on_its_own(page):
    stroke(page, 1, STROKE, (0, 0))
    first = canvas(page)
    press(page, "new layer")
    second = canvas(page)
    assert second["document"] != first["document"]
    assert second["color"] == list(to_rgb(of_place(1)))
    assert "mask 2: 0 pixels, 0.00% of the image" in captions(page)
    stroke(page, 2, STROKE, (5, 3))
    assert labels(page) == ["mask 1", "mask 2"]
    assert [layer.color for layer in layers(page)] == [of_place(0), of_place(1)]
    assert np.array_equal(pixels(page, 0), painted(STROKE, (0, 0)))
    assert np.array_equal(pixels(page, 1), painted(STROKE, (5, 3)))
    assert choice(page).value == layers(page)[1].id
    assert choice(page).options == ["New layer", "2 · mask 2", "1 · mask 1"]


def test_going_back_to_a_layer_goes_on_with_its_history(page):
    stroke(page, 1)
    before = canvas(page)
    press(page, "new layer")
    stroke(page, 2)
    choose(page, layers(page)[0].id)
    after = canvas(page)
    assert after["document"] == before["document"]
    stroke(page, 3, STROKE, (5, 3))
    assert rle.area(layers(page)[0].instance.mask) == 8
    assert rle.area(layers(page)[1].instance.mask) == 4


def test_a_late_stroke_arrives_at_its_own_layer(page):
    stroke(page, 1, STROKE, (0, 0))
    first = canvas(page)["document"]
    press(page, "new layer")
    stroke(page, 2, STROKE, (0, 0))
    second = layers(page)[1]
    stroke(page, 3, STROKE, (5, 3), document=first)
    wanted = painted(STROKE, (5, 3), painted(STROKE, (0, 0)))
    assert np.array_equal(pixels(page, 0), wanted)
    assert layers(page)[1] == second
    assert choice(page).value == second.id


def test_a_late_first_stroke_makes_the_layer_it_was_painted_on(page):
    stroke(page, 1)
    press(page, "new layer")
    document = canvas(page)["document"]
    choose(page, layers(page)[0].id)
    stroke(page, 2, STROKE, (5, 3), document=document)
    stroke(page, 3, STROKE, (5, 0), document=document)
    assert labels(page) == ["mask 1", "mask 2"]
    wanted = painted(STROKE, (5, 0), painted(STROKE, (5, 3)))
    assert np.array_equal(pixels(page, 1), wanted)


def test_a_late_stroke_arrives_at_its_own_image(page):
    stroke(page, 1, STROKE, (0, 0))
    first = canvas(page)["document"]
    open_image(page, np.zeros((7, 3), np.uint8), "b.png")
    assert canvas(page)["document"] != first
    stroke(page, 2, STROKE, (5, 3), document=first)
    assert answer(page) == {"revision": 2, "refused": ""}
    assert layers(page) == ()
    wanted = painted(STROKE, (5, 3), painted(STROKE, (0, 0)))
    assert np.array_equal(pixels(page, 0, number=0), wanted)
    assert count_steps(page, number=0) == 2
    assert count_steps(page) == 0


def test_a_choice_that_a_widget_of_before_sends_again_is_let_go(page):
    state = page.session_state["painting"]
    before = state.key
    stroke(page, 1)
    assert state.key != before
    state.take(current(page), before)
    clean(page.run())
    assert choice(page).value == layers(page)[0].id
    stroke(page, 2, STROKE, (5, 3))
    assert labels(page) == ["mask 1"]


def test_a_late_first_stroke_makes_a_layer_of_its_own_image(page):
    first = canvas(page)["document"]
    open_image(page, np.zeros((7, 3), np.uint8), "b.png")
    stroke(page, 1, mask(".#.\n..#"), (0, 5), size_hw=(7, 3))
    shown = canvas(page)["document"]
    stroke(page, 2, STROKE, (0, 0), document=first)
    assert labels(page, number=0) == ["mask 1"]
    assert np.array_equal(pixels(page, 0, number=0), painted(STROKE, (0, 0)))
    assert labels(page) == ["mask 1"]
    assert rle.area(layers(page)[0].instance.mask) == 2
    assert canvas(page)["document"] == shown
    # Back at that image, one goes on with the layer.
    page.selectbox(key="current picture").set_value(pictures(page)[0].id)
    clean(page.run())
    assert canvas(page)["document"] == first
    stroke(page, 3, STROKE, (5, 3))
    assert labels(page) == ["mask 1"]


def test_a_late_stroke_for_a_closed_image_is_let_go(page):
    first = canvas(page)["document"]
    press(page, "close image")
    stroke(page, 1, document=first)
    assert answer(page) == {"revision": 1, "refused": ""}
    open_image(page, IMAGE)
    assert layers(page) == ()
    assert "mask 1: 0 pixels, 0.00% of the image" in captions(page)
    stroke(page, 2)
    assert labels(page) == ["mask 1"]


def test_layers_that_other_pages_made_can_be_painted_on(steel_layers):
    app = steel_layers
    go(app, PAGE)
    before = layers(app)
    shown = canvas(app)
    assert (shown["width"], shown["height"]) == (1600, 256)
    assert choice(app).value == before[-1].id
    stroke(app, 1, np.ones((20, 30), bool), (5, 6), size_hw=(256, 1600))
    wanted = painted(np.ones((20, 30), bool), (5, 6), rle.decode(before[-1].instance.mask))
    assert np.array_equal(pixels(app, -1), wanted)
    assert layers(app)[:-1] == before[:-1]
    assert layers(app)[-1].instance.label == before[-1].instance.label


def test_each_of_several_layers_with_one_label_can_be_chosen(page):
    go(page, OTHER_PAGE)
    page.text_area(key="rle text").set_value(
        "ImageId,ClassId,EncodedPixels\na.png,bird,1 1\na.png,bird,3 1\na.png,New layer,5 1\n"
    )
    clean(page.run())
    press(page, "all")
    assert labels(page) == ["bird", "bird", "New layer"]
    go(page, PAGE)
    options = choice(page).options
    assert len(set(options)) == len(options) == 4
    for revision, layer in enumerate(layers(page), start=1):
        choose(page, layer.id)
        stroke(page, revision, np.ones((1, 1), bool), (7, revision))
    for place in range(3):
        wanted = NOTHING.copy()
        wanted[2 * place, 0] = wanted[place + 1, 7] = True
        assert np.array_equal(pixels(page, place), wanted)


# What is done elsewhere


def test_an_undo_beside_the_page_is_a_new_mask_for_the_canvas(page, served):
    stroke(page, 1, STROKE, (0, 0))
    stroke(page, 2, STROKE, (5, 3))
    before = canvas(page)
    press(page, "undo")
    after = canvas(page)
    assert after["document"] == before["document"]
    assert (after["base"], after["revision"]) == (before["base"] + 1, 2)
    assert after["mask"] != before["mask"]
    assert served["paint mask"][0] == np.packbits(painted(STROKE, (0, 0))).tobytes()
    assert "mask 1: 4 pixels, 10.00% of the image" in captions(page)
    press(page, "redo")
    assert (canvas(page)["base"], canvas(page)["revision"]) == (before["base"] + 2, 2)


def test_what_is_painted_after_an_undo_is_painted_on_what_is_there(page):
    stroke(page, 1, STROKE, (0, 0))
    stroke(page, 2, STROKE, (5, 3))
    press(page, "undo")
    base = canvas(page)["base"]
    stroke(page, 3, STROKE, (0, 3))
    wanted = painted(STROKE, (0, 3), painted(STROKE, (0, 0)))
    assert np.array_equal(pixels(page), wanted)
    assert canvas(page)["base"] == base
    assert page.button(key="redo").disabled


def test_undoing_the_first_stroke_leaves_a_new_layer_to_paint_on(page):
    stroke(page, 1)
    first = canvas(page)["document"]
    press(page, "undo")
    assert choice(page).options == ["New layer"]
    assert canvas(page)["document"] != first
    stroke(page, 2, STROKE, (5, 3))
    assert labels(page) == ["mask 1"]
    assert np.array_equal(pixels(page), painted(STROKE, (5, 3)))


def test_after_the_painted_layer_is_deleted_the_topmost_is_painted_on(page):
    stroke(page, 1)
    press(page, "new layer")
    stroke(page, 2)
    first, second = layers(page)
    gone = canvas(page)["document"]
    page.session_state[f"layer {second.id} menu"] = True
    clean(page.run())
    press(page, f"layer {second.id} delete")
    assert layers(page) == (first,)
    assert choice(page).value == first.id
    # What was on its way to the layer is let go, and comes not back with it.
    stroke(page, 3, STROKE, (5, 3), document=gone)
    assert answer(page) == {"revision": 3, "refused": ""}
    assert layers(page) == (first,)
    press(page, "undo")
    assert layers(page) == (first, second)
    choose(page, second.id)
    shown = canvas(page)
    assert (shown["document"], shown["base"], shown["revision"]) == (gone, 1, 3)


def test_what_the_browser_said_of_the_choice_before_the_first_stroke_is_out_of_date(page):
    # A message that is on its way while the first stroke makes the layer still says "New layer".
    before = choice(page).id
    stroke(page, 1)
    assert choice(page).value == layers(page)[0].id
    assert choice(page).id != before
    document = canvas(page)["document"]
    stroke(page, 2, STROKE, (5, 3))
    assert canvas(page)["document"] == document
    assert len(layers(page)) == 1


def test_a_layer_that_is_renamed_is_still_the_one_that_is_painted_on(page):
    stroke(page, 1)
    press(page, "new layer")
    stroke(page, 2)
    first = layers(page)[0]
    choose(page, first.id)
    document = canvas(page)["document"]
    page.session_state[f"layer {first.id} menu"] = True
    clean(page.run())
    page.text_input(key=f"layer {first.id} name").set_value("wing")
    clean(page.run())
    shown = choice(page)
    assert canvas(page)["document"] == document
    # The browser holds the text of the option; it must be told the new one.
    assert shown.proto.set_value
    assert shown.proto.raw_value == "1 · wing"
    assert shown.value == first.id


def test_a_new_color_is_told_and_is_no_new_mask(page):
    stroke(page, 1)
    before = canvas(page)
    page.color_picker(key=f"layer {layers(page)[0].id} color").set_value("#123456")
    clean(page.run())
    assert canvas(page) == before | {"color": [0x12, 0x34, 0x56]}


# What cannot be taken


def test_an_unknown_document_is_refused_in_a_sentence(page):
    stroke(page, 1)
    before = layers(page)
    stroke(page, 2, document="new 0 of another session")
    assert answer(page) == {
        "revision": 2,
        "refused": "What was painted belongs to an image that is not open.",
    }
    assert layers(page) == before
    assert count_steps(page) == 1
    # The next stroke is taken again.
    stroke(page, 3, STROKE, (5, 3))
    assert answer(page) == {"revision": 3, "refused": ""}
    assert count_steps(page) == 2


def test_pixels_of_another_size_are_refused_in_a_sentence(page):
    stroke(page, 1, size_hw=(8, 5))
    assert answer(page)["revision"] == 1
    assert answer(page)["refused"].startswith("What was painted belongs to an image of 5 x 8")
    assert layers(page) == ()


@pytest.mark.parametrize("message", [None, "patch", [], {}, {"revision": "1"}, {"revision": True}])
def test_what_is_no_message_is_ignored(page, message):
    clean(send(page, message))
    assert answer(page) == {"revision": 0, "refused": ""}
    assert layers(page) == ()


def break_off():
    """Stop a callback and run the script again, as Streamlit does when a widget is touched."""
    context = get_script_run_ctx()
    raise RerunException(RerunData(page_script_hash=context.page_script_hash))


def broken_once(work, *, after):
    """The same function, broken off at its first call before or after its work."""
    calls = []

    def broken(*args, **options):
        calls.append(args)
        if len(calls) > 1:
            return work(*args, **options)
        if after:
            work(*args, **options)
        return break_off()

    return broken


@pytest.mark.parametrize("after", [False, True])
def test_a_stroke_that_was_broken_off_arrives_when_it_is_sent_again(page, monkeypatch, after):
    stroke(page, 1)
    repaint = broken_once(workspace.repaint, after=after)
    monkeypatch.setattr(workspace, "repaint", repaint)
    message = patch(canvas(page)["document"], 2, STROKE, xy=(5, 3), size_hw=SIZE)
    clean(send(page, message))
    assert answer(page) == {"revision": 1, "refused": ""}
    clean(send(page, message))
    assert answer(page) == {"revision": 2, "refused": ""}
    wanted = painted(STROKE, (5, 3), painted(STROKE, (0, 0)))
    assert np.array_equal(pixels(page), wanted)
    assert count_steps(page) == 2


def test_a_first_stroke_that_was_broken_off_makes_one_layer(page, monkeypatch):
    monkeypatch.setattr(workspace, "add", broken_once(workspace.add, after=False))
    message = patch(canvas(page)["document"], 1, STROKE, size_hw=SIZE)
    clean(send(page, message))
    assert answer(page) == {"revision": 0, "refused": ""}
    assert layers(page) == ()
    clean(send(page, message))
    assert answer(page) == {"revision": 1, "refused": ""}
    assert labels(page) == ["mask 1"]
    assert np.array_equal(pixels(page), painted(STROKE, (0, 0)))


def test_a_layer_is_painted_on_though_the_callback_that_made_it_was_broken_off(page, monkeypatch):
    """Broken off at the first look at the workspace after the layer is there."""
    document = canvas(page)["document"]
    current, add, made = workspace.current, workspace.add, []

    def added(*args, **options):
        made.append(add(*args, **options))
        return made[-1]

    def broken():
        if len(made) == 1:
            made.append([])
            break_off()
        return current()

    monkeypatch.setattr(workspace, "add", added)
    monkeypatch.setattr(workspace, "current", broken)
    message = patch(document, 1, STROKE, size_hw=SIZE)
    clean(send(page, message))
    clean(send(page, message))
    assert labels(page) == ["mask 1"]
    assert answer(page) == {"revision": 1, "refused": ""}
    assert canvas(page)["document"] == document
    assert choice(page).value == layers(page)[0].id


def test_an_error_of_ours_is_not_acknowledged_either(page, monkeypatch):
    def broken(*_args):
        raise RuntimeError("out of order")

    stroke(page, 1)
    message = patch(canvas(page)["document"], 2, STROKE, xy=(5, 3), size_hw=SIZE)
    with monkeypatch.context() as patched:
        patched.setattr(workspace, "repaint", broken)
        assert send(page, message).exception
    clean(page.run())
    assert answer(page) == {"revision": 1, "refused": ""}
    clean(send(page, message))
    assert answer(page) == {"revision": 2, "refused": ""}
    assert rle.area(layers(page)[0].instance.mask) == 8
