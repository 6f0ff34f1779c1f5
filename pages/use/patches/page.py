"""Patches: an image and its masks cut into equal parts, and patches joined to whole images."""

import streamlit as st

from pages.shared import errors, links, workspace
from pages.use.patches import grid, rejoin

st.title("Patches")
part = st.segmented_control(
    "What to do",
    ["Cut", "Join"],
    default="Cut",
    required=True,
    key="patches part",
    label_visibility="collapsed",
    persist_state="session",
)
picture = workspace.current()
with errors.shown():
    if part == "Join":
        rejoin.show()
    elif picture is None:
        links.open_first()
    else:
        grid.show(picture)
