"""A table of run-length codes whose images lie elsewhere, read as one data set."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path
from typing import IO

from maskcore.datasets import Dataset
from maskcore.datasets.formats import kaggle
from maskcore.datasets.formats.kaggle.rows import LoadRows
from maskcore.datasets.source import IMAGE_SUFFIXES, Source, suffix
from maskcore.files.folders import FolderFiles


class _TableAndImages:
    """The files of both; no image has the name of the table, which is none."""

    notes: Sequence[str] = ()

    def __init__(self, table: FolderFiles, images: FolderFiles | None, out: Path) -> None:
        self._table, self._images = table, images
        found = (
            [] if images is None else [it for it in images.names if suffix(it) in IMAGE_SUFFIXES]
        )
        if images is not None and out.resolve().is_relative_to(images.root.resolve()):
            results = f"{out.resolve().relative_to(images.root.resolve()).as_posix()}/"
            found = [it for it in found if not it.startswith(results)]
        self.names = (*table.names, *found)

    def n_bytes(self, name: str) -> int:
        """Return the size of a file."""
        return self._of(name).n_bytes(name)

    def read(self, name: str) -> bytes:
        """Return the content of a file."""
        return self._of(name).read(name)

    def open(self, name: str) -> AbstractContextManager[IO[bytes]]:
        """Open a file."""
        return self._of(name).open(name)

    def _of(self, name: str) -> FolderFiles:
        if self._images is None or name in self._table.names:
            return self._table
        return self._images


def read(table: Path, images: Path | None, *, out: Path, dialect: str | None = None) -> Dataset:
    """Read a table of run-length codes.

    Args:
        table: The table.
        images: The folder of images; None if there is none.
        out: Where results go; nothing in it is an image to work on.
        dialect: A name in `rle_text.DIALECTS`; None to find it out.

    Returns:
        The images that the table names; those that only lie in the folder are left out.

    Raises:
        MaskcoreError: If the table or the folder cannot be read.
    """
    folder = None if images is None else FolderFiles(images, any_link=True)
    files = _TableAndImages(FolderFiles(table, any_link=True), folder, out)
    dataset = kaggle.read(Source(files, table.name), files.names[:1], dialect=dialect)
    named = [it for it in dataset.samples if isinstance(it.load, LoadRows)]
    return replace(dataset, samples=named)
