"""Masks grown, shrunk, opened, closed and smoothed.

The structuring element is a Euclidean disk: the pixels whose centers are at most the radius away.
Nothing is assumed about what lies beyond the frame: it neither adds to a mask nor eats into it.
So growing the mask is shrinking what is outside of it, and the other way round.

Rows are packed into bits, so that one machine instruction handles hundreds of pixels; a disk is
a stack of horizontal lines, each a little longer than the one before.
"""

from __future__ import annotations

import math
import operator
from typing import SupportsIndex

import cv2
import numpy as np
from numpy.typing import NDArray

from maskcore import boxes, checks
from maskcore.arrays import is_column_major
from maskcore.masks import parts
from maskcore.types import Mask

_WORD = 64
_SMALL = 4  # pixels; up to there OpenCV is faster, its time grows with the square
_Bits = NDArray[np.uint64]


def grow(mask: Mask, pixels: SupportsIndex) -> Mask:
    """Add what is near the mask (dilation).

    Args:
        mask: (H, W).
        pixels: Radius of the disk, at least 0.

    Returns:
        (H, W): the pixels with a pixel of the mask at most that far away.

    Raises:
        ValueError: If the radius is negative.
    """
    radius = _radius(mask, pixels)
    if is_column_major(mask):
        return grow(mask.T, radius).T
    box = parts.box(mask)
    if radius == 0 or not box[2]:
        return mask.copy()
    place = boxes.slices(boxes.grow(box, radius, mask.shape))
    grown = np.zeros(mask.shape, np.bool_)
    grown[place] = _dilated(mask[place], radius)
    return grown


def shrink(mask: Mask, pixels: SupportsIndex) -> Mask:
    """Remove what is near the outside (erosion).

    Args:
        mask: (H, W).
        pixels: Radius of the disk, at least 0.

    Returns:
        (H, W): the pixels of the mask without a pixel outside it at most that far away. The frame
        of the image is no outside: a full mask stays full.

    Raises:
        ValueError: If the radius is negative.
    """
    radius = _radius(mask, pixels)
    if is_column_major(mask):
        return shrink(mask.T, radius).T
    box = parts.box(mask)
    if radius == 0 or not box[2]:
        return mask.copy()
    # Nothing outside the box is nearer than the pixels next to it.
    place = boxes.slices(boxes.grow(box, 1, mask.shape))
    shrunk = np.zeros(mask.shape, np.bool_)
    np.logical_not(_dilated(~mask[place], radius), out=shrunk[place])
    return shrunk


def open(mask: Mask, pixels: SupportsIndex) -> Mask:  # noqa: A001 - the field's term
    """Remove what a disk does not fit into: specks, spikes, thin bridges. Shrink, then grow.

    Args:
        mask: (H, W).
        pixels: Radius of the disk, at least 0.

    Returns:
        (H, W): never more than the mask; opening it again changes nothing.

    Raises:
        ValueError: If the radius is negative.
    """
    return grow(shrink(mask, pixels), pixels)


def close(mask: Mask, pixels: SupportsIndex) -> Mask:
    """Add what a disk outside does not fit into: gaps, cracks, small holes. Grow, then shrink.

    Args:
        mask: (H, W).
        pixels: Radius of the disk, at least 0. Gaps between mask and frame close as well.

    Returns:
        (H, W): never less than the mask; closing it again changes nothing.

    Raises:
        ValueError: If the radius is negative.
    """
    return shrink(grow(mask, pixels), pixels)


def smooth(mask: Mask, pixels: SupportsIndex) -> Mask:
    """Round the outline off, without growing or shrinking the mask as a whole.

    The mask is blurred with three box filters of 2 * ``pixels`` + 1, together close to a Gaussian
    of standard deviation ``pixels`` + 1/2 (Wells, Efficient synthesis of Gaussian filters by
    cascaded uniform filters, PAMI 8, 1986), and cut at one half.

    Args:
        mask: (H, W). For each filter what is at the frame goes on beyond it.
        pixels: Radius of the box, at least 0. Details and parts much smaller than it vanish.

    Returns:
        (H, W).

    Raises:
        ValueError: If the radius is negative.
    """
    radius = _radius(mask, pixels)
    if is_column_major(mask):
        return smooth(mask.T, radius).T
    box = parts.box(mask)
    if radius == 0 or not box[2]:
        return mask.copy()
    # No pixel outside the box can reach one half, but what is out there counts.
    place = boxes.slices(boxes.grow(box, 3 * radius, mask.shape))
    inside = np.uint16(np.iinfo(np.uint16).max)  # 8 bits would move outlines
    blurred = np.multiply(mask[place], inside, order="C")
    side = 2 * radius + 1
    for _ in range(3):
        cv2.blur(blurred, (side, side), dst=blurred, borderType=cv2.BORDER_REPLICATE)
    smoothed = np.zeros(mask.shape, np.bool_)
    np.greater(blurred, inside // 2, out=smoothed[place])
    return smoothed


def disk(radius: int) -> NDArray[np.uint8]:
    """Return the pixels at most ``radius`` from the middle one, as OpenCV takes them.

    Args:
        radius: At least 0.

    Returns:
        (2 * radius + 1, 2 * radius + 1), 1 inside and 0 outside.
    """
    reach = np.arange(-radius, radius + 1)
    return (reach[:, None] ** 2 + reach**2 <= radius**2).astype(np.uint8)


def _radius(mask: Mask, pixels: SupportsIndex) -> int:
    """Check both; a disk larger than the image covers it whatever its radius."""
    checks.mask(mask)
    radius = operator.index(pixels)
    if radius < 0:
        raise ValueError(f"pixels must be at least 0, got {radius}")
    return min(radius, sum(mask.shape))


def _dilated(mask: Mask, radius: int) -> Mask:
    """Dilate with a disk; the mask is row-major, and the result has its size."""
    if radius <= _SMALL:
        return cv2.dilate(mask.view(np.uint8), disk(radius)).view(np.bool_)
    height, width = mask.shape
    # Rows lie in one string of bits; the gap between two holds what runs over from both.
    words = -(-(width + radius) // _WORD)
    packed = np.packbits(mask, axis=1, bitorder="little")
    rows = np.zeros((height, words * 8), np.uint8)
    rows[:, : packed.shape[1]] = packed
    line = rows.reshape(-1).view("<u8")
    dilated, spare = np.zeros_like(line), np.empty_like(line)
    reach = 0
    for dy in range(min(radius, height - 1), -1, -1):
        half = math.isqrt(radius**2 - dy**2)
        while reach < half:
            # Any longer a step would leave gaps in a line that is 2 * reach + 1 pixels long.
            step = min(half - reach, 2 * reach + 1, _WORD - 1)
            line = _spread(line, step, spare)
            reach += step
        down = dy * words
        dilated[down:] |= line[: line.size - down]
        if dy:
            dilated[:-down] |= line[down:]
    unpacked = np.unpackbits(
        dilated.view(np.uint8).reshape(height, -1), axis=1, count=width, bitorder="little"
    )
    return unpacked.view(np.bool_)


def _spread(line: _Bits, step: int, spare: _Bits) -> _Bits:
    """Or the bits with themselves moved by 1 to 63 places to either side."""
    spread = np.left_shift(line, step)
    spread |= line
    np.right_shift(line, step, out=spare)
    spread |= spare
    np.right_shift(line, _WORD - step, out=spare)
    spread[1:] |= spare[:-1]
    np.left_shift(line, _WORD - step, out=spare)
    spread[:-1] |= spare[1:]
    return spread
