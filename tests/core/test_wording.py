from __future__ import annotations

import pytest

from maskcore.wording import counted, listed, plural


@pytest.mark.parametrize(
    ("number", "noun", "expected"),
    [
        (1, "mask", "1 mask"),
        (0, "mask", "0 masks"),
        (2, "mask", "2 masks"),
        (1234567, "mask", "1,234,567 masks"),
        (1, "class", "1 class"),
        (3, "class", "3 classes"),
        (3, "patch", "3 patches"),
        (3, "box", "3 boxes"),
        (3, "copy", "3 copies"),
        (3, "key", "3 keys"),
        (3, "other image", "3 other images"),
    ],
)
def test_a_number_stands_with_what_it_counts(number: int, noun: str, expected: str) -> None:
    assert counted(number, noun) == expected


def test_a_noun_alone_follows_its_number() -> None:
    assert [plural(number, "label") for number in (0, 1, 2)] == ["labels", "label", "labels"]


def test_names_are_listed_up_to_a_number_and_the_rest_is_counted() -> None:
    names = ["cat", "dog", "owl"]
    assert listed(names, 3) == "cat, dog, owl"
    assert listed(names, 2) == "cat, dog and 1 more"
    assert listed([f"n{place}" for place in range(2001)], 1) == "n0 and 2,000 more"
    assert listed([], 3) == ""
    assert listed(names, 2, str.upper) == "CAT, DOG and 1 more"
