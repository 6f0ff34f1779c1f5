"""Whatever takes a path takes it as text, as a `Path` and as anything else with ``__fspath__``.

Whoever adds a function that takes a path adds a line to `READERS` or to `WRITERS`.
"""

from __future__ import annotations

import os
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from maskcore import checks, image_io, mask_files, numbers, rle_csv
from maskcore.files import archive, text_table
from maskcore.files.folders import FolderFiles
from maskcore.files.zips import ZipFiles
from maskcore.image_io import stored

AnyPath = str | os.PathLike[str]


class Place:
    """A path of somebody else's making."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __fspath__(self) -> str:
        return str(self.path)


PIXELS = np.array([[0, 200, 9], [0, 0, 255]], np.uint8)


def picture(path: Path) -> None:
    path.write_bytes(image_io.encode_png(PIXELS))


def table(path: Path) -> None:
    path.write_text("ImageId,EncodedPixels\na.png,1 2\n")


def figures(path: Path) -> None:
    path.write_text("a,b\n1,2\n")


def zipped(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("a.txt", "1")


def folder(path: Path) -> None:
    path.mkdir()
    (path / "a.txt").write_text("1")


def _names(files: FolderFiles | ZipFiles) -> tuple[Any, ...]:
    return files.names, files.read("a.txt")


READERS: dict[str, tuple[Callable[[Path], None], Callable[[AnyPath], Any]]] = {
    "image_io.read": (picture, lambda path: image_io.read(path).image.tolist()),
    "image_io.read_image": (picture, lambda path: image_io.read_image(path).tolist()),
    "image_io.read_preview": (picture, lambda path: image_io.read_preview(path, 2).tolist()),
    "image_io.stored.read": (picture, lambda path: stored.read(path).values.tolist()),
    "mask_files.read": (picture, mask_files.read),
    "rle_csv.read": (table, lambda path: rle_csv.read(path, size_hw=(2, 3))),
    "numbers.read": (figures, lambda path: numbers.read(path).values.tolist()),
    "files.text_table.read_text": (figures, text_table.read_text),
    "files.zips.ZipFiles": (zipped, lambda path: _names(ZipFiles(path))),
    "files.folders.FolderFiles": (folder, lambda path: _names(FolderFiles(path))),
    "files.folders.FolderFiles limit": (
        folder,
        lambda path: _names(FolderFiles(path, limit=path)),
    ),
    "checks.bytes_or_path": (picture, checks.bytes_or_path),
}
"""What makes the file or folder in question, and what is told of it."""

PASTED = {"rle_csv.read", "numbers.read", "files.text_table.read_text"}
"""Those to which a str is what somebody has pasted."""

WRITERS: dict[str, Callable[[AnyPath], Any]] = {
    "image_io.write_image": lambda path: image_io.write_image(path, PIXELS),
    "files.archive.write_file": lambda path: archive.write_file(path, b"1"),
    "files.archive.write_zip": lambda path: archive.write_zip(path, [("a.txt", b"1")]),
    "files.archive.write_folder": lambda path: archive.write_folder(path, [("a.txt", b"1")]),
}


def content(path: Path) -> Any:
    if path.is_dir():
        return {str(file.relative_to(path)): file.read_bytes() for file in path.rglob("*.*")}
    return path.read_bytes()


@pytest.mark.parametrize("name", READERS)
def test_a_path_is_read_in_any_form(name: str, tmp_path: Path) -> None:
    make, read = READERS[name]
    path = tmp_path / "a.png"
    make(path)
    expected = read(path)
    assert read(Place(path)) == expected
    if name not in PASTED:
        assert read(str(path)) == expected


@pytest.mark.parametrize("name", WRITERS)
def test_a_path_is_written_in_any_form(name: str, tmp_path: Path) -> None:
    write = WRITERS[name]
    as_path, as_text, as_place = (tmp_path / f"{i}.png" for i in range(3))
    write(as_path)
    write(str(as_text))
    write(Place(as_place))
    assert content(as_path) == content(as_text) == content(as_place)
    assert content(as_path)


def test_to_what_takes_pasted_text_a_str_is_text(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    table(path)
    assert text_table.read_text(str(path)) == str(path)
    assert len(rle_csv.read(path, size_hw=(2, 3)).rows) == 1
    assert rle_csv.read(str(path), size_hw=(2, 3)).rows == []
    assert numbers.read("a,b\n1,2\n").values.tolist() == [[1.0, 2.0]]


@pytest.mark.parametrize("wrong", [None, 5, ["a.png"]])
def test_what_is_neither_bytes_nor_a_path_is_a_type_error(wrong: object) -> None:
    with pytest.raises(TypeError, match="source must be bytes or a path, got"):
        checks.bytes_or_path(wrong)
