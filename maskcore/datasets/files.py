"""The files that a data set consists of: opened in a folder or an archive, and their names."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import IO, Protocol

from maskcore.errors import DatasetError
from maskcore.files import archive
from maskcore.files.folders import FolderFiles
from maskcore.files.zips import ZipFiles

IMAGE_SUFFIXES = frozenset(
    {".avif", ".bmp", ".gif", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp"}
)


class Files(Protocol):
    """Files by their names, with "/" between folders."""

    @property
    def names(self) -> Sequence[str]:
        """All of them."""

    @property
    def notes(self) -> Sequence[str]:
        """What was left out, one sentence for each kind."""

    def n_bytes(self, name: str) -> int:
        """Size of a file."""

    def read(self, name: str) -> bytes:
        """Return a file's content; raise DatasetError if it cannot be read."""

    def open(self, name: str) -> AbstractContextManager[IO[bytes]]:
        """Open a file; raise DatasetError if it cannot be opened."""


def open_files(
    path: str | os.PathLike[str],
    *,
    limit: str | os.PathLike[str] | None = None,
    any_link: bool = False,
) -> Files:
    """Open a folder, a zip archive or a single file; arguments and errors as of `FolderFiles`."""
    path = Path(path)
    limit = None if limit is None else Path(limit)
    try:
        is_zip = path.suffix.lower() == ".zip" and path.is_file()
        return ZipFiles(path) if is_zip else FolderFiles(path, limit=limit, any_link=any_link)
    except (OSError, UnicodeError) as error:  # such as a name that no system can have
        raise DatasetError(f"There is no file or folder {archive.safe_name(path.name)}.") from error


def base(name: str) -> str:
    """Return the last part of a name."""
    return name.rpartition("/")[2]


def stem(name: str) -> str:
    """Return the last part of a name without its ending."""
    last = base(name)
    return last.rpartition(".")[0] or last


def suffix(name: str) -> str:
    """Return the ending of a name in lower case, with its dot; "" if there is none."""
    head, dot, tail = base(name).rpartition(".")
    return f"{dot}{tail}".lower() if head else ""


def unique_name(name: str, taken: set[str]) -> str:
    """Return a name, with a number behind it if it is taken, and take it."""
    found = name
    if found in taken:
        # Thousands may have the same name: the step doubles while numbers are taken, then halves.
        count, step = 2, 1
        while f"{name} ({count})" in taken:
            count, step = count + step, 2 * step
        while step > 1:
            step //= 2
            if f"{name} ({count - step})" not in taken:
                count -= step
        found = f"{name} ({count})"
    taken.add(found)
    return found
