"""The runs of a mask column by column, and a small mask put on a large one by them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from maskcore import rle
from maskcore.arrays import Mask
from maskcore.rle import RLE

_Places = NDArray[np.int64]


def column_runs(r: RLE) -> tuple[_Places, _Places, _Places]:
    """Cut the runs of a mask at the ends of the columns.

    Args:
        r: The mask.

    Returns:
        (N,) column, (N,) first row, (N,) row after the last of every run, in column-major order.
    """
    height = r.size_hw[0]
    starts, ends = rle.starts_and_ends(r)
    first_columns = starts // height
    n_columns = (ends - 1) // height - first_columns + 1
    if starts.size == 0 or n_columns.max() == 1:
        columns = first_columns
    else:
        before = np.cumsum(n_columns) - n_columns
        nth = np.arange(n_columns.sum()) - np.repeat(before, n_columns)
        columns = np.repeat(first_columns, n_columns) + nth
        starts, ends = np.repeat(starts, n_columns), np.repeat(ends, n_columns)
    tops = np.maximum(starts - columns * height, 0)
    bottoms = np.minimum(ends - columns * height, height)
    return columns, tops, bottoms


def place(crop: Mask | RLE, xy: tuple[int, int], size_hw: tuple[int, int]) -> RLE:
    """Return the mask of which a part is given and the rest is outside.

    Args:
        crop: (h, w).
        xy: Where its top left pixel lies, such that all of it is on the mask.
        size_hw: (height, width) of the mask.

    Raises:
        ValueError: If the crop does not lie on the mask.
    """
    part = crop if isinstance(crop, RLE) else rle.encode(crop)
    (x, y), (height, width) = xy, size_hw
    if x < 0 or y < 0 or y + part.size_hw[0] > height or x + part.size_hw[1] > width:
        raise ValueError(f"a crop of size {part.size_hw} at {xy} does not lie on {size_hw}")
    columns, tops, bottoms = column_runs(part)
    before = (columns + x) * height + y
    return rle.from_starts_and_ends(size_hw, before + tops, before + bottoms)
