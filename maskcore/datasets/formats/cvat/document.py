"""The XML documents of CVAT: their images and labels first, the shapes of an image on demand.

Entities are never expanded: a document that could declare them is refused.
"""

from __future__ import annotations

import codecs
from dataclasses import dataclass, field
from typing import NoReturn
from xml.parsers import expat

from maskcore.datasets.dataset import Problem
from maskcore.errors import DatasetError
from maskcore.files.sanitize import shown
from maskcore.files.values import label_of

NO_AREA = ("polyline", "points", "cuboid", "skeleton")
"""Shapes that cannot become a mask."""
SHAPES = ("mask", "polygon", "box", "ellipse", *NO_AREA)
"""Elements that are shapes."""


@dataclass(frozen=True, slots=True)
class ImageElement:
    """An image of a document.

    Attributes:
        attributes: What the element states.
        element: Its bytes without the closing tag.
    """

    attributes: dict[str, str]
    element: memoryview

    @property
    def called(self) -> str:
        """Its name, or its number if it has none."""
        return self.attributes.get("name") or f"image {self.attributes.get('id', '')}".strip()

    @property
    def path(self) -> str:
        """Where its picture should be."""
        subset = self.attributes.get("subset")  # of a project, each has a folder
        return f"{subset}/{self.called}" if subset else self.called


@dataclass
class Outline:
    """What a document holds, as far as it is known before an image is asked for.

    Attributes:
        images: In the order of the document.
        labels: The labels, as keys: those that are listed, then those of the shapes.
        problems: What could not be used.
    """

    images: list[ImageElement] = field(default_factory=list)
    labels: dict[str, None] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)


def read(content: bytes, name: str) -> Outline:
    """Go through a document.

    Args:
        content: The file.
        name: What messages call it.

    Raises:
        DatasetError: If nothing in it can be read.
    """
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        content = content.decode("utf-16", "replace").encode("utf-8", "replace")
    outline = Outline()
    view = memoryview(content)
    parser = _parser()
    path: list[str] = []
    texts: list[str] = []
    opened: list[tuple[int, dict[str, str]]] = []
    used: dict[str, None] = {}
    n_tracks = 0

    def start(tag: str, attributes: dict[str, str]) -> None:
        nonlocal n_tracks
        if tag == "image" and path == ["annotations"]:
            opened.append((parser.CurrentByteIndex, attributes))
        elif opened and len(path) == 2 and tag in SHAPES:
            used[label_of(attributes.get("label"))] = None
        n_tracks += tag == "track"
        path.append(tag)
        texts.clear()

    def end(tag: str) -> None:
        path.pop()
        if tag == "image" and path == ["annotations"]:
            begin, attributes = opened.pop()
            outline.images.append(ImageElement(attributes, view[begin : parser.CurrentByteIndex]))
        elif tag == "name" and path[-2:] == ["labels", "label"]:
            outline.labels[label_of("".join(texts))] = None
        elif tag == "parent" and path[-2:] == ["labels", "label"] and outline.labels:
            outline.labels.popitem()  # a point of a skeleton

    parser.StartElementHandler, parser.EndElementHandler = start, end
    parser.CharacterDataHandler = texts.append
    try:
        parser.Parse(content, True)
    except expat.ExpatError as error:
        if not outline.images:
            raise DatasetError(f"{shown(name)} is no XML that can be read.") from error
        reason = "The file is damaged from here on; the images before it are read."
        outline.problems.append(Problem(f"line {error.lineno} of {name}", reason))
    finally:
        # The parser and what it calls would keep each other, and its buffers, alive.
        parser.StartElementHandler = parser.EndElementHandler = None
    if n_tracks:
        reason = f"Tracks of a video ({n_tracks:,}) are not read; export “CVAT for images” instead."
        outline.problems.append(Problem(name, reason))
    outline.labels |= used
    return outline


def _parser() -> expat.XMLParserType:
    parser = expat.ParserCreate("utf-8")
    parser.buffer_text = True
    parser.StartDoctypeDeclHandler = _refuse
    return parser


def _refuse(*_: object) -> NoReturn:
    # Entities, which can blow up a few lines to gigabytes, are declared nowhere else.
    raise DatasetError("The XML file declares a document type, which CVAT's never do.")


def shapes(image: ImageElement) -> list[tuple[str, dict[str, str]]]:
    """Return the shapes of an image: what each is, one of `SHAPES`, and what it states."""
    found: list[tuple[str, dict[str, str]]] = []
    depth = 0

    def start(tag: str, attributes: dict[str, str]) -> None:
        nonlocal depth
        if depth == 1 and tag in SHAPES:
            found.append((tag, attributes))
        depth += 1

    def end(_: str) -> None:
        nonlocal depth
        depth -= 1

    parser = _parser()
    parser.StartElementHandler, parser.EndElementHandler = start, end
    parser.Parse(bytes(image.element))
    return found
