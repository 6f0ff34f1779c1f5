"""Which way up a picture is: EXIF's orientation, CIPA DC-008, tag 274."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any

import PIL.Image
from PIL import ExifTags


def of_picture(picture: PIL.Image.Image) -> int:
    """Return the orientation of an open picture, 1 to 8; 1 where it has none or broken EXIF."""
    try:
        orientation = picture.getexif().get(ExifTags.Base.Orientation)
    except Exception:  # broken EXIF must not cost us the picture
        return 1
    return orientation if isinstance(orientation, int) and 1 <= orientation <= 8 else 1


def of_info(info: Mapping[str, Any]) -> int:
    """Return the EXIF orientation that metadata state, by the same rules.

    Args:
        info: As in ``PIL.Image.Image.info``: "exif", "xmp" and the like.

    Returns:
        1 to 8; 1 where there is none or it is broken.
    """
    if not info:
        return 1
    quiet_warnings()
    picture = PIL.Image.new("1", (1, 1))
    picture.info.update(info)
    return of_picture(picture)


def upright_hw(kind: str, size_wh: tuple[int, int], orientation: int) -> tuple[int, int]:
    """Return (height, width) of an upright picture.

    Args:
        kind: The format, see `image_header.identify`.
        size_wh: (width, height) as Pillow gives it before it decodes.
        orientation: EXIF orientation, 1 to 8.
    """
    width, height = size_wh
    is_upright = orientation < 5 or kind == "TIFF"  # Pillow turns the size of a TIFF itself
    return (height, width) if is_upright else (width, height)


def quiet_warnings() -> None:
    """Have Pillow's warnings of odd metadata ignored, from now on and in all threads.

    `warnings.catch_warnings` swaps a list that all threads share, and so cannot be used in a
    server. Such a warning says nothing of the pixels, and where warnings are errors it would stop
    a picture that is readable.
    """
    wanted = ("ignore", None, UserWarning, r"PIL\.")
    first = warnings.filters[0] if warnings.filters else None
    if first is None or (*first[:3], getattr(first[3], "pattern", None)) != wanted:
        warnings.filterwarnings("ignore", category=UserWarning, module=r"PIL\.")
