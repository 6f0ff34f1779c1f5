"""What is under a mask, in numbers: size and shape, values of the pixels, overlap of the masks."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import astuple, dataclass, field

import numpy as np
from numpy.typing import NDArray

from maskcore import checks, masks, rle
from maskcore.boxes import grow, slices
from maskcore.files import text_table
from maskcore.measure import values as measure_values
from maskcore.measure.masked_arrays import array_text as array_text, masked as masked
from maskcore.measure.values import (
    CHANNELS as CHANNELS,
    Histogram as Histogram,
    MeanComparison as MeanComparison,
    Values as Values,
    compare_means as compare_means,
    histogram as histogram,
)
from maskcore.rle.overlap import iou_matrix
from maskcore.types import Box, Image, Instance, Mask

COLUMNS = (
    *("label", "score", "area_px", "area_percent", "x1", "y1", "x2", "y2"),
    *("centroid_x", "centroid_y", "perimeter_px", "parts", "holes"),
    *(
        f"{channel}_{value}"
        for channel in CHANNELS
        for value in ("mean", "median", "std", "min", "max")
    ),
)
"""Names of the values of a row, as `Statistics.to_dict` has them."""


@dataclass(frozen=True)
class Statistics:
    """One row of the table: an instance and the pixels under its mask.

    Attributes:
        label: As the instance has it.
        score: As the instance has it.
        area: Pixels inside.
        percent: Share of the image, 0 to 100.
        box: The smallest box around the mask; (0, 0, 0, 0) if it is empty.
        centroid: (x, y), the mean column and row of the pixels inside, counted from 0, so that
            a single pixel has its own place; None if the mask is empty.
        perimeter: Pixel edges between inside and outside, see `masks.perimeter`.
        parts: How many 8-connected parts it has, see `masks.count_parts`.
        holes: How many 4-connected regions it encloses, see `masks.count_holes`.
        red: Values of the pixels inside; those of an empty mask are None.
        green: Likewise.
        blue: Likewise.
        gray: Likewise; see `CHANNELS` for the formula.
        histogram: (4, 256) counts of the values inside, one row for each of `CHANNELS`.
    """

    label: str
    score: float | None
    area: int
    percent: float
    box: Box
    centroid: tuple[float, float] | None
    perimeter: int
    parts: int
    holes: int
    red: Values
    green: Values
    blue: Values
    gray: Values
    histogram: Histogram = field(compare=False, repr=False)

    def to_dict(self) -> dict[str, text_table.Value]:
        """Return the row without its histogram, by the names in `COLUMNS`."""
        channels = (self.red, self.green, self.blue, self.gray)
        row = (
            *(self.label, self.score, self.area, self.percent, *self.box),
            *(self.centroid or (None, None)),
            *(self.perimeter, self.parts, self.holes),
            *(value for values in channels for value in astuple(values)),
        )
        return dict(zip(COLUMNS, row, strict=True))


def statistics(image: Image, instances: Sequence[Instance]) -> list[Statistics]:
    """Measure each instance and the pixels under its mask.

    Only the box of each mask is looked at. All values are exact: they follow from how often each
    of the 256 values occurs.

    Args:
        image: (H, W, 3) RGB.
        instances: Masks of the same size; empty ones are fine.

    Returns:
        A row for each instance, in their order.

    Raises:
        ValueError: If a mask has another size than the image.
    """
    checks.image(image)
    for instance in instances:
        checks.same_size(instance.mask.size_hw, image.shape, "every mask")
    histograms, shapes = [], []
    for instance in instances:
        # One pixel more on each side: an edge has an outside too.
        box = grow(rle.box(instance.mask), 1, image.shape)
        inside = rle.decode(instance.mask, box=box, order="C")
        histograms.append(measure_values.count(image[slices(box)], inside))
        shapes.append(_shape(inside))
    n_pixels = image.shape[0] * image.shape[1]
    return [
        Statistics(
            instance.label,
            instance.score,
            area := rle.area(instance.mask),
            100 * area / n_pixels,
            rle.box(instance.mask),
            _centroid(instance.mask, area),
            *shape,
            *values,
            counts,
        )
        for instance, shape, values, counts in zip(
            instances, shapes, measure_values.summarize(histograms), histograms, strict=True
        )
    ]


def to_csv(rows: Iterable[Statistics]) -> str:
    """Write rows as a table with the columns `COLUMNS`; what is None is an empty cell."""
    return text_table.write(COLUMNS, [tuple(row.to_dict().values()) for row in rows])


def overlaps(instances: Sequence[Instance]) -> NDArray[np.float64]:
    """Intersection over union of each two instances.

    Args:
        instances: Masks of one size; N of them.

    Returns:
        (N, N), symmetric, 0 to 1. An empty mask has 0 everywhere, also with itself.

    Raises:
        ValueError: If the sizes differ.
    """
    return iou_matrix([instance.mask for instance in instances])


def overlaps_to_csv(labels: Sequence[str], matrix: NDArray[np.float64]) -> str:
    """Write what `overlaps` returns as a table with a label for each row and column."""
    rows = [(label, *row) for label, row in zip(labels, matrix.tolist(), strict=True)]
    return text_table.write(("label", *labels), rows)


def _shape(mask: Mask) -> tuple[int, int, int]:
    """Perimeter, number of parts and number of holes."""
    if not mask.size:
        return 0, 0, 0
    return masks.perimeter(mask), masks.count_parts(mask), masks.count_holes(mask)


def _centroid(r: rle.RLE, area: int) -> tuple[float, float] | None:
    if not area:
        return None
    height = r.size_hw[0]
    starts, ends = rle.starts_and_ends(r)
    places = int(((starts + ends - 1) * (ends - starts) // 2).sum())
    columns = int((_columns_before(ends, height) - _columns_before(starts, height)).sum())
    return columns / area, (places - columns * height) / area


def _columns_before(ends: NDArray[np.int64], height: int) -> NDArray[np.int64]:
    """Sum of the column numbers of the pixels 0 to end - 1, counted down the columns."""
    whole, rest = np.divmod(ends, height)
    before: NDArray[np.int64] = whole * (whole - 1) // 2 * height + whole * rest
    return before
