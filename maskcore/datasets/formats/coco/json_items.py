"""A JSON document item by item, in little more memory than its text takes.

What `json.loads` accepts is accepted, and decoded as there; nothing else is.
"""

from __future__ import annotations

import json
import re
from array import array
from collections.abc import Iterator
from typing import Any

Items = Iterator[tuple[Any, int, int]]
"""The items of a list in order, each with the places of its first byte and the one behind it."""

_DECODER = json.JSONDecoder()
_WHITE = re.compile(r"[ \t\n\r]*")
_GOES_ON = re.compile(r"[ \t\n\r]*[,:\]}]")
_REST_OF_CHARACTER = re.compile(rb"[\x80-\xbf]*")
_AT_ONCE = 250_000  # bytes: few items are cut off, and the text stays in the processor's cache


def utf_8(content: bytes) -> bytes:
    """Return a JSON document in UTF-8 without a mark, in whatever encoding of JSON it comes.

    Raises:
        ValueError: If it is not in the encoding that it begins in.
    """
    encoding = json.detect_encoding(content)
    return content if encoding == "utf-8" else _encoded(content.decode(encoding, "surrogatepass"))


def members(content: bytes) -> Iterator[tuple[str | None, Any]]:
    """Yield what a document says: each name of its object with the value, the same name again too.

    A value that is a list is an iterator, `Items`. What is not taken from it before the next member
    is asked for is passed over.

    Args:
        content: The document, as `utf_8` returns it.

    Yields:
        A name and a value; None and the whole if the document is no object.

    Raises:
        ValueError: If it is no JSON, which may be found out only at its end.
        RecursionError: If a value in it is too deep.
    """
    text = _Text(content)
    first = text.next()
    if first == "{":
        yield from text.members()
    elif first == "[":
        yield None, (items := text.items())
        _pass(items)
    else:
        yield None, _DECODER.decode(_decoded(content))
        return
    text.end()


class Texts:
    """Items of a document that are kept as its text, and decoded whenever they are asked for.

    Args:
        content: The document, as `utf_8` returns it.
    """

    def __init__(self, content: bytes) -> None:
        self._content = content
        self._starts, self._stops = array("q"), array("q")

    def append(self, start: int, stop: int) -> None:
        """Keep the item between two places, as `Items` tell them."""
        self._starts.append(start)
        self._stops.append(stop)

    def __getitem__(self, place: int) -> Any:
        """Decode an item anew.

        Raises:
            RecursionError: If it is deeper than the caller leaves room for.
        """
        text = self._content[self._starts[place] : self._stops[place]]
        return _DECODER.raw_decode(_decoded(text))[0]


class _Text:
    """Where a document is read: a part of it is decoded, of which the beginning has been passed."""

    def __init__(self, content: bytes) -> None:
        self._content = content
        self._stop = 0  # behind the bytes of the part
        self._part, self._at = "", 0
        self._byte, self._byte_at = 0, 0  # the same place in bytes, and in the part

    def next(self) -> str:
        """Return the next character that is not white."""
        while True:
            self._skip()
            if self._at < len(self._part):
                return self._part[self._at]
            self._read_on()

    def end(self) -> None:
        """Pass the end of the document, where nothing but white may come.

        Raises:
            ValueError: If something else does.
        """
        self._skip()
        while self._at == len(self._part) and self._stop < len(self._content):
            self._read_on()
            self._skip()
        if self._at < len(self._part):
            raise ValueError("There is something behind the end.")

    def mark(self, marks: str) -> str:
        """Pass one of the marks that may come next and return it.

        Raises:
            ValueError: If something else comes.
        """
        found = self.next()
        if found not in marks:
            raise ValueError(f"Instead of one of {marks} there is {found}.")
        self._at += 1
        return found

    def value(self) -> tuple[Any, int, int]:
        """Pass a value that is not the last in the document.

        Returns:
            The value, the place of its first byte and the one behind it.

        Raises:
            ValueError: If it is no JSON, or the document ends.
        """
        self.next()
        while True:
            try:
                value, end = _DECODER.raw_decode(self._part, self._at)
            except ValueError:
                self._read_on()
                continue
            if _GOES_ON.match(self._part, end):
                break
            self._read_on()  # "12" may be the beginning of "123"
        start = self._byte_of(self._at)
        self._at = end
        return value, start, self._byte_of(end)

    def items(self) -> Items:
        """Pass a list, item by item."""
        self.mark("[")
        if self.next() == "]":
            self.mark("]")
            return
        while True:
            yield self.value()
            if self.mark(",]") == "]":
                return

    def members(self) -> Iterator[tuple[str, Any]]:
        """Pass an object, member by member."""
        self.mark("{")
        if self.next() == "}":
            self.mark("}")
            return
        while True:
            if self.next() != '"':
                raise ValueError("A name is no text.")
            name = self.value()[0]
            self.mark(":")
            if self.next() == "[":
                yield name, (items := self.items())
                _pass(items)
            else:
                yield name, self.value()[0]
            if self.mark(",}") == "}":
                return

    def _skip(self) -> None:
        if found := _WHITE.match(self._part, self._at):
            self._at = found.end()

    def _byte_of(self, at: int) -> int:
        """Return the place in bytes of a character; it must not lie before the last one told."""
        if self._part.isascii():
            self._byte += at - self._byte_at
        else:
            self._byte += len(_encoded(self._part[self._byte_at : at]))
        self._byte_at = at
        return self._byte

    def _read_on(self) -> None:
        """Decode more, at least as much again as is not yet passed: values may be long."""
        if self._stop == len(self._content):
            raise ValueError("The document ends too early, or something in it is no JSON.")
        self._byte_of(self._at)
        rest = self._part[self._at :]
        start = self._stop
        if found := _REST_OF_CHARACTER.match(self._content, start + max(_AT_ONCE, len(rest))):
            self._stop = found.end()
        self._part = rest + _decoded(self._content[start : self._stop])
        self._at = self._byte_at = 0


def _pass(items: Items) -> None:
    for _ in items:
        pass


def _decoded(content: bytes) -> str:
    # json.loads lets halves of surrogate pairs through.
    return content.decode("utf-8", "surrogatepass")


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")
