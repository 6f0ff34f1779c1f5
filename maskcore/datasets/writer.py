"""What every format's writer gets and gives: one sample at a time, then the files about all."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from maskcore.types import Instance

Member = tuple[str, bytes]
"""Name of a file, with "/" between folders, and its content."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Keeps:
    """What a format can hold; the rest is lost in a conversion, and is counted.

    Attributes:
        holes: Masks with holes; else the holes are filled.
        parts: Masks of several parts; else each part becomes a mask of its own.
        overlaps: Pixels in several masks; else the later mask has them.
        instances: Several masks of one label; else they become one.
        labels: What masks are called.
        scores: How sure a detector was.
        crowds: Which masks are groups.
        empty: Masks with nothing inside; else they are left out.
        sizes: The size of an image; else it must be read from the image.
        most_instances: How many masks of an image it tells apart; those beyond become one of
            each label. None if there is no such limit.
    """

    holes: bool = True
    parts: bool = True
    overlaps: bool = True
    instances: bool = True
    labels: bool = True
    scores: bool = False
    crowds: bool = False
    empty: bool = False
    sizes: bool = True
    most_instances: int | None = None


@dataclass(frozen=True, slots=True)
class Item:
    """A sample as it is to be written.

    Attributes:
        stem: Folders and name without ending, unique in the data set whatever the case, safe on
            every system: "train/0001".
        suffix: Ending of the image file, with its dot: ".jpg".
        size_hw: (height, width) of the upright image.
        instances: Its masks as the format's `Keeps` allows them: of formats that hold no holes,
            none has one, and so on; in that order. Their size is `size_hw`.
        has_image: Whether the image is written beside.
        image: The image file, for formats that put it inside their own; None for the others, and
            where there is none.
    """

    stem: str
    suffix: str
    size_hw: tuple[int, int]
    instances: Sequence[Instance]
    has_image: bool = True
    image: bytes | None = None

    @property
    def image_name(self) -> str:
        """The image's file name, below the folder of images."""
        return self.stem + self.suffix


class ClassIds:
    """Numbers for labels, in the order in which they come.

    Args:
        labels: Those that are known beforehand.
        first: The number of the first.
    """

    def __init__(self, labels: Iterable[str] = (), *, first: int = 1) -> None:
        self._first = first
        self._ids = {label: first + i for i, label in enumerate(dict.fromkeys(labels))}

    def of(self, label: str) -> int:
        """Return the number of a label; a new label gets the next one."""
        return self._ids.setdefault(label, self._first + len(self._ids))

    def items(self) -> list[tuple[int, str]]:
        """Return all numbers with their labels, ascending."""
        return [(number, label) for label, number in self._ids.items()]


class DatasetWriter(Protocol):
    """Writes one data set; every format has a class like this, made with its labels.

    Attributes:
        image_folder: Where image files belong; "" is beside the annotations.
    """

    image_folder: str

    def sample(self, item: Item) -> Iterator[Member]:
        """Yield the annotation files of a sample, perhaps none."""

    def end(self) -> Iterator[Member]:
        """Yield the files about all samples, after the last one."""
