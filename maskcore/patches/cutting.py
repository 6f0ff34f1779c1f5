"""Patches cut out of an image or a mask, and how much of each is inside a mask."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import cv2
import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import ArrayLike, NDArray

from maskcore.arrays import row_major
from maskcore.patches.places import Grid
from maskcore.types import LabelMap, Mask

_LINES = 32  # of all patches in a row; so many stay in the processor's cache


def cut(
    pixels: NDArray[Any],
    grid: Grid,
    *,
    chosen: Sequence[int] | NDArray[np.integer[Any]] | None = None,
    pad_value: int | tuple[int, ...] = 0,
) -> NDArray[Any]:
    """Copy patches into one array.

    Args:
        pixels: (H, W) or (H, W, C) of any type and memory order; not changed.
        grid: Where they are, for an image of that size.
        chosen: Which of them, as indices into ``grid.places``; all if not given.
        pad_value: What is beyond the image where the grid's edge is "pad"; one for each channel
            or for all.

    Returns:
        (N, h, w) or (N, h, w, C).
    """
    _check(pixels, grid)
    if pixels.ndim == 2:
        pixels = row_major(pixels)
    places = grid.places if chosen is None else grid.places[np.asarray(chosen, np.int64)]
    (height, width), (patch_h, patch_w) = grid.size_hw, grid.patch_hw
    patches = np.empty((len(places), patch_h, patch_w, *pixels.shape[2:]), pixels.dtype)
    done = _evenly_spaced(grid.lefts, width - patch_w) if chosen is None else 0
    if done:
        step = grid.lefts[1] if done > 1 else 1
        channels = pixels[0, 0].size
        plane = pixels.reshape(height, width * channels)
        rows = patches.reshape(*grid.shape, patch_h, patch_w * channels)
        for top, row in zip(grid.tops, rows, strict=True):
            if top + patch_h <= height:
                band = plane[top : top + patch_h]
                _copy_rows(row[:done], side_by_side(band, done, step * channels, row.shape[2]))
    for i, (y, x) in enumerate(places.tolist()):
        if i % grid.shape[1] >= done or y + patch_h > height:
            _fill(patches[i], pixels, grid, y, x, pad_value)
    return patches


def piece(
    pixels: NDArray[Any], grid: Grid, y: int, x: int, *, pad_value: int | tuple[int, ...] = 0
) -> NDArray[Any]:
    """Return one patch; where it lies inside the image, that is a view and costs nothing.

    Args:
        pixels: As in `cut`.
        grid: As in `cut`.
        y: The patch's first row, one of ``grid.tops``.
        x: The patch's first column, one of ``grid.lefts``.
        pad_value: As in `cut`.

    Returns:
        (h, w) or (h, w, C); not to be written.
    """
    _check(pixels, grid)
    patch_h, patch_w = grid.patch_hw
    if y + patch_h <= grid.size_hw[0] and x + patch_w <= grid.size_hw[1]:
        return pixels[y : y + patch_h, x : x + patch_w]
    patch = np.empty((patch_h, patch_w, *pixels.shape[2:]), pixels.dtype)
    _fill(patch, pixels, grid, y, x, pad_value)
    return patch


def coverage(mask: Mask | LabelMap, grid: Grid) -> NDArray[np.float64]:
    """Return how much of each patch is inside a mask.

    No patch is cut out for that: the mask is added up once, in strips between the patches' edges.

    Args:
        mask: (H, W) bool, or labels of which 0 is outside; in any memory order.
        grid: Where the patches are, for an image of that size.

    Returns:
        (N,) shares of all pixels of a patch, 0 to 1. What is padded with one value is outside,
        what is a mirror image counts as it is.
    """
    _check(mask, grid)
    if mask.ndim != 2:
        raise ValueError(f"mask must be 2-D, got shape {mask.shape}")
    inside = row_major(mask if mask.dtype == np.bool_ else mask != 0).view(np.uint8)
    if grid.edge == "reflect" and grid.extent_hw != grid.size_hw:
        inside = inside[_mirrored(grid, 0, 0, grid.extent_hw)]
    tops, lefts = np.array(grid.tops), np.array(grid.lefts)
    bottoms = np.minimum(tops + grid.patch_hw[0], inside.shape[0])
    rights = np.minimum(lefts + grid.patch_hw[1], inside.shape[1])
    edges = np.union1d(tops, bottoms)
    above = np.zeros((edges.size, lefts.size), np.int64)
    for i, (y1, y2) in enumerate(pairwise(edges.tolist()), start=1):
        columns = cv2.reduce(inside[y1:y2], 0, cv2.REDUCE_SUM, dtype=cv2.CV_32S)
        before = np.concatenate(([0], np.cumsum(columns, dtype=np.int64)))
        above[i] = above[i - 1] + before[rights] - before[lefts]
    counts = above[np.searchsorted(edges, bottoms)] - above[np.searchsorted(edges, tops)]
    shares: NDArray[np.float64] = counts.reshape(-1) / (grid.patch_hw[0] * grid.patch_hw[1])
    return shares


def side_by_side(band: NDArray[Any], n: int, step: int, width: int) -> NDArray[Any]:
    """Return (n, h, width) windows of an (h, w) array, a view: what is written there is in it."""
    if step == width:  # much the same, and a tenth faster to copy
        return band[:, : n * width].reshape(len(band), n, width).swapaxes(0, 1)
    windows = sliding_window_view(band, width, axis=1, writeable=band.flags.writeable)
    return windows[:, : (n - 1) * step + 1 : step].swapaxes(0, 1)


def _check(pixels: NDArray[Any], grid: Grid) -> None:
    if not isinstance(pixels, np.ndarray):
        raise TypeError(f"pixels must be a numpy array, got {type(pixels).__name__}")
    if pixels.ndim not in (2, 3) or pixels.shape[:2] != grid.size_hw:
        raise ValueError(f"pixels must have the grid's size {grid.size_hw}, got {pixels.shape}")


def _copy_rows(target: NDArray[Any], source: NDArray[Any]) -> None:
    """Copy a row of patches, (n, h, w), some lines of all of them at a time.

    That is faster than one patch after the other, for the memory is read in its order.
    """
    for top in range(0, target.shape[1], _LINES):
        target[:, top : top + _LINES] = source[:, top : top + _LINES]


def _evenly_spaced(firsts: Sequence[int], last: int) -> int:
    """How many, from the first one on, lie evenly and not beyond the last possible place."""
    step = firsts[1] if len(firsts) > 1 else 0
    return sum(first == i * step and first <= last for i, first in enumerate(firsts))


def _fill(
    patch: NDArray[Any], pixels: NDArray[Any], grid: Grid, y: int, x: int, pad_value: ArrayLike
) -> None:
    rows = min(grid.patch_hw[0], grid.size_hw[0] - y)
    columns = min(grid.patch_hw[1], grid.size_hw[1] - x)
    if grid.edge == "reflect" and (rows, columns) != grid.patch_hw:
        patch[:] = pixels[_mirrored(grid, y, x, grid.patch_hw)]
        return
    patch[:rows, :columns] = pixels[y : y + rows, x : x + columns]
    patch[rows:] = pad_value
    patch[:rows, columns:] = pad_value


def _mirrored(
    grid: Grid, y: int, x: int, size_hw: tuple[int, int]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Index of the pixels from a place on; beyond the image it turns back, over and over.

    The last row and column are not repeated, as in NumPy's "reflect" and OpenCV's REFLECT_101.
    """
    rows, columns = (
        np.abs((np.arange(first, first + n) + side - 1) % max(1, 2 * side - 2) - (side - 1))
        for first, n, side in zip((y, x), size_hw, grid.size_hw, strict=True)
    )
    return rows[:, None], columns
