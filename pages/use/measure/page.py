"""Measure: layers in numbers, noise found and filled, tables with values that do not count."""

import streamlit as st

from pages.shared import links, workspace
from pages.use.measure import layers, noise_result, numbers

OF_IMAGES = {"Layers": layers, "Noise": noise_result}

st.title("Measure")
part = st.segmented_control(
    "What to measure",
    [*OF_IMAGES, "Numbers"],
    default="Layers",
    required=True,
    key="measure part",
    label_visibility="collapsed",
    persist_state="session",
)
picture = workspace.current()
if part == "Numbers":
    numbers.show()
elif picture is None:
    links.open_first()
else:
    OF_IMAGES[part].show(picture)
