"""Documents read item by item, beside what the standard library makes of them."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from maskcore.datasets.formats.coco import json_items
from maskcore.datasets.formats.coco.json_items import Texts
from tests.memory import peak

few = settings(deadline=None, max_examples=200)

ENCODINGS = ["utf-8", "utf-8-sig", "utf-16", "utf-16-be", "utf-16-le", "utf-32", "utf-32-be"]
VALUES = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.floats(),
        st.text(st.sampled_from('a",:[]{}\\\n é猫😀\ud800'), max_size=5),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.dictionaries(st.text("ab猫", max_size=2), inner, max_size=4)
    ),
    max_leaves=12,
)
AT_ONCE = st.sampled_from([1, 2, 3, 7, 30])
DOCUMENT = '{"a": [1.5, "é\\n", {"b": [-0, true]}], "猫" : {"c":null}, "a":\t[ ] , "d": 1e3}\n'


def whole(content: bytes) -> Any:
    """Put a document together again."""
    found: dict[str | None, Any] = {}
    for name, value in json_items.members(json_items.utf_8(content)):
        found[name] = [item for item, _, _ in value] if isinstance(value, Iterator) else value
    return found.get(None, found)


def outcome(read: Callable[[bytes], Any], content: bytes) -> str:
    """What a reader makes of a document, so that NaN equals NaN, or that it is none."""
    try:
        return repr(read(content))
    except (ValueError, RecursionError):
        return "no JSON"


def same(content: bytes, at_once: int) -> str:
    """Compare the readers; parts may be so small that everything is cut off somewhere."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("maskcore.datasets.formats.coco.json_items._AT_ONCE", at_once)
        found = outcome(whole, content)
    assert found == outcome(json.loads, content)
    return found


def items(content: bytes) -> list[tuple[Any, int, int]]:
    _, found = next(json_items.members(content))
    return list(found)


@few
@given(VALUES, st.sampled_from(ENCODINGS), st.sampled_from([None, 0, 3]), st.booleans(), AT_ONCE)
def test_any_document_is_what_the_library_makes_of_it(
    value: Any, encoding: str, indent: int | None, is_ascii: bool, at_once: int
):
    text = json.dumps(value, indent=indent, ensure_ascii=is_ascii)
    assert same(text.encode(encoding, "surrogatepass"), at_once) != "no JSON"


@few
@given(VALUES, st.randoms(use_true_random=False), AT_ONCE)
def test_what_is_damaged_is_refused_where_the_library_refuses_it(
    value: Any, rng: random.Random, at_once: int
):
    text = bytearray(json.dumps(value, ensure_ascii=False).encode("utf-8", "surrogatepass"))
    for _ in range(rng.randint(1, 3)):
        at = rng.randrange(len(text) + 1)
        piece = bytes(rng.choices(b'0-.e,:[]{}"\\tn \x80\xe7\xff', k=rng.randrange(3)))
        text[at : at + rng.randrange(3)] = piece
    same(bytes(text), at_once)


@pytest.mark.parametrize("at_once", [1, 2, 5, 13, 1_000])
def test_a_document_that_breaks_off_anywhere_is_refused(at_once: int):
    content = DOCUMENT.encode()
    outcomes = [same(content[:stop], at_once) for stop in range(len(content) + 1)]
    assert {*outcomes[:-2]} == {"no JSON"}
    assert outcomes[-2] == outcomes[-1] != "no JSON"


@pytest.mark.parametrize("at_once", [1, 3, 1_000])
@pytest.mark.parametrize(
    ("content", "is_read"),
    [
        (b"7", True),
        (b' "a" ', True),
        (b"-Infinity", True),
        (b"[NaN, Infinity, -Infinity]", True),
        (b'{"a": NaN}', True),
        (b'{"a": [1], "a": 2, "b": 1, "b": [3]}', True),
        (b'{"": [[]], "a": {}}', True),
        (b" [ ] ", True),
        (b"\n{\t}\r\n", True),
        (b"[" + b"1" * 4_301 + b".5]", True),
        (b'[1, "\\ud83d\\ude00", "\\ud83d"]', True),
        (b'["\xed\xa0\xbd\xed\xb8\x80"]', True),
        (b"[" + b"1" * 4_301 + b"]", False),
        (b"", False),
        (b" ", False),
        (b"[1] 2", False),
        (b'{"a": 1}}', False),
        (b"[1]\0", False),
        (b"[1]\xff", False),
        (b"[1,]", False),
        (b"[,1]", False),
        (b"[1 2]", False),
        (b"[1:2]", False),
        (b"[1}", False),
        (b"[01]", False),
        (b"[1.]", False),
        (b'{"a": 1,}', False),
        (b'{"a"; 1}', False),
        (b'{"a", 1}', False),
        (b'{"a": 1: "b": 2}', False),
        (b'{"a": [1}', False),
        (b"{1: 2}", False),
        (b'{["a"]: 2}', False),
        (b"{'a': 2}", False),
        (b'["a\nb"]', False),
        (b'["\xc3"]', False),
        (b'["\xe7\x8c"]', False),
        (b"\xef\xbb\xbf\xef\xbb\xbf[1]", False),
        (b"\xff\xfe[", False),
        (b"[\x0b1]", False),
        ("[\xa01]".encode(), False),
    ],
)
def test_the_borders_of_what_json_is(content: bytes, is_read: bool, at_once: int):
    assert (same(content, at_once) != "no JSON") == is_read


@pytest.mark.parametrize("opening", [b"[", b'{"a":', b'{"a":[', b'[{"a":'])
def test_what_is_too_deep_is_refused(opening: bytes):
    assert same(opening * 100_000, 1_000) == "no JSON"


@pytest.mark.parametrize("at_once", [1, 4, 100])
def test_items_are_found_again_where_they_stand(at_once: int, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("maskcore.datasets.formats.coco.json_items._AT_ONCE", at_once)
    values = [{"é": [1, 2.5]}, "猫😀", 12, [], "a\ud800", None, {"": {}}, -1.5e-7]
    text = json.dumps(values, ensure_ascii=False).replace(", ", " ,\n ")
    content = text.encode("utf-8", "surrogatepass")
    texts = Texts(content)
    for value, start, stop in items(content):
        assert json.loads(content[start:stop].decode("utf-8", "surrogatepass")) == value
        assert content[start : start + 1].strip()
        assert content[stop - 1 : stop].strip()
        texts.append(start, stop)
    assert [texts[place] for place in range(len(values))] == values
    assert texts[0] is not texts[0]


def test_what_is_not_taken_of_a_list_is_passed_over_but_must_be_json():
    seen = []
    for name, value in json_items.members(b'{"a": [1, 2, 3], "b": [4, 5], "c": 6}'):
        seen.append((name, next(value)[0] if name == "b" else isinstance(value, Iterator)))
    assert seen == [("a", True), ("b", 4), ("c", False)]
    with pytest.raises(ValueError, match=r"."):
        list(json_items.members(b'{"a": [1, 2 3], "b": 4}'))


def test_a_document_in_utf_8_is_not_copied():
    content = b'{"a": 1}'
    assert json_items.utf_8(content) is content


def test_items_that_were_read_are_forgotten():
    content = json.dumps({"a": [[i / 7] * 20 for i in range(5_000)]}).encode()

    def walk() -> None:
        for _, value in json_items.members(content):
            assert sum(1 for _ in value) == 5_000

    assert peak(walk) < peak(lambda: json.loads(content)) / 3
