"""The objects of Pascal VOC's Annotations/*.xml: names and boxes, without masks.

Boxes there are 1-based and hold their last row and column
(http://host.robots.ox.ac.uk/pascal/VOC/voc2012/htmldoc/devkit_doc.html).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple
from xml.etree import ElementTree

import numpy as np
from numpy.typing import NDArray

from maskcore.errors import DatasetError
from maskcore.files.values import label_of, number_of
from maskcore.types import Box

_MAX_OBJECTS = 10_000
_MOST_PAIRS = 4_000_000
_CORNERS = ("xmin", "ymin", "xmax", "ymax")


class VocObject(NamedTuple):
    """An object as the file states it.

    Attributes:
        label: Its class.
        box: x1, y1, x2, y2 in pixels, with an exclusive maximum.
    """

    label: str
    box: tuple[float, float, float, float]


def read(text: str) -> list[VocObject]:
    """Read the objects of a file that have a box.

    Raises:
        DatasetError: If it is no XML of an annotation, or declares entities, which such files
            never need and which can be made to grow without end.
    """
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        raise DatasetError("It declares a document type, which is not read; remove it.")
    try:
        root = ElementTree.fromstring(text)
    except (ElementTree.ParseError, ValueError) as error:
        raise DatasetError("It is no XML that can be read.") from error
    found = []
    for element in root.findall("object")[:_MAX_OBJECTS]:
        sides = [number_of(element.findtext(f"bndbox/{corner}")) for corner in _CORNERS]
        x1, y1, x2, y2 = (np.nan if side is None else side for side in sides)
        if x1 <= x2 and y1 <= y2:
            label = label_of((element.findtext("name") or "").strip())
            found.append(VocObject(label, (x1 - 1, y1 - 1, x2, y2)))
    return found


def match(
    boxes: Sequence[Box], labels: Sequence[str | None], objects: Sequence[VocObject]
) -> list[VocObject | None]:
    """Find the stated object of each mask: of the same label, with the box that agrees best.

    The order of the objects in both files is the same in the challenge, but not everywhere.

    Args:
        boxes: Around the masks, N of them.
        labels: Of the masks; None agrees with all.
        objects: Of the same image.

    Returns:
        N objects, None where no box of that label overlaps the mask's, or there are very many.
    """
    found: list[VocObject | None] = [None] * len(boxes)
    if len(boxes) * len(objects) > _MOST_PAIRS:
        return found
    shares = _shares(boxes, objects)
    for i, label in enumerate(labels):
        if label is not None:
            shares[i, [stated.label != label for stated in objects]] = 0
    for place in np.argsort(-shares, axis=None, kind="stable").tolist():
        i, j = divmod(place, len(objects))
        if shares[i, j] <= 0:
            break
        found[i] = objects[j]
        shares[i], shares[:, j] = 0, 0
    return found


def _shares(boxes: Sequence[Box], objects: Sequence[VocObject]) -> NDArray[np.float64]:
    """(N, M) intersection over union of each two boxes."""
    ours = np.array(boxes, np.float64).reshape(-1, 1, 4)
    theirs = np.array([stated.box for stated in objects], np.float64).reshape(1, -1, 4)
    low, high = np.maximum(ours, theirs)[..., :2], np.minimum(ours, theirs)[..., 2:]
    common = np.maximum(high - low, 0).prod(axis=-1)
    areas = [(corners[..., 2:] - corners[..., :2]).prod(axis=-1) for corners in (ours, theirs)]
    return np.asarray(common / np.maximum(areas[0] + areas[1] - common, 1))
