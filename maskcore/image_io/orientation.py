"""Which way up a picture is: EXIF's orientation, CIPA DC-008, tag 274."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import PIL.Image
from PIL import ExifTags


def exif_orientation(picture: PIL.Image.Image) -> int:
    """Return the orientation of an open picture, 1 to 8; 1 where it has none or broken EXIF."""
    try:
        orientation = picture.getexif().get(ExifTags.Base.Orientation)
    except Warning:  # only where warnings are errors
        raise
    except Exception:  # broken EXIF must not cost us the picture
        return 1
    return orientation if isinstance(orientation, int) and 1 <= orientation <= 8 else 1


def orientation_in(info: Mapping[str, Any]) -> int:
    """Return the EXIF orientation that metadata state, by the same rules.

    Args:
        info: As in ``PIL.Image.Image.info``: "exif", "xmp" and the like.

    Returns:
        1 to 8; 1 where there is none or it is broken.
    """
    if not info:
        return 1
    picture = PIL.Image.new("1", (1, 1))
    picture.info.update(info)
    return exif_orientation(picture)


def upright_hw(kind: str, size_wh: tuple[int, int], orientation: int) -> tuple[int, int]:
    """Return (height, width) of an upright picture.

    Args:
        kind: The format, see `header.identify`.
        size_wh: (width, height) as Pillow gives it before it decodes.
        orientation: EXIF orientation, 1 to 8.
    """
    width, height = size_wh
    is_upright = orientation < 5 or kind == "TIFF"  # Pillow turns the size of a TIFF itself
    return (height, width) if is_upright else (width, height)
