"""Where run-length codes come from: pasted, uploaded or an example; and how they are to be read."""

from __future__ import annotations

import hashlib

import streamlit as st

from maskcore import samples
from maskcore.rle_text import DIALECTS
from pages.shared import caches, choices, workspace
from pages.shared.table_input import TableContent, TableInput

_TABLE = TableInput(
    "rle",
    "Rows",
    "ImageId,ClassId,EncodedPixels\n0002cc93b.jpg,1,29102 12 29346 24 ...",
    "CSV, with or without a header, up to 100 MB",
)
_DIALECT, _SIZE = "rle dialect", "rle size"
AUTOMATIC = "Automatic"


def source() -> TableContent | None:
    """Show where rows come from: pasted, uploaded or an example; return what is there."""
    return _TABLE.show(_examples)


def _examples() -> None:
    st.button("Example row", key="example row", on_click=_paste_example, icon=":material/school:")
    picture = workspace.current()
    if picture and picture.id == _steel_id():
        st.button(
            f"Rows of “{samples.SAMPLES['steel'].title}”",
            key="rows of sample",
            on_click=_paste_steel,
            icon=":material/data_array:",
        )


def _paste_example() -> None:
    _TABLE.paste(samples.ROW)
    st.session_state[_DIALECT] = AUTOMATIC
    picture = workspace.current()
    if picture is None or picture.size_hw != samples.STEEL_SIZE_HW:
        st.session_state[_SIZE] = "Typed"
        st.session_state["rle height"], st.session_state["rle width"] = samples.STEEL_SIZE_HW


def _paste_steel() -> None:
    _TABLE.paste(samples.load("steel").rows)
    st.session_state[_DIALECT] = st.session_state[_SIZE] = AUTOMATIC


@caches.resource()
def _steel_id() -> str:
    return hashlib.sha256(samples.load("steel").image_bytes).hexdigest()


def options() -> tuple[tuple[int, int] | None, str | None]:
    """Show the choice of dialect and size; return (height, width) and dialect, None: find out."""
    dialect = st.selectbox(
        "Dialect",
        [AUTOMATIC, *DIALECTS],
        format_func=_dialect_title,
        key=_DIALECT,
        persist_state="session",
    )
    if dialect != AUTOMATIC:
        st.caption(f"{DIALECTS[dialect].how}.")
    picture = workspace.current()
    st.session_state.setdefault(_SIZE, AUTOMATIC)
    size = choices.one_of(
        "Size of the images",
        [AUTOMATIC, "Typed"],
        key=_SIZE,
        help="Automatic: from the table's columns, else the open image, else the dialect's own",
    )
    size_hw = picture.size_hw if picture else None
    if size == "Typed":
        left, right = st.columns(2)
        longest = 20_000
        st.session_state.setdefault("rle height", samples.STEEL_SIZE_HW[0])
        st.session_state.setdefault("rle width", samples.STEEL_SIZE_HW[1])
        height = left.number_input("Height", 1, longest, key="rle height", persist_state="session")
        width = right.number_input("Width", 1, longest, key="rle width", persist_state="session")
        size_hw = int(height), int(width)
    elif picture:
        st.caption(f"The open image has {picture.size_hw[1]} × {picture.size_hw[0]} pixels.")
    return size_hw, None if dialect == AUTOMATIC else dialect


def _dialect_title(name: str) -> str:
    return "Detect it" if name == AUTOMATIC else DIALECTS[name].title


def use_dialect(name: str) -> None:
    """Choose a dialect, as if picked from the list."""
    st.session_state[_DIALECT] = name
