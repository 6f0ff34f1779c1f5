"""Masks on a picture: how they are drawn, shown large and small, and named by their colors."""

from __future__ import annotations

import hashlib
import html
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from maskcore import image_io, masks, overlay, rle
from maskcore.rle import RLE
from maskcore.types import Image, Instance
from pages.shared import caches, choices, pictures, workspace
from pages.shared.colors import to_hex, to_rgb
from pages.shared.pictures import Picture

_MANY = 60  # masks whose labels would hide the picture
LONGEST = 1400
"""Pixels of a picture on the page; Streamlit itself shrinks anything above 1460."""


@dataclass(frozen=True)
class Shown:
    """Instances on a picture, as they are drawn and downloaded.

    Attributes:
        picture: What is below.
        instances: The masks, of the picture's size or of that in which `show` reduces it.
        colors: "#rrggbb" of each.
    """

    picture: Picture
    instances: tuple[Instance, ...]
    colors: tuple[str, ...]

    @classmethod
    def of(
        cls,
        picture: Picture,
        instances: Sequence[Instance],
        colors: Sequence[str] | None = None,
    ) -> Shown:
        """Bring picture and instances together; colors are by label if not given."""
        if colors is None:
            by_label = overlay.colors(instance.label for instance in instances)
            colors = [to_hex(by_label[instance.label]) for instance in instances]
        return cls(picture, tuple(instances), tuple(colors))

    @cached_property
    def digest(self) -> str:
        """Identifies all of that."""
        drawn = list(map(caches.instance_key, self.instances))
        content = self.picture.id, self.picture.name, drawn, self.colors
        return hashlib.sha256(repr(content).encode()).hexdigest()

    def rgb(self) -> list[overlay.RGB]:
        """Return the colors as numbers."""
        return [to_rgb(color) for color in self.colors]


@dataclass(frozen=True)
class Drawing:
    """How masks are drawn; see `overlay.draw`.

    Attributes:
        opacity: 0 to 1.
        outline: Whether outlines are drawn.
        labels: Whether labels are written.
        boxes: Whether boxes are drawn.
        highlight: The place of the one instance that stands out.
        on_black: Whether the picture is left out.
    """

    opacity: float = 0.45
    outline: bool = True
    labels: bool = False
    boxes: bool = False
    highlight: int | None = None
    on_black: bool = False


_PLAIN = Drawing()


def layers_shown(picture: Picture, *, empty_too: bool = True) -> Shown:
    """Return the visible layers of an open image, perhaps without the empty ones."""
    layers = [
        layer
        for layer in workspace.layers(picture)
        if layer.visible and (empty_too or rle.area(layer.instance.mask))
    ]
    return Shown.of(
        picture,
        [layer.instance for layer in layers],
        [layer.color for layer in layers],
    )


def show(shown: Shown, *, alt: str, highlight: int | None = None) -> None:
    """Show the picture with its masks, and the controls for how."""
    with st.container(horizontal=True, vertical_alignment="center"):
        mode = choices.one_of(
            "View", ["Overlay", "Masks", "Image"], default="Overlay", key="view mode", labeled=False
        )
        with st.popover("Look", icon=":material/tune:"):
            opacity = st.slider(
                "Opacity", 0, 100, 45, 5, format="%d %%", key="opacity", persist_state="session"
            )
            outline = st.toggle("Outlines", True, key="outlines", persist_state="session")
            many = len(shown.instances) > _MANY
            labels = st.toggle(
                "Labels",
                not many,
                key="labels of many" if many else "labels",
                persist_state="session",
            )
            boxes = st.toggle("Boxes", False, key="boxes", persist_state="session")
    if mode == "Image":
        shown = Shown.of(shown.picture, [])
    if mode == "Masks":
        opacity, outline = 100, False
    drawing = Drawing(
        opacity=opacity / 100,
        outline=outline,
        labels=labels,
        boxes=boxes,
        highlight=highlight if shown.instances else None,
        on_black=mode == "Masks",
    )
    st.image(_encoded(shown, LONGEST, drawing), width="stretch", alt=alt)


def thumbnail(shown: Shown, longest: int = 480) -> bytes:
    """Return a small JPEG of the picture with its masks, without text."""
    return _encoded(shown, longest, _PLAIN)


@caches.data(max_entries=64)
def _encoded(shown: Shown, longest: int, drawing: Drawing) -> bytes:
    return image_io.encode_jpeg(drawn(shown, longest, drawing), quality=92)


def drawn(shown: Shown, longest: int, drawing: Drawing = _PLAIN) -> Image:
    """Return the picture with its masks, (h, w, 3), at most so many pixels along each side."""
    base = pictures.reduced(shown.picture, longest)
    size_hw = base.shape[:2]
    return overlay.draw(
        np.zeros_like(base) if drawing.on_black else base,
        [replace(instance, mask=_reduced(instance.mask, size_hw)) for instance in shown.instances],
        opacity=drawing.opacity,
        outline=drawing.outline,
        labels=drawing.labels,
        boxes=drawing.boxes,
        colors=shown.rgb(),
        highlight=drawing.highlight,
    )


@caches.resource(max_entries=2000)
def _reduced(mask: RLE, size_hw: tuple[int, int]) -> RLE:
    return mask if mask.size_hw == size_hw else masks.reduce(mask, size_hw)


def mask_thumbnail(mask: RLE, longest: int = 320) -> bytes:
    """Return a small PNG of one mask, white on black."""
    height, width = mask.size_hw
    scale = min(1.0, longest / max(height, width))
    small = max(1, round(height * scale)), max(1, round(width * scale))
    return image_io.encode_png(masks.label_map([masks.reduce(mask, small)], ids=[255]))


def legend(shown: Shown) -> None:
    """Name the colors, one for each label."""
    by_label = {
        instance.label: color for instance, color in zip(shown.instances, shown.colors, strict=True)
    }
    square = "display:inline-block;width:.8em;height:.8em;border-radius:.2em"
    swatches = [
        f'<span style="white-space:nowrap"><span style="{square};background:{html.escape(color)}">'
        f"</span> {html.escape(label)}</span>"
        for label, color in by_label.items()
    ]
    st.html(f'<div style="display:flex;flex-wrap:wrap;gap:.3em 1.2em">{"".join(swatches)}</div>')


def beside(picture: Picture) -> tuple[DeltaGenerator, DeltaGenerator]:
    """Return a place for the picture and one for what belongs to it: beside it, or below."""
    height, width = picture.size_hw
    if width > 2 * height:
        return st.container(), st.container()
    left, right = st.columns([3, 2], gap="large")
    return left, right
