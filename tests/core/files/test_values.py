from __future__ import annotations

import math
from typing import Any

import pytest

from maskcore.errors import RLEError
from maskcore.files import values
from maskcore.files.values import NO_LABEL, is_possible_size

NO_NUMBERS = [None, True, False, [], {}, b"1", "", "high", "1_0", "٣", "nan", "-inf", 10**400]
NO_NUMBERS += [math.nan, math.inf, -math.inf]


@pytest.mark.parametrize(
    ("value", "number"), [(0, 0.0), (-3, -3.0), (0.25, 0.25), ("0.25", 0.25), (" -3e2 ", -300.0)]
)
def test_a_number_may_be_a_text(value: Any, number: float) -> None:
    assert values.number_of(value) == number


@pytest.mark.parametrize("value", NO_NUMBERS)
def test_what_is_no_finite_number_is_neither_number_nor_score(value: Any) -> None:
    assert values.number_of(value) is None
    assert values.score_of(value) is None


@pytest.mark.parametrize(
    ("value", "score"),
    [(0, 0.0), (1, 1.0), (0.5, 0.5), ("0.5", 0.5), ("1", 1.0), ("1.0 ", 1.0), ("5e-1", 0.5)],
)
def test_a_score_is_a_number_from_0_to_1_or_a_text_that_is_one(value: Any, score: float) -> None:
    assert values.score_of(value) == score


@pytest.mark.parametrize("value", [-0.01, 1.01, 73, "73", "-0.5", -1])
def test_what_is_out_of_range_is_no_score(value: Any) -> None:
    assert values.score_of(value) is None


def test_a_mask_that_nobody_named_has_a_label_too() -> None:
    assert [values.label_of(value) for value in ("cat", 3, " a ", 2.5)] == [
        "cat",
        "3",
        " a ",
        "2.5",
    ]
    for value in (None, "", " ", True, [], {}):
        assert values.label_of(value) == NO_LABEL


@pytest.mark.parametrize(
    ("height", "width"), [(2, 3), (2.0, 3), ("2", "3"), (" 2 ", "3.0"), ("2.", "03")]
)
def test_a_size_is_whole_numbers_or_texts_of_them(height: Any, width: Any) -> None:
    assert values.size_of(height, width) == (2, 3)


@pytest.mark.parametrize(
    ("height", "width", "reason"),
    [
        ("-3", "4", "The size “4” × “-3” is not made of whole numbers."),
        (3.5, 4, "The size 4 × 3.5 is not made of whole numbers."),
        (None, "x", "The size x × nothing is not made of whole numbers."),
        (True, 4, "The size 4 × yes is not made of whole numbers."),
        ("٣", 4, "The size 4 × ٣ is not made of whole numbers."),
        ("1e1", 4, "The size 4 × 1e1 is not made of whole numbers."),
        (2**53, 4, "The size 4 × 9007199254740992 is not made of whole numbers."),
        (-3, 4, "An image of 4 × -3 pixels is too small or too large."),
        ("0", 4, "An image of 4 × 0 pixels is too small or too large."),
        (5_001, 10_000, "An image of 10,000 × 5,001 pixels is too small or too large."),
    ],
)
def test_what_is_no_size_is_refused(height: Any, width: Any, reason: str) -> None:
    with pytest.raises(RLEError) as caught:
        values.size_of(height, width)
    assert str(caught.value) == reason


def test_more_pixels_may_be_allowed() -> None:
    assert values.size_of(10_000, 5_001, max_pixels=50_010_000) == (10_000, 5_001)
    with pytest.raises(RLEError, match=r"too small or too large\.$"):
        values.size_of(2, 3, max_pixels=5)


@pytest.mark.parametrize("size_hw", [(0, 5), (5, 0), (-2, -2), (10_000, 10_000), (1, 2**32)])
def test_a_damaged_header_states_no_size(size_hw: tuple[int, int]) -> None:
    assert is_possible_size(size_hw) is False
    assert is_possible_size((3, 4))
