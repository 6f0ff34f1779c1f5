"""CVAT for images 1.1: one XML file, masks as run lengths within their boxes.

Sources: https://docs.cvat.ai/docs/dataset_management/formats/format-cvat/ and
https://docs.cvat.ai/docs/dataset_management/formats/xml_format/ (what the elements mean);
cvat-ai/cvat, cvat/apps/dataset_manager/formats/cvat.py (what CVAT imports). Shapes of one group
are objects of their own there, and so they are here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import partial

from maskcore.datasets import drawn_shapes
from maskcore.datasets.dataset import Annotation, Contents, Dataset, PictureFile, Problem, Sample
from maskcore.datasets.files import unique_name
from maskcore.datasets.formats import xml_text
from maskcore.datasets.formats.cvat import document
from maskcore.datasets.formats.cvat.document import ImageElement
from maskcore.datasets.sizes import header_size, stated_size
from maskcore.datasets.source import FileSource, read_each, sniff, unannotated
from maskcore.datasets.writer import Item, Keeps, Member
from maskcore.errors import DatasetError, MaskcoreError
from maskcore.files.values import label_of, number_of
from maskcore.rle import RLE
from maskcore.rle_text import brush as rle_brush
from maskcore.types import Instance

TITLE = "CVAT for images"
KEEPS = Keeps()

# Without a way back: a line of comments would be matched in endless ways.
_ROOT = re.compile(
    rb"\s*+(?:<\?xml[^>]*+>\s*+)?+(?:<!--(?:[^-]|-(?!->))*+-->\s*+)*+<annotations[\s>]"
)


def find(source: FileSource) -> list[str]:
    """Return the names of CVAT's XML files."""
    return sniff(source, source.with_suffix(".xml"), _is_cvat)


def read(source: FileSource, names: Sequence[str]) -> Dataset:
    """Read a CVAT data set.

    The files are gone through once; the shapes of an image are read when they are asked for, from
    the bytes, which are kept.

    Args:
        source: The files.
        names: As `find` returns them.

    Raises:
        DatasetError: If no file can be read.
    """
    samples: list[Sample] = []
    problems: list[Problem] = []
    labels: dict[str, None] = {}
    taken: set[str] = set()

    def outlined(name: str) -> document.Outline:
        return document.read(source.files.read(name), name)

    for name, outline in read_each(names, outlined, problems, "XML"):
        problems += outline.problems
        labels |= outline.labels
        for image in outline.images:
            picture = source.pictures.find(image.path, beside=name)
            path = picture.path if picture is not None else ""
            sample = unique_name(path or image.called, taken)
            samples.append(Sample(sample, picture, partial(_load, image, name, sample, picture)))
    samples += unannotated(source, source.image_names, samples)
    return Dataset("cvat", samples, tuple(labels), problems)


def _is_cvat(head: bytes) -> bool:
    plain = head.replace(b"\0", b"").lstrip(b"\xef\xbb\xbf\xff\xfe")  # UTF-16 as well
    known = any(tag in plain for tag in (b"<image ", b"<meta>", b"<version>"))
    return known and _ROOT.match(plain) is not None


def _load(image: ImageElement, name: str, sample: str, picture: PictureFile | None) -> Contents:
    annotations, problems = [], []
    where = f"{image.called} in {name}"
    size_hw = None
    try:
        size_hw = stated_size(image.attributes.get("height"), image.attributes.get("width"))
    except DatasetError as error:
        problems.append(Problem(where, str(error), sample))
    mask_hw = size_hw or header_size(picture)
    for number, (kind, attributes) in enumerate(document.shapes(image), start=1):
        here = f"{kind} {number} of {where}"
        try:
            mask = _mask(kind, attributes, mask_hw)
        except MaskcoreError as error:
            problems.append(Problem(here, str(error), sample))
            continue
        instance = Instance(mask, label_of(attributes.get("label")))
        annotations.append(Annotation(instance, here))
    return Contents(annotations, problems, size_hw)


def _mask(kind: str, attributes: dict[str, str], size_hw: tuple[int, int] | None) -> RLE:
    if kind in document.NO_AREA:
        raise DatasetError(f"A shape of the kind {kind} has no area, so there is no mask.")
    if size_hw is None:
        raise DatasetError("The size of the image is not stated, and there is no image.")
    if kind == "mask":
        return rle_brush.cvat_mask(attributes, size_hw)
    if kind == "polygon":
        pairs = [
            pair.split(",") for pair in attributes.get("points", "").split(";") if pair.strip()
        ]
        return drawn_shapes.polygon(pairs, size_hw)
    degrees = _number(attributes, "rotation", "0")
    if kind == "ellipse":
        cx, cy, rx, ry = (_number(attributes, name) for name in ("cx", "cy", "rx", "ry"))
        return drawn_shapes.ellipse((cx, cy), (rx, ry), size_hw, degrees=degrees)
    x1, y1, x2, y2 = (_number(attributes, name) for name in ("xtl", "ytl", "xbr", "ybr"))
    corners = drawn_shapes.box_corners(x1, y1, x2, y2)
    if degrees:
        corners = drawn_shapes.rotate(corners, degrees, ((x1 + x2) / 2, (y1 + y2) / 2))
    return drawn_shapes.polygon(corners, size_hw)


def _number(attributes: dict[str, str], name: str, otherwise: str = "") -> float:
    found = number_of(attributes.get(name, otherwise))
    if found is None:
        raise DatasetError(f"Its {name} is missing or no number.")
    return found


class CvatWriter:
    """Writes annotations.xml as CVAT exports it, every instance as a mask element.

    To bring it into CVAT, make a task of the images with these labels and upload the file there
    as "CVAT 1.1".

    Args:
        labels: Those that are known beforehand.

    Attributes:
        image_folder: "images", as CVAT has it.
    """

    def __init__(self, labels: Sequence[str]) -> None:
        self.image_folder = "images"
        self._labels = dict.fromkeys(labels)
        self._images: list[str] = []

    def sample(self, item: Item) -> Iterator[Member]:
        """Note a sample; yield nothing."""
        height, width = item.size_hw
        self._labels |= dict.fromkeys(instance.label for instance in item.instances)
        name = xml_text.attribute(item.image_name)
        about = f'id="{len(self._images)}" name={name} width="{width}" height="{height}"'
        shapes = "".join(f"    {_mask_element(instance)}\n" for instance in item.instances)
        self._images.append(f"  <image {about}>\n{shapes}  </image>\n")
        yield from ()

    def end(self) -> Iterator[Member]:
        """Yield annotations.xml."""
        labels = [
            f"        <label><name>{name}</name><attributes></attributes></label>\n"
            for name in map(xml_text.content, self._labels)
        ]
        parts = (
            '<?xml version="1.0" encoding="utf-8"?>\n<annotations>\n  <version>1.1</version>\n',
            f"  <meta>\n    <task>\n      <size>{len(self._images)}</size>\n",
            "      <mode>annotation</mode>\n      <labels>\n",
            *labels,
            "      </labels>\n    </task>\n  </meta>\n",
            *self._images,
            "</annotations>\n",
        )
        yield "annotations.xml", "".join(parts).encode()


def _mask_element(instance: Instance) -> str:
    shape = rle_brush.Cvat().format(instance.mask).removeprefix("<mask ")
    label = xml_text.attribute(instance.label)
    return f'<mask label={label} source="manual" occluded="0" z_order="0" {shape}'
