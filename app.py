"""Mask Studio: the table of its pages."""

from pathlib import Path

import streamlit as st

from pages.shared import canvas, errors, jobs, menu, sidebar

st.set_page_config("Mask Studio", ":material/select_all:", layout="wide")
st.logo(Path(__file__).parent / "pages/shared/logo.svg", size="large")
page = st.navigation(
    {
        "Start": [
            st.Page("pages/start/open.py", title="Open", icon=":material/add_photo_alternate:"),
        ],
        "Make": [
            st.Page("pages/make/paint.py", title="Paint", icon=":material/brush:"),
            st.Page("pages/make/threshold.py", title="Threshold", icon=":material/contrast:"),
            st.Page("pages/make/regions.py", title="Regions", icon=":material/texture_add:"),
            st.Page("pages/make/kmeans.py", title="Color clusters", icon=":material/palette:"),
            st.Page("pages/make/maskrcnn.py", title="Find objects", icon=":material/image_search:"),
            st.Page("pages/make/rle.py", title="Run-length codes", icon=":material/data_array:"),
        ],
        "Use": [
            st.Page("pages/use/edit.py", title="Edit", icon=":material/tune:"),
            st.Page("pages/use/cutout.py", title="Cut out", icon=":material/content_cut:"),
            st.Page("pages/use/measure.py", title="Measure", icon=":material/straighten:"),
            st.Page("pages/use/augment.py", title="Augment", icon=":material/auto_awesome_motion:"),
            st.Page("pages/use/patches.py", title="Patches", icon=":material/grid_on:"),
        ],
        "Data sets": [
            st.Page("pages/data/inspect.py", title="Inspect", icon=":material/dataset:"),
            st.Page("pages/data/convert.py", title="Convert", icon=":material/swap_horiz:"),
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
