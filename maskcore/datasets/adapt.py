"""Masks brought into what a format can hold, and what that changed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from maskcore import rle
from maskcore.datasets.writer import Keeps
from maskcore.files.values import NO_LABEL
from maskcore.masks import parts as mask_parts, sizes as mask_size
from maskcore.rle import RLE
from maskcore.rle.columns import place
from maskcore.types import Instance, Mask


def fit(
    instances: Iterable[Instance],
    keeps: Keeps,
    size_hw: tuple[int, int],
    count: Callable[[str, int], object],
) -> list[Instance]:
    """Bring the masks of a sample into what a format can hold.

    Args:
        instances: The masks.
        keeps: What the format can hold.
        size_hw: (height, width) of the image.
        count: Called with the kind of a loss, see `losses`, and how many masks it happened to.

    Returns:
        The masks as they will be written, all of the size of the image.
    """
    masks = list(instances)
    count("resized", sum(instance.mask.size_hw != size_hw for instance in masks))
    masks = mask_size.fit(masks, size_hw)
    if not keeps.empty:
        n_before, masks = len(masks), [instance for instance in masks if rle.area(instance.mask)]
        count("empty", n_before - len(masks))
    if not keeps.scores:
        count("scores", sum(instance.score is not None for instance in masks))
        masks = [replace(instance, score=None) for instance in masks]
    if not keeps.crowds:
        count("crowds", sum(instance.is_crowd for instance in masks))
        masks = [replace(instance, is_crowd=False) for instance in masks]
    if not keeps.labels:
        count("labels", sum(instance.label != NO_LABEL for instance in masks))
        masks = [replace(instance, label=NO_LABEL) for instance in masks]
    told_apart = keeps.most_instances if keeps.instances else 0
    if told_apart is not None and len(masks) > told_apart:
        n_before = len(masks)
        masks = [*masks[:told_apart], *_merge_by_label(masks[told_apart:])]
        count("instances", n_before - len(masks))
    if not keeps.overlaps:
        masks, n_cut, n_covered = _without_overlaps(masks)
        count("overlaps", n_cut)
        count("covered", n_covered)
    if not keeps.holes:
        masks, n_filled = _without_holes(masks)
        count("holes", n_filled)
    if not keeps.parts:
        masks, n_split = _split_parts(masks)
        count("parts", n_split)
    return masks


def _merge_by_label(masks: Sequence[Instance]) -> list[Instance]:
    by_label: dict[str, list[Instance]] = defaultdict(list)
    for instance in masks:
        by_label[instance.label].append(instance)
    return [_union(group) for group in by_label.values()]


def _union(group: Sequence[Instance]) -> Instance:
    if len(group) == 1:
        return group[0]
    return Instance(rle.union(instance.mask for instance in group), group[0].label)


def _without_overlaps(masks: Sequence[Instance]) -> tuple[list[Instance], int, int]:
    """Take from each mask what a later one covers.

    Returns:
        Those that are left, how many of them lost pixels, and how many masks are gone.
    """
    if not masks:
        return [], 0, 0
    kept: list[Instance] = []
    n_cut = n_covered = 0
    covered = rle.empty(masks[0].mask.size_hw)
    for instance in reversed(masks):
        left = rle.difference(instance.mask, covered)
        is_cut = rle.area(left) < rle.area(instance.mask)
        is_covered = is_cut and not rle.area(left)
        if not is_covered:
            kept.append(replace(instance, mask=left) if is_cut else instance)
        n_cut += is_cut and not is_covered
        n_covered += is_covered
        covered = rle.union([covered, instance.mask])
    return kept[::-1], n_cut, n_covered


def _without_holes(masks: Sequence[Instance]) -> tuple[list[Instance], int]:
    kept = []
    for instance in masks:
        crop, xy = _crop(instance.mask)
        filled = rle.encode(mask_parts.fill_holes(crop))
        if rle.area(filled) > rle.area(instance.mask):
            kept.append(replace(instance, mask=place(filled, xy, instance.mask.size_hw)))
        else:
            kept.append(instance)
    return kept, sum(new is not old for new, old in zip(kept, masks, strict=True))


def _split_parts(masks: Sequence[Instance]) -> tuple[list[Instance], int]:
    kept: list[Instance] = []
    n_split = 0
    for instance in masks:
        crop, xy = _crop(instance.mask)
        parts = mask_parts.split(crop)
        if len(parts) < 2:
            kept.append(instance)
            continue
        n_split += 1
        for part in parts:
            whole = place(part, xy, instance.mask.size_hw)
            kept.append(replace(instance, mask=whole))
    return kept, n_split


def _crop(r: RLE) -> tuple[Mask, tuple[int, int]]:
    """Return the pixels in the mask's box, and where that begins; of an empty mask all pixels."""
    x1, y1, x2, y2 = rle.box(r)
    return (rle.decode(r, box=(x1, y1, x2, y2)), (x1, y1)) if x2 else (rle.decode(r), (0, 0))
