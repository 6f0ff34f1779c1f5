"""Where data sets come from: uploads, a folder on the server, the sample; what stays of them."""

from __future__ import annotations

import gc
import os
import pickle
import struct
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from maskcore import rle
from maskcore.errors import DatasetError
from maskcore.types import Instance
from pages.shared.dataset import example, server_folder, uploads as dataset_uploads
from pages.shared.dataset.uploads import UploadFolder
from tests.pages.session import clean, go, page_path
from tests.pages.tiny_set import (
    BAR,
    PAGE,
    SQUARE,
    TINY,
    document,
    held,
    opened,
    png,
    sentences,
    tiny,
    upload,
)
from tests.zips import zipped

pytestmark = pytest.mark.usefixtures("at_once")


def by_base(masks):
    return {name.rpartition("/")[2]: it for name, it in masks.items()}


@pytest.fixture
def page(start):
    return start(PAGE)


@pytest.fixture
def root(tmp_path, monkeypatch):
    """The folder that the operator allows, with a data set in it."""
    root = tmp_path / "allowed"
    for name, content in tiny().items():
        path = root / "cats" / "train" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    monkeypatch.setenv(server_folder.VARIABLE, str(root))
    return root


def test_nothing_is_open_at_first_and_the_page_says_what_it_takes(page) -> None:
    assert opened(page) is None
    assert "Drop its files" in page.markdown[0].value
    assert any("COCO" in it.value for it in page.markdown)


def test_a_zip_is_opened_as_what_it_is(page) -> None:
    upload(page, {"cats.zip": zipped(tiny())})
    assert (opened(page).name, opened(page).format) == ("cats.zip", "coco")
    assert by_base(held(page)) == TINY


def test_files_one_by_one_are_the_same_set_as_their_zip(page) -> None:
    upload(page, {name.rpartition("/")[2]: it for name, it in tiny().items()})
    assert held(page) == TINY


def test_a_folder_keeps_its_folders(page) -> None:
    files = {
        "set/train/a.png": png(),
        "set/val/a.png": png(color=(1, 2, 3)),
        "set/instances.json": document(
            {"train/a.png": [("cat", SQUARE)], "val/a.png": [("cat", BAR)]}
        ),
    }
    upload(page, files, into="folder")
    found = held(page)
    assert opened(page).name == "set"
    assert [it for name, it in found.items() if "train" in name] == [[("cat", SQUARE.tolist())]]
    assert [it for name, it in found.items() if "val" in name] == [[("cat", BAR.tolist())]]


def test_a_zip_beside_other_files_is_unpacked(page) -> None:
    images = zipped({"a.png": png(), "b.png": png()})
    upload(page, {"images.zip": images, "instances.json": tiny()["instances.json"]})
    assert by_base(held(page)) == TINY
    assert all(it.picture is not None for it in opened(page).dataset.samples)


def test_files_that_come_later_join_those_that_are_there(page) -> None:
    upload(page, {"images.zip": zipped({"a.png": png(), "b.png": png()})})
    assert opened(page).format == "images"
    assert list(held(page)) == ["a.png", "b.png"]
    upload(page, {"instances.json": tiny()["instances.json"]})
    assert opened(page).format == "coco"
    assert held(page) == TINY


def test_a_file_of_the_same_name_takes_the_place_of_the_former(page) -> None:
    files = {name.rpartition("/")[2]: it for name, it in tiny().items()}
    upload(page, files)
    upload(page, {"instances.json": document({"a.png": [("bird", BAR)], "b.png": []})})
    assert held(page) == {"a.png": [("bird", BAR.tolist())], "b.png": []}


def test_what_is_no_data_set_gets_one_sentence(page) -> None:
    upload(page, {"notes.txt": b"nothing"})
    assert opened(page) is None
    assert len(sentences(page)) == 1
    upload(page, {"cats.zip": zipped(tiny())})
    assert sentences(page) == []
    assert by_base(held(page)) == TINY


def encrypted():
    """A zip whose members claim to be encrypted."""
    content = bytearray(zipped(tiny()))
    for mark, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = content.find(mark)
        while at >= 0:
            content[at + place] |= 1
            at = content.find(mark, at + 4)
    return bytes(content)


def crowded():
    """A zip that says it holds more files than are read."""
    content = bytearray(zipped(tiny()))
    end = content.rfind(b"PK\x05\x06")
    content[end + 8 : end + 12] = struct.pack("<HH", 60_000, 60_000)
    return bytes(content)


@pytest.mark.parametrize(
    "files",
    [
        {"broken.zip": b"PK\x03\x04 and no more"},
        {"empty.zip": zipped({})},
        {"crowded.zip": crowded()},
        {".hidden": b"x"},
        {"empty.json": b""},
        {"deep.json": b"[" * 100_000},
        {"numbers.json": b"[1, 2, 3]"},
        {"text.csv": b"a,b\n1,2\n"},
        {"a.png": png(), "broken.zip": b"PK"},
        {"": b"x"},
    ],
    ids=lambda it: "+".join(it) or "no name",
)
def test_hostile_uploads_get_one_sentence(page, files) -> None:
    upload(page, files)
    assert opened(page) is None
    assert len(sentences(page)) == 1
    assert sentences(page)[0].rstrip().endswith(".")


def test_an_encrypted_zip_opens_nothing_that_could_not_be_read(page) -> None:
    upload(page, {"secret.zip": encrypted()})
    assert opened(page) is None or all(not it.instances for it in opened(page).dataset.samples)


def test_too_much_is_refused_before_it_is_stored(page, monkeypatch) -> None:
    monkeypatch.setattr(dataset_uploads, "MAX_BYTES", 300)
    upload(page, tiny())
    assert opened(page) is None
    (said,) = sentences(page)
    assert "MB here" in said


def test_names_that_climb_out_stay_inside() -> None:
    folder = UploadFolder()
    names = ["../../up.png", "/abs.png", "C:\\win.png", "a/../b.png", "..", "c\\d.png"]
    folder.add((it, b"content") for it in names)
    found = {it.relative_to(folder.folder).as_posix() for it in folder.folder.rglob("*.png")}
    assert found == {"up.png", "abs.png", "C_/win.png", "a/b.png", "c/d.png"}
    assert not (folder.folder.parent / "up.png").exists()


def test_a_zip_with_paths_that_climb_out_is_unpacked_without_them() -> None:
    folder = UploadFolder()
    content = zipped({"../up.png": b"1", "/abs.png": b"2", "good.png": b"3"})
    folder.add([("more.zip", content), ("b.png", b"4")])
    found = {it.relative_to(folder.folder).as_posix() for it in folder.folder.rglob("*.*")}
    assert found == {"more/good.png", "b.png"}
    assert folder.notes == ["Paths that lead out of it in the zip archive are left out: 2."]


def test_a_zip_that_comes_again_takes_the_place_of_the_one_before() -> None:
    folder = UploadFolder()
    folder.add([("set.zip", zipped({"a.png": b"1", "b.png": b"2"}))])
    folder.add([("set.zip", zipped({"c.png": b"3"}))])
    found = {it.relative_to(folder.folder).as_posix() for it in folder.folder.rglob("*.*")}
    assert found == {"c.png"}


def test_a_zip_beside_loose_files_is_unpacked() -> None:
    folder = UploadFolder()
    folder.add([("a.png", b"1")])
    folder.add([("more.zip", zipped({"b.png": b"2"}))])
    found = {it.relative_to(folder.folder).as_posix() for it in folder.folder.rglob("*.*")}
    assert found == {"a.png", "more/b.png"}


def test_names_that_differ_only_by_case_are_both_kept() -> None:
    folder = UploadFolder()
    folder.add([("a.png", b"1"), ("A.png", b"2"), ("a.png", b"3")])
    assert sorted(it.read_bytes() for it in folder.folder.iterdir()) == [b"1", b"2", b"3"]


def test_a_damaged_file_in_a_zip_is_named_and_the_rest_is_stored() -> None:
    content = zipped({"good.txt": b"good", "bad.txt": b"damaged?"}, zipfile.ZIP_STORED).replace(
        b"damaged?", b"damaged!"
    )
    folder = UploadFolder()
    folder.add([("more.zip", content), ("b.txt", b"b")])
    assert (folder.folder / "more" / "good.txt").read_bytes() == b"good"
    assert not (folder.folder / "more" / "bad.txt").exists()
    assert len(folder.notes) == 1
    assert "bad.txt" in folder.notes[0]


def test_the_digest_follows_names_and_contents() -> None:
    folders = [UploadFolder() for _ in range(4)]
    for folder, files in zip(
        folders,
        [
            [("a", b"1"), ("b", b"2")],
            [("b", b"2"), ("a", b"1")],
            [("a", b"1"), ("b", b"3")],
            [("a", b"1"), ("c", b"2")],
        ],
        strict=True,
    ):
        folder.add(files)
    first, same, other, renamed = (it.digest for it in folders)
    assert first == same
    assert len({first, other, renamed}) == 3


def test_the_files_go_with_the_last_reference() -> None:
    folder = UploadFolder()
    folder.add([("a.png", b"1")])
    where = folder.folder
    assert where.is_dir()
    del folder
    gc.collect()
    assert not where.exists()
    assert not where.parent.exists()


def test_closing_removes_the_files(page) -> None:
    upload(page, tiny())
    where = opened(page).path
    assert where.exists()
    page.button(key="close data set").click()
    clean(page.run())
    gc.collect()
    assert opened(page) is None
    assert not where.exists()


def test_the_set_stays_open_on_other_pages(start) -> None:
    app = start()
    go(app, PAGE)
    upload(app, tiny())
    go(app, page_path("open"))
    go(app, PAGE)
    assert by_base(held(app)) == TINY


def test_the_format_can_be_changed_and_back(page) -> None:
    upload(page, tiny())
    digest = opened(page).digest
    choice = page.selectbox(key="data set format")
    assert choice.options[0].endswith("(detected)")
    choice.set_value("images")
    clean(page.run())
    assert opened(page).format == "images"
    assert opened(page).digest != digest
    assert set(by_base(held(page))) == {"a.png", "b.png"}
    assert not any(held(page).values())
    page.selectbox(key="data set format").set_value("coco")
    clean(page.run())
    assert opened(page).digest == digest
    assert by_base(held(page)) == TINY


def test_a_format_that_the_files_are_not_of_is_refused_and_nothing_changes(page) -> None:
    upload(page, tiny())
    page.selectbox(key="data set format").set_value("cvat")
    clean(page.run())
    assert len(sentences(page)) == 1
    assert opened(page).format == page.selectbox(key="data set format").value == "coco"
    assert by_base(held(page)) == TINY


def test_the_sample_set_opens_and_has_the_faults_it_speaks_of(page) -> None:
    page.button(key="open sample set").click()
    clean(page.run())
    found = held(page)
    assert len(found) == 12
    assert sum(not it for it in found.values()) == 1
    assert {label for it in found.values() for label, _ in it} >= {"circle", "square", "triangle"}
    assert len({label for it in found.values() for label, _ in it}) == 4
    assert sum(len(it) - len({str(one) for one in it}) for it in found.values()) == 1
    assert "three faults" in example.CAPTION


def test_without_an_allowed_folder_none_is_offered(page, monkeypatch) -> None:
    monkeypatch.delenv(server_folder.VARIABLE, raising=False)
    clean(page.run())
    assert not [it for it in page.segmented_control if it.key == "data set place"]


def test_a_folder_on_the_server_is_found_level_by_level(start, root) -> None:
    app = start(PAGE)
    app.segmented_control(key="data set place").set_value("Folder on the server")
    clean(app.run())
    app.selectbox(key="server folder .").set_value("cats")
    clean(app.run())
    app.selectbox(key="server folder cats").set_value("train")
    clean(app.run())
    app.button(key="open server folder").click()
    clean(app.run())
    assert opened(app).path == root.resolve() / "cats" / "train"
    assert opened(app).limit == root.resolve()
    assert by_base(held(app)) == TINY


def test_a_zip_on_the_server_can_be_chosen(start, root) -> None:
    (root / "cats.zip").write_bytes(zipped(tiny()))
    app = start(PAGE)
    app.segmented_control(key="data set place").set_value("Folder on the server")
    clean(app.run())
    app.selectbox(key="server folder .").set_value("cats.zip")
    clean(app.run())
    app.button(key="open server folder").click()
    clean(app.run())
    assert by_base(held(app)) == TINY


def test_links_that_lead_out_are_neither_listed_nor_opened(start, root, tmp_path) -> None:
    outside = tmp_path / "secret"
    outside.mkdir()
    (outside / "a.png").write_bytes(png())
    (outside / "more.zip").write_bytes(zipped(tiny()))
    (root / "way out").symlink_to(outside)
    (root / "out.zip").symlink_to(outside / "more.zip")
    (root / "inside").symlink_to(root / "cats")
    app = start(PAGE)
    app.segmented_control(key="data set place").set_value("Folder on the server")
    clean(app.run())
    assert app.selectbox(key="server folder .").options[1:] == ["cats", "inside"]
    for name in ("way out", "out.zip", "..", "../secret"):
        with pytest.raises(DatasetError, match="outside"):
            server_folder.within(root.resolve(), root / name)


def test_a_folder_that_becomes_a_link_out_is_refused(start, root, tmp_path) -> None:
    app = start(PAGE)
    app.segmented_control(key="data set place").set_value("Folder on the server")
    clean(app.run())
    app.selectbox(key="server folder .").set_value("cats")
    clean(app.run())
    outside = tmp_path / "secret"
    (root / "cats").rename(outside)
    (root / "cats").symlink_to(outside)
    app.button(key="open server folder").click()
    clean(app.run())
    assert opened(app) is None
    assert "outside" in sentences(app)[0]


def test_a_linked_image_outside_of_the_allowed_folder_is_not_shown(start, root, tmp_path) -> None:
    secret = tmp_path / "secret.png"
    secret.write_bytes(png(color=(255, 0, 0)))
    (root / "cats" / "train" / "images" / "a.png").unlink()
    (root / "cats" / "train" / "images" / "a.png").symlink_to(secret)
    app = start(PAGE)
    app.segmented_control(key="data set place").set_value("Folder on the server")
    clean(app.run())
    app.selectbox(key="server folder .").set_value("cats")
    clean(app.run())
    app.button(key="open server folder").click()
    clean(app.run())
    sample = next(it for name, it in opened(app).samples.items() if name.endswith("a.png"))
    assert sample.picture is None
    assert len(sample.instances) == 2


def test_an_allowed_folder_that_is_not_there_is_said_in_one_sentence(start, monkeypatch) -> None:
    monkeypatch.setenv(server_folder.VARIABLE, os.fspath(Path("/") / "nowhere" / "at all"))
    assert len(sentences(start(PAGE))) == 1


def test_the_digest_of_a_folder_on_the_server_follows_its_files(root) -> None:
    root = root.resolve()
    before = server_folder.digest(root / "cats", root)
    assert server_folder.digest(root / "cats", root) == before
    (root / "cats" / "train" / "more.png").write_bytes(png())
    assert server_folder.digest(root / "cats", root) != before


def test_corrections_reach_the_worker_and_change_the_identity(page) -> None:
    upload(page, {name.rpartition("/")[2]: it for name, it in tiny().items()})
    before = opened(page)
    after = replace(before, corrections={"b.png": (Instance(rle.encode(SQUARE), "dog"),)})
    assert after.id != before.id
    assert after.digest == before.digest
    files = pickle.loads(pickle.dumps(after.files))
    samples = {it.name: it.instances for it in files.read().samples}
    assert [it.label for it in samples["b.png"]] == ["dog"]
    assert rle.decode(samples["b.png"][0].mask).tolist() == SQUARE.tolist()
    assert [it.label for it in samples["a.png"]] == ["cat", "dog"]
    assert [it.label for it in before.files.read().samples[1].instances] == ["cat"]
