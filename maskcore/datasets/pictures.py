"""Where the image of a sample is: a file of the data set, or a part of another file."""

from __future__ import annotations

import base64
import io
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import IO, Any

from maskcore.datasets.files import Files
from maskcore.errors import DatasetError, ImageError
from maskcore.image_io import stored as mask_pixels
from maskcore.image_io.stored import MaskPixels


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


def from_base64(text: Any) -> bytes:
    """Return the file that stands in a text as base64, with or without "data:" before it.

    Raises:
        DatasetError: If it is no base64.
    """
    try:
        head, comma, tail = text.partition(",")
        found = base64.b64decode(tail if comma and head.startswith("data:") else text)
    except (AttributeError, TypeError, ValueError) as error:
        raise DatasetError("The picture in it is not in base64, or is damaged.") from error
    if not found:
        raise DatasetError("The picture in it is empty.")
    return found


def pixels_from_base64(text: Any) -> MaskPixels:
    """Return the numbers of the picture that stands in a text, see `from_base64`.

    Raises:
        DatasetError: If it is no base64, or no picture that can be read.
    """
    try:
        return mask_pixels.read(from_base64(text))
    except ImageError as error:
        reason = str(error).replace("The file", "The picture in it", 1)
        raise DatasetError(reason) from error
