"""What a picture file is, from its header alone: no pixel is decoded."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import IO

from maskcore import image_decode, image_header
from maskcore.errors import ImageError

_SIDEWAYS = (5, 6, 7, 8)
_ENDS = {"JPEG": b"\xff\xd9", "PNG": b"IEND\xaeB`\x82", "GIF": b"\x3b"}
_TAIL = 4096  # some cameras and editors write a little behind the end


@dataclass(frozen=True, slots=True)
class Probe:
    """What a file says of itself.

    Attributes:
        format: "PNG", "JPEG", "TIFF", "GIF", "BMP", "WEBP" or "AVIF".
        size_hw: (height, width) of the picture, upright.
        orientation: EXIF orientation, 1 to 8; 1 is upright.
        is_cut_short: Whether the file lacks its end, so that it will not open.
    """

    format: str
    size_hw: tuple[int, int]
    orientation: int
    is_cut_short: bool

    @property
    def stored_hw(self) -> tuple[int, int]:
        """(height, width) as the pixels lie in the file, before they are turned upright."""
        height, width = self.size_hw
        return (width, height) if self.orientation in _SIDEWAYS else (height, width)


def probe(file: IO[bytes], name: str = "The file") -> Probe:
    """Read the header of a picture file.

    Args:
        file: The file, open and seekable.
        name: What messages call it.

    Raises:
        ImageError: If it is no picture that can be read, or its header is damaged.
    """
    head = file.read(image_header.N_BYTES)
    kind = image_header.identify(head, name)
    try:
        file.seek(0)
        width, height, orientation = image_decode.header(kind, file)
        end = _ENDS.get(kind)
        n_bytes = file.seek(0, io.SEEK_END)
        file.seek(max(0, n_bytes - _TAIL))
        is_cut_short = end is not None and end not in file.read()
    except Exception as error:  # on a damaged file a reader raises anything
        raise ImageError(f"{name} is damaged; its header cannot be read.") from error
    size_hw = (width, height) if orientation in _SIDEWAYS else (height, width)
    return Probe(kind, size_hw, orientation, is_cut_short)
