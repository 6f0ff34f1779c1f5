"""The controls of the page that thresholds, one set for each method."""

from __future__ import annotations

import streamlit as st

from maskcore.threshold import METHODS as MEANS
from maskcore.threshold.channels import CHANNELS
from pages.make.threshold import (
    colors as threshold_colors,
    settings as threshold_settings,
    value_range,
)
from pages.make.threshold.settings import ThresholdSettings
from pages.shared import choices
from pages.shared.colors import to_rgb
from pages.shared.pictures import Picture

_METHODS = {
    "by_value": "Value range",
    "otsu": "Otsu",
    "triangle": "Triangle",
    "adaptive": "Adaptive",
    "color_range": "Color range",
}
_MEANS = {"mean": "Mean", "gaussian": "Gaussian"}


def method() -> str:
    """Show the choice of method; return the name of its function in `threshold`."""
    return choices.one_of(
        "Method", _METHODS, default="by_value", key="threshold method", labeled=False
    )


def label(function: str) -> str:
    """Ask for the layer's name; by default it is the method's."""
    key, title = f"threshold name {function}", _METHODS[function]
    text = st.text_input(
        "Name of the layer", key=key, placeholder=title, max_chars=100, persist_state="session"
    )
    return text.strip() or title


def show(function: str, picture: Picture) -> ThresholdSettings | None:
    """Show the settings of a method; return them, None while no color is picked."""
    below = st.container()
    invert = st.toggle("Invert", key="threshold invert", persist_state="session")
    with below:
        if function == "color_range":
            return _color_range(picture, invert=invert)
        channel = _channel(function)
        if function == "by_value":
            bounds = value_range.show(picture, channel, invert=invert)
            return ThresholdSettings(function, bounds, (("channel", channel),), invert)
        if function == "adaptive":
            return _adaptive(channel, invert=invert)
        value = threshold_settings.automatic(picture, function, channel)
        highest = CHANNELS[channel].highest
        value_range.histogram(picture, channel, value + 1, highest, invert=invert)
        st.caption(f"Threshold {value}: what is {'darker' if invert else 'brighter'} is inside.")
        return ThresholdSettings(function, (), (("channel", channel),), invert)


def _channel(function: str) -> str:
    circle_too = function == "by_value"
    return st.selectbox(
        "Channel",
        [name for name, channel in CHANNELS.items() if circle_too or not channel.cyclic],
        format_func=lambda name: CHANNELS[name].title,
        key="threshold channel" if circle_too else "threshold linear channel",
        persist_state="session",
    )


def _adaptive(channel: str, *, invert: bool) -> ThresholdSettings:
    weights = choices.one_of(
        "Surroundings",
        list(MEANS),
        default="mean",
        key="threshold surroundings",
        named=_MEANS.__getitem__,
    )
    st.session_state.setdefault("threshold block", 101)
    block_size = st.slider(
        "Block", 3, 501, step=2, format="%d px", key="threshold block", persist_state="session"
    )
    st.session_state.setdefault("threshold offset", -5)
    offset = st.slider(
        "Offset",
        -100,
        100,
        key="threshold offset",
        persist_state="session",
        help="Below 0: only what is clearly brighter than its surroundings",
    )
    options = (
        ("channel", channel),
        ("method", weights),
        ("block_size", block_size),
        ("offset", offset),
    )
    return ThresholdSettings("adaptive", (), options, invert)


def _color_range(picture: Picture, *, invert: bool) -> ThresholdSettings | None:
    threshold_colors.show(picture)
    space, tolerance = threshold_colors.similarity()
    colors = [to_rgb(color) for color in threshold_colors.picked(picture)]
    if not colors:
        return None
    return ThresholdSettings(
        "color_range", (colors,), (("tolerance", tolerance), ("space", space)), invert
    )
