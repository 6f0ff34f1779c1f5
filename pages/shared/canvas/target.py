"""Which layer the paint page paints on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import streamlit as st

from maskcore import rle
from maskcore.rle import RLE
from maskcore.types import Instance
from pages.shared import markdown, workspace
from pages.shared.pictures import Picture
from pages.shared.workspace import Layer

_KEY = "painting"
_NEW = 0  # layers count from 1


@dataclass(frozen=True)
class PaintTarget:
    """What is painted on.

    Attributes:
        label: Of the layer.
        mask: As it is now.
        color: "#rrggbb".
        document: Names the undo history.
        take: Keeps the painted mask.
        others: The other visible masks and their colors, the topmost last.
    """

    label: str
    mask: RLE
    color: str
    document: str
    take: Callable[[RLE], None]
    others: list[tuple[RLE, str]]


@dataclass
class _PaintState:
    """A new layer is made by its first stroke, and goes on with that stroke's undo history."""

    layer_ids: dict[str, int] = field(default_factory=dict)  # by document
    documents: dict[int, str] = field(default_factory=dict)  # by layer
    selected: dict[str, int] = field(default_factory=dict)  # by picture
    turn: int = 0  # of the widget: what the browser says of an earlier one is out of date

    @property
    def key(self) -> str:
        """Of the widget that is shown."""
        return f"layer to paint on {self.turn}"

    def choose(self, picture: Picture, layer_id: int) -> None:
        self.selected[picture.id] = layer_id
        self.turn += 1

    def take(self, picture: Picture, key: str) -> None:
        """Take the choice out of a widget, unless that is gone: a browser may send it again."""
        if key == self.key:
            self.selected[picture.id] = st.session_state[key]


def choose(picture: Picture) -> PaintTarget:
    """Show the choice of the layer and return what is to be painted on."""
    by_id = {layer.id: layer for layer in workspace.layers()}
    names = workspace.layer_names()
    state = _state()
    key = state.key
    layer_id = state.selected.get(picture.id)
    if layer_id not in (*by_id, _NEW):
        layer_id = next(reversed(by_id), _NEW)
    # In every run: for the widget, a layer that was renamed is another one.
    st.session_state[key] = layer_id
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.selectbox(
            "Layer to paint on",
            [_NEW, *reversed(by_id)],
            format_func=lambda layer_id: names.get(layer_id, "New layer"),
            key=key,
            on_change=state.take,
            args=(picture, key),
            width=280,
        )
        st.button(
            "New layer",
            icon=":material/add:",
            key="new layer",
            disabled=layer_id == _NEW,
            on_click=state.choose,
            args=(picture, _NEW),
        )
    others = [
        (layer.instance.mask, layer.color)
        for layer in by_id.values()
        if layer.visible and layer.id != layer_id
    ]
    if layer_id in by_id:
        layer = by_id[layer_id]
        return PaintTarget(
            markdown.plain(layer.instance.label),
            layer.instance.mask,
            layer.color,
            state.documents.get(layer.id, f"layer {layer.id}"),
            lambda mask: workspace.repaint({layer.id: mask}),
            others,
        )
    labels = {layer.instance.label for layer in by_id.values()}
    number = next(n for n in range(1, len(labels) + 2) if f"mask {n}" not in labels)
    document = f"new {len(state.documents)} {picture.id}"
    return PaintTarget(
        f"mask {number}",
        rle.empty(picture.size_hw),
        workspace.new_color(f"mask {number}"),
        document,
        lambda mask: _take_new(picture, document, f"mask {number}", mask),
        others,
    )


def paint_on_last(picture: Picture, layers: Sequence[Layer]) -> None:
    """Choose the last of these layers of a picture; for callbacks."""
    if layers:
        _state().choose(picture, layers[-1].id)


def _state() -> _PaintState:
    state: _PaintState = st.session_state.setdefault(_KEY, _PaintState())
    return state


def _take_new(picture: Picture, document: str, label: str, mask: RLE) -> None:
    state = _state()
    if document in state.layer_ids:
        workspace.repaint({state.layer_ids[document]: mask})
        return
    for layer in workspace.add([Instance(mask, label)], picture=picture):
        state.layer_ids[document] = layer.id
        state.documents[layer.id] = document
        state.choose(picture, layer.id)
