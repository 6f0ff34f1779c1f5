"""Measure: layers in numbers, noise found and filled, tables with values that do not count."""

import streamlit as st

from pages.shared import choices, links, workspace
from pages.use.measure import layers, noise_result, numbers

OF_IMAGES = {"Layers": layers, "Noise": noise_result}

st.title("Measure")
part = choices.one_of(
    "What to measure", [*OF_IMAGES, "Numbers"], default="Layers", key="measure part", labeled=False
)
picture = workspace.current()
if part == "Numbers":
    numbers.show()
elif picture is None:
    links.open_first()
else:
    OF_IMAGES[part].show(picture)
