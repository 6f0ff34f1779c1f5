"""Thresholds: the pixels of some values or colors become a mask."""

import streamlit as st

from pages.make.threshold import (
    controls as threshold_controls,
    result,
    settings as threshold_settings,
)
from pages.shared import downloads, errors, links, view, workspace

st.title("Threshold")
st.markdown("The pixels whose values or colors you choose become a mask.")

picture = workspace.current()
if picture is None:
    links.open_first()
else:
    function = threshold_controls.method()
    look, controls = view.beside(picture)
    with errors.shown():
        with controls:
            settings = threshold_controls.show(function, picture)
        mask = threshold_settings.preview(settings, picture) if settings else None
        with look:
            result.show(picture, mask, pick=function == "color_range")
        if settings and mask:
            with controls:
                label = threshold_controls.label(function)
                result.keep(picture, settings, mask, label)
            downloads.same_in_python(threshold_settings.python(settings, picture))
