"""The controls of how images are cut into patches."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

from maskcore.errors import MaskcoreError
from maskcore.patches import Edge
from maskcore.patches.files import Settings
from pages.shared import choices, workspace
from pages.shared.colors import to_rgb
from pages.shared.view import Shown

_WIDTH, _HEIGHT = "patches width", "patches height"
_EDGES: dict[Edge, str] = {
    "pad": "Filled with a color",
    "reflect": "Filled with a mirror image",
    "shift": "Shifted inward",
    "drop": "Dropped",
}
_MAX_SIDE = 8192


@dataclass(frozen=True)
class CutRequest:
    """What is chosen.

    Attributes:
        settings: How images are cut.
        with_labels: Whether the masks become one map of labels, rather than one mask.
        everywhere: Whether all open images are cut.
    """

    settings: Settings
    with_labels: bool
    everywhere: bool


def request(shown: Shown) -> CutRequest:
    """Show the controls for a picture with its visible layers; return what is chosen.

    Raises:
        MaskcoreError: If the overlap is too large.
    """
    usual = _usual_size(shown.picture.size_hw)
    with st.container(horizontal=True):
        width = _pixels("Width", _WIDTH, usual, least=1)
        height = _pixels("Height", _HEIGHT, usual, least=1)
        overlap = _pixels("Overlap", "patches overlap", 0, least=0)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        edge = st.selectbox(
            "At the edges",
            list(_EDGES),
            format_func=_EDGES.__getitem__,
            key="patches edge",
            persist_state="session",
            width=230,
        )
        color = "#000000"
        if edge == "pad":
            color = st.color_picker("Color", color, key="patches color", persist_state="session")
    min_mask, with_labels = _masks(shown)
    validation, seed = _validation()
    count = len(workspace.pictures())
    everywhere = count > 1 and st.toggle(
        f"All {count} open images", key="patches in all", persist_state="session"
    )
    if overlap >= min(width, height):
        raise MaskcoreError("The overlap must be less than the width and the height of a patch.")
    settings = Settings(
        size_hw=(height, width),
        stride_hw=(height - overlap, width - overlap),
        edge=edge,
        pad_rgb=to_rgb(color),
        min_mask=min_mask / 100,
        validation=validation / 100,
        seed=seed,
    )
    return CutRequest(settings, with_labels, everywhere)


def _usual_size(size_hw: tuple[int, int]) -> int:
    """A size that gives some patches, but not hundreds."""
    longest = max(size_hw)
    return 256 if longest >= 1024 else 128 if longest >= 300 else 64


def _pixels(label: str, key: str, usual: int, *, least: int) -> int:
    st.session_state.setdefault(key, usual)
    return st.number_input(label, least, _MAX_SIDE, key=key, persist_state="session", width=86)


def _masks(shown: Shown) -> tuple[float, bool]:
    """Show what concerns masks, if there are any: the least percentage, and whether as labels."""
    if not shown.instances:
        return 0.0, False
    several = len({instance.label for instance in shown.instances}) > 1
    with st.container(horizontal=True, vertical_alignment="bottom"):
        least = st.number_input(
            "Least mask in %",
            0.0,
            100.0,
            0.0,
            0.5,
            format="%g",
            key="patches least mask",
            persist_state="session",
            width=150,
        )
        kind = choices.one_of(
            "Masks as",
            ["Label map", "One mask"],
            default="Label map" if several else "One mask",
            key=f"patches masks {several}",
        )
    return least, kind == "Label map"


def _validation() -> tuple[int, int]:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        share = st.slider(
            "For validation",
            0,
            50,
            0,
            5,
            format="%d %%",
            key="patches validation",
            persist_state="session",
            width=188,
            help="Patches with a common pixel are never on both sides",
        )
        st.session_state.setdefault("patches seed", 0)
        seed = 0
        if share:
            seed = st.number_input(
                "Seed", 0, 2**31 - 1, key="patches seed", persist_state="session", width=86
            )
    return share, seed
