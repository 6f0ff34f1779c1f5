"""COCO instances: a JSON document of images, categories, and masks that tell their image's id.

Source: https://cocodataset.org/#format-data ("Object Detection") and #format-results, and what
pycocotools does with them (https://github.com/cocodataset/cocoapi, PythonAPI/pycocotools/coco.py).
Polygons are filled as pycocotools fills them, see `rle_polygons`; a ring of two points, in which
it sees a box, is refused.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from maskcore.datasets.coco_reader import Reader
from maskcore.datasets.coco_writer import KEEPS, Writer
from maskcore.datasets.dataset import Dataset, Problem
from maskcore.datasets.source import Source
from maskcore.errors import DatasetError

__all__ = ["KEEPS", "TITLE", "Writer", "find", "read"]

TITLE = "COCO instances"

_LOOKED_AT = 50  # items of a list that tell what it is a list of


def find(source: Source) -> list[str]:
    """Return the names of the documents with images, then of the lists of results for them.

    A document of keypoints says again what the document of instances says, and counts where there
    is no other; one of images alone, and a bare list of results, count together.
    """
    kinds: dict[str, list[str]] = {"instances": [], "keypoints": [], "images": [], "results": []}
    for name in source.with_suffix(".json"):
        if kind := _kind(source, name):
            kinds[kind].append(name)
    names = kinds["instances"] or kinds["keypoints"]
    if kinds["results"] and (names or kinds["images"]):
        return [*names, *kinds["images"], *kinds["results"]]
    return names


def _kind(source: Source, name: str) -> str:
    head = source.head(name)
    if not any(key in head for key in (b'"images"', b'"annotations"', b'"image_id"')):
        return ""
    try:
        document = source.json(name)
    except DatasetError:  # reading it will say so
        return "instances" if b'"images"' in head and b'"file_name"' in head else ""
    if isinstance(document, list):
        return "results" if _any_has(document, "image_id", "segmentation") else ""
    if not isinstance(document, dict) or not isinstance(document.get("images"), list):
        return ""
    annotations = document.get("annotations")
    if not isinstance(annotations, list):
        return "images" if _any_has(document["images"], "id", "file_name") else ""
    if _any_has(annotations, "image_id", "keypoints"):
        return "keypoints"
    has_masks = _any_has(annotations, "image_id", "segmentation")
    # Of boxes alone nothing can be used, but only the reader of this format can say so.
    has_boxes = _any_has(annotations, "image_id", "category_id", "bbox")
    return "instances" if has_masks or has_boxes or not annotations else ""


def _any_has(items: list[Any], *keys: str) -> bool:
    return any(isinstance(it, dict) and it.keys() >= {*keys} for it in items[:_LOOKED_AT])


def read(source: Source, names: Sequence[str]) -> Dataset:
    """Read documents; masks are decoded when their sample is read.

    Ids count within their document. What several documents say of one image file is joined.

    Raises:
        DatasetError: If none of them can be read.
    """
    reader = Reader(source)
    for name in names:
        try:
            document = source.json(name)
        except DatasetError as error:
            reader.problems.append(Problem(name, str(error)))
            continue
        if isinstance(document, dict):
            reader.add_document(name, document)
        else:
            reader.add_results(name, document)
    if not reader.documents and reader.problems:
        raise DatasetError(f"{reader.problems[0].where}: {reader.problems[0].reason}")
    return reader.dataset()
