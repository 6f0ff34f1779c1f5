"""A header must say what a full read finds: Pillow decodes, and the two are compared."""

from __future__ import annotations

import io
import os
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from maskcore import image_io
from maskcore.errors import ImageError
from maskcore.image_io import probe as image_probe
from maskcore.image_io.probe import Probe
from tests.hostile.picture_files import chunk, exif, png, tiff

DATA = os.environ.get("MASKCORE_TEST_DATA")
PIXELS = np.random.default_rng(0).integers(0, 256, (20, 30, 3), np.uint8)
LARGE = np.random.default_rng(1).integers(0, 256, (300, 400, 3), np.uint8)
XMP = '<x:xmpmeta><rdf:Description tiff:Orientation="6"/></x:xmpmeta>'


def saved(kind: str, pixels: np.ndarray = PIXELS, **options: Any) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, kind, **options)
    return buffer.getvalue()


def probe(content: bytes) -> Probe:
    return image_probe.probe(io.BytesIO(content))


def agrees(content: bytes) -> Probe:
    """The header's word, after a full read has confirmed it."""
    opened = image_io.read(content)
    found = probe(content)
    assert found.size_hw == opened.image.shape[:2]
    assert found.orientation == opened.orientation
    assert found.format == opened.format.replace("MPO", "JPEG")
    assert not found.is_cut_short
    return found


def with_segments(content: bytes, *segments: tuple[int, bytes]) -> bytes:
    """A JPEG with more segments behind its first marker."""
    more = b"".join(
        struct.pack(">BBH", 0xFF, marker, len(content) + 2) + content
        for marker, content in segments
    )
    return content[:2] + more + content[2:]


def oriented(kind: str, orientation: int) -> bytes:
    block = exif(orientation)
    if kind == "PNG behind the pixels":
        end = chunk(b"IEND", b"")
        return saved("PNG").removesuffix(end) + chunk(b"eXIf", block) + end
    if kind == "PNG as text":
        text = b"Raw profile type exif\0\nexif\n    26\n" + (b"Exif\0\0" + block).hex().encode()
        return png((3, 2), 8, 0, bytes(6), chunk(b"tEXt", text))
    if kind == "TIFF":
        return tiff((3, 2), [8], 1, bytes(6), t274=(3, [orientation]))
    return saved(kind, exif=b"Exif\0\0" + block if kind == "JPEG" else block)


ORIENTED = ["JPEG", "PNG", "PNG behind the pixels", "PNG as text", "TIFF", "WEBP", "AVIF"]


@pytest.mark.parametrize("kind", ORIENTED)
@pytest.mark.parametrize("orientation", range(1, 9))
def test_every_orientation_is_told(kind: str, orientation: int) -> None:
    found = agrees(oriented(kind, orientation))
    assert found.orientation == orientation
    assert (found.stored_hw == found.size_hw) == (orientation < 5)


@pytest.mark.parametrize("orientation", [0, 9, 255])
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_an_orientation_that_is_none_is_upright(kind: str, orientation: int) -> None:
    assert agrees(oriented(kind, orientation)).orientation == 1


@pytest.mark.parametrize(
    "options",
    [
        {"progressive": True},
        {"quality": 100, "subsampling": 0},
        {"comment": b"\xff\xd9 no end"},
        {"icc_profile": bytes(100_000)},
    ],
)
def test_jpegs_of_many_kinds_are_read(options: dict[str, Any]) -> None:
    assert agrees(saved("JPEG", LARGE, **options)).size_hw == (300, 400)
    cmyk = io.BytesIO()
    Image.fromarray(PIXELS).convert("CMYK").save(cmyk, "JPEG")
    agrees(cmyk.getvalue())
    agrees(saved("JPEG", PIXELS[..., 0]))


def test_a_jpeg_may_have_fill_bytes_and_odd_segments() -> None:
    content = saved("JPEG")
    agrees(content[:2] + b"\xff\xff\xff" + content[2:])
    agrees(with_segments(content, (0xE1, b"neither"), (0xFE, b""), (0xED, b"Photoshop 3.0\0")))


def test_a_jpegs_xmp_counts_where_exif_says_nothing() -> None:
    xmp = 0xE1, b"http://ns.adobe.com/xap/1.0/\0" + XMP.encode()
    content = saved("JPEG")
    assert agrees(with_segments(content, xmp)).orientation == 6
    assert agrees(with_segments(content, xmp, (0xE1, b"Exif\0\0" + exif(3)))).orientation == 3
    long = b"Exif\0\0" + exif(8)
    split = (0xE1, long[:20]), (0xE1, b"Exif\0\0" + long[20:])
    assert agrees(with_segments(content, *split)).orientation == 8
    for broken in (
        b"Exif\0\0",
        b"Exif\0\0MM",
        b"Exif\0\0" + exif(6)[:15],
        b"Exif\0\0" + b"\xff" * 30,
    ):
        agrees(with_segments(content, (0xE1, broken)))


def test_a_pngs_xmp_counts_where_exif_says_nothing() -> None:
    def text(words: bytes) -> bytes:
        return chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + words)

    assert agrees(png((3, 2), 8, 0, bytes(6), text(XMP.encode()))).orientation == 6
    assert agrees(png((3, 2), 8, 0, bytes(6), text(b"\xff" + XMP.encode()))).orientation == 6
    exif_too = chunk(b"eXIf", exif(3))
    assert agrees(png((3, 2), 8, 0, bytes(6), exif_too, text(XMP.encode()))).orientation == 3


def test_a_webps_xmp_counts_too() -> None:
    assert agrees(saved("WEBP", xmp=XMP.encode())).orientation == 6
    assert agrees(saved("WEBP", lossless=True)).size_hw == (20, 30)
    assert agrees(saved("WEBP")).size_hw == (20, 30)
    alpha = np.dstack((PIXELS, PIXELS[..., 0]))
    assert agrees(saved("WEBP", alpha, exif=exif(5))).orientation == 5


def test_the_first_of_several_pictures_counts() -> None:
    first, second = (Image.fromarray(pixels) for pixels in (PIXELS, LARGE))
    for kind in ("MPO", "TIFF", "GIF", "WEBP", "PNG"):
        buffer = io.BytesIO()
        first.save(buffer, kind, save_all=True, append_images=[second.resize(first.size)])
        assert agrees(buffer.getvalue()).size_hw == (20, 30)


@pytest.mark.parametrize("kind", ["BMP", "GIF", "TIFF", "AVIF", "PNG", "JPEG", "WEBP"])
@pytest.mark.parametrize("size_hw", [(1, 1), (1, 300), (200, 3)])
def test_sizes_are_told_of_every_format(kind: str, size_hw: tuple[int, int]) -> None:
    found = agrees(saved(kind, np.zeros((*size_hw, 3), np.uint8)))
    assert found == Probe(kind, size_hw, 1, False)


# What is cut short


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "progressive JPEG", "oriented JPEG"])
@pytest.mark.parametrize("pixels", [PIXELS, LARGE], ids=["small", "large"])
def test_a_file_cut_anywhere_never_seems_whole(kind: str, pixels: np.ndarray) -> None:
    options: dict[str, Any] = {"progressive JPEG": {"progressive": True}}.get(kind, {})
    if kind == "oriented JPEG":
        thumbnail = saved("JPEG")
        options["exif"] = b"Exif\0\0" + exif(6) + thumbnail
    whole = saved(kind.split(" ")[-1], pixels, **options)
    agrees(whole)
    step = max(1, len(whole) // 60)
    for length in [*range(0, len(whole), step), *range(len(whole) - 12, len(whole))]:
        part = whole[:length]
        if opens(part):  # a PNG does without its last checksum
            agrees(part)
            assert length >= len(whole) - 4
        else:
            assert seems_cut_short(part)


def opens(content: bytes) -> bool:
    try:
        image_io.read(content)
    except ImageError:
        return False
    return True


def seems_cut_short(content: bytes) -> bool:
    try:
        return probe(content).is_cut_short
    except ImageError:
        return True


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
@pytest.mark.parametrize("n_bytes", [1, 5000, 100_000, 3_000_000])
def test_what_follows_the_end_is_not_missed(kind: str, n_bytes: int) -> None:
    behind = np.random.default_rng(0).integers(0, 255, n_bytes, np.uint8).tobytes()
    agrees(saved(kind, LARGE) + behind.replace(b"\xff", b"\0"))


def test_the_end_is_found_between_two_blocks() -> None:
    whole = saved("JPEG")
    for behind in range(1 << 20, (1 << 20) + 4):
        content = whole[:-2] + b"\0" * (behind - len(whole)) + whole[-2:]
        assert not probe(content + b"\0" * 20_000).is_cut_short


def test_two_pngs_in_a_row_are_the_first() -> None:
    first, second = saved("PNG", LARGE), saved("PNG")
    agrees(first + second)
    agrees(first + second[:-3])
    turned = saved("PNG", LARGE, exif=exif(6))
    assert agrees(first + turned).orientation == 1
    assert agrees(turned + first).orientation == 6


def test_pngs_with_many_pieces_are_read() -> None:
    packed = zlib.compress(b"".join(b"\0" + row.tobytes() for row in LARGE))
    head = saved("PNG", LARGE)[:33]
    pieces = [chunk(b"IDAT", packed[i : i + 100]) for i in range(0, len(packed), 100)]
    turned = chunk(b"eXIf", exif(8))
    end = chunk(b"IEND", b"")
    assert agrees(head + b"".join(pieces) + end).orientation == 1
    assert agrees(head + b"".join(pieces) + turned + end).orientation == 8
    assert agrees(head + turned + b"".join(pieces) + end).orientation == 8
    assert probe(head + b"".join(pieces)).is_cut_short
    assert probe(head + b"".join(pieces) + end[:-5]).is_cut_short


# What is no picture


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"text",
        b"\x89PNG\r\n\x1a\n",
        b"\xff\xd8\xff",
        b"\xff\xd8\xff\xe0\0",
        b"RIFF\0\0\0\0WEBP",
    ],
)
def test_what_is_no_picture_is_one_sentence(content: bytes) -> None:
    with pytest.raises(ImageError, match=r"^a\.png .+\.$"):
        image_probe.probe(io.BytesIO(content), "a.png")


def test_random_changes_never_raise_anything_else() -> None:
    rng = np.random.default_rng(0)
    for kind in ("PNG", "JPEG", "WEBP"):
        whole = np.frombuffer(saved(kind, exif=exif(6)), np.uint8)
        for _ in range(300):
            content = whole.copy()
            content[rng.integers(0, content.size, 3)] = rng.integers(0, 256, 3)
            try:
                probe(content.tobytes())
            except ImageError:
                continue


def test_no_more_than_the_header_and_the_end_is_read() -> None:
    class Counting(io.BytesIO):
        n_read = 0

        def read(self, size: int | None = -1) -> bytes:
            content = super().read(size)
            self.n_read += len(content)
            return content

    large = np.random.default_rng(1).integers(0, 256, (1500, 2000, 3), np.uint8)
    for kind in ("PNG", "JPEG", "WEBP"):
        file = Counting(saved(kind, large))
        assert image_probe.probe(file).size_hw == (1500, 2000)
        assert file.n_read < 60_000


@pytest.mark.skipif(not DATA, reason="needs MASKCORE_TEST_DATA")
def test_real_files_are_as_a_full_read_finds_them() -> None:
    cut = {"pillow__broken_data_stream.png", "pillow__truncated_end_chunk.png"}
    cut |= {"pillow__truncated_jpeg.jpg", "speciesnet__truncated.jpg"}
    for path in sorted(Path(DATA or "").rglob("*.*")):
        if path.suffix not in (".jpg", ".png", ".tif", ".webp", ".bmp"):
            continue
        content = path.read_bytes()
        if opens(content):
            agrees(content)
        else:
            assert path.name not in cut or seems_cut_short(content)
