"""Where the image of a sample is: a file of the data set, or a part of another file."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from maskcore.datasets.source import Files


@dataclass(frozen=True, slots=True)
class StoredPicture:
    """An image that is a file of the data set."""

    files: Files
    path: str

    def n_bytes(self) -> int:
        """Size of the file."""
        return self.files.n_bytes(self.path)

    def read(self) -> bytes:
        """Return the file."""
        return self.files.read(self.path)

    def open(self) -> AbstractContextManager[IO[bytes]]:
        """Open the file."""
        return self.files.open(self.path)


@dataclass(frozen=True, slots=True)
class EmbeddedPicture:
    """An image that lies inside another file.

    Attributes:
        content: Returns the image file; raises DatasetError if it cannot.
        path: "": it has none.
    """

    content: Callable[[], bytes]
    path: str = ""

    def n_bytes(self) -> int:
        """Size of the image file."""
        return len(self.content())

    def read(self) -> bytes:
        """Return the image file."""
        return self.content()

    @contextmanager
    def open(self) -> Iterator[IO[bytes]]:
        """Open the image file."""
        yield io.BytesIO(self.content())
