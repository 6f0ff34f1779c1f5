from __future__ import annotations

import re

import numpy as np
import pytest

from maskcore import checks


@pytest.mark.parametrize("size_hw", [(1, 1), (3, 5)])
def test_good_arrays_pass_in_any_memory_order(size_hw) -> None:
    checks.image(np.zeros((*size_hw, 3), np.uint8))
    checks.image(np.zeros((3, *size_hw[::-1]), np.uint8).T)
    checks.mask(np.zeros(size_hw, np.bool_))
    checks.mask(np.zeros(size_hw[::-1], np.bool_).T)


@pytest.mark.parametrize(
    ("check", "value", "error", "sentence"),
    [
        (checks.image, [[0]], TypeError, "image must be a numpy array, got list"),
        (checks.image, np.zeros((2, 3, 3)), ValueError, "image must be uint8, got float64"),
        (
            checks.image,
            np.zeros((2, 3), np.uint8),
            ValueError,
            "image must have shape (H, W, 3), got (2, 3)",
        ),
        (
            checks.image,
            np.zeros((2, 3, 4), np.uint8),
            ValueError,
            "image must have shape (H, W, 3), got (2, 3, 4)",
        ),
        (
            checks.image,
            np.zeros((0, 3, 3), np.uint8),
            ValueError,
            "image must have shape (H, W, 3), got (0, 3, 3)",
        ),
        (checks.mask, None, TypeError, "mask must be a numpy array, got NoneType"),
        (
            checks.mask,
            np.zeros((3, 4, 5), np.bool_),
            ValueError,
            "mask must be 2-D, got shape (3, 4, 5)",
        ),
        (checks.mask, np.zeros((3, 4), np.uint8), ValueError, "mask must be bool, got uint8"),
        (
            checks.mask,
            np.zeros((3, 0), np.bool_),
            ValueError,
            "mask must have at least one pixel, got shape (3, 0)",
        ),
        (checks.size_hw, 5, TypeError, "size_hw must be two integers, got 5"),
        (checks.size_hw, (2.0, 3), TypeError, "size_hw must be two integers, got (2.0, 3)"),
        (checks.size_hw, (2, 3, 3), ValueError, "size_hw must be (height, width), got (2, 3, 3)"),
        (checks.size_hw, (0, 3), ValueError, "size_hw must be at least (1, 1), got (0, 3)"),
        (checks.size_hw, (2, -3), ValueError, "size_hw must be at least (1, 1), got (2, -3)"),
    ],
)
def test_a_message_says_what_was_got(check, value, error, sentence) -> None:
    with pytest.raises(error, match=f"^{re.escape(sentence)}$"):
        check(value)


@pytest.mark.parametrize("value", [(4, 5), [4, 5], np.array([4, 5])])
def test_a_size_becomes_plain_integers(value) -> None:
    size_hw = checks.size_hw(value)
    assert size_hw == (4, 5)
    assert [type(side) for side in size_hw] == [int, int]


def test_sizes_are_compared_by_height_and_width() -> None:
    checks.same_size((2, 3), (2, 3, 3), "mask")
    sentence = re.escape("every mask must have size (2, 3), got (3, 2)")
    with pytest.raises(ValueError, match=f"^{sentence}$"):
        checks.same_size((3, 2), (2, 3, 3), "every mask")


def test_an_integer_lies_between_its_bounds_and_becomes_a_plain_one() -> None:
    assert [checks.integer(number, 1, 9, "n") for number in (1, 9)] == [1, 9]
    assert type(checks.integer(np.uint8(5), 1, 9, "n")) is int
    for number in (0, 10):
        with pytest.raises(ValueError, match=f"^n must be 1 to 9, got {number}$"):
            checks.integer(number, 1, 9, "n")
    with pytest.raises(TypeError):
        checks.integer(5.0, 1, 9, "n")  # type: ignore[arg-type]


def test_two_integers_are_two() -> None:
    assert checks.two_integers([3, np.int64(-4)], "xy", "(x, y)") == (3, -4)
    with pytest.raises(TypeError, match=r"^xy must be two integers, got \(1.5, 2\)$"):
        checks.two_integers((1.5, 2), "xy", "(x, y)")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"^xy must be \(x, y\), got \(1, 2, 3\)$"):
        checks.two_integers((1, 2, 3), "xy", "(x, y)")
