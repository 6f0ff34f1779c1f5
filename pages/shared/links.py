"""Ways from page to page."""

from __future__ import annotations

import streamlit as st
from streamlit.errors import StreamlitAPIException

_PAGES = {
    "start/open/page.py": ("Open an image", ":material/add_photo_alternate:"),
    "make/paint/page.py": ("Paint a mask on it", ":material/brush:"),
    "make/threshold/page.py": ("Threshold its values or colors", ":material/contrast:"),
    "make/regions/page.py": ("Find regions in it", ":material/texture_add:"),
    "make/kmeans/page.py": ("Cluster its colors", ":material/palette:"),
    "make/maskrcnn/page.py": ("Find objects in it", ":material/image_search:"),
    "make/rle/page.py": ("Decode run-length codes on it", ":material/data_array:"),
    "make/edit/page.py": ("Edit its layers", ":material/tune:"),
    "use/cutout/page.py": ("Cut out its layers", ":material/content_cut:"),
    "use/measure/page.py": ("Measure its layers", ":material/straighten:"),
    "use/augment/page.py": ("Augment it with its layers", ":material/auto_awesome_motion:"),
    "use/patches/page.py": ("Cut it into patches", ":material/grid_on:"),
    "data/inspect/page.py": ("Inspect a data set", ":material/dataset:"),
    "data/convert/page.py": ("Convert a data set", ":material/swap_horiz:"),
}


MAKE = tuple(page for page in _PAGES if page.startswith("make/"))
USE = tuple(page for page in _PAGES if page.startswith("use/"))


def to(*pages: str) -> None:
    """Offer other pages."""
    with st.container(horizontal=True, gap="xsmall"):
        for page in pages:
            one(page, *_PAGES[page])


def one(page: str, label: str, icon: str) -> None:
    """Offer another page in other words than usual."""
    try:
        st.page_link(page, label=label, icon=icon)
    except StreamlitAPIException:
        return  # a page that runs alone, as in its tests, has no others


def open_first() -> None:
    """Say that the page needs an image, and where to open one."""
    st.info("Open an image first.", icon=":material/image:")
    to("start/open/page.py")
