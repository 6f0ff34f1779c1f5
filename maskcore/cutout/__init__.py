"""Objects cut out of an image, on any background, and the image without them."""

from __future__ import annotations

import operator
from collections.abc import Iterable
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from maskcore import boxes, checks, masks, rle
from maskcore.arrays import row_major
from maskcore.boxes import slices
from maskcore.cutout import backgrounds
from maskcore.cutout.backgrounds import RGB as RGB
from maskcore.mask_files.names import (
    background_name as background_name,
    file_name as file_name,
    parse_file_name as parse_file_name,
)
from maskcore.types import RGBA, Box, Image, Mask

Background = RGB | Image | Literal["blur", "gray"]
"""What a cut-out can lie on."""

_Plane = NDArray[np.uint8]

_SIGMA_PER_SIDE = 1 / 60
_FEATHER_ROWS = 256


def extract(
    image: Image,
    mask: Mask | rle.RLE,
    *,
    background: Background | None = None,
    margin: int = 0,
    feather: int = 0,
) -> Image | RGBA:
    """Cut the masked object out of the image.

    Args:
        image: (H, W, 3) RGB.
        mask: Same size as the image, as an array or as an RLE, which is much quicker for a small
            object in a large image.
        background: What to put around the object. None is transparent; a color (r, g, b) fills
            with it; "gray" and "blur" keep the surroundings without their color (Rec. 601) or
            out of focus. An image of the same size lies in its place under the object; one of
            another size is scaled and trimmed at its edges to cover just the cut-out.
        margin: Pixels kept around the object's box, clipped at the image.
        feather: How many pixels the soft edge reaches out from the object. All that is inside the
            mask stays opaque; from there the opacity falls with the distance, in a straight line,
            to 0 at ``feather + 1`` pixels. The margin is at least as wide.

    Returns:
        (h, w, 4) RGBA where the background is None, and black wherever it is fully transparent:
        what was cut away is gone. Else (h, w, 3) RGB.

    Raises:
        ValueError: If the sizes differ, the mask is empty or an argument is out of range.
    """
    checks.image(image)
    inner = _box(mask, image.shape)
    if boxes.is_empty(inner):
        raise ValueError("mask must have at least one pixel inside, got an empty mask")
    feather = _at_least_0(feather, "feather")
    box = boxes.grow(inner, max(_at_least_0(margin, "margin"), feather), image.shape)
    crop = image[slices(box)]
    inside = _inside(mask, box)
    alpha = _softened(inside, feather) if feather else None
    if background is None:
        return _with_alpha(crop, inside, alpha)
    canvas = _canvas(image, mask, box, background)
    if alpha is not None:
        _blend(canvas, crop, alpha)
    cv2.copyTo(crop, inside, canvas)
    return canvas


def background(
    image: Image,
    masks: Iterable[Mask | rle.RLE],
    *,
    fill: Background | None = None,
) -> Image | RGBA:
    """Return what no mask holds: the image without its objects.

    Args:
        image: (H, W, 3) RGB.
        masks: Of the same size, as arrays or RLEs; none or empty ones are fine.
        fill: What to put where the objects were; None is transparent. "blur" goes on with what
            surrounds them, out of focus; the others are as in `extract`, with the box of all
            objects for the cut-out.

    Returns:
        (H, W, 4) RGBA, black where it is transparent; (H, W, 3) RGB if there is a fill.

    Raises:
        ValueError: If the sizes differ or the fill is not known.
    """
    checks.image(image)
    objects: _Plane = np.zeros(image.shape[:2], np.uint8)
    for mask in masks:
        box = _box(mask, image.shape)
        if not boxes.is_empty(box):
            objects[slices(box)] |= _inside(mask, box)
    if fill is None:
        return _with_alpha(image, objects ^ np.uint8(1))
    held = objects.view(np.bool_)
    # Without objects a pixel is filled and not taken: the fill is checked all the same.
    box = _box(held, image.shape) if held.any() else (0, 0, 1, 1)
    filled = image.copy(order="C")
    cv2.copyTo(_canvas(image, held, box, fill), objects[slices(box)], filled[slices(box)])
    return filled


def _box(mask: Mask | rle.RLE, size_hw: tuple[int, ...]) -> Box:
    """Check the mask and find its box."""
    if isinstance(mask, rle.RLE):
        checks.same_size(mask.size_hw, size_hw, "mask")
        return rle.box(mask)
    box = masks.box(mask)
    checks.same_size(mask.shape, size_hw, "mask")
    return box


def _inside(mask: Mask | rle.RLE, box: Box) -> _Plane:
    """The mask in the box, row-major, 0 or 1."""
    if isinstance(mask, rle.RLE):
        return rle.decode(mask, box=box, order="C").view(np.uint8)
    return row_major(mask[slices(box)]).view(np.uint8)


def _softened(inside: _Plane, feather: int) -> _Plane:
    """Opacity by the distance to the mask; a strip at a time, as distances are 32-bit floats."""
    outside = inside ^ 1
    alpha = np.empty_like(inside)
    for top in range(0, len(inside), _FEATHER_ROWS):
        bottom = top + _FEATHER_ROWS
        first = max(0, top - feather)
        distance = cv2.distanceTransform(
            outside[first : bottom + feather], cv2.DIST_L2, cv2.DIST_MASK_PRECISE
        )
        steps = distance[top - first : bottom - first]
        gone = cv2.convertScaleAbs(steps, alpha=255 / (feather + 1))
        cv2.bitwise_not(gone, alpha[top:bottom])
    return alpha


def _with_alpha(image: Image, inside: _Plane, alpha: _Plane | None = None) -> RGBA:
    """RGBA that is opaque inside, or as opaque as alpha says; nothing is kept elsewhere."""
    opaque = cv2.cvtColor(image, cv2.COLOR_RGB2RGBA)
    if alpha is not None:
        cv2.insertChannel(alpha, opaque, 3)
        inside = alpha
    cut: RGBA = np.zeros(opaque.shape, np.uint8)
    cv2.copyTo(opaque, inside, cut)
    return cut


def _blend(canvas: Image, crop: Image, alpha: _Plane) -> None:
    """Lay the half transparent pixels of the crop over the canvas: few, so one by one."""
    soft = np.nonzero((alpha > 0) & (alpha < 255))
    share = alpha[soft].astype(np.uint16)[:, None]
    canvas[soft] = (share * crop[soft] + (255 - share) * canvas[soft] + 127) // 255


def _canvas(image: Image, mask: Mask | rle.RLE, box: Box, background: Background) -> Image:
    """What lies under the object, at the size of the box; a copy."""
    if isinstance(background, str):
        if background == "blur":
            return _blurred(image, mask, box)
        if background == "gray":
            gray = cv2.cvtColor(image[slices(box)], cv2.COLOR_RGB2GRAY)
            return np.asarray(cv2.cvtColor(gray, cv2.COLOR_GRAY2RGB), np.uint8)
    size_hw = box[3] - box[1], box[2] - box[0]
    if isinstance(background, np.ndarray) and background.ndim != 1:
        checks.image(background)
        if background.shape == image.shape:
            return background[slices(box)].copy(order="C")
        return backgrounds.covering(background, size_hw)
    return backgrounds.plain(background, size_hw)


def _blurred(image: Image, mask: Mask | rle.RLE, box: Box) -> Image:
    sigma = max(1.0, max(image.shape) * _SIGMA_PER_SIDE)
    area = boxes.grow(box, round(3 * sigma), image.shape)
    blurred = backgrounds.blurred(image[slices(area)], _inside(mask, area), sigma)
    x, y = area[:2]
    return blurred[slices((box[0] - x, box[1] - y, box[2] - x, box[3] - y))].copy()


def _at_least_0(value: int, what: str) -> int:
    number = operator.index(value)
    if number < 0:
        raise ValueError(f"{what} must be at least 0, got {number}")
    return number
