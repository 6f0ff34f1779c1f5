"""What COCO documents say, gathered by image."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from maskcore import checks
from maskcore.datasets import coco_annotations
from maskcore.datasets.coco_annotations import Reasons, Stated
from maskcore.datasets.dataset import Annotation, Contents, Dataset, Problem, Sample
from maskcore.datasets.source import Source, StoredPicture, base, stem, unannotated
from maskcore.errors import RLEError

_UNSTATED = "mask"
_SHOWN = 5  # ids in a message


@dataclass
class _Image:
    """What a document says of one image."""

    size_hw: tuple[int, int] | None = None
    masks: list[Stated] = field(default_factory=list)
    reasons: Reasons = field(default_factory=list)


@dataclass
class _Document:
    """What a document says of images, by their ids, and what it calls its categories."""

    images: dict[Any, _Image] = field(default_factory=dict)
    labels: dict[Any, str] = field(default_factory=dict)


class Reader:
    """Gathers what documents say of the images of a source.

    Attributes:
        documents: Those that were added.
        problems: What belongs to no image.
    """

    def __init__(self, source: Source) -> None:
        self.documents: list[_Document] = []
        self.problems: list[Problem] = []
        self._source = source
        self._names = frozenset(source.image_names)
        self._labels: dict[str, None] = {}
        self._called: dict[str, str] = {}  # path of a picture -> what annotations call it
        self._images: dict[tuple[str, StoredPicture | None], list[_Image]] = {}

    def add_document(self, name: str, content: dict[str, Any]) -> None:
        """Gather from a document with images."""
        document = _Document()
        self.documents.append(document)
        for where, it in self._items(name, content, "categories", "category"):
            number, label = _id(it.get("id")), it.get("name")
            if not isinstance(label, str):
                label = f"category {number!s:.40}"
            self._labels.setdefault(label)
            if number is None:
                self.problems.append(Problem(where, "It has no id."))
            elif document.labels.setdefault(number, label) != label:
                self.problems.append(Problem(where, "Another category has the same id."))
        folders = self._folders(name)
        for where, it in self._items(name, content, "images", "image"):
            number = _id(it.get("id"))
            if number is not None and number in document.images:
                self.problems.append(Problem(where, "Another image has the same id."))
                continue
            image = self._add_image(name, where, it, folders)
            if number is None:
                image.reasons.append((where, "It has no id, so that no mask can belong to it."))
            else:
                document.images[number] = image
        if "annotations" in content:
            self._add_annotations(document, name, content)

    def add_results(self, name: str, content: Any) -> None:
        """Gather from a list of masks; their images are of the document that knows most of them."""
        if not isinstance(content, list) or not self.documents:
            self.problems.append(Problem(name, "It is no document with a list of images."))
            return
        ids = [_id(it.get("image_id")) for it in content if isinstance(it, dict)]
        document = max(self.documents, key=lambda it: sum(number in it.images for number in ids))
        self._add_annotations(document, name, {"annotations": content})

    def dataset(self) -> Dataset:
        """Return what was gathered."""
        samples: dict[str, Sample] = {}
        for (called, picture), images in self._images.items():
            name = picture.path if picture else called
            while name in samples:
                name += " (another)"
            samples[name] = Sample(name, picture, partial(_contents, name, picture, images))
        every = list(samples.values())
        every += unannotated(self._source, self._source.image_names, every)
        return Dataset("coco", every, tuple(self._labels), self.problems)

    def _items(
        self, name: str, content: dict[str, Any], key: str, what: str
    ) -> Iterator[tuple[str, dict[str, Any]]]:
        """Yield the objects in a list of a document, and where each is."""
        items = content.get(key)
        if not isinstance(items, list):
            self.problems.append(Problem(name, f"It has no list of {key}."))
            return
        for place, it in enumerate(items, start=1):
            number = it.get("id") if isinstance(it, dict) else None
            has_id = isinstance(number, int | str)
            where = f"{what} {number!s:.40}" if has_id else f"{what} no. {place}"
            if isinstance(it, dict):
                yield f"{where} in {name}", it
            else:
                reason = "It is not an object with names and values."
                self.problems.append(Problem(f"{where} in {name}", reason))

    def _add_image(
        self, name: str, where: str, stated: dict[str, Any], folders: Sequence[str]
    ) -> _Image:
        image = _Image()
        height, width = stated.get("height"), stated.get("width")
        try:
            if height is not None or width is not None:
                image.size_hw = coco_annotations.size(height, width)
        except RLEError as error:
            image.reasons.append((where, str(error)))
        called, picture = stated.get("file_name"), None
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
        return image

    def _folders(self, name: str) -> list[str]:
        """Folders of images that a document is named after: train2017 of instances_train2017."""
        words = re.split(r"[_.\s-]", stem(name).casefold())
        folders = {it.rpartition("/")[0] for it in self._names}
        return sorted(it for it in folders if base(it).casefold() in words and it)

    def _add_annotations(self, document: _Document, name: str, content: dict[str, Any]) -> None:
        ids: Counter[Any] = Counter()
        for where, it in self._items(name, content, "annotations", "annotation"):
            ids[_id(it.get("id"))] += 1
            number = _id(it.get("image_id"))
            image = None if number is None else document.images.get(number)
            if image is None:
                reason = f"Its image, {number!s:.40}, is not in the list of images."
                self.problems.append(
                    Problem(where, "It has no image_id." if number is None else reason)
                )
                continue
            label, reason = _label(_id(it.get("category_id")), document.labels)
            if reason:
                image.reasons.append((where, reason))
            self._labels.setdefault(label)
            image.masks.append(coco_annotations.state(it, where, label))
        again = [f"{number!s:.40}" for number, n in ids.items() if n > 1 and number is not None]
        if again:
            more = f" and {len(again) - _SHOWN:,} others" if len(again) > _SHOWN else ""
            shown = ", ".join(again[:_SHOWN]) + more
            reason = f"Several annotations have the same id, and all are read: {shown}."
            self.problems.append(Problem(name, reason))


def _id(stated: Any) -> Any:
    """Return what can be the id of something, or None."""
    return stated if isinstance(stated, int | float | str) else None


def _label(number: Any, labels: dict[Any, str]) -> tuple[str, str]:
    """Return the label of a mask, and what is wrong with its category."""
    if number in labels:
        return labels[number], ""
    if number is None:
        return _UNSTATED, "It has no category_id." if labels else ""
    label = f"category {number!s:.40}"
    return label, "Its category has no name in the list of categories." if labels else ""


def _contents(name: str, picture: StoredPicture | None, images: Sequence[_Image]) -> Contents:
    """Decode what documents say of an image."""
    annotations: list[Annotation] = []
    reasons: Reasons = []
    for it in images:
        size_hw = it.size_hw or _measured(name, picture)
        decoded, wrong = coco_annotations.decode(it.masks, size_hw)
        annotations += decoded
        reasons += it.reasons + wrong
    problems = [Problem(where, reason, name) for where, reason in reasons]
    stated = next((it.size_hw for it in images if it.size_hw), None)
    return Contents(annotations, problems, stated)


def _measured(name: str, picture: StoredPicture | None) -> tuple[int, int] | None:
    """Size of the image file, unless it is larger than a mask may be."""
    probe = Sample(name, picture, Contents).probe
    if probe is None or probe.size_hw[0] * probe.size_hw[1] > checks.MAX_PIXELS:
        return None
    return probe.size_hw
