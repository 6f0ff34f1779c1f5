"""Color clusters of a picture: of single pixels for the page, of all of them for what is kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from maskcore import kmeans, rle
from maskcore.kmeans import Clusters, Curve, Histogram, Space
from maskcore.masks import sizes as mask_size
from maskcore.rle import RLE
from pages.shared import caches, pictures
from pages.shared.colors import to_hex
from pages.shared.pictures import Picture, Raster

_LONGEST = 1200  # pixels of what is clustered and drawn anew with every step of the slider


@dataclass(frozen=True)
class ClusterSettings:
    """One call of `kmeans.segment`.

    Attributes:
        n_clusters: At most so many.
        space: Where distances are measured.
        seed: Of the first centers.
    """

    n_clusters: int
    space: Space
    seed: int


@dataclass(frozen=True, eq=False)
class ClusterPreview:
    """The clusters of a whole picture, shown on its single pixels.

    Attributes:
        labels: (h, w) uint8, the cluster of the pixel in the middle of the area that each stands
            for.
        colors: "#rrggbb" of each cluster, the darkest first.
        counts: (K,) pixels of the whole picture in each.
        note: Why there are fewer clusters than were asked for, or "".
        raster: The picture in the colors of the clusters, of the size of the labels.
    """

    labels: NDArray[np.uint8]
    colors: tuple[str, ...]
    counts: NDArray[np.int64]
    note: str
    raster: Raster

    @property
    def shares(self) -> list[float]:
        """Of each cluster, 0 to 1."""
        shares: list[float] = (self.counts / self.counts.sum()).tolist()
        return shares


@caches.resource(max_entries=24, show_spinner="Clustering the colors")
def preview(settings: ClusterSettings, picture: Picture) -> ClusterPreview:
    """Return the clusters as the page shows them."""
    clusters = whole(settings, picture)
    rows, columns = map(mask_size.nearest, picture.size_hw, reduced(picture).size_hw)
    labels = clusters.labels[rows][:, columns]
    image = replace(clusters, labels=labels).image()
    labels.flags.writeable = image.flags.writeable = False
    return ClusterPreview(
        labels,
        tuple(to_hex(color) for color in np.rint(clusters.centers).astype(int).tolist()),
        clusters.counts,
        clusters.note,
        Raster(f"{picture.id} {settings}", image),
    )


def reduced(picture: Picture) -> Raster:
    """Return the picture in the size of the page."""
    return Raster(f"{picture.id} {_LONGEST}", pictures.reduced(picture, _LONGEST))


def whole(settings: ClusterSettings, picture: Picture) -> Clusters:
    """Cluster all pixels of the picture."""
    return kmeans.segment(
        pictures.image(picture),
        settings.n_clusters,
        seed=settings.seed,
        space=settings.space,
        histogram=_histogram(picture, settings.space),
    )


def mask_of(labels: NDArray[np.uint8], clusters: Sequence[int]) -> RLE:
    """Return the pixels that have one of some labels; `np.isin` would take ten times as long."""
    is_inside = np.zeros(kmeans.MAX_CLUSTERS, np.bool_)
    is_inside[list(clusters)] = True
    return rle.encode(is_inside[labels])


@caches.resource(max_entries=6, show_spinner="Counting the colors")
def _histogram(picture: Picture, space: Space) -> Histogram:
    return kmeans.histogram(pictures.image(picture), space=space)


@caches.resource(max_entries=64, show_spinner="Trying 2 to 12 clusters")
def curve(picture: Picture, space: Space, seed: int) -> Curve:
    """Return how the inertia falls with the number of clusters."""
    return kmeans.curve(pictures.image(picture), space=space, seed=seed)


def python(settings: ClusterSettings, picture: Picture, selected: Sequence[int]) -> str:
    """Write the maskcore calls that make the clusters, and the mask of those that are chosen."""
    numpy, mask = "", ""
    if selected:
        numpy = "import numpy as np\n\n"
        mask = f"""\
mask = np.isin(clusters.labels, {list(selected)})
image_io.write_image(Path("mask.png"), mask)
"""
    options = f"space={settings.space!r}, seed={settings.seed}"
    return f"""\
from pathlib import Path

{numpy}from maskcore import image_io, kmeans

image = image_io.read_image(Path({picture.name!r}))
clusters = kmeans.segment(image, {settings.n_clusters}, {options})
image_io.write_image(Path("clusters.png"), clusters.image())
{mask}"""
