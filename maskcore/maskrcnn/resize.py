"""From an image to a network's input, without a float copy of the whole image.

torchvision turns every pixel into floats, normalizes them all and resizes last. The three steps
commute, so here only the pixels that the smaller picture is made of become floats: at 12
megapixels 10 MB instead of 430 MB, with the same values up to rounding.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional

from maskcore.types import Image

if TYPE_CHECKING:
    from torchvision.models.detection.transform import (
        GeneralizedRCNNTransform,
    )

_STRIP = 1 << 19
"""Pixels of the image that are floats at a time."""


def fitted_size(
    size_hw: tuple[int, int], min_size: int, max_size: int, *, upsize: bool
) -> tuple[int, int]:
    """Return the (height, width) that torchvision's detectors resize an image to.

    Unlike there, a side never becomes 0: a very thin image keeps one pixel.

    Args:
        size_hw: Of the image.
        min_size: The shorter side afterwards, unless
        max_size: the longer side would be longer than this.
        upsize: Whether an image may become larger than it is.
    """
    scale = min(min_size / min(size_hw), max_size / max(size_hw))
    if not upsize:
        scale = min(scale, 1.0)
    height, width = (max(1, math.floor(float(side) * scale)) for side in size_hw)
    return height, width


def bilinear(image: Image, size_hw: tuple[int, int]) -> NDArray[np.float32]:
    """Resize as ``torch.nn.functional.interpolate`` does (bilinear, not antialiased).

    Args:
        image: (H, W, 3).
        size_hw: (h, w) of the result.

    Returns:
        (h, w, 3), 0 to 255, not rounded.
    """
    top, bottom, down = _neighbors(image.shape[0], size_hw[0])
    resized = np.empty((*size_hw, 3), np.float32)
    step = max(1, _STRIP // image.shape[1])
    for start in range(0, size_hw[0], step):
        strip = slice(start, start + step)
        rows = torch.from_numpy(image[top[strip]]).float()
        rows.lerp_(torch.from_numpy(image[bottom[strip]]).float(), down[strip, None, None])
        columns = functional.interpolate(
            rows.permute(2, 0, 1)[None],  # (1, 3, strip, W)
            (len(rows), size_hw[1]),
            mode="bilinear",
        )
        resized[strip] = columns[0].permute(1, 2, 0)
    return resized


def _neighbors(size: int, new_size: int) -> tuple[NDArray[np.intp], NDArray[np.intp], torch.Tensor]:
    """For each new row the two old ones that it lies between, and how far along it is."""
    # In float32, as torch computes it: at row 4,000 double precision would weigh differently.
    scale = np.float32(size) / np.float32(new_size)
    places = (np.arange(new_size, dtype=np.float32) + np.float32(0.5)) * scale - np.float32(0.5)
    places = np.maximum(places, np.float32(0))
    low = np.minimum(places.astype(np.intp), size - 1)
    return low, np.minimum(low + 1, size - 1), torch.from_numpy(places - low.astype(np.float32))


def network_input(
    image: Image, transform: GeneralizedRCNNTransform, *, fast: bool
) -> tuple[torch.Tensor, tuple[int, int]]:
    """Resize, normalise and pad with zeros at the right and the bottom.

    Args:
        image: (H, W, 3).
        transform: Says to which size, with which mean and deviation.
        fast: Never enlarge, and interpolate in whole numbers.

    Returns:
        (1, 3, padded h, padded w) float32, channels last in memory, and the (h, w) without the
        padding.
    """
    if transform.fixed_size is not None:
        size_hw = transform.fixed_size[1], transform.fixed_size[0]
    else:
        size_hw = fitted_size(
            (image.shape[0], image.shape[1]),
            transform.min_size[-1],
            transform.max_size,
            upsize=not fast,
        )
    pixels: NDArray[Any] = image
    if fast and size_hw != image.shape[:2]:
        pixels = cv2.resize(image, size_hw[::-1], interpolation=cv2.INTER_LINEAR)
    elif size_hw != image.shape[:2]:
        pixels = bilinear(image, size_hw)
    multiple = transform.size_divisible
    height, width = (math.ceil(side / multiple) * multiple for side in size_hw)
    padded = np.zeros((1, height, width, 3), np.float32)
    inside = padded[0, : size_hw[0], : size_hw[1]]
    np.subtract(pixels, np.asarray(transform.image_mean, np.float32) * 255, out=inside)
    inside /= np.asarray(transform.image_std, np.float32) * 255
    return torch.from_numpy(padded).permute(0, 3, 1, 2), size_hw
