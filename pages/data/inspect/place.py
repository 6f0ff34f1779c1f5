"""Which sample of the data set is looked at, and which come before and behind it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st

from pages.shared.dataset.state import Opened

_SAMPLE, _ORDER = "inspect sample", "inspect order"


@dataclass(frozen=True)
class Place:
    """A sample among others.

    Attributes:
        name: Of the sample.
        order: The names of all, its own included.
    """

    name: str
    order: tuple[str, ...]

    @property
    def number(self) -> int:
        """Its place, from 0."""
        return self.order.index(self.name)


def go(name: str, order: Sequence[str]) -> None:
    """Look at a sample; for callbacks.

    Args:
        name: Of the sample.
        order: The samples before and behind it.
    """
    st.session_state[_SAMPLE], st.session_state[_ORDER] = name, tuple(order)


def leave() -> None:
    """Go back to where the sample was chosen; for callbacks."""
    st.session_state.pop(_SAMPLE, None)


def current(opened: Opened) -> Place | None:
    """Return the sample that is looked at, if there is one and the data set has it."""
    name = st.session_state.get(_SAMPLE)
    if name not in opened.samples:
        return None
    order = tuple(name for name in st.session_state.get(_ORDER, ()) if name in opened.samples)
    return Place(name, order if name in order else (name,))
