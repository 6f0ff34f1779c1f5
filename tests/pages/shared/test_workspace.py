"""The layers of the open images and their undo history, without a page."""

from __future__ import annotations

import io

import numpy as np
import PIL.Image
import pytest
import streamlit

from maskcore import overlay, rle
from maskcore.rle import RLE
from maskcore.types import Instance
from pages.shared import pictures, workspace
from pages.shared.colors import of_place, to_rgb, unused

SIZE = 4, 5


@pytest.fixture(autouse=True)
def session(monkeypatch: pytest.MonkeyPatch) -> dict[str, object]:
    """A session of its own."""
    session: dict[str, object] = {}
    monkeypatch.setattr(streamlit, "session_state", session)
    return session


def open_image(shade: int = 0, size_hw: tuple[int, int] = SIZE) -> pictures.Picture:
    target = io.BytesIO()
    PIL.Image.fromarray(np.full((*size_hw, 3), shade, np.uint8)).save(target, "PNG")
    return workspace.open_file(f"{shade}.png", target.getvalue())


def pixel(place: int, size_hw: tuple[int, int] = SIZE) -> RLE:
    """The mask with one pixel inside, counted down the columns."""
    return RLE(size_hw, [place, 1, size_hw[0] * size_hw[1] - place - 1])


def instance(label: str, place: int = 0) -> Instance:
    return Instance(pixel(place), label)


def keep(*labels: str) -> list[int]:
    return [layer.id for layer in workspace.add([instance(label) for label in labels])]


def labels() -> list[str]:
    return [layer.instance.label for layer in workspace.layers()]


def color_of(label: str) -> str:
    (color,) = {layer.color for layer in workspace.layers() if layer.instance.label == label}
    return color


def count_undo() -> int:
    """How often can be undone; afterwards everything is."""
    steps = 0
    while workspace.can_undo():
        workspace.undo()
        steps += 1
    return steps


# Layers in the place of others


def test_instances_take_the_place_of_a_layer_between_others():
    open_image()
    _, middle, _ = keep("a", "b", "c")
    new = workspace.replace_layers([middle], [instance("x", 3), instance("y", 4)])
    assert labels() == ["a", "x", "y", "c"]
    assert list(workspace.layers()[1:3]) == new
    assert [layer.instance.mask for layer in new] == [pixel(3), pixel(4)]


def test_layers_that_are_apart_are_replaced_where_the_lowest_was():
    open_image()
    _, second, _, fourth, _ = keep("a", "b", "c", "d", "e")
    workspace.replace_layers([fourth, second], [instance("b and d")])
    assert labels() == ["a", "b and d", "c", "e"]


@pytest.mark.parametrize("place", [0, 2])
def test_the_lowest_and_the_topmost_layer_can_be_replaced(place: int):
    open_image()
    ids = keep("a", "b", "c")
    workspace.replace_layers([ids[place]], [instance("x")])
    wanted = ["a", "b", "c"]
    wanted[place] = "x"
    assert labels() == wanted


def test_new_layers_have_ids_of_their_own():
    open_image()
    first, second = keep("a", "b")
    new = workspace.replace_layers([first], [instance("a"), instance("a")])
    assert len({first, second, *(layer.id for layer in new)}) == 4


def test_replacing_is_one_step_back_and_forth():
    open_image()
    ids = keep("a", "b", "c")
    before = workspace.layers()
    workspace.replace_layers(ids[:2], [instance("x"), instance("y")])
    after = workspace.layers()
    workspace.undo()
    assert workspace.layers() == before
    workspace.redo()
    assert workspace.layers() == after
    assert count_undo() == 2


def test_replacing_with_nothing_takes_layers_away():
    open_image()
    _, second, third = keep("a", "b", "c")
    assert workspace.replace_layers([second, third], []) == []
    assert labels() == ["a"]


def test_what_replaces_layers_that_are_gone_comes_on_top():
    open_image()
    (gone, _) = keep("a", "b")
    workspace.remove([gone])
    new = workspace.replace_layers([gone], [instance("x")])
    assert labels() == ["b", "x"]
    assert list(workspace.layers()[1:]) == new


def test_nothing_is_replaced_without_an_image():
    assert workspace.replace_layers([1], [instance("x")]) == []


def test_a_layer_under_a_new_label_keeps_the_color():
    open_image()
    first, _ = keep("a", "b")
    workspace.change(first, color="#123456")
    workspace.replace_layers([first], [instance("x"), instance("y")])
    assert color_of("x") == "#123456"
    assert len({color_of(label) for label in ("x", "y", "b")}) == 3


def test_layers_that_change_together_keep_their_colors():
    open_image()
    first, _, third = keep("a", "b", "c")
    workspace.change(first, color="#111111")
    workspace.change(third, color="#333333")
    workspace.replace_layers([first, third], [instance("c", 1), instance("a", 1)])
    assert color_of("a") == "#111111"
    assert color_of("c") == "#333333"


def test_the_parts_of_a_layer_have_its_color():
    open_image()
    keep("a")
    (second,) = keep("b")
    workspace.change(second, color="#123456")
    workspace.replace_layers([second], [instance("b", 1), instance("b", 2), instance("b", 3)])
    assert color_of("b") == "#123456"


def test_of_two_layers_with_one_label_the_replaced_one_gives_the_color():
    open_image()
    _, second = keep("a", "a")
    workspace.change(second, color="#123456")
    (new,) = workspace.replace_layers([second], [instance("a", 1)])
    assert new.color == "#123456"


# Colors


def test_labels_have_different_colors_and_one_label_has_one():
    open_image()
    keep("a", "b", "a", "c")
    assert [layer.color for layer in workspace.layers()] == [of_place(i) for i in (0, 1, 0, 2)]


def test_a_new_label_takes_a_color_that_has_become_free():
    open_image()
    first, *_ = keep("a", "b", "c")
    workspace.remove([first])
    assert workspace.new_color("d") == of_place(0)
    keep("d")
    assert len({layer.color for layer in workspace.layers()}) == 3


def test_the_color_that_is_foretold_is_the_one_that_is_given():
    open_image()
    keep("a", "b")
    for label in ("a", "b", "c"):
        foretold = workspace.new_color(label)
        keep(label)
        assert workspace.layers()[-1].color == foretold


def test_colors_start_again_when_all_are_used():
    every = [of_place(i) for i in range(len(overlay.PALETTE))]
    assert [to_rgb(color) for color in every] == list(overlay.PALETTE)
    assert unused([]) == every[0]
    assert unused(every[1:]) == every[0]
    assert unused(every) == every[0]
    assert unused([*every, every[0]]) == every[1]


# Names


def test_names_of_layers_tell_equal_labels_apart():
    open_image()
    ids = keep("bird", "bird", "")
    assert workspace.layer_names() == dict(
        zip(ids, ["1 · bird", "2 · bird", "3 · unnamed"], strict=True)
    )


# Other pixels for a layer


def test_a_layer_gets_other_pixels_and_stays_what_it_was():
    open_image()
    first, second = keep("a", "b")
    workspace.change(second, color="#123456", visible=False)
    workspace.repaint({second: pixel(7)})
    layer = workspace.layers()[1]
    assert layer.instance == Instance(pixel(7), "b")
    assert (layer.id, layer.color, layer.visible) == (second, "#123456", False)
    assert workspace.layers()[0].id == first
    assert workspace.layers()[0].instance == instance("a")


def test_a_score_stays_when_a_layer_is_repainted():
    open_image()
    (layer,) = workspace.add([Instance(pixel(0), "bird", 0.75)])
    workspace.repaint({layer.id: pixel(1)})
    assert workspace.layers()[0].instance == Instance(pixel(1), "bird", 0.75)


def test_each_repainting_is_a_step_but_not_one_that_changes_nothing():
    open_image()
    (layer_id,) = keep("a")
    workspace.repaint({layer_id: pixel(1)})
    workspace.repaint({layer_id: pixel(2)})
    workspace.repaint({layer_id: pixel(2)})
    assert count_undo() == 3  # with the one that made the layer


def test_an_image_that_is_not_shown_can_be_painted_on():
    below = open_image(0)
    (layer_id,) = keep("a")
    shown = open_image(255)
    keep("b")
    before = workspace.layers()
    workspace.repaint({layer_id: pixel(5)})
    assert workspace.current() == shown
    assert workspace.layers() == before
    assert count_undo() == 1
    workspace.select(below.id)
    assert workspace.layers()[0].instance == Instance(pixel(5), "a")
    workspace.undo()
    assert workspace.layers()[0].instance == instance("a")


def test_an_image_that_is_not_shown_can_get_layers():
    below = open_image(0)
    keep("a")
    open_image(255)
    (new,) = workspace.add([instance("b", 3)], picture=below)
    assert workspace.layers() == ()
    assert not workspace.can_undo()
    workspace.select(below.id)
    assert labels() == ["a", "b"]
    assert workspace.layers()[1] == new
    workspace.undo()
    assert labels() == ["a"]


def test_a_closed_image_gets_no_layers():
    closed = open_image(0)
    (layer_id,) = keep("a")
    open_image(255)
    workspace.close(closed.id)
    assert workspace.add([instance("b")], picture=closed) == []
    workspace.repaint({layer_id: pixel(1)})
    assert [picture.name for picture in workspace.pictures()] == ["255.png"]
    assert workspace.layers() == ()
    assert not workspace.can_undo()


def test_a_layer_that_was_deleted_or_undone_is_not_painted_on():
    open_image()
    first, second = keep("a", "b")
    workspace.remove([first])
    workspace.repaint({first: pixel(9)})
    assert labels() == ["b"]
    workspace.undo()
    workspace.undo()
    workspace.repaint({second: pixel(9)})
    assert labels() == []
    assert workspace.can_redo()


def test_painting_after_an_undo_ends_what_could_be_done_again():
    open_image()
    (layer_id,) = keep("a")
    workspace.repaint({layer_id: pixel(1)})
    workspace.undo()
    workspace.repaint({layer_id: pixel(2)})
    assert not workspace.can_redo()
    workspace.undo()
    assert workspace.layers()[0].instance == instance("a")


# How far back


def noise(seed: int) -> RLE:
    """About 100,000 runs: 400 kB."""
    pixels = np.random.default_rng(seed).random((400, 500)) < 0.5
    return rle.encode(pixels)


def held() -> int:
    """Bytes of all masks in the history, each counted once."""
    masks, steps = {}, 0
    while True:
        masks |= {id(layer.instance.mask): layer.instance.mask for layer in workspace.layers()}
        if not workspace.can_undo():
            break
        workspace.undo()
        steps += 1
    for _ in range(steps):
        workspace.redo()
    return sum(mask.counts.nbytes for mask in masks.values())


def test_noisy_masks_take_no_more_than_the_history_may(monkeypatch):
    monkeypatch.setattr(workspace, "_MAX_HISTORY_BYTES", 4_000_000)
    open_image(size_hw=(400, 500))
    states = [noise(seed) for seed in range(40)]
    (layer,) = workspace.add([Instance(states[0], "a")])
    for state in states[1:]:
        workspace.repaint({layer.id: state})
        assert held() <= 4_000_000
        assert workspace.layers()[0].instance.mask == state
        assert workspace.can_undo()
    for state in reversed(states[-4:-1]):
        workspace.undo()
        assert workspace.layers()[0].instance.mask == state
    while workspace.can_redo():
        workspace.redo()
    assert workspace.layers()[0].instance.mask == states[-1]


def test_the_last_two_states_are_kept_however_large_they_are(monkeypatch):
    monkeypatch.setattr(workspace, "_MAX_HISTORY_BYTES", 1)
    open_image(size_hw=(400, 500))
    (layer,) = workspace.add([Instance(noise(0), "a")])
    for seed in range(1, 6):
        workspace.repaint({layer.id: noise(seed)})
        workspace.undo()
        assert workspace.layers()[0].instance.mask == noise(seed - 1)
        workspace.redo()
        assert workspace.layers()[0].instance.mask == noise(seed)
    assert count_undo() == 1


def test_a_mask_in_many_states_counts_once(monkeypatch):
    large = noise(0)
    monkeypatch.setattr(workspace, "_MAX_HISTORY_BYTES", large.counts.nbytes + 2000)
    open_image(size_hw=(400, 500))
    workspace.add([Instance(large, "large")])
    (small,) = workspace.add([Instance(pixel(0, (400, 500)), "small")])
    for place in range(1, 50):
        workspace.repaint({small.id: pixel(place, (400, 500))})
    assert count_undo() == 51


def test_small_masks_can_be_undone_a_hundred_times():
    open_image()
    (layer_id,) = keep("a")
    for turn in range(150):
        workspace.repaint({layer_id: pixel(1 + turn % 2)})
    assert count_undo() == 100
