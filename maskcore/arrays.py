"""What the arrays of images and masks are: their shapes, types and order of axes and in memory."""

from __future__ import annotations

from typing import Any, TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]
"""(H, W, 3) RGB, upright."""

RGBA = NDArray[np.uint8]
"""(H, W, 4), alpha last, not premultiplied."""

Mask = NDArray[np.bool_]
"""(H, W), True is inside."""

LabelMap = NDArray[np.uint8] | NDArray[np.uint16]
"""(H, W), the number of a class or an instance at each pixel; 0 is the background."""

Box = tuple[int, int, int, int]
"""x1, y1, x2, y2 in pixels with an exclusive maximum: ``mask[y1:y2, x1:x2]``."""

_Scalar = TypeVar("_Scalar", bound=np.generic)
_WORDS = {1: np.uint8, 2: np.uint16, 4: np.int32, 8: np.float64}


def is_column_major(pixels: NDArray[Any]) -> bool:
    """Tell whether pixels of a column lie closer in memory than those of a row.

    Out of run lengths they do, see `rle.decode`.
    """
    return abs(pixels.strides[0]) < abs(pixels.strides[1])


def row_major(pixels: NDArray[_Scalar]) -> NDArray[_Scalar]:
    """Return an (H, W) array of which the pixels of a row lie side by side.

    Only what is column-major is copied, and is C-contiguous then. OpenCV transposes in blocks,
    many times as fast as NumPy.
    """
    words = _WORDS.get(pixels.itemsize)
    if not is_column_major(pixels) or not pixels.size:
        return pixels
    if words is None:
        return np.ascontiguousarray(pixels)
    turned = np.asarray(cv2.transpose(pixels.T.view(words)))
    return turned.reshape(pixels.shape).view(pixels.dtype)
