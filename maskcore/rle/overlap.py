"""How much each mask has in common with each other one, on the runs of all of them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from maskcore import checks, rle
from maskcore.rle import RLE


def intersection_areas(masks: Sequence[RLE]) -> NDArray[np.int64]:
    """Count the pixels that each two masks share.

    Args:
        masks: Of one size; N of them.

    Returns:
        (N, N), symmetric; the areas of the masks on the diagonal.

    Raises:
        ValueError: If the sizes differ.
    """
    for r in masks:
        checks.same_size(r.size_hw, masks[0].size_hw, "every mask")
    shared = np.diag(np.array([rle.area(r) for r in masks], np.int64))
    boxes = np.array([rle.box(r) for r in masks], np.int64).reshape(-1, 4)
    runs = [rle.starts_and_ends(r) for r in masks]
    for i, r in enumerate(masks[:-1]):
        later = boxes[i + 1 :]
        near = (later[:, :2] < boxes[i, 2:]) & (boxes[i, :2] < later[:, 2:])
        others = i + 1 + np.flatnonzero(near.all(axis=1))
        if others.size:
            areas = _areas_in_common(r, [runs[j] for j in others])
            shared[i, others] = shared[others, i] = areas
    return shared


def _areas_in_common(
    r: RLE, runs: Sequence[tuple[NDArray[np.int64], NDArray[np.int64]]]
) -> NDArray[np.int64]:
    """Pixels of `r` in the runs of each of the others, which have at least one.

    How many pixels of the mask come before a place grows by 1 from pixel to pixel along its runs
    and stays as it is between them. So it is known everywhere from its values at the ends of the
    runs, exactly: float64 holds whole numbers of this size.
    """
    edges = np.concatenate(([0], np.cumsum(r.counts, dtype=np.int64)))
    before = np.zeros(edges.size, np.int64)
    before[2::2] = np.cumsum(r.counts[1::2], dtype=np.int64)
    before[3::2] = before[2:-1:2]
    lengths = np.array([starts.size for starts, _ in runs])
    starts = np.concatenate([starts for starts, _ in runs])
    ends = np.concatenate([ends for _, ends in runs])
    inside = np.interp(ends, edges, before) - np.interp(starts, edges, before)
    return np.add.reduceat(inside, np.cumsum(lengths) - lengths).astype(np.int64)


def iou_matrix(masks: Sequence[RLE]) -> NDArray[np.float64]:
    """Intersection over union of each two masks.

    Args:
        masks: Of one size; N of them.

    Returns:
        (N, N), symmetric, 0 to 1. An empty mask has 0 everywhere, also with itself.

    Raises:
        ValueError: If the sizes differ.
    """
    shared = intersection_areas(masks)
    areas = np.diagonal(shared)
    united = areas[:, None] + areas - shared
    return np.asarray(shared / np.maximum(united, 1), np.float64)
