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
class Target:
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
class _Painted:
    """A new layer is made by its first stroke, and goes on with that stroke's undo history."""

    layer_ids: dict[str, int] = field(default_factory=dict)  # by document
    documents: dict[int, str] = field(default_factory=dict)  # by layer
    chosen: dict[str, int] = field(default_factory=dict)  # by picture
    turn: int = 0  # of the widget: what the browser says of an earlier one is out of date

    @property
    def key(self) -> str:
        """Of the widget that is shown."""
        return f"layer to paint on {self.turn}"

    def choose(self, picture: Picture, layer_id: int) -> None:
        self.chosen[picture.id] = layer_id
        self.turn += 1

    def take(self, picture: Picture, key: str) -> None:
        """Take the choice out of a widget, unless that is gone: a browser may send it again."""
        if key == self.key:
            self.chosen[picture.id] = st.session_state[key]


def target(picture: Picture) -> Target:
    """Show the choice of the layer and return what is to be painted on."""
    by_id = {layer.id: layer for layer in workspace.layers()}
    names = workspace.layer_names()
    painted = _painted()
    key = painted.key
    chosen = painted.chosen.get(picture.id)
    if chosen not in (*by_id, _NEW):
        chosen = next(reversed(by_id), _NEW)
    # In every run: for the widget, a layer that was renamed is another one.
    st.session_state[key] = chosen
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.selectbox(
            "Layer to paint on",
            [_NEW, *reversed(by_id)],
            format_func=lambda it: names.get(it, "New layer"),
            key=key,
            on_change=painted.take,
            args=(picture, key),
            width=280,
        )
        st.button(
            "New layer",
            icon=":material/add:",
            key="new layer",
            disabled=chosen == _NEW,
            on_click=painted.choose,
            args=(picture, _NEW),
        )
    others = [
        (it.instance.mask, it.color) for it in by_id.values() if it.visible and it.id != chosen
    ]
    if chosen in by_id:
        layer = by_id[chosen]
        return Target(
            markdown.plain(layer.instance.label),
            layer.instance.mask,
            layer.color,
            painted.documents.get(layer.id, f"layer {layer.id}"),
            lambda mask: workspace.repaint({layer.id: mask}),
            others,
        )
    labels = {it.instance.label for it in by_id.values()}
    number = next(n for n in range(1, len(labels) + 2) if f"mask {n}" not in labels)
    document = f"new {len(painted.documents)} {picture.id}"
    return Target(
        f"mask {number}",
        rle.empty(picture.size_hw),
        workspace.new_color(f"mask {number}"),
        document,
        lambda mask: _take_new(picture, document, f"mask {number}", mask),
        others,
    )


def go_on_with(picture: Picture, layers: Sequence[Layer]) -> None:
    """Choose the last of these layers of a picture; for callbacks."""
    if layers:
        _painted().choose(picture, layers[-1].id)


def _painted() -> _Painted:
    return st.session_state.setdefault(_KEY, _Painted())


def _take_new(picture: Picture, document: str, label: str, mask: RLE) -> None:
    painted = _painted()
    if document in painted.layer_ids:
        workspace.repaint({painted.layer_ids[document]: mask})
        return
    for layer in workspace.add([Instance(mask, label)], picture=picture):
        painted.layer_ids[document] = layer.id
        painted.documents[layer.id] = document
        painted.choose(picture, layer.id)
