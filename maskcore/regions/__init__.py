"""Masks from regions and their edges: magic wand, GrabCut, watershed, closed edges.

The magic wand, GrabCut and the watershed are region-based: pixels belong together because they
are alike. `edges` and `closed_edges` are edge-based: a region is what a line of change encloses.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import SupportsIndex

import cv2
import numpy as np

from maskcore import checks
from maskcore.regions._edges import closed_edges as closed_edges, edges as edges
from maskcore.regions._grabcut import grabcut as grabcut
from maskcore.regions._touching import split_touching as split_touching
from maskcore.regions._watershed import watershed as watershed
from maskcore.types import Image, Mask

_FOUND = 1  # cv2.inRange writes 0 and 255


def magic_wand(
    image: Image,
    xy: Sequence[SupportsIndex],
    tolerance: SupportsIndex,
    *,
    contiguous: bool = True,
) -> Mask:
    """Take the pixels whose color is like that of one of them.

    Args:
        image: (H, W, 3) RGB.
        xy: Column and row of the pixel to compare with.
        tolerance: 0 to 255: by how much each channel may differ from that pixel's.
        contiguous: Only what hangs together with the pixel, over the sides of pixels and not over
            their corners; otherwise the whole image.

    Returns:
        (H, W).

    Raises:
        ValueError: If the pixel is not in the image or the tolerance is out of range.
    """
    checks.image(image)
    x, y = _place(xy, image.shape)
    most = checks.integer(tolerance, 0, 255, "tolerance")
    color = image[y, x].astype(np.int64)
    alike = cv2.inRange(image, np.maximum(color - most, 0), np.minimum(color + most, 255))
    if not contiguous:
        return alike.view(np.bool_)
    cv2.floodFill(alike, None, (x, y), _FOUND, flags=4)
    reached: Mask = alike == _FOUND
    return reached


def _place(xy: Sequence[SupportsIndex], shape: tuple[int, ...]) -> tuple[int, int]:
    x, y = checks.two_integers(xy, "xy", "(x, y)")
    if not (0 <= x < shape[1] and 0 <= y < shape[0]):
        raise ValueError(f"xy must lie inside {shape[1]} x {shape[0]} pixels, got {(x, y)}")
    return x, y
