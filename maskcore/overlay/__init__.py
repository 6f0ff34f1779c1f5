"""Masks, outlines and labels drawn on an image."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

import cv2
import numpy as np

from maskcore import checks, image_io, masks, rle
from maskcore.boxes import grow, slices
from maskcore.overlay import tags
from maskcore.overlay.tags import RGB as RGB
from maskcore.types import Box, Image, Instance, Mask

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
"""Colors that people with any color vision can tell apart and that stand out from steel gray.

Taken from Okabe and Ito (https://jfly.uni-koeln.de/color/) and Paul Tol
(https://sronpersonalpages.nl/~pault/), ordered so that each is as far as possible from those
before it for normal, protan, deutan and tritan vision. The first six are the most distinct.
"""

_DIMMED = 0.35


def colors(keys: Iterable[str]) -> dict[str, RGB]:
    """Give each label its color.

    Args:
        keys: Labels, with repeats.

    Returns:
        Label -> (red, green, blue), in order of first appearance; after the last color of
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
    boxes: bool = False,
    colors: Sequence[RGB] | None = None,
    highlight: int | None = None,
) -> Image:
    """Draw instances on a copy of an image.

    Args:
        image: (H, W, 3) RGB.
        instances: Masks of the same size; later ones lie on top. Empty ones are not drawn.
        opacity: How much of the color shows inside the masks, 0 (none) to 1 (nothing else).
        outline: Whether to draw the rim of each mask in its full color, 1 to 3 pixels wide.
        labels: Whether to write label and score beside each mask. A text that the image has no
            room for is shortened or left out.
        boxes: Whether to draw the box of each mask, 1 to 3 pixels wide, just inside of it.
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
    width = min(3, max(1, round(sum(image.shape[:2]) / 900)))
    line = width if outline else 0
    for i in sorted(range(len(instances)), key=lambda i: i == highlight):
        mask, color = instances[i].mask, colors[i]
        strength = 1.0 if highlight in (None, i) else _DIMMED
        # With room around it, so that the crop's border is no border to `masks.outline`.
        box = grow(rle.box(mask), line, mask.size_hw)
        inside = rle.decode(mask, box=box, order="C")
        if not inside.size:
            continue
        window = canvas[slices(box)]
        _blend(window, inside, color, opacity * strength)
        if outline:
            _blend(window, masks.outline(inside, line), color, strength)
    shown = range(len(instances)) if highlight is None else [highlight]
    if boxes:
        for i in shown:
            _frame(canvas, rle.box(instances[i].mask), colors[i], width)
    if labels:
        tags.write(canvas, ((instances[i], colors[i]) for i in shown))
    return canvas


def _frame(canvas: Image, box: Box, color: RGB, width: int) -> None:
    window = canvas[slices(box)]
    window[:width] = window[-width:] = color
    window[:, :width] = window[:, -width:] = color


def draw_preview(
    image: Image,
    instances: Sequence[Instance],
    longest: int,
    *,
    opacity: float = 0.5,
    outline: bool = True,
    labels: bool = True,
    boxes: bool = False,
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
        boxes: Whether to draw the box of each mask.
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
        boxes=boxes,
        colors=colors,
        highlight=highlight,
    )


_by_label = colors  # `draw` has an argument of that name


def _blend(window: Image, inside: Mask, color: RGB, opacity: float) -> None:
    if opacity == 0:
        return
    row = np.full((1, window.shape[1], 3), color, np.uint8)
    paint = np.broadcast_to(row, window.shape).copy()
    if opacity < 1:
        cv2.addWeighted(window, 1 - opacity, paint, opacity, 0, dst=paint)
    cv2.copyTo(paint, inside.view(np.uint8), window)
