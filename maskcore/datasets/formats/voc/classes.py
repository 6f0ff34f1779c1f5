"""What numbers and colors mean in Pascal VOC's masks: labelmap.txt, class_names.txt.

CVAT writes labelmap.txt: a line "name:red,green,blue:parts:actions" for each class, in their order
(https://docs.cvat.ai/docs/dataset_management/formats/format-voc/). labelme writes class_names.txt.
Without them the numbers are the classes of the challenge.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from urllib.parse import quote, unquote

import numpy as np
from numpy.typing import NDArray

from maskcore.datasets.files import base
from maskcore.datasets.formats.voc import palette
from maskcore.datasets.formats.voc.palette import BORDER, IndexedImage
from maskcore.files.values import NO_LABEL

_VOC = (
    *("aeroplane", "bicycle", "bird", "boat", "bottle", "bus", "car", "cat", "chair", "cow"),
    *("diningtable", "dog", "horse", "motorbike", "person", "pottedplant", "sheep", "sofa"),
    *("train", "tvmonitor"),
)
_COLORS = [int(color) for color in palette.packed(palette.colors())]
_PLACES = {color: place for place, color in enumerate(_COLORS)}
_BLACK, _BORDER_COLOR = _COLORS[0], _COLORS[BORDER]
_RGB = r"(\d{1,3})\s*+,\s*+(\d{1,3})\s*+,\s*+(\d{1,3})"
_LINE = re.compile(rf"(.*?):\s*+(?:{_RGB}\s*+)?:[^:]*:[^:]*")
# What would end a name or a line; the percent sign only where it would be taken for a code.
_UNSAFE = re.compile(r"[:\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]|^[\s#]|\s$|%(?=[0-9A-F]{2})")
_CODES = re.compile(r"(?:%[0-9A-F]{2})+")
_BACKGROUND = ("background", "_background_")


@dataclass(frozen=True)
class Classes:
    """The names of classes.

    Attributes:
        by_number: Without the background, which is 0.
        by_color: The same by their colors, see `IndexedImage`.
        backgrounds: Colors that are no class.
        are_stated: Whether a file lists them.
    """

    by_number: Mapping[int, str]
    by_color: Mapping[int, str]
    backgrounds: frozenset[int] = frozenset((_BLACK, _BORDER_COLOR))
    are_stated: bool = True

    @property
    def stated(self) -> tuple[str, ...]:
        """Names as the file lists them, () if there is none."""
        return tuple(dict.fromkeys(self.by_number.values())) if self.are_stated else ()

    def labels(self, found: IndexedImage, values: Iterable[int]) -> dict[int, str]:
        """Name values of an image; background and borders have no name.

        Args:
            found: The image.
            values: Some of its values.
        """
        wanted = sorted(set(values))
        if found.is_color:
            left = set(wanted) - self.backgrounds
            return {color: self.by_color.get(color) or f"#{color:06x}" for color in _in_order(left)}
        numbers = objects(found, wanted)
        if self.are_stated and found.colors is not None:
            colors = {number: int(found.colors[number]) for number in wanted if number != BORDER}
            if set(colors.values()) <= self.by_color.keys() | self.backgrounds:
                named = ((number, self.by_color.get(color)) for number, color in colors.items())
                return {number: name for number, name in named if name is not None}
        if found.colors is None and numbers == [] and BORDER in wanted:
            return {BORDER: NO_LABEL}  # black and white: no image consists of borders alone
        return {number: self.by_number.get(number, str(number)) for number in numbers}


def objects(found: IndexedImage, values: Iterable[int]) -> list[int]:
    """Return the values that are neither background nor border, in the order of the objects."""
    wanted = set(values)
    if not found.is_color:
        is_deep = found.values.dtype != np.uint8
        return sorted(value for value in wanted if value and (is_deep or value != BORDER))
    return _in_order(wanted - {_BLACK, _BORDER_COLOR})


def is_names_file(name: str) -> bool:
    """Whether a file names classes, by its own name."""
    return base(name).casefold() in ("labelmap.txt", "label_map.txt", "class_names.txt")


def voc() -> Classes:
    """Return the classes of the challenge."""
    names = dict(enumerate(_VOC, start=1))
    by_color = {_COLORS[number]: name for number, name in names.items()}
    return Classes(MappingProxyType(names), MappingProxyType(by_color), are_stated=False)


def read(text: str) -> Classes:
    """Read a labelmap.txt or class_names.txt; what cannot be read is left out.

    The background is what is black, else what is called so; where it is not listed it comes
    before the first class.
    """
    entries = [entry for entry in map(_entry, text.splitlines()) if entry is not None]
    black = [i for i, (_, color) in enumerate(entries) if color == _BLACK]
    called = [i for i, (name, _) in enumerate(entries) if name.casefold() in _BACKGROUND]
    backgrounds = {_BLACK, _BORDER_COLOR}
    if place := (black or called)[:1]:
        _, color = entries.pop(place[0])
        backgrounds |= {color} if color is not None else set()
    names = {number: name or str(number) for number, (name, _) in enumerate(entries, start=1)}
    by_color = {
        (_COLORS[number % 256] if color is None else color): names[number]
        for number, (_, color) in enumerate(entries, start=1)
    }
    return Classes(names, by_color, frozenset(backgrounds - by_color.keys() | {_BORDER_COLOR}))


def write(names: Iterable[tuple[int, str]]) -> str:
    """Write a labelmap.txt; characters that it cannot hold are written as in addresses, "%3A"."""
    numbered = [(0, "background"), *((number, _coded(name)) for number, name in names)]
    lines = [f"{name}:{_triple(palette.colors()[number])}::" for number, name in numbered]
    return "\n".join(["# label:color_rgb:parts:actions", *lines]) + "\n"


def _in_order(colors: Iterable[int]) -> list[int]:
    """Sort colors as they stand in the palette, those that do not at the end."""
    return sorted(colors, key=lambda color: (_PLACES.get(color, len(_PLACES)), color))


def _entry(line: str) -> tuple[str, int | None] | None:
    """Read a line: name and color, None if it has none."""
    line = line.strip()
    if not line or line.startswith("#") or line == "__ignore__":
        return None
    found = _LINE.fullmatch(line)
    if found is None:
        return line, None
    rgb = [int(channel) for channel in found.groups()[1:] if channel is not None]
    name = _CODES.sub(lambda code: unquote(code[0]), found[1])
    return name, (rgb[0] << 16 | rgb[1] << 8 | rgb[2]) if rgb else None


def _coded(name: str) -> str:
    return _UNSAFE.sub(lambda found: quote(found[0], safe="", errors="replace"), name)


def _triple(rgb: NDArray[np.uint8]) -> str:
    return ",".join(map(str, rgb.tolist()))
