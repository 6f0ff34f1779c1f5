"""The table of formats: what each is called, what it can hold, who reads and writes it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from maskcore.datasets.dataset import Dataset
from maskcore.datasets.formats import (
    coco,
    cvat,
    kaggle,
    label_studio,
    labelme,
    npz,
    open_images,
    png,
    voc,
    yolo,
)
from maskcore.datasets.source import FileSource, unannotated
from maskcore.datasets.writer import DatasetWriter, Keeps
from maskcore.errors import DatasetError
from maskcore.files.sanitize import shown


@dataclass(frozen=True)
class Format:
    """One way to store a data set.

    Attributes:
        name: The key in `FORMATS`.
        title: The name for people.
        what: Its files in a few words.
        keeps: What it can hold.
        find: Returns the names of its annotation files among the files of a source, () if the
            source is of another format; None if the format is only written.
        read: Reads those files; None if the format is only written.
        writer: Makes a writer for a list of classes; None if the format is only read.
        can_embed: Whether images may lie inside the annotation files.
    """

    name: str
    title: str
    what: str
    keeps: Keeps
    find: Callable[[FileSource], Sequence[str]] | None = None
    read: Callable[[FileSource, Sequence[str]], Dataset] | None = None
    writer: Callable[[Sequence[str]], DatasetWriter] | None = None
    can_embed: bool = False

    @property
    def can_read(self) -> bool:
        """Whether data sets of the format are read."""
        return self.read is not None

    @property
    def can_write(self) -> bool:
        """Whether data sets are written in the format."""
        return self.writer is not None


def _find_images(source: FileSource) -> Sequence[str]:
    return source.image_names


def _read_images(source: FileSource, names: Sequence[str]) -> Dataset:
    """Return a data set in which no image has a mask."""
    return Dataset("images", unannotated(source, names, ()))


_ALL = (
    Format(
        "coco",
        coco.TITLE,
        "one JSON file with polygons and run-length codes",
        coco.KEEPS,
        coco.find,
        coco.read,
        coco.CocoWriter,
    ),
    Format(
        "label-studio",
        label_studio.TITLE,
        "one JSON file of tasks, masks as brush strokes",
        label_studio.KEEPS,
        label_studio.find,
        label_studio.read,
        label_studio.LabelStudioWriter,
    ),
    Format(
        "cvat",
        cvat.TITLE,
        "one XML file",
        cvat.KEEPS,
        cvat.find,
        cvat.read,
        cvat.CvatWriter,
    ),
    Format(
        "kaggle-rle",
        kaggle.TITLE,
        "one CSV file, a run-length code in each row",
        kaggle.KEEPS,
        kaggle.find,
        kaggle.read,
        kaggle.KaggleWriter,
    ),
    Format(
        "open-images",
        open_images.TITLE,
        "a CSV file and a PNG for each mask",
        open_images.KEEPS,
        open_images.find,
        open_images.read,
        open_images.OpenImagesWriter,
    ),
    Format(
        "npz",
        npz.TITLE,
        "NumPy arrays",
        npz.KEEPS,
        npz.find,
        npz.read,
        npz.NpzWriter,
    ),
    Format(
        "voc",
        voc.TITLE,
        "PNG files whose colors are classes and objects",
        voc.KEEPS,
        voc.find,
        voc.read,
        voc.VocWriter,
    ),
    Format(
        "yolo",
        yolo.TITLE,
        "a text file of polygons for each image",
        yolo.KEEPS,
        yolo.find,
        yolo.read,
        yolo.YoloWriter,
    ),
    Format(
        "labelme",
        labelme.TITLE,
        "a JSON file for each image",
        labelme.KEEPS,
        labelme.find,
        labelme.read,
        labelme.LabelmeWriter,
        can_embed=True,
    ),
    Format(
        "png",
        png.TITLE,
        "a black-and-white PNG for each mask",
        png.KEEPS,
        png.find,
        png.read,
        png.PngWriter,
    ),
    Format(
        "png-label-map",
        png.LABEL_MAP_TITLE,
        "a PNG of class numbers for each image",
        png.LABEL_MAP_KEEPS,
        writer=png.LabelMapWriter,
    ),
    Format(
        "png-binary",
        png.BINARY_TITLE,
        "one black-and-white PNG for each image",
        png.BINARY_KEEPS,
        writer=png.BinaryWriter,
    ),
    Format(
        "images",
        "Images alone",
        "images without masks",
        Keeps(),
        _find_images,
        _read_images,
    ),
)

FORMATS: Mapping[str, Format] = MappingProxyType({known.name: known for known in _ALL})
"""Every format by its name, in the order in which files are tried."""


def get(name: str) -> Format:
    """Return a format by its name.

    Raises:
        DatasetError: If there is none of that name.
    """
    if name not in FORMATS:
        raise DatasetError(f"There is no format “{shown(name)}”, only {', '.join(FORMATS)}.")
    return FORMATS[name]
