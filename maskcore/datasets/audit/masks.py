"""What may be wrong with the masks of one sample, seen by themselves."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from maskcore import rle
from maskcore.datasets.audit.finding import Finding, make_finding
from maskcore.datasets.dataset import Annotation
from maskcore.files.sanitize import shown
from maskcore.rle import RLE, overlap as rle_overlap
from maskcore.rle.columns import column_runs
from maskcore.types import Box
from maskcore.wording import counted

# COCO's boxes are those of its polygons, whose thin ends cover no pixel's center.
_BOX_PIXELS = 4.0
_BOX_SHARE = 0.1
_MOST_BOXES = 0.5
_FEWEST_BOXES = 20

_EDGE = 2  # pixels
_SHORTEST_LINE = 10  # pixels; objects that an image cuts off leave shorter slivers

_OVERLAP_SHARE = 0.5  # of the smaller mask; neighbors of one class in COCO share up to a third
_SAME_IOU = 0.95
_MOST_PAIRS = 2_000  # a sample in which more masks cover each other is found out by fewer
_ROWS = 512


class MeasuredMask(NamedTuple):
    """A mask and what was measured of it."""

    annotation: Annotation
    area: int
    box: Box


def measure(annotation: Annotation) -> MeasuredMask:
    """Measure the mask of an annotation."""
    mask = annotation.instance.mask
    return MeasuredMask(annotation, rle.area(mask), rle.box(mask))


def check(sample: str, masks: Sequence[MeasuredMask]) -> Iterator[Finding]:
    """Yield what is found in the masks of a sample, in the order of its annotations."""
    for place, mask in enumerate(masks):
        label = shown(mask.annotation.instance.label)
        where = mask.annotation.where
        if mask.area == 0:
            what = f"The mask of “{label}” has no pixel inside."
            yield make_finding("empty-mask", sample, where, what, is_certain=True, mask=place)
            continue
        if _is_border_line(mask):
            what = (
                f"The {counted(mask.area, 'pixel')} of “{label}” lie within {_EDGE} pixels of the "
                "edge of the image."
            )
            yield make_finding("border-line", sample, where, what, mask=place)
        stated = mask.annotation.box
        if stated is not None and _boxes_differ(stated, mask.box):
            what = (
                f"The box of “{label}” is stated as {_corners(stated)}, "
                f"but its mask has {_corners(mask.box)} (x1, y1, x2, y2)."
            )
            yield make_finding("box", sample, where, what, mask=place)
    if len(masks) > 1:
        twice = list(_identical(sample, masks))
        yield from twice
        yield from _overlaps(sample, masks, {finding.mask for finding in twice})


def merge_box_findings(findings: Sequence[Finding], n_masks: int) -> list[Finding]:
    """Make one finding of all boxes that disagree with their masks if nearly none agrees.

    Args:
        findings: Of all samples.
        n_masks: Masks of all samples.
    """
    n_boxes = sum(finding.kind == "box" for finding in findings)
    if n_boxes < max(_FEWEST_BOXES, _MOST_BOXES * n_masks):
        return list(findings)
    what = (
        f"The boxes that are stated for {n_boxes:,} of {n_masks:,} masks disagree with the masks."
    )
    fix = "Look whether the boxes are in another order or unit than the format says."
    others = [finding for finding in findings if finding.kind != "box"]
    return [*others, make_finding("box", "", "", what, fix=fix)]


def _boxes_differ(stated: tuple[float, float, float, float], box: Box) -> bool:
    for first, last in ((0, 2), (1, 3)):
        side = max(stated[last] - stated[first], box[last] - box[first])
        allowed = max(_BOX_PIXELS, _BOX_SHARE * side)
        # Put so that a box of NaN differs.
        if not all(abs(stated[i] - box[i]) <= allowed for i in (first, last)):
            return True
    return False


def _corners(box: tuple[float, float, float, float]) -> str:
    return ", ".join(f"{round(value, 1):.10g}" for value in box)


def _is_border_line(measured: MeasuredMask) -> bool:
    """Whether no pixel is far from the edge of the image, but the mask is long."""
    x1, y1, x2, y2 = measured.box
    mask = measured.annotation.instance.mask
    height, width = mask.size_hw
    if min(height, width) <= 4 * _EDGE or max(x2 - x1, y2 - y1) < _SHORTEST_LINE:
        return False
    is_inside = min(x1, y1) >= _EDGE and x2 <= width - _EDGE and y2 <= height - _EDGE
    if is_inside or measured.area > 2 * _EDGE * (height + width):
        return False
    columns, tops, bottoms = column_runs(mask)
    inner = (columns >= _EDGE) & (columns < width - _EDGE)
    return not bool((inner & (bottoms > _EDGE) & (tops < height - _EDGE)).any())


def _identical(sample: str, masks: Sequence[MeasuredMask]) -> Iterator[Finding]:
    first: dict[tuple[RLE, str, bool], int] = {}
    for place, mask in enumerate(masks):
        one = mask.annotation.instance
        key = one.mask, one.label, one.is_crowd
        before = first.setdefault(key, place) if mask.area else place
        if before != place:
            named = f"The mask of “{shown(one.label)}”"
            what = f"{named} is the same as mask {before + 1}, pixel for pixel."
            fix = "Leave the later one out."
            where = mask.annotation.where
            yield make_finding(
                "duplicate-mask", sample, where, what, fix=fix, is_certain=True, mask=place
            )


def _overlaps(
    sample: str, masks: Sequence[MeasuredMask], known: set[int | None]
) -> Iterator[Finding]:
    places = [
        place
        for place, mask in enumerate(masks)
        if mask.area and place not in known and not mask.annotation.instance.is_crowd
    ]
    shared_most: tuple[float, int, int] = (0.0, 0, 0)
    n_overlaps = 0
    twice: set[int] = set()
    for i, j in _candidates([masks[place] for place in places])[:_MOST_PAIRS]:
        earlier, later = places[i], places[j]
        a, b = masks[earlier], masks[later]
        pair = [mask.annotation.instance.mask for mask in (a, b)]
        in_common = int(rle_overlap.intersection_areas(pair)[0, 1])
        labels = [mask.annotation.instance.label for mask in (a, b)]
        named = [f"“{shown(label)}”" for label in labels]
        iou = in_common / (a.area + b.area - in_common)
        if iou > _SAME_IOU:
            if later not in twice:
                twice.add(later)
                what = (
                    f"The mask of {named[1]} has {_percent(iou)} of its pixels in common with "
                    f"mask {earlier + 1}, {named[0]}."
                )
                yield make_finding("duplicate-mask", sample, b.annotation.where, what, mask=later)
        elif labels[0] == labels[1] and in_common > _OVERLAP_SHARE * min(a.area, b.area):
            n_overlaps += 1
            smaller, larger = (earlier, later) if a.area < b.area else (later, earlier)
            shared_most = max(shared_most, (in_common / min(a.area, b.area), smaller, larger))
    if n_overlaps:
        share, smaller, larger = shared_most
        mask = masks[smaller]
        what = (
            f"{_percent(share)} of mask {smaller + 1}, “{shown(mask.annotation.instance.label)}”, "
            f"lie in mask {larger + 1} of the same class."
        )
        if n_overlaps > 1:
            what += f" There are {counted(n_overlaps - 1, 'more pair')} like it in the image."
        yield make_finding("overlap", sample, mask.annotation.where, what, mask=smaller)


def _candidates(masks: Sequence[MeasuredMask]) -> list[tuple[int, int]]:
    """Return the pairs whose boxes leave room for a finding."""
    if len(masks) < 2:
        return []
    boxes = np.array([mask.box for mask in masks], np.int64)
    areas = np.array([mask.area for mask in masks], np.int64)
    sizes = _numbered(mask.annotation.instance.mask.size_hw for mask in masks)
    labels = _numbered(mask.annotation.instance.label for mask in masks)
    pairs: list[tuple[int, int]] = []
    for start in range(0, len(masks), _ROWS):
        some = slice(start, start + _ROWS)
        room = _room(boxes[some], boxes)
        smaller = np.minimum(areas[some, None], areas)
        larger = np.maximum(areas[some, None], areas)
        may_overlap = (room > _OVERLAP_SHARE * smaller) & (labels[some, None] == labels)
        may_be_same = np.minimum(room, smaller) > _SAME_IOU * larger
        both = (may_overlap | may_be_same) & (sizes[some, None] == sizes)
        earlier, later = np.nonzero(np.triu(both, 1 + start))
        pairs += zip((earlier + start).tolist(), later.tolist(), strict=True)
    return pairs


def _numbered(keys: Iterable[Hashable]) -> NDArray[np.int64]:
    """Return the same number for the same key."""
    numbers: dict[Hashable, int] = {}
    return np.array([numbers.setdefault(key, len(numbers)) for key in keys], np.int64)


def _room(boxes: NDArray[np.int64], others: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the (N, M) areas that boxes have in common."""
    top_left = np.maximum(boxes[:, None, :2], others[:, :2])
    bottom_right = np.minimum(boxes[:, None, 2:], others[:, 2:])
    sides = np.maximum(bottom_right - top_left, 0)
    return np.asarray(sides[..., 0] * sides[..., 1])


def _percent(share: float) -> str:
    return f"{int(share * 100)} %"
