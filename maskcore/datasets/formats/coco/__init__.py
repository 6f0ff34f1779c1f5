"""COCO instances: a JSON document of images, categories, and masks that tell their image's id.

Source: https://cocodataset.org/#format-data ("Object Detection") and #format-results, and what
pycocotools does with them (https://github.com/cocodataset/cocoapi, PythonAPI/pycocotools/coco.py).
Polygons are filled as pycocotools fills them, see `rle.polygons`; a ring of two points, in which
it sees a box, is refused.
"""

from __future__ import annotations

from collections.abc import Sequence

from maskcore.datasets.dataset import Dataset, Problem
from maskcore.datasets.formats.coco.document import CocoDocument
from maskcore.datasets.formats.coco.reader import CocoReader
from maskcore.datasets.formats.coco.writer import KEEPS, CocoWriter
from maskcore.datasets.source import FileSource
from maskcore.errors import DatasetError

__all__ = ["KEEPS", "TITLE", "CocoWriter", "find", "read"]

TITLE = "COCO instances"


def find(source: FileSource) -> list[str]:
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


def _kind(source: FileSource, name: str) -> str:
    head = source.head(name)
    if not any(key in head for key in (b'"images"', b'"annotations"', b'"image_id"')):
        return ""
    try:
        document = _document(source, name)
    except DatasetError:  # reading it will say so
        return "instances" if b'"images"' in head and b'"file_name"' in head else ""
    if not document.is_object:
        return "results" if document.any_has("annotations", "image_id", "segmentation") else ""
    if document.rows.get("images") is None:
        return ""
    annotations = document.rows.get("annotations")
    if annotations is None:
        return "images" if document.any_has("images", "id", "file_name") else ""
    if document.any_has("annotations", "image_id", "keypoints"):
        return "keypoints"
    has_masks = document.any_has("annotations", "image_id", "segmentation")
    # Of boxes alone nothing can be used, but only the reader of this format can say so.
    has_boxes = document.any_has("annotations", "image_id", "category_id", "bbox")
    return "instances" if has_masks or has_boxes or not annotations else ""


def read(source: FileSource, names: Sequence[str]) -> Dataset:
    """Read documents; masks are decoded when their sample is read.

    Ids count within their document. What several documents say of one image file is joined.

    Raises:
        DatasetError: If none of them can be read, or they tell of too many images.
    """
    reader = CocoReader(source)
    for name in names:
        try:
            document = _document(source, name)
        except DatasetError as error:
            reader.problems.append(Problem(name, str(error)))
            continue
        if document.is_object:
            reader.add_document(name, document)
        else:
            reader.add_results(name, document)
    if not reader.documents and reader.problems:
        raise DatasetError(f"{reader.problems[0].where}: {reader.problems[0].reason}")
    return reader.dataset()


def _document(source: FileSource, name: str) -> CocoDocument:
    document: CocoDocument = source.json(name, parse=CocoDocument)
    return document
