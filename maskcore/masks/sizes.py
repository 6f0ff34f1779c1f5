"""Masks of another size than the image: say how they differ, and bring them to its size."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import SupportsIndex

import numpy as np
from numpy.typing import NDArray

from maskcore import checks, rle
from maskcore.rle import RLE
from maskcore.types import Instance


def mismatch(mask_hw: Sequence[SupportsIndex], image_hw: Sequence[SupportsIndex]) -> str | None:
    """Say how the size of a mask differs from that of its image.

    Args:
        mask_hw: (height, width) of the mask.
        image_hw: (height, width) of the image, upright.

    Returns:
        One or two sentences with what can be done; None if the sizes agree.
    """
    mask_h, mask_w = checks.size_hw(mask_hw)
    image_h, image_w = checks.size_hw(image_hw)
    if (mask_h, mask_w) == (image_h, image_w):
        return None
    sizes = f"The mask has {mask_w:,} × {mask_h:,} pixels, the image {image_w:,} × {image_h:,}"
    if is_turned((mask_h, mask_w), (image_h, image_w)):
        return f"{sizes}; it was probably made on the photo before that was turned upright."
    if has_proportions((mask_h, mask_w), (image_h, image_w)):
        return f"{sizes}; it can be resized."
    return f"{sizes}. The proportions differ: resized, it may not fit what the image shows."


def is_turned(mask_hw: tuple[int, int], image_hw: tuple[int, int]) -> bool:
    """Whether a mask would have the image's size after a quarter turn, but has not as it is."""
    return mask_hw != image_hw and mask_hw == image_hw[::-1]


def has_proportions(mask_hw: tuple[int, int], image_hw: tuple[int, int]) -> bool:
    """Whether a mask is the image enlarged or reduced, up to the rounding to whole pixels."""
    (mask_h, mask_w), (image_h, image_w) = mask_hw, image_hw
    # Rounding one side by half a pixel moves the cross product by half of the other's sides.
    rounding = max(mask_h + mask_w, image_h + image_w) / 2
    return abs(mask_h * image_w - mask_w * image_h) <= rounding


def fit(instances: Iterable[Instance], size_hw: Sequence[SupportsIndex]) -> list[Instance]:
    """Bring instances to the size of an image; see `resize`."""
    return [replace(instance, mask=resize(instance.mask, size_hw)) for instance in instances]


def resize(mask: RLE, size_hw: Sequence[SupportsIndex]) -> RLE:
    """Enlarge or reduce a mask by nearest neighbor, on its runs.

    A pixel takes the value that the mask has at the pixel's center: row i of H is row
    floor((i + 1/2) * h / H) of h, and so are the columns. Reduced, what is thinner than a pixel
    may vanish.

    Args:
        mask: The mask.
        size_hw: (height, width) of the result.

    Returns:
        The mask at the new size.
    """
    new_hw = checks.size_hw(size_hw)
    if new_hw == mask.size_hw:
        return mask
    (old_h, old_w), (new_h, new_w) = mask.size_hw, new_hw
    edges = np.cumsum(mask.counts[:-1], dtype=np.int64)  # where inside and outside change
    columns = edges // old_h
    edges = columns * new_h + np.searchsorted(nearest(old_h, new_h), edges - columns * old_h)
    edges = _with_columns(edges, new_h, nearest(old_w, new_w))
    return rle.from_counts(new_hw, np.diff(edges, prepend=0, append=new_h * new_w))


def nearest(old: int, new: int) -> NDArray[np.int64]:
    """Return which of ``old`` pixels in a row holds the center of each of ``new`` ones."""
    return (2 * np.arange(new) + 1) * old // (2 * new)


def _with_columns(
    edges: NDArray[np.int64], height: int, chosen: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Take these columns of a mask, each as often as it is chosen.

    Args:
        edges: (N,) ascending places, column-major, where inside and outside change.
        height: Of the mask.
        chosen: (W,) the columns.

    Returns:
        The places where the result changes.
    """
    firsts = np.searchsorted(edges, chosen * height, side="right")
    lasts = np.searchsorted(edges, chosen * height + height, side="left")
    lengths = lasts - firsts
    before = np.cumsum(lengths) - lengths
    nth = np.arange(lengths.sum()) - np.repeat(before, lengths)
    shift = (np.arange(chosen.size) - chosen) * height
    inner = edges[np.repeat(firsts, lengths) + nth] + np.repeat(shift, lengths)
    # A column begins inside if an odd number of changes lies before it, and so it ends.
    began_inside, ended_inside = firsts % 2, lasts % 2
    tops = np.flatnonzero(began_inside != np.concatenate(([0], ended_inside[:-1]))) * height
    return np.sort(np.concatenate((tops, inner)), kind="stable")
