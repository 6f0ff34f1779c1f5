"""Picture files in and out: anything readable becomes upright 8-bit RGB, the rest one sentence.

A JPEG that is damaged in its middle opens, as it does everywhere: the format cannot tell.
"""

from __future__ import annotations

import io
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import IO, cast

import cv2
import numpy as np
import PIL.Image
from cv2.typing import MatLike
from numpy.typing import NDArray

from maskcore import checks
from maskcore.errors import ImageError
from maskcore.files import archive
from maskcore.image_io import decode, resize
from maskcore.image_io.decode import ImageFile as ImageFile
from maskcore.image_io.resize import preview as preview, preview_cutout as preview_cutout
from maskcore.types import RGBA, Image, LabelMap, Mask

MAX_SIDE = 65_535
"""Pixels an image may have along one side unless the caller allows more."""

_JPEG_MAX_SIDE = 65_500
_OPENCV_ORDER = {3: cv2.COLOR_RGB2BGR, 4: cv2.COLOR_RGBA2BGRA}
_FORMATS_OF_SUFFIX = {
    ".jpg": ("JPEG", "MPO"),
    ".jpeg": ("JPEG", "MPO"),
    ".png": ("PNG",),
    ".webp": ("WEBP",),
    ".tif": ("TIFF",),
    ".tiff": ("TIFF",),
    ".bmp": ("BMP",),
    ".gif": ("GIF",),
    ".avif": ("AVIF",),
}


def read_image(
    source: bytes | str | os.PathLike[str],
    *,
    max_pixels: int = checks.MAX_PIXELS,
    max_side: int = MAX_SIDE,
) -> Image:
    """Read a picture as (H, W, 3) upright RGB; see `read` for the arguments and errors."""
    return read(source, max_pixels=max_pixels, max_side=max_side).image


def read(
    source: bytes | str | os.PathLike[str],
    *,
    max_pixels: int = checks.MAX_PIXELS,
    max_side: int = MAX_SIDE,
) -> ImageFile:
    """Read a picture, turn it upright and bring it to 8-bit RGB.

    Reads JPEG, PNG, WebP, TIFF, BMP, GIF and AVIF by content, whatever the name says. The size is
    checked in the header, before any pixel is decoded. `maskcore.image_io.depth` states the rule
    for pixels deeper than 8 bits.

    Args:
        source: The file's bytes, or where it is.
        max_pixels: Most pixels allowed; at most Pillow's own ``PIL.Image.MAX_IMAGE_PIXELS``.
        max_side: Most pixels allowed along one side.

    Returns:
        The picture and what the file said of it.

    Raises:
        ImageError: If the file cannot be read, for whatever reason.
        ValueError: If a limit is below 1 or above Pillow's.
    """
    _check_limits(max_pixels, max_side)
    place = checks.bytes_or_path(source)
    name = _name(place)
    with _opened(place, name) as file:
        opened = decode.decode(file, name, max_pixels=max_pixels, max_side=max_side)
    if isinstance(place, Path):
        suffix = place.suffix.lower()
        if opened.format not in _FORMATS_OF_SUFFIX.get(suffix, (opened.format,)):
            note = f"The name ends in {suffix}, but this is a {opened.format} file."
            return replace(opened, notes=(note, *opened.notes))
    return opened


def read_preview(
    source: bytes | str | os.PathLike[str],
    longest: int,
    *,
    max_pixels: int = checks.MAX_PIXELS,
    max_side: int = MAX_SIDE,
) -> Image:
    """Read a picture for showing it small.

    It looks like ``preview(read_image(source), longest)``, but a large JPEG is decoded at a half,
    a quarter or an eighth of its size, which takes a fraction of the time and of the memory.

    Args:
        source: The file's bytes, or where it is.
        longest: Most pixels along the longer side, at least 1.
        max_pixels: Most pixels allowed in the file, as for `read`.
        max_side: Most pixels allowed along one side of it.

    Returns:
        (h, w, 3) RGB, upright, at the size that `preview` gives.

    Raises:
        ImageError: If `read` raises it.
        ValueError: If a limit or `longest` is out of range.
    """
    _check_limits(max_pixels, max_side)
    resize.check_longest(longest)
    place = checks.bytes_or_path(source)
    name = _name(place)
    with _opened(place, name) as file:
        opened = decode.decode(
            file,
            name,
            max_pixels=max_pixels,
            max_side=max_side,
            longest=2 * longest,  # soft edges come from reducing by little
        )
    return resize.reduce(opened.image, resize.size_wh(opened.size_hw, longest))


def encode_png(array: Image | RGBA | Mask | LabelMap) -> bytes:
    """Encode an image or a mask as PNG, lossless and quick rather than small.

    Args:
        array: (H, W, 3) RGB, (H, W, 4) RGBA or (H, W) gray, all uint8; or an (H, W) uint16 label
            map; or an (H, W) bool mask, which is written with 1 bit per pixel and reads as 0 and
            255.

    Returns:
        The file's content.

    Raises:
        ValueError: If the array has another shape or type, or cannot be encoded.
    """
    if not isinstance(array, np.ndarray):
        raise TypeError(f"array must be a numpy array, got {type(array).__name__}")
    if array.dtype == np.bool_:
        checks.mask(array)
        return _encode(".png", array.view(np.uint8), [cv2.IMWRITE_PNG_BILEVEL, 1])
    if array.dtype not in (np.uint8, np.uint16):
        raise ValueError(f"array must be uint8, uint16 or bool, got {array.dtype}")
    colored = array.dtype == np.uint8 and array.shape[2:] in ((3,), (4,))
    if array.size == 0 or not (array.ndim == 2 or colored):
        raise ValueError(f"array must be (H, W), (H, W, 3) or (H, W, 4), got shape {array.shape}")
    pixels: NDArray[np.uint8 | np.uint16] = np.asarray(array)
    if pixels.ndim == 2:
        return _encode(".png", pixels, [])
    return _encode(".png", cv2.cvtColor(pixels, _OPENCV_ORDER[pixels.shape[2]]), [])


def encode_jpeg(image: Image, *, quality: int = 90) -> bytes:
    """Encode an (H, W, 3) RGB image as JPEG of quality 1 to 100.

    Raises:
        ValueError: If the quality is out of range, or a side is over 65,500 pixels, the most that
            a JPEG can have.
    """
    checks.image(image)
    if not 1 <= quality <= 100:
        raise ValueError(f"quality must be 1 to 100, got {quality}")
    if max(image.shape) > _JPEG_MAX_SIDE:
        height, width = image.shape[:2]
        raise ValueError(
            f"a JPEG can have {_JPEG_MAX_SIDE:,} pixels along a side, got {width:,} × {height:,}"
        )
    bgr = cv2.cvtColor(image, cv2.COLOR_RGB2BGR)
    return _encode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, quality])


def write_image(path: str | os.PathLike[str], array: Image | RGBA | Mask | LabelMap) -> None:
    """Write a PNG or JPEG so that the file is whole or is not there.

    An existing file is replaced in one step, and stays as it was if writing fails.

    Args:
        path: Ends in .png, .jpg or .jpeg, which decides the format; the folder must exist.
        array: As for `encode_png`, or for `encode_jpeg`.

    Raises:
        ValueError: If the ending is another, or the array does not fit the format.
        OSError: If the file cannot be written.
    """
    path = Path(path)
    suffix = path.suffix.lower()
    if suffix == ".png":
        content = encode_png(array)
    elif suffix in (".jpg", ".jpeg"):
        content = encode_jpeg(cast("Image", array))
    else:
        raise ValueError(f"path must end in .png, .jpg or .jpeg, got {path.name}")
    archive.write_file(path, content)


def quiet_warnings() -> None:
    """Ignore Pillow's warnings of odd metadata, from now on and in the whole process.

    For programs: they say nothing of the pixels, and `warnings.catch_warnings` swaps a list that
    all threads share. Where warnings are errors, a picture that has one is an `ImageError`.
    """
    warnings.filterwarnings("ignore", category=UserWarning, module=r"PIL\.")


def _check_limits(max_pixels: int, max_side: int) -> None:
    if max_pixels < 1 or max_side < 1:
        raise ValueError(f"limits must be at least 1, got {max_pixels} pixels and side {max_side}")
    pillow_limit = PIL.Image.MAX_IMAGE_PIXELS
    if pillow_limit is not None and max_pixels > pillow_limit:
        raise ValueError(f"max_pixels must be at most {pillow_limit} (Pillow's), got {max_pixels}")


def _name(source: bytes | Path) -> str:
    return source.name if isinstance(source, Path) and source.name else "The file"


@contextmanager
def _opened(source: bytes | Path, name: str) -> Iterator[IO[bytes]]:
    if isinstance(source, bytes):
        yield io.BytesIO(source)
        return
    if source.is_dir():
        raise ImageError(f"{name} is a folder, not a picture.")
    if source.exists() and not source.is_file():
        raise ImageError(f"{name} is a device, not a picture.")
    try:
        file = source.open("rb")
    except FileNotFoundError as error:
        raise ImageError(f"{name} does not exist.") from error
    except (OSError, ValueError) as error:
        raise ImageError(f"{name} cannot be opened; check who may read it.") from error
    with file:
        yield file


def _encode(suffix: str, pixels: MatLike, parameters: list[int]) -> bytes:
    try:
        done, content = cv2.imencode(suffix, pixels, parameters)
    except cv2.error as error:
        raise ValueError(f"an array of shape {pixels.shape} cannot be encoded") from error
    if not done:
        raise ValueError(f"an array of shape {pixels.shape} cannot be encoded")
    return content.tobytes()
