"""Pixels labeled with the nearest of some centers, and what lies under each label."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from maskcore.kmeans import cells, fit, lloyd
from maskcore.kmeans.cells import N_CELLS, Histogram, Positions, Space
from maskcore.types import Image

Labels = NDArray[np.uint8]
"""(H, W), the cluster of each pixel, from 0."""

_STRIP_PIXELS = 1 << 17


class Tally(NamedTuple):
    """What lies under each label, in 8-bit channel values; whole numbers, exact.

    Attributes:
        counts: (K,) pixels.
        sums: (K, 3) their values, summed up.
    """

    counts: NDArray[np.float64]
    sums: NDArray[np.float64]

    def means(self, centers: Positions, space: Space) -> Positions:
        """(K, 3) the mean of the pixels under each label; without any, the center as it is."""
        n = self.counts[:, None]
        values = cells.values(centers, space)
        np.divide(self.sums, n, out=values, where=n > 0)
        return lloyd.rounded(cells.positions(values.T, space).T)

    def inertia(self, centers: Positions, histogram: Histogram) -> float:
        """Sum over all pixels of the squared distance to their center."""
        exact = cells.values(centers, histogram.space)
        # Around whole numbers everything large is exact, and what is not exact is small.
        near = np.rint(exact)
        n = self.counts[:, None]
        gap = exact - near
        large = n * near**2 - 2 * near * self.sums
        small = n * gap**2 - 2 * gap * (self.sums - n * near)
        weights = cells.square_weights(histogram.space)
        total = histogram.squares + large.sum(0) @ weights + small.sum(0) @ weights
        return max(0.0, float(total))


def label(
    image: Image, histogram: Histogram, centers: Positions, *, exact: bool
) -> tuple[Labels, Tally]:
    """Give each pixel its nearest center, the first of those at equal distance.

    Args:
        image: (H, W, 3) RGB.
        histogram: Of the image.
        centers: (K, 3) in the space of the histogram.
        exact: Whether each pixel counts by itself; else all of a cell get the center that is
            nearest to its middle.

    Returns:
        The labels, and what lies under them.
    """
    owner, whole = fit.owners(histogram, centers, exact=exact)
    n = len(centers)
    corners = histogram.corners() * histogram.counts
    counts, sums = _under(owner[whole], n, histogram.counts[whole], corners[:, whole])
    table, shared = _table(histogram, owner), _table(histogram, ~whole)
    low_counts = np.zeros((n, 256))
    labels: Labels = np.empty(image.shape[:2], np.uint8)
    for rows, pixels in cells.strips(image, histogram.space, _STRIP_PIXELS):
        at = cells.cells(pixels)
        cv2.LUT(at, table, dst=labels[rows])
        if exact:
            asked = np.flatnonzero(np.asarray(cv2.LUT(at, shared)).view(np.bool_))
            values = pixels.reshape(-1, 3).take(asked, 0).T
            points = cells.positions(values, histogram.space)
            found = lloyd.nearest(points, centers)
            labels[rows].reshape(-1)[asked] = found
            more = _under(found, n, np.ones(len(found)), values & cells.CORNER_BITS)
            counts += more.counts
            sums += more.sums
        low = cells.low_bytes(pixels)
        low_counts += cv2.calcHist([labels[rows], low], [0, 1], None, [n, 256], [0, n, 0, 256])
    return labels, Tally(counts, sums + low_counts @ cells.LOW_VALUES)


def reordered(labels: Labels, tally: Tally, order: NDArray[np.intp]) -> tuple[Labels, Tally]:
    """Number the labels anew: ``order[0]`` becomes 0."""
    table = np.zeros(256, np.uint8)
    table[order] = np.arange(len(order))
    renumbered = np.asarray(cv2.LUT(labels, table), np.uint8)
    return renumbered, Tally(tally.counts[order], tally.sums[order])


def inertias(histogram: Histogram, fits: Iterable[Positions]) -> Iterator[float]:
    """The inertia of an image's pixels under each fit, from its colors alone."""
    colors = histogram.colors
    if colors is None:
        raise ValueError("histogram must be counted with exact=True")
    sums = colors.values * colors.counts
    if histogram.has_few_cells:
        counts, points = colors.counts, cells.positions(colors.values, histogram.space)
    else:
        counts, points = histogram.counts, histogram.middles
        sums = np.add.reduceat(sums, colors.starts, axis=1)
    for centers in fits:
        tally = _under(lloyd.nearest(points, centers), len(centers), counts, sums)
        if not histogram.has_few_cells:
            centers = tally.means(centers, histogram.space)
        yield tally.inertia(centers, histogram)


def _under(
    labels: NDArray[np.uint8], n: int, counts: NDArray[np.generic], sums: NDArray[np.generic]
) -> Tally:
    """(N,) labels, (N,) counts, (3, N) sums of values -> the same under each label."""
    # Without labels, bincount would return integers.
    rows = np.stack([np.bincount(labels, row, n) for row in (counts, *sums)], dtype=np.float64)
    return Tally(rows[0], rows[1:].T)


def _table(histogram: Histogram, values: NDArray[np.generic]) -> NDArray[np.uint8]:
    table = np.zeros(N_CELLS, np.uint8)
    table[histogram.cells] = values
    return table
