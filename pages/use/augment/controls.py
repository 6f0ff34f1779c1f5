"""The controls of the page that augments: presets, a control for each transform, the seed.

What is chosen is read from the session before the controls are drawn, so that a control that is
out of sight, in another tab, counts as well.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, NamedTuple

import streamlit as st

from maskcore.augment import PRESETS, Ranges
from pages.shared import choices
from pages.shared.colors import to_hex, to_rgb

_PRESET, _SEED = "augment preset", "augment seed"
_OFF = "off"
_FIRST = "light"
_FILLS = {"constant": "Color", "nearest": "Edge", "reflect": "Mirror", "wrap": "Repeat"}
_MAX_SEED = 999_999


class _Range(NamedTuple):
    """A slider with two ends: its bounds as they are shown, and `unit`s to the range's 1."""

    title: str
    low: float
    high: float
    step: float
    format: str
    unit: float = 1
    help: str | None = None


_GEOMETRY = ":material/crop_rotate: Geometry"
_TABS = {
    _GEOMETRY: {
        "rotation": _Range("Rotation", -180, 180, 1, "%d°"),
        "shift_x": _Range("Shift to the right", -60, 60, 1, "%d %%", 100),
        "shift_y": _Range("Shift downwards", -60, 60, 1, "%d %%", 100),
        "zoom": _Range("Zoom", 20, 500, 5, "%d %%", 100),
        "shear": _Range("Shear", -45, 45, 1, "%d°"),
    },
    ":material/palette: Color": {
        "brightness": _Range("Brightness", 0, 200, 5, "%d %%", 100),
        "contrast": _Range("Contrast", 0, 200, 5, "%d %%", 100),
        "saturation": _Range("Saturation", 0, 200, 5, "%d %%", 100),
        "hue": _Range("Hue", -180, 180, 1, "%d°"),
    },
    ":material/grain: Quality": {
        "blur": _Range("Blur", 0.0, 2.0, 0.05, "%.2f %%", 100, "Share of the shorter side"),
        "noise": _Range("Noise", 0, 60, 1, "%d", 1, "Standard deviation, of values 0 to 255"),
        "jpeg_quality": _Range("JPEG quality", 5, 100, 1, "%d", 1, "100 to 100: no JPEG"),
        "cutouts": _Range("Covered squares", 0, 12, 1, "%d"),
        "cutout_size": _Range("Size of the squares", 1, 50, 1, "%d %%", 100),
    },
}
_RANGES: Mapping[str, _Range] = MappingProxyType(
    {name: range_ for ranges in _TABS.values() for name, range_ in ranges.items()}
)
_FLIPS = {"horizontal_flip": "Swap left and right", "vertical_flip": "Swap top and bottom"}


@dataclass(frozen=True)
class SampleSettings:
    """What samples are made from.

    Attributes:
        ranges: How far they may differ from the original.
        preset: The name of these ranges in `PRESETS`; "" if they have none.
        seed: Of the random numbers.
    """

    ranges: Ranges
    preset: str
    seed: int


def chosen() -> SampleSettings:
    """Return what the controls say."""
    state = st.session_state
    for name, value in _shown(PRESETS[_FIRST]).items():
        state.setdefault(_key(name), value)
    state.setdefault(_SEED, 0)
    said = {name: state[_key(name)] for name in _shown(PRESETS[_FIRST])}
    for preset, ranges in PRESETS.items():
        if said == _shown(ranges):
            return SampleSettings(ranges, preset, state[_SEED])
    return SampleSettings(_ranges(said), "", state[_SEED])


def start(settings: SampleSettings) -> None:
    """Show what most people need: a button for other samples, and the presets."""
    st.session_state[_PRESET] = settings.preset or (_OFF if settings.ranges == Ranges() else None)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.button("New draw", key="new draw", icon=":material/casino:", on_click=_next_seed)
        st.number_input("Seed", 0, _MAX_SEED, key=_SEED, width=130, persist_state="session")
        st.pills(
            "Preset",
            [_OFF, *PRESETS],
            format_func=str.capitalize,
            key=_PRESET,
            on_change=_set_preset,
            wrap=True,
        )


def show() -> None:
    """Show a control for each transform."""
    for tab, (title, ranges) in zip(st.tabs(list(_TABS)), _TABS.items(), strict=True):
        with tab:
            if title == _GEOMETRY:
                _flips()
            for name, range_ in ranges.items():
                _slider(name, range_)
            if title == _GEOMETRY:
                _fill()


def _next_seed() -> None:
    st.session_state[_SEED] = (st.session_state[_SEED] + 1) % (_MAX_SEED + 1)


def _set_preset() -> None:
    name = st.session_state[_PRESET]
    if name:
        for attribute, value in _shown(PRESETS.get(name, Ranges())).items():
            st.session_state[_key(attribute)] = value


def _flips() -> None:
    with st.container(horizontal=True):
        for name, title in _FLIPS.items():
            st.toggle(title, key=_key(name), persist_state="session", help="In half of the samples")


def _slider(name: str, control: _Range) -> None:
    st.slider(
        control.title,
        control.low,
        control.high,
        step=control.step,
        format=control.format,
        key=_key(name),
        help=control.help,
        persist_state="session",
    )


def _fill() -> None:
    fill = choices.one_of("Beyond the frame", _FILLS, key=_key("fill"))
    if fill == "constant" or st.session_state[_key("cutouts")][1]:
        st.color_picker(
            "Color there and of squares", key=_key("fill_color"), persist_state="session"
        )


def _shown(ranges: Ranges) -> dict[str, Any]:
    """Return ranges as the controls show them, by attribute."""
    values: dict[str, Any] = {name: getattr(ranges, name) > 0 for name in _FLIPS}
    for name, control in _RANGES.items():
        span = (100, 100) if getattr(ranges, name) is None else ranges.span(name)
        low, high = (round(end * control.unit / control.step) * control.step for end in span)
        values[name] = (round(low, 2), round(high, 2))
    return {**values, "fill": ranges.fill, "fill_color": to_hex(ranges.fill_color)}


def _ranges(said: Mapping[str, Any]) -> Ranges:
    values = {**said, "fill_color": to_rgb(said["fill_color"])}
    for name, control in _RANGES.items():
        low, high = said[name]
        values[name] = low / control.unit, high / control.unit
    if said["jpeg_quality"] == (100, 100):
        values["jpeg_quality"] = None
    off = Ranges()
    return Ranges(**{name: value for name, value in values.items() if value != getattr(off, name)})


def _key(name: str) -> str:
    return f"augment {name}"
