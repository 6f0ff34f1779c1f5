"""Edit layers: change their outlines, clean them up, combine and split them."""

from dataclasses import replace

import streamlit as st

from pages.make.edit import before_after, controls as edit_controls, operations, result
from pages.shared import downloads, errors, links, view, workspace

st.title("Edit")
st.markdown("Change the outlines of layers, clean them up, combine them or split them.")

picture = workspace.current()
if picture is None:
    links.open_first()
elif not workspace.layers():
    st.info("Make a mask first; every layer can be edited.", icon=":material/layers:")
    links.to(*links.MAKE)
else:
    layers = edit_controls.selected()
    x1, y1, x2, y2 = box = before_after.shown_box(picture, layers)
    look, controls = view.beside(replace(picture, size_hw=(y2 - y1, x2 - x1)))
    with controls:
        edit_controls.layers()
        edit = edit_controls.edit(picture, len(layers))
    if edit is None:
        with look:
            view.show(view.layers_shown(picture), alt="The layers on the image")
    else:
        with errors.shown():
            edited = operations.results_of(edit, layers)
            with look:
                before_after.show(picture, box, layers, edited)
            with controls:
                result.facts(layers, edited)
                result.keep(picture, layers, edited)
            downloads.same_in_python(operations.python(edit, picture))
