"""Color clusters: an image in a few colors, and the pixels of each."""

from __future__ import annotations

import operator
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, SupportsIndex, get_args

import cv2
import numpy as np
from numpy.typing import NDArray

from maskcore import checks
from maskcore.kmeans import cells, fit, labels as kmeans_labels
from maskcore.kmeans.cells import Histogram as Histogram, Positions, Space as Space
from maskcore.types import Image

Quality = Literal["fast", "nearest", "converged"]
"""How exact the clusters are: see `segment`."""

MAX_CLUSTERS = 256
"""Labels are 8-bit."""

_LUMA = np.array([0.299, 0.587, 0.114])


@dataclass(frozen=True, eq=False)
class Clusters:
    """The pixels of an image, grouped by color; from the darkest cluster to the lightest.

    Attributes:
        labels: (H, W) uint8, the cluster of each pixel, 0 to K - 1.
        centers: (K, 3) RGB, 0 to 255, not rounded; their Rec. 601 luma rises.
        counts: (K,) pixels in each.
        inertia: Sum over all pixels of the squared distance to their center, in the space.
        space: Where distances are measured.
        positions: (K, 3) the centers in that space: the same RGB, or L* 0-100, a*, b*.
        n_requested: How many clusters were asked for.
    """

    labels: NDArray[np.uint8]
    centers: NDArray[np.float64]
    counts: NDArray[np.int64]
    inertia: float
    space: Space
    positions: NDArray[np.float64]
    n_requested: int

    @property
    def note(self) -> str:
        """Why there are fewer clusters than were asked for; empty if there are not."""
        n = len(self.centers)
        if n == self.n_requested:
            return ""
        colors = "1 color" if n == 1 else f"{n} colors"
        return f"The image has only {colors}, so there are not {self.n_requested} clusters."

    def image(self) -> Image:
        """Return the (H, W, 3) image with each pixel in the color of its center, rounded."""
        palette = np.zeros((MAX_CLUSTERS, 1, 3), np.uint8)
        palette[: len(self.centers), 0] = np.rint(self.centers)
        return np.asarray(cv2.applyColorMap(self.labels, palette), np.uint8)


@dataclass(frozen=True, eq=False)
class Curve:
    """How the inertia falls with the number of clusters.

    Attributes:
        n_clusters: Rising.
        inertias: Of `segment` with that many and the same options.
        suggested: The one at the bend of the curve.
    """

    n_clusters: tuple[int, ...]
    inertias: tuple[float, ...]
    suggested: int


def histogram(image: Image, *, space: Space = "rgb", exact: bool = False) -> Histogram:
    """Count the colors of an image, once for any number of fits.

    Args:
        image: (H, W, 3) RGB.
        space: "rgb", or "lab" for CIE L*a*b*, where distances are nearer to what people see.
        exact: Whether to count every single color too, which `curve` and the quality
            "converged" need; it takes some times as long.

    Returns:
        The histogram, to be given to `segment` or `curve` with the same image.

    Raises:
        ValueError: If the space is not known.
    """
    checks.image(image)
    _check(space, Space, "space")
    return cells.count(image, space=space, exact=exact)


def segment(
    image: Image,
    n_clusters: int,
    *,
    seed: int = 0,
    space: Space = "rgb",
    quality: Quality = "fast",
    histogram: Histogram | None = None,
) -> Clusters:
    """Group the pixels of an image by color, with k-means.

    Args:
        image: (H, W, 3) RGB.
        n_clusters: 1 to 256. An image with fewer colors gives as many clusters as it has.
        seed: The same seed gives the same clusters.
        space: "rgb", or "lab" for CIE L*a*b*, where distances are nearer to what people see.
        quality: "fast" clusters cells of 8 x 4 x 8 neighboring colors, so that a pixel at the
            border of two clusters may be in the farther one; centers are the means of their
            pixels. "nearest" then gives each pixel the nearest of these centers. "converged"
            moves the centers on over every single color, until each is within 0.05 of the
            mean of the pixels that it is nearest to: a local optimum, as of any k-means. An
            image with few colors always gets "converged".
        histogram: Of this image in this space, where it is known already.

    Returns:
        The clusters. The inertia is that of these labels and centers over all pixels, from
        the exact sums of values and of squares under each label.

    Raises:
        TypeError: If ``n_clusters`` is not an integer.
        ValueError: If an argument is out of range, or the histogram is of another size or space.
    """
    checks.image(image)
    n = _cluster_count(n_clusters)
    _check(space, Space, "space")
    _check(quality, Quality, "quality")
    counted = _counted(image, space, histogram, exact=quality == "converged")
    exact = quality == "converged" or counted.has_few_cells
    centers = _fit(counted, n, seed, exact=exact)
    labels, tally = kmeans_labels.label(image, counted, centers, exact=exact)
    if not exact:
        centers = tally.means(centers, space)
        order = _dark_to_light(centers, space)
        centers = centers[order]
        if quality == "nearest":
            labels, tally = kmeans_labels.label(image, counted, centers, exact=True)
        elif (order[1:] < order[:-1]).any():
            labels, tally = kmeans_labels.reordered(labels, tally, order)
    return Clusters(
        labels=labels,
        centers=cells.to_rgb(centers, space),
        counts=tally.counts.astype(np.int64),
        inertia=tally.inertia(centers, counted),
        space=space,
        positions=centers,
        n_requested=n,
    )


def curve(
    image: Image,
    *,
    n_clusters: Iterable[SupportsIndex] = range(2, 13),
    seed: int = 0,
    space: Space = "rgb",
    histogram: Histogram | None = None,
) -> Curve:
    """Find out how many clusters are worth having.

    Args:
        image: (H, W, 3) RGB.
        n_clusters: The numbers to try, each 1 to 256, in any order.
        seed: The same seed gives the same curve.
        space: As in `segment`.
        histogram: Of this image in this space, counted with ``exact=True``.

    Returns:
        The curve. The suggested number is the one whose point lies farthest below the straight
        line from the first to the last point, both axes scaled to 0-1: Satopaa et al., "Finding
        a 'kneedle' in a haystack" (2011). Of equal ones it is the smallest.

    Raises:
        TypeError: If a number is not an integer.
        ValueError: If there is no number, or an argument is out of range or does not match.
    """
    checks.image(image)
    numbers = tuple(sorted({_cluster_count(n) for n in n_clusters}))
    if not numbers:
        raise ValueError("n_clusters must hold at least one number, got none")
    _check(space, Space, "space")
    counted = _counted(image, space, histogram, exact=True)
    fits = [_fit(counted, n, seed, exact=counted.has_few_cells) for n in numbers]
    inertias = tuple(kmeans_labels.inertias(counted, fits))
    return Curve(numbers, inertias, _bend(numbers, inertias))


def _bend(numbers: tuple[int, ...], inertias: tuple[float, ...]) -> int:
    x, y = np.array(numbers, np.float64), np.array(inertias)
    if y[0] <= y[-1]:
        return numbers[0]
    below = (x[-1] - x) / (x[-1] - x[0]) - (y - y[-1]) / (y[0] - y[-1])
    return numbers[int(below.argmax())]


def _fit(histogram: Histogram, n_clusters: int, seed: int, *, exact: bool) -> Positions:
    """(K, 3) centers from the darkest to the lightest."""
    if exact:
        centers = fit.fit_colors(histogram, n_clusters, seed=seed)
    else:
        centers = fit.fit(histogram, n_clusters, seed=seed)
    return centers[_dark_to_light(centers, histogram.space)]


def _dark_to_light(centers: Positions, space: Space) -> NDArray[np.intp]:
    return np.argsort(cells.to_rgb(centers, space) @ _LUMA, stable=True)


def _counted(image: Image, space: Space, histogram: Histogram | None, *, exact: bool) -> Histogram:
    """Count the colors, or check that what has been counted will do."""
    if histogram is None:
        return cells.count(image, space=space, exact=exact)
    if not isinstance(histogram, Histogram):
        raise TypeError(f"histogram must be a Histogram, got {type(histogram).__name__}")
    checks.same_size(histogram.size_hw, image.shape, "histogram")
    if histogram.space != space:
        raise ValueError(f"histogram must be of space {space!r}, got {histogram.space!r}")
    if exact and histogram.colors is None:
        raise ValueError("histogram must be counted with exact=True, got one with cells only")
    return histogram


def _cluster_count(value: SupportsIndex) -> int:
    if isinstance(value, bool):
        raise TypeError(f"n_clusters must be an integer, got {value}")
    try:
        n = operator.index(value)
    except TypeError as error:
        raise TypeError(f"n_clusters must be an integer, got {value!r}") from error
    if not 1 <= n <= MAX_CLUSTERS:
        raise ValueError(f"n_clusters must be 1 to {MAX_CLUSTERS}, got {n}")
    return n


def _check(value: object, known: object, what: str) -> None:
    if value not in get_args(known):
        names = " or ".join(repr(name) for name in get_args(known))
        raise ValueError(f"{what} must be {names}, got {value!r}")
