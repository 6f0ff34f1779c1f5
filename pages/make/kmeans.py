"""Color clusters: an image in a few colors, and the pixels of each as a mask."""

import streamlit as st

from pages.shared import (
    errors,
    families,
    kmeans_clusters,
    kmeans_controls,
    kmeans_palette,
    kmeans_result,
    links,
    results,
    workspace,
)

st.title("Color clusters")
st.markdown("The image in a few colors (k-means); the pixels of one or several become a mask.")

picture = workspace.current()
if picture is None:
    links.open_first()
else:
    look, controls = results.beside(picture)
    with errors.shown():
        with controls:
            how = kmeans_controls.how()
            tried = kmeans_clusters.tried(how, picture)
            chosen = kmeans_palette.chosen(how, picture, tried)
            kmeans_result.offer(how, picture, tried, chosen)
            kmeans_controls.curve(how, picture)
        with look:
            kmeans_result.show(how, picture, tried, chosen)
        results.same_in_python(kmeans_clusters.python(how, picture, chosen))
    families.show(picture)
