"""Patches dealt out for training and validation, so that no pixel is on both sides."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from maskcore.patches.places import Grid

SIDES = ("training", "validation", "")
"""The names of `TRAINING`, `VALIDATION` and `LEFT_OUT`."""

TRAINING, VALIDATION, LEFT_OUT = range(3)

_BLOCK = (
    4  # times the patches that overlap in a row: larger blocks leave out less, smaller mix more
)


def sides(
    grid: Grid,
    *,
    kept: NDArray[np.bool_] | None = None,
    validation: float = 0.2,
    seed: int | Sequence[int] = 0,
) -> NDArray[np.uint8]:
    """Deal patches out for training and validation by chance.

    Patches that show a common pixel never stand on different sides, be it that they overlap or
    that one is padded with the mirror image of the other. Where neighbors overlap, whole blocks of
    them are taken for validation, and those that reach into such a block from outside are left
    out. The smaller the overlap, the fewer those are; without any, patches are taken one by one.

    Args:
        grid: Where the patches are.
        kept: (N,) which of them count; all if not given.
        validation: Wanted share of the patches that are not left out, 0 to 1. With two or more
            patches each side gets at least one where that is possible at all; otherwise all are
            on one side, by chance.
        seed: The same seed gives the same result.

    Returns:
        (N,) `TRAINING`, `VALIDATION` or `LEFT_OUT` of each patch; those that are not kept are
        left out.

    Raises:
        ValueError: If ``kept`` has another length, or the share is out of range.
    """
    if kept is None:
        kept = np.ones(len(grid), np.bool_)
    if kept.shape != (len(grid),):
        raise ValueError(f"kept must have shape ({len(grid)},), got {kept.shape}")
    if not 0 <= validation <= 1:
        raise ValueError(f"validation must be 0 to 1, got {validation}")
    counts = kept.reshape(grid.shape)
    sides = np.full(grid.shape, TRAINING, np.uint8)
    rng = np.random.default_rng(seed)
    n_kept = int(np.count_nonzero(kept))
    if validation == 1:
        sides[:] = VALIDATION
    elif validation > 0 and n_kept:
        _take_blocks(sides, counts, grid, validation, rng)
        if not (counts & (sides == VALIDATION)).any() and rng.random() < validation:
            sides[:] = VALIDATION
    sides[~counts] = LEFT_OUT
    return sides.reshape(-1)


def _take_blocks(
    sides: NDArray[np.uint8],
    counts: NDArray[np.bool_],
    grid: Grid,
    share: float,
    rng: np.random.Generator,
) -> None:
    """Take blocks for validation as long as that brings their share closer to the wanted one."""
    rows, columns = (
        _reach(firsts, patch, side, grid.edge == "reflect")
        for firsts, patch, side in zip(
            (grid.tops, grid.lefts), grid.patch_hw, grid.size_hw, strict=True
        )
    )
    n_training, n_validation = int(np.count_nonzero(counts)), 0
    for y, x in _blocks(rows, columns, share * len(grid), rng):
        near = sides[_reached(rows, y), _reached(columns, x)]
        near_counts = counts[_reached(rows, y), _reached(columns, x)]
        n_left = n_training - np.count_nonzero(near_counts & (near == TRAINING))
        n_taken = n_validation + np.count_nonzero(counts[y, x] & (sides[y, x] != VALIDATION))
        if not n_left or n_taken == n_validation:
            continue
        error = abs(n_taken / (n_left + n_taken) - share)
        if n_validation and error >= abs(n_validation / (n_training + n_validation) - share):
            break
        near[near == TRAINING] = LEFT_OUT
        sides[y, x] = VALIDATION
        n_training, n_validation = int(n_left), int(n_taken)


_Reach = tuple[NDArray[np.int64], NDArray[np.int64]]


def _blocks(
    rows: _Reach, columns: _Reach, most: float, rng: np.random.Generator
) -> Iterator[tuple[slice, slice]]:
    """Yield rows and columns of the blocks that the grid falls into, in random order."""
    sides = [max(1, _BLOCK * int(np.median(high - low) // 2)) for low, high in (rows, columns)]
    scale = min(1.0, math.sqrt(most / (sides[0] * sides[1])))
    height, width = (max(1, int(side * scale)) for side in sides)
    tops = range(-int(rng.integers(height)), rows[0].size, height)
    lefts = range(-int(rng.integers(width)), columns[0].size, width)
    for i in rng.permutation(len(tops) * len(lefts)).tolist():
        y, x = tops[i // len(lefts)], lefts[i % len(lefts)]
        yield slice(max(0, y), y + height), slice(max(0, x), x + width)


def _reached(reach: _Reach, block: slice) -> slice:
    """The places whose patches show something of what the patches of a block show."""
    return slice(int(reach[0][block].min()), int(reach[1][block].max()))


def _reach(firsts: Sequence[int], patch: int, side: int, is_mirrored: bool) -> _Reach:
    """First and last + 1 of the places whose patches show something of each one's pixels."""
    begins = np.array(firsts, np.int64)
    ends = begins + patch
    if is_mirrored and ends[-1] > side:
        begins[-1] = max(0, min(begins[-1], 2 * side - 1 - ends[-1]))
    ends = np.minimum(ends, side)
    lows = np.searchsorted(ends, begins, side="right")
    highs = np.searchsorted(np.array(firsts[:-1], np.int64), ends, side="left")
    highs[ends > begins[-1]] = len(firsts)
    return lows, highs
