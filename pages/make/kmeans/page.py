"""Color clusters: an image in a few colors, and the pixels of each as a mask."""

import streamlit as st

from pages.make.kmeans import clusters, controls as kmeans_controls, families, palette, result
from pages.shared import downloads, errors, links, view, workspace

st.title("Color clusters")
st.markdown("The image in a few colors (k-means); the pixels of one or several become a mask.")

picture = workspace.current()
if picture is None:
    links.open_first()
else:
    look, controls = view.beside(picture)
    with errors.shown():
        with controls:
            how = kmeans_controls.how()
            tried = clusters.tried(how, picture)
            chosen = palette.chosen(how, picture, tried)
            result.offer(how, picture, tried, chosen)
            kmeans_controls.curve(how, picture)
        with look:
            result.show(how, picture, tried, chosen)
        downloads.same_in_python(clusters.python(how, picture, chosen))
    families.show(picture)
