"""The paint canvas: masks painted, points picked and boxes drawn on a full-size image.

A Streamlit component (v2) of plain ES modules. Painted pixels do not travel as the component's own
value but by a transport, a second component on every page: see post.js.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path

import streamlit as st

from maskcore import rle
from maskcore.rle import RLE
from maskcore.types import Box
from pages.shared.canvas import files, state
from pages.shared.colors import to_rgb
from pages.shared.pictures import Picture, Raster

_HERE = Path(__file__).parent
_ORANGE = "#e69f00"


def _text(name: str) -> str:
    return (_HERE / name).read_text("utf-8")


def _linked(name: str) -> str:
    """Join an ES module and all that it imports: Streamlit takes the text of just one."""
    texts: dict[str, str] = {}

    def add(name: str) -> None:
        if name in texts:
            return
        text = _text(name)
        for imported in re.findall(r'^import [^;]* from "\./(.*)";$', text, re.MULTILINE):
            add(imported)
        texts[name] = re.sub(r"^(import [^;]*;\n|export (?!default))", "", text, flags=re.MULTILINE)

    add(name)
    return "\n".join(texts.values())


_canvas = st.components.v2.component(
    "mask_canvas",
    html=_text("canvas.html"),
    css=_text("canvas.css"),
    js=_linked("canvas.js"),
)
_transport = st.components.v2.component(
    "mask_canvas_transport",
    css=f".st-key-{state.TRANSPORT} {{ position: absolute; }}",
    js=_text("transport.js"),
    isolate_styles=False,
)


def transport() -> None:
    """Carry what is painted to Python; a part of every page, before what shows the layers."""
    _transport(
        key=state.TRANSPORT,
        data=state.answer(),
        on_message_change=state.receive,
        height="content",
    )


def paint(
    picture: Picture,
    mask: RLE,
    *,
    key: str,
    document: str,
    on_paint: Callable[[RLE], None],
    color: str = _ORANGE,
    others: Sequence[tuple[RLE, str]] = (),
) -> None:
    """Paint a mask.

    Args:
        picture: What is below.
        mask: As it is now, of the picture's size.
        key: Of the component.
        document: Names what is painted; each has an undo history of its own.
        on_paint: Gets the new mask before the page runs again. Also when another document, or
            another page, is shown by then.
        color: "#rrggbb" of the mask.
        others: Masks with their colors that are shown beneath and not painted on, the topmost
            last.
    """
    opened = state.open_document(key, document, mask, on_paint)
    _show(picture, opened, "paint", key=key, document=document, color=color, others=others)


def pick(
    picture: Picture | Raster,
    *,
    key: str,
    on_pick: Callable[[int, int], None],
    mask: RLE | None = None,
    color: str = _ORANGE,
) -> None:
    """Click pixels: `on_pick` gets x and y; a mask may be drawn over the picture."""
    opened = state.open_document(key, key, mask or rle.empty(picture.size_hw), state.ignore)
    state.expect(key, "pick", picture.size_hw, on_pick)
    _show(picture, opened, "pick", key=key, document=key, color=color)


def box(
    picture: Picture,
    *,
    key: str,
    on_box: Callable[[Box], None],
    box: Box | None = None,
    mask: RLE | None = None,
    color: str = _ORANGE,
) -> None:
    """Draw a box: `on_box` gets it; a box and a mask may be drawn over the picture."""
    opened = state.open_document(key, key, mask or rle.empty(picture.size_hw), state.ignore)
    state.expect(key, "box", picture.size_hw, lambda x1, y1, x2, y2: on_box((x1, y1, x2, y2)))
    _show(picture, opened, "box", key=key, document=key, color=color, box=box)


def _show(
    picture: Picture | Raster,
    opened: state.PaintedDocument,
    mode: str,
    *,
    key: str,
    document: str,
    color: str,
    others: Sequence[tuple[RLE, str]] = (),
    box: Box | None = None,
) -> None:
    height, width = picture.size_hw
    data = {
        "key": key,
        "mode": mode,
        "document": document,
        "base": opened.base,
        "revision": opened.base_revision,
        "width": width,
        "height": height,
        "image": files.image(picture, key),
        "mask": files.mask(opened.base_mask, key),
        "under": files.under(picture.size_hw, others, key) if others else "",
        "color": to_rgb(color),
        "box": box,
    }
    _canvas(key=key, data=data, width="stretch", height="content")
