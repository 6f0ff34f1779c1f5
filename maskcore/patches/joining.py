"""Patches put back in their places: what many of them say about a pixel, what none of them does."""

from __future__ import annotations

from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from maskcore.errors import MaskcoreError
from maskcore.patches.cutting import side_by_side

Overlap = Literal["overwrite", "average", "maximum"]

OVERLAPS: tuple[Overlap, ...] = get_args(Overlap)
"""What a pixel becomes that several patches show: what the last one says, the mean, the most."""


class Paster:
    """An image that patches are put into one after the other, so that one is held at a time.

    Args:
        size_hw: (height, width) of the image.
        overlap: One of `OVERLAPS`. Means of whole numbers are rounded, halves upward; the mean of
            masks is inside where at least half of them are.

    Raises:
        ValueError: If the overlap is unknown.
    """

    def __init__(self, size_hw: tuple[int, int], *, overlap: Overlap = "overwrite") -> None:
        if overlap not in OVERLAPS:
            raise ValueError(f"overlap must be one of {OVERLAPS}, got {overlap!r}")
        self._overlap = overlap
        self._times = np.zeros(size_hw, np.uint32)
        self._pixels: NDArray[Any] | None = None
        self._sums: NDArray[Any] | None = None
        self._flushed = 0
        self._patch_shape: tuple[int, ...] = ()

    def add(self, patch: NDArray[Any], y: int, x: int) -> None:
        """Put a patch at its place; what is beyond the image, the padding, is cut off.

        Args:
            patch: (h, w) or (h, w, C) bool, whole numbers or floats; all of one shape and type.
            y: Its first row in the image; for means not above that of the patch before.
            x: Its first column in the image.

        Raises:
            MaskcoreError: If the patch differs from those before, or lies outside the image.
        """
        self._check(patch, y, x)
        if self._pixels is None:
            self._patch_shape = patch.shape
            self._pixels = np.zeros((*self._times.shape, *patch.shape[2:]), patch.dtype)
        place = np.s_[y : y + patch.shape[0], x : x + patch.shape[1]]
        old, times = self._pixels[place], self._times[place]
        patch = patch[: old.shape[0], : old.shape[1]]
        if self._overlap == "average":
            self._add_up(patch, y, x)
        elif self._overlap == "overwrite":
            old[:] = patch
        elif patch.dtype.kind in "bu":  # nothing is less than the 0 of what is not covered yet
            np.maximum(old, patch, out=old)
        else:
            unseen = (times == 0).reshape(times.shape + (1,) * (patch.ndim - 2))
            old[:] = np.where(unseen, patch, np.maximum(old, patch))
        times += 1

    def image(self, *, fill: float | None = None) -> NDArray[Any]:
        """Return the image; nothing may be added afterwards.

        Args:
            fill: What a pixel becomes that no patch shows.

        Returns:
            (H, W) or (H, W, C) of the patches' type.

        Raises:
            MaskcoreError: If there is no patch, or a pixel that none shows and no ``fill``.
        """
        if self._pixels is None:
            raise MaskcoreError("There is no patch to join.")
        if self._overlap == "average":
            self._flush(self._times.shape[0])
        if not self._times.all():
            missing = self._times == 0
            if fill is None:
                share = np.count_nonzero(missing) / missing.size
                raise MaskcoreError(
                    f"The patches leave {share:.3%} of the image open; add the missing ones, or "
                    "choose what to fill it with."
                )
            self._pixels[missing] = fill
        return self._pixels

    def _check(self, patch: NDArray[Any], y: int, x: int) -> None:
        if not isinstance(patch, np.ndarray):
            raise TypeError(f"patch must be a numpy array, got {type(patch).__name__}")
        if patch.ndim not in (2, 3) or patch.size == 0 or patch.dtype.kind not in "buif":
            raise ValueError(f"patch must be (h, w) or (h, w, C), got {patch.dtype} {patch.shape}")
        if self._pixels is not None and (
            patch.shape != self._patch_shape or patch.dtype != self._pixels.dtype
        ):
            raise MaskcoreError(
                f"The patches differ: one is {_described(patch.shape, patch.dtype)}, those before "
                f"it are {_described(self._patch_shape, self._pixels.dtype)}."
            )
        height, width = self._times.shape
        if not (0 <= y < height and 0 <= x < width):
            raise MaskcoreError(
                f"A patch at x {x:,}, y {y:,} lies outside the image of {width:,} × {height:,}."
            )

    def _add_up(self, patch: NDArray[Any], y: int, x: int) -> None:
        """Add to the sums, which are held only for the rows that can still change."""
        if y < self._flushed:
            raise ValueError(
                f"patches must come from top to bottom, got y {y} after {self._flushed}"
            )
        if self._sums is None:
            width = self._times.shape[1]
            self._sums = np.zeros((self._patch_shape[0], width, *patch.shape[2:]))
        self._flush(y)
        self._sums[: patch.shape[0], x : x + patch.shape[1]] += patch

    def _flush(self, y: int) -> None:
        """Turn the sums of the rows above y into means."""
        if self._sums is None or self._pixels is None or y == self._flushed:
            return
        n = min(y - self._flushed, len(self._sums))
        rows = self._pixels[self._flushed : self._flushed + n]
        times = np.maximum(self._times[self._flushed : self._flushed + n], 1)
        means = self._sums[: len(rows)]
        means /= times.reshape(times.shape + (1,) * (rows.ndim - 2))
        if rows.dtype.kind != "f":
            means += 0.5
            np.floor(means, out=means)
        rows[:] = means
        self._sums[: -n or None] = self._sums[n:].copy()
        self._sums[len(self._sums) - n :] = 0
        self._flushed = y


def _described(shape: tuple[int, ...], dtype: np.dtype[Any]) -> str:
    kind = "color" if len(shape) == 3 else "black and white" if dtype == np.bool_ else "gray"
    depth = "" if dtype in (np.bool_, np.uint8) else f" ({dtype})"
    return f"{shape[1]:,} × {shape[0]:,}, {kind}{depth}"


def paste(
    patches: NDArray[Any],
    places: NDArray[np.integer[Any]],
    size_hw: tuple[int, int],
    *,
    overlap: Overlap = "overwrite",
    fill: float | None = None,
) -> NDArray[Any]:
    """Put an array of patches back into an image.

    Args:
        patches: (N, h, w) or (N, h, w, C) bool, whole numbers or floats.
        places: (N, 2) y and x of each, inside the image.
        size_hw: (height, width) of the image. What lies beyond it is cut off.
        overlap: One of `OVERLAPS`; "overwrite" takes the last patch in the order given.
        fill: What a pixel becomes that no patch shows.

    Returns:
        (H, W) or (H, W, C) of the patches' type.

    Raises:
        MaskcoreError: If there is no patch, one lies outside, or a pixel is shown by none and
            there is no ``fill``.
        ValueError: If the numbers of patches and places differ or the overlap is unknown.
    """
    if len(patches) != len(places) or np.shape(places)[1:] != (2,):
        raise ValueError(
            f"places must be (y, x) of each patch, got {np.shape(places)} for {len(patches)}"
        )
    axes = _axes(places, size_hw, patches.shape[1:3])
    if axes is not None and overlap == "overwrite":
        return _paste_grid(patches, *axes, size_hw)
    paster = Paster(size_hw, overlap=overlap)
    order = np.argsort(places[:, 0], kind="stable") if overlap == "average" else range(len(places))
    for i in order:
        paster.add(patches[i], int(places[i, 0]), int(places[i, 1]))
    return paster.image(fill=fill)


def _axes(
    places: NDArray[np.integer[Any]], size_hw: tuple[int, int], patch_hw: tuple[int, ...]
) -> tuple[list[int], list[int]] | None:
    """Tops and lefts of patches in a complete grid, row by row, that leaves nothing open."""
    tops, lefts = np.unique(places[:, 0]), np.unique(places[:, 1])
    if tops.size * lefts.size != len(places):
        return None
    whole = np.stack((np.repeat(tops, lefts.size), np.tile(lefts, tops.size)), axis=1)
    if not np.array_equal(whole, places):
        return None
    for firsts, side, patch in zip((tops, lefts), size_hw, patch_hw, strict=True):
        if firsts.size == 0 or firsts[0] != 0 or not 0 <= side - firsts[-1] - 1 < patch:
            return None
        if (np.diff(firsts) > patch).any():
            return None
    return tops.tolist(), lefts.tolist()


def _paste_grid(
    patches: NDArray[Any], tops: list[int], lefts: list[int], size_hw: tuple[int, int]
) -> NDArray[Any]:
    """Copy of each patch only what no later one covers, so that every pixel is written once."""
    height, width = size_hw
    image = np.empty((height, width, *patches.shape[3:]), patches.dtype)
    channels = patches[0, 0, 0].size
    plane = image.reshape(height, width * channels)
    rows = patches.reshape(len(tops), len(lefts), patches.shape[1], -1)
    step = lefts[1] if len(lefts) > 1 else 0
    even = next((i for i, x in enumerate(lefts) if x != i * step), len(lefts)) - 1
    for i, (y1, y2) in enumerate(zip(tops, [*tops[1:], height], strict=True)):
        band = plane[y1:y2]
        if even > 0:
            stride = step * channels
            side_by_side(band, even, stride, stride)[:] = rows[i, :even, : y2 - y1, :stride]
        for j in range(max(0, even), len(lefts)):
            x1 = lefts[j] * channels
            x2 = lefts[j + 1] * channels if j + 1 < len(lefts) else width * channels
            band[:, x1:x2] = rows[i, j, : y2 - y1, : x2 - x1]
    return image
