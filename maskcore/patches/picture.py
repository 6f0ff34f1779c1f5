"""The patches of an image drawn on it: which are kept, and for what."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from maskcore import checks
from maskcore.patches.cutting import piece
from maskcore.patches.places import Grid
from maskcore.patches.train_val import LEFT_OUT, VALIDATION
from maskcore.types import Image

RGB = tuple[int, int, int]

COLORS: tuple[RGB, RGB] = (0, 119, 187), (230, 159, 0)
"""Of the frames of patches for training and for validation; two of Paul Tol's and Okabe and Ito's
colors that people with any color vision can tell apart."""

_DIMMED = 0.3
_TINT = 0.3
_LEAST_STEP = 5  # pixels between frames, below which they would hide the image
_NO_PATCH = (128, 128, 128)


def draw(
    image: Image,
    grid: Grid,
    sides: NDArray[np.uint8],
    *,
    pad_value: int | tuple[int, int, int] = 0,
) -> Image:
    """Draw a frame around each patch that is kept, and dim what no kept patch shows.

    What is for validation is tinted. Where patches lie close together only every so many of them
    have a frame.

    Args:
        image: (h, w, 3) RGB, the image that the grid is for, reduced or not.
        grid: Where the patches are.
        sides: (N,) `TRAINING`, `VALIDATION` or `LEFT_OUT` of each.
        pad_value: What is beyond the image where the grid's edge is "pad".

    Returns:
        (h, w, 3) RGB, larger than the image by what is padded.

    Raises:
        ValueError: If ``sides`` has another length.
    """
    checks.image(image)
    if sides.shape != (len(grid),):
        raise ValueError(f"sides must have shape ({len(grid)},), got {sides.shape}")
    scale_y, scale_x = (
        small / whole for small, whole in zip(image.shape[:2], grid.size_hw, strict=True)
    )
    canvas = _with_padding(image, grid, (scale_y, scale_x), pad_value)
    tops, bottoms = _on_canvas(grid.tops, grid.patch_hw[0], scale_y, canvas.shape[0])
    lefts, rights = _on_canvas(grid.lefts, grid.patch_hw[1], scale_x, canvas.shape[1])
    role = sides.reshape(grid.shape)
    frames = [
        (j, i, int(role[i, j]))
        for i in range(0, len(tops), _thinned(tops))
        for j in range(0, len(lefts), _thinned(lefts))
        if role[i, j] != LEFT_OUT
    ]
    _shade(canvas, role, (tops, bottoms), (lefts, rights))
    width = min(3, max(1, round(sum(canvas.shape[:2]) / 900)))
    for j, i, side in sorted(frames, key=lambda frame: frame[2]):
        corner = int(rights[j]) - 1, int(bottoms[i]) - 1
        cv2.rectangle(canvas, (int(lefts[j]), int(tops[i])), corner, COLORS[side], width)
    return canvas


def _with_padding(
    image: Image, grid: Grid, scale: tuple[float, float], pad_value: int | tuple[int, int, int]
) -> Image:
    extent_hw = tuple(
        max(1, side, round(whole * factor))
        for side, whole, factor in zip(image.shape[:2], grid.extent_hw, scale, strict=True)
    )
    around = Grid(image.shape[:2], extent_hw, grid.edge, (0,), (0,))
    return np.array(piece(image, around, 0, 0, pad_value=pad_value), order="C")


def _on_canvas(
    firsts: tuple[int, ...], patch: int, scale: float, side: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    first = np.array(firsts)
    begins = np.minimum(np.rint(first * scale), side - 1).astype(np.int64)
    ends = np.clip(np.rint((first + patch) * scale), begins + 1, side).astype(np.int64)
    return begins, ends


def _thinned(firsts: NDArray[np.int64]) -> int:
    """Every how many of them are as far apart as lines should be."""
    step = (firsts[-1] - firsts[0]) / max(1, firsts.size - 1)
    return max(1, int(np.ceil(_LEAST_STEP / step))) if step else 1


def _shade(
    canvas: Image,
    role: NDArray[np.uint8],
    rows: tuple[NDArray[np.int64], NDArray[np.int64]],
    columns: tuple[NDArray[np.int64], NDArray[np.int64]],
) -> None:
    shown = _covered(role != LEFT_OUT, rows, columns, canvas.shape[:2])
    hidden = ~shown
    canvas[hidden] = (canvas[hidden] * _DIMMED + np.array(_NO_PATCH) * (1 - _DIMMED)) + 0.5
    tinted = _covered(role == VALIDATION, rows, columns, canvas.shape[:2])
    canvas[tinted] = canvas[tinted] * (1 - _TINT) + np.array(COLORS[VALIDATION]) * _TINT + 0.5


def _covered(
    of: NDArray[np.bool_],
    rows: tuple[NDArray[np.int64], NDArray[np.int64]],
    columns: tuple[NDArray[np.int64], NDArray[np.int64]],
    size_hw: tuple[int, ...],
) -> NDArray[np.bool_]:
    """Pixels that any of these patches shows, from +1 and -1 at their corners added up."""
    changes = np.zeros((size_hw[0] + 1, size_hw[1] + 1), np.int32)
    i, j = np.nonzero(of)
    for ys, xs, sign in (
        (rows[0], columns[0], 1), (rows[1], columns[1], 1),
        (rows[0], columns[1], -1), (rows[1], columns[0], -1),
    ):  # fmt: skip
        np.add.at(changes, (ys[i], xs[j]), sign)
    return changes.cumsum(axis=0).cumsum(axis=1)[:-1, :-1] > 0
