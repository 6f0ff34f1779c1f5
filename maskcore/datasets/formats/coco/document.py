"""What a COCO document says of images and categories, and where its annotations are in it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any

from maskcore.datasets import dataset
from maskcore.datasets.formats.coco import json_items
from maskcore.datasets.formats.coco.json_items import Texts
from maskcore.errors import DatasetError

Row = tuple[Any, ...] | None
"""What is kept of an item, as it stands there; None if the item is no object."""

_KEPT: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "categories": ("id", "name"),
        "images": ("id", "file_name", "height", "width"),
        "annotations": ("id", "image_id", "category_id"),
    }
)
_MAX_ANNOTATIONS = 2_000_000
_LOOKED_AT = 50  # items of a list that tell what it is a list of


class CocoDocument:
    """A document, read in little more memory than its text takes, which is kept.

    Args:
        content: The file.

    Attributes:
        is_object: Whether it is an object; otherwise the whole of it counts as "annotations".
        rows: For each of "categories", "images" and "annotations" that it has, the items: (id,
            name), (id, file_name, height, width) and (id, image_id, category_id), None for what is
            not there. None in place of the items if they are no list.
        annotations: The items of "annotations" as they stand there.

    Raises:
        DatasetError: If it lists more than a data set may have.
        ValueError: If it is no JSON.
        RecursionError: If a value in it is too deep.
    """

    def __init__(self, content: bytes) -> None:
        content = json_items.utf_8(content)
        self.is_object = True
        self.rows: dict[str, list[Row] | None] = {}
        self.annotations = Texts(content)
        self._first: dict[str, list[set[str]]] = {}
        for name, value in json_items.members(content):
            self.is_object = name is not None
            known = "annotations" if name is None else name
            if known == "annotations":
                self.annotations = Texts(content)  # the last of that name counts
            if known in _KEPT:
                is_list = isinstance(value, Iterator)
                self.rows[known] = self._read(known, value) if is_list else None

    def any_has(self, name: str, *keys: str) -> bool:
        """Whether one of the first items of a list is an object with all of these names."""
        return any(keys_of_item.issuperset(keys) for keys_of_item in self._first.get(name, ()))

    def _read(self, name: str, items: json_items.Items) -> list[Row]:
        rows: list[Row] = []
        first: list[set[str]] = []
        most = dataset.MAX_SAMPLES if name == "images" else _MAX_ANNOTATIONS
        for item, start, stop in items:
            is_object = isinstance(item, dict)
            if len(rows) == most:
                raise DatasetError(f"There are more than {len(rows):,} {name}; split the document.")
            rows.append(tuple(map(item.get, _KEPT[name])) if is_object else None)
            if is_object and len(rows) <= _LOOKED_AT:
                first.append({*item})
            if name == "annotations":
                self.annotations.append(start, stop)
        self._first[name] = first
        return rows
