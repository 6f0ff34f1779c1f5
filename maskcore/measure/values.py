"""The values of an image's pixels under a mask: histograms, and what follows from them exactly."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from maskcore import checks, rle
from maskcore.boxes import slices
from maskcore.types import Image, Mask

CHANNELS = ("red", "green", "blue", "gray")
"""What is measured, in this order.

Gray is what ``cv2.COLOR_RGB2GRAY`` makes of 8-bit RGB: 0.299 R + 0.587 G + 0.114 B (ITU-R BT.601)
in fixed point, (9798 R + 19235 G + 3735 B + 2^14) >> 15, so rounded to the nearest whole number.
"""

Histogram = NDArray[np.int64]
"""(4, 256), how many pixels have each value, for each of `CHANNELS`."""

ChannelValues = tuple["Values", "Values", "Values", "Values"]
"""The values of each of `CHANNELS`."""

_STRIP = 2**18  # pixels that are counted at a time: they stay in the cache for all four channels


@dataclass(frozen=True)
class Values:
    """One channel of the pixels under a mask. Without pixels, all are None.

    Attributes:
        mean: 0 to 255, and so are the others.
        median: Of an even number of pixels, the mean of the middle two.
        std: Standard deviation of the pixels themselves (``ddof=0``).
        min: The lowest value.
        max: The highest value.
    """

    mean: float | None
    median: float | None
    std: float | None
    min: int | None
    max: int | None


_NO_VALUES = Values(None, None, None, None, None)


@dataclass(frozen=True)
class MeanComparison:
    """The mean of what a mask holds, computed wrongly and rightly.

    Attributes:
        with_zeros: Mean of each of `CHANNELS` over the whole image after everything outside the
            mask was painted black. The black pixels count as values of 0, so it is the mean
            inside times the share of the image that is inside, and says nothing of the object.
        inside: Mean of each over the pixels inside alone; None if there are none.
        n_inside: Pixels inside.
        n_pixels: Pixels of the image.
    """

    with_zeros: tuple[float, ...]
    inside: tuple[float, ...] | None
    n_inside: int
    n_pixels: int


def histogram(image: Image, mask: Mask | rle.RLE | None = None) -> Histogram:
    """Count the values of an image, everywhere or under a mask.

    What is outside the mask has the difference of the two: ``histogram(image) - inside``.

    Args:
        image: (H, W, 3) RGB.
        mask: Of the same size, as an array or as an RLE; None counts every pixel.

    Returns:
        (4, 256) counts of the values 0 to 255 in red, green, blue and gray.

    Raises:
        ValueError: If the sizes differ.
    """
    checks.image(image)
    if mask is None:
        return count(image, None)
    r = _runs(image, mask)
    box = rle.box(r)
    return count(image[slices(box)], rle.decode(r, box=box, order="C"))


def count(crop: Image, inside: Mask | None) -> Histogram:
    """Count the values of a crop where it is inside a row-major mask; the crop may be empty."""
    counts = np.zeros((len(CHANNELS), 256), np.int64)
    step = max(1, _STRIP // max(1, crop.shape[1]))
    for top in range(0, crop.shape[0] if crop.size else 0, step):
        rows = np.ascontiguousarray(crop[top : top + step])
        some = None if inside is None else inside[top : top + step].view(np.uint8)
        gray = cv2.cvtColor(rows, cv2.COLOR_RGB2GRAY)
        for i in range(len(CHANNELS)):
            planes, place = (rows, i) if i < 3 else (gray, 0)
            # Counts come as float32, which holds those of a strip exactly.
            found = cv2.calcHist([planes], [place], some, [256], [0, 256])
            counts[i] += found.reshape(256).astype(np.int64)
    return counts


def summarize(histograms: Sequence[Histogram]) -> list[ChannelValues]:
    """Work out mean, median, standard deviation and range of many histograms at once.

    Returns:
        Of each histogram the `Values` of its four channels.
    """
    counts = np.array(histograms, np.int64).reshape(-1, len(CHANNELS), 256)  # (N, 4, 256)
    n = counts[:, 0].sum(axis=-1)
    some = np.maximum(n, 1)[:, None]  # (N, 1)
    values = np.arange(256)
    means = counts @ values / some  # (N, 4)
    deviations = values - means[..., None]  # (N, 4, 256)
    stds = np.sqrt((counts * deviations**2).sum(axis=-1) / some)
    up_to = counts.cumsum(axis=-1)
    middle = [(up_to <= place[..., None]).sum(axis=-1) for place in ((some - 1) // 2, some // 2)]
    medians = (middle[0] + middle[1]) / 2
    lowest = (counts > 0).argmax(axis=-1)
    highest = 255 - (counts[..., ::-1] > 0).argmax(axis=-1)
    every = np.stack([means, medians, stds, lowest, highest], axis=-1).tolist()
    rows: list[ChannelValues] = []
    for size, channels in zip(n.tolist(), every, strict=True):
        red, green, blue, gray = (
            Values(mean, median, std, int(low), int(high)) if size else _NO_VALUES
            for mean, median, std, low, high in channels
        )
        rows.append((red, green, blue, gray))
    return rows


def compare_means(image: Image, mask: Mask | rle.RLE) -> MeanComparison:
    """Show why the plain mean of an image with a blacked-out outside is wrong.

    Args:
        image: (H, W, 3) RGB.
        mask: Of the same size, as an array or as an RLE.

    Raises:
        ValueError: If the sizes differ.
    """
    counts = histogram(image, mask)
    sums = (counts @ np.arange(256)).tolist()
    n_inside, n_pixels = int(counts[0].sum()), image.shape[0] * image.shape[1]
    return MeanComparison(
        with_zeros=tuple(total / n_pixels for total in sums),
        inside=tuple(total / n_inside for total in sums) if n_inside else None,
        n_inside=n_inside,
        n_pixels=n_pixels,
    )


def _runs(image: Image, mask: Mask | rle.RLE) -> rle.RLE:
    if not isinstance(mask, rle.RLE):
        mask = rle.encode(mask)
    checks.same_size(mask.size_hw, image.shape, "mask")
    return mask
