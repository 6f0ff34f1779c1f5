"""The files in a folder, read where they lie; nothing outside of it is reached by accident."""

from __future__ import annotations

import itertools
import os
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from maskcore.errors import DatasetError
from maskcore.zip_files import is_hidden

MAX_FILES = 500_000
MAX_FILE_BYTES = 1_000_000_000


class FolderFiles:
    """The files in a folder and in the folders in it.

    Args:
        root: The folder, or one file, which is then the only one.
        limit: Links are followed only where they end within this folder; by default it is
            ``root``.
        any_link: Follow links wherever they end.

    Attributes:
        names: Of the plain files, relative to the folder, with "/" between folders, in the order
            of names; without hidden ones.
        notes: One sentence for each kind of entry that was left out.

    Raises:
        DatasetError: If there is no such folder, it cannot be read, or holds too many files.
    """

    def __init__(self, root: Path, *, limit: Path | None = None, any_link: bool = False) -> None:
        is_file = root.is_file()
        self.root = root.parent if is_file else root
        self._limit = None if any_link else (limit or self.root).resolve()
        left_out: Counter[str] = Counter()
        if is_file:
            found = [root.name]
        elif root.is_dir():
            walk = _walk(self.root, "", self._limit, left_out, ())
            found = list(itertools.islice(walk, MAX_FILES + 1))
        else:
            raise DatasetError(f"There is no file or folder {root.name}.")
        if len(found) > MAX_FILES:
            raise DatasetError(f"The folder holds more than {MAX_FILES:,} files.")
        self.names = tuple(found)
        self.notes = tuple(f"{what} are left out: {n:,}." for what, n in left_out.items())

    def path(self, name: str) -> Path:
        """Return where a file is."""
        return self.root / name

    def n_bytes(self, name: str) -> int:
        """Return the size of a file; 0 if it is gone."""
        try:
            return self.path(name).stat().st_size
        except OSError:
            return 0

    def read(self, name: str) -> bytes:
        """Return the content of a file.

        Raises:
            DatasetError: If it cannot be read or is too large.
        """
        if self.n_bytes(name) > MAX_FILE_BYTES:
            raise DatasetError(f"{name} is larger than {MAX_FILE_BYTES // 1_000_000:,} MB.")
        with self.open(name) as file:
            try:
                return file.read()
            except OSError as error:
                raise DatasetError(f"{name} cannot be read: {error.strerror}.") from error

    @contextmanager
    def open(self, name: str) -> Iterator[IO[bytes]]:
        """Open a file to read some of it.

        Raises:
            DatasetError: If it cannot be opened, or has become a link that leads out.
        """
        path = self.path(name)
        try:
            if self._limit is not None and not path.resolve().is_relative_to(self._limit):
                raise DatasetError(f"{name} is a link that leads out of the folder.")
            file = path.open("rb")
        except OSError as error:
            raise DatasetError(f"{name} cannot be read: {error.strerror}.") from error
        with file:
            yield file


def _walk(
    folder: Path, above: str, limit: Path | None, left_out: Counter[str], behind: tuple[str, ...]
) -> Iterator[str]:
    """Yield the names in a folder; `behind` are the real paths of the folders that lead here."""
    real = os.path.realpath(folder)
    if real in behind:
        left_out["Links that lead back to a folder they are in"] += 1
        return
    try:
        with os.scandir(folder) as entries:
            found = sorted(entries, key=lambda entry: entry.name)
    except OSError:
        left_out["Folders that cannot be read"] += 1
        return
    for entry in found:
        if is_hidden(entry.name):
            continue
        if entry.is_symlink() and not _ends_within(entry.path, limit):
            left_out["Links that lead out of the folder"] += 1
        elif entry.is_dir():
            yield from _walk(
                Path(entry.path), f"{above}{entry.name}/", limit, left_out, (*behind, real)
            )
        elif entry.is_file():
            yield above + entry.name


def _ends_within(path: str, limit: Path | None) -> bool:
    return limit is None or Path(path).resolve().is_relative_to(limit)
