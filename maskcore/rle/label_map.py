"""From a map of labels to a mask for each of them, at the cost of one pass over the map."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from maskcore import rle
from maskcore.arrays import row_major
from maskcore.rle import RLE


def encode(labels: NDArray[np.integer[Any]]) -> dict[int, RLE]:
    """Run-length encode every label of a map.

    The time depends on the pixels and on the runs, not on how many labels there are.

    Args:
        labels: (H, W) integers of any width, in any memory order; not changed.

    Returns:
        Label -> the pixels that have it, in ascending order; 0 is a label like any other.

    Raises:
        ValueError: If the array is not 2-D, has no pixel or does not hold integers.
    """
    if not isinstance(labels, np.ndarray):
        raise TypeError(f"labels must be a numpy array, got {type(labels).__name__}")
    if labels.dtype.kind not in "iu":
        raise ValueError(f"labels must be integers, got {labels.dtype}")
    if labels.ndim != 2 or labels.size == 0:
        raise ValueError(f"labels must be 2-D and not empty, got shape {labels.shape}")
    height, width = labels.shape
    native = labels.astype(labels.dtype.newbyteorder("="), copy=False)
    flat = row_major(native.T).reshape(-1)  # down the columns
    changes = np.flatnonzero(flat[1:] != flat[:-1]) + 1
    starts = np.concatenate(([0], changes))
    ends = np.append(changes, flat.size)
    values = flat[starts]
    order = np.argsort(values, kind="stable")
    values, starts, ends = values[order], starts[order], ends[order]
    firsts = np.concatenate(([0], np.flatnonzero(values[1:] != values[:-1]) + 1))
    return {
        int(values[first]): rle.from_starts_and_ends((height, width), starts[one], ends[one])
        for first, last in zip(firsts, [*firsts[1:], values.size], strict=True)
        for one in [slice(first, last)]
    }
