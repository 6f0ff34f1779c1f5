"""Augmentation: an image and all its masks turned, recolored and roughened alike, by a seed.

    ranges = augment.PRESETS["light"]
    drawn = augment.draw(ranges, image.shape[:2], np.random.default_rng(0))
    sample, moved = augment.apply(image, drawn, masks=[mask])

Numbers are drawn once and mean the same at any size: `apply` to a reduced image shows, in a
fraction of the time, what `apply` to the full-size image gives.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from maskcore import checks, rle
from maskcore.arrays import row_major
from maskcore.augment import geometry, pixels as augment_pixels
from maskcore.augment.drawn import Drawn as Drawn, draw as draw, generator as generator
from maskcore.augment.geometry import Numbers, matrix as matrix
from maskcore.augment.presets import PRESETS as PRESETS
from maskcore.augment.ranges import Fill as Fill, Ranges as Ranges
from maskcore.boxes import slices
from maskcore.masks.sizes import has_proportions
from maskcore.rle import label_map
from maskcore.types import Image, Instance, LabelMap, Mask

_BITS = 16


def apply(image: Image, drawn: Drawn, *, masks: Sequence[Mask] = ()) -> tuple[Image, list[Mask]]:
    """Make one sample: the image and its masks.

    Colors change first, so that a constant fill and the squares keep the color that was asked
    for. Then everything moves in one resampling, the image linearly and each mask by the nearest
    pixel. Blur, noise, JPEG's marks and the covered squares follow, of the image only: a mask
    still says where the object is, also where a square hides it.

    Args:
        image: (H, W, 3) RGB, of the size that was drawn for, or that image at another size.
        drawn: The sample's numbers.
        masks: (H, W) each.

    Returns:
        (H, W, 3) RGB and one (H, W) mask for each that was given, in their order; some may have
        become empty. Boxes are those of the new masks.

    Raises:
        ValueError: If the image has other proportions than it was drawn for, or a mask has another
            size than the image.
    """
    checks.image(image)
    _check_proportions(drawn, image.shape)
    for mask in masks:
        checks.mask(mask)
        checks.same_size(mask.shape, image.shape, "every mask")
    sample = augment_pixels.recolor(image, drawn)
    sample = geometry.move_image(sample, drawn)
    sample = augment_pixels.roughen(sample, drawn)
    return image.copy() if sample is image else sample, _moved(masks, drawn)


def apply_labels(labels: LabelMap, drawn: Drawn) -> LabelMap:
    """Move a label map as `apply` moves masks.

    Args:
        labels: (H, W) uint8 or uint16, of the size that was drawn for, or reduced.
        drawn: The sample's numbers.

    Returns:
        (H, W) of the same type, with no label that was not there; 0 where a color comes in.

    Raises:
        ValueError: If the array is something else, or has other proportions.
    """
    if not isinstance(labels, np.ndarray):
        raise TypeError(f"labels must be a numpy array, got {type(labels).__name__}")
    if labels.dtype not in (np.uint8, np.uint16):
        raise ValueError(f"labels must be uint8 or uint16, got {labels.dtype}")
    if labels.ndim != 2 or labels.size == 0:
        raise ValueError(f"labels must be 2-D and not empty, got shape {labels.shape}")
    _check_proportions(drawn, labels.shape)
    moved = geometry.move_numbers(row_major(labels), drawn)
    return moved.copy() if np.shares_memory(moved, labels) else moved


def apply_instances(instances: Sequence[Instance], drawn: Drawn) -> list[Instance]:
    """Move named masks as `apply` moves masks.

    Args:
        instances: Of one size, that was drawn for, or reduced.
        drawn: The sample's numbers.

    Returns:
        One for each, in their order, with its label and score; some may have become empty.

    Raises:
        ValueError: If the sizes differ or have other proportions.
    """
    for instance in instances:
        checks.same_size(instance.mask.size_hw, instances[0].mask.size_hw, "every mask")
        _check_proportions(drawn, instance.mask.size_hw)
    if drawn.keeps_geometry:
        return list(instances)
    moved: list[Instance] = []
    for first in range(0, len(instances), _BITS):
        moved += _moved_together(instances[first : first + _BITS], drawn)
    return moved


def _check_proportions(drawn: Drawn, shape: tuple[int, ...]) -> None:
    height, width = shape[:2]
    # A preview is at least 1 pixel wide and high, whatever its proportions.
    if min(height, width) > 1 and not has_proportions((height, width), drawn.size_hw):
        raise ValueError(
            f"image must have size {drawn.size_hw} or its proportions, got {(height, width)}"
        )


def _moved(masks: Sequence[Mask], drawn: Drawn) -> list[Mask]:
    """Move masks 16 at a time, each as one bit of a number, at the cost of moving one."""
    if drawn.keeps_geometry:
        return [mask.copy() for mask in masks]
    moved: list[Mask] = []
    for first in range(0, len(masks), _BITS):
        group = masks[first : first + _BITS]
        if len(group) == 1:
            pixels = row_major(group[0].view(np.uint8))
            moved.append(geometry.move_numbers(pixels, drawn).view(np.bool_))
            continue
        number = _number_type(len(group))
        # In the memory order of the masks: `rle.decode` returns columns.
        codes: Numbers = np.zeros_like(group[0].view(np.uint8), number)
        for place, mask in enumerate(group):
            codes |= mask.view(np.uint8) * number(1 << place)
        codes = geometry.move_numbers(row_major(codes), drawn)
        moved += [(codes & number(1 << place)).astype(np.bool_) for place in range(len(group))]
    return moved


def _moved_together(instances: Sequence[Instance], drawn: Drawn) -> list[Instance]:
    size_hw = instances[0].mask.size_hw
    number = _number_type(len(instances))
    codes: Numbers = np.zeros(size_hw, number)
    for place, instance in enumerate(instances):
        box = rle.box(instance.mask)
        inside = rle.decode(instance.mask, box=box).view(np.uint8)
        codes[slices(box)] |= inside * number(1 << place)
    # Each number that is left stands for the pixels that lie in the same masks.
    found = label_map.encode(geometry.move_numbers(codes, drawn))
    nothing = rle.empty(size_hw)
    moved = []
    for place, instance in enumerate(instances):
        parts = [part for code, part in found.items() if code >> place & 1]
        moved.append(replace(instance, mask=rle.union([nothing, *parts])))
    return moved


def _number_type(n_bits: int) -> type[np.uint8 | np.uint16]:
    return np.uint8 if n_bits <= np.iinfo(np.uint8).bits else np.uint16
