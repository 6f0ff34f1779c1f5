"""Open a picture file safely: every fault of the file or of a decoder becomes one sentence.

Only the readers listed here are ever tried, and no global setting of Pillow or OpenCV is changed.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO

import numpy as np
import PIL.Image
import PIL.ImageFile
from PIL import (
    AvifImagePlugin,
    BmpImagePlugin,
    ExifTags,
    GifImagePlugin,
    JpegImagePlugin,
    PngImagePlugin,
    TiffImagePlugin,
    WebPImagePlugin,
)

from maskcore import checks
from maskcore.errors import ImageError
from maskcore.image_io import header, pixels
from maskcore.image_io.orientation import exif_orientation, upright_hw
from maskcore.types import Image, Mask


@dataclass(frozen=True)
class ImageFile:
    """A picture as it was in its file.

    Attributes:
        image: (H, W, 3) RGB, upright; where the file is transparent, on white.
        size_hw: (height, width) of the picture in the file, upright.
        alpha: (H, W), True where the file's alpha is 128 to 255; None if it is opaque throughout.
        format: "PNG", "JPEG", "MPO" (a JPEG with several pictures), "TIFF", "WEBP", "GIF", "BMP"
            or "AVIF".
        mode: Pillow's name for the file's pixels, with " 16-bit" where Pillow's would hide it.
        orientation: The EXIF orientation that was undone, 1 to 8; 1 is upright.
        n_frames: Frames or pages in the file, of which the first is ``image``.
        n_bytes: Size of the file.
        notes: One sentence for each thing that was done to the picture.
    """

    image: Image
    size_hw: tuple[int, int]
    alpha: Mask | None
    format: str
    mode: str
    orientation: int
    n_frames: int
    n_bytes: int
    notes: tuple[str, ...]


def decode(
    file: IO[bytes], name: str, *, max_pixels: int, max_side: int, longest: int | None = None
) -> ImageFile:
    """Decode the first frame of a file.

    Args:
        file: The file, open.
        name: What messages call the file.
        max_pixels: Most pixels allowed; no more than Pillow allows, or Pillow decides.
        max_side: Most pixels allowed along one side.
        longest: Let a JPEG come out at a half, a quarter or an eighth of its size, rounded up, as
            long as its longer side keeps this many pixels.

    Raises:
        ImageError: If the file cannot be read or is too large.
    """
    n_bytes = file.seek(0, io.SEEK_END)
    head = _from_start(file).read(header.N_BYTES)
    kind = header.identify(head, name)
    too_large = (
        f"too large: at most {max_pixels:,} pixels, {max_side:,} along one side, can be opened; "
        "make it smaller first."
    )

    def check_size(size_wh: tuple[int, int]) -> None:
        width, height = size_wh
        if width * height > max_pixels or max(size_wh) > max_side:
            raise ImageError(f"{name} has {width:,} × {height:,} pixels and is {too_large}")

    with _faults(name, f"is damaged or a rare kind of {kind}; save it anew as PNG.", too_large):
        check_size(header.claimed_size(kind, head) or (1, 1))
        picture = _READERS[kind](_from_start(file))
        check_size(picture.size)
        _check_tiles(picture)
        n_frames = _n_frames(picture, file)
        size_wh = picture.size
        if longest is not None:
            picture.draft(None, (longest, 1) if size_wh[0] > size_wh[1] else (1, longest))
    with _faults(name, "is cut short or damaged; upload it again.", too_large):
        if kind == "PNG":  # Pillow decodes pixels without looking at their checksums
            PngImagePlugin.PngImageFile(_from_start(file)).verify()
        orientation = _load(picture)
        mode = _full_mode(picture, head)
        image, alpha, notes = pixels.take(picture, file, mode)
        if kind != "TIFF":  # Pillow and OpenCV turn a TIFF themselves
            image, alpha = pixels.turn_upright(image, alpha, orientation)
    if orientation != 1:
        notes.append(f"Turned upright (EXIF orientation {orientation}).")
    if n_frames > 1:
        more = " or more" if n_frames == header.MAX_FRAMES else ""
        notes.append(f"Has {n_frames:,}{more} frames; the first is used.")
    return ImageFile(
        image=image,
        size_hw=upright_hw(kind, size_wh, orientation),
        alpha=alpha,
        format=picture.format or kind,
        mode=mode,
        orientation=orientation,
        n_frames=n_frames,
        n_bytes=n_bytes,
        notes=tuple(notes),
    )


def size_and_orientation(kind: str, file: IO[bytes]) -> tuple[tuple[int, int], int]:
    """Return (width, height) and EXIF orientation as Pillow finds them.

    No pixel is decoded, but of a PNG, which may tell the orientation behind its pixels.

    Args:
        kind: The format, see `header.identify`.
        file: Open and seekable.

    Raises:
        Exception: Whatever Pillow raises on a damaged file.
    """
    picture = _READERS[kind](_from_start(file))
    return picture.size, exif_orientation(picture)


def _from_start(file: IO[bytes]) -> IO[bytes]:
    file.seek(0)
    return file


def _open_jpeg(file: IO[bytes]) -> PIL.ImageFile.ImageFile:
    try:
        return JpegImagePlugin.jpeg_factory(file)
    except Exception:  # a broken index of several pictures must not cost us the first one
        return JpegImagePlugin.JpegImageFile(_from_start(file))


# Pillow's `open` also compares the size with a limit of its own, and warns where we would refuse.
_READERS: dict[str, Callable[[IO[bytes]], PIL.ImageFile.ImageFile]] = {
    "AVIF": AvifImagePlugin.AvifImageFile,
    "BMP": BmpImagePlugin.BmpImageFile,
    "GIF": GifImagePlugin.GifImageFile,
    "JPEG": _open_jpeg,
    "PNG": PngImagePlugin.PngImageFile,
    "TIFF": TiffImagePlugin.TiffImageFile,
    "WEBP": WebPImagePlugin.WebPImageFile,
}


@contextmanager
def _faults(name: str, fault: str, too_large: str) -> Iterator[None]:
    try:
        yield
    except ImageError:
        raise
    except (PIL.Image.DecompressionBombError, PIL.Image.DecompressionBombWarning) as error:
        raise ImageError(f"{name} is {too_large}") from error
    except MemoryError as error:
        raise ImageError(f"{name} needs more memory than there is; make it smaller.") from error
    except Exception as error:  # on a damaged file a decoder raises anything
        raise ImageError(f"{name} {fault}") from error


def _check_tiles(picture: PIL.ImageFile.ImageFile) -> None:
    """Refuse a TIFF whose tiles are far larger than its picture: each is decoded whole."""
    if isinstance(picture, TiffImagePlugin.TiffImageFile):
        tags = picture.tag_v2
        width, height = tags.get(ExifTags.Base.TileWidth, 1), tags.get(ExifTags.Base.TileLength, 1)
        if width * height > checks.MAX_PIXELS:
            raise ValueError(f"tiles of {width} x {height} pixels")


def _n_frames(picture: PIL.ImageFile.ImageFile, file: IO[bytes]) -> int:
    if picture.format in ("TIFF", "GIF"):
        return header.count_frames(picture.format, file)
    return int(getattr(picture, "n_frames", 1))


def _load(picture: PIL.ImageFile.ImageFile) -> int:
    """Decode, and return the EXIF orientation."""
    # Pillow turns a TIFF while it loads and forgets how; a PNG may tell only after its pixels.
    if picture.format == "TIFF":
        orientation = exif_orientation(picture)
        picture.load()
        return orientation
    picture.load()
    return exif_orientation(picture)


def _full_mode(picture: PIL.ImageFile.ImageFile, head: bytes) -> str:
    """Pillow's mode, and the depth where Pillow's mode hides that it is 16 bits."""
    mode = picture.mode
    if mode not in ("RGB", "RGBA", "CMYK"):
        return mode
    if isinstance(picture, PngImagePlugin.PngImageFile) and head[24] == 16:
        gray_alpha = head[25] == 4
        return "LA 16-bit" if gray_alpha else f"{mode} 16-bit"
    if isinstance(picture, TiffImagePlugin.TiffImageFile):
        bits = picture.tag_v2.get(ExifTags.Base.BitsPerSample, (8,))
        return f"{mode} 16-bit" if np.max(bits) == 16 else mode
    return mode
