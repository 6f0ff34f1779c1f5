"""Augment: samples of the image and its layers, alike turned, recolored and roughened."""

import streamlit as st

from pages.shared import links, view, workspace
from pages.use.augment import controls as augment_controls, export, grid

st.title("Augment")
st.markdown("New samples of the image and all its visible layers, changed alike.")

picture = workspace.current()
if picture is None:
    links.open_first()
else:
    shown = view.layers_shown(picture, empty_too=False)
    settings = augment_controls.chosen()
    augment_controls.start(settings)
    look, controls = view.beside(picture)
    with look:
        grid.show(shown, settings, export.count())
    with controls:
        augment_controls.show()
    export.show(shown, settings)
