"""Layers before and after an edit, on the picture or close up."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import streamlit as st

from maskcore import boxes, image_io, masks, overlay, rle
from maskcore.overlay import PALETTE, RGB
from maskcore.rle import RLE
from maskcore.types import Box, Image, Instance
from pages.shared import caches, choices, pictures, view
from pages.shared.colors import to_hex, to_rgb
from pages.shared.compare import compare
from pages.shared.pictures import Picture
from pages.shared.view import Shown
from pages.shared.workspace import Layer

_LONGEST, _SHORTEST = 1400, 700  # pixels of the longer side on the page
_CHANGES = PALETTE[3], PALETTE[1], PALETTE[6]  # kept, added, removed
_CLOSE_UP = "edit close-up"


def shown_box(picture: Picture, layers: Sequence[Layer]) -> Box:
    """Return the part of the picture to show: all of it, or the layers and what is around them."""
    height, width = picture.size_hw
    st.session_state.setdefault(_CLOSE_UP, True)
    x1, y1, x2, y2 = rle.box(rle.union([rle.empty((height, width)), *_masks(layers)]))
    if not st.session_state[_CLOSE_UP] or not x2:
        return 0, 0, width, height
    margin = 16 + max(x2 - x1, y2 - y1) // 5
    return boxes.grow((x1, y1, x2, y2), margin, (height, width))


def show(picture: Picture, box: Box, layers: Sequence[Layer], edited: Sequence[Instance]) -> None:
    """Show what an edit changes, or what was before it and what is after it."""
    with st.container(horizontal=True, vertical_alignment="center"):
        mode = choices.one_of(
            "View",
            ["Changes", "Before and after"],
            default="Changes",
            key="edit view",
            labeled=False,
        )
        st.toggle("Close-up", key=_CLOSE_UP, persist_state="session")
    before, after = _masks(layers), [instance.mask for instance in edited]
    colors = [to_rgb(layer.color) for layer in layers]
    if mode == "Before and after":
        old = _picture(picture, box, before, colors)
        compare(old, _picture(picture, box, *_few(after, colors)), key="edit compare")
    elif len(after) > len(before):
        parts = _picture(picture, box, *_few(after, colors))
        st.image(parts, width="stretch", alt="The parts, in different colors")
    else:
        changes = _changes(before, after)
        content = _picture(picture, box, [change.mask for change in changes], _CHANGES)
        st.image(content, width="stretch", alt="What the edit adds and removes")
        view.legend(Shown.of(picture, changes, [to_hex(color) for color in _CHANGES]))


def _masks(layers: Sequence[Layer]) -> list[RLE]:
    return [layer.instance.mask for layer in layers]


def _changes(before: Sequence[RLE], after: Sequence[RLE]) -> list[Instance]:
    """Return what stays, what is added and what is removed, labelled with how much it is."""
    old = rle.union(before)
    new = rle.union([rle.empty(old.size_hw), *after])
    changes = {
        "Kept": rle.intersection([old, new]),
        "Added": rle.difference(new, old),
        "Removed": rle.difference(old, new),
    }
    return [Instance(mask, f"{name} {rle.area(mask):,} px") for name, mask in changes.items()]


def _few(after: Sequence[RLE], colors: Sequence[RGB]) -> tuple[list[RLE], list[RGB]]:
    """Return what is to be drawn; many masks in the palette's colors, a mask for each color."""
    if len(after) == len(colors) or len(after) < 2:
        return list(after), list(colors[: len(after)])
    of_color = [after[place :: len(PALETTE)] for place in range(len(PALETTE))]
    joined = [rle.union(some) for some in of_color if some]
    return joined, list(PALETTE[: len(joined)])


@caches.data(max_entries=24)
def _picture(picture: Picture, box: Box, masks: Sequence[RLE], colors: Sequence[RGB]) -> bytes:
    base = _base(picture, box)
    instances = [Instance(_fitted(mask, box, base.shape[:2]), "") for mask in masks]
    drawn = overlay.draw(base, instances, labels=False, colors=colors)
    return image_io.encode_jpeg(drawn, quality=92)


@caches.resource(max_entries=6)
def _base(picture: Picture, box: Box) -> Image:
    """Return a part of the picture, reduced, or with every pixel as a square of many."""
    x1, y1, x2, y2 = box
    part = image_io.preview(pictures.image(picture)[y1:y2, x1:x2], _LONGEST)
    base = _enlarged(part, _times(part.shape))
    base.flags.writeable = False
    return base


@caches.resource(max_entries=200)
def _fitted(mask: RLE, box: Box, size_hw: tuple[int, int]) -> RLE:
    """Cut a mask to the box and bring it to the size of the picture that is drawn on."""
    part = rle.decode(mask, box=box)
    times = _times(part.shape)
    if times > 1:
        return rle.encode(_enlarged(part, times))
    return masks.reduce(rle.encode(part), size_hw)


def _times(size_hw: tuple[int, ...]) -> int:
    """How many times as large a small part of a picture is shown, so that its pixels are seen."""
    return max(1, _SHORTEST // max(size_hw[:2]))


def _enlarged(pixels: np.ndarray, times: int) -> np.ndarray:
    return pixels.repeat(times, axis=0).repeat(times, axis=1)
