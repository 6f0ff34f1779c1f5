"""What PNG, JPEG and WebP files say in the pieces they are made of; no pixel is decoded.

PNG: https://www.w3.org/TR/png-3; JPEG: ITU-T T.81, annex B; WebP: RFC 9649; EXIF in JPEG: CIPA
DC-008, 4.7.2.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Callable
from typing import IO, Any, NamedTuple

from PIL import PngImagePlugin

from maskcore.image_io import header

_PNG_PIECE = struct.Struct(">I4s")
_PNG_END = b"\0\0\0\0IEND\xaeB`\x82"
_PNG_METADATA = (b"eXIf", b"iTXt", b"tEXt", b"zTXt")
_TELLING = ("exif", "Raw profile type exif", "XML:com.adobe.xmp", "xmp")
_EXIF = b"Exif\0\0"
_XMP = b"http://ns.adobe.com/xap/1.0/\0"
_JPEG_END = b"\xff\xd9"
_WEBP_EXIF, _WEBP_XMP = 8, 4
_FRAMES = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}
_TAIL = 16_384  # holds the end of most files, and the last piece of pixels of most PNGs
_BLOCK = 1 << 20
_MOST = 1 << 24  # bytes of metadata
_MAX_PIECES = 1 << 20


class Chunks(NamedTuple):
    """What the pieces of a file say.

    Attributes:
        size_wh: (width, height) as stored.
        info: What may tell the orientation, under the names that Pillow gives it: "exif", "xmp",
            "XML:com.adobe.xmp", "Raw profile type exif".
        is_cut_short: Whether the end is missing.
    """

    size_wh: tuple[int, int]
    info: dict[str, Any]
    is_cut_short: bool


def read(kind: str, file: IO[bytes]) -> Chunks | None:
    """Read the pieces of a file.

    Args:
        kind: The format, see `header.identify`.
        file: Open and seekable.

    Returns:
        What they say; None for other formats, and where the file is so odd that only a decoder
        can tell.
    """
    reader = _READERS.get(kind)
    return reader(file, file.seek(0, io.SEEK_END)) if reader else None


def _png(file: IO[bytes], n_bytes: int) -> Chunks | None:
    file.seek(0)
    head = file.read(33)
    if head[8:16] != b"\0\0\0\rIHDR" or len(head) < 33:
        return None
    width, height = struct.unpack_from(">2I", head, 16)
    metadata = PngImagePlugin.PngStream(file)
    n_pixel_chunks = 0
    position = 33
    is_whole = False
    for _ in range(_MAX_PIECES):
        file.seek(position)
        field = file.read(_PNG_PIECE.size)
        if len(field) < _PNG_PIECE.size:
            break
        length, name = _PNG_PIECE.unpack(field)
        end = position + 12 + length
        n_pixel_chunks += name == b"IDAT"
        is_second = name == b"IDAT" and n_pixel_chunks == 2
        if name == b"IEND" or (is_second and _ends_plainly(file, position, n_bytes)):
            is_whole = True
            break
        if end > n_bytes:
            break
        if name in _PNG_METADATA and length <= _MOST:
            metadata.call(name, position + 8, length)
        position = end
    info = {name: metadata.im_info[name] for name in _TELLING if name in metadata.im_info}
    return Chunks((width, height), info, not is_whole)


def _ends_plainly(file: IO[bytes], position: int, n_bytes: int) -> bool:
    """Whether a PNG has its end right behind the pixels, so that those need not be gone through."""
    start = max(position, n_bytes - _TAIL)
    file.seek(start)
    tail = file.read()
    place = tail.rfind(b"IDAT")
    if place < 4 or not tail.endswith(_PNG_END):
        return False
    length = int.from_bytes(tail[place - 4 : place], "big")
    return place + 4 + length + 4 == len(tail) - len(_PNG_END)


def _jpeg(file: IO[bytes], n_bytes: int) -> Chunks | None:
    size_wh: tuple[int, int] | None = None
    info: dict[str, Any] = {}
    position = 2
    for _ in range(_MAX_PIECES):
        file.seek(position)
        field = file.read(4)
        if len(field) < 4:
            return Chunks(size_wh, info, True) if size_wh else None
        marker, length = field[1], int.from_bytes(field[2:], "big")
        if field[0] != 0xFF or not 0xC0 <= marker < 0xFF or 0xD0 <= marker < 0xDA or length < 2:
            return None
        position += 2 + length
        if marker == 0xDA and size_wh and 0 not in size_wh:
            return Chunks(size_wh, info, not _holds(file, _JPEG_END, position, n_bytes))
        if marker == 0xDA:
            break
        if marker in _FRAMES:
            height, width = struct.unpack(">xHH", file.read(5).ljust(5, b"\0"))
            size_wh = width, height
        elif marker == 0xE1:
            _take_metadata(file.read(length - 2), info)
    return None


def _take_metadata(content: bytes, info: dict[str, Any]) -> None:
    if content.startswith(_EXIF):
        # What is too long for one piece goes on in the next.
        info["exif"] = info["exif"] + content[len(_EXIF) :] if "exif" in info else content
    elif content.startswith(_XMP):
        info["xmp"] = content[len(_XMP) :]


def _holds(file: IO[bytes], mark: bytes, start: int, n_bytes: int) -> bool:
    """Whether two bytes stand anywhere behind `start`; most often they do near the end."""
    file.seek(max(start, n_bytes - _TAIL))
    if mark in file.read():
        return True
    if start >= n_bytes - _TAIL:
        return False
    file.seek(start)
    before = b""
    while block := file.read(_BLOCK):
        if mark in before + block:
            return True
        before = block[-1:]
    return False


def _webp(file: IO[bytes], n_bytes: int) -> Chunks | None:
    file.seek(0)
    head = file.read(30)
    size_wh = header.claimed_size("WEBP", head)
    if size_wh is None:
        return None
    end = 8 + int.from_bytes(head[4:8], "little")
    flags = head[20] if head[12:16] == b"VP8X" else 0  # only then is there more than pixels
    info: dict[str, Any] = {}
    position = 12
    for _ in range(_MAX_PIECES if flags & (_WEBP_EXIF | _WEBP_XMP) else 0):
        if position + 8 > min(end, n_bytes):
            break
        file.seek(position)
        name, length = struct.unpack("<4sI", file.read(8))
        if name == b"EXIF" and flags & _WEBP_EXIF:
            info.setdefault("exif", file.read(min(length, _MOST)))
        elif name == b"XMP " and flags & _WEBP_XMP:
            info.setdefault("xmp", file.read(min(length, _MOST)))
        position += 8 + length + length % 2
    return Chunks(size_wh, info, end > n_bytes)


_READERS: dict[str, Callable[[IO[bytes], int], Chunks | None]] = {
    "JPEG": _jpeg,
    "PNG": _png,
    "WEBP": _webp,
}
