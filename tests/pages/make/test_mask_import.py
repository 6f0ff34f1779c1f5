"""Files of masks, put on an open image as layers."""

from __future__ import annotations

import io

import numpy as np
import PIL.Image
import pytest
from streamlit.testing.v1 import AppTest

from maskcore import rle
from tests.grids import mask
from tests.pages.session import clean, count_steps, instances

BAR = mask("""
    ........
    .###....
    .###....
    ........
""")
LABELS = np.kron([[0, 300], [9, 0]], np.ones((2, 4), int)).astype(np.uint16)


def saved(array, kind="PNG", orientation=None):
    target = io.BytesIO()
    exif = PIL.Image.Exif()
    if orientation:
        exif[274] = orientation
    PIL.Image.fromarray(array).save(target, kind, exif=exif)
    return target.getvalue()


def page(content: bytes) -> None:
    from pages.make.paint import mask_import
    from pages.shared import workspace

    picture = workspace.current() or workspace.open_file("photo.png", content)
    mask_import.offer(picture)


def started(size_hw=(4, 8), orientation=None) -> AppTest:
    picture = saved(np.zeros((*size_hw, 3), np.uint8), orientation=orientation)
    app = AppTest.from_function(page, args=(picture,), default_timeout=30)
    return clean(app.run())


@pytest.fixture
def app() -> AppTest:
    return started()


def upload(app, *files):
    app.file_uploader[0].set_value([(name, content, "") for name, content in files])
    return clean(app.run())


def add(app):
    app.button(key="add mask files").click()
    return clean(app.run())


def masks(app):
    return [(instance.label, rle.decode(instance.mask).tolist()) for instance in instances(app)]


def widget(kind, ending):
    (found,) = [element for element in kind if element.key.endswith(ending)]
    return found


def captions(app):
    return [caption.value for caption in app.caption]


def buttons(app):
    return [button.label for button in app.button]


def test_a_black_and_white_file_becomes_a_layer_of_its_name(app):
    upload(app, ("left wing.png", saved(BAR)))
    assert "Black and white mask, 18.8% inside" in captions(app)
    add(app)
    assert masks(app) == [("left wing", BAR.tolist())]


def test_nothing_waits_once_it_is_added_and_it_is_one_step(app):
    upload(app, ("a.png", saved(BAR)), ("b.png", saved(LABELS)))
    add(app)
    assert [label for label, _ in masks(app)] == ["a", "9", "300"]
    assert not [label for label in buttons(app) if "Add" in label]
    assert app.file_uploader[0].value == []
    assert count_steps(app) == 1


def test_a_label_map_becomes_a_layer_for_each_label(app):
    upload(app, ("cells.png", saved(LABELS)))
    assert "Label map with 2 labels" in captions(app)
    assert "Add 2 as layers" in buttons(app)
    add(app)
    assert masks(app) == [("9", (LABELS == 9).tolist()), ("300", (LABELS == 300).tolist())]


def test_the_labels_may_share_a_name_or_a_layer(app):
    upload(app, ("cells.png", saved(LABELS)), ("more.png", saved(LABELS)))
    next(field for field in app.text_input if " label " in field.key).set_value("nucleus")
    [toggle for toggle in app.toggle if " joined " in toggle.key][1].set_value(True)
    clean(app.run())
    add(app)
    assert masks(app) == [
        ("nucleus", (LABELS == 9).tolist()),
        ("nucleus", (LABELS == 300).tolist()),
        ("more", (LABELS > 0).tolist()),
    ]


def test_the_reading_can_be_changed(app):
    gray = np.tile(np.arange(0, 256, 32, dtype=np.uint8), (4, 1))
    upload(app, ("soft.png", saved(gray)))
    widget(app.slider, "threshold").set_value(200)
    clean(app.run())
    widget(app.toggle, "invert").set_value(True)
    clean(app.run())
    add(app)
    assert masks(app) == [("soft", (gray < 200).tolist())]


def test_labels_can_be_left_out_and_the_kind_changed(app):
    upload(app, ("cells.png", saved(LABELS)))
    widget(app.multiselect, "left out").set_value(["300"])
    clean(app.run())
    add(app)
    assert [label for label, _ in masks(app)] == ["0", "9"]
    coarse = np.where(LABELS == 300, 200, LABELS).astype(np.uint8)
    upload(app, ("coarse.png", saved(coarse)))
    widget(app.selectbox, "kind").set_value("gray")
    clean(app.run())
    add(app)
    assert masks(app)[-1] == ("coarse", (coarse == 200).tolist())


def test_a_mask_of_half_the_size_is_resized_as_a_matter_of_course(app):
    upload(app, ("half.png", saved(BAR[::2, ::2])))
    assert any("4 × 2 pixels, the image 8 × 4" in caption for caption in captions(app))
    add(app)
    assert masks(app) == [("half", np.kron(BAR[::2, ::2], np.ones((2, 2))).astype(bool).tolist())]


def test_a_mask_of_other_proportions_is_resized_only_if_the_person_wants_it():
    app = started((60, 90))
    upload(app, ("square.png", saved(np.eye(20, dtype=bool))))
    (warning,) = app.warning
    assert "proportions differ" in warning.value
    assert app.button(key="add mask files").disabled
    widget(app.toggle, f"resize {app.session_state['workspace'].current}").set_value(True)
    clean(app.run())
    add(app)
    (instance,) = instances(app)
    assert instance.mask.size_hw == (60, 90)


def test_a_mask_made_before_the_photo_was_turned_upright_is_turned_with_it():
    stored = np.zeros((8, 4), bool)
    stored[0, :2] = True
    for orientation, turns in ((6, -1), (8, 1)):
        app = started((8, 4), orientation)
        upload(app, ("mask.png", saved(stored)))
        assert not app.warning
        add(app)
        assert masks(app) == [("mask", np.rot90(stored, turns).tolist())]


def test_a_bad_file_gets_a_sentence_and_the_others_are_added(app):
    content = saved(BAR)
    upload(app, ("notes.png", b"no picture"), ("good.png", content), ("cut.png", content[:50]))
    assert [error.value for error in app.error] == [
        "The file is a text file, not a picture.",
        "The file is cut short or damaged; upload it again.",
    ]
    add(app)
    assert masks(app) == [("good", BAR.tolist())]
    assert len(app.error) == 2
    while removable := [button for button in app.button if button.key.endswith("remove")]:
        removable[0].click()
        clean(app.run())
    assert not app.error
    assert len(instances(app)) == 1


def test_an_empty_mask_is_nothing_to_add(app):
    upload(app, ("empty.png", saved(np.zeros((4, 8), np.uint8))))
    assert app.button(key="add mask files").disabled


def test_more_than_a_thousand_masks_are_one_layer():
    labels = np.arange(40 * 30, dtype=np.uint16).reshape(30, 40)
    labels = np.kron(labels, np.ones((4, 4), np.uint16))
    app = started(labels.shape)
    upload(app, ("nuclei.png", saved(labels)))
    assert widget(app.toggle, "joined True").disabled
    add(app)
    assert masks(app) == [("nuclei", (labels > 0).tolist())]


def test_what_waits_is_limited_in_size(app, monkeypatch):
    monkeypatch.setattr("pages.make.paint.mask_import._MAX_BYTES", 1000)
    noise = np.random.default_rng(0).integers(0, 256, (4, 8, 20), dtype=np.uint8).tobytes()
    upload(app, ("a.png", saved(BAR)), ("large.png", noise * 2), ("b.png", saved(BAR)))
    (error,) = app.error
    assert "wait to be added" in error.value
    add(app)
    assert [label for label, _ in masks(app)] == ["a"]
