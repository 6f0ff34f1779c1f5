"""labelme: a JSON file for each image, the image beside it or inside.

Source: https://github.com/wkentaro/labelme, labelme/_label_file.py and labelme/_utils/_shape.py.
The size of a mask is the stated size of the image. Where labelme itself paints the outline of a
polygon as well, here a pixel is inside if its center is, so that what is written is read alike.
"""

from __future__ import annotations

import base64
import json
import math
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

from maskcore import image_io, rle
from maskcore.datasets import drawn_shapes
from maskcore.datasets.dataset import Annotation, Contents, Dataset, PictureFile, Problem, Sample
from maskcore.datasets.files import base, stem, unique_name
from maskcore.datasets.pictures import EmbeddedPicture, from_base64, pixels_from_base64
from maskcore.datasets.sizes import header_size, stated_size
from maskcore.datasets.source import FileSource, sniff, unannotated
from maskcore.datasets.writer import Item, Keeps, Member
from maskcore.errors import DatasetError, MaskcoreError
from maskcore.files.sanitize import shown
from maskcore.files.values import label_of
from maskcore.masks import polygons as mask_polygons
from maskcore.rle import RLE
from maskcore.types import Instance

TITLE = "labelme"
KEEPS = Keeps()

_VERSION = "5.5.0"  # the first with masks was 5.3.0
_POLYGONS = ("polygon", "oriented_rectangle", "rotation")
_NO_AREA = ("line", "linestrip", "linestring", "point", "points")
_SHAPES = re.compile(rb'"shapes"\s*:\s*\[')
_IMAGE_FIRST = re.compile(rb'"imageData"\s*:\s*"')
_OTHER_KEYS = (b'"imagePath"', b'"imageData"', b'"imageHeight"', b'"shape_type"', b'"points"')


def find(source: FileSource) -> list[str]:
    """Return the names of the JSON files that labelme wrote."""
    return sniff(source, source.with_suffix(".json"), _is_labelme)


def read(source: FileSource, names: Sequence[str]) -> Dataset:
    """Read a labelme data set.

    The image of a JSON file is the one that has its name but for the ending, beside it or, if
    there is only one, elsewhere. Only where there is none is the JSON file read ahead, for the
    image that it names or holds.

    Args:
        source: The files.
        names: As `find` returns them.
    """
    images = _ImagesByName(source)
    taken: set[str] = set()
    samples = []
    for name in names:
        picture, called = images.of(name), name
        if picture is None:
            picture, called = _stated_picture(source, name)
        path = picture.path if picture is not None else ""
        sample = path or called
        sample = unique_name(name if sample in taken else sample, taken)
        samples.append(Sample(sample, picture, partial(_load, source, name, sample, picture)))
    return Dataset("labelme", [*samples, *unannotated(source, source.image_names, samples)])


def _is_labelme(head: bytes) -> bool:
    if not head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{"):
        return False
    shapes = _SHAPES.search(head) and any(key in head for key in _OTHER_KEYS)
    return bool(shapes or _IMAGE_FIRST.search(head))


class _ImagesByName:
    """Finds the image that has the name of a JSON file."""

    def __init__(self, source: FileSource) -> None:
        self._source = source
        self._by_path: defaultdict[str, list[str]] = defaultdict(list)
        self._by_stem: defaultdict[str, list[str]] = defaultdict(list)
        for name in source.image_names:
            self._by_path[_without_ending(name)].append(name)
            self._by_stem[stem(name).casefold()].append(name)

    def of(self, name: str) -> PictureFile | None:
        found = self._by_path.get(_without_ending(name)) or self._by_stem.get(stem(name).casefold())
        return self._source.pictures.stored(found[0]) if found and len(found) == 1 else None


def _without_ending(name: str) -> str:
    return name.rpartition(".")[0].casefold()


def _stated_picture(source: FileSource, name: str) -> tuple[PictureFile | None, str]:
    """Return the image that a JSON file names or holds, and what it calls it."""
    try:
        document = source.json(name)
    except DatasetError:
        return None, name
    if not isinstance(document, dict):
        return None, name
    called = document.get("imagePath")
    called = called.replace("\\", "/") if isinstance(called, str) else ""
    stored = source.pictures.find(called, beside=name) if called else None
    if stored is None and isinstance(document.get("imageData"), str):
        return EmbeddedPicture(partial(_embedded, source, name)), base(called) or name
    return stored, base(called) or name


def _embedded(source: FileSource, name: str) -> bytes:
    return from_base64(source.json(name).get("imageData"))


def _load(source: FileSource, name: str, sample: str, picture: PictureFile | None) -> Contents:
    try:
        document = source.json(name)
    except DatasetError as error:
        return Contents((), [Problem(name, str(error), sample)])
    shapes = document.get("shapes") if isinstance(document, dict) else None
    if not isinstance(shapes, list):
        return Contents((), [Problem(name, "It has no list of shapes.", sample)])
    problems = []
    size_hw = None
    try:
        size_hw = stated_size(document.get("imageHeight"), document.get("imageWidth"))
    except DatasetError as error:
        problems.append(Problem(name, str(error), sample))
    mask_hw = size_hw or header_size(picture)
    if mask_hw is None:
        if shapes:
            reason = "It states no size, and there is no image to take it from."
            problems.append(Problem(name, reason, sample))
        return Contents((), problems)
    # Shapes with the label and the group of an earlier one belong to it.
    found: dict[object, list[Annotation]] = defaultdict(list)
    for number, shape in enumerate(shapes, start=1):
        where = f"shape {number} in {name}"
        try:
            mask = _mask(shape, mask_hw)
        except MaskcoreError as error:
            problems.append(Problem(where, str(error), sample))
            continue
        label, group = label_of(shape.get("label")), shape.get("group_id")
        key = (label, group) if isinstance(group, int | str) else number
        found[key].append(Annotation(Instance(mask, label), where))
    return Contents([_merged(group) for group in found.values()], problems, size_hw)


def _merged(parts: Sequence[Annotation]) -> Annotation:
    if len(parts) == 1:
        return parts[0]
    whole = rle.union(part.instance.mask for part in parts)
    return Annotation(Instance(whole, parts[0].instance.label), parts[0].where)


def _mask(shape: Any, size_hw: tuple[int, int]) -> RLE:
    if not isinstance(shape, dict):
        raise DatasetError("It is not a shape.")
    kind = shape.get("shape_type") or "polygon"
    if kind in _NO_AREA:
        raise DatasetError(f"A {kind} has no area, so there is no mask.")
    points = drawn_shapes.points(shape.get("points"))
    if kind in _POLYGONS:
        return drawn_shapes.polygon(points, size_hw)
    if len(points) < 2:
        raise DatasetError(f"A {shown(kind, 30)} needs two points.")
    if kind == "circle":
        radius = math.dist(points[0], points[1])
        return drawn_shapes.ellipse(points[0], (radius, radius), size_hw)
    (x1, y1), (x2, y2) = points.min(axis=0), points.max(axis=0)
    if kind == "rectangle":
        return drawn_shapes.polygon(drawn_shapes.box_corners(x1, y1, x2, y2), size_hw)
    if kind == "mask":
        box_hw = round(y2) - round(y1) + 1, round(x2) - round(x1) + 1
        return _from_png(shape.get("mask"), (round(x1), round(y1)), box_hw, size_hw)
    raise DatasetError(f"Shapes of the kind “{shown(kind, 30)}” are not known.")


def _from_png(
    text: Any, xy: tuple[int, int], box_hw: tuple[int, int], size_hw: tuple[int, int]
) -> RLE:
    """Read a mask that is a PNG of the size of its box."""
    pixels = pixels_from_base64(text)
    inside = (pixels.brightness if pixels.stored_as == "color" else pixels.values) != 0
    # Corners that lie between pixels are rounded each on its own.
    if max(abs(got - box) for got, box in zip(inside.shape, box_hw, strict=True)) > 1:
        shown = f"{inside.shape[1]} × {inside.shape[0]}"
        raise DatasetError(f"Its picture of {shown} pixels does not fit into its box.")
    return drawn_shapes.place_crop(inside, xy, size_hw)


class LabelmeWriter:
    """Writes a JSON file for each image, beside it, as labelme saves them.

    A mask that is one part without a hole becomes a polygon along the edges of its pixels, any
    other a shape of the kind "mask", for which labelme 5.3 or newer is needed.

    Args:
        labels: Not needed: labelme lists no classes.

    Attributes:
        image_folder: "": images lie beside the JSON files.
    """

    def __init__(self, labels: Sequence[str]) -> None:  # noqa: ARG002 - as every format's writer
        self.image_folder = ""

    def sample(self, item: Item) -> Iterator[Member]:
        """Yield the JSON file of a sample."""
        height, width = item.size_hw
        document: dict[str, Any] = {
            "version": _VERSION,
            "flags": {},
            "shapes": [_shape(instance) for instance in item.instances],
            "imagePath": base(item.image_name),
            "imageData": item.image and base64.b64encode(item.image).decode("ascii"),
            "imageHeight": height,
            "imageWidth": width,
        }
        yield f"{item.stem}.json", json.dumps(document).encode("ascii")

    def end(self) -> Iterator[Member]:
        """Yield nothing."""
        yield from ()


def _shape(instance: Instance) -> dict[str, Any]:
    x1, y1, x2, y2 = box = rle.box(instance.mask)
    crop = rle.decode(instance.mask, box=box)
    polygons = mask_polygons.mask_to_polygons(crop)
    if len(polygons) == 1 and len(polygons[0]) == 1:
        kind, points, png = "polygon", (polygons[0][0] + (x1, y1)).tolist(), None
    else:
        kind, points = "mask", [[x1, y1], [x2 - 1, y2 - 1]]
        png = base64.b64encode(image_io.encode_png(crop)).decode("ascii")
    return {
        "label": instance.label,
        "points": points,
        "group_id": None,
        "description": "",
        "shape_type": kind,
        "flags": {},
        "mask": png,
    }
