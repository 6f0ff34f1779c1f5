"""The controls of the page that edits: which layers, what to do with them, how much of it."""

from __future__ import annotations

import streamlit as st

from pages.make.edit.operations import GROUPS, OPERATIONS, Edit, Value
from pages.shared import choices, workspace
from pages.shared.pictures import Picture
from pages.shared.workspace import Layer

SELECTED = "edit layers"

_AREAS = [n * 10**power for power in range(7) for n in (1, 2, 5)]  # 1, 2, 5, 10, ..., 5,000,000
_HELP = {
    "grow": "Adds what is at most this far from the mask",
    "shrink": "Removes what is at most this far from the outside",
    "open": "Removes spikes, bridges and specks thinner than twice this",
    "close": "Fills gaps, cracks and holes thinner than twice this",
    "smooth": "Rounds off what is smaller than this",
    "simplify": "How far the outline with fewer corners may be off",
}


def selected() -> list[Layer]:
    """Return the layers that are selected, in that order; the topmost one at first."""
    by_id = {layer.id: layer for layer in reversed(workspace.layers())}
    before = st.session_state.get(SELECTED)
    now = [layer_id for layer_id in before or () if layer_id in by_id]
    # Another page or an undo may have taken away what was selected; nothing is no such case.
    if not now and before != []:
        now = [next((layer.id for layer in by_id.values() if layer.visible), next(iter(by_id)))]
    st.session_state[SELECTED] = now
    return [by_id[layer_id] for layer_id in now]


def layers() -> None:
    """Show the choice of layers."""
    names = workspace.layer_names()
    st.multiselect(
        "Layers",
        list(reversed(names)),
        format_func=names.__getitem__,
        key=SELECTED,
        placeholder="Choose one or more",
        persist_state="session",
    )


def edit(picture: Picture, n_layers: int) -> Edit | None:
    """Show the choice of the operation and its value; None if it needs more layers."""
    group = choices.one_of("What to change", list(GROUPS), default="Outline", key="edit group")
    name = st.pills(
        "Operation",
        list(GROUPS[group]),
        default=next(iter(GROUPS[group])),
        required=True,
        format_func=lambda name: OPERATIONS[name].title,
        key=f"edit {group}",
        label_visibility="collapsed",
        wrap=True,
        persist_state="session",
    )
    value = _value(name, picture)
    needed = 2 if OPERATIONS[name].combines else 1
    if n_layers < needed:
        number = "a layer" if needed == 1 else "two or more layers"
        st.info(f"Choose {number} above.", icon=":material/layers:")
        return None
    if name == "difference":
        st.caption("The layer chosen first loses what the others cover.")
    return Edit(name, value)


def _value(name: str, picture: Picture) -> Value:
    key = f"edit {name} value"
    if name in ("grow", "shrink", "open", "close", "smooth"):
        # Enough to be seen on a small picture and on a large one.
        st.session_state.setdefault(key, min(max(2, max(picture.size_hw) // 200), 20))
        label = "Radius" if name in ("open", "close", "smooth") else "Distance"
        highest = 60 if name == "smooth" else 200
        return st.slider(
            label, 1, highest, format="%d px", key=key, help=_HELP[name], persist_state="session"
        )
    if name == "simplify":
        st.session_state.setdefault(key, 2.0)
        return st.slider(
            *("Tolerance", 0.5, 20.0),
            step=0.5,
            format="%.1f px",
            key=key,
            help=_HELP[name],
            persist_state="session",
        )
    if name in ("fill_holes", "drop_specks"):
        return _area(name, key)
    if name == "keep_largest":
        return st.number_input("Parts to keep", 1, 1000, key=key, persist_state="session")
    return None


def _area(name: str, key: str) -> Value:
    holes = name == "fill_holes"
    st.session_state.setdefault(key, None if holes else 100)
    area: float | None = st.select_slider(
        "Holes of at most" if holes else "Parts of fewer than",
        [*_AREAS, None] if holes else _AREAS[1:],
        format_func=lambda area: "any size" if area is None else f"{area:,} px",
        key=key,
        persist_state="session",
    )
    return area
