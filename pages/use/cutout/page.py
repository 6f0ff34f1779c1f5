"""Cut objects out of the image: the layers, however they were made."""

import streamlit as st

from pages.shared import cutouts, downloads, errors, links, view, workspace

st.title("Cut out")
st.markdown("Each layer becomes a picture of its own, cropped, on the background you choose.")

picture = workspace.current()
shown = view.layers_shown(picture, empty_too=False) if picture else None
if picture is None or shown is None:
    links.open_first()
elif not shown.instances:
    st.info("Make a mask first; every visible layer can be cut out.", icon=":material/layers:")
    links.to(*links.MAKE)
else:
    settings = cutouts.settings("cut")
    with errors.shown():
        checked = cutouts.grid(shown, settings, key="cut")
        with st.container(horizontal=True):
            cutouts.download_all(shown, checked, settings, key="cut")
    downloads.same_in_python(cutouts.python(picture, cutouts.FROM_LAYERS, settings))
