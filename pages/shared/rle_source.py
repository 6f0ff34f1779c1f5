"""Where run-length codes come from: pasted, uploaded or an example; and how they are to be read."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import streamlit as st

from maskcore import samples
from maskcore.rle_text import DIALECTS
from pages.shared import markdown, workspace

_TEXT, _FILE, _SOURCE, _GENERATION = "rle text", "rle file", "rle source", "rle uploads"
_DIALECT, _SIZE = "rle dialect", "rle size"
AUTOMATIC = "Automatic"


@dataclass(frozen=True)
class Source:
    """What was pasted or uploaded.

    Attributes:
        content: The text, or the file's bytes.
        name: The file's name; "" if it was pasted.
        digest: SHA-256 of the content.
    """

    content: str | bytes
    name: str
    digest: str


def source() -> Source | None:
    """Show where rows come from: pasted, uploaded or an example; return what is there."""
    st.session_state.setdefault(_SOURCE, "Paste")
    way = st.segmented_control(
        "Rows", ["Paste", "Upload"], required=True, key=_SOURCE, persist_state="session"
    )
    if way == "Upload":
        return _uploaded()
    text = st.text_area(
        "Rows",
        key=_TEXT,
        height=190,
        max_chars=1_000_000,
        placeholder="ImageId,ClassId,EncodedPixels\n0002cc93b.jpg,1,29102 12 29346 24 ...",
        label_visibility="collapsed",
        persist_state="session",
    )
    with st.container(horizontal=True):
        st.button(
            "Example row", key="example row", on_click=_paste_example, icon=":material/school:"
        )
        picture = workspace.current()
        if picture and picture.id == _steel_id():
            st.button(
                f"Rows of “{samples.SAMPLES['steel'].title}”",
                key="rows of sample",
                on_click=_paste_steel,
                icon=":material/data_array:",
            )
        st.button(
            "Clear",
            key="clear rows",
            on_click=_clear,
            icon=":material/backspace:",
            disabled=not text,
        )
    return Source(text, "", hashlib.sha256(text.encode()).hexdigest()) if text.strip() else None


def _uploaded() -> Source | None:
    key = f"{_FILE} {st.session_state.setdefault(_GENERATION, 0)}"
    st.file_uploader(
        "CSV, with or without a header, up to 100 MB",
        key=key,
        on_change=_take_file,
        args=(key,),
    )
    found: Source | None = st.session_state.get(_FILE)
    if found:
        with st.container(horizontal=True, vertical_alignment="center"):
            size = f"{len(found.content) / 1e6:,.1f} MB"
            st.markdown(f":material/table: {markdown.plain(found.name)} · {size}")
            st.button(
                "Remove",
                key="remove rows",
                on_click=_clear,
                icon=":material/close:",
                type="tertiary",
            )
    return found


def _take_file(key: str) -> None:
    file = st.session_state.get(key)
    if file is not None:
        content = file.getvalue()
        digest = hashlib.sha256(content).hexdigest()
        st.session_state[_FILE] = Source(content, file.name, digest)
        st.session_state[_GENERATION] += 1


def _paste_example() -> None:
    st.session_state[_TEXT] = samples.ROW
    st.session_state[_DIALECT] = AUTOMATIC
    picture = workspace.current()
    if picture is None or picture.size_hw != samples.STEEL_SIZE_HW:
        st.session_state[_SIZE] = "Typed"
        st.session_state["rle height"], st.session_state["rle width"] = samples.STEEL_SIZE_HW


def _paste_steel() -> None:
    st.session_state[_TEXT] = samples.load("steel").rows
    st.session_state[_DIALECT] = st.session_state[_SIZE] = AUTOMATIC


def _clear() -> None:
    st.session_state[_TEXT] = ""
    st.session_state.pop(_FILE, None)


@st.cache_resource(show_spinner=False)
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
    size = st.segmented_control(
        "Size of the images",
        [AUTOMATIC, "Typed"],
        required=True,
        key=_SIZE,
        persist_state="session",
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
