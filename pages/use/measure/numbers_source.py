"""Where a table of numbers comes from: pasted, uploaded or an example."""

from __future__ import annotations

import streamlit as st

from maskcore import numbers
from maskcore.numbers import NumbersTable
from pages.shared import choices
from pages.shared.table_input import TableContent, TableInput
from pages.use.measure import rules

_TABLE = TableInput(
    "numbers",
    "Table",
    "length,width\n12.5,3\n-999,4",
    "CSV with commas, semicolons or tabs, up to 100 MB",
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
    rules.EVERY: ("-999", None, None),
    "temperature": ("", -40.0, 45.0),
    "humidity": ("", 0.0, 100.0),
}


def source() -> TableContent | None:
    """Show where the table comes from; return what is there."""
    return _TABLE.show(
        lambda: st.button(
            "Example", key="example numbers", on_click=_paste_example, icon=":material/school:"
        )
    )


def _paste_example() -> None:
    _TABLE.paste(_EXAMPLE)
    st.session_state["numbers header"] = "Automatic"
    rules.preset(numbers.read(_EXAMPLE).names, _EXAMPLE_RULES)


def header() -> bool | None:
    """Show whether the first row names the columns; None to find out."""
    chosen = choices.one_of(
        "First row has the names", list(_HEADERS), default="Automatic", key="numbers header"
    )
    return _HEADERS[chosen]


def read(found: TableContent, header: bool | None) -> NumbersTable:
    """Read the table, or recall it; DatasetError if it is none."""
    return _read(found.digest, header, found.content)


@st.cache_resource(max_entries=4, show_spinner="Reading the table")
def _read(digest: str, header: bool | None, _content: str | bytes) -> NumbersTable:
    del digest
    return numbers.read(_content, header=header)
