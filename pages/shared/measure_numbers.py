"""Where a table of numbers comes from: pasted, uploaded or an example."""

from __future__ import annotations

import hashlib

import streamlit as st

from maskcore import numbers_table
from maskcore.numbers_table import NumbersTable
from pages.shared import markdown, measure_rules
from pages.shared.rle_source import Source

_TEXT, _FILE, _SOURCE, _GENERATION = (
    "numbers text",
    "numbers file",
    "numbers source",
    "number files",
)
_HEADERS = {"Automatic": None, "Yes": True, "No": False}
_EXAMPLE = """\
station,temperature,humidity,wind
Kuopio,14.2,61,3.1
Kuopio,15.0,58,2.7
Kuopio,,57,4.0
Kuopio,16.1,-999,3.6
Oulu,11.8,72,5.9
Oulu,12.4,70,-999
Oulu,98.6,69,6.2
Oulu,12.9,171,5.5
Turku,17.3,49,2.2
Turku,n/a,47,2.9
Turku,18.0,46,-999
Turku,18.4,45,3.3
"""
_EXAMPLE_RULES = {
    measure_rules.EVERY: ("-999", None, None),
    "temperature": ("", -40.0, 45.0),
    "humidity": ("", 0.0, 100.0),
}


def source() -> Source | None:
    """Show where the table comes from; return what is there."""
    st.session_state.setdefault(_SOURCE, "Paste")
    way = st.segmented_control(
        "Table", ["Paste", "Upload"], required=True, key=_SOURCE, persist_state="session"
    )
    if way == "Upload":
        return _uploaded()
    text = st.text_area(
        "Table",
        key=_TEXT,
        height=190,
        max_chars=1_000_000,
        placeholder="length,width\n12.5,3\n-999,4",
        label_visibility="collapsed",
        persist_state="session",
    )
    with st.container(horizontal=True):
        st.button(
            "Example", key="example numbers", on_click=_paste_example, icon=":material/school:"
        )
        st.button(
            "Clear",
            key="clear numbers",
            on_click=_clear,
            icon=":material/backspace:",
            disabled=not text,
        )
    return Source(text, "", hashlib.sha256(text.encode()).hexdigest()) if text.strip() else None


def _uploaded() -> Source | None:
    # A new key empties the widget once its file is taken.
    key = f"numbers upload {st.session_state.setdefault(_GENERATION, 0)}"
    st.file_uploader(
        "CSV with commas, semicolons or tabs, up to 100 MB",
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
                key="remove numbers",
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
    st.session_state[_TEXT] = _EXAMPLE
    st.session_state["numbers header"] = "Automatic"
    measure_rules.preset(numbers_table.read(_EXAMPLE).names, _EXAMPLE_RULES)


def _clear() -> None:
    st.session_state[_TEXT] = ""
    st.session_state.pop(_FILE, None)


def header() -> bool | None:
    """Show whether the first row names the columns; None to find out."""
    chosen = st.segmented_control(
        "First row has the names",
        list(_HEADERS),
        default="Automatic",
        required=True,
        key="numbers header",
        persist_state="session",
    )
    return _HEADERS[chosen]


def read(found: Source, header: bool | None) -> NumbersTable:
    """Read the table, or recall it; DatasetError if it is none."""
    return _read(found.digest, header, found.content)


@st.cache_resource(max_entries=4, show_spinner="Reading the table")
def _read(digest: str, header: bool | None, _content: str | bytes) -> NumbersTable:
    del digest
    return numbers_table.read(_content, header=header)
