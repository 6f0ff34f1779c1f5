"""GrabCut: an object from a box around it or from scribbles.

C. Rother, V. Kolmogorov and A. Blake, "GrabCut": interactive foreground extraction using iterated
graph cuts, SIGGRAPH 2004. OpenCV's runs for minutes on a photo, because it cuts a graph of all
pixels many times. Here colors are learnt and a first outline is found on a reduced copy of the
part that matters; then the outline alone is cut once more at full size, tile by tile, with the
colors as learnt.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import SupportsIndex

import cv2
import numpy as np
from numpy.typing import NDArray

from maskcore import boxes, checks, masks
from maskcore.errors import MaskcoreError
from maskcore.masks.parts import connected_components
from maskcore.types import Box, Image, Mask

_SURROUNDINGS = 0.25  # of the box's sides: how much of the background is looked at
_LEAST_MARGIN = 10
_BAND = 2  # reduced pixels to either side of the outline that are decided at full size
_TILE = 128
_OVERLAP = 24  # pixels around a tile that are cut with it, so that tiles fit together
_INSIDE = np.uint8(cv2.GC_FGD)  # odd labels are inside, those above it are guesses

_Labels = NDArray[np.uint8]


@dataclass(frozen=True)
class _Colors:
    """OpenCV's two mixtures of Gaussians, which it fills in."""

    outside: NDArray[np.float64] = field(default_factory=lambda: np.zeros((1, 65)))
    inside: NDArray[np.float64] = field(default_factory=lambda: np.zeros((1, 65)))

    def cut(self, image: Image, labels: _Labels, rounds: int, mode: int) -> None:
        """Change labels, and unless they are frozen the colors."""
        cv2.grabCut(image, labels, None, self.outside, self.inside, rounds, mode)  # type: ignore[call-overload]


def grabcut(
    image: Image,
    *,
    box: Sequence[SupportsIndex] | None = None,
    inside: Mask | None = None,
    outside: Mask | None = None,
    iterations: SupportsIndex = 5,
    longest: SupportsIndex = 500,
    seed: SupportsIndex = 0,
) -> Mask:
    """Find an object by its colors and its outline.

    Args:
        image: (H, W, 3) RGB.
        box: x1, y1, x2, y2 with an exclusive maximum: the object is in it, and what is outside
            of it is not the object.
        inside: (H, W), pixels that are the object, even if they are not in the box. Without a box
            the object is only what hangs together with them.
        outside: (H, W), pixels that are not. At least one of the three must be given.
        iterations: How often colors and outline are improved in turn, at least 1.
        longest: Pixels of the longer side at which colors are learnt, at least 2. Details of the
            object that vanish in that size are lost; a part of an image that is no larger is not
            reduced. The time grows faster than its square.
        seed: The same seed gives the same mask; OpenCV's generator of this thread is set to it.

    Returns:
        (H, W).

    Raises:
        ValueError: If the box is not in the image, the two scribbles overlap, or sizes or ranges
            do not fit.
        MaskcoreError: If nothing or everything would be the object from the start.
    """
    checks.image(image)
    rounds, side = operator.index(iterations), operator.index(longest)
    if rounds < 1 or side < 2:
        raise ValueError(f"iterations must be at least 1 and longest 2, got {rounds} and {side}")
    found = np.zeros(image.shape[:2], np.bool_)
    known, (x1, y1, x2, y2) = _known(image.shape, box, inside, outside)
    part = np.ascontiguousarray(image[y1:y2, x1:x2])
    drawn = np.zeros_like(found) if outside is None else outside
    cv2.setRNGSeed(operator.index(seed))
    labels = _cut(part, known, drawn[y1:y2, x1:x2], rounds, side, by_scribbles=box is None)
    found[y1:y2, x1:x2] = labels & _INSIDE
    return found if box is not None or inside is None else _connected(found, inside)


def _known(
    shape: tuple[int, ...],
    box: Sequence[SupportsIndex] | None,
    inside: Mask | None,
    outside: Mask | None,
) -> tuple[_Labels, Box]:
    """Return OpenCV's labels of the part of the image that matters, and where it is."""
    if box is None and inside is None and outside is None:
        raise ValueError("box, inside or outside must be given, got none of them")
    height, width = shape[:2]
    for name, scribble in (("inside", inside), ("outside", outside)):
        if scribble is not None:
            checks.mask(scribble)
            checks.same_size(scribble.shape, shape, name)
    place: Box = (0, 0, width, height)
    if box is None:
        guess = cv2.GC_PR_FGD if inside is None else cv2.GC_PR_BGD
        labels = np.full((height, width), guess, np.uint8)
    else:
        x1, y1, x2, y2 = _checked(box, width, height)
        labels = np.full((height, width), cv2.GC_BGD, np.uint8)
        labels[y1:y2, x1:x2] = cv2.GC_PR_FGD
        place = _surroundings((x1, y1, x2, y2), inside, width, height)
    if inside is not None:
        labels[inside] = cv2.GC_FGD
    if outside is not None:
        if inside is not None and (both := np.count_nonzero(inside & outside)):
            raise ValueError(f"inside and outside must not overlap, got {both} common pixels")
        labels[outside] = cv2.GC_BGD
    x1, y1, x2, y2 = place
    labels = labels[y1:y2, x1:x2]
    is_inside = (labels & _INSIDE).view(np.bool_)
    if is_inside.all():
        raise MaskcoreError(
            "Nothing is marked as background; leave some around the box or scribble on it."
        )
    if not is_inside.any():
        raise MaskcoreError("Nothing is left to be the object; scribble on it or draw a box.")
    return labels, place


def _checked(box: Sequence[SupportsIndex], width: int, height: int) -> Box:
    sides = [operator.index(side) for side in box]
    if len(sides) != 4:
        raise ValueError(f"box must be (x1, y1, x2, y2), got {box!r}")
    x1, y1, x2, y2 = sides
    if not boxes.lies_inside((x1, y1, x2, y2), (height, width)) or x1 == x2 or y1 == y2:
        raise ValueError(
            f"box must lie inside {width} x {height} pixels and hold one, got {(x1, y1, x2, y2)}"
        )
    return x1, y1, x2, y2


def _surroundings(box: Box, inside: Mask | None, width: int, height: int) -> Box:
    """Return the box with some background around it and with all that is known to be inside."""
    if inside is not None:
        box = boxes.union(box, masks.box(inside))
    _, _, *size_wh = boxes.xyxy_to_xywh(box)
    across, down = (max(round(_SURROUNDINGS * side), _LEAST_MARGIN) for side in size_wh)
    return boxes.grow(box, (across, down), (height, width))


def _connected(found: Mask, inside: Mask) -> Mask:
    """Keep the parts of a mask that hold a pixel of another."""
    count, numbers = connected_components(found, connectivity=8)
    is_kept = np.zeros(count + 1, np.bool_)
    is_kept[numbers[inside & found]] = True
    return is_kept[numbers]


def _cut(
    image: Image,
    known: _Labels,
    drawn_outside: Mask,
    rounds: int,
    longest: int,
    *,
    by_scribbles: bool,
) -> _Labels:
    """Return labels of the size of the image, 1 or 3 where the object is."""
    height, width = known.shape
    scale = max(1.0, max(height, width) / longest)
    size_wh = max(1, round(width / scale)), max(1, round(height / scale))
    small, labels = image, known.copy()
    if scale > 1:
        small = np.asarray(cv2.resize(image, size_wh, interpolation=cv2.INTER_AREA), np.uint8)
        labels = _reduced(known, drawn_outside, size_wh)
    colors = _Colors()
    sure = labels <= _INSIDE
    if by_scribbles and np.unique(labels[sure]).size == 2:
        # What is not scribbled on may be either: its colors would blur both mixtures.
        colors.cut(small[sure][None], labels[sure][None], 0, cv2.GC_INIT_WITH_MASK)
        colors.cut(small, labels, 1, cv2.GC_EVAL_FREEZE_MODEL)
        colors.cut(small, labels, rounds - 1, cv2.GC_EVAL)
    else:
        colors.cut(small, labels, rounds, cv2.GC_INIT_WITH_MASK)
    if scale == 1:
        return labels
    return _refined(image, known, labels, colors, math.ceil(_BAND * scale))


def _reduced(known: _Labels, drawn_outside: Mask, size_wh: tuple[int, int]) -> _Labels:
    """Reduce labels so that the thinnest box and scribble survive; the larger scribble wins."""
    inside, outside, guess, odd = (
        cv2.resize(flags.astype(np.float32), size_wh, interpolation=cv2.INTER_AREA)
        for flags in (known == cv2.GC_FGD, drawn_outside, known > _INSIDE, known & _INSIDE)
    )
    labels = np.zeros(size_wh[::-1], np.uint8)
    labels[guess > 0] = known.max()  # all guesses are of one kind
    labels[outside > inside] = cv2.GC_BGD
    labels[(inside > 0) & (inside >= outside)] = cv2.GC_FGD
    # OpenCV needs a pixel of either side to begin with.
    if not (labels & _INSIDE).any():
        labels.flat[odd.argmax()] = cv2.GC_PR_FGD
    elif (labels & _INSIDE).all():
        labels.flat[odd.argmin()] = cv2.GC_PR_BGD
    return labels


def _refined(image: Image, known: _Labels, small: _Labels, colors: _Colors, reach: int) -> _Labels:
    """Enlarge labels and decide anew within some pixels of the outline."""
    height, width = known.shape
    opaque = (small & _INSIDE) * np.uint8(255)
    smooth = cv2.resize(opaque, (width, height), interpolation=cv2.INTER_LINEAR)
    rough: _Labels = (np.asarray(smooth) > 127).astype(np.uint8)
    square = np.ones((2 * reach + 1, 2 * reach + 1), np.uint8)
    is_sure = known <= _INSIDE
    rough[is_sure] = known[is_sure]
    is_open = (cv2.dilate(rough, square) != cv2.erode(rough, square)) & ~is_sure
    labels = rough.copy()
    for y in range(0, height, _TILE):
        for x in range(0, width, _TILE):
            if is_open[y : y + _TILE, x : x + _TILE].any():
                top, left = max(y - _OVERLAP, 0), max(x - _OVERLAP, 0)
                tile = np.s_[top : y + _TILE + _OVERLAP, left : x + _TILE + _OVERLAP]
                cut = rough[tile] + 2 * is_open[tile].astype(np.uint8)
                colors.cut(np.ascontiguousarray(image[tile]), cut, 1, cv2.GC_EVAL_FREEZE_MODEL)
                middle = cut[y - top : y - top + _TILE, x - left : x - left + _TILE]
                labels[y : y + _TILE, x : x + _TILE] = middle
    return labels
