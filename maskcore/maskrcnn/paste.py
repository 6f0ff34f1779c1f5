"""From a mask inside a box to the run lengths of the whole image, never by way of a full plane."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from maskcore import rle
from maskcore.rle import RLE
from maskcore.types import Mask

_STRIP = 1 << 18
"""Pixels that are floats at a time: few enough to stay in the processor's cache."""


def paste(
    probabilities: NDArray[np.float32],
    box: NDArray[np.float32],
    size_hw: tuple[int, int],
    *,
    threshold: float,
) -> RLE:
    """Stretch a mask over its box and keep what reaches the threshold.

    The pixels are those of ``paste_masks_in_image`` in torchvision.models.detection.roi_heads,
    compared with the threshold; it makes (H, W) floats of each mask.

    Args:
        probabilities: (h, w), 0 to 1.
        box: (4,) x1, y1, x2, y2 in pixels of the image.
        size_hw: (H, W) of the image.
        threshold: Inside is what is at least this.

    Returns:
        The mask at the size of the image; empty if nothing reaches the threshold.
    """
    x1, y1, x2, y2 = _whole_box(box, probabilities.shape[-1])
    width, height = max(x2 - x1 + 1, 1), max(y2 - y1 + 1, 1)
    left, right = max(x1, 0), min(x2 + 1, size_hw[1])
    top, bottom = max(y1, 0), min(y2 + 1, size_hw[0])
    if left >= right or top >= bottom:
        return rle.empty(size_hw)
    # Transposed: run lengths go down the columns, so a strip of columns is a stretch of runs.
    source = np.ascontiguousarray(np.pad(probabilities, 1).T)
    columns = cv2.resize(source, (source.shape[1], width), interpolation=cv2.INTER_LINEAR)
    inside = np.empty((right - left, bottom - top), np.bool_)
    step = max(1, _STRIP // height)
    for start in range(0, right - left, step):
        strip = columns[start + left - x1 : min(start + step, right - left) + left - x1]
        values = cv2.resize(strip, (height, len(strip)), interpolation=cv2.INTER_LINEAR)
        visible = values[:, top - y1 : bottom - y1]
        np.greater_equal(visible, np.float32(threshold), out=inside[start : start + step])
    return place(inside.T, (left, top), size_hw)


def _whole_box(box: NDArray[np.float32], mask_width: int) -> tuple[int, int, int, int]:
    """Widen the box by the border of zeros around the mask, to whole pixels, inclusive.

    In float32 and cut off towards zero, so that no pixel differs from torchvision.
    """
    half = np.float32(0.5)
    scale = np.float32((mask_width + 2) / mask_width)
    x1, y1, x2, y2 = box.astype(np.float32)
    half_width, half_height = (x2 - x1) * half * scale, (y2 - y1) * half * scale
    x, y = (x2 + x1) * half, (y2 + y1) * half
    return int(x - half_width), int(y - half_height), int(x + half_width), int(y + half_height)


def place(mask: Mask, xy: tuple[int, int], size_hw: tuple[int, int]) -> RLE:
    """Run-length encode a part of an otherwise empty mask.

    Args:
        mask: (h, w), in any memory order; column-major is quickest.
        xy: Where its top left corner is.
        size_hw: (height, width) of the whole; the part must lie inside.
    """
    height, width = mask.shape
    # With an empty row below it no run goes on into the next column.
    columns = np.zeros((width, height + 1), np.bool_)
    columns[:, :height] = mask.T
    starts, ends = rle.starts_and_ends(rle.encode(columns.T))
    skipped = xy[0] * size_hw[0] + xy[1] + starts // (height + 1) * (size_hw[0] - height - 1)
    return rle.from_starts_and_ends(size_hw, starts + skipped, ends + skipped)
