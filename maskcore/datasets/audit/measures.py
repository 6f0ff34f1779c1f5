"""What one pass over a data set measures of its samples and masks, in columns of numbers."""

from __future__ import annotations

from array import array
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from maskcore import rle_text
from maskcore.datasets.audit.finding import Finding
from maskcore.datasets.audit.heat import HeatMaps
from maskcore.datasets.audit.masks import MeasuredMask
from maskcore.datasets.audit.pixel_order import PixelOrder
from maskcore.datasets.dataset import Dataset

_DUST_SHARE = 0.01  # of the image
_DUST_RUN = 1.5  # pixels a run has on average
_DUST_EDGES = 3  # edges per pixel; one alone has 4, a line 2, an object few


@dataclass(frozen=True, eq=False)
class Survey:
    """What a data set holds: S samples and N masks, in the order of the set.

    Attributes:
        names: (S,) names of the samples.
        sizes_hw: (S, 2) int32 height and width of the images, upright; where there is none that
            can be read, as the annotations state it; (0, 0) where nothing tells.
        has_image: (S,) bool, whether there is an image file.
        labels: (L,) classes: those that the files list, then those of the masks as they come.
        sample: (N,) int32 place of the sample of each mask.
        label: (N,) int32 place of its class.
        area: (N,) int64 pixels inside.
        box: (N, 4) int32 x1, y1, x2, y2, exclusive maximum.
        is_crowd: (N,) bool.
        heat: (L, 48, 48) float32, for each class and cell of an image the covered shares, 0 to 1,
            summed over the masks; only for the first 1,000 classes.
        findings: What may be wrong, the gravest first.
    """

    names: tuple[str, ...]
    sizes_hw: NDArray[np.int32]
    has_image: NDArray[np.bool_]
    labels: tuple[str, ...]
    sample: NDArray[np.int32]
    label: NDArray[np.int32]
    area: NDArray[np.int64]
    box: NDArray[np.int32]
    is_crowd: NDArray[np.bool_]
    heat: NDArray[np.float32]
    findings: tuple[Finding, ...]


class MaskColumns:
    """Columns of numbers, a row for each mask: a few bytes instead of objects."""

    def __init__(self, dataset: Dataset) -> None:
        self.labels = {label: i for i, label in enumerate(dict.fromkeys(dataset.stated_labels))}
        self.sample, self.label = array("i"), array("i")
        self.area, self.box = array("q"), array("i")
        self.is_crowd, self.is_dust = bytearray(), bytearray()
        self.wheres: list[str] = []
        self.heat = HeatMaps()
        self.has_label_maps = dataset.format == "voc" or dataset.format.startswith("png")
        self.order = PixelOrder() if dataset.format == "kaggle-rle" else None

    def add(self, sample: int, measured: MeasuredMask) -> None:
        """Append a mask of the sample at that place."""
        instance = measured.annotation.instance
        label = self.labels.setdefault(instance.label, len(self.labels))
        self.sample.append(sample)
        self.label.append(label)
        self.area.append(measured.area)
        self.box.extend(measured.box)
        self.is_crowd.append(instance.is_crowd)
        self.is_dust.append(self.has_label_maps and _is_dust(measured))
        self.wheres.append(measured.annotation.where)
        self.heat.add(label, instance.mask)
        if self.order is not None:
            self.order.add(measured)


def _is_dust(measured: MeasuredMask) -> bool:
    """Whether a mask is nothing but single pixels, in a small part of its image."""
    mask = measured.annotation.instance.mask
    height, width = mask.size_hw
    n_runs = mask.counts.size // 2
    if not 0 < measured.area < _DUST_SHARE * height * width or measured.area > _DUST_RUN * n_runs:
        return False
    return rle_text.outline_length(mask) >= _DUST_EDGES * measured.area
