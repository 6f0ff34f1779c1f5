"""Where the patches of an image are: their places, what happens at the edges, their names."""

from __future__ import annotations

import operator
import re
from dataclasses import dataclass
from typing import Literal, NamedTuple, SupportsIndex, get_args

import numpy as np
from numpy.typing import NDArray

from maskcore import checks
from maskcore.errors import MaskcoreError

Edge = Literal["pad", "reflect", "shift", "drop"]

EDGES: tuple[Edge, ...] = get_args(Edge)
"""What happens to patches that would reach beyond the image: they are filled up with one value or
with the image's mirror image, moved inward, or left out."""

Pair = SupportsIndex | tuple[SupportsIndex, SupportsIndex]
"""One number of pixels for both directions, or (height, width)."""

_MOST = 20_000_000
_NAME = re.compile(r"(?P<stem>.+)_y(?P<y>[0-9]{6,})_x(?P<x>[0-9]{6,})\.[A-Za-z0-9]+", re.DOTALL)


@dataclass(frozen=True)
class Grid:
    """The places of the patches of an image, row by row.

    Attributes:
        size_hw: (height, width) of the image.
        patch_hw: (height, width) of each patch.
        edge: One of `EDGES`.
        tops: First row of the patches in each row of the grid, ascending.
        lefts: First column of the patches in each column of the grid, ascending.
    """

    size_hw: tuple[int, int]
    patch_hw: tuple[int, int]
    edge: Edge
    tops: tuple[int, ...]
    lefts: tuple[int, ...]

    def __len__(self) -> int:
        return len(self.tops) * len(self.lefts)

    @property
    def shape(self) -> tuple[int, int]:
        """How many patches there are below and beside each other."""
        return len(self.tops), len(self.lefts)

    @property
    def places(self) -> NDArray[np.int64]:
        """(N, 2) y and x of each patch's first pixel."""
        rows, columns = self.shape
        tops = np.repeat(np.array(self.tops, np.int64), columns)
        return np.stack((tops, np.tile(np.array(self.lefts, np.int64), rows)), axis=1)

    @property
    def extent_hw(self) -> tuple[int, int]:
        """(height, width) of the image with all that is padded."""
        return (
            max(self.size_hw[0], self.tops[-1] + self.patch_hw[0]),
            max(self.size_hw[1], self.lefts[-1] + self.patch_hw[1]),
        )


def grid(
    size_hw: tuple[int, int],
    size: Pair,
    *,
    stride: Pair | None = None,
    overlap: Pair | None = None,
    edge: Edge = "pad",
) -> Grid:
    """Place patches on an image, from its upper left corner on.

    Args:
        size_hw: (height, width) of the image.
        size: Pixels of a patch, one number or (height, width).
        stride: Pixels from one patch to the next; the size if not given. With more than the size
            there are gaps between the patches.
        overlap: Pixels that neighbors share, instead of the stride.
        edge: "pad" and "reflect" let the last patches reach beyond the image, "shift" moves them
            inward, so that they overlap more, "drop" leaves them out.

    Raises:
        MaskcoreError: If the patches are larger than the image and may not reach beyond it, or
            there would be too many of them.
        ValueError: If a number is out of range, the edge is unknown, or both stride and overlap
            are given.
    """
    height, width = checks.size_hw(size_hw)
    patch_hw = _pair(size, "size", least=1)
    if edge not in EDGES:
        raise ValueError(f"edge must be one of {EDGES}, got {edge!r}")
    stride_hw = _stride(patch_hw, stride, overlap)
    if edge in ("shift", "drop") and (patch_hw[0] > height or patch_hw[1] > width):
        raise MaskcoreError(
            f"The patches of {patch_hw[1]:,} × {patch_hw[0]:,} pixels are larger than the image of "
            f"{width:,} × {height:,}; make them smaller, or pad the image."
        )
    tops = _firsts(height, patch_hw[0], stride_hw[0], edge)
    lefts = _firsts(width, patch_hw[1], stride_hw[1], edge)
    if len(tops) * len(lefts) > _MOST:
        raise MaskcoreError(
            f"These would be {len(tops) * len(lefts):,} patches; take fewer, with a larger stride."
        )
    return Grid((height, width), patch_hw, edge, tops, lefts)


def _pair(value: Pair, what: str, *, least: int) -> tuple[int, int]:
    both = value if isinstance(value, tuple) else (value, value)
    try:
        first, second = (operator.index(side) for side in both)
    except TypeError as error:
        raise TypeError(f"{what} must be one or two integers, got {value!r}") from error
    except ValueError as error:
        raise ValueError(f"{what} must be one number or (height, width), got {value!r}") from error
    if min(first, second) < least:
        raise ValueError(f"{what} must be at least {least}, got {value!r}")
    return first, second


def _stride(
    patch_hw: tuple[int, int], stride: Pair | None, overlap: Pair | None
) -> tuple[int, int]:
    if overlap is None:
        return patch_hw if stride is None else _pair(stride, "stride", least=1)
    if stride is not None:
        raise ValueError(f"stride or overlap must be None, got {stride!r} and {overlap!r}")
    shared = _pair(overlap, "overlap", least=0)
    if shared[0] >= patch_hw[0] or shared[1] >= patch_hw[1]:
        raise ValueError(f"overlap must be less than the size {patch_hw}, got {overlap!r}")
    return patch_hw[0] - shared[0], patch_hw[1] - shared[1]


def _firsts(side: int, patch: int, stride: int, edge: Edge) -> tuple[int, ...]:
    whole = range(0, side - patch + 1, stride)
    if edge == "drop" or (whole and whole[-1] + patch == side):
        return tuple(whole)
    beyond = len(whole) * stride
    if beyond >= side:  # it would hold nothing of the image
        return tuple(whole)
    return (*whole, side - patch if edge == "shift" else beyond)


class Name(NamedTuple):
    """What the name of a patch says.

    Attributes:
        stem: Which image it is from.
        y: Its first row in the image.
        x: Its first column in the image.
    """

    stem: str
    y: int
    x: int


def name(stem: str, y: int, x: int) -> str:
    """Name a patch ``<stem>_y000256_x000512.png``, so that names sort as the patches lie."""
    return f"{stem}_y{y:06d}_x{x:06d}.png"


def parse_name(file_name: str) -> Name:
    """Read a name that `name` has made, whatever its ending.

    Raises:
        ValueError: If the name has another form.
    """
    found = _NAME.fullmatch(file_name)
    if found is None:
        raise ValueError(f"name must be <stem>_y000000_x000000.png, got {file_name!r}")
    return Name(found["stem"], int(found["y"]), int(found["x"]))
