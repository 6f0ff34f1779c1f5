"""How the page clusters: how many colors, and how many are worth having."""

from __future__ import annotations

from typing import Any

import streamlit as st

from maskcore.kmeans import Curve, Space
from pages.make.kmeans import clusters
from pages.make.kmeans.clusters import ClusterSettings
from pages.shared import choices
from pages.shared.pictures import Picture

_N, _SEED = "kmeans clusters", "kmeans seed"
_BEND, _NOW = "#e69f00", "#8a8f9c"
_SPACES: dict[Space, str] = {"rgb": "RGB", "lab": "Lab"}


def show() -> ClusterSettings:
    """Show the settings; return them."""
    st.session_state.setdefault(_N, 5)
    n_clusters = st.slider("Clusters", 2, 16, key=_N, persist_state="session")
    with st.container(horizontal=True, vertical_alignment="bottom"):
        space = choices.one_of(
            "Compare colors in",
            _SPACES,
            default="rgb",
            key="kmeans space",
            help="Lab: as people see them. RGB: as they are stored.",
        )
        with st.popover("More", icon=":material/tune:"):
            seed = st.number_input(
                "Seed",
                0,
                2**32 - 1,
                key=_SEED,
                persist_state="session",
                help="Another seed begins with other colors and may end with others",
            )
    return ClusterSettings(n_clusters, space, seed)


def show_curve(settings: ClusterSettings, picture: Picture) -> None:
    """Show, when it is opened, how the inertia falls with more clusters."""
    with st.expander(
        "How many clusters?",
        key="kmeans curve",
        icon=":material/show_chart:",
        on_change="rerun",
    ) as opened:
        if not opened.open:
            return
        curve = clusters.curve(picture, settings.space, settings.seed)
        height, width = picture.size_hw
        st.vega_lite_chart(
            _chart(curve, settings.n_clusters, height * width),
            alt="The inertia per pixel for 2 to 12 clusters",
        )
        st.caption("Orange: where the curve bends and more clusters gain little. Dashed: now.")
        st.button(
            f"Use {curve.suggested}, where it bends",
            key="use suggested",
            icon=":material/check:",
            disabled=curve.suggested == settings.n_clusters,
            on_click=lambda: st.session_state.update({_N: curve.suggested}),
        )


def _chart(curve: Curve, n_clusters: int, n_pixels: int) -> dict[str, Any]:
    """Describe the chart in Vega-Lite."""
    rows = [
        {"n": n, "inertia": round(inertia / n_pixels, 4)}
        for n, inertia in zip(curve.n_clusters, curve.inertias, strict=True)
    ]
    title = "Inertia per pixel"
    axis = {"tickMinStep": 1, "grid": False, "format": "d"}
    return {
        "data": {"values": rows},
        "height": 180,
        "encoding": {
            "x": {
                "field": "n",
                "type": "quantitative",
                "title": "Clusters",
                "scale": {"domain": [2, max(12, n_clusters)]},
                "axis": axis,
            },
            "y": {
                "field": "inertia",
                "type": "quantitative",
                "title": title,
                "axis": {"tickCount": 4},
            },
            "tooltip": [{"field": "n", "title": "Clusters"}, {"field": "inertia", "title": title}],
        },
        "layer": [
            {"mark": {"type": "line", "point": True}},
            {
                "transform": [{"filter": f"datum.n == {curve.suggested}"}],
                "mark": {
                    "type": "point",
                    "filled": True,
                    "size": 160,
                    "color": _BEND,
                    "opacity": 1,
                },
            },
            {
                "data": {"values": [{"n": n_clusters}]},
                "mark": {"type": "rule", "strokeDash": [4, 4], "color": _NOW},
                "encoding": {"y": None, "tooltip": None},
            },
        ],
    }
