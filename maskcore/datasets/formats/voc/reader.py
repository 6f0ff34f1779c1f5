"""The masks of one image of Pascal VOC, out of its files of classes, objects and boxes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from maskcore import rle
from maskcore.datasets.dataset import Annotation, Contents, Problem
from maskcore.datasets.formats.voc import boxes as voc_boxes, classes as voc_classes, palette
from maskcore.datasets.formats.voc.classes import Classes
from maskcore.datasets.formats.voc.palette import IndexedImage
from maskcore.datasets.source import FileSource
from maskcore.errors import DatasetError
from maskcore.files.values import NO_LABEL
from maskcore.rle import RLE, label_map
from maskcore.types import Instance

_COLOR_BITS = 24


@dataclass(frozen=True)
class VocLoader:
    """Reads the files of a sample.

    Attributes:
        source: Where they are.
        sample: Name of the sample.
        classes: The names of the classes.
        by_class: File of classes, None if there is none.
        by_object: File of objects, None if there is none.
        boxes: File of boxes, None if there is none.
    """

    source: FileSource
    sample: str
    classes: Classes
    by_class: str | None
    by_object: str | None
    boxes: str | None

    def __call__(self) -> Contents:
        """Read them."""
        problems: list[Problem] = []
        classes = self._read(self.by_class, problems)
        objects = self._read(self.by_object, problems)
        if classes and objects and classes.size_hw != objects.size_hw:
            sizes = [f"{file.size_hw[1]:,} × {file.size_hw[0]:,}" for file in (objects, classes)]
            reason = (
                f"It has {sizes[0]} pixels but the file of classes has {sizes[1]}; "
                "the objects are not told apart."
            )
            problems.append(Problem(str(self.by_object), reason, self.sample))
            objects = None
        found = classes or objects
        if found is None:
            return Contents(problems=problems)
        if objects is not None:
            annotations = self._objects(objects, classes, problems)
        else:
            runs = label_map.encode(found.values)
            labels = self.classes.labels(found, runs)
            annotations = [self._annotation(runs[value], name) for value, name in labels.items()]
        return Contents(annotations, problems, found.size_hw)

    def _read(self, name: str | None, problems: list[Problem]) -> IndexedImage | None:
        if name is None:
            return None
        try:
            return palette.read(self.source.files.read(name))
        except DatasetError as error:
            problems.append(Problem(name, str(error), self.sample))
            return None

    def _objects(
        self, objects: IndexedImage, classes: IndexedImage | None, problems: list[Problem]
    ) -> list[Annotation]:
        """Return a mask for each object, and one for each class where it has no object."""
        runs = label_map.encode(objects.values)
        numbers = voc_classes.objects(objects, runs)
        areas = _areas(objects, classes) if classes else {}
        by_class = {value for shares in areas.values() for value in shares}
        labels = self.classes.labels(classes, by_class) if classes else {}
        names = [_majority_label(areas.get(number, {}), labels) for number in numbers]
        boxes = [rle.box(runs[number]) for number in numbers]
        annotations = []
        found = voc_boxes.match(boxes, names, self._stated(problems))
        for number, name, stated in zip(numbers, names, found, strict=True):
            where = f"object {number} in {self.by_object}"
            if name is None and stated is None and classes:
                reason = f"Its pixels have no class; it is called {NO_LABEL}."
                problems.append(Problem(where, reason, self.sample, is_left_out=False))
            label = name or (stated.label if stated else NO_LABEL)
            box = stated.box if stated else None
            annotations.append(Annotation(Instance(runs[number], label), where, box))
        if classes:
            for value in sorted(areas.get(0, {}).keys() & labels):
                rest = (objects.values == 0) & (classes.values == value)
                annotations.append(self._annotation(rle.encode(rest), labels[value]))
        return annotations

    def _annotation(self, runs: RLE, label: str) -> Annotation:
        return Annotation(Instance(runs, label), str(self.by_class))

    def _stated(self, problems: list[Problem]) -> list[voc_boxes.VocObject]:
        if self.boxes is None:
            return []
        try:
            return voc_boxes.read(self.source.text(self.boxes))
        except DatasetError as error:
            problems.append(Problem(self.boxes, str(error), self.sample))
            return []


def _areas(objects: IndexedImage, classes: IndexedImage) -> dict[int, dict[int, int]]:
    """Count the pixels of each class in each object."""
    pairs = objects.values.reshape(-1).astype(np.int64) << _COLOR_BITS | classes.values.reshape(-1)
    starts = np.concatenate(([0], np.flatnonzero(pairs[1:] != pairs[:-1]) + 1))
    found, which = np.unique(pairs[starts], return_inverse=True)
    counts = np.bincount(which, np.diff(starts, append=pairs.size))
    areas: dict[int, dict[int, int]] = defaultdict(dict)
    for pair, count in zip(found.tolist(), counts.tolist(), strict=True):
        areas[pair >> _COLOR_BITS][pair & (1 << _COLOR_BITS) - 1] = int(count)
    return areas


def _majority_label(areas: Mapping[int, int], labels: Mapping[int, str]) -> str | None:
    """Return the label of the class with the most pixels, None if no class has any."""
    value = max((value for value in areas if value in labels), key=areas.__getitem__, default=None)
    return None if value is None else labels[value]
