"""Closed edges on the page: what lines of strong change enclose."""

from __future__ import annotations

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from maskcore import masks, regions, rle
from maskcore.rle import RLE
from maskcore.types import Instance
from pages.make.regions import result as region_result
from pages.make.regions.result import RegionResult
from pages.shared import caches, pictures, view
from pages.shared.pictures import Picture
from pages.shared.view import Shown

ABOUT = "Edge-based: lines along which the colors change, and what they enclose."

_LINES, _FILLED = "#33bbee", "#e69f00"
_Edges = tuple[int, int, float]


def make(picture: Picture, look: DeltaGenerator, controls: DeltaGenerator) -> RegionResult | None:
    """Show the picture and the controls; return what is enclosed, whole or in parts."""
    with controls:
        edges = _edges_controls()
        gap = st.slider(
            "Close gaps",
            0,
            20,
            2,
            format="%d px",
            key="edges gap",
            persist_state="session",
            help="A line with gaps up to so wide still encloses",
        )
        least = st.number_input(
            "Smallest area",
            0,
            10_000_000,
            100,
            50,
            key="edges area",
            persist_state="session",
            help="In pixels; smaller parts are left out",
        )
        lines = st.toggle("Show the edges", True, key="edges shown", persist_state="session")
        apart = st.toggle("Each part by itself", False, key="edges apart", persist_state="session")
        mask = _enclosed(picture, edges, gap, int(least))
        if rle.area(mask):
            st.caption(region_result.area(mask))
        else:
            st.info("No line encloses anything; lower the edges.", icon=":material/tune:")
        name = region_result.name("shape", key="edges name")
    code = _code(picture, edges, gap, int(least), apart=apart)
    if apart:
        parts = _parts(mask)
        result = region_result.many(picture, parts, [name] * len(parts), code)
    else:
        result = region_result.one(picture, mask, name, code)
    with look:
        if lines:
            _view_with_lines(picture, edges, mask)
        else:
            region_result.show(picture, result, alt="What the edges enclose")
    return result


def _edges_controls() -> _Edges:
    low, high = st.slider(
        "Edges",
        0,
        500,
        (50, 150),
        5,
        key="edges range",
        persist_state="session",
        help="A line begins where the change is above the higher value and goes on above the lower",
    )
    sigma = st.slider(
        "Blur first",
        0.0,
        6.0,
        1.0,
        0.2,
        format="%.1f px",
        key="edges blur",
        persist_state="session",
        help="More blur leaves only the larger edges",
    )
    return low, high, sigma


def _view_with_lines(picture: Picture, edges: _Edges, mask: RLE) -> None:
    both = {"enclosed": mask, "edges": _found_edges(picture, edges)}
    colors = [_FILLED, _LINES]
    unnamed = [Instance(mask, "") for mask in both.values()]
    view.show(Shown.of(picture, unnamed, colors), alt="The edges, and what they enclose")
    named = [Instance(mask, name) for name, mask in both.items()]
    view.legend(Shown.of(picture, named, colors))


@caches.resource(max_entries=16)
def _found_edges(picture: Picture, edges: _Edges) -> RLE:
    low, high, sigma = edges
    return rle.encode(regions.edges(pictures.image(picture), low=low, high=high, sigma=sigma))


@caches.resource(max_entries=32, show_spinner="Following the edges")
def _enclosed(picture: Picture, edges: _Edges, gap: int, min_area: int) -> RLE:
    low, high, sigma = edges
    image = pictures.image(picture)
    enclosed = regions.closed_edges(
        image, low=low, high=high, sigma=sigma, gap=gap, min_area=min_area
    )
    return rle.encode(enclosed)


@caches.resource(max_entries=16)
def _parts(mask: RLE) -> list[RLE]:
    return masks.split(rle.decode(mask))


def _code(picture: Picture, edges: _Edges, gap: int, min_area: int, *, apart: bool) -> str:
    low, high, sigma = edges
    options = f"low={low}, high={high}, sigma={sigma}, gap={gap}, min_area={min_area}"
    imports, written = "image_io, regions", 'Path("mask.png"), mask'
    if apart:
        imports, written = "image_io, masks, regions", 'Path("label_map.png"), labels'
    split = "labels = masks.label_map(masks.split(mask))\n" * apart
    return f"""\
from pathlib import Path

from maskcore import {imports}

image = image_io.read_image(Path({picture.name!r}))
mask = regions.closed_edges(image, {options})
{split}image_io.write_image({written})
"""
