"""What the canvas paints on, as Python knows it, and what the transport brings."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import streamlit as st

from maskcore.errors import MaskcoreError
from maskcore.masks import bits as mask_bits
from maskcore.rle import RLE

TRANSPORT = "canvas-transport"
_KEY = "canvas state"
_MOST_DOCUMENTS = 200
_MOST_MESSAGES = 2**53  # a JavaScript number is exact up to there


@dataclass
class PaintedDocument:
    """A mask that is painted on.

    Attributes:
        mask: With everything that has arrived.
        on_paint: Takes the mask when something has arrived.
        base: Counts the masks that did not come from the canvas: it must fetch the latest.
        base_mask: That mask.
        base_revision: The last message that it includes.
    """

    mask: RLE
    on_paint: Callable[[RLE], None]
    base: int
    base_mask: RLE
    base_revision: int

    def rebase(self, revision: int) -> None:
        """Let the canvas fetch the mask as it is now."""
        self.base += 1
        self.base_mask, self.base_revision = self.mask, revision


@dataclass
class _CanvasState:
    documents: dict[str, PaintedDocument] = field(default_factory=dict)
    expected: dict[str, Callable[[Mapping[str, Any]], None]] = field(default_factory=dict)
    shown: dict[str, str] = field(default_factory=dict)
    revision: int = 0
    refused: str = ""
    session: str = field(default_factory=lambda: uuid.uuid4().hex)


def _state() -> _CanvasState:
    state: _CanvasState = st.session_state.setdefault(_KEY, _CanvasState())
    return state


def ignore(_mask: RLE) -> None:
    """Take no mask: this one is only looked at."""


def open_document(
    key: str, name: str, mask: RLE, on_paint: Callable[[RLE], None]
) -> PaintedDocument:
    """Return what the canvas with this key paints on.

    A mask other than the canvas made is a new base. So is one that it has painted when it shows
    another in between: it may have forgotten that by now.
    """
    state = _state()
    document = state.documents.pop(name, None)
    if document is None:
        document = PaintedDocument(mask, on_paint, 0, mask, state.revision)
    state.documents[name] = document
    if len(state.documents) > _MOST_DOCUMENTS:
        del state.documents[next(iter(state.documents))]
    document.on_paint = on_paint
    known = document.mask if state.shown.get(key) == name else document.base_mask
    state.shown[key] = name
    if mask != known:
        document.mask = mask
        document.rebase(state.revision)
    return document


def expect(key: str, kind: str, size_hw: tuple[int, int], call: Callable[..., None]) -> None:
    """Call back with the place that a canvas in the mode "pick" or "box" sends."""
    names = ("x", "y") if kind == "pick" else ("x1", "y1", "x2", "y2")
    rim = kind == "box"  # its maximum is exclusive

    def check_and_call(message: Mapping[str, Any]) -> None:
        places = []
        for name, limit in zip(names, [size_hw[1], size_hw[0]] * 2, strict=False):
            value = message.get(name)
            if type(value) is not int or not 0 <= value < limit + rim:
                raise MaskcoreError("What was clicked does not lie inside the image.")
            places.append(value)
        if rim and (places[0] >= places[2] or places[1] >= places[3]):
            raise MaskcoreError("The box that was drawn holds no pixel.")
        call(*places)

    _state().expected[f"{kind} {key}"] = check_and_call


def answer() -> dict[str, Any]:
    """Say up to which message everything has arrived, and why the last one was refused."""
    state = _state()
    return {"session": state.session, "revision": state.revision, "refused": state.refused}


def receive() -> None:
    """Take a message; a rerun may break this off, then it comes again."""
    # Nothing is there if the run before was broken off early; the message comes again then.
    message = (st.session_state.get(TRANSPORT) or {}).get("message")
    state = _state()
    if not isinstance(message, Mapping):
        return
    revision = message.get("revision")
    if type(revision) is not int or not state.revision < revision < _MOST_MESSAGES:
        return
    refused = ""
    try:
        _take(state, message)
    except MaskcoreError as error:
        refused = str(error)
    state.revision, state.refused = revision, refused


def _take(state: _CanvasState, message: Mapping[str, Any]) -> None:
    kind, key, name = map(message.get, ("kind", "key", "document"))
    if kind in ("pick", "box") and isinstance(key, str) and f"{kind} {key}" in state.expected:
        state.expected[f"{kind} {key}"](message)
        return
    document = state.documents.get(name) if isinstance(name, str) else None
    if document is None:
        raise MaskcoreError("What was painted belongs to an image that is not open.")
    patch = mask_bits.read_patch(message, document.mask.size_hw)
    mask = mask_bits.apply(document.mask, patch)
    document.on_paint(mask)
    document.mask = mask
