"""Masks: grown, cleaned up, split, outlined, as polygons, reduced, many as one map of ids.

Union, intersection, difference and the like need no pixels: they are in `rle`.
"""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import SupportsIndex

import cv2
import numpy as np
from numpy.typing import NDArray

from maskcore import checks, rle
from maskcore.arrays import is_column_major
from maskcore.masks import morphology
from maskcore.masks.morphology import (
    close as close,
    grow as grow,
    open as open,
    shrink as shrink,
    smooth as smooth,
)
from maskcore.masks.parts import (
    box as box,
    count_holes as count_holes,
    count_parts as count_parts,
    drop_specks as drop_specks,
    fill_holes as fill_holes,
    keep_largest as keep_largest,
    split as split,
)
from maskcore.masks.polygons import (
    Polygon as Polygon,
    mask_to_polygons as mask_to_polygons,
    polygons_to_mask as polygons_to_mask,
)
from maskcore.rle.columns import column_runs
from maskcore.types import LabelMap, Mask

_MAX_ID = 65_535


def perimeter(mask: Mask) -> int:
    """Count the pixel edges between inside and outside.

    Args:
        mask: (H, W).

    Returns:
        The number of pairs of 4-neighbors of which one is inside and one is not. The frame of
        the image is no edge: a full mask has a perimeter of 0.
    """
    checks.mask(mask)
    across = np.count_nonzero(mask[:, 1:] ^ mask[:, :-1])
    down = np.count_nonzero(mask[1:] ^ mask[:-1])
    return int(across + down)


def outline(mask: Mask, width: int = 1) -> Mask:
    """Keep only the rim of a mask.

    Args:
        mask: (H, W).
        width: Pixels, at least 1. The time grows with its square.

    Returns:
        (H, W): the inside pixels that have an outside pixel within the Euclidean distance
        ``width``. Beyond the frame counts as inside, so no line runs along it.

    Raises:
        ValueError: If ``width`` is less than 1.
    """
    checks.mask(mask)
    if width < 1:
        raise ValueError(f"width must be at least 1, got {width}")
    if is_column_major(mask):
        return outline(mask.T, width).T
    pixels = mask.view(np.uint8)
    # By default OpenCV erodes as if beyond the frame were inside.
    core: NDArray[np.uint8] = cv2.erode(pixels, morphology.disk(width))  # type: ignore[assignment]
    return (pixels ^ core).view(np.bool_)


def label_map(masks: Sequence[rle.RLE], *, ids: Sequence[SupportsIndex] | None = None) -> LabelMap:
    """Draw masks of one size into one map.

    Args:
        masks: At least one; where they overlap, the later one wins.
        ids: One per mask, 1 to 65,535; by default 1, 2, 3, ... Several masks may share one.

    Returns:
        (H, W), 0 is outside all masks; uint8 if every id is below 256, else uint16.

    Raises:
        ValueError: If there is no mask, the sizes differ, or an id is missing or out of range.
    """
    if not masks:
        raise ValueError("masks must hold at least one mask, got none")
    numbers = range(1, len(masks) + 1) if ids is None else [operator.index(i) for i in ids]
    if len(numbers) != len(masks):
        raise ValueError(f"ids must be one per mask, got {len(numbers)} for {len(masks)} masks")
    if min(numbers) < 1 or max(numbers) > _MAX_ID:
        raise ValueError(f"ids must be 1 to {_MAX_ID}, got {min(numbers)} to {max(numbers)}")
    size_hw = masks[0].size_hw
    for r in masks:
        checks.same_size(r.size_hw, size_hw, "every mask")
    labels = np.zeros(size_hw, np.uint8 if max(numbers) <= np.iinfo(np.uint8).max else np.uint16)
    for r, number in zip(masks, numbers, strict=True):
        x1, y1, x2, y2 = box = rle.box(r)
        labels[y1:y2, x1:x2][rle.decode(r, box=box)] = number
    return labels


def reduce(r: rle.RLE, size_hw: Sequence[SupportsIndex]) -> rle.RLE:
    """Scale a mask down for display, on its runs, without losing thin parts.

    A pixel of the result is inside if at least half of the pixels that it stands for are, or as
    many as a straight line one pixel wide through it has. A mask too small for either keeps
    every pixel that it touches, so only an empty mask becomes empty.

    Args:
        r: The mask.
        size_hw: (height, width) of the result, no larger than the mask.

    Returns:
        The mask at the new size.

    Raises:
        ValueError: If the new size is larger than the mask in either direction.
    """
    new_hw = checks.size_hw(size_hw)
    if new_hw[0] > r.size_hw[0] or new_hw[1] > r.size_hw[1]:
        raise ValueError(f"size_hw must be at most {r.size_hw}, got {new_hw}")
    if new_hw == r.size_hw:
        return r
    if r.counts.size == 1:
        return rle.empty(new_hw)
    # One edge more than there are cells: the cell below the last row is empty.
    row_edges, column_edges = (
        np.minimum(np.arange(new + 2) * old // new, old)
        for new, old in zip(new_hw, r.size_hw, strict=True)
    )
    covered, (y1, x1) = _covered(r, row_edges, column_edges)
    n_rows, n_columns = covered.shape
    heights = np.diff(row_edges)[y1 : y1 + n_rows, None]
    widths = np.diff(column_edges)[x1 : x1 + n_columns]
    inside = covered >= np.minimum(heights * widths / 2, np.minimum(heights, widths))
    if not inside.any():
        inside = covered > 0
    reduced = np.zeros(new_hw, np.bool_)
    reduced[y1 : y1 + n_rows, x1 : x1 + n_columns] = inside
    return rle.encode(reduced)


def _covered(
    r: rle.RLE, row_edges: NDArray[np.int64], column_edges: NDArray[np.int64]
) -> tuple[NDArray[np.float64], tuple[int, int]]:
    """Count the inside pixels of each cell of a grid, in the smallest box of cells.

    A run covers what lies below its top less what lies below its bottom: the rest of the cell
    that holds the edge and the whole of every cell further down.
    """
    columns, tops, bottoms = column_runs(r)
    cell_columns = np.searchsorted(column_edges, columns, side="right") - 1
    cell_tops = np.searchsorted(row_edges, tops, side="right") - 1
    last = row_edges.size - 2
    cell_bottoms = np.minimum(np.searchsorted(row_edges, bottoms, side="right") - 1, last)
    y1, x1 = int(cell_tops.min()), int(cell_columns[0])
    shape = int(cell_columns[-1]) + 1 - x1, int(cell_bottoms.max()) + 1 - y1
    top_places, bottom_places = (
        (cell_columns - x1) * shape[1] + rows - y1 for rows in (cell_tops, cell_bottoms)
    )
    size = shape[0] * shape[1]
    rest = np.bincount(top_places, row_edges[cell_tops + 1] - tops, size)
    rest -= np.bincount(bottom_places, row_edges[cell_bottoms + 1] - bottoms, size)
    open_runs = np.bincount(top_places, minlength=size) - np.bincount(bottom_places, minlength=size)
    whole = open_runs.reshape(shape)
    whole = whole.cumsum(axis=1) - whole
    heights = np.diff(row_edges)[y1 : y1 + shape[1]]
    covered = (rest.reshape(shape) + whole * heights).T  # (rows, columns)
    return covered[: last - y1], (y1, x1)
