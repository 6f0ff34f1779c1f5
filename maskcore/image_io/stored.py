"""The numbers that a picture file stores, for masks: `image_io` reads what a picture looks like.

In a mask the number itself means something. So 16-bit ids are not scaled to 8 bits here, and the
index into a palette stays beside its color.
"""

from __future__ import annotations

import io
import os
from dataclasses import dataclass
from functools import cached_property
from typing import IO, Any, Literal

import cv2
import numpy as np
import PIL.Image
import PIL.ImageOps
from numpy.typing import NDArray

from maskcore import checks, image_io
from maskcore.errors import ImageError
from maskcore.image_io import ImageFile
from maskcore.types import Image

_LOSSY = frozenset(["JPEG", "MPO", "AVIF"])
_HEAD_BYTES = 4096
# Pillow spreads gray of 2 and 4 bits over 0..255.
_STEPS = {"L;2": 85, "L;4": 17}
_INT32_MAX = np.iinfo(np.int32).max
_MOST_DISTINCT = 65_535
_SAMPLE = 500  # rows and columns that tell whether there are very many values

OPAQUE = 128
"""Alpha from which a pixel counts as opaque, where it is not alpha that is read."""


@dataclass(frozen=True, eq=False)
class MaskPixels:
    """A picture file's numbers, upright.

    Attributes:
        values: (H, W) uint8, uint16 or int32; as stored, but for colors see ``stored_as``.
        stored_as: "number" (gray of any depth, and colors that are all gray), "index" (into the
            palette) or "color": red + 256 green + 65,536 blue + 2**24, so that 0 is what is
            transparent.
        brightness: (H, W), 0 to 255: gray as `image_io` scales it, of colors the largest of red,
            green and blue; 0 where the file is transparent.
        alpha: (H, W), 0 to 255; None if the file is opaque throughout.
        palette: "#rrggbb" of each index; empty unless ``stored_as`` is "index".
        is_lossy: Whether the format changes values a little when it stores them.
        notes: One sentence for each thing that was done to the picture.
    """

    values: NDArray[np.uint8] | NDArray[np.uint16] | NDArray[np.int32]
    stored_as: Literal["number", "index", "color"]
    brightness: NDArray[np.uint8]
    alpha: NDArray[np.uint8] | None
    palette: tuple[str, ...]
    is_lossy: bool
    notes: tuple[str, ...]

    @property
    def size_hw(self) -> tuple[int, int]:
        """(height, width)."""
        height, width = self.values.shape
        return height, width

    @cached_property
    def distinct(self) -> NDArray[np.int64] | None:
        """The different values, ascending; None of an int32 array that has very many."""
        if self.values.dtype != np.int32:
            seen = np.zeros(np.iinfo(self.values.dtype).max + 1, np.bool_)
            seen[self.values] = True
            return np.flatnonzero(seen)
        rows, columns = (max(1, side // _SAMPLE) for side in self.size_hw)
        flat = self.values.reshape(-1)
        if np.unique(self.values[::rows, ::columns]).size > _MOST_DISTINCT:
            return None
        lasts = np.append(flat[1:] != flat[:-1], True)
        found = np.unique(flat[lasts]).astype(np.int64)
        return found if found.size <= _MOST_DISTINCT else None

    @cached_property
    def flatness(self) -> float:
        """How much like a map of labels the values lie: 0 of a photo or of blurred edges, up to 1.

        The share of pixels that equal their neighbors below and to the right, among those that
        have neither the smallest nor the largest value: it is in between that labels differ from
        the grays of an edge.
        """
        values = self.values
        between = (values != values.min()) & (values != values.max())
        flat = between.copy()
        flat[:, :-1] &= values[:, :-1] == values[:, 1:]
        flat[:-1] &= values[:-1] == values[1:]
        return int(np.count_nonzero(flat)) / max(1, int(np.count_nonzero(between)))


def read(
    source: bytes | str | os.PathLike[str], *, max_pixels: int = checks.MAX_PIXELS
) -> MaskPixels:
    """Read the numbers of a picture file, under the guard of `image_io.read`.

    Args:
        source: The file's bytes, or where it is.
        max_pixels: Most pixels allowed.

    Returns:
        The numbers of the first frame.

    Raises:
        ImageError: If the file cannot be read, for whatever reason.
    """
    # What it lets through is of an allowed format and size, and whole.
    opened = image_io.read(source, max_pixels=max_pixels)
    place = checks.bytes_or_path(source)
    try:
        with (
            io.BytesIO(place) if isinstance(place, bytes) else place.open("rb") as file,
            PIL.Image.open(file, formats=[opened.format]) as picture,
        ):
            return _take(picture, opened, is_lossy=_is_lossy(file, opened.format))
    except MemoryError as error:
        raise ImageError("The mask needs more memory than there is; make it smaller.") from error
    except Exception as error:  # on a damaged file a decoder raises anything
        raise ImageError("The mask is damaged; save it anew as PNG.") from error


def _is_lossy(file: IO[bytes], kind: str) -> bool:
    if kind != "WEBP":
        return kind in _LOSSY
    place = file.tell()
    file.seek(0)
    head = file.read(_HEAD_BYTES)
    file.seek(place)
    return b"VP8L" not in head


def _take(picture: PIL.Image.Image, opened: ImageFile, *, is_lossy: bool) -> MaskPixels:
    step = _STEPS.get(_raw_mode(picture)[:3], 1)
    has_palette, is_deep = picture.mode in ("P", "PA"), _is_deep(picture)
    upright = picture
    if has_palette or is_deep or opened.alpha is not None:
        picture.load()
        if opened.orientation != 1 and opened.format != "TIFF":  # Pillow turns a TIFF itself
            upright = PIL.ImageOps.exif_transpose(picture)
    rgb, alpha = _color_and_alpha(upright, opened)
    brightness = _brightness(rgb, alpha)
    stored_as: Literal["number", "index", "color"] = "number"
    palette: tuple[str, ...] = ()
    values: NDArray[Any] | None = None
    if has_palette:
        indices = np.asarray(upright).reshape(*brightness.shape, -1)[..., 0]
        if not _is_gray_scale(upright, indices):
            stored_as, values, palette = "index", indices, _palette(upright)
    elif is_deep:
        values = _whole_numbers(np.asarray(upright))
    if values is None and _is_gray(rgb):
        bits = 255 if opened.mode == "1" else step
        values = brightness // np.uint8(bits) if bits > 1 else brightness
    elif values is None:
        stored_as, values = "color", _packed(rgb, alpha)
    return MaskPixels(
        values=np.ascontiguousarray(values),
        stored_as=stored_as,
        brightness=brightness,
        alpha=alpha,
        palette=palette,
        is_lossy=is_lossy,
        notes=_notes(opened),
    )


def _raw_mode(picture: PIL.Image.Image) -> str:
    """Pillow's name for the pixels as the file packs them, "" if it does not tell."""
    tiles = getattr(picture, "tile", None)
    told = tiles[0].args if tiles else ""
    return str(told[0] if isinstance(told, tuple) and told else told)


def _is_deep(picture: PIL.Image.Image) -> bool:
    return picture.mode in ("I", "F") or picture.mode.startswith("I;16")


def _color_and_alpha(
    picture: PIL.Image.Image, opened: ImageFile
) -> tuple[Image, NDArray[np.uint8] | None]:
    """(H, W, 3) without a background behind what is transparent, and alpha."""
    if opened.alpha is None:
        return opened.image, None
    if _is_deep(picture):
        return opened.image, opened.alpha.view(np.uint8) * np.uint8(255)
    rgba = np.asarray(picture.convert("RGBA"))
    return np.ascontiguousarray(rgba[..., :3]), np.ascontiguousarray(rgba[..., 3])


def _brightness(rgb: Image, alpha: NDArray[np.uint8] | None) -> NDArray[np.uint8]:
    brightest = np.maximum(cv2.extractChannel(rgb, 0), cv2.extractChannel(rgb, 1))
    np.maximum(brightest, cv2.extractChannel(rgb, 2), out=brightest)
    if alpha is not None:
        brightest[alpha < OPAQUE] = 0
    return brightest


def _is_gray(rgb: Image) -> bool:
    red = rgb[..., 0]
    return np.array_equal(red, rgb[..., 1]) and np.array_equal(red, rgb[..., 2])


def _whole_numbers(values: NDArray[Any]) -> NDArray[Any] | None:
    """The numbers as uint16 or int32; None if they are no whole numbers of that range.

    What is not finite becomes 0, as in `depth`.
    """
    if values.dtype.kind == "f":
        values = np.where(np.isfinite(values), values, 0)
        if not np.array_equal(np.rint(values), values):
            return None
    smallest, largest = values.min(), values.max()
    if smallest >= 0 and largest <= np.iinfo(np.uint16).max:
        return values.astype(np.uint16)
    if smallest < -_INT32_MAX or largest > _INT32_MAX:
        return None
    return values.astype(np.int32)


def _palette(picture: PIL.Image.Image) -> tuple[str, ...]:
    flat = bytes(picture.getpalette("RGB") or [])[: 3 * 256]
    colors = [f"#{flat[at : at + 3].hex()}" for at in range(0, len(flat) - 2, 3)]
    return tuple(colors + ["#000000"] * (256 - len(colors)))


def _is_gray_scale(picture: PIL.Image.Image, indices: NDArray[np.uint8]) -> bool:
    """Whether the palette only gives the gray of each index, as in a GIF of a gray picture."""
    palette = _palette(picture)
    used = [palette[i] for i in np.flatnonzero(np.bincount(indices.reshape(-1), minlength=256))]
    all_gray = all(color[1:3] == color[3:5] == color[5:7] for color in used)
    return all_gray and len(set(used)) == len(used)


def _packed(rgb: Image, alpha: NDArray[np.uint8] | None) -> NDArray[np.int32]:
    four = cv2.cvtColor(rgb, cv2.COLOR_RGB2RGBA)
    four[..., 3] = 1
    if alpha is not None:
        four[alpha < OPAQUE] = 0
    return four.view("<i4")[..., 0]


def _notes(opened: ImageFile) -> tuple[str, ...]:
    notes = []
    if opened.orientation != 1:
        notes.append(f"Turned upright (EXIF orientation {opened.orientation}).")
    if opened.n_frames > 1:
        notes.append(f"Has {opened.n_frames:,} frames; the first is used.")
    return tuple(notes)
