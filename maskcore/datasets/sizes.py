"""How large an image is: as annotations state it, and as its own header says."""

from __future__ import annotations

from typing import Any

from maskcore.datasets.dataset import PictureFile
from maskcore.errors import DatasetError, RLEError
from maskcore.files import values
from maskcore.files.sanitize import shown
from maskcore.image_io import probe as image_probe


def stated_size(height: Any, width: Any) -> tuple[int, int] | None:
    """Return a size that a file states, as (height, width); None if it states none.

    Args:
        height: Whatever stands there: a number, a text with one, None.
        width: The same.

    Raises:
        DatasetError: If it is no size that an image can have.
    """
    if height is None or width is None:
        return None
    try:
        return values.size_of(height, width)
    except RLEError as error:
        sizes = f"{shown(width, 20)} × {shown(height, 20)}"
        raise DatasetError(
            f"The stated size, {sizes} pixels, is none that an image can have."
        ) from error


def header_size(picture: PictureFile | None) -> tuple[int, int] | None:
    """Return (height, width) of a picture, upright, from its header; None if it is of no use."""
    if picture is None:
        return None
    try:
        with picture.open() as file:
            found = image_probe.probe(file).size_hw
    except Exception:  # a damaged archive raises anything
        return None
    # A damaged header may state any size.
    return found if values.is_possible_size(found) else None
