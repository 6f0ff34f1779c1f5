"""One number per pixel: gray, or a channel of RGB, HSV or Lab, as 8-bit values."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import cv2
import numpy as np
from numpy.typing import NDArray

from maskcore import checks
from maskcore.types import Image

Values = NDArray[np.uint8]
"""(H, W), a channel's value at each pixel."""

_STRIP = 2**18  # pixels that are converted at a time: what is not kept of them stays in the cache
_CONVERSIONS: dict[str, int | None] = {
    "rgb": None,
    "hsv": cv2.COLOR_RGB2HSV,
    "lab": cv2.COLOR_RGB2LAB,
}


@dataclass(frozen=True)
class Channel:
    """What the values of a channel mean.

    Attributes:
        title: Its name, as shown to people.
        space: The color space that it belongs to; "" for gray.
        place: Which of the space's channels it is, from 0.
        highest: The highest value; the lowest is 0.
        cyclic: Whether 0 comes again after the highest value.
    """

    title: str
    space: str = ""
    place: int = 0
    highest: int = 255
    cyclic: bool = False


CHANNELS: Mapping[str, Channel] = MappingProxyType(
    {
        "gray": Channel("Gray"),
        "red": Channel("Red", "rgb", 0),
        "green": Channel("Green", "rgb", 1),
        "blue": Channel("Blue", "rgb", 2),
        "hue": Channel("Hue", "hsv", 0, highest=179, cyclic=True),
        "saturation": Channel("Saturation", "hsv", 1),
        "value": Channel("Value", "hsv", 2),
        "lightness": Channel("Lightness", "lab", 0),
        "a": Channel("Green to red (a)", "lab", 1),
        "b": Channel("Blue to yellow (b)", "lab", 2),
    }
)
"""All channels by name. Values are 0 to 255, as OpenCV defines them for 8-bit images
(https://docs.opencv.org/4.x/de/d25/imgproc_color_conversions.html):

- gray: 0.299 R + 0.587 G + 0.114 B.
- hue: half degrees of the color circle, 0 to 179: red 0, green 60, blue 120. It is 0 for colors
  without a hue: black, gray and white.
- saturation, value: of HSV, 255 is full.
- lightness, a, b: of CIE L*a*b* with the white point D65: lightness is L* * 255 / 100, a and b are
  shifted by 128, so that 128 is neutral. OpenCV's tables are up to 2 off the formula.
"""

SPACES: Mapping[str, tuple[str, str, str]] = MappingProxyType(
    {
        "rgb": ("red", "green", "blue"),
        "hsv": ("hue", "saturation", "value"),
        "lab": ("lightness", "a", "b"),
    }
)
"""The names of the channels of each color space, in order."""


def extract(image: Image, channel: str) -> Values:
    """Take one channel out of an image.

    Args:
        image: (H, W, 3) RGB.
        channel: A name in `CHANNELS`.

    Returns:
        (H, W), a new array.

    Raises:
        ValueError: If there is no such channel.
    """
    checks.image(image)
    chosen = named(channel)
    values = np.empty(image.shape[:2], np.uint8)
    for rows in strips(image):
        if chosen.space:
            cv2.extractChannel(convert(image[rows], chosen.space), chosen.place, values[rows])
        else:
            cv2.cvtColor(image[rows], cv2.COLOR_RGB2GRAY, values[rows])
    return values


def convert(image: Image, space: str) -> NDArray[np.uint8]:
    """Return an (H, W, 3) RGB image in a space of `SPACES`; in RGB it is the image itself."""
    checks.image(image)
    if space not in SPACES:
        raise ValueError(f"space must be one of {', '.join(SPACES)}, got {space!r}")
    code = _CONVERSIONS[space]
    return image if code is None else np.asarray(cv2.cvtColor(image, code), np.uint8)


def histogram(image: Image, channel: str) -> NDArray[np.int64]:
    """Count how often each value of a channel occurs.

    Args:
        image: (H, W, 3) RGB.
        channel: A name in `CHANNELS`.

    Returns:
        (256,) pixels of each value.

    Raises:
        ValueError: If there is no such channel.
    """
    values = extract(image, channel)
    counts = np.zeros(256, np.int64)
    for rows in strips(values):
        # Counts come as float32, which holds those of a strip exactly.
        part = cv2.calcHist([values[rows]], [0], None, [256], [0, 256])
        counts += part.reshape(256).astype(np.int64)
    return counts


def named(channel: str) -> Channel:
    """Return the channel of that name; ValueError if there is none."""
    if channel not in CHANNELS:
        raise ValueError(f"channel must be one of {', '.join(CHANNELS)}, got {channel!r}")
    return CHANNELS[channel]


def strips(pixels: NDArray[np.uint8]) -> Iterator[slice]:
    """Yield slices that divide the rows of an (H, W, ...) array into strips."""
    height, width = pixels.shape[:2]
    step = max(1, _STRIP // width)
    for top in range(0, height, step):
        yield slice(top, top + step)
