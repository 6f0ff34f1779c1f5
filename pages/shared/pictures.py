"""Images as their files came, and their pixels where something computes on them."""

from __future__ import annotations

from dataclasses import dataclass, field

import streamlit as st

from maskcore import image_io
from maskcore.image_io import ImageFile
from maskcore.types import Image
from pages.shared import caches
from pages.shared.caches.byte_cache import ByteCache


@dataclass(frozen=True)
class Picture:
    """One opened file.

    Attributes:
        id: SHA-256 of the file's content.
        name: The file's name.
        content: The file, as it came.
        size_hw: (height, width), upright.
    """

    id: str
    name: str
    content: bytes = field(repr=False)
    size_hw: tuple[int, int]

    @property
    def stem(self) -> str:
        """The name without its ending."""
        return self.name.rpartition(".")[0] or self.name


@dataclass(frozen=True, eq=False)
class Raster:
    """Pixels made of a picture, to be shown and clicked on; no file holds them.

    Attributes:
        id: Identifies the pixels.
        image: (H, W, 3), cannot be written.
    """

    id: str
    image: Image

    @property
    def size_hw(self) -> tuple[int, int]:
        """(height, width)."""
        return self.image.shape[:2]


def _bytes_of_file(file: ImageFile) -> int:
    return file.image.nbytes + (0 if file.alpha is None else file.alpha.nbytes)


_files = ByteCache[ImageFile](600_000_000, _bytes_of_file)
_reduced = ByteCache[Image](150_000_000, lambda image: image.nbytes)


def picture_of(identity: str, name: str, content: bytes) -> Picture:
    """Read a file to know that it is an image, and its size.

    Raises:
        ImageError: If it cannot be read.
    """
    return Picture(identity, name, content, _decoded(identity, content).image.shape[:2])


def read(picture: Picture) -> ImageFile:
    """Return the pixels and what the file is; the arrays are shared and cannot be written."""
    return _decoded(picture.id, picture.content)


def image(picture: Picture) -> Image:
    """Return the pixels; shared, cannot be written."""
    return read(picture).image


def reduced(picture: Picture, longest: int) -> Image:
    """Return the pixels with at most so many along the longer side; shared, cannot be written."""
    if max(picture.size_hw) <= longest:
        return image(picture)

    def make() -> Image:
        small = image_io.preview(image(picture), longest)
        small.flags.writeable = False
        return small

    return _reduced.get((picture.id, longest), make)


@caches.resource(max_entries=24)
def jpeg(raster: Raster) -> bytes:
    """Return the pixels as a file, for showing."""
    return image_io.encode_jpeg(raster.image, quality=92)


def _decoded(identity: str, content: bytes) -> ImageFile:
    def make() -> ImageFile:
        with st.spinner("Reading the image"):
            file = image_io.read(content)
        file.image.flags.writeable = False
        if file.alpha is not None:
            file.alpha.flags.writeable = False
        return file

    return _files.get(identity, make)
