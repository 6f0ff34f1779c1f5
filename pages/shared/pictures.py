"""Images as their files came, and their pixels where something computes on them."""

from __future__ import annotations

from dataclasses import dataclass, field

import streamlit as st

from maskcore import image_io
from maskcore.image_io import ImageFile
from maskcore.types import Image


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


@st.cache_resource(max_entries=3, show_spinner="Reading the image")
def _decoded(identity: str, _content: bytes) -> ImageFile:
    del identity  # the key of the cache: hashing the content again would be slow
    file = image_io.read(_content)
    file.image.flags.writeable = False
    if file.alpha is not None:
        file.alpha.flags.writeable = False
    return file
