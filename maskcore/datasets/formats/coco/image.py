"""What COCO documents say of one image, decoded when its sample is read."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from maskcore.datasets.dataset import Annotation, Contents, Problem
from maskcore.datasets.formats.coco import masks as coco_masks
from maskcore.datasets.formats.coco.json_items import Texts
from maskcore.datasets.formats.coco.masks import CocoAnnotation, Reasons
from maskcore.datasets.pictures import StoredPicture
from maskcore.datasets.sizes import header_size
from maskcore.files.values import NO_LABEL


class AnnotationGroup(NamedTuple):
    """Some of the annotations of a document.

    Attributes:
        name: Of the document.
        annotations: All that are in it.
        labels: What their categories are called.
        places: Which of them are meant, from 0.
    """

    name: str
    annotations: Texts
    labels: dict[Any, str]
    places: array[int]


@dataclass(slots=True)
class CocoImage:
    """What a document says of one image."""

    size_hw: tuple[int, int] | None = None
    masks: list[AnnotationGroup] = field(default_factory=list)
    reasons: Reasons = field(default_factory=list)


def id_of(stated: Any) -> Any:
    """Return what can be the id of something, or None."""
    return stated if isinstance(stated, int | float | str) else None


def where_is(what: str, number: Any, place: int, name: str) -> str:
    """Say which item of a document is meant.

    Args:
        what: One of its list: "annotation".
        number: Its id, or whatever stands there.
        place: Its place in the list, from 0.
        name: Of the document.
    """
    has_id = isinstance(number, int | str)
    return f"{what} {number!s:.40} in {name}" if has_id else f"{what} no. {place + 1} in {name}"


def label_of(category: Any, labels: dict[Any, str]) -> tuple[str, str]:
    """Return the label of a mask, and what is wrong with its category."""
    number = id_of(category)
    if number in labels:
        return labels[number], ""
    if number is None:
        return NO_LABEL, "It has no category_id." if labels else ""
    label = f"category {number!s:.40}"
    return label, "Its category has no name in the list of categories." if labels else ""


def contents(name: str, picture: StoredPicture | None, images: Sequence[CocoImage]) -> Contents:
    """Decode what documents say of an image."""
    annotations: list[Annotation] = []
    reasons: Reasons = []
    for image in images:
        size_hw = image.size_hw or header_size(picture)
        stated, too_deep = _stated(image.masks)
        decoded, wrong = coco_masks.decode(stated, size_hw)
        annotations += decoded
        reasons += image.reasons + too_deep + wrong
    problems = [Problem(where, reason, name) for where, reason in reasons]
    size = next((image.size_hw for image in images if image.size_hw), None)
    return Contents(annotations, problems, size)


def _stated(masks: Sequence[AnnotationGroup]) -> tuple[list[CocoAnnotation], Reasons]:
    """Read annotations again, and tell which of them cannot be."""
    stated: list[CocoAnnotation] = []
    reasons: Reasons = []
    for some in masks:
        for place in some.places:
            try:
                annotation = some.annotations[place]
            except RecursionError:  # there was more room when the document was read
                where = where_is("annotation", None, place, some.name)
                reasons.append((where, "It is nested too deep to be read."))
                continue
            where = where_is("annotation", annotation.get("id"), place, some.name)
            label, _ = label_of(annotation.get("category_id"), some.labels)
            stated.append(coco_masks.pick_values(annotation, where, label))
    return stated, reasons
