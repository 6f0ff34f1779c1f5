"""Regions: masks from a click, a box, scribbles, seeds or edges."""

import streamlit as st

from pages.make.regions import edges, grabcut, result as region_result, wand, watershed
from pages.shared import downloads, errors, links, view, workspace

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
    name = st.segmented_control(
        "Method",
        list(METHODS),
        default="Magic wand",
        required=True,
        key="regions method",
        label_visibility="collapsed",
        persist_state="session",
    )
    method = METHODS[name]
    st.markdown(method.ABOUT)
    look, controls = view.beside(picture)
    with errors.shown():
        result = method.make(picture, look, controls)
        if result:
            with controls:
                region_result.offer(picture, result, key=name.lower())
            downloads.same_in_python(result.code)
