from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from maskcore.errors import RLEError
from maskcore.files import whole_numbers

few = settings(deadline=None, max_examples=100)

ROWS = st.lists(
    st.lists(st.integers(0, 99_999_999), min_size=1, max_size=12), min_size=1, max_size=12
)


@few
@given(st.lists(st.integers(0, 2**63 - 1), min_size=1))
def test_numbers_are_those_of_int(numbers: list[int]):
    assert whole_numbers.read(" ".join(map(str, numbers))).tolist() == numbers


def test_any_blanks_stand_between_around_and_before():
    assert whole_numbers.read("\r\n 1\t2\n\n3   4 \n").tolist() == [1, 2, 3, 4]


def test_leading_zeros_mean_nothing():
    assert whole_numbers.read("007 0000000000000000000000012").tolist() == [7, 12]


def test_numbers_too_large_come_back_as_the_largest():
    assert whole_numbers.read("99999999999999999999 1").tolist() == [2**63 - 1, 1]


@pytest.mark.parametrize("text", ["", " ", "\n"])
def test_no_numbers_are_refused(text: str):
    with pytest.raises(RLEError, match="no numbers"):
        whole_numbers.read(text)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1 -2", "“-2” is negative."),
        ("1 +5", "“+5” is not a whole number."),
        ("1_0 2", "“1_0” is not a whole number."),
        ("1.0", "“1.0” is not a whole number."),
        ("1e3 4", "“1e3” is not a whole number."),
        ("0x10", "“0x10” is not a whole number."),
        ("1,2", "“1,2” is not a whole number."),
        ("12 x7 9", "“x7” is not a whole number."),
        ("12\n-\n9", "“-” is not a whole number."),
        ("١٢ 3", "“١٢” is not a whole number."),
        ("1²", "“1²” is not a whole number."),
        ("nan", "“nan” is not a whole number."),
        ("1\x0c2", "“1\ufffd2” is not a whole number."),
        ("1 2\x0b", "“2\ufffd” is not a whole number."),
        ("1\x002", "“1\ufffd2” is not a whole number."),
        ("1\u00a02", "“1\ufffd2” is not a whole number."),
        ("5 \u2003 6", "“\ufffd” is not a whole number."),
        ("1 \ud800", "“\ufffd” is not a whole number."),
        ("x" * 50, f"“{'x' * 20}…” is not a whole number."),
        ("1" * 50 + "x", f"“{'1' * 20}…” is not a whole number."),
        ("x" * 20, f"“{'x' * 20}” is not a whole number."),
    ],
)
def test_anything_else_is_named_and_refused(text: str, message: str):
    with pytest.raises(RLEError) as caught:
        whole_numbers.read(text)
    assert str(caught.value) == message


@pytest.mark.parametrize("text", ["[1, 2,3]", " [1,2,3]\n", "[1,\n  2,\n  3\n]"])
def test_a_json_list_is_read(text: str):
    assert whole_numbers.read_list(text).tolist() == [1, 2, 3]


@pytest.mark.parametrize("text", ["1, 2", "[1, 2", "1]", "", "[", "[]", "[[1]]", "[true]", "[1.0]"])
def test_anything_but_a_list_of_whole_numbers_is_refused(text: str):
    with pytest.raises(RLEError):
        whole_numbers.read_list(text)


@few
@given(ROWS)
def test_many_texts_at_once_are_read_as_one_by_one(rows: list[list[int]]):
    read = whole_numbers.read_many([" ".join(map(str, row)) for row in rows])
    assert read is not None
    numbers, tokens = read
    assert numbers.tolist() == [number for row in rows for number in row]
    assert tokens.tolist() == [len(row) for row in rows]
    assert numbers.dtype == np.int64


def test_every_number_of_digits_up_to_eight_is_read():
    numbers = [0, 9, 10, 99, 123, 9_999, 12_345, 999_999, 7_654_321, 10_000_000, 99_999_999]
    read = whole_numbers.read_many([str(number) for number in numbers])
    assert read is not None
    assert read[0].tolist() == numbers
    padded = whole_numbers.read_many(["007 00000012", "0"])
    assert padded is not None
    assert padded[0].tolist() == [7, 12, 0]


@pytest.mark.parametrize(
    "odd_one",
    [
        "",
        " 1",
        "1 ",
        "1  2",
        "1\t2",
        "1\n2",
        "123456789",
        "-1",
        "1.5",
        "x",
        "١",
        "1\x002",
        "1/2",
        "1:2",
    ],
)
@pytest.mark.parametrize("place", [0, 1, 2])
def test_one_unusual_text_sends_all_of_them_back(odd_one: str, place: int):
    texts = ["1 2", "3 4"]
    texts.insert(place, odd_one)
    assert whole_numbers.read_many(texts) is None
