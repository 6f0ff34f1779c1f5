"""Patches: an image and its mask cut into equal parts, and joined again to the identical image."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from maskcore import checks
from maskcore.patches.cutting import coverage as coverage, cut as cut, piece as piece
from maskcore.patches.joining import (
    OVERLAPS as OVERLAPS,
    Overlap as Overlap,
    Paster as Paster,
    paste as paste,
)
from maskcore.patches.picture import COLORS as COLORS, draw as draw
from maskcore.patches.places import (
    EDGES as EDGES,
    Edge as Edge,
    Grid as Grid,
    Pair,
    grid as grid,
    name as name,
    parse_name as parse_name,
)
from maskcore.patches.train_val import (
    LEFT_OUT as LEFT_OUT,
    SIDES as SIDES,
    TRAINING as TRAINING,
    VALIDATION as VALIDATION,
    sides as sides,
)
from maskcore.types import Image, LabelMap, Mask


@dataclass(frozen=True, eq=False)
class Patches:
    """The patches of an image.

    Attributes:
        images: (N, h, w, 3) RGB.
        masks: (N, h, w) of the mask's type; None where there was no mask.
        places: (N, 2) y and x of each patch's first pixel in the image.
        grid: Where patches could be; those with too little mask are not among the above.
    """

    images: NDArray[np.uint8]
    masks: NDArray[Any] | None
    places: NDArray[np.int64]
    grid: Grid

    def __len__(self) -> int:
        return len(self.places)


def split(
    image: Image,
    size: Pair,
    *,
    mask: Mask | LabelMap | None = None,
    stride: Pair | None = None,
    overlap: Pair | None = None,
    edge: Edge = "pad",
    pad_value: int | tuple[int, int, int] = 0,
    min_mask: float = 0.0,
) -> Patches:
    """Cut an image, and its mask with it, into patches of equal size.

    Args:
        image: (H, W, 3) RGB; not changed.
        size: Pixels of a patch, one number or (height, width).
        mask: (H, W) bool, or labels of which 0 is outside. For more than one, see `cut`.
        stride: Pixels from one patch to the next; the size if not given. With more than the size
            there are gaps between the patches.
        overlap: Pixels that neighbors share, instead of the stride.
        edge: What happens to patches that would reach beyond the image: "pad" fills them up with
            one value (outside, in a mask), "reflect" with the image's mirror image; "shift" moves
            them inward; "drop" leaves them out.
        pad_value: The value of "pad", one number or RGB.
        min_mask: Least share of a patch that must be inside the mask, 0 to 1; see `coverage`.

    Returns:
        Copies of the patches, row by row.

    Raises:
        MaskcoreError: If the patches are larger than the image, and the edge is "shift" or "drop".
        ValueError: If the mask has another size than the image, or an argument is out of range.
    """
    checks.image(image)
    if mask is not None:
        _check_mask(mask, image)
    if not 0 <= min_mask <= 1 or (min_mask and mask is None):
        needed = "0 to 1" if mask is not None else "0 without a mask"
        raise ValueError(f"min_mask must be {needed}, got {min_mask}")
    lattice = grid(image.shape[:2], size, stride=stride, overlap=overlap, edge=edge)
    places = lattice.places
    chosen = None
    if mask is not None and min_mask:
        chosen = np.flatnonzero(coverage(mask, lattice) >= min_mask)
        places = places[chosen]
    return Patches(
        images=cut(image, lattice, chosen=chosen, pad_value=pad_value),
        masks=None if mask is None else cut(mask, lattice, chosen=chosen),
        places=places,
        grid=lattice,
    )


def join(p: Patches, *, overlap: Overlap = "overwrite", fill: int | None = None) -> Image:
    """Put the patches of an image together; what was padded is cut off.

    Patches that nobody has changed give the identical image, however they overlap.

    Args:
        p: The patches.
        overlap: What a pixel becomes that several patches show: "overwrite" takes the last one,
            "average" the mean, rounded, "maximum" the largest value of each channel.
        fill: What a pixel becomes that no patch shows, because the edge was dropped, the stride
            left gaps, or patches had too little mask.

    Returns:
        (H, W, 3) RGB.

    Raises:
        MaskcoreError: If there is no patch, or a pixel that no patch shows and no ``fill``.
        ValueError: If the overlap is unknown.
    """
    return paste(p.images, p.places, p.grid.size_hw, overlap=overlap, fill=fill)


def join_masks(
    p: Patches, *, overlap: Overlap = "overwrite", fill: int | None = None
) -> Mask | LabelMap:
    """Put the masks of patches together, as `join` does with the images.

    Args:
        p: The patches.
        overlap: As in `join`; the mean of masks is inside where at least half of them are, the
            maximum where any of them is. Labels have no mean.
        fill: As in `join`.

    Returns:
        (H, W) of the masks' type.

    Raises:
        MaskcoreError: As in `join`.
        ValueError: If there are no masks, or the mean of labels is asked for.
    """
    if p.masks is None:
        raise ValueError("the patches must have masks, got none")
    if overlap == "average" and p.masks.dtype != np.bool_:
        raise ValueError("overlap must be overwrite or maximum for labels, got average")
    return paste(p.masks, p.places, p.grid.size_hw, overlap=overlap, fill=fill)


def _check_mask(mask: Mask | LabelMap, image: Image) -> None:
    if not isinstance(mask, np.ndarray):
        raise TypeError(f"mask must be a numpy array, got {type(mask).__name__}")
    if mask.ndim != 2 or mask.dtype.kind not in "bui":
        raise ValueError(f"mask must be 2-D bool or labels, got {mask.dtype} {mask.shape}")
    checks.same_size(mask.shape, image.shape, "mask")
