"""The brush masks of Label Studio and the mask elements of CVAT's XML.

Sources: HumanSignal/label-studio-sdk, converter/brush.py (the bit stream of @thi.ng/rle-pack);
CVAT's manual, "CVAT for images 1.1" (the mask element).
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from maskcore import rle, whole_numbers
from maskcore.errors import RLEError
from maskcore.rle import RLE

_CHANNELS = 4
_WORD_BITS = 8
_ATTRIBUTE = re.compile(r'\b(rle|left|top|width|height)\s*=\s*"([^"]*)"')
_SIZES = (3, 4, 8, 16)  # bits of a run's length, by the two bits before it


@dataclass(frozen=True)
class LabelStudio:
    """A JSON list of bytes: the packed RGBA picture, row by row; painted where alpha is not 0."""

    def parse(self, text: str, size_hw: tuple[int, int]) -> RLE:
        """Read one mask."""
        height, width = size_hw
        painted = _unpack(_byte_list(text), height * width)
        return rle.encode(painted.reshape(height, width))

    def format(self, r: RLE) -> str:
        """Write one mask; the painted pixels are opaque white."""
        starts, ends = rle.starts_and_ends(rle.transpose(r))
        edges = np.concatenate(([0], np.stack((starts, ends), axis=1).reshape(-1)))
        edges = np.append(edges, r.size_hw[0] * r.size_hw[1]) * _CHANNELS
        return json.dumps(list(_pack(np.diff(edges))))


@dataclass(frozen=True)
class Cvat:
    """``<mask rle="..." left= top= width= height=>``: counts by rows inside the box."""

    def parse(self, text: str, size_hw: tuple[int, int]) -> RLE:
        """Read one mask."""
        found = {it[1]: it[2] for it in _ATTRIBUTE.finditer(text)}
        box = [found.get(name, "") for name in ("left", "top", "width", "height")]
        if not all(re.fullmatch("-?[0-9]{1,9}", side) for side in box):
            raise RLEError("A CVAT mask needs left, top, width and height.")
        left, top, width, height = map(int, box)
        inside = left >= 0 and top >= 0 and width >= 1 and height >= 1
        if not inside or left + width > size_hw[1] or top + height > size_hw[0]:
            raise RLEError(
                f"The mask's box (left {left}, top {top}, {width} x {height}) does not lie "
                f"inside the image of {size_hw[1]} x {size_hw[0]} pixels."
            )
        counts = whole_numbers.read(found.get("rle", "").replace(",", " "))
        whole = np.zeros(size_hw, np.bool_)
        whole[top : top + height, left : left + width] = rle.decode(RLE((width, height), counts)).T
        return rle.encode(whole)

    def format(self, r: RLE) -> str:
        """Write one mask; CVAT has no empty ones."""
        x1, y1, x2, y2 = rle.box(r)
        if x1 == x2:
            raise RLEError("CVAT cannot store an empty mask.")
        by_rows = rle.encode(rle.decode(r, box=(x1, y1, x2, y2)).T)
        counts = ", ".join(map(str, by_rows.counts.tolist()))
        size = f'width="{x2 - x1}" height="{y2 - y1}"'
        return f'<mask rle="{counts}" left="{x1}" top="{y1}" {size}/>'


def _byte_list(text: str) -> bytes:
    try:
        numbers = whole_numbers.read_list(text)
    except RLEError as error:
        raise RLEError("It is not a list of bytes (0 to 255).") from error
    if numbers.max() > 255:
        raise RLEError("It is not a list of bytes (0 to 255).")
    return numbers.astype(np.uint8).tobytes()


def _unpack(packed: bytes, pixels: int) -> NDArray[np.bool_]:
    """Return which pixels have an alpha other than 0, row by row."""
    bits = _Bits(packed)
    length = bits.read(32)
    if length != pixels * _CHANNELS:
        raise RLEError(f"It is made for {length // _CHANNELS} pixels, not {pixels}.")
    word = bits.read(5) + 1
    sizes = [bits.read(4) + 1 for _ in range(4)]
    painted = np.zeros(pixels, np.bool_)
    place = 0
    while place < length:
        repeated = bits.read(1)
        end = place + 1 + bits.read(sizes[bits.read(2)])
        if end > length:
            raise RLEError("A run goes past the last pixel.")
        # Alpha is the last of four: the pixels p with place <= 4p + 3 < end.
        alpha = painted[place // _CHANNELS : end // _CHANNELS]
        if repeated:
            alpha[:] = bits.read(word) != 0
        else:
            values = bits.read_many(end - place, word)
            alpha[:] = values[_CHANNELS - 1 - place % _CHANNELS :: _CHANNELS]
        place = end
    return painted


class _Bits:
    """Reads numbers of any bit length, most significant bit first."""

    def __init__(self, packed: bytes) -> None:
        self._packed = packed
        self._place = 0

    def read(self, count: int) -> int:
        start, end = self._place, self._place + count
        if end > 8 * len(self._packed):
            raise RLEError("The bytes end before the last pixel.")
        self._place = end
        stretch = int.from_bytes(self._packed[start // 8 : (end + 7) // 8], "big")
        return stretch >> (-end % 8) & ((1 << count) - 1)

    def read_many(self, count: int, word: int) -> NDArray[np.bool_]:
        """Read so many words and return which of them are not 0."""
        start, end = self._place, self._place + count * word
        if end > 8 * len(self._packed):
            raise RLEError("The bytes end before the last pixel.")
        self._place = end
        stretch = np.frombuffer(self._packed[start // 8 : (end + 7) // 8], np.uint8)
        ahead = start % 8
        bits = np.unpackbits(stretch)[ahead : ahead + count * word]
        nonzero: NDArray[np.bool_] = np.logical_or.reduce(bits.reshape(count, word), axis=1)
        return nonzero


def _pack(lengths: NDArray[np.int64]) -> bytes:
    """Pack runs that are 0 and 255 in turn, 0 first."""
    bits = [f"{lengths.sum():032b}", f"{_WORD_BITS - 1:05b}"]
    bits += [f"{size - 1:04b}" for size in _SIZES]
    for turn, length in enumerate(lengths.tolist()):
        value = f"{255 * (turn % 2):08b}"
        while length:
            part = min(length, 1 << _SIZES[-1])
            which = next(i for i, size in enumerate(_SIZES) if part <= 1 << size)
            bits.append(f"1{which:02b}{part - 1:0{_SIZES[which]}b}{value}")
            length -= part
    stream = "".join(bits)
    return int(stream + "0" * (-len(stream) % 8), 2).to_bytes((len(stream) + 7) // 8, "big")
