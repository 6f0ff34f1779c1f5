"""Edit layers: change their outlines, clean them up, combine and split them."""

from dataclasses import replace

import streamlit as st

from pages.shared import (
    edit_controls,
    edit_operations,
    edit_result,
    edit_view,
    errors,
    links,
    results,
    workspace,
)

st.title("Edit")
st.markdown("Change the outlines of layers, clean them up, combine them or split them.")

picture = workspace.current()
if picture is None:
    links.open_first()
elif not workspace.layers():
    st.info("Make a mask first; every layer can be edited.", icon=":material/layers:")
    links.to(*links.MAKE)
else:
    layers = edit_controls.chosen()
    x1, y1, x2, y2 = box = edit_view.shown_box(picture, layers)
    look, controls = results.beside(replace(picture, size_hw=(y2 - y1, x2 - x1)))
    with controls:
        edit_controls.layers()
        edit = edit_controls.edit(picture, len(layers))
    if edit is None:
        with look:
            results.view(results.layers_shown(picture), alt="The layers on the image")
    else:
        with errors.shown():
            edited = edit_operations.results_of(edit, layers)
            with look:
                edit_view.show(picture, box, layers, edited)
            with controls:
                edit_result.facts(layers, edited)
                edit_result.keep(picture, layers, edited)
            results.same_in_python(edit_operations.python(edit, picture))
