"""PNG files whose pixels are numbers of classes or objects, with Pascal VOC's palette."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import Any

import numpy as np
import PIL.Image
from numpy.typing import NDArray
from PIL import PngImagePlugin

from maskcore import checks
from maskcore.errors import DatasetError, ImageError
from maskcore.image_io import probe as image_probe
from maskcore.types import LabelMap

MAX_NUMBER = 254
"""The largest number that a pixel can have: 255 marks borders."""

BORDER = 255

# Of a PNG's gray pixels with few bits Pillow makes 0 to 255.
_STEPS = {2: 85, 4: 17}
_BIT_DEPTH = 24  # place in the file
_COMPRESSION = 3
_MOST_COLORS = 65_535


@dataclass(frozen=True, eq=False)
class IndexedImage:
    """What a PNG stores.

    Attributes:
        values: (H, W), not negative: numbers, or colors as 65,536 red + 256 green + blue.
        colors: The color of each number, if the file has a palette.
        is_color: Whether the values are colors.
    """

    values: NDArray[Any]
    colors: NDArray[np.int32] | None = None
    is_color: bool = False

    @property
    def size_hw(self) -> tuple[int, int]:
        """(height, width)."""
        height, width = self.values.shape
        return height, width


def colors(count: int = 256) -> NDArray[np.uint8]:
    """Return the first colors of Pascal VOC's palette, (count, 3) RGB; count at most 256.

    Each color takes its bits from its number, three at a time (VOCcode/VOClabelcolormap.m of the
    development kit, http://host.robots.ox.ac.uk/pascal/VOC/voc2012/).
    """
    numbers = np.arange(count)[:, None]
    found = np.zeros((count, 3), np.uint8)
    for digit in range(8):
        bits = numbers >> (3 * digit + np.arange(3)) & 1
        found |= (bits << (7 - digit)).astype(np.uint8)
    return found


def packed(rgb: NDArray[np.uint8]) -> NDArray[np.int32]:
    """Return (..., 3) RGB as 65,536 red + 256 green + blue."""
    red, green, blue = np.moveaxis(rgb.astype(np.int32), -1, 0)
    return np.asarray(red << 16 | green << 8 | blue, np.int32)


def read(content: bytes) -> IndexedImage:
    """Read a PNG.

    Raises:
        DatasetError: If it is none, is damaged or too large.
    """
    try:
        found = image_probe.probe(io.BytesIO(content))
    except ImageError as error:
        raise DatasetError("It is no PNG that can be read.") from error
    if found.format != "PNG":
        raise DatasetError(f"It is a {found.format} file; Pascal VOC's masks are PNG.")
    if found.size_hw[0] * found.size_hw[1] > checks.MAX_PIXELS:
        raise DatasetError(f"It has more than {checks.MAX_PIXELS:,} pixels.")
    try:
        PngImagePlugin.PngImageFile(io.BytesIO(content)).verify()
        with PngImagePlugin.PngImageFile(io.BytesIO(content)) as picture:
            numbered = _decoded(picture, content[_BIT_DEPTH])
    except Exception as error:  # on a damaged file a decoder raises anything
        raise DatasetError("It is damaged, or no PNG that can be read.") from error
    flat = numbered.values.reshape(-1)
    if numbered.is_color and np.unique(flat[:-1][flat[1:] != flat[:-1]]).size > _MOST_COLORS:
        raise DatasetError("It has as many colors as a photo, so it shows no masks.")
    return numbered


def write(numbers: LabelMap) -> bytes:
    """Write numbers up to 255 as a PNG with Pascal VOC's palette.

    Args:
        numbers: (H, W) uint8.
    """
    picture = PIL.Image.fromarray(numbers)
    picture.putpalette(colors().tobytes())
    file = io.BytesIO()
    picture.save(file, "PNG", compress_level=_COMPRESSION)
    return file.getvalue()


def _decoded(picture: PIL.Image.Image, bit_depth: int) -> IndexedImage:
    if picture.mode == "P":
        flat = np.frombuffer(bytes(picture.getpalette("RGB") or []), np.uint8)
        palette = np.zeros((256, 3), np.uint8)
        palette.reshape(-1)[: flat.size] = flat
        return IndexedImage(np.asarray(picture), packed(palette))
    if picture.mode in ("1", "L"):
        gray = np.asarray(picture).astype(np.uint8)
        return IndexedImage(gray // _STEPS.get(bit_depth, 1))
    if picture.mode.startswith("I"):
        return IndexedImage(np.asarray(picture))
    return IndexedImage(packed(np.asarray(picture.convert("RGB"))), is_color=True)
