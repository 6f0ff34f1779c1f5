"""The brush masks of Label Studio and the mask elements of CVAT's XML, as text.

Source: CVAT's manual, "CVAT for images 1.1" (the mask element); for brushes see `brush_bits`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from maskcore import rle
from maskcore.errors import RLEError
from maskcore.files import whole_numbers
from maskcore.rle import RLE
from maskcore.rle.columns import place
from maskcore.rle_text import brush_bits

_ATTRIBUTE = re.compile(r'\b(rle|left|top|width|height)\s*=\s*"([^"]*)"')


@dataclass(frozen=True)
class LabelStudio:
    """A JSON list of bytes: the packed RGBA picture, row by row; painted where alpha is not 0."""

    def parse(self, text: str, size_hw: tuple[int, int]) -> RLE:
        """Read one mask."""
        return brush_bits.unpack(_byte_list(text), size_hw)

    def format(self, r: RLE) -> str:
        """Write one mask; the painted pixels are opaque white."""
        return json.dumps(list(brush_bits.pack(r)))


@dataclass(frozen=True)
class Cvat:
    """``<mask rle="..." left= top= width= height=>``: counts by rows inside the box."""

    def parse(self, text: str, size_hw: tuple[int, int]) -> RLE:
        """Read one mask."""
        return cvat_mask({match[1]: match[2] for match in _ATTRIBUTE.finditer(text)}, size_hw)

    def format(self, r: RLE) -> str:
        """Write one mask; CVAT has no empty ones."""
        x1, y1, x2, y2 = rle.box(r)
        if x1 == x2:
            raise RLEError("CVAT cannot store an empty mask.")
        by_rows = rle.encode(rle.decode(r, box=(x1, y1, x2, y2)).T)
        counts = ", ".join(map(str, by_rows.counts.tolist()))
        size = f'width="{x2 - x1}" height="{y2 - y1}"'
        return f'<mask rle="{counts}" left="{x1}" top="{y1}" {size}/>'


def cvat_mask(attributes: Mapping[str, str], size_hw: tuple[int, int]) -> RLE:
    """Read the mask that the attributes of a CVAT element describe.

    Args:
        attributes: ``rle``, ``left``, ``top``, ``width`` and ``height`` as they are written.
        size_hw: (height, width) of the image.

    Raises:
        RLEError: If one is missing, or they do not describe a mask inside the image.
    """
    box = [attributes.get(name, "") for name in ("left", "top", "width", "height")]
    if not all(re.fullmatch("-?[0-9]{1,9}", side) for side in box):
        raise RLEError("A CVAT mask needs left, top, width and height.")
    left, top, width, height = map(int, box)
    inside = left >= 0 and top >= 0 and width >= 1 and height >= 1
    if not inside or left + width > size_hw[1] or top + height > size_hw[0]:
        raise RLEError(
            f"The mask's box (left {left}, top {top}, {width} x {height}) does not lie "
            f"inside the image of {size_hw[1]} x {size_hw[0]} pixels."
        )
    counts = whole_numbers.read(attributes.get("rle", "").replace(",", " "))
    by_rows = rle.decode(RLE((width, height), counts)).T
    return place(by_rows, (left, top), size_hw)


def _byte_list(text: str) -> bytes:
    try:
        numbers = whole_numbers.read_list(text)
    except RLEError as error:
        raise RLEError("It is not a list of bytes (0 to 255).") from error
    if numbers.max() > 255:
        raise RLEError("It is not a list of bytes (0 to 255).")
    return numbers.astype(np.uint8).tobytes()
