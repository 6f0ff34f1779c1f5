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
            settings = kmeans_controls.show()
            preview = clusters.preview(settings, picture)
            selected = palette.show(settings, picture, preview)
            result.offer(settings, picture, preview, selected)
            kmeans_controls.show_curve(settings, picture)
        with look:
            result.show(settings, picture, preview, selected)
        downloads.same_in_python(clusters.python(settings, picture, selected))
    families.show(picture)
