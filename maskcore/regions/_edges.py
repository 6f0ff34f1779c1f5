"""Edge-based regions: lines of strong change, and what they enclose.

J. Canny, A computational approach to edge detection, PAMI 8 (1986).
"""

from __future__ import annotations

import math
import operator
from typing import SupportsIndex

import cv2
import numpy as np

from maskcore import checks, masks
from maskcore.types import Image, Mask

_REACHED = 1


def edges(image: Image, *, low: float = 50, high: float = 150, sigma: float = 1.0) -> Mask:
    """Find the lines along which the colors change most (Canny).

    Args:
        image: (H, W, 3) RGB.
        low: A line goes on where the gradient is above it. A step by one gray level has a gradient
            of 4 if the image is not blurred; the strongest channel counts.
        high: Somewhere on each line the gradient is above it; at least ``low``.
        sigma: Pixels; standard deviation of the Gaussian that blurs the image first, 0 for none.

    Returns:
        (H, W), lines about one pixel wide. Between two flat colors a line lies on the pixels to
        the left of the step, or above it.

    Raises:
        ValueError: If ``low`` is negative or above ``high``, or ``sigma`` is negative.
    """
    checks.image(image)
    if not 0 <= low <= high < math.inf:
        raise ValueError(f"low and high must be 0 <= low <= high, got {low} and {high}")
    if not 0 <= sigma < math.inf:
        raise ValueError(f"sigma must be at least 0, got {sigma}")
    smooth = cv2.GaussianBlur(image, (0, 0), sigma) if sigma else np.ascontiguousarray(image)
    return cv2.Canny(smooth, low, high, L2gradient=True).view(np.bool_)


def closed_edges(
    image: Image,
    *,
    low: float = 50,
    high: float = 150,
    sigma: float = 1.0,
    gap: SupportsIndex = 2,
    min_area: SupportsIndex = 100,
) -> Mask:
    """Fill what is enclosed by edges.

    Args:
        image: (H, W, 3) RGB.
        low: See `edges`.
        high: See `edges`.
        sigma: See `edges`.
        gap: Pixels; a line with gaps up to so wide still encloses. Across a gap the mask ends
            where a disk of that diameter no longer fits; odd values are rounded up.
        min_area: Pixels; 8-connected parts with fewer are left out.

    Returns:
        (H, W): the pixels that cannot be reached from the frame over the sides of pixels without
        crossing a line, and the lines around them. A line that encloses nothing is not inside,
        nor is what only a line and the frame enclose together.

    Raises:
        ValueError: If an argument is out of range.
    """
    width, least = operator.index(gap), operator.index(min_area)
    if width < 0 or least < 0:
        raise ValueError(f"gap and min_area must be at least 0, got {width} and {least}")
    lines = edges(image, low=low, high=high, sigma=sigma)
    filled = _enclosed(lines)
    if width:
        # Thicker lines close the gaps, and what they enclose grows back by as much. Where that
        # is too thin to be left of, the lines as they are have enclosed it already.
        radius = (width + 1) // 2
        filled |= masks.grow(_enclosed(masks.grow(lines, radius)), radius)
    around = cv2.dilate(filled.view(np.uint8), np.ones((3, 3), np.uint8)).view(np.bool_)
    filled |= around & lines
    return masks.drop_specks(filled, least) if least > 1 else filled


def _enclosed(lines: Mask) -> Mask:
    """Return the pixels off the lines that cannot be reached from beyond the frame."""
    padded = cv2.copyMakeBorder(lines.view(np.uint8) * 2, 1, 1, 1, 1, cv2.BORDER_CONSTANT)
    cv2.floodFill(padded, None, (0, 0), _REACHED, flags=4)
    enclosed: Mask = padded[1:-1, 1:-1] == 0
    return enclosed
