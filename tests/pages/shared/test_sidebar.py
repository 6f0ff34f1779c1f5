"""The layers in the sidebar: undo, redo, hide, rename, recolor, delete."""

from __future__ import annotations

import pytest

from pages.shared import workspace
from tests.pages.session import clean, go, inside, layers, page_path


@pytest.fixture
def app(start):
    """The page that decodes rows, with those of the steel sample kept."""
    app = start()
    app.button(key="sample steel").click()
    go(app, page_path("rle"))
    press(app, "rows of sample")
    return press(app, "all")


def labels(app):
    return [layer.instance.label for layer in layers(app)]


def press(app, key):
    app.button(key=key).click()
    return clean(app.run())


def test_kept_rows_are_layers_in_different_colors(app):
    assert labels(app) == ["1", "2", "3", "4"]
    assert len({layer.color for layer in layers(app)}) == 4


def test_undo_and_redo_take_the_layers_away_and_back(app):
    press(app, "undo")
    assert labels(app) == []
    press(app, "redo")
    assert labels(app) == ["1", "2", "3", "4"]
    assert app.button(key="redo").disabled


def test_a_new_change_ends_what_could_be_done_again(app):
    press(app, "undo")
    press(app, "all")
    assert app.button(key="redo").disabled


def test_a_layer_can_be_hidden_and_shown(app):
    key = f"layer {layers(app)[1].id} visible"
    press(app, key)
    assert [layer.visible for layer in layers(app)] == [True, False, True, True]
    press(app, key)
    assert all(layer.visible for layer in layers(app))


def test_a_color_can_be_changed_and_undone(app):
    key = f"layer {layers(app)[0].id} color"
    before = layers(app)[0].color
    app.color_picker(key=key).set_value("#123456")
    clean(app.run())
    assert layers(app)[0].color == "#123456"
    press(app, "undo")
    assert layers(app)[0].color == before
    assert app.color_picker(key=key).value == before


def test_a_hundred_steps_can_be_undone(app):
    layer = layers(app)[1]
    with inside(app):
        for turn in range(101):
            workspace.change(layer.id, visible=bool(turn % 2))
        for _ in range(99):
            workspace.undo()
    clean(app.run())
    assert layers(app)[1].visible
    press(app, "undo")
    assert not layers(app)[1].visible
    assert app.button(key="undo").disabled
