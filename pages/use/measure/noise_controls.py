"""What counts as noise and what it is filled with: the controls, and the same as code."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from maskcore import rle
from maskcore.denoise import Method
from pages.shared import choices, downloads, workspace
from pages.shared.pictures import Picture
from pages.shared.workspace import Layer
from pages.use.measure.noise_job import Fill, Find

_WAYS = {"find": "Stand out", "find_extremes": "Black or white", "": "A layer"}
_HELP = "Stand out: unlike the median around. Black or white: salt and pepper."
_METHODS: dict[Method, str] = {
    "median": "Median",
    "telea": "Telea",
    "navier-stokes": "Navier-Stokes",
}


def find() -> Find | None:
    """Show the choice of what is noise; return it, None if a layer is wanted and there is none."""
    way = choices.one_of("Noise", _WAYS, default="find", key="noise way", help=_HELP)
    if way == "find":
        return _standing_out()
    if way == "find_extremes":
        return _extremes()
    return _of_layer([layer for layer in workspace.layers() if rle.area(layer.instance.mask)])


def _standing_out() -> Find:
    st.session_state.setdefault("noise threshold", 40)
    threshold = st.slider(
        "Differs by more than", 0, 255, key="noise threshold", persist_state="session"
    )
    radius = choices.one_of(
        "From the median of",
        [1, 2],
        default=1,
        key="noise surroundings",
        named=lambda radius: f"{2 * radius + 1} × {2 * radius + 1} pixels",
    )
    return Find("find", (("threshold", threshold), ("radius", radius)))


def _extremes() -> Find:
    dark, bright = st.columns(2)
    st.session_state.setdefault("noise black", 0)
    low = dark.slider("Black up to", 0, 127, key="noise black", persist_state="session")
    st.session_state.setdefault("noise white", 255)
    high = bright.slider("White from", 128, 255, key="noise white", persist_state="session")
    every = st.toggle("In all three channels", True, key="noise channels", persist_state="session")
    return Find("find_extremes", (("low", low), ("high", high), ("all_channels", every)))


def _of_layer(layers: Sequence[Layer]) -> Find | None:
    by_id = {layer.id: layer for layer in reversed(layers)}
    if not by_id:
        st.info("Keep a mask as a layer first.", icon=":material/layers:")
        return None
    if st.session_state.get("noise layer") not in by_id:
        st.session_state["noise layer"] = next(iter(by_id))
    names = workspace.layer_names()
    chosen = by_id[
        st.selectbox(
            "Layer",
            list(by_id),
            format_func=names.__getitem__,
            key="noise layer",
            persist_state="session",
        )
    ]
    return Find("", layer=chosen.instance.mask)


def fill(find: Find) -> Fill:
    """Show the choice of how to fill; single pixels take the median best, areas the others."""
    kind = "layer" if find.layer else "noise"
    usual: Method = "telea" if find.layer else "median"
    method = choices.one_of("Fill", _METHODS, default=usual, key=f"{kind} method")
    key = f"noise radius {method}"
    st.session_state.setdefault(key, 1 if method == "median" else 3)
    radius = st.slider(
        "From pixels within", 1, 10, format="%d px", key=key, persist_state="session"
    )
    return Fill(method, radius)


def python(picture: Picture, find: Find, fill: Fill) -> str:
    """Write the maskcore calls that find and fill as the page does."""
    modules = "denoise, image_io"
    if find.layer:
        mask = downloads.mask_code(find.layer, "layer.png")
        modules += ", rle, rle_text" if mask.startswith("rle.") else ""
    else:
        options = ", ".join(f"{name}={value}" for name, value in find.options)
        mask = f"denoise.{find.function}(image, {options})"
    return f"""\
from pathlib import Path

from maskcore import {modules}

image = image_io.read_image(Path({picture.name!r}))
mask = {mask}
filled = denoise.fill(image, mask, method={fill.method!r}, radius={fill.radius})
image_io.write_image(Path("filled.png"), filled)
"""
