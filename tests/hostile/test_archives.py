"""Whatever an archive or a folder holds, there are files and sentences, and nothing else."""

from __future__ import annotations

import io
import random
import struct
import subprocess
import sys
import zipfile
import zlib
from pathlib import Path

import pytest

from maskcore.errors import DatasetError
from maskcore.files.folders import FolderFiles
from maskcore.files.zips import MAX_MEMBERS, ZipFiles
from tests.zips import zipped


def read_all(content: bytes) -> int:
    """Read all that can be read; a sentence for the rest, and any other error fails the test."""
    n_read = 0
    try:
        files = ZipFiles(content)
    except DatasetError as error:
        assert_is_sentence(error)
        return 0
    for name in files.names:
        try:
            n_read += len(files.read(name))
        except DatasetError as error:
            assert_is_sentence(error)
    return n_read


def assert_is_sentence(error: DatasetError) -> None:
    message = str(error)
    assert message.endswith(".")
    assert len(message.splitlines()) == 1
    assert len(message) < 250


def test_a_hundred_thousand_entries_are_refused_before_they_are_listed() -> None:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as file:
        for i in range(100_000):
            file.writestr(f"{i}", b"")
    content = target.getvalue()
    with pytest.raises(DatasetError, match=f"more than {MAX_MEMBERS:,} files"):
        ZipFiles(content)
    # The count is written in two places; neither is believed.
    place, place_64 = content.rindex(b"PK\5\6"), content.rindex(b"PK\6\6")
    assert struct.unpack_from("<Q", content, place_64 + 32) == (100_000,)
    lying = bytearray(content)
    lying[place_64 + 24 : place_64 + 40] = struct.pack("<2Q", 5, 5)
    lying[place + 8 : place + 12] = struct.pack("<2H", 5, 5)
    with pytest.raises(DatasetError, match=r"more than|damaged"):
        ZipFiles(bytes(lying))


def test_as_many_entries_as_allowed_are_read() -> None:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as file:
        for i in range(MAX_MEMBERS):
            file.writestr(f"{i}", b"")
    assert len(ZipFiles(target.getvalue()).names) == MAX_MEMBERS


def test_a_bomb_of_overlapping_files_is_not_unpacked() -> None:
    """Each member quotes the headers of those behind it, so that all share one kernel.

    Source: D. Fifield, A better zip bomb, WOOT 2019.
    """
    kernel = zlib.compressobj(9, zlib.DEFLATED, -15)
    packed = kernel.compress(bytes(50_000_000)) + kernel.flush()
    names = [f"{i:03}".encode() for i in range(200)]
    headers: list[bytes] = []
    body = packed
    sizes = (len(packed), 50_000_000)
    for name in reversed(names):
        fields = (20, 0, 8, 0, 0, 0)
        quote = (
            struct.pack("<BHH", 0, len(headers[0]), len(headers[0]) ^ 0xFFFF) if headers else b""
        )
        sizes = (sizes[0] + len(quote + (headers[0] if headers else b"")), sizes[1])
        headers.insert(0, struct.pack("<4s5H3L2H", b"PK\3\4", *fields, *sizes, 3, 0) + name + quote)
    body = b"".join(headers) + packed
    directory, at = b"", 0
    for name, header in zip(names, headers, strict=True):
        directory += struct.pack(
            "<4s6H3L5H2L", b"PK\1\2", 20, 20, 0, 8, 0, 0, 0, *sizes, 3, 0, 0, 0, 0, 0, at
        )
        directory += name
        at += len(header)
    end = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 200, 200, len(directory), len(body), 0)
    files = ZipFiles(body + directory + end)
    assert files.names == ()
    assert files.notes == (
        "Files that share their content with others in the zip archive are left out: 200.",
    )


def test_a_bomb_of_its_own_content_is_stopped() -> None:
    script = """
import io, resource, zipfile
from maskcore.files import zips
from maskcore.errors import DatasetError
target = io.BytesIO()
with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as file:
    for i in range(8):
        file.writestr(f"{i}.png", bytes(30_000_000))
zips.MAX_BYTES = 100_000_000
files = zips.ZipFiles(target.getvalue())
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
n_read = 0
for name in files.names:
    try:
        n_read += len(files.read(name))
    except DatasetError:
        break
print(n_read, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""
    done = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parents[2],
    )
    n_read, grown_kb = map(int, done.stdout.split())
    assert n_read == 90_000_000
    assert grown_kb < 150_000


def test_an_archive_in_an_archive_is_only_a_file() -> None:
    inner = zipped({"in.png": b"1"})
    files = ZipFiles(zipped({"inner.zip": inner, "a.png": b"2"}))
    assert files.names == ("inner.zip", "a.png")
    assert files.read("inner.zip") == inner


def test_an_archive_with_a_picture_before_it_is_read() -> None:
    assert ZipFiles(b"\x89PNG\r\n\x1a\n" + zipped({"a.png": b"1"})).read("a.png") == b"1"


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_changed_bytes_give_files_or_sentences(method: int) -> None:
    rng = random.Random(method)
    good = zipped({f"folder/{i}.png": rng.randbytes(50) * 9 for i in range(5)}, method)
    for _ in range(2000):
        content = bytearray(good)
        for _ in range(rng.randint(1, 4)):
            content[rng.randrange(len(content))] = rng.randrange(256)
        assert read_all(bytes(content)) <= 5 * 450 + 2**16


def test_cut_archives_give_sentences() -> None:
    good = zipped({f"{i}.png": b"content" * 9 for i in range(3)})
    for length in range(len(good)):
        assert read_all(good[:length]) == 0


def test_names_that_hide_something_are_only_names(tmp_path: Path) -> None:
    names = [
        "con.png",
        "a\u202egnp.exe",
        "line\nbreak.png",
        "x" * 300,
        "a\tb",
        "=cmd|x.png",
        "a.png ",
    ]
    files = ZipFiles(zipped({it: it.encode() for it in names}))
    assert files.names == tuple(names)
    assert [files.read(it).decode() for it in names] == names
    assert list(tmp_path.iterdir()) == []


def test_a_folder_of_links_reaches_nothing_outside(tmp_path: Path) -> None:
    (tmp_path / "secret").mkdir()
    (tmp_path / "secret/key.txt").write_text("secret")
    inside = tmp_path / "data/set"
    inside.mkdir(parents=True)
    (inside / "a").symlink_to("..")
    (inside / "b").symlink_to("../../secret")
    (inside / "c.txt").symlink_to("../../secret/key.txt")
    (inside / "d").symlink_to("/")
    (inside / "e").symlink_to("/proc/self/root")
    (inside / "f").symlink_to("b/../key.txt")
    (inside / "ok.txt").write_text("fine")
    files = FolderFiles(inside, limit=tmp_path / "data")
    contents = {files.read(it) for it in files.names}
    assert contents == {b"fine"}
    assert FolderFiles(inside).names == ("ok.txt",)
