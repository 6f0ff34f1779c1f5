"""The files of a data set: what there is, which of them are images, documents read once."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from functools import cached_property
from pathlib import Path
from typing import IO, Any, Protocol

from maskcore.datasets.dataset import Contents, Sample
from maskcore.datasets.path_groups import PathGroup
from maskcore.datasets.pictures import StoredPicture
from maskcore.datasets.sanitize import shown
from maskcore.errors import DatasetError
from maskcore.files import archive, text_table
from maskcore.files.folders import FolderFiles
from maskcore.files.zips import ZipFiles

IMAGE_SUFFIXES = frozenset(
    {".avif", ".bmp", ".gif", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp"}
)
_KEPT_DOCUMENTS = 2  # detection and reading look at the same large file one after the other


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


class Source:
    """The files of a data set, as the readers of the formats see them.

    Args:
        files: A folder's or an archive's.
        name: What people call the whole.

    Attributes:
        files: The files.
        name: What people call the whole.
    """

    def __init__(self, files: Files, name: str) -> None:
        self.files, self.name = files, name
        self._documents: dict[tuple[str, Callable[[bytes], Any]], Any] = {}

    @cached_property
    def image_names(self) -> tuple[str, ...]:
        """Those that are images by their ending."""
        return tuple(it for it in self.files.names if suffix(it) in IMAGE_SUFFIXES)

    @cached_property
    def pictures(self) -> PictureFinder:
        """Finds all images by what annotations call them."""
        return PictureFinder(self.files, self.image_names)

    def with_suffix(self, *suffixes: str) -> list[str]:
        """Return the names of the files with one of the endings, such as ".json"."""
        return [it for it in self.files.names if suffix(it) in suffixes]

    def text(self, name: str) -> str:
        """Return a text file.

        Raises:
            DatasetError: If it cannot be read, is binary or in an unknown encoding.
        """
        try:
            return text_table.read_text(self.files.read(name))
        except DatasetError:
            raise
        except ValueError as error:
            raise DatasetError(f"{shown(name)}: {error}") from error

    def head(self, name: str, n_bytes: int = 65_536) -> bytes:
        """Return the beginning of a file, or b"" if it cannot be read."""
        try:
            with self.files.open(name) as file:
                return file.read(n_bytes)
        except Exception:  # a damaged archive raises anything; reading it will say so
            return b""

    def json(self, name: str, *, parse: Callable[[bytes], Any] = json.loads) -> Any:
        """Return a JSON document; the last ones are kept, and must not be changed.

        Args:
            name: Of the file.
            parse: Makes of the file what is returned; raises ValueError or RecursionError if it is
                no JSON, and DatasetError if something else is wrong with it.

        Raises:
            DatasetError: If it cannot be read or is no JSON.
        """
        key = name, parse
        if key not in self._documents:
            for old in list(self._documents)[: len(self._documents) - _KEPT_DOCUMENTS + 1]:
                self._documents.pop(old, None)  # perhaps another thread was first
            content = self.files.read(name)
            try:
                document = parse(content)
            except DatasetError:
                raise
            except (ValueError, RecursionError) as error:
                raise DatasetError(f"{shown(name)} is no JSON that can be read.") from error
            self._documents[key] = document
            return document
        return self._documents[key]


class PictureFinder:
    """Finds images by what annotations call them.

    A path is looked for as it stands, beside the annotation file, then by its last part, then by
    that without its ending; capitals count only where they tell two files apart.

    Args:
        files: Where the images are.
        names: Their names.
    """

    def __init__(self, files: Files, names: Iterable[str]) -> None:
        self._files = files
        self._names = dict.fromkeys(names)
        self._by_base: dict[str, PathGroup] = defaultdict(PathGroup)
        self._by_stem: dict[str, PathGroup] = defaultdict(PathGroup)
        for it in self._names:
            self._by_base[archive.case_key(base(it))].paths.append(it)
            self._by_stem[archive.case_key(stem(it))].paths.append(it)

    def find(self, called: str, *, beside: str = "") -> StoredPicture | None:
        """Return the image that an annotation means, or None.

        Args:
            called: What the annotation calls it: a path, a file name, or a name without ending.
            beside: Name of the annotation file.
        """
        called = called.replace("\\", "/").strip()
        folder = beside.rpartition("/")[0]
        for path in (f"{folder}/{called}".lstrip("/"), called):
            if path in self._names:
                return StoredPicture(self._files, path)
        name = base(called)
        key = archive.case_key(name)
        group = self._by_base.get(key) or self._by_stem.get(key)
        if group is None and suffix(name) in IMAGE_SUFFIXES:
            group = self._by_stem.get(archive.case_key(stem(name)))
        if group is None:
            return None
        best = max(group.nearest(called, folder), key=lambda it: _likeness(it, called, folder))
        return StoredPicture(self._files, best)

    def stored(self, name: str) -> StoredPicture:
        """Return an image by its name in the data set."""
        return StoredPicture(self._files, name)


def open_files(path: Path, *, limit: Path | None = None, any_link: bool = False) -> Files:
    """Open a folder, a zip archive or a single file; arguments and errors as of `FolderFiles`."""
    try:
        is_zip = path.suffix.lower() == ".zip" and path.is_file()
        return ZipFiles(path) if is_zip else FolderFiles(path, limit=limit, any_link=any_link)
    except (OSError, UnicodeError) as error:  # such as a name that no system can have
        raise DatasetError(f"There is no file or folder {archive.safe_name(path.name)}.") from error


def unannotated(source: Source, names: Iterable[str], samples: Iterable[Sample]) -> list[Sample]:
    """Return a sample without masks for each image that no sample has.

    Args:
        source: The files.
        names: The files that are images and no masks.
        samples: Those that are known.
    """
    known = list(samples)
    used = {it.picture.path for it in known if it.picture is not None}
    taken = {it.name for it in known}
    return [
        Sample(name, source.pictures.stored(name), Contents)
        for name in names
        if name not in used and name not in taken
    ]


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


def _likeness(name: str, called: str, folder: str) -> tuple[int, bool, bool]:
    """How many parts of the paths agree from the end; the same capitals; the same folder."""
    ours, theirs = name.split("/")[::-1], called.split("/")[::-1]
    ours[0] = stem(ours[0])
    theirs[0] = stem(theirs[0]) if suffix(theirs[0]) in IMAGE_SUFFIXES else theirs[0]
    same = 0
    for mine, other in zip(ours, theirs, strict=False):
        if archive.case_key(mine) != archive.case_key(other):
            break
        same += 1
    return same, base(name) == base(called), name.startswith(folder)
