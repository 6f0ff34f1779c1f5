from __future__ import annotations

import io
import itertools
import ntpath
import os
import stat
import unicodedata
import zipfile
from pathlib import Path, PurePosixPath, PureWindowsPath

import cv2
import numpy as np
import pytest
from hypothesis import example, given, strategies as st

from maskcore.files import archive

# Mostly the characters that make names dangerous, so that few examples are ordinary words.
NASTY = st.text(
    st.one_of(
        st.sampled_from('abC.. /\\:*?"<>|\t\n\r\x00\u200b\u202e\ufeff\u2028 ¹²éÅ한e\u0301\ud800'),
        st.characters(),
    ),
    max_size=200,
)


def is_reserved_on_windows(name: str) -> bool:
    if hasattr(ntpath, "isreserved"):
        return ntpath.isreserved(name)
    return PureWindowsPath(name).is_reserved()


def members_of(payload: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(payload)) as opened:
        assert opened.testzip() is None
        return {entry.filename: opened.read(entry) for entry in opened.infolist()}


@pytest.mark.parametrize(
    ("given_name", "safe"),
    [
        ("cat.png", "cat.png"),
        ("Straße 7 (copy).JPG", "Straße 7 (copy).JPG"),
        ("../../etc/passwd.png", "passwd.png"),
        (r"a\b\..\c.png", "c.png"),
        (r"C:\Users\me\x.png", "x.png"),
        ("C:x.png", "C_x.png"),
        ("masks/", "masks"),
        ("e\u0301.png", "é.png"),
        ("safe\u202egnp.exe", "safegnp.exe"),
        ("a\u200bb\ufeff\nc\x00.png", "abc.png"),
        ('a<b>c:"d|e?f*.png', "a_b_c__d_e_f_.png"),
        ("  .hidden. ", "hidden"),
        ("con", "_con"),
        ("Con.png", "_Con.png"),
        ("NUL .tar.gz", "_NUL .tar.gz"),
        ("lpt¹.txt", "_lpt¹.txt"),
        ("com10.txt", "com10.txt"),
        ("console.png", "console.png"),
        ("..", "file"),
        ("", "file"),
        ("\u200b", "file"),
        ("\ud800.png", "png"),
        ("=cmd()|x.png", "=cmd()_x.png"),
    ],
)
def test_a_safe_name_keeps_what_every_system_can_store(given_name: str, safe: str) -> None:
    assert archive.safe_name(given_name) == safe


def test_a_long_name_is_cut_before_its_extension_and_between_characters() -> None:
    assert archive.safe_name("ж" * 200 + ".png") == "ж" * 58 + ".png"  # 58 * 2 + 4 = 120 bytes
    assert archive.safe_name("a" * 200) == "a" * 120
    assert archive.safe_name("a." + "b" * 200) == "a." + "b" * 118  # too long for an extension


def test_a_cut_leaves_no_device_name_behind() -> None:
    assert archive.safe_name("con" + " " * 200 + "x.png") == "_con.png"


def test_the_fallback_is_made_safe_too() -> None:
    assert archive.safe_name("...", fallback="a/mask.png") == "mask.png"
    assert archive.safe_name("...", fallback="..") == "file"


def test_a_name_must_be_text() -> None:
    with pytest.raises(TypeError, match="got bytes"):
        archive.safe_name(b"cat.png")  # type: ignore[arg-type]


@given(NASTY)
@example("con.con." + "x" * 300)
@example("nul" + " ." * 100 + "png")
def test_a_safe_name_stays_in_its_folder_whatever_the_text(text: str) -> None:
    name = archive.safe_name(text)
    assert 1 <= len(name.encode()) <= 120
    assert not set(name) & set('<>:"/\\|?*')
    assert not {unicodedata.category(mark) for mark in name} & {"Cc", "Cf", "Cs", "Zl", "Zp"}
    assert unicodedata.is_normalized("NFC", name)
    assert not is_reserved_on_windows(name)
    assert name == name.strip(" .")
    assert os.path.normpath(PurePosixPath("/safe", name)) == f"/safe/{name}"
    assert ntpath.normpath(PureWindowsPath("C:\\safe", name)) == f"C:\\safe\\{name}"


@given(NASTY)
def test_a_safe_name_is_safe_already(text: str) -> None:
    name = archive.safe_name(text)
    assert archive.safe_name(name) == name


@pytest.mark.parametrize(
    ("names", "unique"),
    [
        ([], []),
        (["a.png", "b.png"], ["a.png", "b.png"]),
        (["a.png", "a.png", "a.png"], ["a.png", "a_2.png", "a_3.png"]),
        (["a.png", "A.PNG"], ["a.png", "A_2.PNG"]),
        (["é.png", "e\u0301.png"], ["é.png", "e\u0301_2.png"]),
        (["a.png", "a_2.png", "a.png"], ["a.png", "a_2.png", "a_3.png"]),
        (["a", "a"], ["a", "a_2"]),
        (["x/a.png", "y/a.png", "X/a.png"], ["x/a.png", "y/a.png", "X/a_2.png"]),
        (["a", "a/b", "a/c", "a"], ["a", "a_2/b", "a_2/c", "a_3"]),
        (["a/b", "a"], ["a/b", "a_2"]),
    ],
)
def test_equal_names_are_numbered(names: list[str], unique: list[str]) -> None:
    assert archive.unique_names(names) == unique


@given(st.lists(st.sampled_from(["a.png", "A.png", "a_2.png", "A_2.PNG", "a_2_2.png", "b/a", "b"])))
def test_unique_names_differ_even_where_case_does_not_matter(names: list[str]) -> None:
    unique = archive.unique_names(names)
    assert len({name.lower() for name in unique}) == len(names)
    folders = {name.rpartition("/")[0].lower() for name in unique} - {""}
    assert not folders & {name.lower() for name in unique}


def test_a_number_does_not_make_a_name_too_long() -> None:
    long = archive.safe_name("a" * 200 + ".png")
    assert archive.unique_names([long, long]) == [long, "a" * 114 + "_2.png"]


def test_ten_thousand_equal_names_are_quick() -> None:
    assert archive.unique_names(["a.png"] * 10_000)[-1] == "a_10000.png"


def test_a_zip_holds_what_it_was_given() -> None:
    members = [("masks/a.png", b"\x89PNG"), ("notes.csv", b"id\r\n"), ("empty", b"")]
    assert members_of(archive.zip_bytes(members)) == dict(members)


def test_a_zip_without_members_is_a_zip() -> None:
    assert members_of(archive.zip_bytes([])) == {}


def test_equal_members_give_equal_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    members = [("a.png", b"1"), ("b/c.txt", b"2" * 1000)]
    first = archive.zip_bytes(members)
    monkeypatch.setattr("time.time", lambda: 2e9)
    monkeypatch.setattr("sys.platform", "win32")
    assert archive.zip_bytes(iter(members)) == first


def test_pictures_are_stored_and_text_is_deflated() -> None:
    content = b"0" * 10_000
    names = ["a.png", "b.JPG", "c.jpeg", "d.zip", "e.csv", "f.json", "g"]
    with zipfile.ZipFile(io.BytesIO(archive.zip_bytes((n, content) for n in names))) as opened:
        stored = [e.filename for e in opened.infolist() if e.compress_type == zipfile.ZIP_STORED]
        assert stored == names[:4]
        assert all(e.compress_size < 100 for e in opened.infolist()[4:])


def test_member_names_cannot_leave_the_folder_they_are_unpacked_to() -> None:
    names = ["../../x.txt", "/etc/passwd", r"C:\win\y.txt", "a/./b//c.txt", "..", "con/nul.txt"]
    written = members_of(archive.zip_bytes((name, name.encode()) for name in names))
    assert list(written) == [
        "x.txt",
        "etc/passwd",
        "C_/win/y.txt",
        "a/b/c.txt",
        "file",
        "_con/_nul.txt",
    ]


def test_members_of_one_name_are_all_kept() -> None:
    written = members_of(archive.zip_bytes([("a.txt", b"1"), ("A.txt", b"2"), ("./a.txt", b"3")]))
    assert written == {"a.txt": b"1", "A_2.txt": b"2", "a_3.txt": b"3"}


def test_names_in_any_script_survive() -> None:
    assert members_of(archive.zip_bytes([("маска/面.txt", b"")])) == {"маска/面.txt": b""}


def test_members_are_written_as_they_come() -> None:
    stream = io.BytesIO()
    sizes = []

    def members():
        for i in range(3):
            sizes.append(stream.tell())
            yield f"{i}.png", os.urandom(5000)

    archive.write_zip(stream, members())
    assert all(after - before >= 5000 for before, after in itertools.pairwise(sizes))


def test_a_stream_need_not_be_seekable() -> None:
    class Pipe(io.RawIOBase):
        def __init__(self) -> None:
            self.received = bytearray()

        def writable(self) -> bool:
            return True

        def write(self, chunk) -> int:
            self.received += bytes(chunk)
            return len(chunk)

    pipe = Pipe()
    archive.write_zip(pipe, [("a.txt", b"content")])
    assert members_of(bytes(pipe.received)) == {"a.txt": b"content"}


def test_a_stream_that_was_given_stays_open() -> None:
    stream = io.BytesIO(b"")
    archive.write_zip(stream, [("a.txt", b"1")])
    assert not stream.closed


def test_a_zip_file_is_readable_and_stands_alone(tmp_path: Path) -> None:
    target = tmp_path / "out.zip"
    archive.write_zip(target, [("a.txt", b"1")])
    assert members_of(target.read_bytes()) == {"a.txt": b"1"}
    assert list(tmp_path.iterdir()) == [target]


def test_a_failing_member_leaves_the_former_file_and_nothing_else(tmp_path: Path) -> None:
    target = tmp_path / "out.zip"
    target.write_bytes(b"former")

    def members():
        yield "a.txt", b"1"
        raise RuntimeError("the camera fell off")

    with pytest.raises(RuntimeError, match="camera"):
        archive.write_zip(target, members())
    assert target.read_bytes() == b"former"
    assert list(tmp_path.iterdir()) == [target]


@pytest.mark.parametrize(
    "member", [("a.txt", "text"), (b"a.txt", b"1"), ("a.png", np.zeros(3, np.uint8))]
)
def test_a_member_is_a_name_and_bytes(member) -> None:
    with pytest.raises(TypeError, match="member"):
        archive.zip_bytes([member])


def test_a_target_is_a_path_or_a_stream() -> None:
    with pytest.raises(TypeError, match="target must be a path or a binary stream, got int"):
        archive.write_zip(5, [])  # type: ignore[arg-type]


def test_a_file_is_written_whole(tmp_path: Path) -> None:
    path = tmp_path / "mask.png"
    archive.write_file(path, b"new")
    archive.write_file(path, b"newer")
    assert path.read_bytes() == b"newer"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("step", ["os.fsync", "pathlib.Path.replace"])
def test_a_full_disk_leaves_the_former_file_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    path = tmp_path / "mask.png"
    path.write_bytes(b"former")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(step, full)
    with pytest.raises(OSError, match="No space"):
        archive.write_file(path, b"new")
    assert path.read_bytes() == b"former"
    assert list(tmp_path.iterdir()) == [path]


def test_a_missing_folder_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        archive.write_file(tmp_path / "absent" / "mask.png", b"new")


@pytest.mark.skipif(os.name == "nt", reason="Windows has no permission bits")
def test_a_file_is_as_readable_as_any_other_new_file(tmp_path: Path) -> None:
    (tmp_path / "usual").write_bytes(b"")
    archive.write_file(tmp_path / "ours", b"")
    usual, ours = (stat.S_IMODE((tmp_path / name).stat().st_mode) for name in ("usual", "ours"))
    assert ours == usual


def test_a_stored_picture_opens_from_the_archive() -> None:
    picture = np.arange(12, dtype=np.uint8).reshape(3, 4)
    encoded = cv2.imencode(".png", picture)[1].tobytes()
    read = members_of(archive.zip_bytes([("a.png", encoded)]))["a.png"]
    unpacked = cv2.imdecode(np.frombuffer(read, np.uint8), cv2.IMREAD_UNCHANGED)
    assert np.array_equal(unpacked, picture)


def test_nothing_lands_outside_the_folder(tmp_path: Path) -> None:
    names = ["../a.png", "/b.png", "..\\c.png", "x/../../d.png"]
    archive.write_folder(tmp_path / "cut", [(name, b"") for name in names])
    assert [path.name for path in tmp_path.iterdir()] == ["cut"]
    assert sum(path.is_file() for path in (tmp_path / "cut").rglob("*")) == 4


def test_a_stream_that_breaks_off_leaves_only_whole_files(tmp_path: Path) -> None:
    def members():
        yield "a.png", b"whole"
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        archive.write_folder(tmp_path, members())
    assert [path.name for path in tmp_path.iterdir()] == ["a.png"]
