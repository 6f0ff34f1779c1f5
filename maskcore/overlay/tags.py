"""Labels and scores written beside their masks, on bars of the masks' colors."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from maskcore import rle
from maskcore.types import Box, Image, Instance, Mask

RGB = tuple[int, int, int]

_MAX_LABEL = 40
_TEXT_WEIGHT = 600


def write(canvas: Image, instances: Iterable[tuple[Instance, RGB]]) -> None:
    """Write the label and score of each instance near its mask.

    Each text goes where it hides least of the texts before it and of its own mask. One that the
    canvas has no room for is shortened or left out.

    Args:
        canvas: (H, W, 3) RGB, C-contiguous; is changed.
        instances: With the color to write each on; their masks have the canvas's size. An empty
            mask gets no text.
    """
    font = _Font(canvas.shape[:2])
    tags: list[_Tag] = []
    for instance, color in instances:
        text = font.fitting(" ".join(instance.label.split()), instance.score)
        tag_w, tag_h = font.width(text) + font.size, round(1.5 * font.size)
        if text and tag_h <= canvas.shape[0] and rle.area(instance.mask):
            place = _free_place((tag_w, tag_h), instance.mask, [tag.place for tag in tags])
            tags.append(_Tag(text, color, place))
    for tag in tags:
        x1, y1, x2, y2 = tag.place
        window = canvas[y1:y2, x1:x2]
        bar = _with_bar(window, tag.color)
        font.put(bar, tag.text, _ink(tag.color))
        window[:] = bar


class _Tag(NamedTuple):
    text: str
    color: RGB
    place: Box


class _Font:
    """Letters whose size suits the picture."""

    def __init__(self, size_hw: tuple[int, int]) -> None:
        self.size = min(64, max(11, round(0.009 * sum(size_hw))))
        self._room = size_hw[1] - self.size
        # Unlike Pillow's built-in font, OpenCV's has letters beyond English.
        self._face = cv2.FontFace("sans")

    def width(self, text: str) -> int:
        return cv2.getTextSize((0, 0), text, (0, 0), self._face, self.size, _TEXT_WEIGHT)[2]

    def fitting(self, label: str, score: float | None) -> str:
        """Shorten the label until it fits beside the score; "" if nothing does."""
        percent = "" if score is None else f"{score:.0%}"
        for length in range(min(len(label), _MAX_LABEL), -1, -1):
            shown = label if length == len(label) else f"{label[:length].rstrip()}…"
            text = f"{shown} {percent}".strip()
            if (length or not label) and self.width(text) <= self._room:
                return text
        return ""

    def put(self, bar: Image, text: str, ink: RGB) -> None:
        baseline = (self.size // 2, round(1.1 * self.size))
        cv2.putText(bar, text, baseline, ink, self._face, self.size, _TEXT_WEIGHT)


def _free_place(tag_wh: tuple[int, int], mask: rle.RLE, taken: list[Box]) -> Box:
    """Find the place near the mask that hides least of other texts and of the mask."""
    height, width = mask.size_hw
    tag_w, tag_h = tag_wh
    x1, y1, _, y2 = box = rle.box(mask)
    inside = rle.decode(mask, box=box)
    top_x, bottom_x = (x1 + _middle(inside[row]) for row in (0, -1))
    gap = max(2, tag_h // 5)
    aside = tag_w // 2 + 2 * gap
    above, below = y1 - tag_h - gap, y2 + gap
    wanted = [
        (top_x, above),
        (bottom_x, below),
        (top_x + aside, y1),
        (top_x - aside, y1),
        (bottom_x + aside, y2 - tag_h),
        (bottom_x - aside, y2 - tag_h),
        (top_x, y1 + gap),
        *((top_x, above + step * tag_h) for step in (-1, 1, -2, 2, -3, 3, -4, 4)),
    ]
    best, least = (0, 0, 0, 0), float("inf")
    for center_x, y in wanted:
        left = min(max(center_x - tag_w // 2, 0), width - tag_w)
        top = min(max(y, 0), height - tag_h)
        place = (left, top, left + tag_w, top + tag_h)
        under = inside[
            max(0, top - y1) : max(0, top + tag_h - y1),
            max(0, left - x1) : max(0, left + tag_w - x1),
        ]
        texts = sum(_common(place, other) for other in taken)
        hidden = 3 * texts + int(np.count_nonzero(under))
        if hidden < least:
            best, least = place, hidden
        if not hidden:
            break
    return best


def _middle(row: Mask) -> int:
    """The place of the middle one of the inside pixels in a row."""
    places = np.flatnonzero(row)
    return int(places[places.size // 2])


def _common(a: Box, b: Box) -> int:
    """Pixels that two boxes share."""
    width = min(a[2], b[2]) - max(a[0], b[0])
    height = min(a[3], b[3]) - max(a[1], b[1])
    return max(0, width) * max(0, height)


def _with_bar(window: Image, color: RGB) -> Image:
    """Return the window with a smooth-edged, round-ended bar over it."""
    height, width = window.shape[:2]
    radius = height / 2
    y = np.arange(height)[:, None] + 0.5 - radius
    x = np.maximum(np.abs(np.arange(width) + 0.5 - width / 2) - (width / 2 - radius), 0)
    cover = np.clip(radius + 0.5 - np.hypot(x, y), 0, 1)[..., None]  # (h, w, 1)
    blended: NDArray[np.float64] = window + (np.array(color) - window) * cover
    return np.rint(blended).astype(np.uint8)


def _ink(color: RGB) -> RGB:
    """Black or white, whichever has more contrast (WCAG 2.2, relative luminance)."""
    share = np.array(color) / 255
    linear = np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)
    luminance = linear @ (0.2126, 0.7152, 0.0722)
    # Equal contrast to both: (1 + 0.05) / (L + 0.05) = (L + 0.05) / 0.05.
    return (0, 0, 0) if luminance > 0.179 else (255, 255, 255)
