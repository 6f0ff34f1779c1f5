"""The page that writes a data set in another format."""

from __future__ import annotations

import json
import shlex
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from pycocotools import mask as coco_mask

from maskcore import datasets, rle
from maskcore.__main__ import main
from maskcore.types import Instance
from pages.data.convert import target as convert_target
from pages.shared.jobs import bounded_zip
from tests.pages.session import clean, go, page_path
from tests.ring_set import DOT, RING, png, rings
from tests.zips import zipped

pytestmark = pytest.mark.usefixtures("at_once")

PAGE = page_path("convert")


def put(app, files, name="rings.zip"):
    app.file_uploader[0].set_value([(name, zipped(files), "application/zip")])
    return clean(app.run())


@pytest.fixture
def page(start):
    """The page in the app, with the ring open."""
    app = start()
    return put(go(app, PAGE), rings())


def choose(app, name):
    app.selectbox(key="convert format").set_value(name)
    return clean(app.run())


def written(app):
    app.button(key="make converted").click()
    clean(app.run())
    assert app.session_state["converted job"].state == "done"
    with zipfile.ZipFile(app.session_state["converted file"].path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def primary(app):
    """The keys of the buttons that are what one would do next."""
    buttons = [*app.button, *app.get("download_button")]
    return [it.key for it in buttons if it.proto.type == "primary"]


def said(app):
    texts = (app.markdown, app.caption, app.warning, app.success, app.info, app.error)
    return "\n".join(it.value for kind in texts for it in kind)


def test_it_opens_alone_and_asks_for_a_data_set(start):
    app = start(PAGE)
    assert app.title[0].value == "Convert"
    assert not [it for it in app.button if it.key == "make converted"]


def test_it_says_what_the_data_set_is(page):
    assert "**COCO instances**, 1 sample" in said(page)
    assert "2 classes: cat, dog" in said(page)


def test_what_a_format_cannot_hold_is_said_before(page):
    choose(page, "yolo")
    assert "Holes are filled." in said(page)
    assert "A mask of several parts becomes several masks." in said(page)
    choose(page, "coco")
    assert "Holes are filled." not in said(page)


def test_what_is_lost_of_this_data_set_is_counted_before(page):
    choose(page, "yolo")
    assert "1 mask has holes, which are filled." in page.warning[0].value
    assert "First in images/a1.png" in page.warning[0].value
    choose(page, "coco")
    assert not page.warning
    assert page.success[0].value == "Nothing of this data set is lost."


def test_large_sets_are_counted_when_it_is_asked_for(start, at_once, monkeypatch):
    monkeypatch.setattr(convert_target, "_MOST_TO_READ", 2)
    app = start()
    put(go(app, PAGE), rings(3))
    choose(app, "yolo")
    assert not at_once
    assert not app.warning
    app.button(key="convert count exactly").click()
    clean(app.run())
    assert "3 masks have holes, which are filled." in app.warning[0].value
    assert not [it for it in app.button if it.key == "convert count exactly"]


def test_a_count_is_kept(page, at_once):
    choose(page, "yolo")
    choose(page, "coco")
    n_jobs = len(at_once)
    choose(page, "yolo")
    assert len(at_once) == n_jobs
    assert "1 mask has holes" in page.warning[0].value


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
def test_the_zip_holds_the_masks_pixel_for_pixel(page):
    choose(page, "coco")
    files = written(page)
    (name,) = [it for it in files if it.endswith(".json")]
    document = json.loads(files[name])
    names = {it["id"]: it["name"] for it in document["categories"]}
    found = {}
    for it in document["annotations"]:
        code = it["segmentation"]
        if isinstance(code, list):
            code = coco_mask.merge(coco_mask.frPyObjects(code, 4, 5))
        found[names[it["category_id"]]] = coco_mask.decode(code).astype(bool)
    assert found.keys() == {"cat", "dog"}
    assert (found["cat"] == RING).all()
    assert (found["dog"] == DOT).all()
    assert png(1) in files.values()
    assert "The download holds all there is." in said(page)


def test_what_was_lost_is_said_with_the_download(page):
    choose(page, "yolo")
    assert sorted(it.split("/")[0] for it in written(page)) == ["data.yaml", "images", "labels"]
    assert "In the download: 1 mask has holes, which are filled." in said(page)
    n_bytes = page.session_state["converted file"].path.stat().st_size
    assert 500 < n_bytes < 5000
    assert [it.label for it in page.get("download_button")] == [f"Download {n_bytes / 1000:.0f} kB"]


def test_images_can_be_left_out_or_put_inside(page):
    choose(page, "labelme")
    page.segmented_control(key="convert images or embed").set_value("leave")
    clean(page.run())
    (content,) = written(page).values()
    assert not json.loads(content)["imageData"]
    page.segmented_control(key="convert images or embed").set_value("embed")
    clean(page.run())
    (content,) = written(page).values()
    assert json.loads(content)["imageData"]
    choose(page, "coco")
    assert len(written(page)) == 2


def test_the_preview_shows_the_files_as_they_will_be(page):
    choose(page, "yolo")
    tree, *texts, _, _ = [it.value for it in page.code]
    files = written(page)
    assert tree == "images/\n  a1.png\nlabels/\n  a1.txt\ndata.yaml"
    shown = [files["labels/a1.txt"].decode(), files["data.yaml"].decode()]
    assert [it.strip() for it in texts] == [it.strip() for it in shown]


def test_the_preview_is_of_the_first_three_and_shortened(start):
    app = start()
    put(go(app, PAGE), rings(5))
    choose(app, "coco")
    tree, text, *_ = [it.value for it in app.code]
    assert "a3.png" in tree
    assert "a4.png" not in tree
    assert "Of the first 3 of 5 samples." in said(app)
    assert len(text) < 2000
    assert len(written(app)) == 6


def test_masks_that_are_pictures_are_shown_as_pictures(page):
    choose(page, "voc")
    assert page.image
    choose(page, "coco")
    assert not page.image


def test_corrections_are_converted_too(page):
    opened = page.session_state["data set"]
    name = opened.dataset.samples[0].name
    full = [Instance(rle.encode(np.ones((4, 5), bool)), "bird")]
    page.session_state["data set"] = replace(opened, corrections={name: full})
    choose(page, "yolo")
    assert "1 sample corrected here." in said(page)
    assert not page.warning
    files = written(page)
    (line,) = files["labels/a1.txt"].decode().splitlines()
    assert sorted(set(line.split()[1:])) in (["0", "1"], ["0.0", "1.0"])
    assert "bird" in files["data.yaml"].decode()


def test_a_download_that_is_out_of_date_says_so(page):
    choose(page, "yolo")
    assert primary(page) == ["make converted"]
    written(page)
    assert primary(page) == ["download converted"]
    choose(page, "coco")
    assert "made before the last changes" in said(page)
    assert primary(page) == ["make converted"]


def test_a_zip_that_would_be_too_large_is_one_sentence(page, monkeypatch):
    monkeypatch.setattr(bounded_zip, "MAX_BYTES", 50)
    choose(page, "coco")
    page.button(key="make converted").click()
    clean(page.run())
    (error,) = page.error
    assert "would take more than" in error.value
    assert "leave the images out" in error.value


def test_a_data_set_that_cannot_be_read_is_one_sentence(start):
    app = start()
    go(app, PAGE)
    app.file_uploader[0].set_value([("set.zip", b"PK no archive", "application/zip")])
    clean(app.run())
    (error,) = app.error
    assert "zip archive" in error.value


def test_the_code_shown_and_the_command_line_make_the_same_files(page, tmp_path, monkeypatch):
    choose(page, "yolo")
    files = written(page)
    monkeypatch.chdir(tmp_path)
    Path("rings.zip").write_bytes(zipped(rings()))
    code, line = [it.value for it in page.code][-2:]
    exec(compile(code, "shown", "exec"), {})
    target = Path("rings_yolo.zip")
    with zipfile.ZipFile(target) as archive:
        assert {name: archive.read(name) for name in archive.namelist()} == files
    target.unlink()
    words = shlex.split(line)
    assert words[:3] == ["python", "-m", "maskcore"]
    assert main(words[3:]) == 0
    with zipfile.ZipFile(target) as archive:
        assert {name: archive.read(name) for name in archive.namelist()} == files


def test_every_format_has_a_preview_and_a_download(page):
    for name, it in datasets.FORMATS.items():
        if it.can_write:
            choose(page, name)
            assert not page.error
            assert written(page)


def test_the_download_goes_with_its_data_set(page):
    written(page)
    assert page.get("download_button")
    page.button(key="close data set").click()
    clean(page.run())
    put(page, rings(2), "others.zip")
    assert page.button(key="make converted").label == "Convert 2 samples"
    assert not page.get("download_button")
