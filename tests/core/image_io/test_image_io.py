"""Expected pixels are worked out by hand from the bytes that the tests put into the files."""

import errno
import io
import os
import struct
import warnings
from pathlib import Path

import cv2
import numpy as np
import PIL.Image
import pytest
from PIL import Image, features

from maskcore import image_io
from maskcore.errors import ImageError
from maskcore.image_io import pixels as image_pixels
from tests.hostile.picture_files import chunk, exif, png, tiff

RED, GREEN, BLUE, WHITE = [255, 0, 0], [0, 255, 0], [0, 0, 255], [255, 255, 255]

STORED = np.array([[[10, 0, 0], [20, 0, 0], [30, 0, 0]], [[40, 0, 0], [50, 0, 0], [60, 0, 0]]])
"""Two rows of three pixels; the red channel tells which is which."""

UPRIGHT = {
    1: [[10, 20, 30], [40, 50, 60]],
    2: [[30, 20, 10], [60, 50, 40]],
    3: [[60, 50, 40], [30, 20, 10]],
    4: [[40, 50, 60], [10, 20, 30]],
    5: [[10, 40], [20, 50], [30, 60]],
    6: [[40, 10], [50, 20], [60, 30]],
    7: [[60, 30], [50, 20], [40, 10]],
    8: [[30, 60], [20, 50], [10, 40]],
}
"""What a viewer shows of STORED: EXIF's orientation says where row 0 and column 0 are."""


def saved(picture: Image.Image, kind: str, **options) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, kind, **options)
    return buffer.getvalue()


def be16(*values: int) -> bytes:
    return struct.pack(f">{len(values)}H", *values)


def le16(*values: int) -> bytes:
    return struct.pack(f"<{len(values)}H", *values)


# Orientation


def oriented(kind: str, orientation: int) -> bytes:
    pixels = STORED.astype(np.uint8)
    block = chunk(b"eXIf", exif(orientation))
    if kind == "PNG":
        return png((3, 2), 8, 2, pixels.tobytes(), block)
    if kind == "PNG, EXIF behind the pixels":
        end = chunk(b"IEND", b"")
        return png((3, 2), 8, 2, pixels.tobytes()).removesuffix(end) + block + end
    if kind == "PNG 16-bit":
        return png((3, 2), 16, 2, (pixels.astype(">u2") * 257).tobytes(), block)
    if kind == "TIFF":
        return tiff((3, 2), [8, 8, 8], 2, pixels.tobytes(), t274=(3, [orientation]))
    if kind == "TIFF 16-bit":
        deep = (pixels.astype("<u2") * 257).tobytes()
        return tiff((3, 2), [16, 16, 16], 2, deep, t274=(3, [orientation]))
    return saved(Image.fromarray(pixels), "WEBP", lossless=True, exif=exif(orientation))


KINDS = ["PNG", "PNG, EXIF behind the pixels", "PNG 16-bit", "TIFF", "TIFF 16-bit", "WEBP"]


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", KINDS)
def test_every_orientation_is_turned_upright(kind, orientation):
    # Of 16-bit files the largest value is 60 x 257 < 2**14, so 14 bits are scaled.
    opened = image_io.read(oriented(kind, orientation))
    expected = np.array(UPRIGHT[orientation])
    if "16-bit" in kind:
        expected = np.rint(expected * 257 * 255 / (2**14 - 1))
    assert opened.image[..., 0].tolist() == expected.tolist()
    assert not opened.image[..., 1:].any()
    assert opened.orientation == orientation
    note = f"Turned upright (EXIF orientation {orientation})."
    assert (note in opened.notes) == (orientation != 1)
    assert opened.image.flags.c_contiguous


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_jpeg_is_turned_as_a_png_is(orientation):
    blocks = np.kron(STORED, np.ones((8, 8, 1))).astype(np.uint8)
    content = saved(
        Image.fromarray(blocks), "JPEG", quality=100, exif=b"Exif\0\0" + exif(orientation)
    )
    red = image_io.read_image(content)[4::8, 4::8, 0].astype(int)
    assert np.abs(red - np.array(UPRIGHT[orientation])).max() <= 2


@pytest.mark.parametrize("orientation", range(1, 9))
def test_alpha_is_turned_with_the_image(orientation):
    rgba = np.dstack([STORED, np.where(STORED[..., 0] > 35, 255, 0)]).astype(np.uint8)
    opened = image_io.read(png((3, 2), 8, 6, rgba.tobytes(), chunk(b"eXIf", exif(orientation))))
    assert opened.alpha.tolist() == (np.array(UPRIGHT[orientation]) > 35).tolist()


@pytest.mark.parametrize("orientation", [0, 9, 65535])
def test_an_absurd_orientation_is_none(orientation):
    opened = image_io.read(oriented("PNG", orientation))
    assert opened.orientation == 1
    assert opened.image.tolist() == STORED.tolist()


@pytest.mark.parametrize(
    "block",
    [
        b"",
        b"Exif\0\0",
        b"Exif\0\0nonsense",
        b"Exif\0\0" + exif(6)[:15],
        b"Exif\0\0MM\0*\0\0\0\x08\xff\xff" + b"\xee" * 40,
        b"Exif\0\0MM\0*\xff\xff\xff\xff",
        b"Exif\0\0" + exif(6).replace(b"\1\x12\0\3", b"\1\x12\0\2"),
    ],
)
def test_a_jpeg_with_corrupt_exif_still_opens(block):
    picture = Image.new("RGB", (16, 8), (200, 100, 50))
    opened = image_io.read(saved(picture, "JPEG", exif=block))
    assert opened.image.shape == (8, 16, 3)
    assert opened.orientation == 1


def test_a_tiff_with_odd_metadata_still_opens():
    odd = tiff((1, 1), [8], 1, b"\x80", t282=(4, [1, 2, 3]), t305=(2, [b"x" * 9]))
    broken = odd.replace(struct.pack("<HHI", 305, 2, 1), struct.pack("<HHI", 305, 2, 99_999))
    assert image_io.read_image(broken).tolist() == [[[128, 128, 128]]]


# Modes


def test_eight_bit_pixels_stay_as_they_are():
    pixels = np.arange(27, dtype=np.uint8).reshape(3, 3, 3)
    for kind, content in (
        ("PNG", png((3, 3), 8, 2, pixels.tobytes())),
        ("TIFF", tiff((3, 3), [8, 8, 8], 2, pixels.tobytes())),
        ("BMP", saved(Image.fromarray(pixels), "BMP")),
        ("WEBP", saved(Image.fromarray(pixels), "WEBP", lossless=True)),
    ):
        opened = image_io.read(content)
        assert opened.image.tolist() == pixels.tolist()
        assert opened.image.dtype == np.uint8
        assert (opened.format, opened.mode) == (kind, "RGB")
        assert (opened.alpha, opened.notes) == (None, ())
        assert (opened.n_frames, opened.n_bytes) == (1, len(content))


def test_gray_one_bit_and_palette_become_rgb():
    palette = png((2, 1), 8, 3, b"\1\0", chunk(b"PLTE", bytes(RED + GREEN)))
    for content, expected in (
        (png((2, 1), 8, 0, b"\x07\xf0"), [[7] * 3, [240] * 3]),
        (png((2, 1), 1, 0, b"\x40"), [[0] * 3, WHITE]),
        (palette, [GREEN, RED]),
    ):
        opened = image_io.read(content)
        assert opened.image.tolist() == [expected]
        assert opened.alpha is None


def test_a_palette_with_transparency_is_put_on_white():
    palette = chunk(b"PLTE", bytes(RED + GREEN + BLUE))
    clear = chunk(b"tRNS", bytes([0, 255, 127]))
    opened = image_io.read(png((3, 1), 8, 3, b"\0\1\2", palette, clear))
    # 127 of 255: blue stays 255, the others are 255 - 127 = 128
    assert opened.image.tolist() == [[WHITE, GREEN, [128, 128, 255]]]
    assert opened.alpha.tolist() == [[False, True, False]]
    assert opened.notes == ("Transparent pixels are shown on white.",)


def test_one_transparent_color_of_an_opaque_mode():
    gray = png((2, 1), 8, 0, b"\x07\xf0", chunk(b"tRNS", be16(7)))
    assert image_io.read(gray).alpha.tolist() == [[False, True]]
    rgb = png((2, 1), 8, 2, bytes(RED + GREEN), chunk(b"tRNS", be16(*GREEN)))
    assert image_io.read(rgb).alpha.tolist() == [[True, False]]
    bit = png((2, 1), 1, 0, b"\x40", chunk(b"tRNS", be16(0)))
    assert image_io.read(bit).alpha.tolist() == [[False, True]]


def test_gray_with_alpha():
    opened = image_io.read(png((3, 1), 8, 4, bytes([100, 255, 100, 0, 0, 128])))
    # black at 128 of 255 on white is 255 - 128 = 127
    assert opened.image[..., 0].tolist() == [[100, 255, 127]]
    assert opened.alpha.tolist() == [[True, False, True]]
    assert opened.mode == "LA"


def test_compositing_agrees_with_pillow():
    rng = np.random.default_rng(3)
    rgba = rng.integers(0, 256, (40, 50, 4), dtype=np.uint8)
    opened = image_io.read(saved(Image.fromarray(rgba), "PNG"))
    white = Image.new("RGBA", (50, 40), "white")
    peer = np.asarray(Image.alpha_composite(white, Image.fromarray(rgba)).convert("RGB"))
    assert np.abs(opened.image.astype(int) - peer).max() <= 1
    np.testing.assert_array_equal(opened.alpha, rgba[..., 3] >= 128)


def test_an_alpha_that_hides_nothing_is_no_alpha():
    opened = image_io.read(png((2, 1), 8, 6, bytes([*RED, 255, *GREEN, 255])))
    assert opened.image.tolist() == [[RED, GREEN]]
    assert (opened.alpha, opened.notes) == (None, ())


def test_palette_with_alpha_and_premultiplied_alpha_in_tiff():
    # red stored as seen on black at alpha 51 of 255: on white 255, 204, 204
    opened = image_io.read(tiff((1, 1), [8] * 4, 2, bytes([51, 0, 0, 51]), t338=(3, [1])))
    assert opened.image.tolist() == [[[255, 204, 204]]]
    deep = tiff((1, 1), [16] * 4, 2, le16(51 * 257, 0, 0, 51 * 257), t338=(3, [1]))
    # the largest color is 13,107 < 2**14, so red is rint(13107 * 255 / 16383) = 204
    assert image_io.read(deep).image.tolist() == [[[255, 204, 204]]]
    gray = tiff((2, 1), [8, 8], 1, bytes([0, 0, 90, 255]), t338=(3, [1]))
    assert image_io.read_image(gray).tolist() == [[WHITE, [90] * 3]]
    palette = Image.new("PA", (2, 1), (1, 255))
    palette.putpalette(RED + GREEN)
    palette.putpixel((1, 0), (0, 0))
    assert image_io.read_image(saved(palette, "TIFF")).tolist() == [[GREEN, WHITE]]


def test_cmyk_becomes_rgb():
    flat = Image.new("CMYK", (16, 16), (255, 0, 0, 0))
    for content in (saved(flat, "TIFF"), saved(flat, "JPEG", quality=100)):
        opened = image_io.read(content)
        np.testing.assert_allclose(opened.image[8, 8], [0, 255, 255], atol=3)
        assert opened.mode == "CMYK"
        assert "CMYK colors converted to RGB." in opened.notes


def test_lab_becomes_rgb():
    # L 255 is 100 %, a = b = 128 is neutral in Pillow's unsigned Lab
    opened = image_io.read(tiff((2, 1), [8, 8, 8], 8, bytes([255, 0, 0, 0, 0, 0])))
    assert np.abs(opened.image.astype(int) - [[WHITE, [0, 0, 0]]]).max() <= 2
    assert "Lab colors converted to RGB." in opened.notes


def test_the_first_frame_of_a_gif_and_a_webp():
    frames = [Image.new("RGB", (4, 3), color) for color in ("red", "lime", "blue")]
    for kind, options in (("GIF", {}), ("WEBP", {"lossless": True}), ("PNG", {}), ("TIFF", {})):
        content = saved(frames[0], kind, save_all=True, append_images=frames[1:], **options)
        opened = image_io.read(content)
        assert opened.image.tolist() == [[RED] * 4] * 3
        assert opened.n_frames == 3
        assert opened.notes == ("Has 3 frames; the first is used.",)


def test_a_chain_of_tiff_pages_that_runs_in_a_circle_ends():
    content = bytearray(tiff((1, 1), [8], 1, b"\x80"))
    content[8 + 2 + 12 * 9 : 8 + 2 + 12 * 9 + 4] = struct.pack("<I", 8)
    assert image_io.read(bytes(content)).n_frames == 1


def test_a_page_that_claims_more_tags_than_a_file_can_hold_is_the_last(tmp_path):
    pages = [Image.new("L", (1, 1)), Image.new("L", (1, 1))]
    content = saved(pages[0], "TIFF", save_all=True, append_images=pages[1:], big_tiff=True)
    (second,) = struct.unpack_from("<Q", content, 16 + 8 + 20 * content[16])
    path = tmp_path / "pages.tif"
    path.write_bytes(content[:second] + b"\xff" * 8 + content[second + 8 :])
    assert image_io.read(path).n_frames == 2
    assert image_io.read(path.read_bytes()).n_frames == 2


def test_the_first_picture_of_a_phones_mpo():
    left, right = (Image.new("RGB", (16, 16), color) for color in ("red", "blue"))
    content = saved(left, "MPO", save_all=True, append_images=[right])
    opened = image_io.read(content)
    assert (opened.format, opened.n_frames) == ("MPO", 2)
    np.testing.assert_allclose(opened.image[8, 8], RED, atol=3)

    broken = content.replace(b"MPF\0", b"MPF\0" + b"\xff" * 4)
    assert image_io.read(broken[:-4] + b"\xff\xd9").image.shape == (16, 16, 3)


@pytest.mark.skipif(not features.check("avif"), reason="this Pillow reads no AVIF")
def test_avif():
    content = saved(Image.new("RGB", (32, 16), (200, 100, 50)), "AVIF", quality=90)
    opened = image_io.read(content)
    assert opened.format == "AVIF"
    assert opened.image.shape == (16, 32, 3)
    np.testing.assert_allclose(opened.image[8, 8], [200, 100, 50], atol=6)


# Depth


def deep_file(kind: str, values: tuple[int, ...], n_channels: int) -> bytes:
    """One row of 16-bit pixels, gray or RGB."""
    size_wh = (len(values) // n_channels, 1)
    if kind == "PNG":
        return png(size_wh, 16, {1: 0, 3: 2}[n_channels], be16(*values))
    order, packed = ("<", le16(*values)) if kind == "TIFF" else (">", be16(*values))
    return tiff(size_wh, [16] * n_channels, {1: 1, 3: 2}[n_channels], packed, order)


DEEP_KINDS = pytest.mark.parametrize("kind", ["PNG", "TIFF", "big-endian TIFF"])


@DEEP_KINDS
@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ((0, 257, 32767, 32896, 65535), [0, 1, 127, 128, 255]),  # v / 257
        ((0, 1023), [0, 255]),
        ((0, 1024, 4095), [0, 64, 255]),  # 1024 / 4095 x 255 = 63.77
        ((0, 8000), [0, 125]),  # 8000 / 16383 x 255 = 124.52
        ((0, 200, 255), [0, 200, 255]),
        ((0, 0), [0, 0]),
    ],
)
def test_16_bit_gray_is_scaled_from_the_depth_it_uses(kind, values, expected):
    opened = image_io.read(deep_file(kind, values, 1))
    assert opened.image[0].tolist() == [[value] * 3 for value in expected]
    assert opened.mode.startswith("I;16")


@DEEP_KINDS
@pytest.mark.parametrize(
    ("values", "expected", "note"),
    [
        ((65535, 0, 257), [255, 0, 1], "Values 0 to 65,535 (16 bits) scaled to 8 bits."),
        # 2048 / 4095 x 255 = 127.53
        ((4095, 2048, 0), [255, 128, 0], "Values 0 to 4,095 (12 bits) scaled to 8 bits."),
        ((9, 255, 0), [9, 255, 0], "Values 0 to 255 stored in 16 bits, kept as they are."),
    ],
)
def test_16_bit_color_keeps_its_hues(kind, values, expected, note):
    opened = image_io.read(deep_file(kind, values, 3))
    assert opened.image.tolist() == [[expected]]
    assert opened.mode == "RGB 16-bit"
    assert opened.notes == (note,)


def test_16_bit_alpha_is_not_a_color():
    # alpha is opaque at 65,535, while the colors reach only 4,095
    pixels = be16(4095, 0, 0, 65535, 4095, 0, 0, 0)
    opened = image_io.read(png((2, 1), 16, 6, pixels))
    assert opened.image.tolist() == [[RED, WHITE]]
    assert opened.alpha.tolist() == [[True, False]]
    assert opened.mode == "RGBA 16-bit"

    gray = image_io.read(png((2, 1), 16, 4, be16(65535, 65535, 0, 0)))
    assert gray.image.tolist() == [[WHITE, WHITE]]
    assert gray.mode == "LA 16-bit"
    little = tiff((1, 1), [16] * 4, 2, le16(65535, 0, 0, 65535), t338=(3, [2]))
    assert image_io.read(little).image.tolist() == [[RED]]


def test_one_transparent_color_of_16_bits():
    gray = png((2, 1), 16, 0, be16(258, 65535), chunk(b"tRNS", be16(258)))
    assert image_io.read(gray).alpha.tolist() == [[False, True]]
    rgb = png((2, 1), 16, 2, be16(1, 2, 3, 65535, 0, 0), chunk(b"tRNS", be16(1, 2, 3)))
    opened = image_io.read(rgb)
    assert opened.image.tolist() == [[WHITE, RED]]
    assert opened.alpha.tolist() == [[False, True]]


def test_a_tiff_in_which_zero_is_white():
    assert image_io.read_image(tiff((2, 1), [8], 0, b"\0\xff"))[0, :, 0].tolist() == [255, 0]
    assert image_io.read_image(tiff((2, 1), [16], 0, le16(0, 65535)))[0, :, 0].tolist() == [255, 0]


def test_packed_12_bit_tiff():
    # two 12-bit samples in three bytes: 0xFFF and 0x800
    opened = image_io.read(tiff((2, 1), [12], 1, b"\xff\xf8\x00"))
    assert opened.image[0, :, 0].tolist() == [255, 128]


def float_tiff(*values: float) -> bytes:
    pixels = struct.pack(f"<{len(values)}f", *values)
    return tiff((len(values), 1), [32], 1, pixels, t339=(3, [3]))


def test_floats_are_stretched_over_their_finite_values():
    opened = image_io.read(float_tiff(-1.0, 0.0, float("nan"), 1.0, float("inf")))
    assert opened.image[0, :, 0].tolist() == [0, 128, 0, 255, 0]  # 127.5 rounds to even
    assert opened.notes == (
        "Values -1 to 1 scaled to 8 bits.",
        "Values that are not finite numbers (2) are shown black.",
    )
    assert image_io.read(float_tiff(0.0, 3.4e38, -3.4e38)).image[0, :, 0].tolist() == [128, 255, 0]


def test_a_constant_float_picture_is_black():
    assert not image_io.read_image(float_tiff(2.5, 2.5)).any()


def test_floats_without_a_finite_value_are_refused():
    with pytest.raises(ImageError, match="no number that can be shown"):
        image_io.read(float_tiff(float("nan"), float("inf")))


def test_32_bit_integers_are_stretched():
    signed = struct.pack("<3i", -100, 0, 100)
    unsigned = struct.pack("<3I", 0, 2**31, 2**32 - 2)
    for pixels, sample_format in ((signed, 2), (unsigned, 1)):
        content = tiff((3, 1), [32], 1, pixels, t339=(3, [sample_format]))
        assert image_io.read_image(content)[0, :, 0].tolist() == [0, 128, 255]
    labels = tiff((3, 1), [32], 1, struct.pack("<3i", 0, 35_000, 70_000), t339=(3, [2]))
    assert image_io.read_image(labels)[0, :, 0].tolist() == [0, 128, 255]


# Limits and refusals


def test_the_limits_are_inclusive():
    content = png((4, 3), 8, 0, bytes(12))
    assert image_io.read(content, max_pixels=12, max_side=4).image.shape == (3, 4, 3)
    for limits, allowed in (
        ({"max_pixels": 11}, "at most 11 pixels, 65,535 along one side"),
        ({"max_side": 3}, "at most 50,000,000 pixels, 3 along one side"),
    ):
        with pytest.raises(ImageError) as caught:
            image_io.read(content, **limits)
        assert str(caught.value) == (
            f"The file has 4 × 3 pixels and is too large: {allowed}, can be opened; "
            "make it smaller first."
        )


def test_limits_that_cannot_be_kept_are_the_callers_mistake():
    content = png((1, 1), 8, 0, b"\0")
    with pytest.raises(ValueError, match="at least 1") as caught:
        image_io.read(content, max_pixels=0)
    assert not isinstance(caught.value, ImageError)
    with pytest.raises(ValueError, match="at most 89478485"):
        image_io.read(content, max_pixels=89_478_486)
    assert image_io.read(content, max_pixels=89_478_485).image.shape == (1, 1, 3)


def test_pillows_own_settings_are_left_alone():
    from PIL import ImageFile

    def settings():
        opening = PIL.Image.OPEN
        return PIL.Image.MAX_IMAGE_PIXELS, ImageFile.LOAD_TRUNCATED_IMAGES, dict(opening)

    before = settings()
    image_io.read(png((1, 1), 16, 2, be16(1, 2, 3)))
    with pytest.raises(ImageError):
        image_io.read(png((50_000, 50_000), 8, 0, b""))
    assert settings() == before


def test_a_program_can_have_readable_files_warn_of_nothing():
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        image_io.quiet_warnings()
        image_io.quiet_warnings()
        test_a_tiff_with_odd_metadata_still_opens()
        filters = list(warnings.filters)
        assert filters == list(dict.fromkeys(filters))
    assert caught == []


def test_reading_leaves_the_warnings_of_the_process_alone():
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        before = list(warnings.filters)
        test_a_tiff_with_odd_metadata_still_opens()
        image_io.probe.probe(io.BytesIO(tiff((1, 1), [8], 1, b"\x80")))
        assert warnings.filters == before
    assert {warning.category for warning in caught} == {UserWarning}


def test_where_warnings_are_errors_odd_metadata_is_one():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(ImageError):
            test_a_tiff_with_odd_metadata_still_opens()


HEIC = struct.pack(">I", 24) + b"ftypheic\0\0\0\0mif1heic" + bytes(99)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "The file is empty; upload it again."),
        (HEIC, "The file is a HEIC picture, which cannot be read here; save it as JPEG or PNG."),
        (b"%PDF-1.7 x", "The file is a PDF document, which cannot be read here; "),
        (b"8BPS\0\1", "The file is a Photoshop (PSD) picture, which cannot be read here; "),
        (b"\0\0\1\0\1\0", "The file is an icon (ICO), which cannot be read here; "),
        (b"PK\3\4\0", "The file is a ZIP archive or an office document, which cannot be read"),
        (b'<?xml version="1.0"?>\n<svg ', "The file is an SVG drawing, which cannot be read here"),
        (b"<!DOCTYPE html><p>", "The file is a web page, not a picture; save the picture itself."),
        ("ImageId,EncodedPixels\nä,1 3".encode(), "The file is a text file, not a picture."),
        (b"\x89PNG\r", "The file is cut short; upload it again."),
        (bytes(range(128, 200)), "The file is not a picture that can be read here; use JPEG, PNG"),
        (b"\x89PNG\r\n\x1a\n" + bytes(40), "The file is damaged or a rare kind of PNG; save it"),
        (bytes(128) + b"DICM", "The file is a DICOM picture, which cannot be read here; "),
        (struct.pack(">I", 24) + b"ftypisom" + bytes(12), "The file is a video or a camera's raw"),
    ],
)
def test_what_cannot_be_read_is_named(content, sentence):
    with pytest.raises(ImageError) as caught:
        image_io.read(content)
    assert str(caught.value).startswith(sentence)
    assert str(caught.value).endswith(".")


def test_a_cut_file_says_so_and_keeps_the_cause():
    whole = saved(Image.effect_noise((64, 64), 50), "PNG")
    with pytest.raises(ImageError, match=r"^The file is cut short or damaged; upload it") as caught:
        image_io.read(whole[: len(whole) // 2])
    assert isinstance(caught.value.__cause__, OSError)


def test_too_little_memory_says_so(monkeypatch):
    def no_memory(_self):
        raise MemoryError

    monkeypatch.setattr("PIL.ImageFile.ImageFile.load", no_memory)
    with pytest.raises(ImageError, match="needs more memory than there is"):
        image_io.read(png((1, 1), 8, 0, b"\0"))


# Paths


def test_a_path_is_read_by_content(tmp_path):
    path = tmp_path / "holiday.jpg"
    path.write_bytes(png((1, 1), 8, 2, bytes(RED)))
    opened = image_io.read(path)
    assert (opened.format, opened.image.tolist()) == ("PNG", [[RED]])
    assert opened.notes == ("The name ends in .jpg, but this is a PNG file.",)
    assert opened.n_bytes == path.stat().st_size


def test_messages_name_the_file_and_not_its_folder(tmp_path):
    path = tmp_path / "notes.png"
    path.write_text("hello")
    for bad, sentence in (
        (path, "notes.png is a text file, not a picture."),
        (tmp_path / "none.png", "none.png does not exist."),
        (tmp_path, f"{tmp_path.name} is a folder, not a picture."),
        (Path(os.devnull), "null is a device, not a picture."),
    ):
        with pytest.raises(ImageError) as caught:
            image_io.read(bad)
        assert str(caught.value) == sentence


def test_other_sources_are_a_type_error():
    with pytest.raises(TypeError, match="source must be bytes or a path, got BytesIO"):
        image_io.read(io.BytesIO(b"photo"))


# Preview


def area_mean(image: np.ndarray, size_hw: tuple[int, int]) -> np.ndarray:
    """The mean under each pixel, in which a pixel weighs as much as lies under it."""

    def weights(n_old: int, n_new: int) -> np.ndarray:
        old, new = np.arange(n_old), np.arange(n_new)[:, None] * n_old / n_new
        common = np.minimum(old + 1, new + n_old / n_new) - np.maximum(old, new)
        return np.clip(common, 0, None) * n_new / n_old  # (new, old)

    rows, columns = (weights(*sides) for sides in zip(image.shape[:2], size_hw, strict=True))
    return np.einsum("ij,jkc,lk->ilc", rows, image, columns, optimize=True)


def test_a_preview_is_the_mean_of_the_area():
    image = np.array([[[0] * 3, [100] * 3, [10] * 3, [30] * 3]] * 2, np.uint8)
    before = image.copy()
    assert image_io.preview(image, 2).tolist() == [[[50] * 3, [20] * 3]]
    np.testing.assert_array_equal(image, before)


@pytest.mark.parametrize(
    ("size_hw", "longest", "expected_hw"),
    [
        ((90, 120), 100, (75, 100)),
        ((90, 120), 43, (32, 43)),  # 2.79 times as large
        ((91, 121), 30, (23, 30)),  # odd
        ((120, 160), 40, (30, 40)),  # 4 times
        ((150, 200), 20, (15, 20)),  # 10 times
    ],
)
def test_a_preview_of_noise_is_exact_where_nothing_is_halved(size_hw, longest, expected_hw):
    image = np.random.default_rng(0).integers(0, 256, (*size_hw, 3), dtype=np.uint8)
    preview = image_io.preview(image, longest)
    assert preview.shape == (*expected_hw, 3)
    assert np.abs(preview - area_mean(image, expected_hw)).max() < 0.51  # only rounded


@pytest.mark.parametrize(("longest", "n_halvings"), [(140, 1), (70, 2), (35, 3)])
def test_a_halved_preview_is_nearly_the_mean(longest, n_halvings):
    noise = np.random.default_rng(0).integers(0, 256, (304, 400, 3), dtype=np.uint8)
    expected_hw = (round(304 * longest / 400), longest)
    blurred = cv2.GaussianBlur(noise, (0, 0), 2**n_halvings)  # no sharper than a preview can be
    smooth = cv2.normalize(blurred, None, 0, 255, cv2.NORM_MINMAX)
    off = image_io.preview(smooth, longest) - area_mean(smooth, expected_hw)
    assert np.abs(off).mean() < 2.5
    assert np.abs(off).max() < 12

    off = image_io.preview(noise, longest) - area_mean(noise, expected_hw)
    assert abs(off.mean()) < 0.4  # each halving rounds halves up
    assert off.std() < 0.7 * area_mean(noise, expected_hw).std()


@pytest.mark.parametrize("longest", [140, 90, 70, 35])
def test_fine_stripes_leave_no_stronger_moire_than_in_the_mean(longest):
    left, exact = [], []
    for period in (2, 3, 4, 5):
        stripes = np.zeros((304, 400, 3), np.uint8)
        stripes[:, np.arange(400) % period >= period / 2] = 255
        preview = image_io.preview(stripes, longest)
        left.append(np.ptp(preview))
        exact.append(np.ptp(area_mean(stripes, preview.shape[:2])))
    assert max(left) <= 1.25 * max(exact)


def test_a_preview_never_enlarges_and_is_a_copy():
    image = np.zeros((3, 5, 3), np.uint8)
    same = image_io.preview(image, 100)
    same[:] = 9
    assert same.shape == image.shape
    assert not image.any()


@pytest.mark.parametrize(("size_hw", "expected"), [((1, 5000), (1, 10)), ((5000, 1), (10, 1))])
def test_a_preview_has_at_least_one_pixel_per_side(size_hw, expected):
    assert image_io.preview(np.zeros((*size_hw, 3), np.uint8), 10).shape == (*expected, 3)


def test_a_preview_of_nothing_is_refused():
    with pytest.raises(ValueError, match="longest must be at least 1, got 0"):
        image_io.preview(np.zeros((2, 2, 3), np.uint8), 0)


# Writing


@pytest.mark.parametrize("channels", [(), (3,), (4,)])
def test_png_is_lossless_for_every_shape(channels):
    array = np.random.default_rng(0).integers(0, 256, (7, 9, *channels), dtype=np.uint8)
    written = Image.open(io.BytesIO(image_io.encode_png(array)))
    np.testing.assert_array_equal(np.asarray(written), array)
    view = array[::-1, ::2]
    written = Image.open(io.BytesIO(image_io.encode_png(view)))
    np.testing.assert_array_equal(np.asarray(written), view)


@pytest.mark.parametrize("width", [1, 7, 8, 9, 17])
def test_a_mask_is_a_1_bit_png(width):
    mask = np.random.default_rng(1).random((5, width)) > 0.5
    content = image_io.encode_png(mask)
    assert content[24] == 1  # the bit depth in the header
    np.testing.assert_array_equal(np.asarray(Image.open(io.BytesIO(content))), mask)
    by_opencv = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_UNCHANGED)
    np.testing.assert_array_equal(by_opencv, mask * 255)
    np.testing.assert_array_equal(image_io.read_image(content)[..., 0], mask * 255)


def test_what_png_cannot_hold_is_refused():
    for bad in (np.zeros((2, 2)), np.zeros((2, 2, 2), np.uint8), np.zeros((0, 2), np.uint8)):
        with pytest.raises(ValueError, match=r"array must be .*, got"):
            image_io.encode_png(bad)
    with pytest.raises(TypeError, match="got list"):
        image_io.encode_png([[0]])


def test_jpeg_colors_are_rgb():
    image = np.full((16, 16, 3), RED, np.uint8)
    written = np.asarray(Image.open(io.BytesIO(image_io.encode_jpeg(image))))
    np.testing.assert_allclose(written[8, 8], RED, atol=3)


def test_jpeg_refuses_what_it_cannot_hold():
    with pytest.raises(ValueError, match="quality must be 1 to 100, got 0"):
        image_io.encode_jpeg(np.zeros((1, 1, 3), np.uint8), quality=0)
    with pytest.raises(ValueError, match="65,500 pixels along a side, got 65,501 × 1"):
        image_io.encode_jpeg(np.zeros((1, 65_501, 3), np.uint8))
    with pytest.raises(ValueError, match="image must"):
        image_io.encode_jpeg(np.zeros((1, 1), np.uint8))


@pytest.mark.parametrize("name", ["a.png", "a.JPG", "a.jpeg"])
def test_a_written_file_reads_back(tmp_path, name):
    image = np.full((16, 24, 3), (200, 100, 50), np.uint8)
    image_io.write_image(tmp_path / name, image)
    opened = image_io.read(tmp_path / name)
    np.testing.assert_allclose(opened.image, image, atol=3)
    assert opened.notes == ()
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_a_full_disk_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch):
    def full(_):
        raise OSError(errno.ENOSPC, "No space left on device")

    path = tmp_path / "photo.png"
    path.write_bytes(b"old")
    with monkeypatch.context() as patched:
        patched.setattr("os.fsync", full)
        with pytest.raises(OSError, match="No space left"):
            image_io.write_image(path, np.zeros((2, 2, 3), np.uint8))
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [
        ("photo.png", b"old")
    ]
    image_io.write_image(path, np.eye(3, dtype=bool))
    assert image_io.read_image(path)[..., 0].tolist() == (np.eye(3) * 255).tolist()


def test_a_failing_encoder_leaves_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr("cv2.imencode", lambda *_args: (False, None))
    with pytest.raises(ValueError, match="cannot be encoded"):
        image_io.write_image(tmp_path / "photo.png", np.zeros((2, 2, 3), np.uint8))
    assert list(tmp_path.iterdir()) == []


def test_other_endings_are_refused(tmp_path):
    with pytest.raises(ValueError, match=r"must end in \.png, \.jpg or \.jpeg, got photo\.bmp"):
        image_io.write_image(tmp_path / "photo.bmp", np.zeros((2, 2, 3), np.uint8))
    with pytest.raises(FileNotFoundError):
        image_io.write_image(tmp_path / "no" / "photo.png", np.zeros((2, 2, 3), np.uint8))


def test_hidden_colors_do_not_shine_through_a_reduced_cutout() -> None:
    cut = np.zeros((2, 4, 4), np.uint8)
    cut[:, 0] = (200, 100, 50, 255)
    cut[:, 1] = (255, 255, 255, 0)  # hidden white
    cut[:, 2:] = (10, 20, 30, 255)
    small = image_io.preview_cutout(cut, 2)
    wanted = np.array([[[200, 100, 50, 128], [10, 20, 30, 255]]])
    assert np.abs(small.astype(int) - wanted).max() <= 1
    assert cut[0, 1].tolist() == [255, 255, 255, 0]


# Small versions of files


def smooth(size_hw: tuple[int, int]) -> np.ndarray:
    """Blurred noise, as a photo is at the scale of its pixels."""
    noise = np.random.default_rng(0).integers(0, 256, (*size_hw, 3), np.uint8)
    return np.asarray(cv2.GaussianBlur(noise, (0, 0), 4), np.uint8)


@pytest.mark.parametrize("orientation", [1, 6])
@pytest.mark.parametrize("size_hw", [(1201, 1603), (1603, 1201), (900, 17), (3, 1000), (60, 60)])
@pytest.mark.parametrize("longest", [1, 37, 100, 320, 2000])
def test_a_small_version_of_a_jpeg_looks_like_the_preview(size_hw, longest, orientation):
    exif_block = b"Exif\0\0" + exif(orientation)
    content = saved(Image.fromarray(smooth(size_hw)), "JPEG", exif=exif_block, quality=95)
    small = image_io.read_preview(content, longest)
    wanted = image_io.preview(image_io.read_image(content), longest)
    assert small.shape == wanted.shape
    assert small.dtype == np.uint8
    assert np.abs(small.astype(int) - wanted).mean() < 3


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "TIFF", "BMP", "GIF"])
def test_a_small_version_of_any_other_file_is_the_preview(kind):
    content = saved(Image.fromarray(smooth((211, 300))), kind)
    for longest in (1, 50, 1000):
        wanted = image_io.preview(image_io.read_image(content), longest)
        assert (image_io.read_preview(content, longest) == wanted).all()


def test_small_versions_of_gray_cmyk_and_progressive_jpegs():
    for mode, options in [("L", {}), ("CMYK", {}), ("RGB", {"progressive": True})]:
        content = saved(Image.fromarray(smooth((800, 1200))).convert(mode), "JPEG", **options)
        wanted = image_io.preview(image_io.read_image(content), 100)
        assert np.abs(image_io.read_preview(content, 100).astype(int) - wanted).mean() < 3


def test_a_jpeg_is_not_decoded_at_full_size_for_a_small_version(monkeypatch):
    sizes = []
    take = image_pixels.take
    monkeypatch.setattr(
        image_pixels,
        "take",
        lambda picture, *args: sizes.append(picture.size) or take(picture, *args),
    )
    image_io.read_preview(saved(Image.fromarray(smooth((801, 1600))), "JPEG"), 100)
    assert sizes == [(200, 101)]


def test_small_versions_have_the_guards_of_read(tmp_path):
    whole = saved(Image.fromarray(smooth((300, 400))), "JPEG")
    (tmp_path / "cut.jpg").write_bytes(whole[:-2])
    faults = [b"", b"text", whole[: len(whole) // 2], tmp_path / "cut.jpg", tmp_path / "none.jpg"]
    for source in faults:
        with pytest.raises(ImageError) as small:
            image_io.read_preview(source, 10)
        with pytest.raises(ImageError) as full:
            image_io.read(source)
        assert str(small.value) == str(full.value)
    with pytest.raises(ImageError, match="too large"):
        image_io.read_preview(whole, 10, max_pixels=100_000)
    with pytest.raises(ImageError, match="too large"):
        image_io.read_preview(whole, 10, max_side=399)
    with pytest.raises(ValueError, match="longest must be at least 1, got 0"):
        image_io.read_preview(whole, 0)
    with pytest.raises(TypeError, match="source must be bytes or a path, got int"):
        image_io.read_preview(7, 10)


def test_a_file_tells_its_full_size():
    opened = image_io.read(oriented("PNG", 6))
    assert opened.size_hw == opened.image.shape[:2] == (3, 2)
    assert image_io.read(oriented("TIFF", 6)).size_hw == (3, 2)


def test_a_preview_of_one_pixel_is_a_copy():
    one = np.zeros((1, 1, 3), np.uint8)
    assert image_io.preview(one, 1) is not one
    assert image_io.preview(one, 2) is not one
