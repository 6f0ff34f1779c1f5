"""Points and centers: which is nearest, and Lloyd's iteration on points with weights.

S, the number of starts that are iterated side by side, is 1 where there is only one.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from maskcore.kmeans.cells import Positions

# A fit is done where the centers together move less, in units of the colors' variance.
_TOLERANCE = 1e-4
# Scores of this many points and centers stay in the cache, and BLAS takes one thread for them.
_CHUNK = 1 << 16
_STEP = 2.0**-16


def nearest(points: Positions, centers: Positions) -> NDArray[np.uint8]:
    """(3, N), (K, 3) -> (N,) the nearest center, the first of those at equal distance."""
    labels = np.zeros(points.shape[1], np.uint8)
    for part in parts(points.shape[1], len(centers)):
        scores = scores_of(points[:, part], centers)
        is_least = scores == scores.min(0)
        for k in range(len(centers) - 1, -1, -1):
            np.copyto(labels[part], k, where=is_least[k])
    return labels


def rounded(centers: Positions) -> Positions:
    """Round to 1/65,536: distances to 8-bit colors are then exact, so that ties are ties."""
    coarse: Positions = np.round(centers / _STEP) * _STEP
    return coarse


def lloyd(
    points: Positions, weighted: NDArray[np.float64], centers: Positions, n_steps: int
) -> tuple[Positions, NDArray[np.float64]]:
    """(3, N), (4, N), (S, K, 3) -> the centers after some steps, and the cost of each start."""
    total = weighted[3].sum()
    norms = np.einsum("cn,cn->n", points, points)
    mean = weighted[:3].sum(1) / total
    variance = (weighted[3] * norms).sum() / total - (mean * mean).sum()
    for _ in range(n_steps):
        sums, squares = sums_under(points, weighted, centers, norms)
        moved = means(points, weighted[3], centers, sums, squares)
        shift = ((moved - centers) ** 2).sum((1, 2)).max()
        centers = moved
        if shift <= _TOLERANCE * variance:
            break
    return centers, squares @ weighted[3]


def sums_under(
    points: Positions,
    weighted: NDArray[np.float64],
    centers: Positions,
    norms: NDArray[np.float64],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Sums (S, K, 4) of the points nearest to each center; squared distances (S, N)."""
    n_starts, n_clusters = centers.shape[:2]
    flat = centers.reshape(-1, 3)
    totals = np.zeros((len(flat), 4))
    squares = np.empty((n_starts, points.shape[1]))
    for part in parts(points.shape[1], len(flat)):
        scores = scores_of(points[:, part], flat).reshape(n_starts, n_clusters, -1)
        least = scores.min(1)
        is_least = scores == least[:, None]
        if np.count_nonzero(is_least) > least.size:
            is_least = np.arange(n_clusters)[:, None] == scores.argmin(1)[:, None]
        totals += is_least.reshape(len(flat), -1).astype(np.float64) @ weighted[:, part].T
        squares[:, part] = least + norms[part]
    return totals.reshape(n_starts, n_clusters, 4), squares


def means(
    points: Positions,
    weights: NDArray[np.float64],
    centers: Positions,
    sums: NDArray[np.float64],
    squares: NDArray[np.float64],
) -> Positions:
    """The centers moved to the means; one without points moves to where it helps the most."""
    n = sums[..., 3:]
    moved = np.divide(sums[..., :3], n, out=centers.copy(), where=n > 0)
    for start, k in np.argwhere(n[..., 0] == 0):
        gain = squares[start] * weights
        place = gain.argmax()
        squares[start, place] = 0
        moved[start, k] = points[:, place]
    return moved


def scores_of(points: Positions, centers: Positions) -> NDArray[np.float64]:
    """(3, N), (K, 3) -> (K, N) squared distances less what all centers have in common."""
    scores: NDArray[np.float64] = -2 * centers @ points
    scores += np.einsum("kc,kc->k", centers, centers)[:, None]
    return scores


def parts(n_points: int, n_centers: int) -> list[slice]:
    """Cut the points into slices that are quick to compute on."""
    step = max(1, _CHUNK // n_centers)
    return [slice(start, start + step) for start in range(0, n_points, step)]
