"""Inspect: look through a data set, see what is wrong in it, correct it."""

import streamlit as st

from pages.data.inspect import overview, survey
from pages.shared import errors
from pages.shared.dataset import source as dataset_source, state as dataset_state

st.title("Inspect")
dataset_source.show()
opened = dataset_state.current()
with errors.shown():
    if opened is None:
        survey.forget()
    else:
        overview.show(opened)
