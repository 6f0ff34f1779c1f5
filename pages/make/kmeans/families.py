"""The families of segmentation in three lines, each with what it makes of the open image."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import streamlit as st

from maskcore import image_io, kmeans, overlay, regions, rle, samples
from maskcore.rle import RLE, label_map
from maskcore.types import Image, Instance
from pages.shared import caches, links, pictures, view
from pages.shared.colors import of_place, to_rgb
from pages.shared.objects import controls as object_controls
from pages.shared.pictures import Picture
from pages.shared.view import Shown

_LONGEST = 360
_PAGES = {
    "region": "make/regions/page.py",
    "edge": "make/regions/page.py",
    "cluster": "make/kmeans/page.py",
    "CNN": "make/maskrcnn/page.py",
}
_LINES = """\
- **By region or edge:** pixels next to each other that are alike, or that a line encloses.
- **By cluster:** pixels of similar color, wherever they are; one mask a kind: *semantic*.
- **By CNN:** what a network has learned to see; one mask an object: *instance*.
"""


def show(picture: Picture) -> None:
    """Show the families when the expander is opened."""
    with st.expander(
        "Families of segmentation",
        key="families",
        icon=":material/category:",
        on_change="rerun",
    ) as opened:
        if not opened.open:
            return
        st.markdown(_LINES)
        with st.grid(min_column_width=150):
            for family, page in _PAGES.items():
                with st.container():
                    title, content = _picture_of(family, picture)
                    st.image(content, width="stretch", alt=title)
                    st.markdown(title)
                    links.to(page)


def _picture_of(family: str, picture: Picture) -> tuple[str, bytes]:
    """Return what the family makes of the picture, and what to say of it."""
    if family != "CNN":
        return f"By {family}", _thumbnail(picture, family)
    result = object_controls.outcome(picture)
    if result and result.instances:
        colors = [of_place(i) for i in range(len(result.instances))]
        shown = Shown.of(picture, result.instances, colors)
        return "By CNN", view.thumbnail(shown, _LONGEST)
    return "By CNN: not run here yet, so a sample with its true objects", _sample()


@caches.data(max_entries=24)
def _thumbnail(picture: Picture, family: str) -> bytes:
    make = {"region": _regions, "edge": _edges, "cluster": _clusters}[family]
    return image_io.encode_jpeg(make(pictures.reduced(picture, _LONGEST)), quality=92)


@caches.data()
def _sample() -> bytes:
    scene = samples.shapes()
    masks = [instance.mask for instance in scene.instances]
    drawn = _in_colors(scene.image, masks, opacity=0.8)
    return image_io.encode_jpeg(image_io.preview(drawn, _LONGEST), quality=92)


def _regions(image: Image) -> Image:
    """Let a grid of seeds grow."""
    seeds = np.zeros(image.shape[:2], np.int32)
    apart = max(1, min(seeds.shape) // 4)
    places = seeds[apart // 2 :: apart, apart // 2 :: apart]
    places[...] = np.arange(1, places.size + 1).reshape(places.shape)
    return _in_colors(image, list(label_map.encode(regions.watershed(image, seeds)).values()))


def _edges(image: Image) -> Image:
    return _in_colors(
        image, [rle.encode(regions.closed_edges(image)), rle.encode(regions.edges(image))]
    )


def _clusters(image: Image) -> Image:
    return kmeans.segment(image, 4).image()


def _in_colors(image: Image, masks: Sequence[RLE], *, opacity: float = 0.5) -> Image:
    return overlay.draw(
        image,
        [Instance(mask, "") for mask in masks],
        opacity=opacity,
        labels=False,
        colors=[to_rgb(of_place(i)) for i in range(len(masks))],
    )
