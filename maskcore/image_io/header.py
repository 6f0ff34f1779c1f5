"""What the bytes of a picture's file say without a decoder: its format, its size, its frames.

Signatures: https://en.wikipedia.org/wiki/List_of_file_signatures; WebP: RFC 9649; GIF: the GIF89a
specification; TIFF: TIFF 6.0 and BigTIFF.
"""

from __future__ import annotations

import codecs
import io
import struct
from typing import IO

from maskcore.errors import ImageError

N_BYTES = 1024
"""Bytes of the file's start that `identify` and `claimed_size` want to see."""

MAX_FRAMES = 10_000
"""Frames are counted up to here; a file may chain millions."""

_PICTURES = (
    ("PNG", b"\x89PNG\r\n\x1a\n"),
    ("JPEG", b"\xff\xd8\xff"),
    ("TIFF", b"II*\0"),
    ("TIFF", b"MM\0*"),
    ("TIFF", b"II+\0"),
    ("TIFF", b"MM\0+"),
    ("GIF", b"GIF87a"),
    ("GIF", b"GIF89a"),
    ("BMP", b"BM"),
)
_SAVE_AS = "save it as JPEG or PNG"
_OTHERS = (
    (0, b"%PDF", "a PDF document", "save the page as PNG"),
    (0, b"%!PS", "a PostScript (EPS) drawing", "save it as PNG"),
    (0, b"8BPS", "a Photoshop (PSD) picture", _SAVE_AS),
    (0, b"\0\0\1\0", "an icon (ICO)", "save it as PNG"),
    (0, b"\0\0\2\0", "a mouse pointer (CUR)", "save it as PNG"),
    (0, b"PK\3\4", "a ZIP archive or an office document", "unpack it and take the pictures in it"),
    (0, b"PK\5\6", "an empty ZIP archive", "take the pictures themselves"),
    (0, b"\x1f\x8b", "a GZIP archive", "unpack it first"),
    (0, b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive", "unpack it first"),
    (0, b"Rar!", "a RAR archive", "unpack it first"),
    (0, b"\xd0\xcf\x11\xe0", "an old office document", "save the picture in it as JPEG or PNG"),
    (0, b"\0\0\0\x0cjP  ", "a JPEG 2000 picture", _SAVE_AS),
    (0, b"\xff\x4f\xff\x51", "a JPEG 2000 picture", _SAVE_AS),
    (0, b"\0\0\0\x0cJXL ", "a JPEG XL picture", _SAVE_AS),
    (0, b"\xff\x0a", "a JPEG XL picture", _SAVE_AS),
    (0, b"v/1\x01", "an OpenEXR picture", "save it as 16-bit PNG or TIFF"),
    (0, b"#?RADIANCE", "a Radiance (HDR) picture", _SAVE_AS),
    (0, b"\x93NUMPY", "a NumPy array", "save it as PNG"),
    (0, b"SIMPLE  =", "a FITS picture", "save it as 16-bit TIFF"),
    (0, b"\x89HDF", "an HDF5 file", "save the picture in it as PNG or TIFF"),
    (128, b"DICM", "a DICOM picture", "save it as 16-bit PNG or TIFF"),
    (0, b"RIFF", "a sound or video (RIFF)", "save a picture of it as JPEG or PNG"),
    (0, b"\x1aE\xdf\xa3", "a video", "save a picture of it as JPEG or PNG"),
)
_HEIC_BRANDS = frozenset([b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"])


def identify(head: bytes, name: str) -> str:
    """Tell which of the formats that can be read a file is in.

    Args:
        head: The first `N_BYTES` bytes, or all of a shorter file.
        name: What the message calls the file.

    Returns:
        "PNG", "JPEG", "TIFF", "GIF", "BMP", "WEBP" or "AVIF".

    Raises:
        ImageError: If it is none of them; says what it is, where that can be told.
    """
    if not head:
        raise ImageError(f"{name} is empty; upload it again.")
    for kind, signature in _PICTURES:
        if head.startswith(signature):
            return kind
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "WEBP"
    if head[4:8] == b"ftyp":
        return _identify_ftyp(head, name)
    for offset, signature, what, advice in _OTHERS:
        if head.startswith(signature, offset):
            raise ImageError(f"{name} is {what}, which cannot be read here; {advice}.")
    raise ImageError(_unknown(head, name))


def _identify_ftyp(head: bytes, name: str) -> str:
    """Tell the relatives of MP4 apart by their brands (ISO/IEC 14496-12, `ftyp`)."""
    end = min(int.from_bytes(head[:4], "big"), len(head))
    brands = {head[8:12], *(head[start : start + 4] for start in range(16, end, 4))}
    if brands & {b"avif", b"avis"}:
        return "AVIF"
    if brands & _HEIC_BRANDS:
        raise ImageError(f"{name} is a HEIC picture, which cannot be read here; {_SAVE_AS}.")
    raise ImageError(
        f"{name} is a video or a camera's raw file, which cannot be read here; "
        "save a picture of it as JPEG or PNG."
    )


def _unknown(head: bytes, name: str) -> str:
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    if b"<svg" in text and text.startswith(b"<"):
        return f"{name} is an SVG drawing, which cannot be read here; save it as PNG."
    if text.startswith((b"<!doctype html", b"<html")):
        return f"{name} is a web page, not a picture; save the picture itself."
    if any(signature.startswith(head) for _, signature in _PICTURES):
        return f"{name} is cut short; upload it again."
    if _is_text(head):
        return f"{name} is a text file, not a picture."
    return (
        f"{name} is not a picture that can be read here; "
        "use JPEG, PNG, WebP, TIFF, BMP, GIF or AVIF."
    )


def _is_text(head: bytes) -> bool:
    try:
        text = codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError:
        return False
    return not any(character < " " and character not in "\t\n\r\f" for character in text)


def claimed_size(kind: str, head: bytes) -> tuple[int, int] | None:
    """Return (width, height) of a WebP or GIF, whose readers already allocate when they open.

    None for the other formats and where the header is too short or too odd to tell.
    """
    if kind == "GIF" and len(head) >= 10:
        width, height = struct.unpack_from("<2H", head, 6)
        return width, height
    if kind != "WEBP" or len(head) < 30:
        return None
    chunk = head[12:16]
    if chunk == b"VP8X":
        return 1 + int.from_bytes(head[24:27], "little"), 1 + int.from_bytes(head[27:30], "little")
    if chunk == b"VP8L":
        bits = int.from_bytes(head[21:25], "little")
        return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    if chunk == b"VP8 ":
        width, height = struct.unpack_from("<2H", head, 26)
        return width & 0x3FFF, height & 0x3FFF
    return None


def count_frames(kind: str, file: IO[bytes]) -> int:
    """Count the frames of a TIFF or GIF up to `MAX_FRAMES`, without decoding any.

    Pillow's own count reads every tag of every frame, which a hostile file makes take minutes. A
    chain that is cut or runs in a circle ends the count. Moves the file's position.
    """
    file.seek(0)
    return max(1, _count_tiff(file) if kind == "TIFF" else _count_gif(file.read()))


def _count_tiff(file: IO[bytes]) -> int:
    head = file.read(4)
    is_big = 43 in head
    count_bytes, tag_bytes, offset_bytes = (8, 20, 8) if is_big else (2, 12, 4)

    def number(n_bytes: int) -> int:
        field = file.read(n_bytes)
        whole = len(field) == n_bytes
        return int.from_bytes(field, "little" if head[:2] == b"II" else "big") if whole else 0

    end = file.seek(0, io.SEEK_END)
    file.seek(8 if is_big else 4)
    seen: set[int] = set()
    offset = number(offset_bytes)
    while 0 < offset < end and offset not in seen and len(seen) < MAX_FRAMES:
        seen.add(offset)
        file.seek(offset)
        tags_end = offset + count_bytes + number(count_bytes) * tag_bytes
        file.seek(min(tags_end, end))
        offset = number(offset_bytes)
    return len(seen)


def _count_gif(content: bytes) -> int:
    def table_bytes(flags: int) -> int:
        return 3 << ((flags & 7) + 1) if flags & 128 else 0

    count = 0
    try:
        position = 13 + table_bytes(content[10])
        while count < MAX_FRAMES:
            if content[position] == 0x21:
                position += 2
            elif content[position] == 0x2C:
                count += 1
                position += 11 + table_bytes(content[position + 9])
            else:
                break
            while content[position]:
                position += 1 + content[position]
            position += 1
    except IndexError:
        pass
    return count
