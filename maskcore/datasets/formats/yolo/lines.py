"""A line of a YOLO label file: a class number, then a polygon or a box, perhaps a score."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from maskcore import rle
from maskcore.datasets import drawn_shapes
from maskcore.errors import DatasetError
from maskcore.files.values import score_of
from maskcore.masks import polygons as mask_polygons

N_BOX = 5
"""Numbers in a line that is a box: the class, the center, width and height."""

_FARTHEST = 1e4
_LIKELY = 2  # what is larger is no fraction of an image; 2 marks keypoints that are seen
_DIGITS = 7  # a hundredth of a pixel on the largest image
_CORNERS = np.array([(-1, -1), (1, -1), (1, 1), (-1, 1)])


@dataclass(frozen=True)
class Line:
    """What a line says.

    Attributes:
        number: The class.
        ring: (N, 2) x, y as fractions of the image; of a box its corners, clockwise from the top
            left one.
        score: 0 to 1; None if there is none.
        is_box: Whether it states a box.
    """

    number: int
    ring: NDArray[np.float64]
    score: float | None
    is_box: bool

    @property
    def farthest(self) -> float:
        """The coordinate that is furthest from the middle of the image."""
        return float(self.ring.flat[np.abs(self.ring - 0.5).argmax()])

    def box(self, size_hw: tuple[int, int]) -> tuple[float, float, float, float]:
        """Return the box around it in pixels, cut off at the image."""
        size_wh = size_hw[::-1]
        x1, y1 = np.clip(self.ring.min(axis=0), 0, 1) * size_wh
        x2, y2 = np.clip(self.ring.max(axis=0), 0, 1) * size_wh
        return float(x1), float(y1), float(x2), float(y2)

    def mask(self, size_hw: tuple[int, int]) -> rle.RLE:
        """Fill it.

        Raises:
            DatasetError: If it lies outside of the image, or has far too many corners.
        """
        return drawn_shapes.polygon(self.ring * size_hw[::-1], size_hw)


def is_box(row: Sequence[str]) -> bool:
    """Whether a line's words are as many as a box has, with its score or without."""
    return len(row) in (N_BOX, N_BOX + 1)


def is_likely(row: Sequence[str]) -> bool:
    """Whether a line's words look like a line of this format."""
    try:
        number, *rest = map(float, row)
    except ValueError:
        return False
    is_class = number >= 0 and number.is_integer()
    return is_class and len(row) >= N_BOX and all(abs(number) <= _LIKELY for number in rest)


def read(row: Sequence[str], *, is_scored: bool) -> Line:
    """Read a line.

    Args:
        row: Its words.
        is_scored: Whether a polygon's last number is a score, if numbers are left over.

    Raises:
        DatasetError: If it cannot be read.
    """
    try:
        number, *rest = np.array(row, np.float64).tolist()
    except ValueError as error:
        raise DatasetError("A line is made of numbers, and this one is not.") from error
    if not (0 <= number < 2**53 and number.is_integer()):
        raise DatasetError(f"A class is a whole number from 0, got {row[0][:20]}.")
    if len(row) < N_BOX:
        raise DatasetError(f"A line has at least {N_BOX} numbers, got {len(row)}.")
    score = None
    if len(row) == N_BOX + 1 or (is_scored and len(rest) % 2):
        score = score_of(rest.pop())
    if len(rest) % 2:
        raise DatasetError("A corner lacks its second number.")
    points = np.reshape(rest, (-1, 2))
    if not (np.abs(points) < _FARTHEST).all():
        raise DatasetError("A coordinate is no fraction of the image's size.")
    if len(points) > 2:
        return Line(int(number), points, score, is_box=False)
    center, half = points[0], points[1] / 2
    if (half < 0).any():
        raise DatasetError("A box has a negative width or height.")
    return Line(int(number), center + _CORNERS * half, score, is_box=True)


def write(mask: rle.RLE, number: int) -> Iterator[str]:
    """Yield a line for each 8-connected part of a mask; its holes are not written.

    Args:
        mask: The mask.
        number: The class.
    """
    x1, y1, x2, y2 = rle.box(mask)
    if x2 == 0:
        return
    height, width = mask.size_hw
    xs, ys = _fractions(width), _fractions(height)
    crop = rle.decode(mask, box=(x1, y1, x2, y2))
    for outline, *_ in mask_polygons.mask_to_polygons(crop):
        corners = (f"{xs[x + x1]} {ys[y + y1]}" for x, y in outline.tolist())
        yield f"{number} {' '.join(corners)}\n"


@lru_cache(maxsize=8)
def _fractions(side: int) -> tuple[str, ...]:
    """Return the text of 0 / side, 1 / side, ... 1."""
    return tuple(f"{place / side:.{_DIGITS}f}".rstrip("0").rstrip(".") for place in range(side + 1))
