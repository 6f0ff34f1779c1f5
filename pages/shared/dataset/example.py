"""A small data set to try things on: generated scenes, with a few faults to find."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial

from maskcore import datasets, image_io
from maskcore.datasets.dataset import Annotation, Contents, Dataset, Sample
from maskcore.datasets.pictures import EmbeddedPicture
from maskcore.samples import shape_scenes
from maskcore.types import Instance

NAME = "Shapes"
CAPTION = "12 generated scenes of circles, squares and triangles, with three faults to find"

_SEEDS = (8, 9, 10, 12, 14, 16, 19, 21, 22, 30, 39)


def files() -> Iterator[tuple[str, bytes]]:
    """Return the files of the data set, by name: it is of the format COCO."""
    return datasets.members(Dataset("coco", list(_samples()), shape_scenes.LABELS), "coco")


def _samples() -> Iterator[Sample]:
    for number, seed in enumerate(_SEEDS, start=1):
        scene = shape_scenes.scene(seed)
        instances = scene.instances
        if number == 4:  # a class written another way
            instances = [replace(instances[0], label=instances[0].label.title()), *instances[1:]]
        if number == 6:  # the same object twice
            instances = [*instances, instances[1]]
        yield _sample(number, image_io.encode_png(scene.image), instances)
    forgotten = shape_scenes.scene(32)  # nobody has drawn its masks
    yield _sample(len(_SEEDS) + 1, image_io.encode_png(forgotten.image), [])


def _sample(number: int, content: bytes, instances: Sequence[Instance]) -> Sample:
    annotations = [Annotation(instance) for instance in instances]
    return Sample(
        f"scene_{number:02}.png",
        EmbeddedPicture(lambda: content),
        partial(Contents, annotations),
    )
