"""Whatever a file holds, the reader of masks gives masks or an ImageError with one plain sentence.

The folder of test data is found through MASKCORE_TEST_DATA.
"""

import io
import os
import struct
import subprocess
import sys
import zlib
from pathlib import Path

import numpy as np
import PIL.Image
import pytest

from maskcore import mask_files, rle
from maskcore.errors import ImageError
from maskcore.image_io import stored
from tests.hostile.picture_files import chunk, png, tiff

DATA = Path(os.environ.get("MASKCORE_TEST_DATA", "") or "absent")
needs_data = pytest.mark.skipif(
    not (DATA / "hostile").is_dir(), reason="MASKCORE_TEST_DATA names no folder with hostile/"
)


def read_or_none(source: bytes | Path, **options) -> mask_files.MaskFile | None:
    """The masks, or None after an ImageError; anything else that is raised fails the test."""
    try:
        file = mask_files.read(source, **options)
    except ImageError as error:
        message = str(error)
        assert message.endswith(".")
        assert "\n" not in message
        assert len(message) < 250
        return None
    assert file.kind == options.get("kind", file.kinds[0])
    assert all(it.mask.size_hw == file.size_hw for it in file.instances)
    areas = [rle.area(it.mask) for it in file.instances]
    assert all(areas)
    assert sum(areas) <= file.size_hw[0] * file.size_hw[1]  # they do not overlap
    return file


def saved(picture: PIL.Image.Image, kind: str = "PNG", **options) -> bytes:
    target = io.BytesIO()
    picture.save(target, kind, **options)
    return target.getvalue()


def good_files() -> dict[str, bytes]:
    rng = np.random.default_rng(6)
    labels = np.kron(rng.integers(0, 5, (8, 10)), np.ones((4, 4), int))
    gray = PIL.Image.fromarray((labels * 60).astype(np.uint8))
    deep = PIL.Image.fromarray((labels * 9000).astype(np.uint16))
    coded = PIL.Image.frombytes("P", gray.size, labels.astype(np.uint8).tobytes())
    coded.putpalette(rng.integers(0, 256, 15).tolist())
    clear = coded.convert("RGBA")
    clear.putalpha(gray)
    return {
        "PNG": saved(gray),
        "PNG 1-bit": saved(gray.convert("1")),
        "PNG 16-bit": saved(deep),
        "PNG palette": saved(coded),
        "PNG palette with a clear index": saved(coded, transparency=2),
        "PNG RGBA": saved(clear),
        "TIFF 16-bit": saved(deep, "TIFF"),
        "TIFF 32-bit": saved(PIL.Image.fromarray((labels * 90_000).astype(np.int32)), "TIFF"),
        "TIFF float": saved(PIL.Image.fromarray(labels.astype(np.float32)), "TIFF"),
        "TIFF palette": saved(coded, "TIFF", compression="tiff_lzw"),
        "TIFF RGBA": saved(clear, "TIFF"),
        "BMP palette": saved(coded, "BMP"),
        "GIF": saved(coded, "GIF", transparency=0),
        "WEBP": saved(clear, "WEBP", lossless=True),
        "JPEG": saved(gray, "JPEG"),
    }


GOOD = good_files()
whatever_the_format = pytest.mark.parametrize("kind", GOOD)


@needs_data
@pytest.mark.parametrize(
    "name",
    sorted(path.name for path in (DATA / "hostile").glob("*") if path.suffix != ".tsv")
    if (DATA / "hostile").is_dir()
    else [],
)
def test_a_collected_file_gives_masks_or_a_sentence(name):
    path = DATA / "hostile" / name
    file = read_or_none(path)
    assert file == read_or_none(path.read_bytes())
    for kind in mask_files.KINDS:
        read_or_none(path, kind=kind, threshold=1, quarter_turns=1)


@needs_data
@pytest.mark.skipif(sys.platform != "linux", reason="reads the peak from /proc")
def test_reading_hostile_files_takes_little_memory():
    script = r"""
import re, resource, sys
from pathlib import Path
from maskcore import mask_files
from maskcore.errors import ImageError
resource.setrlimit(resource.RLIMIT_AS, (1 << 30, 1 << 30))
for path in sorted(Path(sys.argv[1]).iterdir()):
    try:
        mask_files.read(path)
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
        env={**os.environ, "PYTHONPATH": str(Path(mask_files.__file__).parents[2])},
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert int(done.stdout) < 400_000  # kB


@whatever_the_format
def test_a_cut_file_is_refused_or_whole(kind):
    whole = mask_files.read(GOOD[kind])
    steps = np.unique(np.linspace(0, len(GOOD[kind]) - 1, 60).astype(int)).tolist()
    for length in steps:
        file = read_or_none(GOOD[kind][:length])
        assert file is None or file == whole, f"cut at {length}"


@whatever_the_format
def test_flipped_bits_raise_nothing_else(kind):
    rng = np.random.default_rng(21)
    for n_flips in [1] * 60 + [8] * 40:
        content = bytearray(GOOD[kind])
        reach = len(content) if n_flips == 8 else min(len(content), 120)
        for at in rng.integers(0, reach, n_flips):
            content[at] ^= 1 << int(rng.integers(8))
        read_or_none(bytes(content))


def test_random_tiff_tags_raise_nothing_else():
    rng = np.random.default_rng(24)
    tags = [254, 258, 259, 262, 266, 274, 277, 278, 284, 317, 320, 322, 323, 330, 338, 339, 530]
    for _ in range(300):
        chosen = {
            f"t{tag}": (int(rng.choice([3, 4])), rng.integers(0, 40, rng.integers(1, 5)).tolist())
            for tag in rng.choice(tags, 3)
        }
        bits = [int(rng.choice([1, 2, 4, 8, 16, 32]))]
        read_or_none(tiff((4, 4), bits, int(rng.choice([0, 1, 3])), rng.bytes(64), **chosen))


@pytest.mark.parametrize(
    "content",
    [
        png((2**31 - 1, 2**31 - 1), 16, 0, b"\0"),
        png((60_000, 60_000), 1, 0, b"\0" * 7500),
        png((9_000, 9_000), 8, 3, b"\0", chunk(b"PLTE", b"\0" * 768)),
        tiff((2**32 - 1, 2**32 - 1), [16], 1, b"\0" * 12),
    ],
)
def test_a_bomb_is_refused_before_pixels_are_decoded(content, monkeypatch):
    def never(*_args, **_kwargs):
        raise AssertionError("pixels were decoded")

    monkeypatch.setattr("PIL.ImageFile.ImageFile.load", never)
    with pytest.raises(ImageError, match="is too large"):
        mask_files.read(content)


def test_a_bomb_in_a_pngs_text_is_refused():
    text = b"Comment\0\0" + zlib.compress(bytes(100_000_000), 9)
    assert read_or_none(png((1, 1), 8, 0, b"\0", chunk(b"zTXt", text))) is None


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"", "is empty"),
        (b"ImageId,EncodedPixels\na,1 2\n", "is a text file"),
        (b"PK\3\4" + bytes(40), "is a ZIP archive"),
        (b"\x93NUMPY" + bytes(80), "is a NumPy array"),
        (b"\0\1\2\3" * 30, "is not a picture"),
    ],
)
def test_a_file_of_another_type_is_named(content, what):
    with pytest.raises(ImageError, match=what):
        mask_files.read(content)


def test_an_index_beyond_the_palette_is_a_class_like_any_other():
    rows = bytes([0, 3, 3, 0])
    content = png((2, 2), 8, 3, rows, chunk(b"PLTE", b"\0\0\0\xff\0\0"))
    file = read_or_none(content, kind="palette")
    assert file is None or [it.label for it in file.instances] == ["3"]


@pytest.mark.parametrize("nothing", [np.nan, np.inf, -np.inf])
def test_floats_that_are_not_finite_are_background(nothing):
    values = np.kron([[nothing, 5], [0, 6]], np.ones((4, 4))).astype(np.float32)
    file = read_or_none(saved(PIL.Image.fromarray(values), "TIFF"))
    assert file is not None
    assert (file.kind, file.left_out) == ("label map", ("0",))
    assert [(it.label, rle.area(it.mask)) for it in file.instances] == [("5", 16), ("6", 16)]


@pytest.mark.parametrize("number", [1e30, -1e30, 2.0**31, np.nan])
def test_floats_that_no_label_can_be_raise_nothing_else(number):
    values = np.array([[0, number, 0.5], [0, number, 0.5]], np.float32)
    for array in (values, values[:, 1:2]):
        content = saved(PIL.Image.fromarray(array), "TIFF")
        for kind in ("auto", *mask_files.KINDS):
            read_or_none(content, **({} if kind == "auto" else {"kind": kind}))


def test_the_most_negative_number_raises_nothing_else():
    for number in (-(2**31), 2**31 - 1, -1):
        values = np.array([[0, number, 3], [0, number, 3]], np.int32)
        read_or_none(saved(PIL.Image.fromarray(values), "TIFF"), kind="label map")


def test_a_speckled_picture_is_refused_as_labels_before_it_takes_gigabytes(monkeypatch):
    monkeypatch.setattr("maskcore.mask_files.kinds._MAX_RUNS", 1000)
    noise = np.random.default_rng(4).integers(0, 4, (100, 100), dtype=np.uint8)
    with pytest.raises(ImageError, match="like a photo"):
        mask_files.read(saved(PIL.Image.fromarray(noise)), kind="label map")
    assert mask_files.read(saved(PIL.Image.fromarray(noise))).kind == "gray"


def test_a_file_that_changes_between_the_two_looks_at_it_is_refused(tmp_path, monkeypatch):
    path = tmp_path / "mask.png"
    path.write_bytes(GOOD["PNG palette"])
    read_image = stored.image_io.read

    def read_and_spoil(source, **options):
        opened = read_image(source, **options)
        path.write_bytes(GOOD["PNG palette"][:60] + struct.pack(">I", 7))
        return opened

    monkeypatch.setattr(stored.image_io, "read", read_and_spoil)
    with pytest.raises(ImageError, match="is damaged"):
        mask_files.read(path)
