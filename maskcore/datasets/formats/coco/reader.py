"""What COCO documents say, gathered by image."""

from __future__ import annotations

import re
from array import array
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from maskcore.datasets.dataset import Dataset, Problem, Sample, check_count
from maskcore.datasets.files import base, stem
from maskcore.datasets.formats.coco.document import CocoDocument
from maskcore.datasets.formats.coco.image import (
    AnnotationGroup,
    CocoImage,
    contents,
    id_of,
    label_of,
    where_is,
)
from maskcore.datasets.pictures import StoredPicture
from maskcore.datasets.source import FileSource, unannotated
from maskcore.errors import RLEError
from maskcore.files.values import size_of

_ONE = {"categories": "category", "images": "image", "annotations": "annotation"}
_SHOWN = 5  # ids in a message


@dataclass
class _Known:
    """The images of a document by their ids, and what it calls its categories."""

    images: dict[Any, CocoImage] = field(default_factory=dict)
    labels: dict[Any, str] = field(default_factory=dict)


class CocoReader:
    """Gathers what documents say of the images of a source.

    Attributes:
        documents: Those that were added.
        problems: What belongs to no image.
    """

    def __init__(self, source: FileSource) -> None:
        self.documents: list[_Known] = []
        self.problems: list[Problem] = []
        self._source = source
        self._names = frozenset(source.image_names)
        self._labels: dict[str, None] = {}
        self._called: dict[str, str] = {}  # path of a picture -> what annotations call it
        self._images: dict[tuple[str, StoredPicture | None], list[CocoImage]] = {}

    def add_document(self, name: str, document: CocoDocument) -> None:
        """Gather from a document with images.

        Raises:
            DatasetError: If the images become too many.
        """
        known = _Known()
        self.documents.append(known)
        for _, where, (stated, label) in self._items(name, document, "categories"):
            number = id_of(stated)
            if not isinstance(label, str):
                label = f"category {number!s:.40}"
            self._labels.setdefault(label)
            if number is None:
                self.problems.append(Problem(where, "It has no id."))
            elif known.labels.setdefault(number, label) != label:
                self.problems.append(Problem(where, "Another category has the same id."))
        folders = self._folders(name)
        for _, where, (stated, called, *sides) in self._items(name, document, "images"):
            number = id_of(stated)
            if number is not None and number in known.images:
                self.problems.append(Problem(where, "Another image has the same id."))
                continue
            image = self._add_image(name, where, called, sides, folders)
            if number is None:
                image.reasons.append((where, "It has no id, so that no mask can belong to it."))
            else:
                known.images[number] = image
        if "annotations" in document.rows:
            self._add_annotations(known, name, document)

    def add_results(self, name: str, document: CocoDocument) -> None:
        """Gather from a list of masks; their images are of the document that knows most of them."""
        rows = document.rows["annotations"]
        if rows is None or not self.documents:
            self.problems.append(Problem(name, "It is no document with a list of images."))
            return
        ids = [id_of(row[1]) for row in rows if row is not None]
        known = max(self.documents, key=lambda one: sum(number in one.images for number in ids))
        self._add_annotations(known, name, document)

    def dataset(self) -> Dataset:
        """Return what was gathered."""
        samples: dict[str, Sample] = {}
        for (called, picture), images in self._images.items():
            name = picture.path if picture else called
            while name in samples:
                name += " (another)"
            samples[name] = Sample(name, picture, partial(contents, name, picture, images))
        every = list(samples.values())
        every += unannotated(self._source, self._source.image_names, every)
        return Dataset("coco", every, tuple(self._labels), self.problems)

    def _items(
        self, name: str, document: CocoDocument, key: str
    ) -> Iterator[tuple[int, str, tuple[Any, ...]]]:
        """Yield the objects in a list of a document: which it is, where that is, what is kept."""
        rows = document.rows.get(key)
        if rows is None:
            self.problems.append(Problem(name, f"It has no list of {key}."))
            return
        for place, row in enumerate(rows):
            where = where_is(_ONE[key], row[0] if row else None, place, name)
            if row is not None:
                yield place, where, row
            else:
                reason = "It is not an object with names and values."
                self.problems.append(Problem(where, reason))

    def _add_image(
        self, name: str, where: str, called: Any, sides: Sequence[Any], folders: Sequence[str]
    ) -> CocoImage:
        image = CocoImage()
        height, width = sides
        try:
            if height is not None or width is not None:
                image.size_hw = size_of(height, width)
        except RLEError as error:
            image.reasons.append((where, str(error)))
        picture = None
        if isinstance(called, str) and called.strip():
            paths = (f"{folder}/{called}" for folder in folders)
            called = next((path for path in paths if path in self._names), called)
            picture = self._source.pictures.find(called, beside=name)
            # A name may be that of several images where folders are missing; the first has it.
            if picture and self._called.setdefault(picture.path, called) != called:
                picture = None
        else:
            called = where
            image.reasons.append((where, "It has no file_name."))
        self._images.setdefault((called, picture), []).append(image)
        check_count(len(self._images))
        return image

    def _folders(self, name: str) -> list[str]:
        """Folders of images that a document is named after: train2017 of instances_train2017."""
        words = re.split(r"[_.\s-]", stem(name).casefold())
        folders = {path.rpartition("/")[0] for path in self._names}
        return sorted(folder for folder in folders if base(folder).casefold() in words and folder)

    def _add_annotations(self, known: _Known, name: str, document: CocoDocument) -> None:
        ids: Counter[Any] = Counter()
        places: defaultdict[Any, array[int]] = defaultdict(lambda: array("q"))
        rows = self._items(name, document, "annotations")
        for place, where, (stated, of_image, category) in rows:
            ids[id_of(stated)] += 1
            number = id_of(of_image)
            image = None if number is None else known.images.get(number)
            if image is None:
                reason = f"Its image, {number!s:.40}, is not in the list of images."
                self.problems.append(
                    Problem(where, "It has no image_id." if number is None else reason)
                )
                continue
            label, reason = label_of(category, known.labels)
            if reason:
                image.reasons.append((where, reason))
            self._labels.setdefault(label)
            places[number].append(place)
        for number, some in places.items():
            masks = AnnotationGroup(name, document.annotations, known.labels, some)
            known.images[number].masks.append(masks)
        again = [f"{number!s:.40}" for number, n in ids.items() if n > 1 and number is not None]
        if again:
            more = f" and {len(again) - _SHOWN:,} others" if len(again) > _SHOWN else ""
            shown = ", ".join(again[:_SHOWN]) + more
            reason = f"Several annotations have the same id, and all are read: {shown}."
            self.problems.append(Problem(name, reason))
