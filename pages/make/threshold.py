"""Thresholds: the pixels of some values or colors become a mask."""

import streamlit as st

from pages.shared import (
    errors,
    links,
    results,
    threshold_controls,
    threshold_how,
    threshold_result,
    workspace,
)

st.title("Threshold")
st.markdown("The pixels whose values or colors you choose become a mask.")

picture = workspace.current()
if picture is None:
    links.open_first()
else:
    function = threshold_controls.method()
    look, controls = results.beside(picture)
    with errors.shown():
        with controls:
            how = threshold_controls.how(function, picture)
        mask = threshold_how.tried(how, picture) if how else None
        with look:
            threshold_result.show(picture, mask, pick=function == "color_range")
        if how and mask:
            with controls:
                label = threshold_controls.label(function)
                threshold_result.keep(picture, how, mask, label)
            results.same_in_python(threshold_how.python(how, picture))
