from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from maskcore.errors import DatasetError
from maskcore.files import folders
from maskcore.files.folders import FolderFiles


def put(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(name)


def link(place: Path, target: Path | str) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    place.symlink_to(target)


def test_files_are_listed_in_the_order_of_names(tmp_path: Path) -> None:
    put(tmp_path, "b.png", "a/z.png", "a/b/c.txt", "a.png", "c/.hidden", ".git/x", "Thumbs.db")
    (tmp_path / "empty").mkdir()
    files = FolderFiles(tmp_path)
    assert files.names == ("a/b/c.txt", "a/z.png", "a.png", "b.png")
    assert files.notes == ()
    assert files.read("a/z.png") == b"a/z.png"
    assert files.n_bytes("a/z.png") == 7
    with files.open("a.png") as file:
        assert file.read(3) == b"a.p"


def test_a_single_file_is_the_only_one(tmp_path: Path) -> None:
    put(tmp_path, "a.json", "b.json")
    files = FolderFiles(tmp_path / "a.json")
    assert files.names == ("a.json",)
    assert files.read("a.json") == b"a.json"
    with pytest.raises(KeyError):
        files.read("b.json")


@pytest.mark.parametrize("name", ["nothing", "a.png/below", "\0", "x" * 300])
def test_what_is_not_there_is_one_sentence(tmp_path: Path, name: str) -> None:
    put(tmp_path, "a.png")
    with pytest.raises(DatasetError, match=r"^(There is no|The) f.*\.$"):
        FolderFiles(tmp_path / name)


def test_names_that_are_not_listed_are_not_read(tmp_path: Path) -> None:
    put(tmp_path, "in/a.png", "secret.txt")
    files = FolderFiles(tmp_path / "in", any_link=True)
    for name in ("../secret.txt", str(tmp_path / "secret.txt"), ".hidden"):
        with pytest.raises(KeyError):
            files.read(name)
        with pytest.raises(KeyError):
            files.n_bytes(name)


def test_links_are_followed_within_the_folder_only(tmp_path: Path) -> None:
    put(tmp_path, "in/real/a.png", "out/secret.png", "in-between/b.png")
    folder = tmp_path / "in"
    link(folder / "to_file.png", "real/a.png")
    link(folder / "to_folder", "real")
    link(folder / "to_secret.png", tmp_path / "out/secret.png")
    link(folder / "to_out", "../out")
    link(folder / "to_between", "../in-between")  # begins with the same letters
    files = FolderFiles(folder)
    assert files.names == ("real/a.png", "to_file.png", "to_folder/a.png")
    assert files.read("to_folder/a.png") == b"in/real/a.png"
    assert files.notes == ("Links that lead out of the folder are left out: 3.",)
    wider = FolderFiles(folder, limit=tmp_path)
    assert wider.names == (
        *("real/a.png", "to_between/b.png", "to_file.png", "to_folder/a.png"),
        *("to_out/secret.png", "to_secret.png"),
    )
    assert FolderFiles(folder, any_link=True).names == wider.names


def test_the_folder_itself_must_lie_within_the_limit(tmp_path: Path) -> None:
    put(tmp_path, "in/a.png", "out/b.png")
    link(tmp_path / "in/door", "../out")
    for root in (tmp_path / "out", tmp_path / "in/door", tmp_path / "in/../out", tmp_path):
        with pytest.raises(DatasetError, match="not in the folder that may be read"):
            FolderFiles(root, limit=tmp_path / "in")
    with pytest.raises(DatasetError, match="not in the folder"):
        FolderFiles(tmp_path / "out/b.png", limit=tmp_path / "in")
    assert FolderFiles(tmp_path / "in/../in", limit=tmp_path / "in").names == ("a.png",)


def test_a_file_that_becomes_a_link_out_is_not_read(tmp_path: Path) -> None:
    put(tmp_path, "in/a.png", "in/b/c.png", "secret.png", "out/c.png")
    files = FolderFiles(tmp_path / "in")
    (tmp_path / "in/a.png").unlink()
    link(tmp_path / "in/a.png", tmp_path / "secret.png")
    (tmp_path / "in/b").rename(tmp_path / "in/old")
    link(tmp_path / "in/b", tmp_path / "out")
    for name in ("a.png", "b/c.png"):
        with pytest.raises(DatasetError, match="link that leads out"):
            files.read(name)


def test_links_in_circles_end(tmp_path: Path) -> None:
    put(tmp_path, "a/x.png", "b/y.png")
    link(tmp_path / "a/up", "..")
    link(tmp_path / "a/to_b", "../b")
    link(tmp_path / "b/to_a", "../a")
    link(tmp_path / "self", "self")
    link(tmp_path / "ping", "pong")
    link(tmp_path / "pong", "ping")
    link(tmp_path / "broken", "nothing")
    files = FolderFiles(tmp_path)
    assert files.names == ("a/to_b/y.png", "a/x.png", "b/to_a/x.png", "b/y.png")
    assert set(files.notes) == {
        "Links that lead back to a folder they are in are left out: 4.",
        "Links that lead nowhere are left out: 4.",
    }


def test_links_that_multiply_folders_are_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for i in range(30):  # two to the thirtieth ways through them
        link(tmp_path / f"{i}/left", f"../{i + 1}")
        link(tmp_path / f"{i}/right", f"../{i + 1}")
    (tmp_path / "30").mkdir()
    monkeypatch.setattr(folders, "MAX_FOLDERS", 1000)
    with pytest.raises(DatasetError, match="more than 1,000 folders"):
        FolderFiles(tmp_path)


def test_very_deep_folders_are_left_out(tmp_path: Path) -> None:
    deep = tmp_path
    for _ in range(300):
        deep /= "d"
        deep.mkdir()
    put(tmp_path, "d/a.png")
    files = FolderFiles(tmp_path)
    assert files.names == ("d/a.png",)
    assert files.notes == ("Folders more than 100 folders deep are left out: 1.",)


def test_too_many_files_are_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(tmp_path, "a", "b", "c/d")
    monkeypatch.setattr(folders, "MAX_FILES", 2)
    with pytest.raises(DatasetError, match="more than 2 files"):
        FolderFiles(tmp_path)
    monkeypatch.setattr(folders, "MAX_FILES", 3)
    assert len(FolderFiles(tmp_path).names) == 3


def test_a_file_may_be_too_large_gone_or_a_folder_by_now(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(tmp_path, "large", "gone", "folder")
    files = FolderFiles(tmp_path)
    for name in ("gone", "folder"):
        (tmp_path / name).unlink()
    (tmp_path / "folder").mkdir()
    assert files.n_bytes("gone") == 0
    for name in ("gone", "folder"):
        with pytest.raises(DatasetError, match=rf"^{name} cannot be read: .+\.$"):
            files.read(name)
    monkeypatch.setattr(folders, "MAX_FILE_BYTES", 4)
    with pytest.raises(DatasetError, match="large is larger than"):
        files.read("large")


def test_folders_that_cannot_be_read_are_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(tmp_path, "a/b.png", "locked/c.png")
    scan = os.scandir

    def refuse(path: str) -> object:
        if str(path).endswith("locked"):
            raise PermissionError(13, "Permission denied")
        return scan(path)

    monkeypatch.setattr(folders.os, "scandir", refuse)
    files = FolderFiles(tmp_path)
    assert files.names == ("a/b.png",)
    assert files.notes == ("Folders that cannot be read are left out: 1.",)
    with pytest.raises(DatasetError, match="The folder locked cannot be read"):
        FolderFiles(tmp_path / "locked")


def test_names_in_any_script_are_read_and_broken_ones_are_not(tmp_path: Path) -> None:
    names = ("写真.png", "картина/é.png", "e\u0301.png", "a\nb.png", "back\\slash.png")
    put(tmp_path, *names)
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff.png")).write_bytes(b"")
    files = FolderFiles(tmp_path)
    assert set(files.names) == set(names)
    assert all(files.read(name).decode() == name for name in names)
    assert files.notes == ("Files whose names are in an unknown encoding are left out: 1.",)


def test_a_name_with_a_line_break_is_one_sentence(tmp_path: Path) -> None:
    put(tmp_path, "a\nb.png")
    files = FolderFiles(tmp_path)
    (tmp_path / "a\nb.png").unlink()
    with pytest.raises(DatasetError, match=r"^ab\.png cannot be read"):
        files.read("a\nb.png")


def test_only_plain_files_are_listed(tmp_path: Path) -> None:
    put(tmp_path, "a.png")
    os.mkfifo(tmp_path / "pipe.png")
    assert FolderFiles(tmp_path).names == ("a.png",)


def test_twenty_thousand_files_are_listed_and_read_by_two_threads(tmp_path: Path) -> None:
    (tmp_path / "many").mkdir()
    for i in range(20_000):
        (tmp_path / "many" / f"{i:05}.png").touch()
    files = FolderFiles(tmp_path)
    assert files.names == tuple(f"many/{i:05}.png" for i in range(20_000))
    contents: list[bytes] = []
    threads = [
        threading.Thread(target=lambda: contents.extend(map(files.read, files.names[::100])))
        for _ in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert contents == [b""] * 400
