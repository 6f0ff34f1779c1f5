"""COCO's two ways to write counts as text, and the Open Images one that wraps them.

Sources: cocodataset/cocoapi common/maskApi.c (rleToString, rleFrString); the Open Images challenge
2019 "evaluation" page (base64 of zlib of the compressed form).
"""

from __future__ import annotations

import base64
import binascii
import json
import zlib
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from maskcore.errors import RLEError
from maskcore.files import whole_numbers
from maskcore.rle import RLE

_SHIFT = 48  # a character is this plus five bits of payload and one that says "more follow"
_LONGEST = 7  # characters of one number: 35 bits are enough for any image
_MOST = 12_000_000  # characters: noise on 24 megapixels. Reading them takes 700 MB
_BLOCK = 10_000  # counts that are written at once


@dataclass(frozen=True)
class Counts:
    """``{"size": [h, w], "counts": [...]}``; a bare list, or numbers with blanks, is read too."""

    def parse(self, text: str, size_hw: tuple[int, int]) -> RLE:
        """Read one mask."""
        text = text.strip()
        pixels = size_hw[0] * size_hw[1]
        if len(text) > 24 * (pixels + 8):
            raise _too_many(pixels)
        if text.startswith("{"):
            counts = _of_size(_json(text), size_hw)
        elif text.startswith("["):
            return RLE(size_hw, whole_numbers.read_list(text))
        else:
            return RLE(size_hw, whole_numbers.read(text.replace(",", " ")))
        if isinstance(counts, str):
            raise RLEError("The counts are COCO's compressed text, not a list of numbers.")
        if not isinstance(counts, list) or any(type(count) is not int for count in counts):
            raise RLEError("The counts are not a list of whole numbers.")
        return RLE(size_hw, counts)

    def format(self, r: RLE) -> str:
        """Write one mask."""
        return json.dumps({"size": list(r.size_hw), "counts": r.counts.tolist()})


@dataclass(frozen=True)
class Compressed:
    """COCO's compressed text; the JSON object around it is read too."""

    def parse(self, text: str, size_hw: tuple[int, int]) -> RLE:
        """Read one mask."""
        text = text.strip()
        if text.startswith("{"):
            counts = _of_size(_json(text), size_hw)
            if not isinstance(counts, str):
                raise RLEError("The counts are not COCO's compressed text.")
            text = counts
        return RLE(size_hw, decompress(text, size_hw[0] * size_hw[1]))

    def format(self, r: RLE) -> str:
        """Write one mask."""
        return compress(r.counts)


@dataclass(frozen=True)
class OpenImages:
    """Compressed text, deflated, in base64."""

    def parse(self, text: str, size_hw: tuple[int, int]) -> RLE:
        """Read one mask."""
        longest = min(_LONGEST * (size_hw[0] * size_hw[1] + 1), _MOST)
        try:
            inflater = zlib.decompressobj()
            inner = inflater.decompress(base64.b64decode(text.strip(), validate=True), longest)
        except (binascii.Error, zlib.error, ValueError) as error:
            raise RLEError("It is not deflated text in base64.") from error
        if inflater.unconsumed_tail or not inflater.eof:
            raise RLEError("The deflated text is cut short or far too long for this image.")
        return RLE(size_hw, decompress(inner.decode("latin-1"), size_hw[0] * size_hw[1]))

    def format(self, r: RLE) -> str:
        """Write one mask."""
        return base64.b64encode(zlib.compress(compress(r.counts).encode("ascii"))).decode("ascii")


def decompress(text: str, pixels: int) -> NDArray[np.int64]:
    """Read the counts out of COCO's compressed text.

    Args:
        text: The characters "0" to "o".
        pixels: How many the image has; more counts than that are refused before they are read.

    Raises:
        RLEError: If the text is too long, holds other characters or ends within a number.
    """
    if not text.isascii():
        raise RLEError("It has characters that COCO's compressed text does not use.")
    if len(text) > _LONGEST * (pixels + 1):
        raise _too_many(pixels)
    if len(text) > _MOST:
        raise RLEError(f"It is {len(text):,} characters long; at most {_MOST:,} are read.")
    symbols = np.frombuffer(text.encode(), np.uint8) - np.uint8(_SHIFT)  # below it: wraps to > 63
    if symbols.size == 0:
        raise RLEError("It has no counts.")
    if symbols.max() > 63:
        raise RLEError("It has characters that COCO's compressed text does not use.")
    is_last = (symbols & 0x20) == 0
    if not is_last[-1]:
        raise RLEError("It ends in the middle of a number.")
    ends = np.flatnonzero(is_last)
    if ends.size > pixels + 1:
        raise _too_many(pixels)
    starts = np.concatenate(([0], ends[:-1] + 1))
    lengths = ends - starts + 1
    if lengths.max() > _LONGEST:
        raise RLEError("It has a number that is too large for any image.")
    place = np.arange(symbols.size) - np.repeat(starts, lengths)
    steps = np.add.reduceat((symbols & 0x1F).astype(np.int64) << (5 * place), starts)
    steps -= np.where(symbols[ends] & 0x10, np.int64(1) << (5 * lengths), 0)
    counts = steps.copy()
    # From the fourth on, a number is the difference to the count two before.
    counts[1::2] = np.cumsum(steps[1::2])
    counts[2::2] = np.cumsum(steps[2::2])
    return counts


def compress(counts: NDArray[np.integer]) -> str:
    """Write counts as COCO's compressed text."""
    steps = counts.astype(np.int64)
    steps[3:] -= counts[1:-2]
    return "".join(_spell(steps[at : at + _BLOCK]) for at in range(0, steps.size, _BLOCK))


def _spell(steps: NDArray[np.int64]) -> str:
    # (N, 7): five bits a character, until only copies of the sign bit are left.
    rest = steps[:, None] >> (5 * np.arange(_LONGEST + 1))
    symbols = rest[:, :-1] & 0x1F
    sign = -((symbols >> 4) & 1)
    more = rest[:, 1:] != sign
    used = np.ones_like(more)
    np.logical_and.accumulate(more[:, :-1], axis=1, out=used[:, 1:])
    symbols = symbols + _SHIFT + 0x20 * more
    return str(symbols[used].astype(np.uint8).tobytes(), "ascii")


def _too_many(pixels: int) -> RLEError:
    return RLEError(f"It has more counts than an image of {pixels:,} pixels can have.")


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise RLEError("It is not complete JSON.") from error


def _of_size(document: Any, size_hw: tuple[int, int]) -> Any:
    """Return the counts of a COCO mask after a look at its size."""
    if not isinstance(document, dict) or "counts" not in document:
        raise RLEError("The JSON object has no counts.")
    size = document.get("size", list(size_hw))
    if size != list(size_hw):
        raise RLEError(f"It is made for size {size!s:.40} (height, width), not {list(size_hw)}.")
    return document["counts"]
