"""Augment: samples of the image and its layers, alike turned, recolored and roughened."""

import streamlit as st

from pages.shared import (
    augment_controls,
    augment_export,
    augment_grid,
    links,
    results,
    workspace,
)

st.title("Augment")
st.markdown("New samples of the image and all its visible layers, changed alike.")

picture = workspace.current()
if picture is None:
    links.open_first()
else:
    shown = results.layers_shown(picture, empty_too=False)
    choice = augment_controls.chosen()
    augment_controls.start(choice)
    look, controls = results.beside(picture)
    with look:
        augment_grid.show(shown, choice, augment_export.count())
    with controls:
        augment_controls.show()
    augment_export.show(shown, choice)
