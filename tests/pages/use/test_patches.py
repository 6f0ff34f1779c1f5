"""The page of patches: the grid, the counts, the zip, and patches joined again."""

from __future__ import annotations

import io
import json
import zipfile
from typing import NamedTuple

import numpy as np
import PIL.Image
import pytest
import streamlit as st

from maskcore import image_io, masks, patches, rle
from maskcore.types import Instance
from pages.shared import downloads
from pages.shared.jobs import bounded_zip
from pages.use.patches import as_code as patches_python, grid as patches_view
from tests.pages.session import clean, current, go, instances, open_image, page_path

pytestmark = pytest.mark.usefixtures("at_once")

PAGE = page_path("patches")
SIZE_HW = (100, 150)


class Upload(NamedTuple):
    name: str
    content: bytes


def colors(size_hw=SIZE_HW, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (*size_hw, 3), np.uint8)


def pixels(content):
    return np.array(PIL.Image.open(io.BytesIO(content)))


def two_masks():
    red, blue = np.zeros((2, *SIZE_HW), bool)
    red[10:30, 10:60] = True
    blue[20:90, 50:70] = True
    return {"red": red, "=blue": blue}


def png(image):
    """As Pillow writes it, so that what maskcore writes is another file."""
    target = io.BytesIO()
    PIL.Image.fromarray(image).save(target, "PNG")
    return target.getvalue()


@pytest.fixture
def drawn(monkeypatch):
    """What was drawn: the grid and the sides, as they were last."""
    found, draw = {}, patches.draw

    def noted(image, grid, sides, **options):
        found["last"] = grid, sides
        return draw(image, grid, sides, **options)

    monkeypatch.setattr(patches_view.patches, "draw", noted)
    st.cache_data.clear()  # another test may have drawn the same
    return found


@pytest.fixture
def visit(start):
    """Open images with layers in the app and go to the page; the last one is the current."""

    def visit(*opened):
        app = start()
        for name, image, found in opened:
            on_it = [Instance(rle.encode(pixels), label) for label, pixels in found.items()]
            open_image(app, name, png(image), on_it)
        return go(app, PAGE)

    return visit


@pytest.fixture
def page(visit):
    return visit(("strip.png", colors(), two_masks()))


def number(app, key, value):
    app.number_input(key=f"patches {key}").set_value(value)
    return clean(app.run())


def files(app):
    app.button(key="make patches").click()
    clean(app.run())
    with zipfile.ZipFile(app.session_state["patches file"].path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def join(app, uploads):
    app.segmented_control(key="patches part").set_value("Join")
    clean(app.run())
    app.file_uploader(key="join files").set_value([(*it, "") for it in uploads])
    return clean(app.run())


def joined(app):
    app.button(key="join patches").click()
    clean(app.run())
    return pixels(app.session_state["joined file"].path.read_bytes())


def sentences(app):
    return [it.value for kind in (app.error, app.warning, app.info) for it in kind]


def test_without_an_image_the_page_says_what_to_do(start):
    assert sentences(start(PAGE)) == ["Open an image first."]


def test_the_grid_and_the_counts_are_shown_at_once(page, drawn):
    assert "**6 patches** of 6, 3 × 2." in [it.value for it in page.markdown]
    number(page, "width", 50)
    assert drawn["last"][0] == patches.grid(SIZE_HW, (64, 50))


def test_controls_change_what_is_cut(page, drawn):
    number(page, "width", 40)
    number(page, "height", 30)
    number(page, "overlap", 10)
    page.selectbox(key="patches edge").set_value("shift")
    number(page, "least mask", 20.0)
    page.slider(key="patches validation").set_value(25)
    clean(page.run())
    grid, sides = drawn["last"]
    assert grid == patches.grid(SIZE_HW, (30, 40), stride=(20, 30), edge="shift")
    union = two_masks()["red"] | two_masks()["=blue"]
    kept = patches.cut(union, grid).mean(axis=(1, 2)) >= 0.2
    assert not (sides[~kept] != patches.LEFT_OUT).any()
    assert {patches.TRAINING, patches.VALIDATION} <= set(sides[kept])
    rows = json.loads(files(page)["manifest.json"])
    named = ["training", "validation", ""]
    wanted = [(named[side], *at) for side, at in zip(sides, grid.places.tolist(), strict=True)]
    assert [(it["side"], it["y"], it["x"]) for it in rows] == [it for it in wanted if it[0]]
    number(page, "seed", 1)
    assert (drawn["last"][1] != sides).any()


def test_the_zip_holds_twin_folders_and_the_names_of_the_labels(page):
    number(page, "width", 64)
    content = files(page)
    labels = masks.label_map([rle.encode(it) for it in two_masks().values()])
    grid = patches.grid(SIZE_HW, 64)
    for (y, x), image, its_labels in zip(
        grid.places.tolist(), patches.cut(colors(), grid), patches.cut(labels, grid), strict=True
    ):
        name = patches.name("strip", y, x)
        assert (pixels(content[f"images/{name}"]) == image).all()
        assert (pixels(content[f"masks/{name}"]) == its_labels).all()
    assert content["labels.csv"].decode().splitlines() == ["id,label", "1,red", "2,'=blue"]


def test_masks_can_be_one(page):
    page.segmented_control(key="patches masks True").set_value("One mask")
    clean(page.run())
    content = files(page)
    assert "labels.csv" not in content
    union = two_masks()["red"] | two_masks()["=blue"]
    assert (pixels(content["masks/strip_y000000_x000000.png"]) == union[:64, :64]).all()


def test_without_layers_there_are_no_masks(visit):
    app = visit(("strip.png", colors(), {}))
    assert not any("masks" in name for name in files(app))
    assert "patches least mask" not in [it.key for it in app.number_input]


def test_all_open_images_come_with_their_own_layers(visit):
    app = visit(
        ("a.png", colors((70, 64), 1), {}),
        ("a.png", colors((64, 64), 2), {}),
        ("strip.png", colors(), two_masks()),
    )
    shown = current(app)
    app.toggle(key="patches in all").set_value(True)
    clean(app.run())
    content = files(app)
    assert current(app) == shown
    rows = json.loads(content["manifest.json"])
    assert [it["image"] for it in rows] == ["a.png"] * 3 + ["strip.png"] * 6
    assert [it["file"] for it in rows[:3]] == [
        "images/a_y000000_x000000.png",
        "images/a_y000064_x000000.png",
        "images/a_2_y000000_x000000.png",
    ]
    assert not pixels(content[rows[0]["mask"]]).any()
    assert pixels(content[rows[3]["mask"]]).any()


def test_a_download_says_when_it_is_of_before(page):
    said = "The download was made before the last changes."
    files(page)
    assert said not in [it.value for it in page.caption]
    number(page, "overlap", 8)
    assert said in [it.value for it in page.caption]


def test_settings_stay_when_one_comes_back(page, drawn):
    number(page, "width", 50)
    page.color_picker(key="patches color").set_value("#102030")
    clean(page.run())
    go(page, page_path("measure"))
    go(page, PAGE)
    content = files(page)
    corner = pixels(content["images/strip_y000064_x000100.png"])
    assert tuple(corner[-1, -1]) == (16, 32, 48)


@pytest.mark.parametrize("edge", ["shift", "drop"])
def test_patches_larger_than_the_image_are_one_sentence(page, edge):
    page.selectbox(key="patches edge").set_value(edge)
    number(page, "width", 200)
    (sentence,) = sentences(page)
    assert sentence.startswith("The patches of 200 × 64 pixels are larger than the image")


def test_an_overlap_of_the_whole_patch_is_one_sentence(page):
    number(page, "overlap", 64)
    assert sentences(page) == ["The overlap must be less than the width and the height of a patch."]


def test_too_many_patches_are_one_sentence(page, monkeypatch):
    monkeypatch.setattr(patches_view, "_MOST", 5)
    number(page, "overlap", 1)
    (sentence,) = sentences(page)
    assert sentence.startswith("These would be 6 patches, and at most 5 are possible here")


def test_an_export_larger_than_its_quota_is_one_sentence(page, monkeypatch):
    monkeypatch.setattr(bounded_zip, "MAX_BYTES", 20_000)
    page.button(key="make patches").click()
    clean(page.run())
    (sentence,) = sentences(page)
    assert sentence.startswith("The patches would take more than 0 MB")
    assert not page.session_state["patches file"].path.exists()


def test_a_disk_that_is_full_is_one_sentence(page, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(bounded_zip.archive, "write_zip", full)
    page.button(key="make patches").click()
    clean(page.run())
    (sentence,) = sentences(page)
    assert sentence == "The server's disk is full; try again later."


def test_a_zip_comes_back_as_the_whole_image_and_mask(page):
    number(page, "overlap", 10)
    files(page)
    archive = page.session_state["patches file"].path.read_bytes()
    app = join(page, [("patches.zip", archive)])
    assert (joined(app) == colors()).all()
    app.segmented_control(key="join kind").set_value("Masks")
    clean(app.run())
    labels = masks.label_map([rle.encode(it) for it in two_masks().values()])
    assert (joined(app) == labels).all()
    app.button(key="join layers").click()
    clean(app.run())
    added = instances(app)[2:]
    assert [it.label for it in added] == ["1", "2"]
    assert (rle.decode(added[1].mask) == two_masks()["=blue"]).all()


def test_files_come_back_in_any_order_with_the_table_as_manifest(page):
    content = files(page)
    uploads = [
        Upload(name.rpartition("/")[2], it)
        for name, it in reversed(content.items())
        if name.startswith("images/") or name == "manifest.csv"
    ]
    app = join(page, uploads)
    assert (joined(app) == colors()).all()
    app.button(key="open joined").click()
    clean(app.run())
    assert current(app).name == "strip_joined.png"


def test_one_of_several_images_is_chosen(visit):
    other = colors((80, 90), 3)
    app = visit(("a.png", colors(), {}), ("b.png", other, {}))
    app.toggle(key="patches in all").set_value(True)
    clean(app.run())
    files(app)
    app = join(app, [("all.zip", app.session_state["patches file"].path.read_bytes())])
    app.selectbox(key="join image").set_value("b.png")
    clean(app.run())
    assert (joined(app) == other).all()


def test_missing_patches_are_named_and_can_be_left_black(page):
    content = files(page)
    uploads = [
        Upload(name.rpartition("/")[2], it)
        for name, it in content.items()
        if name.startswith("images/") or name == "manifest.json"
    ]
    app = join(page, uploads[1:])
    (sentence,) = sentences(app)
    assert sentence.startswith("1 of the 6 patches in the manifest are missing")
    assert app.button(key="join patches").disabled
    app.toggle(key="join fill").set_value(True)
    clean(app.run())
    whole = joined(app)
    assert not whole[:64, :64].any()
    assert (whole[64:] == colors()[64:]).all()


@pytest.mark.parametrize(
    ("uploads", "fault"),
    [
        ([("a.png", b"1")], "Add the manifest.json or manifest.csv"),
        ([("a.zip", b"1")], "The zip archive is damaged"),
        ([("manifest.json", b"[]")], "The manifest lists no patch."),
        (
            [("manifest.csv", b"file,x,y,width,height,image_width,image_height\na,0,0,4,4,9,9")],
            "None of the files is a patch that the manifest lists.",
        ),
    ],
)
def test_uploads_that_do_not_go_together_are_one_sentence(page, uploads, fault):
    (sentence,) = sentences(join(page, uploads))
    assert sentence.startswith(fault)


def test_patches_of_mixed_sizes_are_one_sentence(page):
    content = files(page)
    uploads = [Upload("manifest.json", content["manifest.json"])]
    for i, (name, it) in enumerate(content.items()):
        if name.startswith("images/"):
            small = image_io.encode_png(pixels(it)[: 64 - i, :64])
            uploads.append(Upload(name.rpartition("/")[2], small))
    app = join(page, uploads)
    app.button(key="join patches").click()
    clean(app.run())
    (sentence,) = sentences(app)
    assert "but the manifest says 64 × 64" in sentence


def test_the_code_that_is_shown_runs(page, monkeypatch, tmp_path):
    shown = []
    monkeypatch.setattr(downloads, "same_in_python", shown.append)
    page.slider(key="patches validation").set_value(25)
    number(page, "width", 40)
    content = files(page)
    monkeypatch.chdir(tmp_path)
    image_io.write_image(tmp_path / "strip.png", colors())
    written = "\n".join(
        f"strip.png,{label.strip('=')},{_kaggle(it)}" for label, it in two_masks().items()
    )
    (tmp_path / "rows.csv").write_text(f"ImageId,ClassId,EncodedPixels\n{written}\n")
    space = {}
    exec(shown[-1], space)
    assert (space["whole"] == colors()).all()
    with zipfile.ZipFile(tmp_path / "patches.zip") as archive:
        made = {name: archive.read(name) for name in archive.namelist()}
    assert made == {name: it for name, it in content.items() if name != "labels.csv"}
    with zipfile.ZipFile(tmp_path / "patches.zip") as archive:
        archive.extractall(tmp_path / "patches")
    space = {}
    exec(patches_python.join("strip.png", False, "overwrite", False), space)
    assert (pixels((tmp_path / "whole.png").read_bytes()) == colors()).all()


def _kaggle(inside):
    flat = np.flatnonzero(inside.T.ravel()) + 1
    runs = np.split(flat, np.flatnonzero(np.diff(flat) > 1) + 1)
    return " ".join(f"{run[0]} {run.size}" for run in runs)
