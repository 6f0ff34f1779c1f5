"""Write a data set in another format, and say what that loses."""

from __future__ import annotations

import streamlit as st

from pages.shared import (
    convert_export,
    convert_losses,
    convert_preview,
    convert_target,
    dataset_source,
    errors,
)

st.title("Convert")
with errors.shown():
    dataset_source.show()
    opened = dataset_source.current()
    if opened is not None:
        choice = convert_target.show(opened)
        convert_export.remember()
        left, right = st.columns(2, gap="large")
        with left:
            convert_losses.show(choice)
        with right:
            convert_preview.show(choice)
        convert_export.show(choice)
