"""Files out of an upload widget, each once."""

from __future__ import annotations

import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

_TAKEN = "uploads taken"


def take(key: str) -> list[UploadedFile]:
    """Return what is in a widget and has not been taken before; for callbacks.

    A browser may send the files of a widget that is gone once more, beside another change.

    Args:
        key: Of the widget, for one file or for many.
    """
    taken: set[str] = st.session_state.setdefault(_TAKEN, set())
    value = st.session_state.get(key)
    files: list[UploadedFile] = value if isinstance(value, list) else [value] if value else []
    new = [file for file in files if file.file_id not in taken]
    taken.update(file.file_id for file in new)
    return new
