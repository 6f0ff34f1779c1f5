"""How often each value occurs inside of a mask, against how often outside."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import streamlit as st

from maskcore import measure, rle
from maskcore.measure import Histogram
from maskcore.rle import RLE
from maskcore.types import Instance
from pages.shared import caches, markdown, pictures, view
from pages.shared.pictures import Picture
from pages.shared.view import Shown
from pages.use.measure.rows import Selection

_OUTSIDE = "#8a8f9c"  # stands out from both themes' backgrounds


def show(picture: Picture, chosen: Selection, channels: Sequence[str]) -> None:
    """Show a chart for each channel, with both curves in percent of their pixels."""
    if not channels:
        st.info("Choose a channel to see its values.", icon=":material/bar_chart:")
        return
    counts = _counts(picture, chosen.mask)
    n_inside = rle.area(chosen.mask)
    n_outside = chosen.mask.size_hw[0] * chosen.mask.size_hw[1] - n_inside
    if not n_inside:
        st.info("The layer is empty.", icon=":material/layers_clear:")
        return
    name = markdown.plain(chosen.name)
    st.markdown(f"**{name}**, inside against outside" if n_outside else f"**{name}**")
    histograms, colors = {"inside": counts[0]}, {"inside": chosen.color}
    if n_outside:
        histograms["outside"], colors["outside"] = counts[1], _OUTSIDE
        named = [Instance(chosen.mask, part) for part in colors]
        view.legend(Shown.of(picture, named, list(colors.values())))
    height = 260 if len(channels) == 1 else 190
    for channel in channels:
        st.vega_lite_chart(
            _chart(histograms, colors, channel, height),
            alt=f"How often each value of {channel} occurs inside and outside",
        )


@caches.resource(max_entries=200)
def _counts(picture: Picture, mask: RLE) -> tuple[Histogram, Histogram]:
    """Return the histograms inside and outside."""
    inside = measure.histogram(pictures.image(picture), mask)
    return inside, _everywhere(picture) - inside


@caches.resource(max_entries=8)
def _everywhere(picture: Picture) -> Histogram:
    return measure.histogram(pictures.image(picture))


def _shares(histogram: Histogram, channel: str) -> list[float]:
    """Return the share of the pixels that have each value, in percent."""
    counts = histogram[measure.CHANNELS.index(channel)]
    shares: list[float] = np.round(100 * counts / counts.sum(), 4).tolist()
    return shares


def _chart(
    histograms: dict[str, Histogram], colors: dict[str, str], channel: str, height: int
) -> dict[str, Any]:
    """Describe the chart in Vega-Lite; as an Altair object it would take 80 ms to check."""
    rows = [
        {"value": value, "share": share, "part": part}
        for part, histogram in histograms.items()
        for value, share in enumerate(_shares(histogram, channel))
    ]
    title = "% of the pixels"
    return {
        "data": {"values": rows},
        "height": height,
        "encoding": {
            "x": {
                "field": "value",
                "type": "quantitative",
                "title": channel.capitalize(),
                "scale": {"domain": [0, 255]},
                "axis": {"values": list(range(0, 256, 50))},
            },
            "y": {
                "field": "share",
                "type": "quantitative",
                "title": title,
                "stack": None,
                "axis": {"tickCount": 4},
            },
            "color": {
                "field": "part",
                "type": "nominal",
                "legend": None,
                "scale": {"domain": list(colors), "range": list(colors.values())},
            },
            "tooltip": [
                {"field": "part", "title": "Where"},
                {"field": "value", "title": "Value"},
                {"field": "share", "title": title, "type": "quantitative", "format": ".2f"},
            ],
        },
        "layer": [
            {"mark": {"type": "area", "interpolate": "step", "opacity": 0.25}},
            {"mark": {"type": "line", "interpolate": "step", "strokeWidth": 1.5}},
        ],
    }
