"""Pixels deeper than 8 bits, brought to 8 bits by one rule.

Unsigned 16-bit values keep their zero: 0 becomes 0, and the top of the smallest of 8, 10, 12, 14
and 16 bits that holds the largest value becomes 255. So a full 16-bit picture is divided by 257,
and a 12-bit camera's picture that is stored in 16 bits is not nearly black.

Other integers and floats have no agreed white: their smallest and largest finite values become 0
and 255. What is not finite becomes 0.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from maskcore.errors import ImageError

_DEPTHS = (8, 10, 12, 14, 16)
_STRIP_PIXELS = 1 << 20


def strips(height: int, width: int) -> Iterator[slice]:
    """Yield the rows of an image in strips of about a million pixels, from the top."""
    rows = max(1, _STRIP_PIXELS // width)
    for top in range(0, height, rows):
        yield slice(top, min(top + rows, height))


def to_8_bit(values: NDArray[Any]) -> tuple[NDArray[np.uint8], tuple[str, ...]]:
    """Scale pixel values to 0..255.

    Args:
        values: (H, W) or (H, W, C), integers or floats, of any byte order; not changed. All
            channels are scaled alike, so alpha does not belong among them.

    Returns:
        The scaled values, of the same shape, and a sentence for each thing done.

    Raises:
        ImageError: If no value is finite.
    """
    if values.dtype.kind == "u" and values.dtype.itemsize == 2:
        return _from_16_bit(values)
    return _stretched(values)


def alpha_to_8_bit(alpha: NDArray[np.uint16]) -> NDArray[np.uint8]:
    """Scale a 16-bit alpha channel, in which 65,535 is always opaque, to 0..255."""
    return _looked_up(alpha, _table(16))


def _from_16_bit(values: NDArray[Any]) -> tuple[NDArray[np.uint8], tuple[str, ...]]:
    largest = int(values.max())
    depth = next(depth for depth in _DEPTHS if largest < 1 << depth)
    note = f"Values 0 to {(1 << depth) - 1:,} ({depth} bits) scaled to 8 bits."
    if depth == 8:
        note = "Values 0 to 255 stored in 16 bits, kept as they are."
    return _looked_up(values, _table(depth)), (note,)


def _table(depth: int) -> NDArray[np.uint8]:
    top = (1 << depth) - 1
    scaled = np.rint(np.arange(1 << 16) * (255 / top))
    table: NDArray[np.uint8] = np.minimum(scaled, 255).astype(np.uint8)
    return table


def _looked_up(values: NDArray[Any], table: NDArray[np.uint8]) -> NDArray[np.uint8]:
    scaled = np.empty(values.shape, np.uint8)
    for rows in strips(*values.shape[:2]):
        strip = np.ascontiguousarray(values[rows], np.uint16)
        scaled[rows] = np.asarray(cv2.LUT(strip, table)).reshape(strip.shape)
    return scaled


def _stretched(values: NDArray[Any]) -> tuple[NDArray[np.uint8], tuple[str, ...]]:
    low, high, n_bad = np.inf, -np.inf, 0
    for rows in strips(*values.shape[:2]):
        finite = values[rows][np.isfinite(values[rows])].astype(np.float64)
        n_bad += values[rows].size - finite.size
        low = min(low, float(finite.min(initial=np.inf)))
        high = max(high, float(finite.max(initial=-np.inf)))
    if low > high:
        raise ImageError("The picture holds no number that can be shown; save it anew as PNG.")

    scaled = np.zeros(values.shape, np.uint8)
    if high > low:
        for rows in strips(*values.shape[:2]):
            strip = values[rows].astype(np.float64)
            strip[~np.isfinite(strip)] = low
            scaled[rows] = np.rint((strip - low) / (high - low) * 255)
        notes = [f"Values {low:,g} to {high:,g} scaled to 8 bits."]
    else:
        notes = [f"All values are {low:,g}; shown black."]
    if n_bad:
        notes.append(f"Values that are not finite numbers ({n_bad:,}) are shown black.")
    return scaled, tuple(notes)
