"""Pascal VOC segmentation: PNG files whose palette indices are classes and objects.

SegmentationClass/ holds the class of each pixel, SegmentationObject/ the number of the object;
0 is the background, 255 a border that belongs to nothing. ImageSets/Segmentation/ lists the images
in JPEGImages/ (http://host.robots.ox.ac.uk/pascal/VOC/voc2012/htmldoc/devkit_doc.html).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

import numpy as np

from maskcore import masks
from maskcore.datasets import paired_folders
from maskcore.datasets.dataset import Dataset, Problem, Sample
from maskcore.datasets.files import base, suffix
from maskcore.datasets.formats.voc import classes as voc_classes, palette
from maskcore.datasets.formats.voc.classes import Classes
from maskcore.datasets.formats.voc.reader import VocLoader
from maskcore.datasets.paired_folders import is_in, without_ending
from maskcore.datasets.source import FileSource, unannotated
from maskcore.datasets.writer import ClassIds, Item, Keeps, Member
from maskcore.errors import DatasetError
from maskcore.files.sanitize import shown

TITLE = "Pascal VOC segmentation"
KEEPS = Keeps(overlaps=False, most_instances=palette.MAX_NUMBER)

_PNG = b"\x89PNG\r\n\x1a\n"
_N_SNIFFED = 10
_IMAGES = "JPEGImages"
_LISTS = "ImageSets/Segmentation"
# Those of the challenge come first; labelme and other tools add the others.
_CLASSES = ("SegmentationClass", "SegmentationClassPNG", "SegmentationClassAug")
_OBJECTS = ("SegmentationObject", "SegmentationObjectPNG")
_SHOWN = 3


def find(source: FileSource) -> list[str]:
    """Return the PNG files of classes and objects and what else is known of the images."""
    pngs = [name for name in source.with_suffix(".png") if _folder(name, (*_CLASSES, *_OBJECTS))]
    if not any(source.head(name, len(_PNG)) == _PNG for name in pngs[:_N_SNIFFED]):
        return []
    boxes = [name for name in source.with_suffix(".xml") if is_in(name, "Annotations")]
    texts = source.with_suffix(".txt")
    return [
        *pngs,
        *boxes,
        *(name for name in texts if _is_list(name) or voc_classes.is_names_file(name)),
    ]


def read(source: FileSource, names: Sequence[str]) -> Dataset:
    """Read a data set; arguments as `find` returns them."""
    classes, problems = _classes(source, names)
    files = _files(names)
    by_key = {key: key for key, them in files.items() if {"class", "object"} & them.keys()}
    images = {
        image: without_ending(image) for image in source.image_names if not _is_segmentation(image)
    }
    samples = []
    for key, picture in paired_folders.pair(source, by_key, images):
        them = files[key]
        name = picture.path if picture else them.get("class") or them["object"]
        load = VocLoader(
            source, name, classes, them.get("class"), them.get("object"), them.get("xml")
        )
        samples.append(Sample(name, picture, load))
    samples += unannotated(source, images, samples)
    known = {base(path) for path in (*by_key, *images.values())}
    for name in filter(_is_list, names):
        problems += _missing(source, name, known)
    return Dataset("voc", samples, classes.stated, problems)


class VocWriter:
    """Writes PNG files with Pascal VOC's palette, labelmap.txt as CVAT does, and lists of images.

    The files number at most 254 objects of an image. The others stand only in the file of
    classes, from where they come back as one mask per class.

    Args:
        labels: Classes that are known beforehand.

    Raises:
        DatasetError: If there are more than 254 classes.
    """

    image_folder = _IMAGES

    def __init__(self, labels: Sequence[str]) -> None:
        self._ids = ClassIds(labels)
        self._lists: dict[str, list[str]] = defaultdict(list)
        _check_number(len(self._ids.items()))

    def sample(self, item: Item) -> Iterator[Member]:
        """Yield the files of classes and of objects; later masks win where they overlap."""
        ids = [self._ids.of(instance.label) for instance in item.instances]
        _check_number(max(ids, default=0))
        self._lists[paired_folders.split(item.stem)[0]].append(item.stem)
        runs = [instance.mask for instance in item.instances]
        numbered = runs[: palette.MAX_NUMBER]
        nothing = np.zeros(item.size_hw, np.uint8)
        by_class = masks.label_map(runs, ids=ids) if runs else nothing
        by_object = masks.label_map(numbered) if runs else nothing
        yield f"{_CLASSES[0]}/{item.stem}.png", palette.write(by_class)
        yield f"{_OBJECTS[0]}/{item.stem}.png", palette.write(by_object)

    def end(self) -> Iterator[Member]:
        """Yield labelmap.txt and the lists, of which trainval.txt holds all but the test images."""
        yield "labelmap.txt", voc_classes.write(self._ids.items()).encode()
        lists = {split: names for split, names in self._lists.items() if split}
        lists["trainval"] = [
            name for split, names in self._lists.items() if split != "test" for name in names
        ]
        for split, names in sorted(lists.items()):
            yield f"{_LISTS}/{split}.txt", "".join(f"{name}\n" for name in names).encode()


def _check_number(n_classes: int) -> None:
    if n_classes > palette.MAX_NUMBER:
        raise DatasetError(
            f"Pascal VOC can hold {palette.MAX_NUMBER} classes, and there are more; "
            "choose another format."
        )


def _folder(name: str, folders: Sequence[str]) -> str | None:
    """Return which of the folders a file is in, None if in none."""
    return next((folder for folder in folders if is_in(name, folder)), None)


def _is_segmentation(name: str) -> bool:
    """Whether a picture shows masks; some tools add colored copies in more folders."""
    return any(folder.casefold().startswith("segmentation") for folder in name.split("/")[:-1])


def _is_list(name: str) -> bool:
    return suffix(name) == ".txt" and f"/{_LISTS}/".casefold() in f"/{name}".casefold()


def _classes(source: FileSource, names: Sequence[str]) -> tuple[Classes, list[Problem]]:
    listed = [name for name in names if voc_classes.is_names_file(name)]
    if not listed:
        return voc_classes.voc(), []
    try:
        return voc_classes.read(source.text(listed[0])), []
    except DatasetError:
        reason = "The file is no text that can be read; classes are named as in the challenge."
        return voc_classes.voc(), [Problem(listed[0], reason)]


def _files(names: Sequence[str]) -> dict[str, dict[str, str]]:
    """Return what there is for each image: its path in JPEGImages -> "class", "object", "xml"."""
    files: dict[str, dict[str, str]] = defaultdict(dict)
    for kind, folders, ending in (
        ("class", _CLASSES, ".png"),
        ("object", _OBJECTS, ".png"),
        ("xml", ("Annotations",), ".xml"),
    ):
        for folder in folders:
            for name in names:
                if suffix(name) == ending and is_in(name, folder):
                    key = without_ending(paired_folders.swap(name, folder, _IMAGES))
                    files[key].setdefault(kind, name)
    return files


def _missing(source: FileSource, name: str, known: set[str]) -> list[Problem]:
    """Say which images of a list are not there."""
    try:
        lines = source.text(name).splitlines()
    except DatasetError:
        return [Problem(name, "The file is no text that can be read.")]
    listed = dict.fromkeys(line.strip().strip('"') for line in lines if line.strip())
    gone = [image for image in listed if base(image) not in known]
    some = ", ".join(map(shown, gone[:_SHOWN])) + (", …" if len(gone) > _SHOWN else "")
    reason = f"Neither image nor mask is there of {len(gone):,} of its names: {some}."
    return [Problem(name, reason)] if gone else []
