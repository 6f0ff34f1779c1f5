"""Whatever a file holds, the reader gives an image or an ImageError with one plain sentence.

The folder of test data is found through MASKCORE_TEST_DATA; its hostile/MANIFEST.tsv says what
each file is.
"""

import io
import os
import struct
import subprocess
import sys
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image, ImageOps

from maskcore import image_io
from maskcore.errors import ImageError
from tests.hostile.picture_files import chunk, png, tiff

DATA = Path(os.environ.get("MASKCORE_TEST_DATA", "") or "absent")
needs_data = pytest.mark.skipif(
    not (DATA / "hostile").is_dir(), reason="MASKCORE_TEST_DATA names no folder with hostile/"
)

OPENED = {
    "pillow__16_bit_noise.tif": (32, 32),
    "pillow__g4_orientation_5.tif": (88, 590),
    "pillow__hopper_orientation_6.jpg": (128, 128),
    "pillow__hopper_orientation_6.webp": (128, 128),
    "pillow__hopper_orientation_8.jpg": (128, 128),
    "pillow__hopper_rle8_row_overflow.bmp": (128, 128),
    "pillow__iss634.webp": (245, 245),
    "pillow__lab.tif": (10, 10),
    "pillow__pil_sample_cmyk.jpg": (100, 100),
    "speciesnet__cmyk.jpg": (1536, 2048),
    "torchvision__grayalpha_pytorch.png": (100, 100),
}
REFUSED = {
    "pillow__bmp_b_badbitcount.bmp": "is damaged or a rare kind of BMP",
    "pillow__bmp_b_badwidth.bmp": "is too large",
    "pillow__broken_data_stream.png": "is cut short or damaged",
    "pillow__crash-2020-10-test.tif": "damaged",
    "pillow__decompression_bomb.ico": "is an icon (ICO)",
    "pillow__psd-oob-write-overflow.psd": "is a Photoshop (PSD) picture",
    "pillow__test-ole-file.doc": "is an old office document",
    "pillow__truncated_end_chunk.png": "is cut short or damaged",
    "pillow__truncated_jpeg.jpg": "is cut short or damaged",
    "speciesnet__truncated.jpg": "is cut short or damaged",
    "torchvision__corrupt.jpg": "is cut short or damaged",
}


def opened_or_none(content: bytes) -> np.ndarray | None:
    """The image, or None after an ImageError; anything else that is raised fails the test."""
    try:
        image = image_io.read_image(content)
    except ImageError as error:
        message = str(error)
        assert message.endswith(".")
        assert "\n" not in message
        assert len(message) < 250
        return None
    assert image.dtype == np.uint8
    assert image.ndim == 3
    assert image.shape[2] == 3
    return image


# The collected files


@needs_data
def test_every_collected_file_has_a_verdict():
    names = {path.name for path in (DATA / "hostile").iterdir()} - {"MANIFEST.tsv"}
    assert names == OPENED.keys() | REFUSED.keys()


@needs_data
@pytest.mark.parametrize(("name", "size_hw"), OPENED.items())
def test_a_readable_file_opens_at_its_size(name, size_hw):
    assert image_io.read(DATA / "hostile" / name).image.shape == (*size_hw, 3)


@needs_data
@pytest.mark.parametrize(("name", "what"), REFUSED.items())
def test_a_broken_file_is_refused_by_name(name, what):
    with pytest.raises(ImageError) as caught:
        image_io.read(DATA / "hostile" / name)
    message = str(caught.value)
    assert message.startswith(name)
    assert what in message
    assert str(DATA) not in message


@needs_data
@pytest.mark.parametrize(
    "name",
    [
        "pillow__g4_orientation_5.tif",
        "pillow__hopper_orientation_6.jpg",
        "pillow__hopper_orientation_6.webp",
        "pillow__hopper_orientation_8.jpg",
        "pillow__hopper_rle8_row_overflow.bmp",
        "pillow__pil_sample_cmyk.jpg",
        "speciesnet__cmyk.jpg",
    ],
)
def test_the_picture_is_the_one_that_pillow_shows(name):
    with Image.open(DATA / "hostile" / name) as picture:
        upright = ImageOps.exif_transpose(picture).convert("RGB")
    np.testing.assert_array_equal(image_io.read_image(DATA / "hostile" / name), upright)


@needs_data
def test_collected_pictures_with_a_rule_of_their_own():
    noise = image_io.read_image(DATA / "hostile" / "pillow__16_bit_noise.tif")
    values = cv2.imread(str(DATA / "hostile" / "pillow__16_bit_noise.tif"), cv2.IMREAD_UNCHANGED)
    assert 255 < values.max() <= 1023  # so 10 bits
    np.testing.assert_array_equal(noise[..., 1], np.rint(values * (255 / 1023)))

    faded = image_io.read(DATA / "hostile" / "torchvision__grayalpha_pytorch.png")
    gray, alpha = np.moveaxis(
        np.asarray(Image.open(DATA / "hostile" / "torchvision__grayalpha_pytorch.png")), 2, 0
    )
    on_white = gray * (alpha / 255) + (255 - alpha)
    assert np.abs(faded.image[..., 0] - on_white).max() <= 0.51
    np.testing.assert_array_equal(faded.alpha, alpha >= 128)

    frames = image_io.read(DATA / "hostile" / "pillow__iss634.webp")
    assert frames.n_frames == 42
    content = np.fromfile(DATA / "hostile" / "pillow__iss634.webp", np.uint8)
    peer = cv2.cvtColor(cv2.imdecode(content, cv2.IMREAD_UNCHANGED), cv2.COLOR_BGRA2RGB)
    assert np.abs(frames.image.astype(int) - peer).mean() < 2


@needs_data
@pytest.mark.parametrize("orientation", range(9))
def test_the_landscape_is_upright_however_the_camera_was_held(orientation):
    folder = DATA / "photos" / "exif"
    first = image_io.read_image(folder / "Landscape_1.jpg").astype(int)
    opened = image_io.read(folder / f"Landscape_{orientation}.jpg")
    assert opened.image.shape == first.shape
    assert np.abs(opened.image - first).mean() < 8


@needs_data
@pytest.mark.skipif(sys.platform != "linux", reason="reads the peak from /proc")
def test_reading_hostile_files_takes_little_memory():
    # Not ru_maxrss: a new process inherits that of the one that started it.
    script = r"""
import re, resource, sys
from pathlib import Path
from maskcore import image_io
from maskcore.errors import ImageError
resource.setrlimit(resource.RLIMIT_AS, (1 << 30, 1 << 30))
for path in sorted(Path(sys.argv[1]).iterdir()):
    try:
        image_io.read(path)
    except ImageError as error:
        if isinstance(error.__cause__, MemoryError):
            raise
print(re.search(r"VmHWM:\s*(\d+) kB", Path("/proc/self/status").read_text())[1])
"""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", script, str(DATA / "hostile")],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env={**os.environ, "PYTHONPATH": str(Path(image_io.__file__).parents[2])},
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert int(done.stdout) < 300_000  # kB


# Files that are made here


def good_files() -> dict[str, bytes]:
    rng = np.random.default_rng(5)
    smooth = cv2.resize(rng.integers(0, 256, (6, 8, 3), dtype=np.uint8), (64, 48))
    picture = Image.fromarray(smooth)
    deep = (smooth.astype(np.uint16) * 257)[..., ::-1]

    def saved(kind: str, of: Image.Image = picture, **options) -> bytes:
        buffer = io.BytesIO()
        of.save(buffer, kind, **options)
        return buffer.getvalue()

    return {
        "PNG": saved("PNG"),
        "PNG 16-bit": cv2.imencode(".png", deep)[1].tobytes(),
        "PNG palette": saved("PNG", picture.quantize(16)),
        "JPEG": saved("JPEG"),
        "JPEG progressive": saved("JPEG", progressive=True),
        "MPO": saved("MPO", save_all=True, append_images=[picture]),
        "TIFF": saved("TIFF"),
        "TIFF LZW": saved("TIFF", compression="tiff_lzw"),
        "TIFF JPEG": saved("TIFF", compression="jpeg"),
        "TIFF 16-bit": cv2.imencode(".tif", deep)[1].tobytes(),
        "WEBP": saved("WEBP"),
        "WEBP lossless": saved("WEBP", lossless=True),
        "GIF": saved("GIF", save_all=True, append_images=[picture.rotate(180)]),
        "BMP": saved("BMP"),
        "AVIF": saved("AVIF", speed=10) if "AVIF" in Image.SAVE else b"",
    }


GOOD = good_files()
whatever_the_format = pytest.mark.parametrize("kind", [kind for kind in GOOD if GOOD[kind]])


@whatever_the_format
def test_a_cut_file_is_refused_or_whole(kind):
    content = GOOD[kind]
    whole = image_io.read_image(content)
    steps = np.unique(np.linspace(0, len(content) - 1, 120).astype(int)).tolist()
    for length in {*steps, *range(len(content) - 12, len(content))}:
        image = opened_or_none(content[:length])
        if image is not None:
            np.testing.assert_array_equal(image, whole, err_msg=f"cut at {length}")


@whatever_the_format
def test_flipped_bits_raise_nothing_else(kind):
    rng = np.random.default_rng(11)
    for n_flips in [1] * 60 + [8] * 40:
        content = bytearray(GOOD[kind])
        # Half of the flips hit the headers, where there is more to break.
        reach = len(content) if n_flips == 8 else min(len(content), 120)
        for at in rng.integers(0, reach, n_flips):
            content[at] ^= 1 << int(rng.integers(8))
        opened_or_none(bytes(content))


@pytest.mark.parametrize("kind", ["PNG", "PNG 16-bit", "PNG palette"])
def test_a_flipped_bit_in_a_pngs_pixels_is_never_shown(kind):
    whole = image_io.read_image(GOOD[kind])
    start = GOOD[kind].index(b"IDAT") + 4
    rng = np.random.default_rng(12)
    for at in rng.integers(start, len(GOOD[kind]) - 16, 100):
        content = bytearray(GOOD[kind])
        content[at] ^= 1 << int(rng.integers(8))
        image = opened_or_none(bytes(content))
        assert image is None or np.array_equal(image, whole)


def test_random_bytes_are_refused():
    rng = np.random.default_rng(13)
    heads = [content[:size] for content in GOOD.values() for size in (4, 12, 40)]
    for head in [b""] * 100 + heads * 3:
        opened_or_none(head + rng.bytes(int(rng.integers(0, 400))))


def test_random_tiff_tags_raise_nothing_else():
    rng = np.random.default_rng(14)
    tags = [254, 258, 259, 262, 266, 274, 277, 278, 284, 317, 320, 322, 323, 330, 338, 339, 530]
    for _ in range(300):
        chosen = {
            f"t{tag}": (int(rng.choice([3, 4])), rng.integers(0, 40, rng.integers(1, 5)).tolist())
            for tag in rng.choice(tags, 3)
        }
        opened_or_none(tiff((4, 4), [8, 8, 8], 2, rng.bytes(48), **chosen))


def test_a_bomb_in_a_pngs_text_is_refused():
    text = b"Comment\0\0" + zlib.compress(bytes(100_000_000), 9)
    bomb = png((1, 1), 8, 0, b"\0", chunk(b"zTXt", text))
    assert opened_or_none(bomb) is None


def gif(width: int, height: int) -> bytes:
    screen = struct.pack("<2HBBB", width, height, 0, 0, 0)
    frame = b"," + struct.pack("<4HB", 0, 0, width, height, 0) + b"\x08\x02\x00\x01\x00"
    return b"GIF89a" + screen + b"!\xf9\x04\x08\0\0\0\0" + frame + b";"


def webp(chunk_name: bytes, content: bytes) -> bytes:
    body = b"WEBP" + chunk_name + struct.pack("<I", len(content)) + content
    return b"RIFF" + struct.pack("<I", len(body)) + body


def bmp(width: int, height: int) -> bytes:
    header = struct.pack("<IiiHHIIiiII", 40, width, height, 1, 24, 0, 0, 0, 0, 0, 0)
    return b"BM" + struct.pack("<IHHI", 54 + 3, 0, 0, 54) + header + b"\0\0\0"


HUGE = {
    "PNG": png((2**31 - 1, 2**31 - 1), 16, 6, b"\0"),
    "PNG of one bit": png((50_000, 50_000), 1, 0, b"\0" * 6250),
    "TIFF": tiff((2**32 - 1, 2**32 - 1), [8, 8, 8], 2, b"\0" * 12),
    "BMP": bmp(2**31 - 1, 2**31 - 1),
    "BMP from above": bmp(40_000, -40_000),
    "GIF": gif(65_535, 65_535),
    "WEBP extended": webp(b"VP8X", bytes([0, 0, 0, 0]) + b"\xff\xff\xff" * 2),
    "WEBP lossless": webp(b"VP8L", b"\x2f" + struct.pack("<I", 16383 | 16383 << 14) + bytes(20)),
    "WEBP lossy": webp(b"VP8 ", b"\x30\1\0\x9d\1\x2a" + struct.pack("<2H", 16383, 16383)),
    "JPEG": GOOD["JPEG"].replace(struct.pack(">2H", 48, 64), b"\xff\xff\xff\xff", 1),
}


@pytest.mark.parametrize("kind", HUGE)
def test_a_huge_claim_is_refused_before_pixels_are_decoded(kind, monkeypatch):
    def never(*_args, **_kwargs):
        raise AssertionError("pixels were decoded")

    monkeypatch.setattr("PIL.ImageFile.ImageFile.load", never)
    monkeypatch.setattr("cv2.imdecode", never)
    with pytest.raises(ImageError, match="is too large"):
        image_io.read(HUGE[kind])


def test_a_tiff_of_one_pixel_in_a_huge_tile_is_refused():
    tile = {"t322": (4, [40_000]), "t323": (4, [40_000]), "t324": (4, [8]), "t325": (4, [9])}
    assert opened_or_none(tiff((1, 1), [8], 1, b"\0", **tile)) is None


@pytest.mark.parametrize("side", [9_000, 12_000, 60_000])
def test_a_gif_frame_beyond_its_screen_counts_in_full(side):
    content = gif(side, side).replace(struct.pack("<2H", side, side), b"\1\0\1\0", 1)
    with pytest.raises(ImageError, match="is too large"):
        image_io.read(content)


def test_a_million_gif_frames_are_not_counted():
    frame = b"," + struct.pack("<4HB", 0, 0, 1, 1, 0) + b"\x02\x02\x44\x01\x00"
    content = b"GIF89a" + struct.pack("<2HBBB", 1, 1, 0, 0, 0) + frame * 1_000_000 + b";"
    assert image_io.read(content).notes == ("Has 10,000 or more frames; the first is used.",)
