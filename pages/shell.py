"""What surrounds every page: the table of pages, the menu, the sidebar."""

from pathlib import Path

import streamlit as st

from pages.shared import canvas, errors
from pages.shared.frame import menu, sidebar
from pages.shared.jobs.queue import queue

_LOGO = Path(__file__).parent / "shared/frame/logo.svg"

st.set_page_config("Mask Studio", _LOGO, layout="wide")
st.logo(_LOGO, size="large")

# Section -> folder of each page -> title and icon; the folder's name is the page's address.
_PAGES = {
    "Start": {"start/open": ("Open", ":material/add_photo_alternate:")},
    "Make": {
        "make/paint": ("Paint", ":material/brush:"),
        "make/threshold": ("Threshold", ":material/contrast:"),
        "make/regions": ("Regions", ":material/texture_add:"),
        "make/kmeans": ("Color clusters", ":material/palette:"),
        "make/maskrcnn": ("Find objects", ":material/image_search:"),
        "make/rle": ("Run-length codes", ":material/data_array:"),
        "make/edit": ("Edit", ":material/tune:"),
    },
    "Use": {
        "use/cutout": ("Cut out", ":material/content_cut:"),
        "use/measure": ("Measure", ":material/straighten:"),
        "use/augment": ("Augment", ":material/auto_awesome_motion:"),
        "use/patches": ("Patches", ":material/grid_on:"),
    },
    "Data sets": {
        "data/inspect": ("Inspect", ":material/dataset:"),
        "data/convert": ("Convert", ":material/swap_horiz:"),
    },
}

page = st.navigation(
    {
        section: [
            st.Page(f"{place}/page.py", title=title, icon=icon, url_path=place.partition("/")[2])
            for place, (title, icon) in pages.items()
        ]
        for section, pages in _PAGES.items()
    },
    position="top",
    expanded=True,  # on small screens, where the menu is in the sidebar
)
canvas.transport()
menu.close_after_choice(page.url_path)
with errors.apologized():
    page.run()
with errors.apologized():
    sidebar.show()
queue.warm_up()
