"""Mask Studio: the table of its pages."""

from pathlib import Path

import streamlit as st

from pages.shared import canvas, errors
from pages.shared.frame import menu, sidebar
from pages.shared.jobs import queue as jobs

st.set_page_config("Mask Studio", ":material/select_all:", layout="wide")
st.logo(Path(__file__).parent / "pages/shared/frame/logo.svg", size="large")
page = st.navigation(
    {
        "Start": [
            st.Page(
                "pages/start/open/page.py",
                title="Open",
                icon=":material/add_photo_alternate:",
                url_path="open",
            ),
        ],
        "Make": [
            st.Page(
                "pages/make/paint/page.py", title="Paint", icon=":material/brush:", url_path="paint"
            ),
            st.Page(
                "pages/make/threshold/page.py",
                title="Threshold",
                icon=":material/contrast:",
                url_path="threshold",
            ),
            st.Page(
                "pages/make/regions/page.py",
                title="Regions",
                icon=":material/texture_add:",
                url_path="regions",
            ),
            st.Page(
                "pages/make/kmeans/page.py",
                title="Color clusters",
                icon=":material/palette:",
                url_path="kmeans",
            ),
            st.Page(
                "pages/make/maskrcnn/page.py",
                title="Find objects",
                icon=":material/image_search:",
                url_path="maskrcnn",
            ),
            st.Page(
                "pages/make/rle/page.py",
                title="Run-length codes",
                icon=":material/data_array:",
                url_path="rle",
            ),
        ],
        "Use": [
            st.Page(
                "pages/make/edit/page.py", title="Edit", icon=":material/tune:", url_path="edit"
            ),
            st.Page(
                "pages/use/cutout/page.py",
                title="Cut out",
                icon=":material/content_cut:",
                url_path="cutout",
            ),
            st.Page(
                "pages/use/measure/page.py",
                title="Measure",
                icon=":material/straighten:",
                url_path="measure",
            ),
            st.Page(
                "pages/use/augment/page.py",
                title="Augment",
                icon=":material/auto_awesome_motion:",
                url_path="augment",
            ),
            st.Page(
                "pages/use/patches/page.py",
                title="Patches",
                icon=":material/grid_on:",
                url_path="patches",
            ),
        ],
        "Data sets": [
            st.Page(
                "pages/data/inspect/page.py",
                title="Inspect",
                icon=":material/dataset:",
                url_path="inspect",
            ),
            st.Page(
                "pages/data/convert/page.py",
                title="Convert",
                icon=":material/swap_horiz:",
                url_path="convert",
            ),
        ],
    },
    position="top",
    expanded=True,  # on small screens, where the menu is in the sidebar
)
canvas.courier()
menu.close_after_choice(page.url_path)
with errors.apologized():
    page.run()
with errors.apologized():
    sidebar.show()
jobs.queue.warm_up()
