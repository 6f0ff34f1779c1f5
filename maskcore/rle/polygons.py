"""Polygons as COCO means them, straight to runs.

COCO does not fill polygons by the centers of pixels. Points are rounded to a grid of a fifth of a
pixel, edges are walked on that grid in unit steps of their longer side, and in a column of pixels
the mask changes wherever the walk passes the middle of the column
(https://github.com/cocodataset/cocoapi, common/maskApi.c, rleFrPoly). Here only these passages are
computed, not the walk, and those of all polygons at once.

The masks are those of pycocotools pixel for pixel. Where a step of the walk lies exactly halfway
between two points of the grid the error of its rounding decides, so the same one is made here:
that of plain 64-bit arithmetic. (pycocotools itself may decide otherwise on a processor that
multiplies and adds in one step.)
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple, SupportsIndex

import numpy as np
from numpy.typing import ArrayLike, NDArray

from maskcore import checks, rle
from maskcore.errors import RLEError
from maskcore.rle import RLE

FARTHEST = 1_000_000
"""Pixels from the origin that a coordinate may have; up to here rounding decides at ties only."""
MOST_PASSAGES = 2_000_000
"""How often the edges of one mask may pass the middle of a column."""

_AT_ONCE = 1_000_000  # passages; they take 100 MB
_FINE = 5  # points of the grid in a pixel
_MIDDLE = 2  # the last of them before the middle of a pixel

_Whole = NDArray[np.int64]


class _Edges(NamedTuple):
    """Edges on the grid, (E,) each.

    Attributes:
        x1: Where they begin: at the left, or if they are steep at the top.
        y1: The same.
        x2: Where they end.
        y2: The same.
        is_steep: Whether they are longer down than to the right.
        ring: The ring they are of, ascending.
        first: The first column whose middle they pass.
        n_columns: How many they pass.
    """

    x1: _Whole
    y1: _Whole
    x2: _Whole
    y2: _Whole
    is_steep: NDArray[np.bool_]
    ring: _Whole
    first: _Whole
    n_columns: _Whole

    def where(self, chosen: NDArray[np.bool_] | NDArray[np.intp] | slice) -> _Edges:
        """Return some of them."""
        return _Edges._make(values[chosen] for values in self)


_YOf = Callable[[_Edges, NDArray[np.intp], _Whole], _Whole]


def from_polygons(
    annotations: Sequence[Sequence[ArrayLike]], size_hw: Sequence[SupportsIndex]
) -> list[RLE]:
    """Turn polygons into masks, as pycocotools does.

    Args:
        annotations: For each mask its rings, each x1, y1, x2, y2, ... in pixels, closed or not, of
            three or more points. What lies outside of the image is cut off. A mask is the union
            of its rings; what a ring goes around twice is outside.
        size_hw: (height, width) of the masks.

    Returns:
        A mask for each annotation; of one without rings it is empty.

    Raises:
        RLEError: If a ring is too short, is not made of pairs of finite numbers, reaches beyond
            `FARTHEST`, or a mask has more than `MOST_PASSAGES`.
    """
    size = checks.size_hw(size_hw)
    rings = [_ring(ring) for rings in annotations for ring in rings]
    if not rings:
        return [rle.empty(size) for _ in annotations]
    lengths = np.array([ring.size // 2 for ring in rings])
    edges = _edges(np.concatenate(rings), lengths, size[1])
    owners = np.repeat(np.arange(len(annotations)), [len(rings) for rings in annotations])
    if edges.n_columns.sum() <= _AT_ONCE:
        return _masks(edges, owners, len(annotations), size)
    return _masks_in_turn(edges, owners, len(annotations), size)


def _ring(points: ArrayLike) -> NDArray[np.float64]:
    try:
        ring = np.asarray(points)
    except (OverflowError, ValueError) as error:
        raise RLEError("A polygon is not a plain list of numbers.") from error
    if ring.ndim != 1 or (ring.size and ring.dtype.kind not in "iuf"):
        raise RLEError("A polygon is not a plain list of numbers.")
    if ring.size < 6:
        raise RLEError(f"A polygon needs 3 points, which are 6 numbers; it has {ring.size}.")
    if ring.size % 2:
        raise RLEError(f"A polygon is made of pairs x, y, but has {ring.size} numbers.")
    return ring.astype(np.float64, copy=False)


def _edges(points: NDArray[np.float64], lengths: _Whole, width: int) -> _Edges:
    """Put rings on the grid and keep the edges that pass the middle of a column.

    Args:
        points: x, y in pixels, ring after ring.
        lengths: (R,) points of each ring.
        width: Columns of the image.
    """
    farthest = np.abs(points).max()
    if not np.isfinite(farthest):
        raise RLEError("A polygon has a coordinate that is no finite number.")
    if farthest > FARTHEST:
        raise RLEError(f"A polygon has a coordinate beyond {FARTHEST:,} pixels.")
    # Digits are cut off, as in C; what is negative lies before all columns and above all rows.
    x, y = (_FINE * points + 0.5).astype(np.int64).reshape(-1, 2).T
    ends = np.cumsum(lengths)
    following = np.arange(1, x.size + 1)
    following[ends - 1] = ends - lengths
    next_x, next_y = x[following], y[following]
    is_steep = np.abs(next_y - y) > np.abs(next_x - x)
    back = np.where(is_steep, y > next_y, x > next_x)
    x1, x2 = np.where(back, next_x, x), np.where(back, x, next_x)
    y1, y2 = np.where(back, next_y, y), np.where(back, y, next_y)
    # The middle of column k lies between the points 5 k + 2 and 5 k + 3.
    first = np.maximum((np.minimum(x, next_x) - _MIDDLE - 1) // _FINE + 1, 0)
    n_columns = np.minimum((np.maximum(x, next_x) - _MIDDLE - 1) // _FINE + 1, width) - first
    ring = np.repeat(np.arange(lengths.size), lengths)
    return _Edges(x1, y1, x2, y2, is_steep, ring, first, n_columns).where(n_columns > 0)


def _masks_in_turn(
    edges: _Edges, owners: _Whole, n_masks: int, size_hw: tuple[int, int]
) -> list[RLE]:
    """Make masks as `_masks` does, in less memory."""
    n_edges = np.bincount(owners[edges.ring], minlength=n_masks)
    ends = np.cumsum(n_edges)
    passages = np.concatenate(([0], np.cumsum(edges.n_columns)))[ends]
    most = np.diff(passages, prepend=0).max()
    if most > MOST_PASSAGES:
        raise RLEError(
            f"Its polygons pass columns of the image {most:,} times; "
            f"at most {MOST_PASSAGES:,} are read."
        )
    masks: list[RLE] = []
    while (start := len(masks)) < n_masks:
        before = passages[start - 1] if start else 0
        stop = max(start + 1, int(np.searchsorted(passages, before + _AT_ONCE, side="right")))
        some = edges.where(slice(ends[start] - n_edges[start], ends[stop - 1]))
        masks += _masks(some, owners - start, stop - start, size_hw)
    return masks


def _masks(edges: _Edges, owners: _Whole, n_masks: int, size_hw: tuple[int, int]) -> list[RLE]:
    """Make masks of all edges of their rings.

    Args:
        edges: Ring after ring.
        owners: (R,) the mask of each ring; below `n_masks` for those that have edges here.
        n_masks: How many masks there are.
        size_hw: Their (height, width).
    """
    height, width = size_hw
    # All masks lie in a row; a place more for each keeps the end of one from the start of the next.
    stride = height * width + 1
    level, steep = edges.where(~edges.is_steep), edges.where(edges.is_steep)
    changes = np.concatenate(
        (_changes(level, _level_y, height, stride), _changes(steep, _steep_y, height, stride))
    )
    changes.sort()
    # A ring is closed: it changes each column an even number of times.
    starts, ends = changes[::2], changes[1::2]
    filled = ends > starts
    starts, ends = starts[filled], ends[filled]
    ring = starts // stride
    shift = (owners[ring] - ring) * stride
    starts, ends = np.sort(starts + shift), np.sort(ends + shift)
    gap = starts[1:] > ends[:-1]
    any_run = np.ones(min(starts.size, 1), np.bool_)
    starts, ends = starts[np.concatenate((any_run, gap))], ends[np.concatenate((gap, any_run))]
    n_runs = np.bincount(starts // stride, minlength=n_masks)
    borders = np.arange(n_masks) * stride
    edges_of_runs = np.sort(np.concatenate((borders, starts, ends, borders + (stride - 1))))
    counts = (edges_of_runs[1:] - edges_of_runs[:-1]).astype(np.int32)
    last = np.cumsum(2 * n_runs + 2)
    return [
        rle.from_counts(size_hw, counts[start:stop], shortest=True)
        for start, stop in zip((last - 2 * n_runs - 2).tolist(), (last - 1).tolist(), strict=True)
    ]


def _changes(edges: _Edges, y_of: _YOf, height: int, stride: int) -> _Whole:
    """Places where edges change the mask of their ring, down the columns, in no order."""
    which = np.repeat(np.arange(edges.ring.size), edges.n_columns)
    before = np.cumsum(edges.n_columns) - edges.n_columns
    column = np.arange(which.size) + (edges.first - before)[which]
    y = y_of(edges, which, column)
    row = np.minimum(np.maximum((y - _MIDDLE - 1) // _FINE + 1, 0), height)
    return (edges.ring * stride)[which] + column * height + row


def _level_y(edges: _Edges, which: NDArray[np.intp], column: _Whole) -> _Whole:
    """Upper end, on the grid, of the step past the middle; steps go one point to the right."""
    slope = (edges.y2 - edges.y1) / (edges.x2 - edges.x1)
    n_steps = _FINE * column + (_MIDDLE - edges.x1 + (slope < 0))[which]
    y: _Whole = (edges.y1[which] + slope[which] * n_steps + 0.5).astype(np.int64)
    return y


def _steep_y(edges: _Edges, which: NDArray[np.intp], column: _Whole) -> _Whole:
    """Upper end, on the grid, of the step past the middle; steps go one point down."""
    slope = ((edges.x2 - edges.x1) / (edges.y2 - edges.y1))[which]
    x = edges.x1[which]
    right = _FINE * column + (_MIDDLE + 1)  # the first point to the right of the middle
    # The step nearest to the passage ends either just before it or just behind it.
    nearest = np.rint((right - 0.5 - x) / slope)
    is_right = x + slope * nearest + 0.5 >= right
    y: _Whole = edges.y1[which] + nearest.astype(np.int64) + (is_right == (slope < 0)) - 1
    return y
