"""Which layer the paint page paints on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import streamlit as st

from maskcore import rle
from maskcore.rle import RLE
from maskcore.types import Instance
from pages.shared import markdown, workspace
from pages.shared.workspace import Layer, Picture

_KEY, _CHOSEN = "painting", "layer to paint on"
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
    made: dict[str, int] = field(default_factory=dict)  # by picture: to be chosen next


def target(picture: Picture) -> Target:
    """Show the choice of the layer and return what is to be painted on."""
    by_id = {layer.id: layer for layer in workspace.layers()}
    names = workspace.layer_names()
    _choose(picture, list(by_id))
    with st.container(horizontal=True, vertical_alignment="bottom"):
        chosen = st.selectbox(
            "Layer to paint on",
            [_NEW, *reversed(by_id)],
            format_func=lambda it: names.get(it, "New layer"),
            key=_CHOSEN,
            persist_state="session",
            width=280,
        )
        st.button(
            "New layer",
            icon=":material/add:",
            key="new layer",
            disabled=chosen == _NEW,
            on_click=lambda: st.session_state.update({_CHOSEN: _NEW}),
        )
    others = [
        (it.instance.mask, it.color) for it in by_id.values() if it.visible and it.id != chosen
    ]
    painted = _painted()
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
        _painted().made[picture.id] = layers[-1].id


def _choose(picture: Picture, layer_ids: Sequence[int]) -> None:
    made = _painted().made
    chosen = made.get(picture.id, st.session_state.get(_CHOSEN))
    if chosen not in (*layer_ids, _NEW):
        chosen = layer_ids[-1] if layer_ids else _NEW
    # In every run: for the widget, a layer that was renamed is another one.
    st.session_state[_CHOSEN] = chosen
    made.pop(picture.id, None)


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
        # Not chosen here: a rerun can break off this callback wherever it uses the session.
        painted.made[picture.id] = layer.id
