"""What a picture file is, from its header alone: no pixel is decoded."""

from __future__ import annotations

from dataclasses import dataclass
from typing import IO

from maskcore.errors import ImageError
from maskcore.image_io import chunks, decode, header
from maskcore.image_io.orientation import orientation_in, upright_hw


@dataclass(frozen=True, slots=True)
class Probe:
    """What a file says of itself.

    Attributes:
        format: "PNG", "JPEG", "TIFF", "GIF", "BMP", "WEBP" or "AVIF".
        size_hw: (height, width) of the picture, upright.
        orientation: EXIF orientation, 1 to 8; 1 is upright.
        is_cut_short: Whether a PNG, JPEG or WebP lacks its end, so that it will not open; other
            formats do not tell.
    """

    format: str
    size_hw: tuple[int, int]
    orientation: int
    is_cut_short: bool

    @property
    def stored_hw(self) -> tuple[int, int]:
        """(height, width) as the pixels lie in the file, before they are turned upright."""
        height, width = self.size_hw
        return (width, height) if self.orientation >= 5 else (height, width)


def probe(file: IO[bytes], name: str = "The file") -> Probe:
    """Read the header of a picture file.

    Args:
        file: The file, open and seekable.
        name: What messages call it.

    Returns:
        Size and orientation as `image_io.read` finds them, if it can read the file.

    Raises:
        ImageError: If it is no picture that can be read, or its header is damaged.
    """
    file.seek(0)
    kind = header.identify(file.read(header.N_BYTES), name)
    try:
        found = chunks.read(kind, file)
        if found is None:
            size_wh, orientation = decode.size_and_orientation(kind, file)
        else:
            size_wh, orientation = found.size_wh, orientation_in(found.info)
    except Exception as error:  # on a damaged file a reader raises anything
        raise ImageError(f"{name} is damaged; its header cannot be read.") from error
    size_hw = upright_hw(kind, size_wh, orientation)
    return Probe(kind, size_hw, orientation, found is not None and found.is_cut_short)
