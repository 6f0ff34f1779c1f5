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
from maskcore.files import archive
from maskcore.files.zips import is_hidden

MAX_FILES = 500_000
MAX_FOLDERS = 100_000
MAX_DEPTH = 100
"""How many folders may lie in each other."""
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

    def __init__(
        self,
        root: str | os.PathLike[str],
        *,
        limit: str | os.PathLike[str] | None = None,
        any_link: bool = False,
    ) -> None:
        root = Path(root)
        if "\0" in str(root):  # no system has such a name, and some of its calls fail on it
            raise DatasetError("There is no file or folder of that name.")
        is_file = _is_file(root)
        self.root = root.parent if is_file else root
        self._limit = None if any_link else os.path.realpath(self.root if limit is None else limit)
        left_out: Counter[str] = Counter()
        if not _ends_within(str(self.root), self._limit):
            raise DatasetError(
                f"{archive.safe_name(root.name)} is not in the folder that may be read."
            )
        if is_file:
            found = [root.name]
        else:
            self._check_folder()
            walk = _walk(str(self.root), self._limit, left_out)
            found = list(itertools.islice(walk, MAX_FILES + 1))
        if len(found) > MAX_FILES:
            raise DatasetError(f"The folder holds more than {MAX_FILES:,} files.")
        self.names = tuple(found)
        self._known = frozenset(found)
        self.notes = tuple(f"{what} are left out: {n:,}." for what, n in left_out.items())

    def path(self, name: str) -> Path:
        """Return where a file is; raise KeyError if the name is not one of `names`."""
        if name not in self._known:
            raise KeyError(name)
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
        with self.open(name) as file:
            if self.n_bytes(name) > MAX_FILE_BYTES:
                most = f"{MAX_FILE_BYTES // 1_000_000:,} MB"
                raise DatasetError(f"{archive.safe_name(name)} is larger than {most}.")
            try:
                return file.read()
            except OSError as error:
                raise DatasetError(
                    f"{archive.safe_name(name)} cannot be read: {error.strerror}."
                ) from error

    @contextmanager
    def open(self, name: str) -> Iterator[IO[bytes]]:
        """Open a file to read some of it.

        Raises:
            DatasetError: If it cannot be opened, or has become a link that leads out.
        """
        path = self.path(name)
        try:
            if not _ends_within(str(path), self._limit):
                raise DatasetError(
                    f"{archive.safe_name(name)} is a link that leads out of the folder."
                )
            file = path.open("rb")
        except OSError as error:
            raise DatasetError(
                f"{archive.safe_name(name)} cannot be read: {error.strerror}."
            ) from error
        with file:
            yield file

    def _check_folder(self) -> None:
        name = archive.safe_name(self.root.name)
        try:
            with os.scandir(self.root):
                return
        except (FileNotFoundError, NotADirectoryError) as error:
            raise DatasetError(f"There is no file or folder {name}.") from error
        except OSError as error:
            raise DatasetError(f"The folder {name} cannot be read.") from error


def _walk(root: str, limit: str | None, left_out: Counter[str]) -> Iterator[str]:
    """Yield the names of the files, those of a folder where its own name comes in the order."""
    n_folders = 0
    # What is left of each folder on the way down, its name, and where it really is.
    open_folders = [(iter(_entries(root, left_out)), "", os.path.realpath(root))]
    while open_folders:
        entries, above, real = open_folders[-1]
        entry = next(entries, None)
        if entry is None:
            open_folders.pop()
            continue
        if is_hidden(entry.name):
            continue
        what = _what(entry, limit)
        if what == "file":
            yield above + entry.name
        elif what == "folder":
            here = os.path.realpath(entry.path) if entry.is_symlink() else f"{real}/{entry.name}"
            if any(here == folder[2] for folder in open_folders):
                left_out["Links that lead back to a folder they are in"] += 1
            elif len(open_folders) > MAX_DEPTH:
                left_out[f"Folders more than {MAX_DEPTH} folders deep"] += 1
            else:
                n_folders += 1
                if n_folders > MAX_FOLDERS:  # links in links can make many of a few
                    raise DatasetError(f"The folder holds more than {MAX_FOLDERS:,} folders.")
                inside = iter(_entries(entry.path, left_out))
                open_folders.append((inside, f"{above}{entry.name}/", here))
        elif what:
            left_out[what] += 1


def _entries(folder: str, left_out: Counter[str]) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return sorted(entries, key=lambda entry: entry.name)
    except OSError:
        left_out["Folders that cannot be read"] += 1
        return []


def _what(entry: os.DirEntry[str], limit: str | None) -> str:
    """Return "file", "folder", why the entry is left out, or "" if that is worth no word."""
    try:
        entry.name.encode()
    except UnicodeError:
        return "Files whose names are in an unknown encoding"
    try:
        if entry.is_symlink() and not _ends_within(entry.path, limit):
            return "Links that lead out of the folder"
        if entry.is_dir():
            return "folder"
        if entry.is_file():
            return "file"
        return "Links that lead nowhere" if entry.is_symlink() else ""
    except OSError:  # such as a link to itself
        return "Links that lead nowhere"


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:
        return False


def _ends_within(path: str, limit: str | None) -> bool:
    if limit is None:
        return True
    real = os.path.realpath(path)
    return real == limit or real.startswith(limit.rstrip(os.sep) + os.sep)
