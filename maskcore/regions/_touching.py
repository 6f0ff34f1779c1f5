"""Objects that touch, taken apart at their necks.

A pixel's height is its distance to the outside, so an object is a hill and the neck between two
objects a pass. Every pixel belongs to the summit it climbs to (the watershed of the distance
transform); hills whose pass is hardly lower than their summit are one (P. Soille, Morphological
Image Analysis, 2nd ed., 2003, 9.4: dynamics).
"""

from __future__ import annotations

import operator
from typing import SupportsIndex, cast

import cv2
import numpy as np
from numpy.typing import NDArray

from maskcore import checks, masks
from maskcore.errors import MaskcoreError
from maskcore.types import LabelMap, Mask

_MAX_LABEL = 65_535
_STAIR = 0.75  # pixels: what the steps of a straight, slanting outline add to the heights
_BEFORE = ((-1, -1), (-1, 0), (-1, 1), (0, -1))  # neighbors with a smaller place, row by row
_AFTER = ((0, 1), (1, -1), (1, 0), (1, 1))

_Heights = NDArray[np.float32]
_Numbers = NDArray[np.int32]
_Places = NDArray[np.int64]


def split_touching(
    mask: Mask,
    *,
    min_distance: float | SupportsIndex = 5,
    neck: float = 0.9,
    max_hole: SupportsIndex = 0,
) -> LabelMap:
    """Number the objects of a mask, and take those apart that touch or overlap a little.

    Args:
        mask: (H, W).
        min_distance: Pixels; objects whose middles are nearer are one.
        neck: Above 0, at most 1: the widest that a neck may be to be cut, as a share of the width
            of the smaller of the two objects. 1 cuts at every dent.
        max_hole: Pixels; a hole that is not larger makes no neck. It stays outside all the same.

    Returns:
        (H, W): 0 outside, 1, 2, 3, ... for the objects, in the order of their middles from top to
        bottom. uint8 for up to 255 objects, else uint16.

    Raises:
        ValueError: If ``min_distance`` or ``max_hole`` is negative or ``neck`` is out of range.
        MaskcoreError: If there are more than 65,535 objects.
    """
    checks.mask(mask)
    least, hole = float(min_distance), operator.index(max_hole)
    if not least >= 0:
        raise ValueError(f"min_distance must be at least 0, got {min_distance}")
    if not 0 < neck <= 1:
        raise ValueError(f"neck must be above 0 and at most 1, got {neck}")
    if hole < 0:
        raise ValueError(f"max_hole must be at least 0, got {hole}")
    x1, y1, x2, y2 = masks.box(mask)
    if not x2:
        return np.zeros(mask.shape, np.uint8)
    # Beyond the frame is outside, so that a hill ends there.
    part = mask[y1:y2, x1:x2]
    inside = np.pad(masks.fill_holes(part, hole) if hole else part, 1)
    heights = np.asarray(
        cv2.distanceTransform(inside.view(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE), np.float32
    )
    hills, summits = _hills(heights)
    table = _joined(heights, hills, summits, least, neck)
    count = int(table.max())
    if count > _MAX_LABEL:
        raise MaskcoreError(
            f"The mask falls into {count:,} objects, more than {_MAX_LABEL:,}; drop its specks."
        )
    labels = np.zeros(mask.shape, np.uint8 if count < 256 else np.uint16)
    labels[y1:y2, x1:x2] = table.astype(labels.dtype)[hills[1:-1, 1:-1]] * part
    return cast("LabelMap", labels)


def _hills(heights: _Heights) -> tuple[_Numbers, _Places]:
    """Let every pixel climb by the steepest way.

    Args:
        heights: (H, W), 0 outside and along the frame.

    Returns:
        (H, W) number of the hill, 0 outside, and (N,) the flat place of each summit, ascending.
    """
    inner = heights[1:-1, 1:-1]
    best, step = inner.copy(), np.zeros(inner.shape, np.int32)
    # Level ground leads to the smallest place, so that a plateau is one hill and not many.
    for neighbors, wins in ((_BEFORE, np.greater_equal), (_AFTER, np.greater)):
        for dy, dx in neighbors:
            there = heights[1 + dy : heights.shape[0] - 1 + dy, 1 + dx : heights.shape[1] - 1 + dx]
            higher = wins(there, best)
            np.copyto(best, there, where=higher)
            np.copyto(step, dy * heights.shape[1] + dx, where=higher)
    upward = np.arange(heights.size, dtype=np.int32)
    upward.reshape(heights.shape)[1:-1, 1:-1] += step
    places = np.flatnonzero(heights)
    summits = places[upward[places] == places]
    ways = upward[places]
    while True:
        further = upward[ways]
        if np.array_equal(further, ways):
            break
        upward[places] = ways = further
    numbers = np.zeros(upward.size, np.int32)
    numbers[summits] = np.arange(1, summits.size + 1)
    numbers[places] = numbers[ways]
    return numbers.reshape(heights.shape), summits


def _joined(
    heights: _Heights, hills: _Numbers, summits: _Places, least: float, neck: float
) -> _Numbers:
    """Return the number of the object of each hill, (N + 1,), 0 for 0.

    From the highest pass down, the lower summit joins the higher one if the two are one object.
    """
    tops = [0.0, *heights.reshape(-1)[summits].tolist()]
    ys, xs = (places.tolist() for places in np.divmod(summits, heights.shape[1]))
    ys, xs = [0, *ys], [0, *xs]
    over = list(range(len(tops)))

    def summit(hill: int) -> int:
        while over[hill] != hill:
            over[hill] = over[over[hill]]
            hill = over[hill]
        return hill

    for first, second, height in _passes(heights, hills):
        higher, lower = summit(first), summit(second)
        if higher == lower:
            continue
        if tops[higher] < tops[lower]:
            higher, lower = lower, higher
        dent = tops[lower] - height
        is_near = (ys[higher] - ys[lower]) ** 2 + (xs[higher] - xs[lower]) ** 2 < least**2
        if is_near or dent <= (1 - neck) * tops[lower] or dent < _STAIR:
            over[lower] = higher
    roots = np.array([summit(hill) for hill in range(len(over))])
    return np.unique(roots, return_inverse=True)[1].astype(np.int32)


def _passes(heights: _Heights, hills: _Numbers) -> list[tuple[int, int, float]]:
    """Return (hill, hill, height of the pass between them) of neighbors, the highest first."""
    found: list[tuple[_Places, _Heights]] = []
    count = int(hills.max()) + 1
    for dy, dx in _AFTER:
        here = np.s_[: hills.shape[0] - dy, max(-dx, 0) : hills.shape[1] - max(dx, 0)]
        there = np.s_[dy:, max(dx, 0) : hills.shape[1] - max(-dx, 0)]
        apart = (hills[here] != hills[there]) & (hills[here] > 0) & (hills[there] > 0)
        one, other = hills[here][apart].astype(np.int64), hills[there][apart].astype(np.int64)
        pairs = np.minimum(one, other) * count + np.maximum(one, other)
        found.append((pairs, np.minimum(heights[here][apart], heights[there][apart])))
    pairs = np.concatenate([keys for keys, _ in found])
    passes = np.concatenate([lowest for _, lowest in found])
    order = np.lexsort((-passes, pairs))
    pairs, passes = pairs[order], passes[order]
    highest = np.flatnonzero(np.diff(pairs, prepend=-1))
    pairs, passes = pairs[highest], passes[highest]
    order = np.argsort(-passes, kind="stable")
    firsts, seconds = np.divmod(pairs[order], count)
    return list(zip(firsts.tolist(), seconds.tolist(), passes[order].tolist(), strict=True))
