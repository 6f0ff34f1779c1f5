"""Images made small for showing."""

from __future__ import annotations

import cv2
import numpy as np

from maskcore import checks
from maskcore.types import RGBA, Image

# Pillow's `reducing_gap`: how much of the reduction is left to the exact, slow step.
_LEFT_TO_REDUCE = 1.4


def preview(image: Image, longest: int) -> Image:
    """Reduce an image for showing; each pixel is the mean of the area it covers.

    That is exact up to rounding, unless the image is at least 2.8 times as large, by a factor that
    is not whole, and has even sides. Such an image is halved first, once or several times, which
    takes less than half the time. Every pixel still counts, but areas begin and end within blocks
    of pixels, so that hard edges come out a little softer.

    Args:
        image: (H, W, 3) RGB; not changed.
        longest: Most pixels along the longer side, at least 1.

    Returns:
        (h, w, 3) RGB of the same proportions, at least 1 pixel on each side and never larger than
        the image; a copy where the image already fits.
    """
    checks.image(image)
    check_longest(longest)
    if longest >= max(image.shape[:2]):
        return image.copy()
    return reduce(image, size_wh(image.shape[:2], longest))


def preview_cutout(cut: RGBA, longest: int) -> RGBA:
    """Reduce an image with transparency for showing, as `preview` does.

    The colors are weighted by their opacity, so that what is hidden does not shine through at the
    edges.

    Args:
        cut: (H, W, 4) RGBA; not changed.
        longest: Most pixels along the longer side, at least 1.

    Returns:
        (h, w, 4) RGBA.
    """
    alpha = cut[..., 3:].astype(np.uint16)
    weighted = (cut[..., :3] * alpha + 127) // 255
    small = preview(weighted.astype(np.uint8), longest)
    opacity = preview(np.repeat(cut[..., 3:], 3, axis=2), longest)
    visible = np.maximum(opacity, 1).astype(np.uint16)
    colors = np.minimum((small * np.uint16(255) + visible // 2) // visible, 255)
    return np.dstack((colors.astype(np.uint8), opacity[..., 0]))


def check_longest(longest: int) -> None:
    """Raise ValueError unless an image can be that small."""
    if longest < 1:
        raise ValueError(f"longest must be at least 1, got {longest}")


def size_wh(size_hw: tuple[int, ...], longest: int) -> tuple[int, int]:
    """Return (width, height) of an image that is reduced to a longer side, if it is larger."""
    height, width = size_hw
    scale = min(1, longest / max(size_hw))
    return max(1, round(width * scale)), max(1, round(height * scale))


def reduce(image: Image, new_wh: tuple[int, int]) -> Image:
    """Reduce an image to (width, height), as `preview` does; not a copy if it has that size."""
    height, width = image.shape[:2]
    if (width, height) == new_wh:
        return image
    longest = max(new_wh)
    if width % new_wh[0] or height % new_wh[1]:
        while max(height, width) >= 2 * _LEFT_TO_REDUCE * longest and height % 2 == width % 2 == 0:
            height, width = height // 2, width // 2
            image = _reduced(image, (width, height))
    return _reduced(image, new_wh)


def _reduced(image: Image, size_wh: tuple[int, int]) -> Image:
    return np.asarray(cv2.resize(image, size_wh, interpolation=cv2.INTER_AREA), np.uint8)
