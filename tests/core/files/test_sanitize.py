from __future__ import annotations

import pytest

from maskcore.datasets.dataset import Problem
from maskcore.files import sanitize


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("größe 日本語 😀", "größe 日本語 😀"),
        ("a\nb\tc\0", "a\ufffdb\ufffdc\ufffd"),
        ("a\u202egnp.exe", "a\ufffdgnp.exe"),
        ("half \ud800", "half \ufffd"),
        ("می‌خواهم", "می‌خواهم"),
        ("👨‍👩‍👧", "👨‍👩‍👧"),
    ],
)
def test_what_is_not_to_be_seen_is_marked(text, plain):
    assert sanitize.plain(text) == plain
    assert sanitize.shown(text) == plain
    assert Problem("a.csv", text).reason == plain


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, "nothing"),
        (True, "yes"),
        (5, "5"),
        (1.5, "1.5"),
        ([["a"]], "a list"),
        ({"a": 1}, "an object"),
        ("x" * 101, "x" * 100 + "…"),
        ("x" * 100, "x" * 100),
    ],
)
def test_values_are_shown_in_words(value, shown):
    assert sanitize.shown(value) == shown


def test_a_list_as_deep_as_can_be_is_shown():
    deep: list = []
    for _ in range(100_000):
        deep = [deep]
    assert sanitize.shown(deep) == "a list"
    while deep:  # taking it down at once would go as deep again
        deep = deep.pop()


def test_a_text_is_cut_off_where_it_is_told():
    assert sanitize.shown("abcdef", 3) == "abc…"
