"""The page that edits layers."""

from __future__ import annotations

import base64
import io
import json
from dataclasses import replace

import numpy as np
import PIL.Image
import pytest
from scipy import ndimage

from maskcore import exports, rle, samples
from maskcore.types import Instance
from pages.make.edit import before_after, operations as edit_operations
from pages.make.edit.operations import GROUPS, OPERATIONS, Edit
from pages.shared import compare
from pages.shared.pictures import Picture
from pages.shared.workspace import Layer
from tests.grids import mask
from tests.pages.session import clean, count_steps, go, layers, open_image, page_path

PAGE = page_path("edit")
EIGHT = np.ones((3, 3))


@pytest.fixture
def page(steel_layers):
    """The page with the steel sample's four layers, the topmost one chosen."""
    return go(steel_layers, PAGE)


def pixels_of(layer):
    return rle.decode(layer.instance.mask)


def choose(app, name, *, value=None, of=None):
    """Choose an operation, its value, and the layers by their places."""
    group = next(group for group in GROUPS if name in GROUPS[group])
    app.segmented_control(key="edit group").set_value(group)
    clean(app.run())
    app.pills(key=f"edit {group}").set_value(name)
    if of is not None:
        app.multiselect(key="edit layers").set_value([layers(app)[place].id for place in of])
    clean(app.run())
    if value is not None:
        key = f"edit {name} value"
        every = [*app.slider, *app.select_slider, *app.number_input]
        next(element for element in every if element.key == key).set_value(value)
        clean(app.run())
    return app


def click(app, key):
    app.button(key=key).click()
    return clean(app.run())


def facts(app):
    return {name: str(row.iloc[0]) for name, row in app.table[0].value.T.items()}


def test_it_opens_alone_and_asks_for_an_image(start):
    app = start(PAGE)
    assert app.title[0].value == "Edit"
    assert [info.value for info in app.info] == ["Open an image first."]


def test_an_image_without_layers_leads_to_where_masks_are_made(start):
    app = start()
    open_image(app, "steel.png", samples.load("steel").image_bytes)
    go(app, PAGE)
    assert [info.value for info in app.info] == ["Make a mask first; every layer can be edited."]


def test_it_begins_with_the_topmost_layer_grown(page):
    assert page.multiselect(key="edit layers").value == [layers(page)[-1].id]
    assert page.slider(key="edit grow value").value == 8
    before = pixels_of(layers(page)[-1])
    grown = ndimage.distance_transform_edt(~before) <= 8
    assert f"{before.sum():,} → {grown.sum():,}" in str(page.table[0].value)


def test_applying_repaints_the_layer_in_one_step_that_can_be_undone(page):
    before, steps = layers(page), count_steps(page)
    click(choose(page, "grow", value=5), "apply edit")
    after = layers(page)
    grown = ndimage.distance_transform_edt(~pixels_of(before[-1])) <= 5
    assert np.array_equal(pixels_of(after[-1]), grown)
    assert after[:-1] == before[:-1]
    assert (after[-1].id, after[-1].color) == (before[-1].id, before[-1].color)
    assert count_steps(page) == steps + 1
    assert layers(click(page, "undo")) == before


def test_a_result_can_be_kept_beside_the_layer_it_came_from(page):
    before = layers(page)
    click(choose(page, "shrink", value=3), "keep edit")
    *old, new = layers(page)
    assert tuple(old) == before
    assert new.instance.label == before[-1].instance.label
    inside = ndimage.distance_transform_edt(np.pad(pixels_of(before[-1]), 9, "edge")) > 3
    assert np.array_equal(pixels_of(new), inside[9:-9, 9:-9])


def test_several_layers_are_edited_at_once_and_stay_apart(page):
    before = layers(page)
    click(choose(page, "close", value=4, of=[0, 2]), "apply edit")
    after = layers(page)
    assert sorted(layer.instance.label for layer in after) == ["1", "2", "3", "4"]
    by_label = {layer.instance.label: pixels_of(layer) for layer in after}
    for layer in (before[0], before[2]):
        old = pixels_of(layer)
        assert (by_label[layer.instance.label] >= old).all()
        assert by_label[layer.instance.label].sum() > old.sum()


@pytest.mark.parametrize(
    ("name", "combined"),
    [
        ("union", lambda stack: stack.any(axis=0)),
        ("intersection", lambda stack: stack.all(axis=0)),
        ("difference", lambda stack: stack[0] & ~stack[1:].any(axis=0)),
        ("exclusive_or", lambda stack: stack.sum(axis=0) % 2 == 1),
    ],
)
def test_combined_layers_become_one_in_the_place_of_the_first(page, name, combined):
    # The last layer reaches over the second one now.
    click(choose(page, "grow", value=200, of=[3]), "apply edit")
    before = layers(page)
    click(choose(page, name, of=[3, 2]), "apply edit")
    after = layers(page)
    assert [layer.id for layer in after[:2]] == [layer.id for layer in before[:2]]
    assert len(after) == 3
    assert after[2].instance.label == before[3].instance.label
    stack = np.stack([pixels_of(before[3]), pixels_of(before[2])])
    assert np.array_equal(pixels_of(after[2]), combined(stack))


def test_one_layer_is_too_few_to_combine_and_none_is_too_few_to_edit(page):
    choose(page, "union")
    assert [info.value for info in page.info] == ["Choose two or more layers above."]
    assert not [button for button in page.button if button.key == "apply edit"]
    choose(page, "grow", of=[])
    assert [info.value for info in page.info] == ["Choose a layer above."]


def test_an_inverted_layer_is_what_was_outside(page):
    before = pixels_of(layers(page)[-1])
    click(choose(page, "invert"), "apply edit")
    assert np.array_equal(pixels_of(layers(page)[-1]), ~before)


def test_a_layer_splits_into_its_parts(page):
    before = layers(page)
    parts, count = ndimage.label(pixels_of(before[-1]), EIGHT)
    assert count > 3
    choose(page, "split")
    assert f"1 → {count}" in str(page.table[0].value)
    click(page, "apply edit")
    after = layers(page)
    assert after[:3] == before[:3]
    new = after[3:]
    assert {layer.instance.label for layer in new} == {before[-1].instance.label}
    assert sorted(rle.area(layer.instance.mask) for layer in new) == sorted(
        np.bincount(parts.flat)[1:]
    )
    assert page.multiselect(key="edit layers").value == [layer.id for layer in new]


def test_specks_holes_and_all_but_the_largest_part_go(page):
    before = pixels_of(layers(page)[-1])
    parts, _ = ndimage.label(before, EIGHT)
    areas = np.bincount(parts.flat)
    areas[0] = 0
    click(choose(page, "fill_holes"), "keep edit")
    assert np.array_equal(pixels_of(layers(page)[-1]), ndimage.binary_fill_holes(before))
    click(choose(page, "drop_specks", value=100, of=[3]), "keep edit")
    assert np.array_equal(pixels_of(layers(page)[-1]), (areas >= 100)[parts])
    click(choose(page, "keep_largest", value=1, of=[3]), "keep edit")
    assert np.array_equal(pixels_of(layers(page)[-1]), parts == areas.argmax())


def test_nothing_to_apply_is_not_applied(page):
    choose(page, "keep_largest", value=1000)
    assert page.button(key="apply edit").disabled
    assert not page.button(key="keep edit").disabled
    choose(page, "drop_specks", value=5_000_000)
    assert not page.button(key="apply edit").disabled
    assert page.button(key="keep edit").disabled


def test_a_layer_that_is_gone_is_no_longer_chosen(page):
    choose(page, "grow", of=[3, 1])
    click(choose(page, "union", of=[3, 1]), "apply edit")
    click(page, "undo")
    assert page.multiselect(key="edit layers").value == [layers(page)[-1].id]


@pytest.mark.parametrize("name", list(OPERATIONS))
def test_every_operation_shows_what_it_does_in_both_views(page, name):
    choose(page, name, of=[3, 1])
    for view in ("Before and after", "Changes"):
        page.segmented_control(key="edit view").set_value(view)
        clean(page.run())
        for close_up in (False, True):
            page.toggle(key="edit close-up").set_value(close_up)
            clean(page.run())
            mounted = [component.proto.component_name for component in page.get("bidi_component")]
            assert ("compare" in mounted) == (view == "Before and after")
    assert not page.error


@pytest.mark.parametrize("name", list(OPERATIONS))
def test_the_same_in_python_gives_the_same_masks(name, tmp_path, monkeypatch):
    first, second = mask("##...#\n#.##..\n.##..."), mask("......\n.####.\n.####.")
    chosen = [Instance(rle.encode(pixels), "a") for pixels in (first, second)]
    monkeypatch.chdir(tmp_path)
    (tmp_path / "rows.csv").write_bytes(exports.codes(chosen, "a.png", "severstal"))
    value = None if name in GROUPS["Combine"] or name == "split" else 2
    edit = Edit(name, value)
    names = {}
    exec(edit_operations.python(edit, Picture("", "a.png", b"", first.shape)), names)
    wanted = edit.operation.make([instance.mask for instance in chosen], value)
    assert names["edited"] == [result for group in wanted for result in group]


def picture_of(image):
    target = io.BytesIO()
    PIL.Image.fromarray(image).save(target, "PNG")
    content = target.getvalue()
    return Picture(rle.empty(image.shape[:2]).digest, "a.png", content, image.shape[:2])


def test_what_is_kept_added_and_removed_has_a_color_of_its_own():
    before, after = rle.encode(mask("##..\n....")), rle.encode(mask(".##.\n...."))
    kept, added, removed = before_after._changes([before], [after])  # noqa: SLF001
    assert rle.decode(kept.mask).tolist() == mask(".#..\n....").tolist()
    assert rle.decode(added.mask).tolist() == mask("..#.\n....").tolist()
    assert rle.decode(removed.mask).tolist() == mask("#...\n....").tolist()
    assert [instance.label for instance in (kept, added, removed)] == [
        "Kept 1 px",
        "Added 1 px",
        "Removed 1 px",
    ]


def test_the_pixels_of_a_close_up_are_squares():
    image = np.zeros((6, 8, 3), np.uint8)
    drawn = before_after._picture(  # noqa: SLF001
        picture_of(image),
        (2, 1, 6, 5),
        [rle.encode(mask("........\n...#....\n" + "........\n" * 4))],
        [(255, 255, 255)],
    )
    shown = np.array(PIL.Image.open(io.BytesIO(drawn)).convert("L"))
    assert shown.shape == (700, 700)
    inside = np.zeros((4, 4), bool)
    inside[0, 1] = True
    middles = shown[87::175, 87::175]
    assert np.array_equal(middles > 60, inside)


def test_a_change_of_one_pixel_is_drawn_anew():
    """Streamlit's cache tells large arguments apart by samples only."""
    picture = picture_of(np.zeros((1000, 1200, 3), np.uint8))
    pixels = np.zeros((1000, 1200), np.bool_)
    pixels[200:400, 200:400] = True
    box = (0, 0, 1200, 1000)
    pictures = set()
    for place in ((700, 900), (701, 900)):
        changed = pixels.copy()
        changed[place] = True
        pictures.add(before_after._picture(picture, box, [rle.encode(changed)], [(255, 0, 0)]))  # noqa: SLF001
    assert len(pictures) == 2


def test_both_pictures_travel_to_the_browser_with_their_shape_and_names(monkeypatch):
    given = {}
    monkeypatch.setattr(compare, "_compare", lambda **options: given.update(options))
    pictures = []
    for kind in ("JPEG", "PNG"):
        target = io.BytesIO()
        PIL.Image.new("RGB", (30, 20)).save(target, kind)
        pictures.append(target.getvalue())
    compare.compare(*pictures, key="a", labels=("Old <b>", "New"))
    data = json.loads(json.dumps(given["data"]))
    assert given["key"] == "a"
    assert (data["width"], data["height"], data["labels"]) == (30, 20, ["Old <b>", "New"])
    for url, kind, picture in zip(data["images"], ("jpeg", "png"), pictures, strict=True):
        head, _, text = url.partition(",")
        assert head == f"data:image/{kind};base64"
        assert base64.b64decode(text) == picture


def test_many_parts_are_drawn_in_the_palettes_colors_and_none_is_lost():
    pixels = np.zeros((40, 60), np.bool_)
    pixels[::2, ::2] = True
    parts = [[place] for place in range(600)]
    layer = Layer(1, Instance(rle.encode(pixels), "a"), "digest", "#ffffff")
    edited = edit_operations.results_of(Edit("split"), [layer])
    assert len(edited) == len(parts)
    drawn, colors = before_after._few([instance.mask for instance in edited], [(255, 255, 255)])  # noqa: SLF001
    assert len(drawn) == len(colors) == len(set(colors)) == 10
    assert rle.union(drawn) == layer.instance.mask
    same = [replace(layer.instance, label=str(i)).mask for i in range(2)]
    assert before_after._few(same, [(1, 1, 1), (2, 2, 2)]) == (same, [(1, 1, 1), (2, 2, 2)])  # noqa: SLF001
