"""Masks as a COCO instances document, as https://cocodataset.org/#format-data describes it.

A mask without holes is written as polygons along the edges of its pixels, which are filled to the
very mask by pycocotools. COCO's polygons know no holes, so a mask with holes is written as
compressed run lengths, with ``iscrowd`` 0: that says nothing about the form, only that it is one
object.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from maskcore import boxes, rle
from maskcore.datasets.writer import ClassIds, Item, Keeps, Member
from maskcore.errors import RLEError
from maskcore.masks import polygons as mask_polygons
from maskcore.rle import RLE
from maskcore.rle.polygons import from_polygons
from maskcore.rle_text import coco as rle_coco
from maskcore.types import Instance

KEEPS = Keeps(scores=True, crowds=True, empty=True)


class CocoWriter:
    """Writes annotations/instances.json; ids count from 1 in the order in which things come.

    Images are written as ``{"id", "file_name", "width", "height"}``, masks with the area of their
    pixels, ``bbox`` as x, y, width, height, and ``score`` where there is one.

    Args:
        labels: The first categories.

    Attributes:
        image_folder: Where image files belong.
    """

    image_folder = "images"

    def __init__(self, labels: Sequence[str]) -> None:
        self._categories = ClassIds(labels)
        self._images: list[str] = []
        self._annotations: list[str] = []

    def sample(self, item: Item) -> Iterator[Member]:
        """Take note of a sample."""
        height, width = item.size_hw
        image_id = len(self._images) + 1
        image = {"id": image_id, "file_name": item.image_name, "width": width, "height": height}
        self._images.append(json.dumps(image))
        segmentations = _segmentations(item.instances)
        for instance, segmentation in zip(item.instances, segmentations, strict=True):
            annotation = {
                "id": len(self._annotations) + 1,
                "image_id": image_id,
                "category_id": self._categories.of(instance.label),
                "iscrowd": int(instance.is_crowd),
                "area": rle.area(instance.mask),
                "bbox": list(boxes.xyxy_to_xywh(instance.box)),
                "segmentation": segmentation,
            }
            if instance.score is not None:
                annotation["score"] = float(instance.score)
            self._annotations.append(json.dumps(annotation))
        yield from ()

    def end(self) -> Iterator[Member]:
        """Yield the document."""
        categories = [
            json.dumps({"id": number, "name": label, "supercategory": ""})
            for number, label in self._categories.items()
        ]
        parts = (
            ("categories", categories),
            ("images", self._images),
            ("annotations", self._annotations),
        )
        lists = (f'"{key}": [\n' + ",\n".join(lines) + "\n]" for key, lines in parts)
        info = '"info": {"description": "AnnotationGroup as COCO instances"},\n"licenses": []'
        text = "{\n" + ",\n".join((info, *lists)) + "\n}\n"
        yield "annotations/instances.json", text.encode()


def _segmentations(instances: Sequence[Instance]) -> list[Any]:
    """Return rings, or counts for crowds and for masks that are empty or have holes."""
    outlines = [[] if instance.is_crowd else _outlines(instance.mask) for instance in instances]
    try:
        filled = from_polygons(outlines, instances[0].mask.size_hw) if instances else []
    except RLEError:  # so large or ragged that other programs would have their troubles too
        return [_counts(instance.mask) for instance in instances]
    return [
        rings if rings and again == instance.mask else _counts(instance.mask)
        for instance, rings, again in zip(instances, outlines, filled, strict=True)
    ]


def _outlines(mask: RLE) -> list[list[int]]:
    """Rings along the edges of the pixels; none if the mask is empty or has a hole."""
    box = rle.box(mask)
    if box[0] == box[2]:
        return []
    polygons = mask_polygons.mask_to_polygons(rle.decode(mask, box=box))
    if any(len(rings) > 1 for rings in polygons):
        return []
    return [(outline + box[:2]).ravel().tolist() for (outline,) in polygons]


def _counts(mask: RLE) -> dict[str, Any]:
    return {"size": list(mask.size_hw), "counts": rle_coco.compress(mask.counts)}
