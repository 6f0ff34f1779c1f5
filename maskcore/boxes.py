"""Boxes in pixels: x1, y1, x2, y2 with an exclusive maximum.

An empty box, as an empty mask has it, is (0, 0, 0, 0).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from maskcore.arrays import Box

_Number = TypeVar("_Number", int, float)


def xywh_to_xyxy(xywh: Sequence[_Number]) -> tuple[_Number, _Number, _Number, _Number]:
    """Turn left, top, width and height into x1, y1, x2, y2."""
    x, y, width, height = xywh
    return x, y, x + width, y + height


def xyxy_to_xywh(xyxy: Sequence[_Number]) -> tuple[_Number, _Number, _Number, _Number]:
    """Turn x1, y1, x2, y2 into left, top, width and height."""
    x1, y1, x2, y2 = xyxy
    return x1, y1, x2 - x1, y2 - y1


def is_empty(box: Box) -> bool:
    """Tell whether no pixel is inside."""
    x1, y1, x2, y2 = box
    return x1 >= x2 or y1 >= y2


def lies_inside(box: Box, size_hw: tuple[int, ...]) -> bool:
    """Tell whether it is a box, perhaps an empty one, of which nothing is beyond the image."""
    x1, y1, x2, y2 = box
    return 0 <= x1 <= x2 <= size_hw[1] and 0 <= y1 <= y2 <= size_hw[0]


def slices(box: Box) -> tuple[slice, slice]:
    """Return the index of the box's pixels: ``image[boxes.slices(box)]``."""
    x1, y1, x2, y2 = box
    return slice(y1, y2), slice(x1, x2)


def grow(box: Box, margin: int | tuple[int, int], size_hw: tuple[int, ...]) -> Box:
    """Move every side outwards, but not beyond the image; an empty box stays empty.

    Args:
        box: Inside the image.
        margin: Pixels, at least 0; or one number for left and right and one for top and bottom.
        size_hw: (height, width) of the image; what follows, as in the shape of one, is ignored.
    """
    if is_empty(box):
        return box
    x1, y1, x2, y2 = box
    across, down = (margin, margin) if isinstance(margin, int) else margin
    height, width = size_hw[:2]
    return max(x1 - across, 0), max(y1 - down, 0), min(x2 + across, width), min(y2 + down, height)


def union(a: Box, b: Box) -> Box:
    """Return the smallest box around both; an empty one adds nothing."""
    if is_empty(a) or is_empty(b):
        return b if is_empty(a) else a
    return min(a[0], b[0]), min(a[1], b[1]), max(a[2], b[2]), max(a[3], b[3])
