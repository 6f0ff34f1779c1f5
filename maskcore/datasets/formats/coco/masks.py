"""Annotations as a COCO file states them, turned into masks.

Nothing is checked before: what is wrong with an annotation is told when it is decoded.
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Sequence
from typing import Any, NamedTuple

from maskcore import boxes
from maskcore.datasets.dataset import Annotation
from maskcore.errors import RLEError
from maskcore.files.sanitize import shown
from maskcore.files.values import not_a_score, score_of, size_of
from maskcore.rle import RLE
from maskcore.rle.polygons import from_polygons
from maskcore.rle_text import coco as rle_coco
from maskcore.types import Instance

Reasons = list[tuple[str, str]]
"""Where something is that cannot be used, and why."""


class CocoAnnotation(NamedTuple):
    """What a file says of one mask; every part but the first two may be anything.

    Attributes:
        where: File and place in it.
        label: Name of its category.
        segmentation: "segmentation": rings, or an object of a size and counts.
        box: "bbox".
        is_crowd: "iscrowd".
        score: "score".
    """

    where: str
    label: str
    segmentation: Any
    box: Any
    is_crowd: Any
    score: Any


def pick_values(document: dict[str, Any], where: str, label: str) -> CocoAnnotation:
    """Take what matters from an annotation, its numbers in arrays, of which masks are made fast."""
    segmentation = document.get("segmentation")
    if isinstance(segmentation, list):
        segmentation = [_packed("d", ring) for ring in segmentation]
    elif isinstance(segmentation, dict) and "counts" in segmentation:
        segmentation = {key: _packed("q", segmentation.get(key)) for key in ("size", "counts")}
    box, score = _packed("d", document.get("bbox")), document.get("score")
    return CocoAnnotation(where, label, segmentation, box, document.get("iscrowd", 0), score)


def _packed(kind: str, numbers: Any) -> Any:
    """Return a list of numbers as an array; as it is if it is anything else."""
    try:
        return array(kind, numbers) if isinstance(numbers, list) else numbers
    except (OverflowError, TypeError):
        return numbers


def decode(
    stated: Sequence[CocoAnnotation], size_hw: tuple[int, int] | None
) -> tuple[list[Annotation], Reasons]:
    """Make the masks of an image.

    Args:
        stated: What the file says.
        size_hw: (height, width) of the image; None if nobody knows.

    Returns:
        Those that can be used, and what cannot be.
    """
    annotations, reasons = [], Reasons()
    masks = _masks([annotation.segmentation for annotation in stated], size_hw)
    for annotation, mask in zip(stated, masks, strict=True):
        if isinstance(mask, RLEError):
            reasons.append((annotation.where, str(mask)))
            continue
        box, score, is_crowd = _box(annotation.box), score_of(annotation.score), annotation.is_crowd
        if box is None and annotation.box:
            reasons.append((annotation.where, "Its bbox is not made of x, y, width and height."))
        if score is None and annotation.score is not None:
            reasons.append((annotation.where, not_a_score(annotation.score)))
        if is_crowd not in (0, 1):
            reason = f"Its iscrowd is neither 0 nor 1: {shown(is_crowd, 20)}."
            reasons.append((annotation.where, reason))
        instance = Instance(mask, annotation.label, score, is_crowd == 1)
        annotations.append(Annotation(instance, annotation.where, box))
    return annotations, reasons


def _masks(segmentations: Sequence[Any], size_hw: tuple[int, int] | None) -> list[RLE | RLEError]:
    """Decode all polygons at once, and one by one where that fails."""
    drawn = [i for i, rings in enumerate(segmentations) if isinstance(rings, list) and rings]
    masks: dict[int, RLE] = {}
    if size_hw is not None and drawn:
        try:
            found = from_polygons([segmentations[i] for i in drawn], size_hw)
            masks = dict(zip(drawn, found, strict=True))
        except RLEError:
            pass
    return [masks.get(i) or _mask(stated, size_hw) for i, stated in enumerate(segmentations)]


def _mask(segmentation: Any, size_hw: tuple[int, int] | None) -> RLE | RLEError:
    try:
        if isinstance(segmentation, dict):
            return _of_counts(segmentation.get("size"), segmentation.get("counts"), size_hw)
        if not segmentation:
            raise RLEError("It has no mask.")
        if not isinstance(segmentation, list):
            raise RLEError("Its mask is neither polygons nor run lengths.")
        return from_polygons([segmentation], _known(size_hw))[0]
    except RLEError as error:
        return error


def _of_counts(stated: Any, counts: Any, size_hw: tuple[int, int] | None) -> RLE:
    if stated is None:
        height, width = _known(size_hw)
    elif isinstance(stated, list | array) and len(stated) == 2:
        height, width = size_of(*stated)
    else:
        raise RLEError("The size of its run lengths is not made of height and width.")
    if isinstance(counts, str):
        return RLE((height, width), rle_coco.decompress(counts, height * width))
    if not isinstance(counts, list | array):
        raise RLEError("Its run lengths are neither a list nor a text.")
    return RLE((height, width), counts)


def _known(size_hw: tuple[int, int] | None) -> tuple[int, int]:
    if size_hw is None:
        raise RLEError("The size of its image is not known.")
    return size_hw


def _box(stated: Any) -> tuple[float, float, float, float] | None:
    if not isinstance(stated, array) or len(stated) != 4 or not all(map(math.isfinite, stated)):
        return None
    *_, width, height = stated
    return boxes.xywh_to_xyxy(stated) if width >= 0 and height >= 0 else None
