"""The tasks of Label Studio: which results count, what image they are of, their masks.

Sources: https://labelstud.io/guide/task_format, https://labelstud.io/guide/predictions and the
pages of the tags: places and sizes are percent of the image; a rectangle turns about its top left
corner, an ellipse about its middle; turns are clockwise.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, urlsplit

from maskcore.datasets import drawn_shapes
from maskcore.datasets.files import IMAGE_SUFFIXES, base, suffix
from maskcore.datasets.pictures import pixels_from_base64
from maskcore.errors import DatasetError
from maskcore.files.sanitize import shown
from maskcore.files.values import NO_LABEL, label_of, number_of, score_of
from maskcore.rle import RLE
from maskcore.rle_text import brush_bits

_UPLOAD_MARK = re.compile(r"^[0-9a-f]{8}-(?=.)")  # Label Studio puts it before a file's name
_KINDS = ("brush", "bitmask", "polygon", "rectangle", "ellipse")
_NO_AREA = ("keypoint", "vector")


@dataclass(frozen=True, slots=True)
class Result:
    """A shape of a task.

    Attributes:
        kind: "brush", "rectangle" and so on.
        shape: What Label Studio calls the value; the packed bits of a brush as bytes.
        labels: At least one.
        score: How sure a model was, 0 to 1.
        size: Height and width as they are stated, of whatever type.
        turn: Degrees by which the image was turned while people drew.
        number: Its place in the list, from 1.
    """

    kind: str
    shape: Mapping[str, Any]
    labels: tuple[str, ...]
    score: float | None
    size: tuple[Any, Any]
    turn: Any
    number: int

    def mask(self, size_hw: tuple[int, int] | None) -> RLE:
        """Return the mask.

        Args:
            size_hw: (height, width) of the image, if it is known.

        Raises:
            MaskcoreError: If it has none, or cannot be read.
        """
        if self.kind in _NO_AREA:
            raise DatasetError(f"A {self.kind} has no area, so there is no mask.")
        if self.turn:
            raise DatasetError(
                f"It was drawn on the image turned by {shown(self.turn, 10)} degrees; "
                "turn the image back in Label Studio and export it again."
            )
        if size_hw is None:
            raise DatasetError("The size of the image is not stated, and there is no image.")
        if self.kind == "brush":
            return _brush(self.shape, size_hw)
        if self.kind == "bitmask":
            return _bitmask(self.shape, size_hw)
        if self.kind == "polygon":
            points = drawn_shapes.points(self.shape.get("points")) * size_hw[::-1] / 100
            return drawn_shapes.polygon(points, size_hw)
        degrees = self._number("rotation", 0)
        height, width = size_hw
        x, y = self._number("x") * width / 100, self._number("y") * height / 100
        if self.kind == "ellipse":
            rx, ry = self._number("radiusX") * width / 100, self._number("radiusY") * height / 100
            return drawn_shapes.ellipse((x, y), (rx, ry), size_hw, degrees=degrees)
        x2 = x + self._number("width") * width / 100
        y2 = y + self._number("height") * height / 100
        box = drawn_shapes.box_corners(x, y, x2, y2)
        turned = drawn_shapes.rotate(box, degrees, (x, y)) if degrees else box
        return drawn_shapes.polygon(turned, size_hw)

    def _number(self, name: str, otherwise: Any = None) -> float:
        found = number_of(self.shape.get(name, otherwise))
        if found is None:
            raise DatasetError(f"Its {name} is missing or no number.")
        return found


def _brush(shape: Mapping[str, Any], size_hw: tuple[int, int]) -> RLE:
    packed = shape.get("rle")
    if not isinstance(packed, bytes):
        raise DatasetError("It is not a list of bytes (0 to 255).")
    return brush_bits.unpack(packed, size_hw)


def _bitmask(shape: Mapping[str, Any], size_hw: tuple[int, int]) -> RLE:
    pixels = pixels_from_base64(shape.get("imageDataURL"))
    if pixels.alpha is None or pixels.size_hw != size_hw:
        raise DatasetError("Its picture has another size than the image, or no transparency.")
    return drawn_shapes.place_crop(pixels.alpha != 0, (0, 0), size_hw)


def image_of(task: Mapping[str, Any]) -> str:
    """Return what a task calls its image: a path, an address or a picture in base64; or ""."""
    texts = task.get("data")
    texts = texts if isinstance(texts, dict) else {}
    every = (texts.get("image"), *texts.values())
    found = [text for text in every if isinstance(text, str) and text]
    likely = [text for text in found if suffix(names_of(text)[-1]) in IMAGE_SUFFIXES]
    return next(iter((*likely, *found)), "")


def names_of(image: str) -> list[str]:
    """Return what the file of an image may be called, the likeliest first.

    The last one is what people would call it: without the address, and without what Label Studio
    puts before the name of an upload.

    Args:
        image: As of `image_of`.
    """
    try:
        parts = urlsplit(image)
        is_local = parts.path.rstrip("/").endswith("local-files")
        query = parts.query.partition("d=")[2].partition("&")[0]
        path, is_plain = (query, True) if is_local else (parts.path, not parts.scheme)
    except ValueError:
        path, is_plain = image, True
    path = unquote(path).replace("\\", "/")
    bare = _UPLOAD_MARK.sub("", base(path), count=1)
    return [path, image, bare, path if is_plain and not path.startswith("/") else bare]


def results(task: Mapping[str, Any]) -> tuple[list[Result], int]:
    """Return the shapes of a task, and how many other versions of them there are.

    Of several annotations the one that is marked as true counts, else the first; predictions
    count only where nobody has annotated. Choices, texts and the like are no shapes.
    """
    annotations = [
        annotation
        for key in ("annotations", "completions")
        for annotation in _dicts(task.get(key))
        if not annotation.get("was_cancelled")
    ]
    predictions = [] if annotations else _dicts(task.get("predictions"))
    versions = sorted(annotations, key=lambda one: one.get("ground_truth") is not True)
    versions = versions or predictions
    if not versions:
        return [], 0
    overall = score_of(versions[0].get("score")) if predictions else None
    return list(_results(versions[0], overall)), len(versions) - 1


def _results(version: Mapping[str, Any], overall: float | None) -> Iterator[Result]:
    found = version.get("result")
    named = {}  # with the tag Labels they stand in a result of their own
    for item in _dicts(found):
        if item.get("type") == "labels" and isinstance(item.get("id"), str):
            named[item["id"]] = _labels(item.get("value"), "labels")
    for number, item in enumerate(found if isinstance(found, list) else [], start=1):
        if not isinstance(item, dict) or not isinstance(item.get("type"), str):
            continue
        kind = item["type"].lower().removesuffix("labels")
        shape = item.get("value")
        if kind not in (*_KINDS, *_NO_AREA) or not isinstance(shape, dict):
            continue
        labels = _labels(shape, f"{kind}labels") or _labels(shape, "labels")
        identity = item.get("id")
        labels = labels or (named.get(identity, ()) if isinstance(identity, str) else ())
        score = score_of(item.get("score"))
        yield Result(
            kind,
            _compact(shape),
            labels or (NO_LABEL,),
            overall if score is None else score,
            (item.get("original_height"), item.get("original_width")),
            item.get("image_rotation"),
            number,
        )


def _dicts(value: Any) -> list[Mapping[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _labels(shape: Any, key: str) -> tuple[str, ...]:
    found = shape.get(key) if isinstance(shape, dict) else None
    return tuple(label_of(label) for label in found) if isinstance(found, list) else ()


def _compact(shape: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a value with a list of bytes as bytes, an eighth of the memory."""
    if not isinstance(shape.get("rle"), list):
        return shape
    try:
        return {**shape, "rle": bytes(shape["rle"])}
    except (TypeError, ValueError):
        return {}
