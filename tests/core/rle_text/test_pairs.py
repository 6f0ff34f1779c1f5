from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from hypothesis.extra import numpy as hnp

from maskcore import rle
from maskcore.errors import RLEError
from maskcore.rle import RLE
from maskcore.rle_text.pairs import Pairs, starts_increase
from tests.grids import mask

few = settings(deadline=None, max_examples=80)

BY_COLUMNS, BY_ROWS = Pairs(), Pairs(by_rows=True)
FROM_0, FROM_0_BY_ROWS = Pairs(base=0), Pairs(base=0, by_rows=True)
GAPS = Pairs(base=0, relative=True)
ALL = (BY_COLUMNS, BY_ROWS, FROM_0, FROM_0_BY_ROWS, GAPS)

MASKS = hnp.arrays(np.bool_, hnp.array_shapes(min_dims=2, max_dims=2, max_side=12))


def pairs_by_hand(pixels: np.ndarray, pairs: Pairs) -> str:
    """The text of a mask from a loop over the pixels."""
    flat = pixels.reshape(-1) if pairs.by_rows else pixels.T.reshape(-1)
    runs: list[list[int]] = []
    before = False
    for place, inside in enumerate(flat.tolist()):
        if inside and not before:
            runs.append([place, 0])
        if inside:
            runs[-1][1] += 1
        before = inside
    numbers, end = [], 0
    for start, length in runs:
        numbers += [(start - end if pairs.relative else start) + pairs.base, length]
        end = start + length
    return " ".join(map(str, numbers))


def pixels_by_hand(text: str, size_hw: tuple[int, int], pairs: Pairs) -> np.ndarray | None:
    """The mask of a text, painted run by run; None if the text is wrong."""
    flat = [False] * (size_hw[0] * size_hw[1])
    numbers = [int(token) for token in text.split()]
    if len(numbers) % 2 or not numbers:
        return None
    end = 0
    for start, length in zip(numbers[::2], numbers[1::2], strict=True):
        place = start - pairs.base + (end if pairs.relative else 0)
        if place < 0 or length < 1 or place + length > len(flat) or any(flat[place:][:length]):
            return None
        flat[place : place + length] = [True] * length
        end = place + length
    height, width = size_hw
    if pairs.by_rows:
        return np.array(flat).reshape(height, width)
    return np.array(flat).reshape(width, height).T


DRAWN = """
    .#..
    .##.
    #..#
"""


@pytest.mark.parametrize(
    ("pairs", "text"),
    [
        (BY_COLUMNS, "3 3 8 1 12 1"),
        (BY_ROWS, "2 1 6 2 9 1 12 1"),
        (FROM_0, "2 3 7 1 11 1"),
        (FROM_0_BY_ROWS, "1 1 5 2 8 1 11 1"),
        (GAPS, "2 3 2 1 3 1"),
    ],
)
def test_each_way_to_count_reads_and_writes_the_same_drawing(pairs: Pairs, text: str):
    assert np.array_equal(rle.decode(pairs.parse(text, (3, 4))), mask(DRAWN))
    assert pairs.format(rle.encode(mask(DRAWN))) == text


@pytest.mark.parametrize("pairs", ALL)
@pytest.mark.parametrize("size_hw", [(3, 4), (1, 7), (7, 1), (1, 1)])
def test_full_first_pixel_and_last_pixel_survive(pairs: Pairs, size_hw: tuple[int, int]):
    full = np.ones(size_hw, np.bool_)
    first, last, ends = np.zeros((3, *size_hw), np.bool_)
    first[0, 0] = last[-1, -1] = ends[0, 0] = ends[-1, -1] = True
    for pixels in (full, first, last, ends):
        text = pairs_by_hand(pixels, pairs)
        assert np.array_equal(rle.decode(pairs.parse(text, size_hw)), pixels)
        assert pairs.format(rle.encode(pixels)) == text


@few
@given(MASKS, st.sampled_from(ALL))
def test_every_mask_is_written_as_a_loop_does_and_comes_back(pixels: np.ndarray, pairs: Pairs):
    text = pairs_by_hand(pixels, pairs)
    assert pairs.format(rle.encode(pixels)) == text
    if text:
        assert pairs.parse(text, pixels.shape) == rle.encode(pixels)


@few
@given(
    st.lists(st.integers(0, 14), min_size=1, max_size=10),
    st.sampled_from([(3, 4), (1, 12), (12, 1)]),
    st.sampled_from(ALL),
)
def test_whatever_the_numbers_say_is_what_painting_them_says(
    numbers: list[int], size_hw: tuple[int, int], pairs: Pairs
):
    text = " ".join(map(str, numbers))
    expected = pixels_by_hand(text, size_hw, pairs)
    if expected is None:
        with pytest.raises(RLEError):
            pairs.parse(text, size_hw)
    else:
        assert pairs.parse(text, size_hw) == rle.encode(expected)


@pytest.mark.parametrize("text", ["1 2 3 4", "3 4 1 2", "4 1 1 1 3 1 5 2 2 1", "1 6"])
def test_runs_may_touch_and_come_in_any_order(text: str):
    assert BY_COLUMNS.parse(text, (3, 4)) == RLE((3, 4), [0, 6, 6])


@pytest.mark.parametrize(
    ("pairs", "text", "message"),
    [
        (BY_COLUMNS, "1 2 3", "Starts and lengths come in pairs, but there are 3 numbers."),
        (BY_COLUMNS, "1 2 0 1", "Run 2 starts at 0, but the first pixel is 1."),
        (BY_COLUMNS, "1 2 5 0", "Run 2 has the length 0."),
        (FROM_0, "0 2 5 0", "Run 2 has the length 0."),
        (BY_COLUMNS, "1 2 12 2", "Run 2 (start 12, length 2) goes past the last of 12 pixels."),
        (BY_COLUMNS, "13 1", "Run 1 (start 13, length 1) goes past the last of 12 pixels."),
        (FROM_0, "12 1", "Run 1 (start 12, length 1) goes past the last of 12 pixels."),
        (GAPS, "2 3 8 1", "Run 2 (start 8, length 1) goes past the last of 12 pixels."),
        (BY_COLUMNS, "1 3 3 1", "Run 2 overlaps with run 1."),
        (BY_COLUMNS, "7 1 1 3 3 1", "Run 3 overlaps with run 2."),
        (BY_COLUMNS, "3 1 7 1 1 3", "Run 3 overlaps with run 1."),
        (BY_COLUMNS, "1 9 3 1 5 1", "Run 2 overlaps with run 1."),
        (BY_COLUMNS, "1 2 1 2", "Run 2 overlaps with run 1."),
        (
            BY_COLUMNS,
            "1 1000000000",
            "Run 1 (start 1, length 1000000000) goes past the last of 12 pixels.",
        ),
        (
            BY_COLUMNS,
            "1000000000000000000 1",
            "Run 1 (start 1000000000000000000, length 1) goes past the last of 12 pixels.",
        ),
        (
            GAPS,
            "3 9223372036854775807",
            "Run 1 (start 3, length 9223372036854775807) goes past the last of 12 pixels.",
        ),
    ],
)
def test_a_wrong_run_is_named(pairs: Pairs, text: str, message: str):
    with pytest.raises(RLEError) as caught:
        pairs.parse(text, (3, 4))
    assert str(caught.value) == message


@pytest.mark.parametrize("pairs", ALL)
@pytest.mark.parametrize(
    "text", ["1 99999999999999999999", "99999999999999999999 1", "9223372036854775807 " * 4]
)
def test_numbers_beyond_int64_do_not_wrap_around(pairs: Pairs, text: str):
    with pytest.raises(RLEError, match="goes past the last of 12 pixels"):
        pairs.parse(text, (3, 4))


def test_a_size_beyond_int32_is_refused_instead_of_wrapping_around():
    with pytest.raises(RLEError, match="too large"):
        BY_COLUMNS.parse("2 3", (100_000, 100_000))


def test_a_code_of_millions_of_runs_is_refused():
    with pytest.raises(RLEError, match="It has 5,000,001 runs; at most 5,000,000 are read"):
        BY_COLUMNS.parse("1 1 " * 5_000_001, (3, 4))


# Many at once

TEXTS = st.lists(
    st.one_of(
        st.lists(st.integers(0, 14), max_size=8).map(lambda row: " ".join(map(str, row))),
        st.sampled_from(["", "2 3", "2 2 7 1", "x", "2  3", " 2 3", "2 123456789", "-1 2"]),
        MASKS.map(lambda pixels: pairs_by_hand(pixels, BY_COLUMNS)),
    ),
    max_size=8,
)


@few
@given(TEXTS, st.sampled_from(ALL), st.data())
def test_many_texts_are_read_as_one_by_one(texts: list[str], pairs: Pairs, data: st.DataObject):
    size = st.sampled_from([(3, 4), (1, 12), (5, 5), (12, 12)])
    sizes = [data.draw(size) for _ in texts]
    found = pairs.parse_many(texts, sizes)
    assert len(found) == len(texts)
    for text, size_hw, many in zip(texts, sizes, found, strict=True):
        try:
            one: RLE | RLEError = pairs.parse(text, size_hw)
        except RLEError as error:
            one = error
        if isinstance(one, RLE):
            assert many == one
        else:
            assert isinstance(many, RLEError)
            assert str(many) == str(one)


@few
@given(st.lists(MASKS.filter(np.any), min_size=1, max_size=8), st.sampled_from(ALL))
def test_many_good_texts_are_the_masks_they_were(drawn: list[np.ndarray], pairs: Pairs):
    texts = [pairs_by_hand(pixels, pairs) for pixels in drawn]
    found = pairs.parse_many(texts, [pixels.shape for pixels in drawn])
    assert found == [rle.encode(pixels) for pixels in drawn]


def test_tables_longer_than_a_part_lose_no_row():
    rng = np.random.default_rng(3)
    texts, expected = [], []
    for i in range(400):
        counts = rng.integers(1, 9, size=2 * int(rng.integers(1, 400)) + 1)
        r = RLE((int(counts.sum()), 1), counts)
        texts.append(BY_COLUMNS.format(r) if i % 50 else "")
        expected.append(r)
    assert sum(map(len, texts)) > 500_000
    found = BY_COLUMNS.parse_many(texts, [r.size_hw for r in expected])
    for i, (mask_or_error, r) in enumerate(zip(found, expected, strict=True)):
        if i % 50:
            assert mask_or_error == r
        else:
            assert isinstance(mask_or_error, RLEError)


def test_no_texts_are_no_masks():
    assert BY_COLUMNS.parse_many([], []) == []


@pytest.mark.parametrize(
    ("text", "increase"), [("1 5 3 9 8 1", True), ("5 1 3 1", False), ("5 1 5 1", False)]
)
def test_it_says_whether_starts_increase(text: str, increase: bool):
    assert starts_increase(text) == increase
