"""The files of a data set as the readers of the formats see them; documents are read once."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from functools import cached_property
from typing import Any, TypeVar

from maskcore.datasets.dataset import Contents, Problem, Sample
from maskcore.datasets.files import IMAGE_SUFFIXES, Files, suffix
from maskcore.datasets.picture_finder import PictureFinder
from maskcore.errors import DatasetError
from maskcore.files import text_table
from maskcore.files.sanitize import shown

_KEPT_DOCUMENTS = 2  # detection and reading look at the same large file one after the other
_LOOKED_AT = 40  # files of a folder that tell what all of them are

_Document = TypeVar("_Document")


class FileSource:
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
        return tuple(name for name in self.files.names if suffix(name) in IMAGE_SUFFIXES)

    @cached_property
    def pictures(self) -> PictureFinder:
        """Finds all images by what annotations call them."""
        return PictureFinder(self.files, self.image_names)

    def with_suffix(self, *suffixes: str) -> list[str]:
        """Return the names of the files with one of the endings, such as ".json"."""
        return [name for name in self.files.names if suffix(name) in suffixes]

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


def unannotated(
    source: FileSource, names: Iterable[str], samples: Iterable[Sample]
) -> list[Sample]:
    """Return a sample without masks for each image that no sample has.

    Args:
        source: The files.
        names: The files that are images and no masks.
        samples: Those that are known.
    """
    known = list(samples)
    used = {sample.picture.path for sample in known if sample.picture is not None}
    taken = {sample.name for sample in known}
    return [
        Sample(name, source.pictures.stored(name), Contents)
        for name in names
        if name not in used and name not in taken
    ]


def sniff(source: FileSource, names: Iterable[str], is_ours: Callable[[bytes], bool]) -> list[str]:
    """Return the files that are of a format by how they begin.

    Of a folder with very many files some are looked at; if most of them are of the format, all
    are.

    Args:
        source: The files.
        names: Those that may be.
        is_ours: Tells from the beginning of a file.
    """
    folders: defaultdict[str, list[str]] = defaultdict(list)
    for name in names:
        folders[name.rpartition("/")[0]].append(name)
    found: list[str] = []
    for together in folders.values():
        step = -(-len(together) // _LOOKED_AT)
        looked_at = together[::step]
        ours = [name for name in looked_at if is_ours(source.head(name))]
        found += together if step > 1 and 2 * len(ours) > len(looked_at) else ours
    return found


def read_each(
    names: Iterable[str], read: Callable[[str], _Document], problems: list[Problem], what: str
) -> Iterator[tuple[str, _Document]]:
    """Yield each file that can be read, with its name; the others become problems.

    Args:
        names: Of the files.
        read: Reads one; raises DatasetError if it cannot.
        problems: Where the others are added.
        what: Of which kind the files are: "XML".

    Raises:
        DatasetError: After the last one, if none could be read.
    """
    n_read = 0
    for name in names:
        try:
            found = read(name)
        except DatasetError as error:
            problems.append(Problem(name, str(error)))
            continue
        n_read += 1
        yield name, found
    if not n_read:
        raise DatasetError(problems[0].reason if problems else f"There is no {what} file.")
