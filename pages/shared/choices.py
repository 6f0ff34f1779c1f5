"""One of a few: a row of buttons of which one is always chosen, also when one comes back."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar, cast

import streamlit as st

T = TypeVar("T")


def one_of(
    label: str,
    options: Mapping[T, str] | Iterable[T],
    *,
    key: str,
    default: T | None = None,
    named: Callable[[T], str] = str,
    labeled: bool = True,
    **more: Any,
) -> T:
    """Show the options and return the one that is chosen.

    Args:
        label: What is chosen; read aloud even where it is not shown.
        options: What there is, perhaps with how each is called.
        key: The widget's key.
        default: Chosen at first; not needed where the session holds a choice already.
        named: How an option is called, where `options` does not say.
        labeled: Whether the label is shown.
        more: Other arguments of `st.segmented_control`.
    """
    if isinstance(options, Mapping):
        named = options.__getitem__
    chosen = st.segmented_control(
        label,
        list(options),
        default=default,
        required=True,
        format_func=named,
        key=key,
        label_visibility="visible" if labeled else "collapsed",
        persist_state="session",
        **more,
    )
    return cast("T", chosen)
