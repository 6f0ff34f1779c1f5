"""k-means on points that stand for many pixels each: weights instead of repeats.

Lloyd's iteration from the best of some greedy k-means++ starts (Arthur and Vassilvitskii, 2007).
Weighted colors instead of pixels: Celebi, "Improving the performance of k-means for color
quantization" (2011), https://arxiv.org/abs/1101.0395. Cells that one center owns as a whole move
as one: Kanungo et al., "An efficient k-means clustering algorithm" (2002).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from maskcore.kmeans import lloyd
from maskcore.kmeans.cells import Colors, Histogram, Positions, positions

_STARTS = 8
_EXACT_STARTS = 48
_FIRST_STEPS = 6
_STEPS = 15
_POINTS_PER_CENTER = 16
_EXACT_STEPS = 300
_EXACT_SHIFT = 0.05
_MARGIN = 1e-6


class Owners(NamedTuple):
    """Which center is nearest: to the middle of each cell, and whether to all of the cell."""

    labels: NDArray[np.uint8]
    whole: NDArray[np.bool_]


def fit(histogram: Histogram, n_clusters: int, *, seed: int) -> Positions:
    """Find the centers, taking all colors of a cell for its middle.

    Args:
        histogram: At least ``n_clusters`` cells.
        n_clusters: K.
        seed: Of the starts.

    Returns:
        (K, 3) in the space of the histogram.
    """
    return _fit_cells(histogram, n_clusters, _STARTS, seed)


def fit_colors(histogram: Histogram, n_clusters: int, *, seed: int) -> Positions:
    """Find the centers on every single color: Lloyd's iteration until they rest.

    Args:
        histogram: With its colors.
        n_clusters: K, or more than there are colors.
        seed: Of the starts.

    Returns:
        (K, 3) in the space of the histogram, each within 0.05 of the mean of its pixels.
    """
    colors = histogram.colors
    if colors is None:
        raise ValueError("histogram must be counted with exact=True")
    places = len(colors.counts)
    n_clusters = min(n_clusters, places)
    if len(histogram.cells) < _POINTS_PER_CENTER * n_clusters or (
        histogram.has_few_cells and places <= 4096
    ):
        points = positions(colors.values, histogram.space)
        groups = np.repeat(histogram.cells, np.diff(colors.starts, append=places))
        centers = _fit(points, colors.counts, groups, n_clusters, _EXACT_STARTS, seed)
    else:
        centers = _fit_cells(histogram, n_clusters, _EXACT_STARTS, seed)
    return _settled(histogram, colors, centers)


def owners(histogram: Histogram, centers: Positions, *, exact: bool = True) -> Owners:
    """Find the nearest center of each occupied cell.

    A center is nearest to the whole of a cell if it is so at the corner that is worst for it;
    unless ``exact``, the middle is enough.
    """
    points = histogram.middles
    labels = lloyd.nearest(points, centers)
    if not exact:
        return Owners(labels, np.ones(len(labels), np.bool_))
    # (K, K) by how much a center can gain on another between the middle and a corner of a cell.
    gains = 2 * np.abs(centers[:, None] - centers[None]) @ histogram.half_sides() + _MARGIN
    np.fill_diagonal(gains, 0)
    whole = np.empty(points.shape[1], np.bool_)
    for part in lloyd.parts(points.shape[1], len(centers)):
        scores = lloyd.scores_of(points[:, part], centers)
        whole[part] = (scores >= scores.min(0) + gains.take(labels[part], 1)).all(0)
    return Owners(labels, whole)


def _fit_cells(histogram: Histogram, n_clusters: int, n_starts: int, seed: int) -> Positions:
    points = histogram.middles
    return _fit(points, histogram.counts, histogram.cells, n_clusters, n_starts, seed)


def _fit(
    points: Positions,
    counts: NDArray[np.int64],
    groups: NDArray[np.int64],
    n_clusters: int,
    n_starts: int,
    seed: int,
) -> Positions:
    """Try some starts on groups of points, few bits a channel, and refine the best of them."""
    rng = np.random.default_rng(seed)
    weighted: Positions = np.vstack([points * counts, counts])
    levels, keys = [weighted], groups
    for n_bits in (4, 3):
        grouped, keys = _grouped(levels[0], keys, n_bits)
        if len(keys) < _POINTS_PER_CENTER * n_clusters:
            break
        levels.insert(0, grouped)
    n_starts = min(n_starts, 1 + _STARTS * n_starts // n_clusters)
    first = levels[0][:3] / levels[0][3]
    starts = _plus_plus(first, levels[0][3], n_clusters, n_starts, rng)
    tried, costs = lloyd.lloyd(first, levels[0], starts, _FIRST_STEPS)
    centers = tried[[costs.argmin()]]
    for level in levels:
        centers, _ = lloyd.lloyd(level[:3] / level[3], level, centers, _STEPS)
    return lloyd.rounded(centers[0])


def _grouped(
    weighted: NDArray[np.float64], cells: NDArray[np.int64], n_bits: int
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """(4, N), (N,) -> (4, M), (M,) sums over the cells with the same high bits in each channel."""
    mask = (1 << n_bits) - 1
    bits = mask << 5 - n_bits | mask << 11 - n_bits | mask << 16 - n_bits
    sums: NDArray[np.float64] = np.stack([np.bincount(cells & bits, row) for row in weighted])
    keys = np.flatnonzero(sums[3])
    return sums[:, keys], keys


def _plus_plus(
    points: Positions,
    weights: NDArray[np.float64],
    n_clusters: int,
    n_starts: int,
    rng: np.random.Generator,
) -> Positions:
    """(3, N), (N,) -> (S, K, 3) points, each the best of some far from those before it."""
    n_drawn = 2 + int(np.log(n_clusters))  # scikit-learn's number, too
    norms = np.einsum("cn,cn->n", points, points)
    each = np.arange(n_starts)
    chosen = np.empty((n_starts, n_clusters), np.intp)
    squares = np.full((n_starts, len(weights)), np.inf)
    far = np.broadcast_to(weights, squares.shape)
    for k in range(n_clusters):
        sums = far.cumsum(1)
        drawn = rng.random((n_starts, n_drawn)) * sums[:, -1:]
        rows = zip(sums, drawn, strict=True)
        places = np.stack([np.searchsorted(*row, side="right") for row in rows])
        np.minimum(places, len(weights) - 1, out=places)
        closer = lloyd.scores_of(points, points.T[places.reshape(-1)]) + norms
        closer = closer.reshape(n_starts, n_drawn, -1).clip(0)  # (S, D, N)
        np.minimum(closer, squares[:, None], out=closer)
        best = (closer @ weights).argmin(1)
        chosen[:, k] = places[each, best]
        squares = closer[each, best]
        far = squares * weights
    return points.T[chosen]


def _settled(histogram: Histogram, colors: Colors, centers: Positions) -> Positions:
    """Lloyd's iteration on all colors; those of a cell with one owner move as one."""
    cell_sums = histogram.cell_sums()
    sizes = np.diff(colors.starts, append=len(colors.counts))
    n_clusters = len(centers)
    for _ in range(_EXACT_STEPS):
        labels, whole = owners(histogram, centers)
        rest = _ranges(colors.starts[~whole], sizes[~whole])
        points = positions(colors.values.take(rest, 1), histogram.space)
        counts = colors.counts[rest].astype(np.float64)
        weighted = np.vstack([points * counts, counts])
        norms = np.einsum("cn,cn->n", points, points)
        sums, squares = lloyd.sums_under(points, weighted, centers[None], norms)
        owner = np.where(whole, labels, n_clusters)
        sums[0] += np.stack([np.bincount(owner, row, n_clusters + 1) for row in cell_sums], 1)[:-1]
        moved = lloyd.rounded(lloyd.means(points, counts, centers[None], sums, squares)[0])
        if np.abs(moved - centers).max() <= _EXACT_SHIFT:
            break
        centers = moved
    return centers


def _ranges(starts: NDArray[np.int64], sizes: NDArray[np.int64]) -> NDArray[np.int64]:
    """The numbers start, ..., start + size - 1 of each range, one after another."""
    before = sizes.cumsum() - sizes
    places: NDArray[np.int64] = np.repeat(starts - before, sizes)
    places += np.arange(len(places))
    return places
