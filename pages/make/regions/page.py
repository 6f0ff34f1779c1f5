"""Regions: masks from a click, a box, scribbles, seeds or edges."""

import streamlit as st

from pages.make.regions import edges, grabcut, result as region_result, wand, watershed
from pages.shared import choices, downloads, errors, links, view, workspace

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
    name = choices.one_of(
        "Method", list(METHODS), default="Magic wand", key="regions method", labeled=False
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
