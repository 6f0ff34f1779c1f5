"""Shapes that people draw with annotation tools, as masks.

The pixel in row y and column x is the square from (x, y) to (x + 1, y + 1). It is inside a shape
if its center is; what lies outside of the image is cut off.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from maskcore import rle
from maskcore.errors import DatasetError
from maskcore.masks import polygons as mask_polygons
from maskcore.rle import RLE
from maskcore.rle.columns import place
from maskcore.types import Box, Mask

_FARTHEST = 1e9
_SMALLEST = 1e-6
_MOST_CROSSINGS = 10_000_000
_ROUNDING = 1e-9  # pixels; a center that is on the outline but for rounding is on it

_Points = NDArray[np.float64]


def points(value: Any) -> _Points:
    """Return a list of points as (N, 2) x, y.

    Raises:
        DatasetError: If it is no list of pairs of finite numbers below 1e9.
    """
    try:
        found = np.asarray(value, np.float64)
    except (TypeError, ValueError, OverflowError) as error:
        raise DatasetError("Its points are not pairs of numbers.") from error
    if found.ndim != 2 or found.shape[1] != 2:
        raise DatasetError("Its points are not pairs of numbers.")
    if not (np.abs(found) < _FARTHEST).all():
        raise DatasetError("Its points are not all finite numbers below a billion.")
    return found


def polygon(ring: Any, size_hw: tuple[int, int]) -> RLE:
    """Fill a polygon, see `masks.polygons.polygons_to_mask`.

    Args:
        ring: (N, 2) x, y in pixels, closed or not.
        size_hw: (height, width) of the mask.

    Raises:
        DatasetError: If it has fewer than three corners or far too many, has other things than
            numbers, or lies outside of the image.
    """
    corners = points(ring)
    if len(corners) < 3:
        raise DatasetError(f"A polygon needs at least three corners, not {len(corners)}.")
    x1, y1, x2, y2 = _box(corners.min(axis=0), corners.max(axis=0), size_hw)
    rows = np.clip(corners[:, 1], y1, y2)
    if np.abs(rows - np.roll(rows, 1)).sum() + len(rows) > _MOST_CROSSINGS:
        raise DatasetError(f"The polygon has too many corners: {len(corners):,}.")
    crop = mask_polygons.polygons_to_rle([[corners - (x1, y1)]], (y2 - y1, x2 - x1))
    return place(crop, (x1, y1), size_hw)


def rotate(corners: Any, degrees: float, around: Sequence[float]) -> _Points:
    """Rotate points clockwise as seen on the image.

    Args:
        corners: (N, 2) x, y.
        degrees: By how much.
        around: x, y of the point that stays.

    Raises:
        DatasetError: If something is not a finite number.
    """
    (pivot,) = points([around])
    # Beyond a full turn the sine of a large number would be all that is wrong with it.
    angle = math.radians(math.fmod(points([[degrees, 0]])[0, 0], 360))
    cos, sin = math.cos(angle), math.sin(angle)
    return np.asarray((points(corners) - pivot) @ ((cos, sin), (-sin, cos)) + pivot)


def box_corners(x1: float, y1: float, x2: float, y2: float) -> _Points:
    """Return the corners of a box, (4, 2) x, y, clockwise."""
    return points(((x1, y1), (x2, y1), (x2, y2), (x1, y2)))


def ellipse(
    center: Sequence[float],
    radii: Sequence[float],
    size_hw: tuple[int, int],
    *,
    degrees: float = 0,
) -> RLE:
    """Fill an ellipse; a center of a pixel that is on its outline is inside.

    Args:
        center: x, y in pixels.
        radii: Along x and along y, before it is turned.
        size_hw: (height, width) of the mask.
        degrees: Clockwise turn, as seen on the image.

    Raises:
        DatasetError: If it has no area, something is not a finite number, or it lies outside of
            the image.
    """
    (cx, cy), (rx, ry), (degrees, _) = points((center, radii, (degrees, 0))).tolist()
    if min(rx, ry) < _SMALLEST:
        raise DatasetError("It has no area, so there is no mask.")
    angle = math.radians(math.fmod(degrees, 360))
    cos, sin = math.cos(angle), math.sin(angle)
    half = np.array((math.hypot(rx * cos, ry * sin), math.hypot(rx * sin, ry * cos)))
    middle = np.array((cx, cy))
    x1, _, x2, _ = _box(middle - half, middle + half, size_hw)
    # Down a column at dx from the middle, inside is where a dy² + b dy + c <= 0.
    columns = np.arange(x1, x2)
    dx = columns + 0.5 - cx
    a = (sin / rx) ** 2 + (cos / ry) ** 2
    b = 2 * sin * cos * (1 / rx**2 - 1 / ry**2) * dx
    c = (cos / rx * dx) ** 2 + (sin / ry * dx) ** 2 - 1
    square = b**2 - 4 * a * c
    reach = np.sqrt(np.maximum(square, 0)) / (2 * a) + _ROUNDING
    height = size_hw[0]
    tops = np.clip(np.ceil(cy - b / (2 * a) - reach - 0.5), 0, height).astype(np.int64)
    bottoms = np.clip(np.floor(cy - b / (2 * a) + reach + 0.5), 0, height).astype(np.int64)
    there = (square >= 0) & (tops < bottoms)
    before = columns[there] * height
    return rle.from_starts_and_ends(size_hw, before + tops[there], before + bottoms[there])


def place_crop(crop: Mask, xy: tuple[int, int], size_hw: tuple[int, int]) -> RLE:
    """Lay a small mask onto the image; what lies outside of it is cut off.

    Args:
        crop: (h, w).
        xy: Where its top left pixel lies.
        size_hw: (height, width) of the mask.

    Raises:
        DatasetError: If all of it lies outside of the image.
    """
    left, top = xy
    low = np.array(xy, np.float64)
    x1, y1, x2, y2 = _box(low, low + crop.shape[::-1], size_hw)
    inside = crop[y1 - top : y2 - top, x1 - left : x2 - left]
    return place(inside, (x1, y1), size_hw)


def _box(low: _Points, high: _Points, size_hw: tuple[int, int]) -> Box:
    """Return the part of the image that a shape can reach, at least one pixel."""
    limit = np.array(size_hw[::-1])
    if (high <= 0).any() or (low >= limit).any():
        raise DatasetError("It lies outside of the image.")
    x1, y1 = np.maximum(np.floor(low), 0).astype(int).tolist()
    x2, y2 = np.minimum(np.ceil(high), limit).astype(int).tolist()
    return x1, y1, max(x2, x1 + 1), max(y2, y1 + 1)
