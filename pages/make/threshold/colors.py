"""Colors picked from the picture, and how similar to them a pixel must be."""

from __future__ import annotations

import streamlit as st

from maskcore.threshold.channels import CHANNELS, SPACES
from pages.make.threshold import settings
from pages.shared import choices
from pages.shared.colors import to_hex
from pages.shared.pictures import Picture

_PICKED = "threshold colors"
_SPACES = {"lab": "Lab", "hsv": "HSV", "rgb": "RGB"}


def picked(picture: Picture) -> list[str]:
    """Return the colors picked from a picture, "#rrggbb"; at first that of its middle."""
    by_picture: dict[str, list[str]] = st.session_state.setdefault(_PICKED, {})
    if picture.id not in by_picture:
        height, width = settings.reduced(picture).shape[:2]
        by_picture[picture.id] = [_color_at(picture, width // 2, height // 2)]
    return by_picture[picture.id]


def pick(picture: Picture, x: int, y: int) -> None:
    """Add the color at a pixel of the reduced picture."""
    _add(picture, _color_at(picture, x, y))


def _color_at(picture: Picture, x: int, y: int) -> str:
    red, green, blue = settings.reduced(picture)[y, x].tolist()
    return to_hex((red, green, blue))


def _add(picture: Picture, color: str) -> None:
    colors = picked(picture)
    if color not in colors:
        colors.append(color)


def show(picture: Picture) -> None:
    """Show the picked colors, and ways to add others and to begin anew."""
    colors = picked(picture)
    square = "width:2rem;height:2rem;border-radius:.4rem;border:1px solid #8888"
    swatches = [
        f'<span title="{color}" style="{square};background:{color}"></span>' for color in colors
    ]
    if swatches:
        st.html(f'<div style="display:flex;flex-wrap:wrap;gap:.4em">{"".join(swatches)}</div>')
    else:
        st.info("Click a color in the image.", icon=":material/colorize:")
    with st.container(horizontal=True, vertical_alignment="bottom"):
        other = st.color_picker("Another color", key="threshold color", persist_state="session")
        st.button("Add", key="add color", on_click=_add, args=(picture, other))
        st.button(
            "Clear",
            key="clear colors",
            icon=":material/backspace:",
            on_click=colors.clear,
            disabled=not colors,
        )


def similarity() -> tuple[str, int | tuple[int, ...]]:
    """Show the choice of color space and tolerance; return both."""
    space = choices.one_of(
        "Compare in",
        _SPACES,
        default="lab",
        key="threshold space",
        help="Lab: as people see it. HSV: one hue in light and shade. RGB: as stored.",
    )
    apart = st.toggle(
        "A tolerance for each channel", key="threshold apart", persist_state="session"
    )
    if not apart:
        st.session_state.setdefault("threshold tolerance", 35)
        return space, st.slider(
            "Tolerance", 0, 128, key="threshold tolerance", persist_state="session"
        )
    each = []
    for name in SPACES[space]:
        key = f"threshold tolerance {name}"
        st.session_state.setdefault(key, 35)
        title = CHANNELS[name].title
        each.append(st.slider(title, 0, 255, key=key, persist_state="session"))
    return space, tuple(each)
