"""The cache that visitors share: bounded, fair, and everything made once."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from pages.shared.caches.byte_cache import ByteCache


class Visit:
    """A cache of bytes, with the visitor and the time of the test's choice."""

    def __init__(self, max_bytes: int = 100) -> None:
        self.name, self.now = "", 0.0
        self.cache = ByteCache[bytes](
            max_bytes, len, visitor=lambda: self.name, clock=lambda: self.now
        )
        self.made: list[str] = []

    def get(self, name: str, key: str, n_bytes: int = 10) -> bytes:
        def make() -> bytes:
            self.made.append(key)
            return bytes(n_bytes)

        self.name, self.now = name, self.now + 1
        return self.cache.get(key, make)


def test_a_value_is_made_once_for_all_visitors():
    visit = Visit()
    first = visit.get("a", "photo")
    assert visit.get("a", "photo") is first
    assert visit.get("b", "photo") is first
    assert visit.made == ["photo"]
    assert visit.cache.n_bytes == 10


def test_all_values_together_stay_within_the_bound():
    visit = Visit()
    for i in range(60):
        visit.get(f"visitor {i % 7}", f"photo {i}", 1 + i % 30)
        assert visit.cache.n_bytes <= 100


def test_what_was_used_last_stays():
    visit = Visit(30)
    for key in ("first", "second", "third", "first", "fourth"):
        visit.get("a", key)
    assert [key in visit.cache for key in ("first", "second", "third", "fourth")] == [
        *(True, False, True, True)
    ]


def test_fifty_images_of_one_visitor_leave_another_theirs():
    visit = Visit()
    visit.get("modest", "mine")
    for i in range(50):
        visit.get("greedy", f"photo {i}")
    visit.get("modest", "mine")
    assert visit.made.count("mine") == 1
    assert visit.cache.n_bytes == 100


def test_the_one_who_holds_most_makes_room_for_others():
    visit = Visit()
    for key in ("1", "2", "3", "4", "5", "6"):
        visit.get("greedy", key)
    visit.get("modest", "a", 20)
    visit.get("modest", "b", 20)
    visit.get("third", "c", 20)
    assert [key in visit.cache for key in "123456abc"] == [False] * 2 + [True] * 7


def test_what_two_hold_goes_when_neither_does():
    visit = Visit(30)
    visit.get("a", "both")
    visit.get("b", "both")
    visit.get("a", "1")
    visit.get("a", "2")
    visit.get("a", "3")
    assert "both" in visit.cache
    assert "1" not in visit.cache
    for key in ("4", "5", "6", "7"):
        visit.get("b", key)
    assert "both" not in visit.cache


def test_one_image_alone_is_kept_even_if_the_others_have_smaller_ones():
    visit = Visit()
    for i in range(9):
        visit.get(f"visitor {i}", f"small {i}")
    visit.get("large", "panorama", 50)
    assert "panorama" in visit.cache
    assert visit.cache.n_bytes <= 100
    assert "small 0" not in visit.cache


def test_what_is_larger_than_the_bound_is_handed_out_and_pushes_nothing_out():
    visit = Visit()
    visit.get("a", "small")
    assert len(visit.get("a", "too large", 101)) == 101
    assert "small" in visit.cache
    assert "too large" not in visit.cache


def test_what_visitors_left_behind_does_not_count_against_those_who_are_here():
    visit = Visit()
    for i in range(9):
        visit.get(f"gone {i}", f"left {i}")
    visit.now += 3600
    for key in ("a", "b", "c"):
        visit.get("here", key)
    assert visit.cache.n_bytes == 30


def test_two_who_ask_at_the_same_time_share_one_making():
    cache = ByteCache[bytes](100, len, visitor=lambda: "a")
    both = threading.Barrier(2, timeout=10)
    made = []

    def make() -> bytes:
        made.append(threading.get_ident())
        threading.Event().wait(0.05)
        return b"photo"

    def ask() -> bytes:
        both.wait()
        return cache.get("photo", make)

    with ThreadPoolExecutor(2) as threads:
        first, second = [
            future.result(timeout=10) for future in [threads.submit(ask) for _ in range(2)]
        ]
    assert first is second
    assert len(made) == 1


def test_what_could_not_be_made_is_tried_again():
    cache = ByteCache[bytes](100, len, visitor=lambda: "a")

    def fail() -> bytes:
        raise ValueError("no image")

    with pytest.raises(ValueError, match="no image"):
        cache.get("photo", fail)
    assert cache.get("photo", lambda: b"photo") == b"photo"
