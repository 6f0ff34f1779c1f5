from __future__ import annotations

import json
import re

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from hypothesis.extra import numpy as hnp

from maskcore import rle
from maskcore.errors import RLEError
from maskcore.rle import RLE
from maskcore.rle_text.brush import Cvat, LabelStudio
from tests.grids import mask

few = settings(deadline=None, max_examples=60)

MASKS = hnp.arrays(np.bool_, hnp.array_shapes(min_dims=2, max_dims=2, max_side=14))
LABEL_STUDIO, CVAT = LabelStudio(), Cvat()


# The packed bits of Label Studio, written and read once more from the description of the format:
# a 32-bit length, a 5-bit word size less one, four 4-bit run sizes less one; then stretches: one
# bit that says "repeated", two bits that choose the run size, the length less one, and one word
# if repeated or as many words as the length.


def packed(
    values: list[int], stretches: list[tuple[bool, int]], *, word: int = 8, sizes=(3, 4, 8, 16)
) -> list[int]:
    """Pack values cut into stretches (repeated or not, length) into bytes."""
    bits = f"{len(values):032b}{word - 1:05b}" + "".join(f"{size - 1:04b}" for size in sizes)
    place = 0
    for repeated, length in stretches:
        stretch = values[place : place + length]
        assert len(stretch) == length
        which = next(i for i, size in enumerate(sizes) if length <= 2**size)
        bits += f"{int(repeated)}{which:02b}" + format(length - 1, f"0{sizes[which]}b")
        if repeated:
            assert len(set(stretch)) == 1
            stretch = stretch[:1]
        bits += "".join(format(value, f"0{word}b") for value in stretch)
        place += length
    assert place == len(values)
    bits += "0" * (-len(bits) % 8)
    return [int(bits[i : i + 8], 2) for i in range(0, len(bits), 8)]


def unpacked(bytes_: list[int]) -> list[int]:
    bits = "".join(f"{byte:08b}" for byte in bytes_)
    place = 0

    def take(count: int) -> int:
        nonlocal place
        place += count
        return int(bits[place - count : place], 2)

    length, word = take(32), take(5) + 1
    sizes = [take(4) + 1 for _ in range(4)]
    values: list[int] = []
    while len(values) < length:
        repeated = take(1)
        count = take(sizes[take(2)]) + 1
        values += [take(word)] * count if repeated else [take(word) for _ in range(count)]
    assert len(values) == length
    assert len(bits) - place < 8
    return values


def rgba(pixels: np.ndarray, *, color: int = 255) -> list[int]:
    """Row by row, four values a pixel."""
    opaque = [color, color, color, 255]
    return [value for inside in pixels.flat for value in (opaque if inside else [0, 0, 0, 0])]


def as_repeated_runs(values: list[int]) -> list[tuple[bool, int]]:
    runs: list[tuple[bool, int]] = []
    for before, value in zip([None, *values], values, strict=False):
        if value == before:
            runs[-1] = True, runs[-1][1] + 1
        else:
            runs.append((True, 1))
    return runs


@few
@given(MASKS)
def test_label_studio_unpacks_what_was_written(pixels: np.ndarray):
    bytes_ = json.loads(LABEL_STUDIO.format(rle.encode(pixels)))
    assert unpacked(bytes_) == rgba(pixels)


@few
@given(MASKS, st.integers(0, 255))
def test_repeated_runs_are_read(pixels: np.ndarray, color: int):
    values = rgba(pixels, color=color)
    text = json.dumps(packed(values, as_repeated_runs(values)))
    assert LABEL_STUDIO.parse(text, pixels.shape) == rle.encode(pixels)


@few
@given(MASKS, st.data())
def test_any_cut_into_repeated_and_literal_stretches_is_read(
    pixels: np.ndarray, data: st.DataObject
):
    # Colors of all kinds: only alpha counts, and any alpha but 0 is inside.
    values = [
        value
        for inside in pixels.flat
        for value in (
            *data.draw(st.tuples(*[st.integers(0, 255)] * 3)),
            data.draw(st.integers(1, 255)) if inside else 0,
        )
    ]
    stretches: list[tuple[bool, int]] = []
    while (done := sum(length for _, length in stretches)) < len(values):
        length = data.draw(st.integers(1, min(40, len(values) - done)))
        same = len(set(values[done : done + length])) == 1
        stretches.append((same and data.draw(st.booleans()), length))
    text = json.dumps(packed(values, stretches))
    assert LABEL_STUDIO.parse(text, pixels.shape) == rle.encode(pixels)


def test_one_literal_stretch_with_colors_unlike_alpha_is_read():
    values = [9, 8, 7, 0, 0, 0, 0, 1, 0, 0, 0, 255, 255, 255, 255, 0]
    text = json.dumps(packed(values, [(False, 16)]))
    assert LABEL_STUDIO.parse(text, (2, 2)) == rle.encode(mask(".#\n#."))


@pytest.mark.parametrize(
    ("word", "sizes"),
    [(8, (1, 2, 3, 4)), (8, (16, 16, 16, 16)), (1, (3, 4, 8, 16)), (16, (2,) * 4)],
)
def test_other_word_and_run_sizes_are_read(word: int, sizes: tuple[int, ...]):
    values = [0] * 12 + [1] * 4
    stretches = [(True, 4), (False, 4), (True, 4), (False, 4)]
    text = json.dumps(packed(values, stretches, word=word, sizes=sizes))
    assert LABEL_STUDIO.parse(text, (1, 4)) == RLE((1, 4), [3, 1])


def test_runs_longer_than_the_longest_are_split():
    pixels = np.zeros((300, 301), np.bool_)
    pixels[:150] = True
    bytes_ = json.loads(LABEL_STUDIO.format(rle.encode(pixels)))
    assert unpacked(bytes_) == rgba(pixels)
    assert LABEL_STUDIO.parse(json.dumps(bytes_), (300, 301)) == rle.encode(pixels)


def test_bytes_worked_out_by_hand():
    # One pixel, painted: length 4, words of 8 bits, sizes 3, 4, 8, 16; then "repeated", the first
    # size, 4 less one, 255.
    bits = "0" * 29 + "100" + "00111" + "0010" + "0011" + "0111" + "1111"
    bits += "1" + "00" + "011" + "11111111"
    bits += "0" * (-len(bits) % 8)
    bytes_ = [int(bits[i : i + 8], 2) for i in range(0, len(bits), 8)]
    assert json.loads(LABEL_STUDIO.format(rle.encode(mask("#")))) == bytes_
    assert LABEL_STUDIO.parse(json.dumps(bytes_), (1, 1)) == rle.encode(mask("#"))


GOOD = packed(rgba(mask("#.\n.#")), [(True, 4), (True, 8), (True, 4)])


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "not a list of bytes"),
        ("5", "not a list of bytes"),
        ("100000000000", "not a list of bytes"),
        ("[]", "not a list of bytes"),
        ('"[1]"', "not a list of bytes"),
        ('{"rle": [1]}', "not a list of bytes"),
        ("[1, 256]", "not a list of bytes"),
        ("[1, -1]", "not a list of bytes"),
        ("[1, 2.0]", "not a list of bytes"),
        ("[1, true]", "not a list of bytes"),
        ("[1, [2]]", "not a list of bytes"),
        ("[1, 99999999999999999999]", "not a list of bytes"),
        ("[1, 2", "not a list of bytes"),
        ("[0, 0, 0]", "bytes end before the last pixel"),
        ("[0, 0, 0, 16]", "bytes end before the last pixel"),
        ("[0, 0, 0, 20]", "made for 5 pixels, not 4"),
        ("[255, 255, 255, 255, 0]", "made for 1073741823 pixels, not 4"),
        (json.dumps(GOOD[:-1]), "bytes end before the last pixel"),
        (json.dumps(packed([0] * 16, [(False, 16)])[:-2]), "bytes end before the last pixel"),
    ],
)
def test_lists_that_are_no_brush_are_refused(text: str, reason: str):
    with pytest.raises(RLEError, match=reason):
        LABEL_STUDIO.parse(text, (2, 2))


def test_a_run_past_the_last_pixel_is_refused():
    too_long = packed([0] * 20, [(True, 20)])
    too_long[3] = 16
    with pytest.raises(RLEError, match="past the last pixel"):
        LABEL_STUDIO.parse(json.dumps(too_long), (2, 2))


# CVAT


def test_a_cvat_element_is_read_by_rows_inside_its_box():
    text = (
        '<mask label="car" source="manual" rle="1, 2, 1, 2" left="1" top="2" width="3" height="2">'
    )
    drawn = mask("""
        .....
        .....
        ..##.
        ..##.
    """)
    # By rows of 3: outside 1, inside 2, outside 1, inside 2.
    assert CVAT.parse(text, (4, 5)) == rle.encode(drawn)


@pytest.mark.parametrize(
    "text",
    [
        '<mask rle="0,4" left="0" top="1" width="2" height="2"/>',
        '<mask height="2" width="2" top="1" left="0" rle=" 0 , 4 "></mask>',
        '<mask rle = "0, 4"\n left="0"\n top="1" width="2" height="2" z_order="0">\n</mask>',
    ],
)
def test_the_order_of_the_attributes_and_blanks_do_not_matter(text: str):
    assert CVAT.parse(text, (3, 2)) == RLE((3, 2), [1, 2, 1, 2])


def test_a_cvat_element_is_written_by_hand_alike():
    drawn = mask("""
        ....
        ..#.
        .##.
    """)
    assert (
        CVAT.format(rle.encode(drawn)) == '<mask rle="1, 3" left="1" top="1" width="2" height="2"/>'
    )


@few
@given(MASKS.filter(np.any))
def test_a_cvat_element_holds_the_rows_of_the_box(pixels: np.ndarray):
    text = CVAT.format(rle.encode(pixels))
    found = dict(re.findall(r'(\w+)="([^"]*)"', text))
    left, top, width, height = (int(found[name]) for name in ("left", "top", "width", "height"))
    counts = [int(count) for count in found["rle"].split(", ")]
    flat = [place % 2 == 1 for place, count in enumerate(counts) for _ in range(count)]
    painted = np.zeros_like(pixels)
    painted[top : top + height, left : left + width] = np.array(flat).reshape(height, width)
    assert np.array_equal(painted, pixels)
    columns, rows = np.flatnonzero(pixels.any(axis=0)), np.flatnonzero(pixels.any(axis=1))
    assert (left, top) == (columns[0], rows[0])
    assert (left + width, top + height) == (columns[-1] + 1, rows[-1] + 1)
    assert CVAT.parse(text, pixels.shape) == rle.encode(pixels)


def test_cvat_has_no_empty_masks():
    with pytest.raises(RLEError, match="CVAT cannot store an empty mask"):
        CVAT.format(rle.empty((2, 3)))


def element(**changed: str) -> str:
    attributes = {"rle": "0, 4", "left": "0", "top": "0", "width": "2", "height": "2", **changed}
    return "<mask " + " ".join(f'{name}="{value}"' for name, value in attributes.items()) + "/>"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "needs left, top, width and height"),
        ("<mask/>", "needs left, top, width and height"),
        (element(left=""), "needs left, top, width and height"),
        (element(left="1.5"), "needs left, top, width and height"),
        (element(left="+1"), "needs left, top, width and height"),
        (element(width="1_0"), "needs left, top, width and height"),
        (element(width="٢"), "needs left, top, width and height"),
        (element(width="9" * 5000), "needs left, top, width and height"),
        (element(left="-1"), r"box \(left -1, top 0, 2 x 2\) does not lie inside"),
        (element(left="2"), "does not lie inside the image of 3 x 2 pixels"),
        (element(top="1"), "does not lie inside"),
        (element(width="0"), "does not lie inside"),
        (element(height="999999999"), "does not lie inside"),
        (element(rle=""), "no numbers"),
        (element(rle="0, 5"), "do not add up"),
        (element(rle="0, 4.0"), "“4.0” is not a whole number"),
        (element(rle="-1, 5"), "“-1” is negative"),
        (element(rle="0, 99999999999999999999"), "do not add up"),
    ],
)
def test_elements_that_are_no_mask_are_refused(text: str, reason: str):
    with pytest.raises(RLEError, match=reason):
        CVAT.parse(text, (2, 3))
