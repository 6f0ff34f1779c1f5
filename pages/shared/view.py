"""Masks on a picture: how they are drawn, shown large and small, and named by their colors.

Keys of caches are digests of content: Streamlit tells large arrays apart by samples only, and
would hand out an older one for a small change.
"""

from __future__ import annotations

import hashlib
import html
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from maskcore import image_io, masks, overlay, rle
from maskcore.rle import RLE
from maskcore.types import Image, Instance
from pages.shared import pictures, workspace
from pages.shared.colors import to_hex, to_rgb
from pages.shared.pictures import Picture

_MANY = 60  # masks whose labels would hide the picture
_LONGEST = 1400  # pixels of a picture on the page; Streamlit itself shrinks anything above 1460


@dataclass(frozen=True)
class Shown:
    """Instances on a picture, as they are drawn and downloaded.

    Attributes:
        picture: What is below.
        instances: The masks.
        colors: "#rrggbb" of each.
        mask_digests: `workspace.mask_digest` of each.
        digest: Identifies all of that.
    """

    picture: Picture
    instances: tuple[Instance, ...]
    colors: tuple[str, ...]
    mask_digests: tuple[str, ...]
    digest: str

    @classmethod
    def of(
        cls,
        picture: Picture,
        instances: Sequence[Instance],
        colors: Sequence[str] | None = None,
        mask_digests: Sequence[str] | None = None,
    ) -> Shown:
        """Bring picture and instances together; colors are by label if not given."""
        if colors is None:
            by_label = overlay.colors(it.label for it in instances)
            colors = [to_hex(by_label[it.label]) for it in instances]
        if mask_digests is None:
            mask_digests = [workspace.mask_digest(it.mask) for it in instances]
        said = [(it.label, it.score) for it in instances]
        whole = repr((picture.id, picture.name, said, list(colors), list(mask_digests)))
        digest = hashlib.sha256(whole.encode()).hexdigest()
        return cls(picture, tuple(instances), tuple(colors), tuple(mask_digests), digest)

    def rgb(self) -> list[overlay.RGB]:
        """Return the colors as numbers."""
        return [to_rgb(color) for color in self.colors]


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
        [layer.mask_digest for layer in layers],
    )


def show(shown: Shown, *, alt: str, highlight: int | None = None) -> None:
    """Show the picture with its masks, and the controls for how."""
    with st.container(horizontal=True, vertical_alignment="center"):
        mode = st.segmented_control(
            "View",
            ["Overlay", "Masks", "Image"],
            default="Overlay",
            required=True,
            key="view mode",
            label_visibility="collapsed",
            persist_state="session",
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
    content = _drawn(
        shown.digest,
        _LONGEST,
        opacity / 100,
        outline,
        labels,
        boxes,
        highlight if shown.instances else None,
        mode == "Masks",
        shown,
    )
    st.image(content, width="stretch", alt=alt)


def thumbnail(shown: Shown, longest: int = 480) -> bytes:
    """Return a small JPEG of the picture with its masks, without text."""
    return _drawn(shown.digest, longest, 0.45, True, False, False, None, False, shown)


def mask_thumbnail(mask: RLE, longest: int = 320) -> bytes:
    """Return a small PNG of one mask, white on black."""
    height, width = mask.size_hw
    scale = min(1.0, longest / max(height, width))
    small = max(1, round(height * scale)), max(1, round(width * scale))
    return image_io.encode_png(masks.label_map([masks.reduce(mask, small)], ids=[255]))


@st.cache_data(max_entries=64, show_spinner=False)
def _drawn(
    digest: str,
    longest: int,
    opacity: float,
    outline: bool,
    labels: bool,
    boxes: bool,
    highlight: int | None,
    on_black: bool,
    _shown: Shown,
) -> bytes:
    del digest  # stands for _shown in the key
    base = _reduced(_shown.picture.id, longest, _shown.picture)
    size_hw = base.shape[:2]
    small = [
        replace(instance, mask=_reduced_mask(key, size_hw, instance.mask))
        for key, instance in zip(_shown.mask_digests, _shown.instances, strict=True)
    ]
    drawn = overlay.draw(
        np.zeros_like(base) if on_black else base,
        small,
        opacity=opacity,
        outline=outline,
        labels=labels,
        boxes=boxes,
        colors=_shown.rgb(),
        highlight=highlight,
    )
    return image_io.encode_jpeg(drawn, quality=92)


@st.cache_resource(max_entries=8, show_spinner=False)
def _reduced(picture_id: str, longest: int, _picture: Picture) -> Image:
    del picture_id
    reduced = image_io.preview(pictures.image(_picture), longest)
    reduced.flags.writeable = False
    return reduced


@st.cache_resource(max_entries=2000, show_spinner=False)
def _reduced_mask(mask_digest: str, size_hw: tuple[int, int], _mask: RLE) -> RLE:
    del mask_digest
    return _mask if _mask.size_hw == size_hw else masks.reduce(_mask, size_hw)


def legend(shown: Shown) -> None:
    """Name the colors, one for each label."""
    by_label = dict(zip((it.label for it in shown.instances), shown.colors, strict=True))
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
