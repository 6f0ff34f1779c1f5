"""A mask as run lengths: what is kept, checked once when it is made."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import SupportsIndex

import numpy as np
from numpy.typing import ArrayLike, NDArray

from maskcore import checks
from maskcore.errors import RLEError

_MAX_AREA = 2**31 - 1  # counts are int32: half the memory of the undo history


@dataclass(frozen=True, eq=False, init=False, repr=False, slots=True)
class RLE:
    """A mask as alternating run lengths, column by column.

    Attributes:
        size_hw: (height, width) in pixels.
        counts: int32 run lengths, read-only; even places are outside, odd places inside. Always
            in the shortest form: only the first may be 0. Equal masks have equal counts.
        digest: Identifies the mask, for keys of caches and names of files.

    Raises:
        RLEError: If a count is negative or they do not add up to height * width.
    """

    size_hw: tuple[int, int]
    counts: NDArray[np.int32]
    _digest: str

    def __init__(self, size_hw: Sequence[SupportsIndex], counts: ArrayLike) -> None:
        size = checks.size_hw(size_hw)
        pixels = size[0] * size[1]
        runs = _whole_numbers(counts)
        if runs.size and runs.min() < 0:
            raise RLEError(f"A run length is negative: {runs.min()}.")
        # Checked one by one first, so that the sum cannot overflow.
        if (runs.size and runs.max() > pixels) or int(runs.sum(dtype=np.int64)) != pixels:
            raise RLEError(
                f"The run lengths do not add up to {size[1]} x {size[0]} = {pixels} pixels."
            )
        _fill(self, size, _shortest(runs.astype(np.int64)))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, RLE):
            return NotImplemented
        return self.size_hw == other.size_hw and np.array_equal(self.counts, other.counts)

    def __hash__(self) -> int:
        return hash((self.size_hw, self.counts.tobytes()))

    @property
    def digest(self) -> str:
        """SHA-256 of size and runs in hexadecimal: equal for equal masks, on every machine."""
        if not self._digest:
            content = hashlib.sha256("{}x{}:".format(*self.size_hw).encode())
            content.update(self.counts.astype("<i4").tobytes())
            object.__setattr__(self, "_digest", content.hexdigest())
        return self._digest

    def __repr__(self) -> str:
        height, width = self.size_hw
        inside = self.counts[1::2]
        return f"RLE({height}x{width}, {inside.sum()} pixels in {inside.size} runs)"

    def __reduce__(self) -> tuple[object, ...]:
        return RLE, (self.size_hw, self.counts)


def _fill(r: RLE, size_hw: tuple[int, int], counts: NDArray[np.integer]) -> None:
    if size_hw[0] * size_hw[1] > _MAX_AREA:
        raise RLEError(f"A mask of {size_hw[1]} x {size_hw[0]} pixels is too large.")
    frozen = counts.astype(np.int32)
    frozen.flags.writeable = False
    object.__setattr__(r, "size_hw", size_hw)
    object.__setattr__(r, "counts", frozen)
    object.__setattr__(r, "_digest", "")  # made when it is first asked for


def _whole_numbers(counts: ArrayLike) -> NDArray[np.integer]:
    try:
        runs = np.asarray(counts)
        if runs.size == 0:
            return np.zeros(0, np.int64)
        if runs.ndim != 1 or runs.dtype.kind not in "iu":
            raise RLEError("The run lengths are not a plain list of whole numbers.")
        return runs
    except (OverflowError, ValueError) as error:
        if isinstance(error, RLEError):
            raise
        raise RLEError("The run lengths are not a plain list of whole numbers.") from error


def _shortest(runs: NDArray[np.int64]) -> NDArray[np.int64]:
    """Join the runs that a zero-length run keeps apart."""
    if runs.size < 2 or runs[1:].all():
        return runs
    return np.diff(_boundaries_without_pairs(np.cumsum(runs)), prepend=0)


def _boundaries_without_pairs(ends: NDArray[np.int64]) -> NDArray[np.int64]:
    """Drop the changes that cancel out, keep the end of the mask."""
    total = ends[-1]
    places, times = np.unique(ends[:-1], return_counts=True)
    changes = places[(times % 2 == 1) & (places < total)]
    return np.append(changes, total)


def from_starts_and_ends(
    size_hw: tuple[int, int], starts: NDArray[np.int64], ends: NDArray[np.int64]
) -> RLE:
    """Build a mask from its runs in column-major order.

    Args:
        size_hw: (height, width).
        starts: (N,) first pixel of each run, counted down the columns from 0.
        ends: (N,) pixel after the last; must satisfy start < end <= next start, and the last end
            must be inside the image. The caller has checked that: nothing is verified here.
    """
    edges = np.empty(2 * starts.size + 2, np.int64)
    edges[0], edges[-1] = 0, size_hw[0] * size_hw[1]
    edges[1:-1:2], edges[2:-1:2] = starts, ends
    return from_counts(size_hw, np.diff(edges))


def from_counts(
    size_hw: tuple[int, int], counts: NDArray[np.integer], *, shortest: bool = False
) -> RLE:
    """Build a mask from counts that are known to be good; nothing is verified here.

    Args:
        size_hw: (height, width).
        counts: Run lengths, not negative, that add up to height * width.
        shortest: Only the first and the last count can be 0.
    """
    new = RLE.__new__(RLE)
    if counts.size > 1 and counts[-1] == 0:
        counts = counts[:-1]
    if not shortest and not counts[1:].all():
        counts = _shortest(counts.astype(np.int64))
    _fill(new, size_hw, counts)
    return new
