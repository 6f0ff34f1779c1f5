"""The magic wand on the page: clicks that begin anew, add or take away, and can be undone."""

from __future__ import annotations

from dataclasses import dataclass, replace

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from maskcore import regions, rle
from maskcore.rle import RLE
from pages.make.regions import result as region_result
from pages.make.regions.result import RegionResult
from pages.shared import caches, canvas, choices, pictures
from pages.shared.pictures import Picture

ABOUT = "Region-based: pixels that hang together and look like the one you click."

_CLICKS, _TOLERANCE, _CONNECTED, _WAY = "wand clicks", "wand tolerance", "wand reach", "wand way"
_MOST = 500
_WAYS = {"New": "=", "Add": "|=", "Subtract": "&= ~"}
_REACHES = {"Connected": True, "Whole image": False}


@dataclass(frozen=True)
class _Click:
    x: int
    y: int
    tolerance: int
    contiguous: bool
    way: str


def make(picture: Picture, look: DeltaGenerator, controls: DeltaGenerator) -> RegionResult | None:
    """Show the picture to click on and the controls; return the mask."""
    with controls:
        _controls(picture)
        clicks = _effective(_clicks(picture))
        mask = _mask(picture, clicks)
        if not clicks:
            st.info("Click on the image, on what you want.", icon=":material/ads_click:")
        else:
            st.caption(region_result.area(mask))
        name = region_result.name("region", key="wand name")
    with look:
        canvas.pick(
            picture,
            key=f"wand {picture.id[:12]}",
            on_pick=lambda x, y: _click(picture, x, y),
            mask=mask,
        )
    return region_result.one(picture, mask, name, _code(picture, clicks))


def _controls(picture: Picture) -> None:
    def change_last() -> None:
        clicks = _clicks(picture)
        if clicks:
            tolerance, contiguous = _alike()
            clicks[-1] = replace(clicks[-1], tolerance=tolerance, contiguous=contiguous)

    st.slider(
        "Tolerance",
        0,
        128,
        32,
        key=_TOLERANCE,
        on_change=change_last,
        persist_state="session",
        help="By how much red, green and blue may differ; also changes the last click",
    )
    choices.one_of(
        "Reach", list(_REACHES), default="Connected", key=_CONNECTED, on_change=change_last
    )
    choices.one_of("The next click", list(_WAYS), default="New", key=_WAY)
    clicks = _clicks(picture)

    def undo() -> None:
        clicks.pop()

    with st.container(horizontal=True):
        st.button(
            "Undo click",
            key="undo click",
            icon=":material/undo:",
            disabled=not clicks,
            on_click=undo,
        )
        st.button(
            "Clear",
            key="clear clicks",
            icon=":material/backspace:",
            disabled=not clicks,
            on_click=clicks.clear,
        )


def _clicks(picture: Picture) -> list[_Click]:
    by_picture: dict[str, list[_Click]] = st.session_state.setdefault(_CLICKS, {})
    return by_picture.setdefault(picture.id, [])


def _alike() -> tuple[int, bool]:
    """Return by how much pixels may differ, and whether they have to hang together."""
    state = st.session_state
    return int(state.get(_TOLERANCE, 32)), _REACHES[state.get(_CONNECTED) or "Connected"]


def _click(picture: Picture, x: int, y: int) -> None:
    clicks = _clicks(picture)
    clicks.append(_Click(x, y, *_alike(), st.session_state.get(_WAY) or "New"))
    del clicks[:-_MOST]


def _effective(clicks: list[_Click]) -> list[_Click]:
    """Return the clicks since the mask was begun anew, from the first that puts something in."""
    news = [i for i, click in enumerate(clicks) if click.way == "New"]
    adds = [i for i, click in enumerate(clicks) if click.way == "Add"]
    first = news[-1] if news else min(adds, default=len(clicks))
    return clicks[first:]


def _mask(picture: Picture, clicks: list[_Click]) -> RLE:
    mask = rle.empty(picture.size_hw)
    for click in clicks:
        found = _found(picture, (click.x, click.y), click.tolerance, click.contiguous)
        mask = rle.difference(mask, found) if click.way == "Subtract" else rle.union([mask, found])
    return mask


@caches.resource(max_entries=200)
def _found(picture: Picture, xy: tuple[int, int], tolerance: int, contiguous: bool) -> RLE:
    image = pictures.image(picture)
    return rle.encode(regions.magic_wand(image, xy, tolerance, contiguous=contiguous))


def _code(picture: Picture, clicks: list[_Click]) -> str:
    lines: list[str] = []
    for click in clicks:
        reach = "" if click.contiguous else ", contiguous=False"
        call = f"regions.magic_wand(image, {(click.x, click.y)}, {click.tolerance}{reach})"
        lines.append(f"mask {_WAYS[click.way] if lines else '='} {call}".replace("~ ", "~"))
    calls = "\n".join(lines)
    return f"""\
from pathlib import Path

from maskcore import image_io, regions

image = image_io.read_image(Path({picture.name!r}))
{calls}
image_io.write_image(Path("mask.png"), mask)
"""
