"""Run-length encoded masks: encode, decode, and geometry on the runs instead of the pixels.

The form is COCO's uncompressed one: run lengths down the columns, left to right, the first run
outside the mask (https://github.com/cocodataset/cocoapi, maskApi.h).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal, SupportsIndex

import numpy as np
from numpy.typing import NDArray

from maskcore import arrays, checks
from maskcore.arrays import Box, Mask
from maskcore.boxes import lies_inside
from maskcore.rle import changes as rle_changes
from maskcore.rle.runs import (
    RLE as RLE,
    from_counts as from_counts,
    from_starts_and_ends as from_starts_and_ends,
)


def empty(size_hw: Sequence[SupportsIndex]) -> RLE:
    """Return the mask of the given (height, width) with nothing inside."""
    height, width = checks.size_hw(size_hw)
    return RLE((height, width), [height * width])


def encode(mask: Mask) -> RLE:
    """Run-length encode a mask.

    Args:
        mask: (H, W) bool, in any memory order.
    """
    checks.mask(mask)
    height, width = mask.shape
    if arrays.is_column_major(mask):
        changes = rle_changes.along(mask.T.reshape(-1))
    else:
        changes = rle_changes.down_columns(mask)
    edges = np.empty(changes.size + 2, np.int64)
    edges[0], edges[1:-1], edges[-1] = 0, changes, mask.size
    counts = np.diff(edges)
    if mask[0, 0]:
        counts = np.concatenate(([0], counts))
    return from_counts((height, width), counts)


def decode(r: RLE, *, box: Box | None = None, order: Literal["C", "F"] = "F") -> Mask:
    """Turn the runs back into pixels.

    Args:
        r: The mask.
        box: Only this part of it, which must lie inside the image.
        order: Of the pixels in memory: "F" is column-major, as the runs are, and the quicker one;
            "C" is row-major and contiguous.

    Returns:
        (H, W) bool, or the size of the box.

    Raises:
        ValueError: If the box does not lie inside the image, or there is no such order.
    """
    if order not in ("C", "F"):
        raise ValueError(f"order must be 'C' or 'F', got {order!r}")
    height, width = r.size_hw
    if box is None:
        pixels = _pixels(r.counts, 1).reshape(width, height).T
    else:
        pixels = _pixels_in_box(r, box)
    return pixels if order == "F" else arrays.row_major(pixels)


def _pixels_in_box(r: RLE, box: Box) -> Mask:
    height, width = r.size_hw
    x1, y1, x2, y2 = box
    if not lies_inside(box, r.size_hw):
        raise ValueError(f"box must lie inside {width} x {height} pixels, got {box}")
    first, last = x1 * height, x2 * height
    ends = np.cumsum(r.counts, dtype=np.int64)
    # The runs of the columns x1 to x2, cut off at both sides.
    skip = int(np.searchsorted(ends, first, side="right"))
    inner = ends[skip : int(np.searchsorted(ends, last, side="left"))]
    edges = np.concatenate(([first], inner, [last]))
    flat = _pixels(np.diff(edges), 1 - skip % 2)
    return flat.reshape(x2 - x1, height).T[y1:y2]


def _pixels(counts: NDArray[np.integer], first_inside: int) -> NDArray[np.bool_]:
    """Spell out the runs; `first_inside` is 0 or 1, the first of them that is inside."""
    inside = np.zeros(counts.size, np.bool_)
    inside[first_inside::2] = True
    return inside.repeat(counts)


def area(r: RLE) -> int:
    """Number of pixels inside the mask."""
    return int(r.counts[1::2].sum())


def box(r: RLE) -> Box:
    """Return the smallest box around the mask; (0, 0, 0, 0) if it is empty."""
    lengths = r.counts[1::2]
    if lengths.size == 0:
        return 0, 0, 0, 0
    height = r.size_hw[0]
    starts = np.cumsum(r.counts, dtype=np.int32)[: lengths.size * 2 : 2]
    columns = starts // height
    tops = starts - columns * height
    bottoms = tops + lengths
    bottom = int(bottoms.max())
    x1, x2 = int(columns[0]), (int(starts[-1] + lengths[-1]) - 1) // height + 1
    # A run that goes on into the next column holds the bottom of one and the top of the other.
    return (x1, 0, x2, height) if bottom > height else (x1, int(tops.min()), x2, bottom)


def starts_and_ends(r: RLE) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """First pixel of each run inside the mask and the pixel after its last, column-major."""
    edges = np.cumsum(r.counts, dtype=np.int64)
    return edges[: edges.size // 2 * 2 : 2], edges[1::2]


def iou(a: RLE, b: RLE) -> float:
    """Intersection over union, 0 to 1; of two empty masks 0.

    Raises:
        ValueError: If the sizes differ.
    """
    starts, ends = _joined_runs([a, b])
    either = int((ends - starts).sum())
    return (area(a) + area(b) - either) / either if either else 0.0


def union(masks: Iterable[RLE]) -> RLE:
    """Return the pixels inside any of the masks; they must be at least one and of one size."""
    every = list(masks)
    if not every:
        raise ValueError("at least one mask is needed, got none")
    return from_starts_and_ends(every[0].size_hw, *_joined_runs(every))


def _joined_runs(masks: Sequence[RLE]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Starts and ends of the runs of the union."""
    for other in masks[1:]:
        checks.same_size(other.size_hw, masks[0].size_hw, "mask")
    runs = [starts_and_ends(r) for r in masks]
    starts = np.sort(np.concatenate([start for start, _ in runs]), kind="stable")
    ends = np.sort(np.concatenate([end for _, end in runs]), kind="stable")
    # The i-th start opens a new run if all i runs before it have ended; touching runs join.
    gap = starts[1:] > ends[:-1]
    any_run = np.ones(min(starts.size, 1), np.bool_)
    return starts[np.concatenate((any_run, gap))], ends[np.concatenate((gap, any_run))]


def intersection(masks: Iterable[RLE]) -> RLE:
    """Return the pixels inside all of the masks; they must be at least one and of one size."""
    return invert(union(invert(r) for r in masks))


def difference(a: RLE, b: RLE) -> RLE:
    """Return the pixels inside a but not inside b."""
    return invert(union([invert(a), b]))


def exclusive_or(masks: Iterable[RLE]) -> RLE:
    """Return the pixels inside an odd number of the masks, of two: inside one but not both.

    The masks must be at least one and of one size.
    """
    every = list(masks)
    if not every:
        raise ValueError("at least one mask is needed, got none")
    for other in every:
        checks.same_size(other.size_hw, every[0].size_hw, "mask")
    edges = np.concatenate([edge for r in every for edge in starts_and_ends(r)])
    places, times = np.unique(edges, return_counts=True)
    changes = places[times % 2 == 1]
    return from_starts_and_ends(every[0].size_hw, changes[::2], changes[1::2])


def invert(r: RLE) -> RLE:
    """Return the pixels outside the mask."""
    if r.counts[0] == 0:
        return from_counts(r.size_hw, r.counts[1:])
    return from_counts(r.size_hw, np.concatenate(([0], r.counts)))


def transpose(r: RLE) -> RLE:
    """Swap rows and columns; the runs of the result are the row-major runs of the mask."""
    return encode(decode(r).T)
