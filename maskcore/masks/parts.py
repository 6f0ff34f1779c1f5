"""The connected parts of a mask and its holes.

Parts are 8-connected: pixels that touch at a corner belong together. Holes are 4-connected, the
pair that goes with it (Rosenfeld, Connectivity in digital pictures, J. ACM 17, 1970): a diagonal
line of pixels separates. A hole is a region outside the mask that does not reach the frame.

Pixels are only labeled; the rest is done on runs, of which there are far fewer.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np
from numpy.typing import NDArray

from maskcore import checks, rle
from maskcore.arrays import is_column_major
from maskcore.boxes import xywh_to_xyxy
from maskcore.rle.columns import column_runs
from maskcore.types import Box, Mask

_Places = NDArray[np.int64]


def box(mask: Mask) -> Box:
    """Return the smallest box around the mask; (0, 0, 0, 0) if it is empty.

    Args:
        mask: (H, W).
    """
    checks.mask(mask)
    if is_column_major(mask):
        y1, x1, y2, x2 = box(mask.T)
        return x1, y1, x2, y2
    x, y, width, height = cv2.boundingRect(mask.view(np.uint8))
    return xywh_to_xyxy((x, y, width, height)) if width else (0, 0, 0, 0)


def count_parts(mask: Mask) -> int:
    """Count the 8-connected parts of a mask.

    Args:
        mask: (H, W).
    """
    x1, y1, x2, y2 = box(mask)
    return connected_components(mask[y1:y2, x1:x2], connectivity=8)[0] if x2 else 0


def count_holes(mask: Mask) -> int:
    """Count the holes of a mask: 4-connected regions outside it that do not reach the frame.

    Args:
        mask: (H, W).
    """
    around, _ = _around(mask)
    return connected_components(around, connectivity=4)[0] - 1  # less what lies around the mask


def split(mask: Mask) -> list[rle.RLE]:
    """Split a mask into its 8-connected parts.

    Args:
        mask: (H, W).

    Returns:
        A mask of the whole size per part, ordered by the top of its box, then by the left.
    """
    found = _Parts.of(mask)
    runs = np.split(found.by_part, np.cumsum(found.n_runs)[:-1])
    return [found.rle(runs[i], mask.shape) for i in found.reading_order]


def drop_specks(mask: Mask, min_area: int) -> Mask:
    """Remove small parts.

    Args:
        mask: (H, W).
        min_area: Pixels; 8-connected parts with fewer are removed.

    Returns:
        (H, W), in column-major memory order as from `rle.decode`.
    """
    found = _Parts.of(mask)
    return rle.decode(found.rle((found.areas >= min_area)[found.parts], mask.shape))


def keep_largest(mask: Mask, n: int = 1) -> Mask:
    """Keep only the largest parts.

    Args:
        mask: (H, W).
        n: How many 8-connected parts to keep, at least 1. Among equally large ones, those whose
            box begins further up, then further left, are kept.

    Returns:
        (H, W), in column-major memory order as from `rle.decode`.

    Raises:
        ValueError: If ``n`` is less than 1.
    """
    if n < 1:
        raise ValueError(f"n must be at least 1, got {n}")
    found = _Parts.of(mask)
    order = found.reading_order
    largest = order[np.argsort(-found.areas[order], kind="stable")[:n]]
    keep = np.zeros(found.areas.size, np.bool_)
    keep[largest] = True
    return rle.decode(found.rle(keep[found.parts], mask.shape))


def fill_holes(mask: Mask, max_area: int | None = None) -> Mask:
    """Add the holes of a mask to it.

    Args:
        mask: (H, W).
        max_area: Pixels; larger holes stay. All are filled if not given.

    Returns:
        (H, W), in column-major memory order as from `rle.decode`. What lies inside a hole without
        touching its rim stays as it is.
    """
    around, (x1, y1) = _around(mask)
    found = _Parts.of(around, connectivity=4)
    holes = np.ones(found.areas.size, np.bool_) if max_area is None else found.areas <= max_area
    holes[found.parts[0]] = False  # the first run is of what lies around the mask
    filled = found.rle(holes[found.parts], mask.shape, x=x1, y=y1)
    return rle.decode(rle.union([rle.encode(mask), filled]))


def connected_components(mask: Mask, *, connectivity: int) -> tuple[int, NDArray[np.int32]]:
    """Number the connected parts of a mask.

    Args:
        mask: (H, W).
        connectivity: 4 or 8.

    Returns:
        How many there are, and (H, W) int32: 0 outside, 1, 2, 3, ... inside, in any order.
    """
    if is_column_major(mask):
        count, found = connected_components(mask.T, connectivity=connectivity)
        return count, found.T
    count, numbers = cv2.connectedComponents(mask.view(np.uint8), connectivity=connectivity)
    return count - 1, numbers  # type: ignore[return-value]


def _around(mask: Mask) -> tuple[Mask, tuple[int, int]]:
    """Return what is outside within the mask's box and a ring around it, and its left and top.

    The ring joins all that reaches the box's rim: beyond it there is nothing but the outside.
    """
    x1, y1, x2, y2 = box(mask)
    around = np.ones_like(mask, shape=(y2 - y1 + 2, x2 - x1 + 2))  # in the mask's memory order
    np.logical_not(mask[y1:y2, x1:x2], out=around[1:-1, 1:-1])
    return around, (x1 - 1, y1 - 1)


@dataclass(frozen=True)
class _Parts:
    """The runs of a mask, cut at the ends of the columns, and the part each belongs to.

    Attributes:
        columns: (N,) of the runs, in column-major order.
        tops: (N,) first rows.
        bottoms: (N,) rows after the last.
        parts: (N,) number of the part, from 0.
        areas: (P,) pixels of each part.
    """

    columns: _Places
    tops: _Places
    bottoms: _Places
    parts: NDArray[np.int32]
    areas: _Places

    @classmethod
    def of(cls, mask: Mask, *, connectivity: int = 8) -> _Parts:
        checks.mask(mask)
        r = rle.encode(mask)
        x1, y1, x2, y2 = rle.box(r)
        columns, tops, bottoms = column_runs(r)
        parts = np.zeros(0, np.int32)
        if x2:
            _, numbers = connected_components(mask[y1:y2, x1:x2], connectivity=connectivity)
            parts = numbers[tops - y1, columns - x1] - 1
        areas = np.bincount(parts, bottoms - tops).astype(np.int64)
        return cls(columns, tops, bottoms, parts, areas)

    @cached_property
    def by_part(self) -> NDArray[np.intp]:
        """(N,) places of the runs, those of the first part first."""
        return np.argsort(self.parts, kind="stable")

    @cached_property
    def n_runs(self) -> NDArray[np.intp]:
        """(P,) how many runs each part has."""
        return np.bincount(self.parts, minlength=self.areas.size)

    @cached_property
    def reading_order(self) -> NDArray[np.intp]:
        """(P,) parts by the top of their box, then by the left."""
        first = np.cumsum(self.n_runs) - self.n_runs
        if first.size == 0:
            return first
        tops = np.minimum.reduceat(self.tops[self.by_part], first)
        return np.lexsort((self.columns[self.by_part[first]], tops))

    def rle(
        self, which: NDArray[np.generic], size_hw: tuple[int, ...], *, x: int = 0, y: int = 0
    ) -> rle.RLE:
        """Return some runs, by flag or place, moved by (x, y) on a mask of that size."""
        height, width = size_hw
        before = (self.columns[which] + x) * height + y
        starts, ends = before + self.tops[which], before + self.bottoms[which]
        return rle.from_starts_and_ends((height, width), starts, ends)
