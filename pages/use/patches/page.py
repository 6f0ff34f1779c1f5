"""Patches: an image and its masks cut into equal parts, and patches joined to whole images."""

import streamlit as st

from pages.shared import choices, errors, links, workspace
from pages.use.patches import grid, rejoin

st.title("Patches")
part = choices.one_of(
    "What to do", ["Cut", "Join"], default="Cut", key="patches part", labeled=False
)
picture = workspace.current()
with errors.shown():
    if part == "Join":
        rejoin.show()
    elif picture is None:
        links.open_first()
    else:
        grid.show(picture)
