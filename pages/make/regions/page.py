"""Regions: masks from a click, a box, scribbles, seeds or edges."""

import streamlit as st

from pages.make.regions import edges, grabcut, wand, watershed
from pages.shared import downloads, errors, links, regions_made, view, workspace

METHODS = {
    "Magic wand": wand,
    "GrabCut": grabcut,
    "Watershed": watershed,
    "Closed edges": edges,
}

st.title("Regions")

picture = workspace.current()
if picture is None:
    st.markdown("Pixels that belong together become a mask: by their colors, or by their edges.")
    links.open_first()
else:
    chosen = st.segmented_control(
        "Method",
        list(METHODS),
        default="Magic wand",
        required=True,
        key="regions method",
        label_visibility="collapsed",
        persist_state="session",
    )
    method = METHODS[chosen]
    st.markdown(method.ABOUT)
    look, controls = view.beside(picture)
    with errors.shown():
        made = method.make(picture, look, controls)
        if made:
            with controls:
                regions_made.offer(picture, made, key=chosen.lower())
            downloads.same_in_python(made.code)
