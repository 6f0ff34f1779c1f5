"""The range of values of a channel: a histogram with what is inside marked, and a slider."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import streamlit as st

from maskcore.threshold.channels import CHANNELS
from pages.make.threshold import settings
from pages.shared.pictures import Picture

_HERE = Path(__file__).parent
_CHART = "threshold histogram"
_chart = st.components.v2.component(
    "histogram",
    css=(_HERE / "histogram.css").read_text("utf-8"),
    js=(_HERE / "histogram.js").read_text("utf-8"),
)


def show(picture: Picture, channel: str, *, invert: bool) -> tuple[int, int]:
    """Show histogram and slider; return the lowest and the highest value."""
    highest, unit, key = CHANNELS[channel].highest, _unit(channel), _key(channel)
    if key not in st.session_state:
        above = settings.automatic(picture, "otsu", channel) + 1
        st.session_state[key] = min(above, highest) * unit, highest * unit
    low, high = (value // unit for value in st.session_state[key])
    _show(picture, channel, low, high, invert=invert, to_choose=True)
    st.slider(
        "Values inside",
        0,
        highest * unit,
        step=unit,
        format="%d°" if CHANNELS[channel].cyclic else "%d",
        key=key,
        persist_state="session",
        help="Drag over the histogram to see the mask change meanwhile",
    )
    return low, high


def histogram(picture: Picture, channel: str, low: int, high: int, *, invert: bool) -> None:
    """Show how many pixels have which value, with those of a range in the mask's color."""
    _show(picture, channel, low, high, invert=invert, to_choose=False)


def take() -> None:
    """Move the slider to a range that was dragged over the histogram."""
    message = st.session_state[_CHART]["range"]
    channel = message.get("channel") if isinstance(message, Mapping) else None
    if not isinstance(channel, str) or channel not in CHANNELS:
        return
    ends = message.get("low"), message.get("high")
    if all(type(end) is int for end in ends) and 0 <= ends[0] <= ends[1] <= _highest(channel):
        st.session_state[_key(channel)] = ends[0] * _unit(channel), ends[1] * _unit(channel)


def _show(
    picture: Picture, channel: str, low: int, high: int, *, invert: bool, to_choose: bool
) -> None:
    highest, unit = _highest(channel), _unit(channel)
    counts = settings.counts(picture, channel)[: highest + 1]
    apart = 30 if CHANNELS[channel].cyclic else 50
    data = {
        "counts": counts.tolist(),
        "low": low,
        "high": high,
        "invert": invert,
        "ticks": [[value, f"{value * unit}"] for value in range(0, highest + 1, apart)],
        "key": channel if to_choose else "",
        "alt": f"How often each value of {CHANNELS[channel].title.lower()} occurs",
    }
    _chart(key=_CHART, data=data, on_range_change=take, width="stretch", height="content")


def _key(channel: str) -> str:
    return f"threshold range {channel}"


def _highest(channel: str) -> int:
    return CHANNELS[channel].highest


def _unit(channel: str) -> int:
    """Hue is shown in degrees, of which its values are halves."""
    return 2 if CHANNELS[channel].cyclic else 1
