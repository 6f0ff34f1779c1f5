"""What a cut-out can lie on: a color, another picture, its own surroundings out of focus."""

from __future__ import annotations

import operator
from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from maskcore.types import Image

RGB = tuple[int, int, int]
"""Red, green, blue, 0 to 255."""

_SMALL_SIGMA = 3.0


def plain(color: object, size_hw: tuple[int, int]) -> Image:
    """Return an image of one color.

    Raises:
        ValueError: If it is not three numbers from 0 to 255.
    """
    rgb = _color(color)
    row = np.full((1, size_hw[1], 3), rgb, np.uint8)
    return np.repeat(row, size_hw[0], axis=0)  # many times as fast as np.full of it all


def covering(picture: Image, size_hw: tuple[int, int]) -> Image:
    """Scale a picture, its proportions kept, until it covers the size, and trim what stands out."""
    height, width = size_hw
    old_height, old_width = picture.shape[:2]
    scale = max(height / old_height, width / old_width)
    used_height = min(old_height, max(1, round(height / scale)))
    used_width = min(old_width, max(1, round(width / scale)))
    y, x = (old_height - used_height) // 2, (old_width - used_width) // 2
    used = picture[y : y + used_height, x : x + used_width]
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    return np.array(cv2.resize(used, (width, height), interpolation=how), np.uint8)


def blurred(image: Image, inside: NDArray[np.uint8], sigma: float) -> Image:
    """Blur what is around an object, and go on with it where the object is.

    The object is painted over from its surroundings first, or its own color would glow around
    it. What has no fine detail can be computed on a small copy.

    Args:
        image: (H, W, 3) RGB.
        inside: (H, W), 1 where the object is, else 0.
        sigma: Of the Gaussian, in pixels.

    Returns:
        (H, W, 3) RGB.
    """
    height, width = inside.shape
    factor = max(1.0, sigma / _SMALL_SIGMA)
    small_wh = max(1, round(width / factor)), max(1, round(height / factor))
    small = cv2.resize(image, small_wh, interpolation=cv2.INTER_AREA)
    touched = cv2.resize(np.negative(inside), small_wh, interpolation=cv2.INTER_AREA)
    if not touched.all():
        small = cv2.inpaint(small, touched, 2, cv2.INPAINT_NS)
    small = cv2.GaussianBlur(small, (0, 0), sigma / factor)
    large = cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR)
    return np.asarray(large, np.uint8)


def _color(value: object) -> RGB:
    if isinstance(value, str):
        raise ValueError(f"background must be a color, an image, 'blur' or 'gray', got {value!r}")
    if not isinstance(value, Sequence | np.ndarray):
        raise TypeError(f"background must be a color or an image, got {type(value).__name__}")
    channels = [operator.index(channel) for channel in value]
    if len(channels) != 3 or min(channels) < 0 or max(channels) > 255:
        raise ValueError(f"a color must be three numbers from 0 to 255, got {value!r}")
    return channels[0], channels[1], channels[2]
