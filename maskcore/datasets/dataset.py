"""What a data set is once it is read: samples, each an image and its named masks.

Nothing is decoded ahead: a sample reads its image and its annotations when it is asked for them,
and forgets them again, so that a set may be far larger than the memory.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import IO, Protocol

from maskcore import image_io
from maskcore.errors import DatasetError, ImageError
from maskcore.files.sanitize import plain, shown
from maskcore.image_io import probe as image_probe
from maskcore.image_io.probe import Probe
from maskcore.types import Image, Instance

MAX_SAMPLES = 500_000
"""The most samples that tables and documents may tell of; they take up to a GB then."""


@dataclass(frozen=True, slots=True)
class Problem:
    """Something in the files that could not be used; everything else was read.

    Attributes:
        where: File and place in it: "train.csv, row 17", "annotation 8 in instances.json".
        reason: What is wrong, one sentence.
        sample: Name of the sample it belongs to; "" if it belongs to none.
        is_left_out: Whether what it speaks of was not read; else it was, as the reason says.
        is_of_files: Whether it is about files as such, and not about what is in them.
    """

    where: str
    reason: str
    sample: str = ""
    is_left_out: bool = True
    is_of_files: bool = False

    def __post_init__(self) -> None:
        # Many quote what stands in the file.
        object.__setattr__(self, "reason", plain(self.reason))


@dataclass(frozen=True, slots=True)
class Annotation:
    """A named mask as a file states it.

    Attributes:
        instance: The mask and its label.
        where: File and place in it, as in `Problem`.
        box: x1, y1, x2, y2 in pixels with an exclusive maximum, where the file states one besides
            the mask; need not be whole, nor agree with the mask.
    """

    instance: Instance
    where: str = ""
    box: tuple[float, float, float, float] | None = None


@dataclass(frozen=True, slots=True)
class Contents:
    """What the files say of one sample.

    Attributes:
        annotations: The masks, in the order of the file, empty ones included.
        problems: What could not be read.
        size_hw: (height, width) of the image as the annotations state it; None if they do not.
    """

    annotations: Sequence[Annotation] = ()
    problems: Sequence[Problem] = ()
    size_hw: tuple[int, int] | None = None


class PictureFile(Protocol):
    """Where the image of a sample is."""

    @property
    def path(self) -> str:
        """Its place in the data set, "/" between folders; "" if it lies inside another file."""

    def n_bytes(self) -> int:
        """Size of the file."""

    def read(self) -> bytes:
        """Return the file; raise DatasetError if it cannot be read."""

    def open(self) -> AbstractContextManager[IO[bytes]]:
        """Open the file; raise DatasetError if it cannot be opened."""


@dataclass(frozen=True)
class Sample:
    """An image and its named masks.

    Attributes:
        name: Unique in the data set; the image's path in it, or what the annotations call it.
        picture: Where the image is; None if there is only an annotation of it.
        load: Reads what the files say of it.
    """

    name: str
    picture: PictureFile | None
    load: Callable[[], Contents] = field(repr=False)

    def read(self) -> Contents:
        """Read the annotations; never raises for what is in the files, see `Contents.problems`."""
        return self.load()

    @property
    def instances(self) -> list[Instance]:
        """The masks, read anew each time."""
        return [annotation.instance for annotation in self.read().annotations]

    @property
    def title(self) -> str:
        """The name as sentences show it."""
        return shown(self.name)

    @cached_property
    def probe(self) -> Probe | None:
        """What the header of the image says; None if there is no image or it is not readable."""
        if self.picture is None:
            return None
        try:
            with self.picture.open() as file:
                found = image_probe.probe(file, self.title)
        except Exception:  # a damaged archive raises anything
            return None
        return found if min(found.size_hw) > 0 else None

    @property
    def size_hw(self) -> tuple[int, int] | None:
        """(height, width) of the upright image, else as the annotations state it, else None."""
        if self.probe is not None:
            return self.probe.size_hw
        contents = self.read()
        first = [annotation.instance.mask.size_hw for annotation in contents.annotations[:1]]
        return contents.size_hw or (first[0] if first else None)

    def image(self) -> Image:
        """Decode the image: (H, W, 3) RGB, upright.

        Raises:
            DatasetError: If there is none.
            ImageError: If it cannot be read.
        """
        if self.picture is None:
            raise DatasetError(f"There is no image for {self.title}.")
        try:
            return image_io.read_image(self.picture.read())
        except ImageError as error:
            raise ImageError(str(error).replace("The file", self.title, 1)) from error

    def with_instances(self, instances: Iterable[Instance]) -> Sample:
        """Return the sample with other masks, whatever its files say."""
        now = Contents([Annotation(instance) for instance in instances], (), None)
        return replace(self, load=lambda: now)


def check_count(n_samples: int) -> None:
    """Refuse a data set that is too large for the memory, before it takes it.

    Raises:
        DatasetError: If there are more samples than `MAX_SAMPLES`.
    """
    if n_samples > MAX_SAMPLES:
        raise DatasetError(f"There are more than {MAX_SAMPLES:,} samples; split the data set.")


@dataclass(frozen=True)
class Dataset:
    """Samples that belong together.

    Attributes:
        format: The key of `datasets.FORMATS` it was read as.
        samples: In the order of the files.
        stated_labels: Its classes as the files list them, in their order; () if they do not.
        problems: What belongs to no sample and could not be used; a sample's own problems are
            found when it is read.
    """

    format: str
    samples: Sequence[Sample]
    stated_labels: tuple[str, ...] = ()
    problems: Sequence[Problem] = ()

    @cached_property
    def labels(self) -> tuple[str, ...]:
        """The classes that the files list; where they list none, those of all masks.

        In that case all annotations are read once to find them.
        """
        if self.stated_labels:
            return self.stated_labels
        every = (instance for sample in self.samples for instance in sample.instances)
        return tuple(dict.fromkeys(instance.label for instance in every))

    def with_instances(self, masks: Mapping[str, Sequence[Instance]]) -> Dataset:
        """Return the data set with other masks for some samples.

        Args:
            masks: Name of a sample -> what it holds now; names that are not in the set are
                left aside.
        """
        samples = [
            sample.with_instances(masks[sample.name]) if sample.name in masks else sample
            for sample in self.samples
        ]
        new = dict.fromkeys(instance.label for held in masks.values() for instance in held)
        labels = tuple(dict.fromkeys((*self.stated_labels, *new))) if self.stated_labels else ()
        return replace(self, samples=samples, stated_labels=labels)
