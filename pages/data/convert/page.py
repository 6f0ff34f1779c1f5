"""Write a data set in another format, and say what that loses."""

from __future__ import annotations

import streamlit as st

from pages.data.convert import export, losses, preview, target
from pages.shared import errors
from pages.shared.dataset import source as dataset_source, state as dataset_state

st.title("Convert")
with errors.shown():
    dataset_source.show()
    opened = dataset_state.current()
    if opened is not None:
        settings = target.show(opened)
        export.remember()
        left, right = st.columns(2, gap="large")
        with left:
            losses.show(settings)
        with right:
            preview.show(settings)
        export.show(settings)
