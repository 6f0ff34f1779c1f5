"""Masks from values: a range, Otsu's and the triangle threshold, local thresholds, color ranges.

Bright is inside: a threshold t takes what is above it, value > t. For what is dark, invert the
mask: ``~threshold.otsu(image)``. The channels and their values are those of `channels.CHANNELS`.
"""

from __future__ import annotations

import itertools
import operator
from collections.abc import Sequence
from types import MappingProxyType
from typing import SupportsIndex

import cv2
import numpy as np
from cv2.typing import MatLike
from numpy.typing import ArrayLike

from maskcore import checks
from maskcore.threshold import channels
from maskcore.threshold.channels import Values, histogram as histogram
from maskcore.types import Image, Mask

METHODS = MappingProxyType(
    {"mean": cv2.ADAPTIVE_THRESH_MEAN_C, "gaussian": cv2.ADAPTIVE_THRESH_GAUSSIAN_C}
)
"""How `adaptive` weighs the surroundings of a pixel: all alike, or the near ones more."""

_Box = tuple[tuple[int, ...], tuple[int, ...]]


def by_value(
    image: Image, low: SupportsIndex, high: SupportsIndex, *, channel: str = "gray"
) -> Mask:
    """Take the pixels whose value lies in a range.

    Args:
        image: (H, W, 3) RGB.
        low: Lowest value inside.
        high: Highest value inside. Of hue, ``low`` may be above ``high``: the range then goes
            through 0, so that 170, 10 are the reds.
        channel: A name in `channels.CHANNELS`.

    Returns:
        (H, W), inside where low <= value <= high.

    Raises:
        ValueError: If there is no such channel, or the range is not one of its values.
    """
    chosen = channels.named(channel)
    first, last = operator.index(low), operator.index(high)
    if min(first, last) < 0 or max(first, last) > chosen.highest:
        raise ValueError(f"{channel} is 0 to {chosen.highest}, got {first} to {last}")
    if first > last and not chosen.cyclic:
        raise ValueError(f"low must be at most high, got {first} and {last}")
    values = channels.extract(image, channel)
    if first <= last:
        return _as_mask(cv2.inRange(values, first, last))
    return ~_as_mask(cv2.inRange(values, last + 1, first - 1))


def otsu(image: Image, *, channel: str = "gray") -> Mask:
    """Take the pixels above Otsu's threshold, see `otsu_value`."""
    values = channels.extract(image, channel)
    return values > _automatic(values, cv2.THRESH_OTSU)


def otsu_value(image: Image, *, channel: str = "gray") -> int:
    """Find the threshold that parts the values into the two most different classes.

    That is the t with the largest variance between the classes value <= t and value > t, and of
    several, up to rounding, the lowest (Otsu 1979, https://doi.org/10.1109/TSMC.1979.4310076).

    Args:
        image: (H, W, 3) RGB.
        channel: A name in `channels.CHANNELS`. Hue is taken as a line from 0 to 179.

    Returns:
        t, from 0 to 254; of an image that has one value only, that value, so that nothing is
        inside.

    Raises:
        ValueError: If there is no such channel.
    """
    return _automatic(channels.extract(image, channel), cv2.THRESH_OTSU)


def triangle(image: Image, *, channel: str = "gray") -> Mask:
    """Take the pixels above the triangle threshold, see `triangle_value`."""
    values = channels.extract(image, channel)
    return values > _automatic(values, cv2.THRESH_TRIANGLE)


def triangle_value(image: Image, *, channel: str = "gray") -> int:
    """Find the threshold where the long tail of the histogram leaves its peak.

    A line goes from the top of the histogram's highest bar to the empty end of the longer tail,
    one bar beyond the last that counts; t is one value further out than the bar that lies deepest
    below the line (Zack, Rogers and Latt 1977, https://doi.org/10.1177/25.7.70454). It suits an
    image whose object is small and differs from a background of one tone; where no bar lies below
    the line, as with few values, there is no tail, and t means little.

    Args:
        image: (H, W, 3) RGB.
        channel: A name in `channels.CHANNELS`. Hue is taken as a line from 0 to 179.

    Returns:
        t, from 0 to 255: a tail of bright values is inside, and so is all but a tail of dark ones.
        Of an image that has one value only, that value, so that nothing is inside.

    Raises:
        ValueError: If there is no such channel.
    """
    return _automatic(channels.extract(image, channel), cv2.THRESH_TRIANGLE)


def _automatic(values: Values, method: int) -> int:
    lowest, highest, *_ = cv2.minMaxLoc(values)
    if lowest == highest:
        return int(lowest)
    # OpenCV's triangle gives -1 or 256 for some histograms without a tail.
    return min(max(0, int(cv2.threshold(values, 0, 1, method)[0])), 255)


def adaptive(
    image: Image,
    *,
    method: str = "mean",
    block_size: SupportsIndex = 51,
    offset: SupportsIndex = 0,
    channel: str = "gray",
) -> Mask:
    """Compare each pixel with its surroundings, which copes with uneven light.

    Args:
        image: (H, W, 3) RGB.
        method: "mean", of the block around the pixel; or "gaussian", of the same block with the
            pixels weighted by a Gaussian of sigma 0.3 * ((block_size - 1) / 2 - 1) + 0.8, up to 9
            by a table close to that; it takes longer the larger the block is. Beyond the frame
            the border pixels go on.
        block_size: Side of the block in pixels, odd and at least 3.
        offset: Subtracted from the mean, -255 to 255. A negative one takes only what is clearly
            brighter than its surroundings; a positive one leaves out only what is clearly darker,
            so that its inverse is the dark text on a shaded page.
        channel: A name in `channels.CHANNELS`. Hue is taken as a line from 0 to 179.

    Returns:
        (H, W), inside where value > mean - offset; the mean is rounded to a whole number.

    Raises:
        ValueError: If there is no such channel or method, or a number is out of range.
    """
    if method not in METHODS:
        raise ValueError(f"method must be one of {', '.join(METHODS)}, got {method!r}")
    side, below = operator.index(block_size), operator.index(offset)
    if side < 3 or side % 2 == 0:
        raise ValueError(f"block_size must be odd and at least 3, got {side}")
    if not -255 <= below <= 255:
        raise ValueError(f"offset must be -255 to 255, got {below}")
    values = channels.extract(image, channel)
    inside = cv2.adaptiveThreshold(values, 1, METHODS[method], cv2.THRESH_BINARY, side, below)
    return np.asarray(inside, np.uint8).view(np.bool_)


def color_range(
    image: Image,
    colors: ArrayLike,
    *,
    tolerance: SupportsIndex | Sequence[SupportsIndex] = 20,
    space: str = "lab",
) -> Mask:
    """Take the pixels that are similar to any of some colors.

    Args:
        image: (H, W, 3) RGB.
        colors: One color (red, green, blue), or several, each 0 to 255.
        tolerance: By how much each channel of the space may differ from the color's, 0 to 255;
            one number, or one for each channel. Differences of hue are taken around the circle,
            in the half degrees of `channels.CHANNELS`.
        space: "lab", close to what people see as similar; "rgb"; or "hsv", where a small
            tolerance of hue and large ones of saturation and value take a color in light and
            shade. Colors without a hue are found better in the other two.

    Returns:
        (H, W), inside where every channel is within the tolerance of the same color.

    Raises:
        ValueError: If there is no such space, no color, or a number is out of range.
    """
    checks.image(image)
    picked = _colors(colors)
    within = _tolerances(tolerance)
    boxes = [
        box
        for color in channels.convert(picked, space)[0].tolist()
        for box in _boxes(color, within, channels.SPACES[space])
    ]
    inside = np.empty(image.shape[:2], np.uint8)
    for rows in channels.strips(image):
        part = channels.convert(image[rows], space)
        found = inside[rows]
        cv2.inRange(part, *boxes[0], dst=found)
        for box in boxes[1:]:
            found |= np.asarray(cv2.inRange(part, *box), np.uint8)
    return _as_mask(inside)


def _colors(colors: ArrayLike) -> Image:
    """Check colors; return them as an image of one row."""
    picked = np.atleast_2d(np.asarray(colors))
    if picked.dtype.kind not in "iu":
        raise ValueError(f"colors must be whole numbers, got {colors!r}")
    if picked.ndim != 2 or picked.shape[1] != 3 or picked.size == 0:
        raise ValueError(f"colors must be (red, green, blue), one or several, got {colors!r}")
    if picked.min() < 0 or picked.max() > 255:
        raise ValueError(f"colors must be 0 to 255, got {colors!r}")
    return picked.astype(np.uint8)[None]


def _tolerances(tolerance: SupportsIndex | Sequence[SupportsIndex]) -> list[int]:
    each = tolerance if isinstance(tolerance, Sequence) else [tolerance] * 3
    within = [operator.index(one) for one in each]
    if len(within) != 3 or min(within) < 0 or max(within) > 255:
        raise ValueError(f"tolerance must be one or three numbers, 0 to 255, got {tolerance!r}")
    return within


def _boxes(color: Sequence[int], within: Sequence[int], names: Sequence[str]) -> list[_Box]:
    """Return the lowest and the highest values around a color; two boxes where hue passes 0."""
    ranges = []
    for value, reach, name in zip(color, within, names, strict=True):
        channel = channels.CHANNELS[name]
        turn = channel.highest + 1
        middles = [value - turn, value, value + turn] if channel.cyclic else [value]
        ranges.append(
            [
                (max(middle - reach, 0), min(middle + reach, channel.highest))
                for middle in middles
                if middle - reach <= channel.highest and middle + reach >= 0
            ]
        )
    return [
        (tuple(low for low, _ in box), tuple(high for _, high in box))
        for box in itertools.product(*ranges)
    ]


def _as_mask(inside: MatLike) -> Mask:
    """Turn OpenCV's 0 and 255 into a mask, in place."""
    pixels = np.asarray(inside, np.uint8)
    pixels &= 1
    return pixels.view(np.bool_)
