"""An image as the colors it has: how often each occurs, by cells of similar colors.

A cell is one of the 65,536 colors of a 16-bit 5-6-5 pixel: 8 x 4 x 8 neighboring 8-bit colors.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from maskcore.types import Image

Space = Literal["rgb", "lab"]
"""Where distances are measured; "lab" is CIE 1976 L*a*b* of sRGB with the white D65."""

Positions = NDArray[np.float64]
"""(3, N) or (N, 3): red, green, blue 0-255, or L* 0-100, a*, b* about -127 to 127."""

N_CELLS = 65_536

CORNER_BITS = np.array([[0xF8], [0xFC], [0xF8]], np.uint8)
"""(3, 1) what a cell says of its colors; the rest are three, two and three low bits."""

LOW_VALUES = np.stack([np.arange(256) & 7, np.arange(256) >> 3 & 3, np.arange(256) >> 5], 1)
"""(256, 3) the low bits of each channel, by the byte that `low_bytes` makes of them."""

_FEW_CELLS = 2048
_STRIP_PIXELS = 1 << 22
_SIDES = np.array([[8], [4], [8]])
# Cells of pixels times 32 -> their low bits as a byte.
_AT = np.arange(N_CELLS)
_LOW_BYTES = (_AT >> 2 & 7 | (_AT >> 8 & 3) << 3 | _AT >> 13 << 5).astype(np.uint8)
# OpenCV keeps 8-bit L* stretched to 255 and a*, b* with 128 added.
_SCALES = {"rgb": np.ones((3, 1)), "lab": np.array([[100 / 255], [1], [1]])}
_OFFSETS = {"rgb": np.zeros((3, 1)), "lab": np.array([[0.0], [-128], [-128]])}


@dataclass(frozen=True, eq=False)
class Colors:
    """Every single color of an image.

    Attributes:
        values: (3, N) 8-bit channel values, one column per color, those of a cell together.
        counts: (N,) pixels of that color.
        starts: (M,) the first column of each cell.
    """

    values: NDArray[np.uint8]
    counts: NDArray[np.int64]
    starts: NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Histogram:
    """How many pixels of an image have which color: all that a fit looks at.

    Attributes:
        size_hw: Of the image.
        space: Of the colors.
        cells: (M,) the occupied cells, rising; bits 0-4 are the first channel, 5-10 the second.
        counts: (M,) pixels in each.
        squares: Squared distance of all pixels from channel values of 0, summed up.
        colors: The colors themselves, where they were asked for or are few.
    """

    size_hw: tuple[int, int]
    space: Space
    cells: NDArray[np.int64]
    counts: NDArray[np.int64]
    squares: float
    colors: Colors | None

    @property
    def has_few_cells(self) -> bool:
        """Whether cells are too coarse for it: it is small, gray, flat or low in contrast."""
        return len(self.cells) < _FEW_CELLS

    def corners(self) -> NDArray[np.int64]:
        """(3, M) the least channel values of each occupied cell."""
        bits = np.stack([self.cells & 31, self.cells >> 5 & 63, self.cells >> 11])
        corners: NDArray[np.int64] = bits * _SIDES
        return corners

    @cached_property
    def middles(self) -> Positions:
        """(3, M) the middle of each occupied cell."""
        return positions(self.corners() + (_SIDES - 1) / 2, self.space)

    def cell_sums(self) -> Positions:
        """(4, M) the positions of all pixels of each cell, summed up, and their number."""
        if self.colors is None:
            raise ValueError("histogram must be counted with exact=True")
        values, counts, starts = self.colors.values, self.colors.counts, self.colors.starts
        sums = np.stack([np.add.reduceat(row * counts, starts) for row in values])
        means = positions(sums / self.counts, self.space)
        moments: Positions = np.vstack([means, np.ones(len(starts))]) * self.counts
        return moments

    def half_sides(self) -> Positions:
        """(3,) how far the outermost colors of a cell are from its middle."""
        half: Positions = ((_SIDES - 1) / 2 * _SCALES[self.space])[:, 0]
        return half


def positions(values: NDArray[np.generic], space: Space) -> Positions:
    """(3, N) 8-bit channel values as OpenCV has them -> positions in the space."""
    if space == "rgb":
        return values.astype(np.float64)
    places: Positions = values * _SCALES[space] + _OFFSETS[space]
    return places


def values(places: Positions, space: Space) -> Positions:
    """(K, 3) positions in the space -> channel values as OpenCV has them, not rounded."""
    channels: Positions = (places - _OFFSETS[space].T) / _SCALES[space].T
    return channels


def square_weights(space: Space) -> Positions:
    """(3,) what a squared step of one in each channel's value adds to a squared distance."""
    weights: Positions = np.square(_SCALES[space].ravel())
    return weights


def to_rgb(places: Positions, space: Space) -> Positions:
    """(N, 3) positions in the space -> RGB 0-255, clipped to what a screen shows."""
    if space == "rgb":
        return places
    lab = places.astype(np.float32)[None]
    rgb = np.asarray(cv2.cvtColor(lab, cv2.COLOR_Lab2RGB), np.float64)[0]
    screen: Positions = np.clip(rgb, 0, 1) * 255
    return screen


def strips(
    image: Image, space: Space, n_pixels: int = _STRIP_PIXELS
) -> Iterator[tuple[slice, Image]]:
    """Yield (rows, pixels in the space): a strip at a time, so that nothing large is copied."""
    height, width = image.shape[:2]
    n_rows = max(1, n_pixels // width)
    for top in range(0, height, n_rows):
        rows = slice(top, min(top + n_rows, height))
        pixels = np.ascontiguousarray(image[rows])
        if space == "lab":
            pixels = np.asarray(cv2.cvtColor(pixels, cv2.COLOR_RGB2Lab), np.uint8)
        yield rows, pixels


def cells(pixels: Image) -> NDArray[np.uint16]:
    """(h, w, 3) -> (h, w) the cell of each pixel."""
    packed = np.asarray(cv2.cvtColor(pixels, cv2.COLOR_BGR2BGR565), np.uint8)
    return packed.view("<u2")[..., 0]


def low_bytes(pixels: Image) -> NDArray[np.uint8]:
    """(h, w, 3) -> (h, w) what the cell of a pixel does not say of it."""
    # In 8 bits, times 32 leaves three low bits and makes them the high ones.
    return np.asarray(cv2.LUT(cells(pixels * np.uint8(32)), _LOW_BYTES), np.uint8)


def count(image: Image, *, space: Space, exact: bool) -> Histogram:
    """Count the colors of an image.

    Args:
        image: (H, W, 3) RGB.
        space: Of the colors.
        exact: Whether to count every single color as well.

    Returns:
        The histogram; with the single colors, too, if the cells are few.
    """
    counts = np.zeros(N_CELLS, np.int64)
    first_weight = float(square_weights(space)[0])
    squares = 0.0
    for _, pixels in strips(image, space):
        squares += cv2.norm(pixels, cv2.NORM_L2SQR)
        if first_weight != 1:
            squares += (first_weight - 1) * cv2.norm(pixels[..., 0], cv2.NORM_L2SQR)
        found = cv2.calcHist([cells(pixels)], [0], None, [N_CELLS], [0, N_CELLS])
        # A float32 counts up to 2**24 exactly, more than a strip has.
        counts += found.ravel().astype(np.int64)
    occupied = np.flatnonzero(counts)
    colors = _colors(image, space) if exact or len(occupied) < _FEW_CELLS else None
    return Histogram(image.shape[:2], space, occupied, counts[occupied], squares, colors)


def _colors(image: Image, space: Space) -> Colors:
    """Count the runs of equal pixels, sorted by cell and then by color."""
    keys = _sorted(image, space)
    n_pixels, firsts = keys.size, _firsts(keys)
    low, cell = keys[firsts].view("<u2").reshape(-1, 2).T.copy()
    del keys  # 4 bytes a pixel
    counts = np.diff(firsts, append=n_pixels)
    values = np.empty((3, counts.size), np.uint8)
    values[0] = cell << 3 & 0xF8 | low >> 2 & 7
    values[1] = cell >> 3 & 0xFC | low >> 8 & 3
    values[2] = cell >> 8 & 0xF8 | low >> 13
    return Colors(values, counts, _firsts(cell))


def _sorted(image: Image, space: Space) -> NDArray[np.uint32]:
    """(H * W,) the cell of each pixel and, below it, its low bits, as `cells` has them."""
    keys = np.empty(image.shape[:2], "<u4")
    halves = keys.view("<u2").reshape(*keys.shape, 2)
    for rows, pixels in strips(image, space, 1 << 20):
        halves[rows, :, 0] = cells(pixels * np.uint8(32))
        halves[rows, :, 1] = cells(pixels)
    flat = keys.reshape(-1)
    flat.sort()
    return flat


def _firsts(in_order: NDArray[np.generic]) -> NDArray[np.intp]:
    """Where a value begins that was not there before."""
    is_new = np.ones(in_order.size, np.bool_)
    np.not_equal(in_order[1:], in_order[:-1], out=is_new[1:])
    return np.flatnonzero(is_new)
