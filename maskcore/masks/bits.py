"""Masks as packed bits: how a painted rectangle comes from a browser, and a mask goes to one.

One bit a pixel, row by row without padding, the most significant bit first, as `numpy.packbits`
writes them; a painted rectangle is compressed in the zlib format of RFC 1950. Unlike run lengths,
bits do not grow with noise.
"""

from __future__ import annotations

import base64
import binascii
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from maskcore import rle
from maskcore.arrays import row_major
from maskcore.boxes import is_empty, lies_inside, xywh_to_xyxy
from maskcore.errors import MaskcoreError
from maskcore.rle import RLE, changes as rle_changes
from maskcore.types import Box, Mask

_MOST_PIXELS = 2**31 - 1  # as in `rle`


@dataclass(frozen=True, eq=False)
class Patch:
    """New pixels for a rectangle of a mask.

    Attributes:
        box: x1, y1, x2, y2, maximum exclusive; at least one pixel.
        pixels: (y2 - y1, x2 - x1), True is inside.
    """

    box: Box
    pixels: Mask


def pack(r: RLE) -> bytes:
    """Return a whole mask as packed bits."""
    return np.packbits(rle.decode(r, order="C")).tobytes()


def read_patch(message: object, size_hw: tuple[int, int]) -> Patch:
    """Read a rectangle that was painted.

    Args:
        message: A mapping with "width" and "height" of the whole mask; "x", "y", "w" and "h" of
            the rectangle; "bits", its packed pixels in base64; and "deflated", whether they are
            compressed.
        size_hw: (height, width) that the mask has.

    Returns:
        The rectangle's pixels.

    Raises:
        MaskcoreError: If the message is not that, or the rectangle does not lie inside the mask.
            No more memory is used than the rectangle's bits and the message itself need.
    """
    if not isinstance(message, Mapping):
        raise MaskcoreError("What was painted did not arrive whole: it is not a message.")
    width, height, x, y, w, h = (
        _whole_number(message, name) for name in ("width", "height", "x", "y", "w", "h")
    )
    if (height, width) != size_hw:
        raise MaskcoreError(
            f"What was painted belongs to an image of {width} x {height} pixels, "
            f"this one has {size_hw[1]} x {size_hw[0]}."
        )
    if min(x, y) < 0 or min(w, h) < 1 or x + w > width or y + h > height:
        raise MaskcoreError(
            f"What was painted does not lie inside the image: {w} x {h} pixels from ({x}, {y})."
        )
    packed = _packed_bits(message, (w * h + 7) // 8)
    bits = np.unpackbits(np.frombuffer(packed, np.uint8), count=w * h)
    return Patch(xywh_to_xyxy((x, y, w, h)), bits.view(np.bool_).reshape(h, w))


def apply(r: RLE, patch: Patch) -> RLE:
    """Put new pixels into a mask; only the columns that the rectangle covers are looked at.

    Raises:
        ValueError: If the rectangle does not lie inside the mask.
    """
    height, width = r.size_hw
    x1, y1, x2, y2 = patch.box
    inside = lies_inside(patch.box, r.size_hw) and not is_empty(patch.box)
    if not inside or patch.pixels.shape != (y2 - y1, x2 - x1):
        raise ValueError(
            f"the patch must lie inside {width} x {height} pixels, got the box {patch.box} "
            f"with pixels of shape {patch.pixels.shape}"
        )
    if (x1, y1, x2, y2) == (0, 0, width, height):
        return rle.encode(patch.pixels)
    columns = rle.decode(r, box=(x1, 0, x2, height)).T  # (w, H), row-major
    columns[:, y1:y2] = row_major(patch.pixels.T)
    return rle.from_counts(r.size_hw, _spliced(r, columns.reshape(-1), x1 * height))


def _spliced(r: RLE, pixels: NDArray[np.bool_], first: int) -> NDArray[np.int64]:
    """Counts of the mask with these pixels from the flat place `first` on."""
    edges = np.cumsum(r.counts, dtype=np.int64)  # where inside and outside change places
    total, last = int(edges[-1]), first + pixels.size
    edges = edges[:-1]
    before = edges[: int(np.searchsorted(edges, first))]
    n_until_last = int(np.searchsorted(edges, last, side="right"))
    changed = [before]
    if bool(pixels[0]) != bool(before.size % 2):
        changed.append(np.array([first]))
    changed.append(rle_changes.along(pixels) + first)
    if last < total and bool(pixels[-1]) != bool(n_until_last % 2):
        changed.append(np.array([last]))
    changed.append(edges[n_until_last:])
    edges = np.concatenate([np.array([0]), *changed, np.array([total])])
    return edges[1:] - edges[:-1]


def _whole_number(message: Mapping[Any, Any], name: str) -> int:
    value = message.get(name)
    # Without an end to it, a number could be too long even to be written into a sentence.
    if isinstance(value, bool) or not isinstance(value, int) or abs(value) > _MOST_PIXELS:
        raise MaskcoreError(f"What was painted did not arrive whole: {name} is missing.")
    return value


def _packed_bits(message: Mapping[Any, Any], n_bytes: int) -> bytes:
    """Decode base64 and zlib to exactly so many bytes."""
    text, deflated = message.get("bits"), message.get("deflated")
    if not isinstance(text, str) or not isinstance(deflated, bool):
        raise MaskcoreError("What was painted did not arrive whole: its pixels are missing.")
    damaged = MaskcoreError("What was painted did not arrive whole: its pixels are damaged.")
    # What cannot be compressed grows by 5 bytes per 16 kB; base64 makes 4 characters of 3 bytes.
    most = n_bytes + n_bytes // 1000 + 100 if deflated else n_bytes
    if len(text) > (most + 2) // 3 * 4:
        raise damaged
    try:
        content = base64.b64decode(text, validate=True)
        if deflated:
            stream = zlib.decompressobj()
            content = stream.decompress(content, n_bytes + 1)
            if not stream.eof or stream.unused_data:
                raise damaged
    except (binascii.Error, ValueError, zlib.error) as error:
        raise damaged from error
    if len(content) != n_bytes:
        raise damaged
    return content
