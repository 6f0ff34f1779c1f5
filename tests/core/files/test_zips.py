"""Archives are built with zipfile, or byte by byte where it would refuse."""

from __future__ import annotations

import io
import stat
import struct
import threading
import zipfile
import zlib
from pathlib import Path

import pytest

from maskcore.errors import DatasetError
from maskcore.files import zips
from maskcore.files.zips import ZipFiles
from tests.zips import zipped


def raw_zip(*entries: tuple[bytes, bytes, dict[str, int]]) -> bytes:
    """Stored members; ``at``, ``size``, ``flags`` and ``method`` may lie."""
    body, directory = b"", b""
    for name, content, lies in entries:
        fields = (20, lies.get("flags", 0), lies.get("method", 0), 0, 0, zlib.crc32(content))
        sizes = (len(content), lies.get("size", len(content)))
        local = struct.pack("<4s5H3L2H", b"PK\3\4", *fields, *sizes, len(name), 0) + name
        at = lies.get("at", len(body))
        directory += struct.pack(
            "<4s6H3L5H2L", b"PK\1\2", 20, *fields, *sizes, len(name), 0, 0, 0, 0, 0, at
        )
        directory += name
        body += local + content
    end = struct.pack(
        "<4s4H2LH", b"PK\5\6", 0, 0, len(entries), len(entries), len(directory), len(body), 0
    )
    return body + directory + end


def test_the_plain_files_of_a_zip_are_read() -> None:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as file:
        file.writestr("a\\b.png", b"1")
        file.writestr("folder/", b"")
        file.writestr("__MACOSX/._b.png", b"2")
        file.writestr("c/.hidden", b"3")
        file.writestr("c/Thumbs.db", b"3")
        link = zipfile.ZipInfo("link.png")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        file.writestr(link, b"/etc/passwd")
        file.writestr("c/d.png", b"4")
        file.writestr("./e//f.png", b"5")
    files = ZipFiles(target.getvalue())
    assert files.names == ("a/b.png", "c/d.png", "e/f.png")
    assert [files.read(name) for name in files.names] == [b"1", b"4", b"5"]
    assert [files.n_bytes(name) for name in files.names] == [1, 1, 1]
    assert files.notes == ("Links in the zip archive are left out: 1.",)


def test_an_archive_on_disk_is_read_where_it_lies(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    path.write_bytes(zipped({"a.txt": b"one", "b.txt": b"two"}))
    files = ZipFiles(path)
    assert [files.read(name) for name in ("b.txt", "a.txt", "b.txt")] == [b"two", b"one", b"two"]
    with pytest.raises(KeyError):
        files.read("../a.zip")


def test_an_empty_archive_has_no_files() -> None:
    assert ZipFiles(zipped({})).names == ()


def test_what_is_no_zip_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_bytes(b"PK\x03\x04 no zip")
    for source in (b"", b"no zip", tmp_path / "a.zip", tmp_path / "missing.zip", tmp_path):
        with pytest.raises(DatasetError, match="damaged or no zip archive"):
            ZipFiles(source)


@pytest.mark.parametrize(
    "name",
    ["../a.png", "a/../../b.png", "/etc/passwd", "C:\\a.png", "c:a.png", "\\\\host\\a", "..\\a"],
)
def test_paths_that_lead_out_are_left_out(name: str) -> None:
    files = ZipFiles(zipped({name: b"1", "good.png": b"2"}))
    assert files.names == ("good.png",)
    assert files.notes == ("Paths that lead out of it in the zip archive are left out: 1.",)


def test_of_equal_names_the_first_is_read() -> None:
    files = ZipFiles(raw_zip((b"a.png", b"1", {}), (b"a.png", b"2", {}), (b"./a.png", b"3", {})))
    assert files.names == ("a.png",)
    assert files.read("a.png") == b"1"
    assert files.notes == ("Files whose name is there already in the zip archive are left out: 2.",)


def test_names_that_look_alike_stay_apart() -> None:
    names = ("A.png", "a.png", "é.png", "e\u0301.png")
    files = ZipFiles(zipped({name: name.encode() for name in names}))
    assert files.names == names
    assert [files.read(name).decode() for name in names] == [*names]


@pytest.mark.parametrize("name", ["写真/картина.png", "صورة.png", "🖼.png", "ñandú.png"])
def test_names_are_in_any_script_whether_or_not_they_say_so(name: str) -> None:
    declared = raw_zip((name.encode(), b"1", {"flags": 0x800}))
    silent = raw_zip((name.encode(), b"1", {}))
    for content in (declared, silent, zipped({name: b"1"})):
        files = ZipFiles(content)
        assert files.names == (name,)
        assert files.read(name) == b"1"


def test_names_of_old_systems_are_those_of_their_code_page() -> None:
    files = ZipFiles(raw_zip((b"\x81ber.png", b"1", {})))  # 0x81 is u umlaut in cp437
    assert files.names == ("über.png",)
    assert files.read("über.png") == b"1"


def test_a_damaged_or_encrypted_member_is_one_sentence() -> None:
    good = zipped({"a.png": bytes(range(256)) * 9}, zipfile.ZIP_STORED)
    place = good.index(bytes(range(40)))
    damaged = ZipFiles(good[: place + 3] + b"\xff" + good[place + 4 :])
    with pytest.raises(DatasetError, match=r"a\.png is damaged"):
        damaged.read("a.png")
    with pytest.raises(DatasetError, match=r"a\.png is damaged"), damaged.open("a.png"):
        pass
    central = good.index(b"PK\x01\x02")
    locked = bytearray(good)
    locked[central + 8] |= 1
    with pytest.raises(DatasetError, match="encrypted"):
        ZipFiles(bytes(locked)).read("a.png")


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA, 9, 99])
def test_other_ways_to_pack_are_refused(method: int) -> None:
    # Their decoders unpack as much as the file says, whatever is asked for.
    files = ZipFiles(raw_zip((b"a.png", b"content", {"method": method}), (b"b", b"1", {})))
    with pytest.raises(DatasetError, match=r"a\.png is packed in a way"):
        files.read("a.png")
    assert files.read("b") == b"1"


def test_a_lie_about_the_size_is_never_believed() -> None:
    content = zipped({"a.png": b"\0" * 50_000, "b.png": b"good"})
    place = content.index(b"PK\x01\x02") + 24
    small, large = (
        ZipFiles(content[:place] + struct.pack("<L", size) + content[place + 4 :])
        for size in (3, 70_000)
    )
    with pytest.raises(DatasetError, match=r"a\.png is damaged"):
        small.read("a.png")
    assert large.read("a.png") == b"\0" * 50_000
    assert small.read("b.png") == large.read("b.png") == b"good"


def test_bombs_are_stopped_by_what_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    content = zipped({f"{i}.png": b"\0" * 3000 for i in range(4)})
    monkeypatch.setattr(zips, "MAX_MEMBER_BYTES", 2999)
    with pytest.raises(DatasetError, match=r"too large when it is unpacked, at 0\.png"):
        ZipFiles(content).read("0.png")
    monkeypatch.setattr(zips, "MAX_MEMBER_BYTES", 5000)
    monkeypatch.setattr(zips, "MAX_BYTES", 8000)
    files = ZipFiles(content)
    for _ in range(3):  # what is read again counts once
        assert len(files.read("0.png")) == len(files.read("1.png")) == 3000
    for attempt in (files.read, lambda name: files.open(name).__enter__()):
        with pytest.raises(DatasetError, match="too large"):
            attempt("2.png")
    monkeypatch.setattr(zips, "MAX_MEMBERS", 3)
    with pytest.raises(DatasetError, match="more than 3 files"):
        ZipFiles(content)


def test_files_that_share_their_content_are_left_out() -> None:
    """A bomb of a few bytes may hold as many files as it likes if they overlap."""
    twice = raw_zip((b"a", b"0" * 99, {}), (b"b", b"1" * 99, {"at": 0}), (b"c", b"2", {}))
    files = ZipFiles(twice)
    assert files.names == ("c",)
    assert files.read("c") == b"2"
    assert files.notes == (
        "Files that share their content with others in the zip archive are left out: 2.",
    )
    inner = raw_zip((b"in.png", b"content", {}))
    quoted = raw_zip((b"a", inner, {}), (b"b", b"1", {"at": 31}), (b"d", b"4", {}))
    assert ZipFiles(quoted).names == ("d",)


def test_a_file_is_read_in_parts_and_from_any_place(monkeypatch: pytest.MonkeyPatch) -> None:
    content = bytes(range(256)) * 100
    files = ZipFiles(zipped({"a.bin": content}))
    for in_memory in (zips._IN_MEMORY, 0):  # noqa: SLF001 - both ways in one small test
        monkeypatch.setattr(zips, "_IN_MEMORY", in_memory)
        with files.open("a.bin") as file:
            assert file.read(10) == content[:10]
            assert file.seek(0, io.SEEK_END) == len(content)
            file.seek(300)
            assert file.read() == content[300:]


def test_two_threads_read_one_archive(tmp_path: Path) -> None:
    members = {f"{i}.bin": bytes([i]) * (5000 + i) for i in range(200)}
    path = tmp_path / "a.zip"
    path.write_bytes(zipped(members))
    for files in (ZipFiles(path), ZipFiles(path.read_bytes())):
        wrong: list[str] = []

        def read_all(files: ZipFiles = files, wrong: list[str] = wrong) -> None:
            for _ in range(3):
                for name, content in members.items():
                    with files.open(name) as file:
                        if file.read() != content or files.read(name) != content:
                            wrong.append(name)

        threads = [threading.Thread(target=read_all) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert wrong == []
