"""Inspect: look through a data set, see what is wrong in it, correct it."""

import streamlit as st

from pages.shared import dataset_source, errors, inspect_survey, inspect_view

st.title("Inspect")
dataset_source.show()
opened = dataset_source.current()
with errors.shown():
    if opened is None:
        inspect_survey.forget()
    else:
        inspect_view.show(opened)
