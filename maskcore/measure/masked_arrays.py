"""Images as masked arrays of numpy: what is outside the mask counts as missing."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np

from maskcore import checks, rle
from maskcore.types import Image, Mask

MaskedArray = np.ma.MaskedArray[Any, np.dtype[Any]]

_MOST = 100  # of longer masked arrays numpy leaves out the middle, whatever its print options say


def masked(image: Image, mask: Mask | rle.RLE, *, fill_value: int = 0) -> MaskedArray:
    """Make a masked array that holds the image inside the mask and nothing outside.

    In `numpy.ma` True means missing, so its mask is the opposite of ours. Its statistics leave
    out what is missing, ``.filled()`` puts the fill value there, ``.filled((r, g, b))`` a color,
    and ``.data`` still holds the whole image.

    Args:
        image: (H, W, 3) RGB.
        mask: Of the same size, as an array or as an RLE.
        fill_value: What ``.filled()`` puts outside, 0 to 255.

    Returns:
        (H, W, 3) uint8. It shares its data with the image, so whoever writes into one should
        copy it first; the mask is its own.

    Raises:
        ValueError: If the sizes differ or the fill value is out of range.
    """
    checks.image(image)
    inside = rle.decode(mask) if isinstance(mask, rle.RLE) else mask
    checks.mask(inside)
    checks.same_size(inside.shape, image.shape, "mask")
    value = checks.integer(fill_value, 0, 255, "fill_value")
    missing = np.empty(image.shape, np.bool_)
    missing[...] = ~inside[..., None]
    return np.ma.MaskedArray(image, missing, fill_value=value)


def array_text(array: MaskedArray, *, max_rows: int = 16, max_columns: int = 24) -> str:
    """Write a masked array as numpy prints it, with ``--`` for what is missing.

    Args:
        array: (H, W), or (H, W, C), of which each pixel takes a line. Slice it first to show
            another part than its top left corner: ``array[y1:y2, x1:x2, 0]``.
        max_rows: Rows that are shown, 1 to 100.
        max_columns: Columns that are shown, 1 to 100.

    Returns:
        The text; if not all is shown, a last line says how much is.

    Raises:
        TypeError: If it is no masked array.
        ValueError: If it has another number of dimensions, or a limit is out of range.
    """
    if not isinstance(array, np.ma.MaskedArray):
        raise TypeError(f"array must be a masked array, got {type(array).__name__}")
    if array.ndim not in (2, 3):
        raise ValueError(f"array must have 2 or 3 dimensions, got shape {array.shape}")
    if not (1 <= max_rows <= _MOST and 1 <= max_columns <= _MOST):
        raise ValueError(f"the limits must be 1 to {_MOST}, got {max_rows} and {max_columns}")
    corner = array[:max_rows, :max_columns]
    with np.printoptions(threshold=sys.maxsize, linewidth=sys.maxsize):
        text = str(corner)
    if corner.shape == array.shape:
        return text
    height, width = array.shape[:2]
    shown = f"rows 1 to {corner.shape[0]} of {height}, columns 1 to {corner.shape[1]} of {width}"
    return f"{text}\n{shown}"
