"""Masks, outlines and labels drawn on an image."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from maskcore import checks, image_io, masks, rle
from maskcore.types import Box, Image, Instance, Mask

RGB = tuple[int, int, int]

PALETTE: tuple[RGB, ...] = (
    (230, 159, 0),  # orange
    (51, 187, 238),  # cyan
    (170, 68, 153),  # purple
    (238, 221, 136),  # sand
    (51, 34, 136),  # indigo
    (17, 119, 51),  # green
    (213, 94, 0),  # vermilion
    (255, 170, 187),  # pink
    (0, 119, 187),  # blue
    (187, 204, 51),  # pear
)
"""Colours that people with any colour vision can tell apart and that stand out from steel grey.

Taken from Okabe and Ito (https://jfly.uni-koeln.de/color/) and Paul Tol
(https://sronpersonalpages.nl/~pault/), ordered so that each is as far as possible from those
before it for normal, protan, deutan and tritan vision. The first six are the most distinct.
"""

_DIMMED = 0.35
_MAX_LABEL = 40
_TEXT_WEIGHT = 600


def colors(keys: Iterable[str]) -> dict[str, RGB]:
    """Give each label its colour.

    Args:
        keys: Labels, with repeats.

    Returns:
        Label -> (red, green, blue), in order of first appearance; after the last colour of
        `PALETTE` comes the first one again.
    """
    return {key: PALETTE[i % len(PALETTE)] for i, key in enumerate(dict.fromkeys(keys))}


def draw(
    image: Image,
    instances: Sequence[Instance],
    *,
    opacity: float = 0.5,
    outline: bool = True,
    labels: bool = True,
    colors: Sequence[RGB] | None = None,
    highlight: int | None = None,
) -> Image:
    """Draw instances on a copy of an image.

    Args:
        image: (H, W, 3) RGB.
        instances: Masks of the same size; later ones lie on top. Empty ones are not drawn.
        opacity: How much of the colour shows inside the masks, 0 (none) to 1 (nothing else).
        outline: Whether to draw the rim of each mask in its full colour, 1 to 3 pixels wide.
        labels: Whether to write label and score beside each mask. A text that the image has no
            room for is shortened or left out.
        colors: One per instance; by default one per label, from `PALETTE`.
        highlight: Index of the instance to show on top, with the others dimmed and without text.

    Returns:
        (H, W, 3) RGB.

    Raises:
        ValueError: If a mask has another size than the image, or an argument is out of range.
    """
    checks.image(image)
    for instance in instances:
        checks.same_size(instance.mask.size_hw, image.shape, "every mask")
    if not 0 <= opacity <= 1:
        raise ValueError(f"opacity must be 0 to 1, got {opacity}")
    if highlight is not None and not 0 <= highlight < len(instances):
        raise ValueError(f"highlight must be 0 to {len(instances) - 1}, got {highlight}")
    if colors is None:
        by_label = _by_label([instance.label for instance in instances])
        colors = [by_label[instance.label] for instance in instances]
    elif len(colors) != len(instances):
        raise ValueError(f"colors must be one per instance, got {len(colors)}")

    canvas = image.copy(order="C")
    line = min(3, max(1, round(sum(image.shape[:2]) / 900))) if outline else 0
    tags = _Tags(canvas)
    for i in sorted(range(len(instances)), key=lambda i: i == highlight):
        instance, color = instances[i], colors[i]
        shown = highlight in (None, i)
        strength = 1.0 if shown else _DIMMED
        box = _grown(rle.box(instance.mask), line, instance.mask.size_hw)
        inside = _decode(instance.mask, box)
        if not inside.size:
            continue
        window = canvas[box[1] : box[3], box[0] : box[2]]
        _blend(window, inside, color, opacity * strength)
        if outline:
            _blend(window, masks.outline(inside, line), color, strength)
        if labels and shown:
            tags.add(instance, color, inside, box)
    tags.write()
    return canvas


def draw_preview(
    image: Image,
    instances: Sequence[Instance],
    longest: int,
    *,
    opacity: float = 0.5,
    outline: bool = True,
    labels: bool = True,
    colors: Sequence[RGB] | None = None,
    highlight: int | None = None,
) -> Image:
    """Draw instances on a reduced image, much faster than reducing what `draw` returns.

    Lines and text have their usual size in the small picture, and thin masks stay visible, see
    `masks.reduce`.

    Args:
        image: (H, W, 3) RGB.
        instances: Masks of the same size.
        longest: The longer side of the picture in pixels, unless the image is smaller.
        opacity: As in `draw`, and so are the others.
        outline: Whether to draw the rim of each mask.
        labels: Whether to write label and score.
        colors: One per instance.
        highlight: Index of the instance to show on top.

    Returns:
        (h, w, 3) RGB.

    Raises:
        ValueError: As in `draw`, and if ``longest`` is less than 1.
    """
    checks.image(image)
    for instance in instances:
        checks.same_size(instance.mask.size_hw, image.shape, "every mask")
    small = image_io.preview(image, longest)
    size_hw = small.shape[:2]
    return draw(
        small,
        [replace(instance, mask=masks.reduce(instance.mask, size_hw)) for instance in instances],
        opacity=opacity,
        outline=outline,
        labels=labels,
        colors=colors,
        highlight=highlight,
    )


_by_label = colors  # `draw` has an argument of that name


def _grown(box: Box, margin: int, size_hw: tuple[int, int]) -> Box:
    """Leave room around a mask, so that the crop's border is no border to `masks.outline`."""
    x1, y1, x2, y2 = box
    if x1 == x2:
        return box
    height, width = size_hw
    return (
        max(0, x1 - margin),
        max(0, y1 - margin),
        min(width, x2 + margin),
        min(height, y2 + margin),
    )


def _decode(r: rle.RLE, box: Box) -> Mask:
    columns = rle.decode(r, box=box).T.view(np.uint8)
    if not columns.size:
        return np.zeros((0, 0), np.bool_)
    return cv2.transpose(columns).view(np.bool_)  # row-major, as the canvas is


def _blend(window: Image, inside: Mask, color: RGB, opacity: float) -> None:
    if opacity == 0:
        return
    row = np.full((1, window.shape[1], 3), color, np.uint8)
    paint = np.broadcast_to(row, window.shape).copy()
    if opacity < 1:
        cv2.addWeighted(window, 1 - opacity, paint, opacity, 0, dst=paint)
    cv2.copyTo(paint, inside.view(np.uint8), window)


@dataclass(frozen=True)
class _Tag:
    text: str
    color: RGB
    box: Box


class _Tags:
    """The texts of a picture: each placed as its mask is drawn, all written on top at the end."""

    def __init__(self, canvas: Image) -> None:
        self._canvas = canvas
        self._height, self._width = canvas.shape[:2]
        self._size = min(64, max(11, round(0.009 * (self._height + self._width))))
        # Unlike Pillow's built-in font, OpenCV's has letters beyond English.
        self._font = cv2.FontFace("sans")
        self._tags: list[_Tag] = []

    def add(self, instance: Instance, color: RGB, inside: Mask, box: Box) -> None:
        """Place the text of an instance, given its pixels in a box of the canvas."""
        text = self._fitting(" ".join(instance.label.split()), instance.score)
        tag_wh = self._text_width(text) + self._size, round(1.5 * self._size)
        if text and tag_wh[1] <= self._height:
            self._tags.append(_Tag(text, color, self._place(tag_wh, inside, box)))

    def write(self) -> None:
        """Draw what was placed."""
        for tag in self._tags:
            x1, y1, x2, y2 = tag.box
            window = self._canvas[y1:y2, x1:x2]
            pill = _pill(window, tag.color)
            baseline = (self._size // 2, round(1.1 * self._size))
            ink = _ink(tag.color)
            cv2.putText(pill, tag.text, baseline, ink, self._font, self._size, _TEXT_WEIGHT)
            window[:] = pill

    def _text_width(self, text: str) -> int:
        return cv2.getTextSize((0, 0), text, (0, 0), self._font, self._size, _TEXT_WEIGHT)[2]

    def _fitting(self, label: str, score: float | None) -> str:
        """Shorten the label until it fits beside the score; "" if nothing does."""
        percent = "" if score is None else f"{score:.0%}"
        for length in range(min(len(label), _MAX_LABEL), -1, -1):
            shown = label if length == len(label) else f"{label[:length].rstrip()}…"
            text = f"{shown} {percent}".strip()
            if (length or not label) and self._text_width(text) <= self._width - self._size:
                return text
        return ""

    def _place(self, tag_wh: tuple[int, int], inside: Mask, box: Box) -> Box:
        """Find the place near the mask that hides least of other texts and of the mask."""
        tag_w, tag_h = tag_wh
        rows = np.flatnonzero(inside.any(axis=1))
        top_x, bottom_x = (_middle(inside[row]) + box[0] for row in (rows[0], rows[-1]))
        top_y, bottom_y = int(rows[0]) + box[1], int(rows[-1]) + 1 + box[1]
        gap = max(2, tag_h // 5)
        aside = tag_w // 2 + 2 * gap
        above, below = top_y - tag_h - gap, bottom_y + gap
        wanted = [
            (top_x, above),
            (bottom_x, below),
            (top_x + aside, top_y),
            (top_x - aside, top_y),
            (bottom_x + aside, bottom_y - tag_h),
            (bottom_x - aside, bottom_y - tag_h),
            (top_x, top_y + gap),
            *((top_x, above + step * tag_h) for step in (-1, 1, -2, 2, -3, 3, -4, 4)),
        ]
        best, least = box, float("inf")
        for center_x, y in wanted:
            x1 = min(max(center_x - tag_w // 2, 0), self._width - tag_w)
            y1 = min(max(y, 0), self._height - tag_h)
            place = (x1, y1, x1 + tag_w, y1 + tag_h)
            hidden = self._hidden(place, inside, box)
            if hidden < least:
                best, least = place, hidden
            if not hidden:
                break
        return best

    def _hidden(self, place: Box, inside: Mask, box: Box) -> int:
        texts = sum(_common(place, tag.box) for tag in self._tags)
        x1, y1, x2, y2 = place
        left, top = box[:2]
        under = inside[max(0, y1 - top) : max(0, y2 - top), max(0, x1 - left) : max(0, x2 - left)]
        return 3 * texts + int(np.count_nonzero(under))


def _middle(row: Mask) -> int:
    places = np.flatnonzero(row)
    return int(places[places.size // 2])


def _common(a: Box, b: Box) -> int:
    """Pixels that two boxes share."""
    width = min(a[2], b[2]) - max(a[0], b[0])
    height = min(a[3], b[3]) - max(a[1], b[1])
    return max(0, width) * max(0, height)


def _pill(window: Image, color: RGB) -> Image:
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
