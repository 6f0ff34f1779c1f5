"""From a loaded Pillow picture to RGB pixels: any mode, any depth, transparent or not.

OpenCV decodes 16-bit color, of which Pillow keeps only the upper 8 bits.
"""

from __future__ import annotations

from typing import IO, Any

import cv2
import numpy as np
import PIL.Image
import PIL.ImageFile
from numpy.typing import NDArray
from PIL import ExifTags, TiffImagePlugin

from maskcore.image_io import depth
from maskcore.types import Image, Mask

_COLOR_NOTES = {
    "CMYK": "CMYK colors converted to RGB.",
    "LAB": "Lab colors converted to RGB.",
}


def take(
    picture: PIL.ImageFile.ImageFile, file: IO[bytes], mode: str
) -> tuple[Image, Mask | None, list[str]]:
    """Take the pixels out of a loaded picture, and close it.

    Args:
        picture: What Pillow has loaded.
        file: The file it was loaded from.
        mode: Pillow's mode, followed by " 16-bit" where the file has more than Pillow keeps.

    Returns:
        (H, W, 3) RGB on white; (H, W), True where alpha is at least 128, or None if the picture
        is opaque throughout; a sentence for each thing done.
    """
    notes: tuple[str, ...] = ()
    is_premultiplied = False
    if mode in ("LA 16-bit", "RGB 16-bit", "RGBA 16-bit"):
        is_premultiplied = _is_premultiplied(picture)
        image, opacity, notes = _deep_color(picture, file)
    elif mode in ("I", "F") or mode.startswith("I;16"):
        image, opacity, notes = _deep_gray(picture)
    else:
        image, opacity = _eight_bit(picture)
        if picture.mode in _COLOR_NOTES:
            notes = (_COLOR_NOTES[picture.mode],)
    picture.close()

    if opacity is None or opacity.min() == 255:
        return image, None, list(notes)
    _put_on_white(image, opacity, is_premultiplied)
    return image, opacity >= 128, [*notes, "Transparent pixels are shown on white."]


def turn_upright(image: Image, alpha: Mask | None, orientation: int) -> tuple[Image, Mask | None]:
    """Undo an EXIF orientation, 1 to 8 (CIPA DC-008, tag 274)."""
    if alpha is None:
        return _turned(image, orientation), None
    return _turned(image, orientation), _turned(alpha.view(np.uint8), orientation).view(np.bool_)


def _eight_bit(picture: PIL.Image.Image) -> tuple[Image, NDArray[np.uint8] | None]:
    """Convert in strips, so that no whole picture stands in memory a third time."""
    width, height = picture.size
    image = np.empty((height, width, 3), np.uint8)
    opacity = np.empty((height, width), np.uint8) if picture.has_transparency_data else None
    for rows in depth.strips(height, width):
        strip = picture.crop((0, rows.start, width, rows.stop))
        if strip.mode == "La":
            strip = strip.convert("LA")
        if opacity is None:
            image[rows] = np.asarray(strip.convert("RGB"))
        else:
            rgba = np.asarray(strip.convert("RGBA"))
            image[rows], opacity[rows] = rgba[..., :3], rgba[..., 3]
    return image, opacity


def _deep_gray(
    picture: PIL.ImageFile.ImageFile,
) -> tuple[Image, NDArray[np.uint8] | None, tuple[str, ...]]:
    values: NDArray[Any] = np.asarray(picture)
    zero_is_white = False
    if isinstance(picture, TiffImagePlugin.TiffImageFile):
        tags = picture.tag_v2
        zero_is_white = tags.get(ExifTags.Base.PhotometricInterpretation) == 0
        is_unsigned = np.max(tags.get(TiffImagePlugin.SAMPLEFORMAT, 1)) == 1
        if picture.mode == "I" and is_unsigned:  # Pillow has no mode for them
            values = values.view(np.uint32)

    opacity = None
    clear = picture.info.get("transparency")
    if clear is not None:
        opacity = np.where(values == clear, 0, 255).astype(np.uint8)
    gray, notes = depth.to_8_bit(values)
    if zero_is_white:
        np.subtract(255, gray, out=gray)
    return np.repeat(gray[..., None], 3, axis=2), opacity, notes


def _deep_color(
    picture: PIL.ImageFile.ImageFile, file: IO[bytes]
) -> tuple[Image, NDArray[np.uint8] | None, tuple[str, ...]]:
    # Pillow has decoded it, so it is whole: OpenCV alone would show a part of a broken file.
    width, height = picture.size
    has_alpha = picture.has_transparency_data
    file.seek(0)
    content = np.frombuffer(file.read(), np.uint8)
    picture.close()  # frees Pillow's pixels before OpenCV makes its own
    values: NDArray[Any] | None = cv2.imdecode(content, cv2.IMREAD_UNCHANGED)
    if values is None or values.dtype != np.uint16 or values.shape[:2] != (height, width):
        raise ValueError("OpenCV does not read this as 16-bit color")
    opacity = depth.alpha_to_8_bit(values[..., 3]) if has_alpha else None
    image, notes = depth.to_8_bit(values[..., 2::-1])  # OpenCV's order is BGR
    return image, opacity, notes


def _is_premultiplied(picture: PIL.ImageFile.ImageFile) -> bool:
    """Tell whether a TIFF's alpha is "associated": its colors are stored as seen on black."""
    if not isinstance(picture, TiffImagePlugin.TiffImageFile):
        return False
    return 1 in np.atleast_1d(picture.tag_v2.get(TiffImagePlugin.EXTRASAMPLES, 0))


def _put_on_white(image: Image, opacity: NDArray[np.uint8], is_premultiplied: bool) -> None:
    for rows in depth.strips(*opacity.shape):
        alpha = opacity[rows, :, None].astype(np.uint16)
        if is_premultiplied:
            image[rows] = np.minimum(image[rows] + (255 - alpha), 255)
        else:
            image[rows] = (image[rows] * alpha + 255 * (255 - alpha) + 127) // 255


def _turned(pixels: NDArray[np.uint8], orientation: int) -> NDArray[np.uint8]:
    if orientation >= 5:
        pixels = np.asarray(cv2.transpose(pixels), np.uint8)
    flip = {2: 1, 3: -1, 4: 0, 6: 1, 7: -1, 8: 0}.get(orientation)
    return pixels if flip is None else np.asarray(cv2.flip(pixels, flip), np.uint8)
