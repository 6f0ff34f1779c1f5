"""Masks as polygons and back.

Coordinates are x, y in pixels with the origin at the image's top left corner: the pixel in row y
and column x is the square from (x, y) to (x + 1, y + 1), its center (x + 0.5, y + 0.5).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import SupportsIndex

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray

from maskcore import checks, rle
from maskcore.arrays import row_major
from maskcore.masks.parts import box, connected_components
from maskcore.rle import changes as rle_changes
from maskcore.types import Mask

Polygon = list[NDArray[np.int32]]
"""Closed rings, each (N, 2) x, y without a repeated point: the outline, then its holes."""

_Places = NDArray[np.int64]

_FARTHEST = 1e9


def mask_to_polygons(mask: Mask, *, tolerance: float = 0) -> list[Polygon]:
    """Trace the outlines of a mask.

    Args:
        mask: (H, W).
        tolerance: Pixels by which an outline may be off, to have fewer corners (Douglas and
            Peucker, 1973). With 0 outlines run along the edges of the pixels, and
            `polygons_to_mask` gives the very mask back. Rings that become flat are left out.

    Returns:
        A polygon per 8-connected part, in the order in which their topmost edges are read.
        Outlines run clockwise as seen on the image, holes counterclockwise. Corners are corners
        of pixels, 0 to the width and height. Where pixels touch at a corner only, a ring may
        touch itself or another one.

    Raises:
        ValueError: If the tolerance is negative or no number.
    """
    if not tolerance >= 0:
        raise ValueError(f"tolerance must be at least 0, got {tolerance}")
    x1, y1, x2, y2 = box(mask)
    crop = row_major(mask[y1:y2, x1:x2])
    padded = np.zeros((y2 - y1 + 2, x2 - x1 + 2), np.bool_)
    padded[1:-1, 1:-1] = crop
    tails, heads, n_right = _level_edges(padded)
    order, lengths = _rings(tails, heads, n_right, padded.shape[0])
    corners = np.stack((tails[order], heads[order]), axis=1).reshape(-1, 2)
    corners += np.array((x1, y1))
    # Every ring begins with an edge from left to right, which has the mask below it.
    beginnings = order[np.cumsum(lengths) - lengths]
    outer = _turn(corners, 2 * lengths) > 0
    parts = np.cumsum(outer)
    if not outer.all():
        _, numbers = connected_components(crop, connectivity=8)
        parts = numbers[tails[beginnings, 1], tails[beginnings, 0]]
    polygons: dict[int, Polygon] = {int(part): [] for part in parts[outer]}
    rings = np.split(corners.astype(np.int32), np.cumsum(2 * lengths)[:-1])
    for i in np.argsort(~outer, kind="stable").tolist() if rings else ():
        polygons[int(parts[i])].append(rings[i])
    if tolerance == 0:
        return list(polygons.values())
    simpler = [_simpler(polygon, tolerance) for polygon in polygons.values()]
    return [polygon for polygon in simpler if polygon]


def polygons_to_mask(
    polygons: Iterable[Sequence[ArrayLike]], size_hw: Sequence[SupportsIndex]
) -> Mask:
    """Fill polygons.

    Args:
        polygons: Lists of rings, (N, 2) x, y, closed or not, with N at least 3. What lies outside
            of the image is cut off.
        size_hw: (height, width) of the mask.

    Returns:
        (H, W): the pixels whose center lies inside an odd number of rings of one or more of the
        polygons. A center on an outline is inside if that is the polygon's upper side there, or
        its left side where it is upright. In column-major memory order, as from `rle.decode`.

    Raises:
        ValueError: If a ring has another shape, or a coordinate is not finite or above 1e9.
    """
    return rle.decode(polygons_to_rle(polygons, size_hw))


def polygons_to_rle(
    polygons: Iterable[Sequence[ArrayLike]], size_hw: Sequence[SupportsIndex]
) -> rle.RLE:
    """Fill polygons; arguments, result and errors as of `polygons_to_mask`."""
    size = checks.size_hw(size_hw)
    filled = [_filled([_ring(ring) for ring in rings], size) for rings in polygons]
    return filled[0] if len(filled) == 1 else rle.union([rle.empty(size), *filled])


def _level_edges(padded: Mask) -> tuple[_Places, _Places, int]:
    """Find the level edges of a mask that has an empty frame one pixel wide.

    Returns:
        (N, 2) x, y of where each begins and (N, 2) of where it ends, such that the mask is to the
        right of somebody who walks along it; the edges from left to right come first, and how
        many they are.
    """
    above, below = padded[:-1], padded[1:]
    starts, ends = [], []
    for edge in (below > above, above > below):
        places = rle_changes.along(edge.reshape(-1))
        y = places // padded.shape[1]
        points = np.stack((places - y * padded.shape[1] - 1, y), axis=1)
        starts.append(points[::2])
        ends.append(points[1::2])
    tails = np.concatenate((starts[0], ends[1]))
    heads = np.concatenate((ends[0], starts[1]))
    return tails, heads, len(starts[0])


def _rings(
    tails: _Places, heads: _Places, n_right: int, height: int
) -> tuple[NDArray[np.intp], _Places]:
    """Link level edges to rings.

    Returns:
        (N,) the edges, ring after ring, and (R,) how many each ring has.
    """
    n_left = len(tails) - n_right
    right, left = np.split(np.arange(len(tails)), [n_right])
    # Down a column of corners, every other stretch between two is an upright edge. Where pixels
    # touch at a corner there are two corners in one: the first ends the edge above, the second
    # begins the edge below. Edges to the right first means to go on along the other pixel then.
    ends = np.concatenate((tails[:n_right], heads[:n_right], tails[n_right:], heads[n_right:]))
    edges = np.concatenate((right, right, left, left))
    is_head = np.repeat([False, True, False, True], [n_right, n_right, n_left, n_left])
    down = np.argsort(ends[:, 0] * height + ends[:, 1], kind="stable")
    upper, lower = down[::2], down[1::2]
    enters_above = is_head[upper]
    following = np.empty(len(tails), np.intp)
    following[edges[np.where(enters_above, upper, lower)]] = edges[
        np.where(enters_above, lower, upper)
    ]
    links = following.tolist()
    ring_by_ring: list[int] = []
    lengths = []
    for edge in range(n_right):
        before = len(ring_by_ring)
        while (after := links[edge]) >= 0:
            ring_by_ring.append(edge)
            links[edge] = -1
            edge = after
        if len(ring_by_ring) > before:
            lengths.append(len(ring_by_ring) - before)
    return np.array(ring_by_ring, np.intp), np.array(lengths, np.int64)


def _turn(corners: _Places, lengths: _Places) -> _Places:
    """(R,) area of each ring, positive if it runs clockwise as seen on the image."""
    under = (corners[::2, 0] - corners[1::2, 0]) * corners[::2, 1]  # of every level edge
    first = np.cumsum(lengths // 2) - lengths // 2
    return np.add.reduceat(under, first) if under.size else under


def _simpler(polygon: Polygon, tolerance: float) -> Polygon:
    rings = [cv2.approxPolyDP(ring, tolerance, True).reshape(-1, 2) for ring in polygon]
    if len(rings[0]) < 3:
        return []
    return [ring.astype(np.int32, copy=False) for ring in rings if len(ring) >= 3]


def _ring(points: ArrayLike) -> NDArray[np.float64]:
    ring = np.asarray(points, np.float64)
    if ring.ndim != 2 or ring.shape[1] != 2 or len(ring) < 3:
        raise ValueError(f"a ring must have shape (N, 2) with N at least 3, got {ring.shape}")
    if not (np.abs(ring) < _FARTHEST).all():
        raise ValueError("a ring must have finite coordinates, below 1e9")
    return ring


def _filled(rings: Sequence[NDArray[np.float64]], size_hw: tuple[int, int]) -> rle.RLE:
    """Return the mask of one polygon.

    Down a column of centers the inside begins and ends where an edge crosses it.
    """
    height, width = size_hw
    tails = np.concatenate([np.zeros((0, 2)), *rings])
    heads = np.concatenate([np.zeros((0, 2)), *(np.roll(ring, -1, axis=0) for ring in rings)])
    leftward = (tails[:, 0] > heads[:, 0])[:, None]
    lefts, rights = np.where(leftward, heads, tails), np.where(leftward, tails, heads)
    first, last = (
        np.clip(np.ceil(ends[:, 0] - 0.5), 0, width).astype(np.int64) for ends in (lefts, rights)
    )
    n_columns = last - first
    before = np.cumsum(n_columns) - n_columns
    columns = np.arange(n_columns.sum()) + np.repeat(first - before, n_columns)
    left_x, left_y = lefts.repeat(n_columns, axis=0).T
    run, rise = (rights - lefts).repeat(n_columns, axis=0).T
    y = left_y + (columns + 0.5 - left_x) * rise / run
    rows = np.clip(np.ceil(y - 0.5), 0, height).astype(np.int64)
    crossings = np.sort(columns * height + rows)
    return rle.from_starts_and_ends(size_hw, crossings[::2], crossings[1::2])
