"""Whatever a browser says was painted, it is read or refused in one sentence; nothing else."""

from __future__ import annotations

import base64
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

import numpy as np
import pytest
import streamlit
from hypothesis import example, given, settings, strategies as st

from maskcore import rle
from maskcore.errors import MaskcoreError
from maskcore.masks import bits as mask_bits
from maskcore.masks.bits import Patch
from maskcore.rle import RLE
from pages.shared.canvas import state

many = settings(deadline=None, max_examples=500)
some = settings(deadline=None, max_examples=150)

SIZE = 6, 11
NUMBERS = ["width", "height", "x", "y", "w", "h"]
MASK = rle.encode(np.random.default_rng(0).random(SIZE) < 0.5)


def is_plain(message: str) -> bool:
    return message.endswith(".") and len(message) < 250 and "\n" not in message and message != "."


def read(message: object) -> Patch | None:
    """The patch, or None after a MaskcoreError; anything else that is raised fails the test."""
    try:
        found = mask_bits.read_patch(message, SIZE)
    except MaskcoreError as error:
        sentence = str(error)
        assert is_plain(sentence), sentence
        return None
    height, width = SIZE
    x1, y1, x2, y2 = found.box
    assert 0 <= x1 < x2 <= width
    assert 0 <= y1 < y2 <= height
    assert found.pixels.shape == (y2 - y1, x2 - x1)
    assert found.pixels.dtype == np.bool_
    assert set(found.pixels.view(np.uint8).flat) <= {0, 1}
    return found


def base64_of(content: bytes) -> str:
    return base64.b64encode(content).decode()


def bits_read_by_hand(packed: bytes, w: int, h: int) -> list[list[bool]]:
    bits = "".join(f"{byte:08b}" for byte in packed)
    return [[bits[y * w + x] == "1" for x in range(w)] for y in range(h)]


# Messages

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-3, 15)
    | st.integers()
    | st.sampled_from([2**31, 2**53, -(2**63), 10**400])
    | st.floats()
    | st.text(max_size=12)
    | st.binary(max_size=30).map(base64_of)
)
JSON = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner),
    max_leaves=8,
)


@st.composite
def patches(draw) -> dict[str, Any]:
    """What a canvas could have sent."""
    height, width = SIZE
    x, y = draw(st.integers(0, width - 1)), draw(st.integers(0, height - 1))
    w, h = draw(st.integers(1, width - x)), draw(st.integers(1, height - y))
    n_bytes = -(-w * h // 8)
    packed, deflated = draw(st.binary(min_size=n_bytes, max_size=n_bytes)), draw(st.booleans())
    return {
        **dict(zip(NUMBERS, (width, height, x, y, w, h), strict=True)),
        "bits": base64_of(zlib.compress(packed) if deflated else packed),
        "deflated": deflated,
    }


def damaged(message: dict[str, Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Say something else in a few places, or leave them out."""
    changes = st.dictionaries(st.sampled_from(sorted(message)), JSON, max_size=3)
    gone = st.sets(st.sampled_from(sorted(message)), max_size=1)
    return st.builds(
        lambda new, left_out: {
            name: value for name, value in (message | new).items() if name not in left_out
        },
        changes,
        gone,
    )


@many
@given(JSON | st.dictionaries(st.sampled_from([*NUMBERS, "bits", "deflated"]), JSON))
@example({})
@example(dict.fromkeys([*NUMBERS, "bits", "deflated"], 10**5000))
@example(dict.fromkeys([*NUMBERS, "bits", "deflated"], float("nan")))
def test_any_value_is_read_or_refused(message: object):
    read(message)


@many
@given(patches().flatmap(damaged))
def test_a_damaged_message_is_read_or_refused(message: dict[str, Any]):
    read(message)


@many
@given(patches())
def test_what_a_canvas_sends_is_read_bit_by_bit(message: dict[str, Any]):
    found = read(message)
    content = base64.b64decode(message["bits"])
    packed = zlib.decompress(content) if message["deflated"] else content
    assert found is not None
    assert found.pixels.tolist() == bits_read_by_hand(packed, message["w"], message["h"])


@many
@given(*[st.integers(-2, 13)] * 4, st.binary(max_size=12))
def test_a_rectangle_is_read_only_if_it_lies_inside_and_has_all_its_pixels(x, y, w, h, packed):
    numbers = dict(zip(NUMBERS, (11, 6, x, y, w, h), strict=True))
    found = read(numbers | {"bits": base64_of(packed), "deflated": False})
    inside = x >= 0 and y >= 0 and w >= 1 and h >= 1 and x + w <= 11 and y + h <= 6
    assert (found is not None) == (inside and len(packed) == -(-w * h // 8))


@many
@given(st.binary(min_size=9, max_size=9), st.data())
def test_a_stream_that_was_tampered_with_is_refused_or_says_the_same_as_zlib(packed, data):
    stream = bytearray(zlib.compress(packed, data.draw(st.integers(0, 9))))
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.integers(0, len(stream) - 1))
        new = data.draw(st.binary(max_size=3))
        stream[place : place + data.draw(st.integers(0, 3))] = new
        stream = stream or bytearray(b"x")
    numbers = dict(zip(NUMBERS, (11, 6, 0, 0, 11, 6), strict=True))
    found = read(numbers | {"bits": base64_of(bytes(stream)), "deflated": True})
    if found is not None:
        content = zlib.decompress(bytes(stream))
        assert found.pixels.tolist() == bits_read_by_hand(content, 11, 6)


# Messages on their way through the transport


class Canvases:
    """A document "a" and, of other sizes, canvases that are clicked and boxed on."""

    def __init__(self) -> None:
        self.painted: list[RLE] = []
        self.picked: list[tuple[int, ...]] = []
        self.boxed: list[tuple[int, ...]] = []
        self.document = state.open_document("paint", "a", MASK, self.painted.append)
        state.expect("p", "pick", (3, 5), lambda *place: self.picked.append(place))
        state.expect("b", "box", (3, 5), lambda *box: self.boxed.append(box))

    def receive(self, message: object) -> dict[str, Any]:
        streamlit.session_state[state.TRANSPORT] = {"message": message}
        state.receive()
        return self.answer()

    def answer(self) -> dict[str, Any]:
        return {name: it for name, it in state.answer().items() if name != "session"}


@contextmanager
def canvases() -> Iterator[Canvases]:
    with patch.object(streamlit, "session_state", {}):
        yield Canvases()


SENT = st.fixed_dictionaries(
    {},
    optional={
        "revision": st.integers(-1, 6) | JSON,
        "kind": st.sampled_from(["patch", "pick", "box"]) | JSON,
        "document": st.just("a") | JSON,
        "key": st.sampled_from(["p", "b", "a"]) | JSON,
        **{name: st.integers(-1, 7) | JSON for name in ("x", "y", "x1", "y1", "x2", "y2")},
    },
)


@many
@given(st.lists(JSON | SENT | st.builds(dict.__or__, patches(), SENT), min_size=1, max_size=5))
def test_the_transport_takes_or_refuses_whatever_comes(messages: list[object]):
    with canvases() as these:
        for message in messages:
            before, mask = these.answer(), these.document.mask
            after = these.receive(message)
            assert after["revision"] >= before["revision"]
            assert not after["refused"] or is_plain(after["refused"]), after
            if after["refused"] or after == before:
                assert these.document.mask == mask
        for mask in these.painted:
            assert RLE(SIZE, mask.counts) == mask
        for x, y in these.picked:
            assert 0 <= x < 5
            assert 0 <= y < 3
        for x1, y1, x2, y2 in these.boxed:
            assert 0 <= x1 < x2 <= 5
            assert 0 <= y1 < y2 <= 3


@some
@given(st.lists(patches(), min_size=1, max_size=6), st.data())
def test_strokes_arrive_in_order_however_often_they_are_sent(strokes, data):
    pixels = np.array(rle.decode(MASK))
    with canvases() as these:
        for revision, stroke in enumerate(strokes, start=1):
            message = stroke | {"kind": "patch", "document": "a", "revision": revision}
            for _ in range(data.draw(st.integers(1, 3))):
                assert these.receive(message) == {"revision": revision, "refused": ""}
            old = data.draw(st.sampled_from(strokes))
            these.receive(old | {"kind": "patch", "document": "a", "revision": revision - 1})
            x1, y1, x2, y2 = (found := mask_bits.read_patch(stroke, SIZE)).box
            pixels[y1:y2, x1:x2] = found.pixels
        assert these.document.mask == rle.encode(pixels)
        assert len(these.painted) == len(strokes)


@pytest.mark.parametrize(
    "message",
    [
        {"kind": ["pick"], "key": "p"},
        {"kind": "pick", "key": "p"},
        {"kind": "pick", "key": "p", "x": 5, "y": 0},
        {"kind": "pick", "key": "p", "x": 0, "y": 3},
        {"kind": "pick", "key": "p", "x": -1, "y": 0},
        {"kind": "pick", "key": "p", "x": True, "y": 0},
        {"kind": "pick", "key": "p", "x": 1.0, "y": 0},
        {"kind": "box", "key": "b", "x1": 0, "y1": 0, "x2": 6, "y2": 1},
        {"kind": "box", "key": "b", "x1": 2, "y1": 0, "x2": 2, "y2": 1},
        {"kind": "box", "key": "b", "x1": 2, "y1": 1, "x2": 3, "y2": 0},
        {"kind": "patch", "document": "b"},
        {"kind": "patch", "document": "a"},
        {"kind": "patch", "document": None},
        {"kind": "patch", "document": ["a"]},
        {"kind": "eat", "document": "a"},
        {},
    ],
)
def test_a_message_that_makes_no_sense_is_refused_in_a_sentence(message: dict[str, Any]):
    with canvases() as these:
        answer = these.receive(message | {"revision": 1})
        assert answer["revision"] == 1
        assert is_plain(answer["refused"])
        assert (these.painted, these.picked, these.boxed) == ([], [], [])
        assert these.document.mask == MASK


@pytest.mark.parametrize("revision", [None, True, 0, -1, 1.0, "1", 2**53, 10**400, [1]])
def test_a_message_without_a_proper_number_is_ignored(revision: object):
    with canvases() as these:
        message = {"kind": "pick", "key": "p", "x": 0, "y": 0, "revision": revision}
        assert these.receive(message) == {"revision": 0, "refused": ""}
        assert these.picked == []


def test_the_corners_of_the_image_can_be_clicked_and_boxed():
    with canvases() as these:
        these.receive({"kind": "pick", "key": "p", "x": 4, "y": 2, "revision": 1})
        these.receive({"kind": "pick", "key": "p", "x": 0, "y": 0, "revision": 2})
        box = {"kind": "box", "key": "b", "x1": 0, "y1": 0, "x2": 5, "y2": 3, "revision": 3}
        assert these.receive(box) == {"revision": 3, "refused": ""}
        assert these.picked == [(4, 2), (0, 0)]
        assert these.boxed == [(0, 0, 5, 3)]


def test_names_that_are_nested_deeply_are_refused():
    nested: object = "a"
    for _ in range(5000):
        nested = [nested]
    with canvases() as these:
        for revision, kind in enumerate(["patch", "pick", nested], start=1):
            answer = these.receive(
                {"kind": kind, "document": nested, "key": nested, "revision": revision}
            )
            assert is_plain(answer["refused"])
