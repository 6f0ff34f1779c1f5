"""GrabCut on the page: a box, then scribbles where the outcome is not right yet."""

from __future__ import annotations

from dataclasses import dataclass, replace

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from maskcore import regions, rle
from maskcore.rle import RLE
from maskcore.types import Box, Instance
from pages.make.regions import result as region_result
from pages.make.regions.result import RegionResult
from pages.shared import caches, canvas, choices, downloads, errors, pictures, view
from pages.shared.pictures import Picture
from pages.shared.view import Shown

ABOUT = "Region-based: draw a box around an object; its colors and its outline are found in turn."

_KEY, _TOOL = "grabcut drawn", "grabcut tool"
_OBJECT, _INSIDE, _OUTSIDE = "#e69f00", "#33bbee", "#aa4499"


@dataclass(frozen=True)
class _Marks:
    box: Box | None
    inside: RLE
    outside: RLE


@dataclass
class _Scribbles:
    """What was drawn on a picture, and as much of it as the outcome is to obey so far."""

    now: _Marks
    asked: _Marks | None = None

    def draw_box(self, box: Box) -> None:
        self.now = self.asked = replace(self.now, box=box)

    def draw_inside(self, inside: RLE) -> None:
        outside = rle.difference(self.now.outside, inside)
        self.now = replace(self.now, inside=inside, outside=outside)

    def draw_outside(self, outside: RLE) -> None:
        inside = rle.difference(self.now.inside, outside)
        self.now = replace(self.now, inside=inside, outside=outside)

    def update(self) -> None:
        self.asked = self.now


def make(picture: Picture, look: DeltaGenerator, controls: DeltaGenerator) -> RegionResult | None:
    """Show the picture to draw on and the controls; return the mask."""
    drawn = _drawn(picture)
    with look:
        tool = _controls(picture, drawn)
    with controls:
        marks, mask = drawn.asked, rle.empty(picture.size_hw)
        with errors.shown():
            mask = _cut(picture, marks.box, marks.inside, marks.outside) if marks else mask
            _say(drawn, mask)
        name = region_result.name("object", key="grabcut name")
    with look:
        _canvas(picture, drawn, tool, mask)
    return region_result.one(picture, mask, name, _code(picture, marks)) if marks else None


def _controls(picture: Picture, drawn: _Scribbles) -> str:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        tool = choices.one_of(
            "Draw",
            ["Box", "Inside", "Outside"],
            default="Box",
            key=_TOOL,
            help="A box around the object; then scribbles on what is missing and what is too much",
        )
        is_new = drawn.now != drawn.asked and (drawn.now.box or rle.area(drawn.now.inside) > 0)
        st.button(
            "Update",
            key="update grabcut",
            type="primary" if is_new else "secondary",
            icon=":material/refresh:",
            disabled=not is_new,
            on_click=drawn.update,
        )
        st.button(
            "Start over",
            key="clear grabcut",
            icon=":material/backspace:",
            disabled=drawn.now == _nothing(picture),
            on_click=lambda: st.session_state[_KEY].pop(picture.id, None),
        )
    return tool or "Box"


def _say(drawn: _Scribbles, mask: RLE) -> None:
    if drawn.now.box is None and drawn.asked is None:
        st.info("Draw a box around the object, on the image.", icon=":material/crop_free:")
    elif not rle.area(mask):
        st.info("Nothing was found; scribble inside the object.", icon=":material/edit:")
    else:
        st.caption(region_result.area(mask))


def _canvas(picture: Picture, drawn: _Scribbles, tool: str, mask: RLE) -> None:
    key = f"grabcut {tool.lower()} {picture.id[:12]}"
    if tool == "Box":
        canvas.box(picture, key=key, on_box=drawn.draw_box, box=drawn.now.box, mask=mask)
        return
    is_inside = tool == "Inside"
    layers = {
        "object": (mask, _OBJECT),
        "inside": (drawn.now.inside, _INSIDE),
        "outside": (drawn.now.outside, _OUTSIDE),
    }
    scribble, color = layers[tool.lower()]
    canvas.paint(
        picture,
        scribble,
        key=key,
        document=f"grabcut {tool.lower()} {picture.id}",
        on_paint=drawn.draw_inside if is_inside else drawn.draw_outside,
        color=color,
        others=[layer for label, layer in layers.items() if label != tool.lower()],
    )
    named = [Instance(mask, label) for label, (mask, _) in layers.items()]
    view.legend(Shown.of(picture, named, [color for _, color in layers.values()]))


def _nothing(picture: Picture) -> _Marks:
    empty = rle.empty(picture.size_hw)
    return _Marks(None, empty, empty)


def _drawn(picture: Picture) -> _Scribbles:
    by_picture: dict[str, _Scribbles] = st.session_state.setdefault(_KEY, {})
    return by_picture.setdefault(picture.id, _Scribbles(_nothing(picture)))


@caches.resource(max_entries=32, show_spinner="Finding the object")
def _cut(picture: Picture, box: Box | None, inside: RLE, outside: RLE) -> RLE:
    scribbles = {
        name: rle.decode(mask)
        for name, mask in (("inside", inside), ("outside", outside))
        if rle.area(mask)
    }
    return rle.encode(regions.grabcut(pictures.image(picture), box=box, **scribbles))


def _code(picture: Picture, marks: _Marks) -> str:
    scribbles = {"inside": marks.inside, "outside": marks.outside}
    drawn = {name: mask for name, mask in scribbles.items() if rle.area(mask)}
    lines = [f"{name} = {downloads.mask_code(mask, f'{name}.png')}" for name, mask in drawn.items()]
    arguments = ["image"] + [f"box={marks.box}"] * (marks.box is not None)
    arguments += [f"{name}={name}" for name in drawn]
    lines.append(f"mask = regions.grabcut({', '.join(arguments)})")
    calls = "\n".join(lines)
    return f"""\
from pathlib import Path

from maskcore import image_io, regions, rle, rle_text

image = image_io.read_image(Path({picture.name!r}))
{calls}
image_io.write_image(Path("mask.png"), mask)
"""
