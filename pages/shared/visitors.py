"""Who a visitor is: one browser with all its tabs, where it takes our cookie; else one session."""

from __future__ import annotations

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

COOKIE = "mask_studio"
"""The HttpOnly cookie that names a browser."""


def current() -> str:
    """Return what identifies the visitor whose page is drawn; "" outside of any session."""
    context = get_script_run_ctx()
    if context is None:
        return ""
    return st.context.cookies.get(COOKIE) or context.session_id
