from __future__ import annotations

import base64
import copy
import zlib
from itertools import groupby

import numpy as np
import pytest
from hypothesis import given, strategies as st
from hypothesis.extra import numpy as hnp

from maskcore import rle
from maskcore.errors import MaskcoreError
from maskcore.masks import bits as mask_bits
from maskcore.masks.bits import Patch
from tests.grids import mask
from tests.memory import peak

ANY_MASK = hnp.arrays(np.bool_, hnp.array_shapes(min_dims=2, max_dims=2, max_side=14))
DAMAGED = "What was painted did not arrive whole: its pixels are damaged."
MIB = 2**20


def runs_by_hand(pixels: np.ndarray) -> list[int]:
    """COCO's run lengths: column by column, those outside first."""
    columns = [bool(pixels[y, x]) for x in range(pixels.shape[1]) for y in range(pixels.shape[0])]
    runs = [len(list(alike)) for _, alike in groupby(columns)]
    return [0, *runs] if columns[0] else runs


def bits_by_hand(pixels: np.ndarray) -> bytes:
    """Eight pixels a byte, row by row, the first in the highest place, zeros at the end."""
    bits = "".join("01"[int(value)] for row in pixels for value in row)
    bits += "0" * (-len(bits) % 8)
    return bytes(int(bits[i : i + 8], 2) for i in range(0, len(bits), 8))


def as_text(content: bytes) -> str:
    return base64.b64encode(content).decode()


def message(pixels: np.ndarray, xy=(0, 0), *, of=None, level: int | None = 6) -> dict:
    """Say what was painted, as the canvas does; without a level it is not compressed."""
    height, width = of or pixels.shape
    bits = bits_by_hand(pixels)
    return {
        "width": width,
        "height": height,
        "x": xy[0],
        "y": xy[1],
        "w": pixels.shape[1],
        "h": pixels.shape[0],
        "bits": as_text(bits if level is None else zlib.compress(bits, level)),
        "deflated": level is not None,
    }


def refusal(message: object, size_hw: tuple[int, int]) -> str:
    with pytest.raises(MaskcoreError) as caught:
        mask_bits.read_patch(message, size_hw)
    sentence = str(caught.value)
    assert sentence.endswith(".")
    assert "\n" not in sentence
    assert len(sentence) < 200
    return sentence


# A mask goes to the browser


def test_pixels_are_packed_row_by_row_the_first_one_highest() -> None:
    pixels = mask("""
        #.#
        .##
        ..#
    """)
    # 101 011 00 | 1 0000000
    assert mask_bits.pack(rle.encode(pixels)) == bytes([0b10101100, 0b10000000])


@given(ANY_MASK)
def test_packed_bits_are_those_of_numpy_and_of_a_loop(pixels: np.ndarray) -> None:
    packed = mask_bits.pack(rle.encode(pixels))
    assert packed == np.packbits(pixels).tobytes()
    assert packed == bits_by_hand(pixels)


@pytest.mark.parametrize("size_hw", [(1, 1), (1, 9), (9, 1), (3, 8), (2, 5), (130, 67)])
def test_empty_and_full_masks_are_packed(size_hw: tuple[int, int]) -> None:
    nothing, everything = np.zeros(size_hw, bool), np.ones(size_hw, bool)
    assert mask_bits.pack(rle.encode(nothing)) == bytes(-(-nothing.size // 8))
    assert mask_bits.pack(rle.encode(everything)) == np.packbits(everything).tobytes()


# A rectangle comes from the browser


@pytest.mark.parametrize("level", [None, 0, 1, 6, 9])
def test_a_painted_rectangle_is_read(level: int | None) -> None:
    painted = mask("#.#\n.##")
    patch = mask_bits.read_patch(message(painted, (4, 1), of=(5, 8), level=level), (5, 8))
    assert patch.box == (4, 1, 7, 3)
    assert patch.pixels.dtype == np.bool_
    assert np.array_equal(patch.pixels, painted)


@given(ANY_MASK, st.booleans())
def test_what_was_packed_is_read_again(pixels: np.ndarray, deflated: bool) -> None:
    height, width = pixels.shape
    patch = mask_bits.read_patch(message(pixels, level=6 if deflated else None), pixels.shape)
    assert patch.box == (0, 0, width, height)
    assert np.array_equal(patch.pixels, pixels)
    assert mask_bits.apply(rle.empty(pixels.shape), patch) == rle.encode(pixels)


def test_bits_after_the_last_pixel_do_not_count() -> None:
    sent = message(mask("#."), level=None) | {"bits": as_text(b"\xbf")}
    assert mask_bits.read_patch(sent, (1, 2)).pixels.tolist() == [[True, False]]


@pytest.mark.parametrize("level", [0, 1, 6, 9])
@pytest.mark.parametrize("side", [8, 61, 700])
def test_noise_that_compression_makes_larger_is_read(level: int, side: int) -> None:
    pixels = np.random.default_rng(side).random((side, side)) < 0.5
    sent = message(pixels, level=level)
    assert np.array_equal(mask_bits.read_patch(sent, (side, side)).pixels, pixels)


def test_a_message_is_not_changed() -> None:
    sent = message(mask("#.\n##"), (1, 0), of=(2, 3))
    before = copy.deepcopy(sent)
    mask_bits.read_patch(sent, (2, 3))
    assert sent == before


@pytest.mark.parametrize("message", [None, "patch", 7, [], [("width", 3)], b"bits"])
def test_what_is_no_message_is_refused(message: object) -> None:
    wanted = "What was painted did not arrive whole: it is not a message."
    assert refusal(message, (2, 3)) == wanted


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"x": -1}, r"3 x 2 pixels from (-1, 1)"),
        ({"y": -1}, r"3 x 2 pixels from (4, -1)"),
        ({"x": 6}, r"3 x 2 pixels from (6, 1)"),
        ({"y": 4}, r"3 x 2 pixels from (4, 4)"),
        ({"w": 5}, r"5 x 2 pixels from (4, 1)"),
        ({"h": 5}, r"3 x 5 pixels from (4, 1)"),
        ({"w": 0}, r"0 x 2 pixels from (4, 1)"),
        ({"h": 0}, r"3 x 0 pixels from (4, 1)"),
        ({"w": -3}, r"-3 x 2 pixels from (4, 1)"),
        ({"w": -3, "h": -2}, r"-3 x -2 pixels from (4, 1)"),
    ],
)
def test_a_rectangle_that_is_not_inside_the_image_is_refused(change: dict, place: str) -> None:
    sent = message(mask("#.#\n.##"), (4, 1), of=(5, 8)) | change
    assert refusal(sent, (5, 8)) == f"What was painted does not lie inside the image: {place}."


@pytest.mark.parametrize("size_hw", [(8, 5), (5, 9), (4, 8), (1, 1)])
def test_the_pixels_of_another_image_are_refused(size_hw: tuple[int, int]) -> None:
    height, width = size_hw
    assert refusal(message(mask("#.#\n.##"), of=(5, 8)), size_hw) == (
        f"What was painted belongs to an image of 8 x 5 pixels, this one has {width} x {height}."
    )


@pytest.mark.parametrize("name", ["width", "height", "x", "y", "w", "h"])
@pytest.mark.parametrize("value", [None, True, False, 1.0, "1", [1], {}, float("nan")])
def test_what_is_no_whole_number_is_refused(name: str, value: object) -> None:
    sent = message(mask("#"), of=(1, 1)) | {name: value}
    assert refusal(sent, (1, 1)) == f"What was painted did not arrive whole: {name} is missing."


@pytest.mark.parametrize("name", ["width", "height", "x", "y", "w", "h"])
@pytest.mark.parametrize("sign", [1, -1])
def test_a_number_of_any_length_gets_a_short_answer(name: str, sign: int) -> None:
    # Python refuses to write whole numbers of more than 4300 digits.
    sent = message(mask("#"), of=(1, 1)) | {name: sign * 10**5000}
    assert refusal(sent, (1, 1)) == f"What was painted did not arrive whole: {name} is missing."


@pytest.mark.parametrize("name", ["width", "height", "x", "y", "w", "h"])
def test_a_number_that_is_left_out_is_named(name: str) -> None:
    sent = message(mask("#"), of=(1, 1))
    del sent[name]
    assert refusal(sent, (1, 1)) == f"What was painted did not arrive whole: {name} is missing."


@pytest.mark.parametrize(
    "change",
    [
        {"bits": None},
        {"bits": b"gA=="},
        {"bits": ["gA=="]},
        {"bits": 128},
        {"deflated": None},
        {"deflated": 0},
        {"deflated": "false"},
    ],
)
def test_pixels_of_another_kind_are_missing(change: dict) -> None:
    sent = message(mask("#"), level=None) | change
    wanted = "What was painted did not arrive whole: its pixels are missing."
    assert refusal(sent, (1, 1)) == wanted


@pytest.mark.parametrize("name", ["bits", "deflated"])
def test_pixels_that_are_left_out_are_missing(name: str) -> None:
    sent = message(mask("#"))
    del sent[name]
    wanted = "What was painted did not arrive whole: its pixels are missing."
    assert refusal(sent, (1, 1)) == wanted


@pytest.mark.parametrize(
    "text",
    ["", "gA", "gA=", "g", "=", "gA= =", "gA\n==", "gÄ==", "\ud800A==", "-_==", "gA==gA==", "\0"],
)
@pytest.mark.parametrize("deflated", [True, False])
def test_what_is_not_base64_is_damaged(text: str, deflated: bool) -> None:
    sent = message(mask("#.......")) | {"bits": text, "deflated": deflated}
    assert refusal(sent, (1, 8)) == DAMAGED


@pytest.mark.parametrize("mark", ["\n", " ", "!", "-", "="])
def test_a_mark_that_is_not_base64_is_not_skipped(mark: str) -> None:
    sent = message(np.eye(8, dtype=bool))
    mask_bits.read_patch(sent, (8, 8))
    sent["bits"] = sent["bits"][:8] + mark + sent["bits"][8:]
    assert refusal(sent, (8, 8)) == DAMAGED


@pytest.mark.parametrize("n_bytes", [0, 1, 3, 4, 100])
@pytest.mark.parametrize("deflated", [True, False])
def test_too_few_or_too_many_pixels_are_damaged(n_bytes: int, deflated: bool) -> None:
    content = bytes(n_bytes)
    sent = message(np.ones((2, 8), bool)) | {
        "bits": as_text(zlib.compress(content) if deflated else content),
        "deflated": deflated,
    }
    assert refusal(sent, (2, 8)) == DAMAGED


STREAM = zlib.compress(bits_by_hand(np.eye(8, dtype=bool)))


@pytest.mark.parametrize("length", range(len(STREAM)))
def test_a_stream_that_is_cut_off_is_damaged(length: int) -> None:
    sent = message(np.eye(8, dtype=bool)) | {"bits": as_text(STREAM[:length])}
    assert refusal(sent, (8, 8)) == DAMAGED


@pytest.mark.parametrize(
    "stream",
    [
        STREAM + b"\0",
        STREAM + STREAM,
        STREAM[:-1] + bytes([STREAM[-1] ^ 1]),  # its checksum
        STREAM[2:-4],  # without head and checksum
        b"\x1f\x8b" + STREAM[2:],
        b"\x78\xbb" + STREAM[2:],  # asks for a dictionary
        bytes(20),
    ],
)
def test_a_stream_with_something_wrong_in_it_is_damaged(stream: bytes) -> None:
    sent = message(np.eye(8, dtype=bool)) | {"bits": as_text(stream)}
    assert refusal(sent, (8, 8)) == DAMAGED


def test_packed_pixels_are_not_taken_for_compressed_ones() -> None:
    sent = message(np.eye(8, dtype=bool), level=None)
    assert refusal(sent | {"deflated": True}, (8, 8)) == DAMAGED
    sent = message(np.eye(8, dtype=bool), level=6)
    assert refusal(sent | {"deflated": False}, (8, 8)) == DAMAGED


@pytest.mark.parametrize(("deflated", "length"), [(False, 16), (True, 1000), (True, 40 * MIB)])
def test_a_text_that_cannot_be_so_long_is_not_even_decoded(
    deflated: bool, length: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def decode(*_args, **_options):
        raise AssertionError("it was decoded")

    monkeypatch.setattr(base64, "b64decode", decode)
    sent = message(np.eye(8, dtype=bool)) | {"bits": "A" * length, "deflated": deflated}
    assert refusal(sent, (8, 8)) == DAMAGED


def zeros_compressed(n_mib: int) -> bytes:
    """A valid stream of so many times 2**20 zeros, about a thousandth as long."""
    compressor = zlib.compressobj(9, zlib.DEFLATED, -15)
    block = compressor.compress(bytes(MIB)) + compressor.flush(zlib.Z_FULL_FLUSH)
    checksum = (n_mib * MIB % 65521 << 16) | 1  # Adler-32 of zeros
    return b"\x78\xda" + n_mib * block + b"\x03\x00" + checksum.to_bytes(4, "big")


def test_the_bomb_is_a_valid_stream() -> None:
    assert zlib.decompress(zeros_compressed(3)) == bytes(3 * MIB)


@pytest.mark.parametrize("side", [8, 3000])
def test_a_gigabyte_in_a_megabyte_takes_no_memory(side: int) -> None:
    bomb = zeros_compressed(1024)
    assert len(bomb) < 1.2 * MIB
    sent = message(np.zeros((8, 8), bool)) | {"bits": as_text(bomb)}
    sent |= {"width": side, "height": side, "w": side, "h": side}

    def refused() -> None:
        assert refusal(sent, (side, side)) == DAMAGED

    # Two thirds of the text, the text as bytes, and what 3000 x 3000 pixels take, 1.1 MB.
    assert peak(refused) < (8 if side == 3000 else 0.1) * MIB


# The rectangle is put into the mask


def test_new_pixels_replace_old_ones() -> None:
    before = mask("""
        .......
        .#####.
        .#####.
        .#####.
    """)
    patch = Patch((2, 0, 4, 3), mask("#.\n..\n.#"))
    after = mask("""
        ..#....
        .#..##.
        .#.###.
        .#####.
    """)
    painted = mask_bits.apply(rle.encode(before), patch)
    assert painted.size_hw == (4, 7)
    assert painted.counts.tolist() == runs_by_hand(after)


def in_any_memory_order(pixels: np.ndarray, which: int) -> np.ndarray:
    if which == 0:
        return np.asfortranarray(pixels)
    if which == 1:  # every second pixel of something larger
        larger = np.zeros((2 * pixels.shape[0], 2 * pixels.shape[1]), bool)
        larger[::2, ::2] = pixels
        return larger[::2, ::2]
    if which == 2:
        return pixels[::-1, ::-1].copy()[::-1, ::-1]
    return pixels


def test_thousands_of_random_rectangles_are_those_of_a_pixelwise_copy() -> None:
    rng = np.random.default_rng(0)
    for turn in range(6000):
        height, width = rng.integers(1, 10, 2)
        before = rng.random((height, width)) < rng.choice([0, 0.1, 0.5, 0.9, 1])
        x1, y1 = rng.integers(0, width), rng.integers(0, height)
        x2, y2 = rng.integers(x1 + 1, width + 1), rng.integers(y1 + 1, height + 1)
        painted = rng.random((y2 - y1, x2 - x1)) < rng.choice([0, 0.5, 1])
        after = before.copy()
        after[y1:y2, x1:x2] = painted
        patch = Patch((int(x1), int(y1), int(x2), int(y2)), in_any_memory_order(painted, turn % 4))
        result = mask_bits.apply(rle.encode(before), patch)
        assert result == rle.encode(after), (before, patch)
        assert result.counts.tolist() == runs_by_hand(after), (before, patch)
        assert result.counts.dtype == np.int32


@pytest.mark.parametrize("above", ["#", "."])
@pytest.mark.parametrize("painted", ["#", "."])
@pytest.mark.parametrize("below", ["#", "."])
@pytest.mark.parametrize("column", range(5))
def test_runs_join_and_part_where_columns_meet(
    above: str, painted: str, below: str, column: int
) -> None:
    before = np.zeros((3, 5), bool)
    before[:, :column] = above == "#"
    before[:, column + 1 :] = below == "#"
    after = before.copy()
    after[:, column] = painted == "#"
    for old in (True, False):
        before[:, column] = old
        patch = Patch((column, 0, column + 1, 3), mask(f"{painted}\n" * 3))
        assert mask_bits.apply(rle.encode(before), patch).counts.tolist() == runs_by_hand(after)


@given(ANY_MASK, st.randoms(use_true_random=False), st.integers(0, 3))
def test_a_whole_mask_can_be_painted(pixels: np.ndarray, random, order: int) -> None:
    height, width = pixels.shape
    before = np.array([random.random() < 0.5 for _ in range(pixels.size)]).reshape(pixels.shape)
    patch = Patch((0, 0, width, height), in_any_memory_order(pixels, order))
    painted = mask_bits.apply(rle.encode(before), patch)
    assert painted.counts.tolist() == runs_by_hand(pixels)


@pytest.mark.parametrize("before", [".", "#"])
@pytest.mark.parametrize("painted", [".", "#"])
def test_a_single_pixel_can_be_painted(before: str, painted: str) -> None:
    patch = Patch((0, 0, 1, 1), mask(painted))
    assert mask_bits.apply(rle.encode(mask(before)), patch) == rle.encode(mask(painted))


@pytest.mark.parametrize("value", [True, False])
def test_strokes_on_a_large_mask_change_nothing_else(value: bool) -> None:
    rng = np.random.default_rng(1)
    pixels = rng.random((301, 407)) < 0.5
    painted = rle.encode(pixels)
    for _ in range(50):
        x, y = int(rng.integers(0, 380)), int(rng.integers(0, 280))
        pixels[y : y + 21, x : x + 27] = value
        painted = mask_bits.apply(painted, Patch((x, y, x + 27, y + 21), np.full((21, 27), value)))
    assert np.array_equal(rle.decode(painted), pixels)
    assert painted == rle.encode(pixels)


def test_neither_the_mask_nor_the_patch_is_changed() -> None:
    before, painted = rle.encode(mask("#..\n.##\n...")), mask("#.\n.#")
    counts, pixels = before.counts.copy(), painted.copy()
    mask_bits.apply(before, Patch((1, 1, 3, 3), painted))
    mask_bits.apply(before, Patch((0, 0, 3, 3), np.ones((3, 3), bool)))
    assert np.array_equal(before.counts, counts)
    assert np.array_equal(painted, pixels)


def test_a_read_only_patch_can_be_painted() -> None:
    painted = mask("#.\n##")
    painted.flags.writeable = False
    after = mask_bits.apply(rle.empty((2, 3)), Patch((1, 0, 3, 2), painted))
    assert after == rle.encode(mask(".#.\n.##"))


@pytest.mark.parametrize(
    ("box", "shape"),
    [
        ((-1, 0, 1, 2), (2, 2)),
        ((0, -1, 2, 1), (2, 2)),
        ((2, 0, 4, 2), (2, 2)),
        ((0, 1, 2, 3), (2, 2)),
        ((1, 0, 1, 2), (2, 0)),
        ((0, 1, 2, 1), (0, 2)),
        ((2, 0, 1, 2), (2, 1)),
        ((0, 0, 2, 1), (2, 2)),
        ((0, 0, 1, 2), (1, 2)),
        ((0, 0, 2, 2), (2, 2, 1)),
    ],
)
def test_a_patch_that_does_not_fit_is_a_mistake_of_the_caller(box, shape) -> None:
    patch = Patch(box, np.ones(shape, bool))
    with pytest.raises(ValueError, match="the patch must lie inside 3 x 2 pixels, got") as caught:
        mask_bits.apply(rle.empty((2, 3)), patch)
    assert not isinstance(caught.value, MaskcoreError)
