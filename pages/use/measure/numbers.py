"""Tables of numbers on the page: what is masked, the statistics with it and without, the files."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import streamlit as st

from maskcore import numbers
from maskcore.numbers import ColumnStatistics, NumbersTable
from pages.shared import downloads, errors, markdown
from pages.shared.table_input import TableContent
from pages.use.measure import numbers_source, rules as measure_rules
from pages.use.measure.rules import Rule

_MOST_ROWS, _MOST_CELLS = 500, 10_000
_MARK = "background-color: #e69f0066"
_SHOWN = {
    "count": "Values",
    "mean": "Mean",
    "median": "Median",
    "std": "Std",
    "min": "Min",
    "max": "Max",
}


def show() -> None:
    """Show a table, the rules for what is masked in it, and what comes of it."""
    st.markdown("Missing and wrong values are masked, so that they do not count.")
    table_slot, rules_slot = st.columns(2, gap="large")
    with table_slot:
        source = numbers_source.source()
    if source is None:
        with rules_slot:
            st.info("Paste or upload a table, or try the example.", icon=":material/table:")
        return
    with errors.shown():
        with rules_slot:
            header = numbers_source.header()
            table = numbers_source.read(source, header)
            rules = measure_rules.chosen(table)
        masked = _masked(source.digest, header, repr(rules), table, rules)
        _statistics(source, header, rules, table, masked)
        _cells(table, masked)
        fill = _files(source, header, rules, masked)
        downloads.same_in_python(_python(source, header, rules, fill))


@st.cache_resource(max_entries=4, show_spinner=False)
def _masked(
    digest: str, header: bool | None, said: str, _table: NumbersTable, _rules: Sequence[Rule]
) -> NumbersTable:
    del digest, header, said
    for rule in _rules:
        _table = rule.mask(_table)
    return _table


@st.cache_resource(max_entries=8, show_spinner=False)
def _measured(
    digest: str, header: bool | None, said: str, _table: NumbersTable
) -> list[ColumnStatistics]:
    del digest, header, said
    return numbers.statistics(_table)


def _statistics(
    source: TableContent,
    header: bool | None,
    rules: Sequence[Rule],
    table: NumbersTable,
    masked: NumbersTable,
) -> None:
    """Show the statistics of each column, of all its values and of those that are not masked."""
    every = _measured(source.digest, header, "", table)
    unmasked = _measured(source.digest, header, repr(rules), masked)
    st.subheader("Statistics")
    columns = [("", "Column"), *((title, kind) for title in _SHOWN.values() for kind in _KINDS)]
    rows = [
        [before.name, *(getattr(column, value) for value in _SHOWN for column in (before, after))]
        for before, after in zip(every, unmasked, strict=True)
    ]
    frame = pd.DataFrame(rows, columns=pd.MultiIndex.from_tuples(columns))
    st.dataframe(
        frame,
        hide_index=True,
        height=min(73 + 35 * len(rows), 353),
        placeholder="–",
        alt="Statistics of all values, and of those that are not masked",
    )
    if table.left_out:
        names = markdown.plain(", ".join(table.left_out))
        st.caption(f":material/info: Without numbers, so left out: {names}")
    for note in table.notes:
        st.caption(f":material/info: {markdown.plain(note)}")


_KINDS = ("all", "unmasked")


def _cells(table: NumbersTable, masked: NumbersTable) -> None:
    """Show the table with its masked cells marked."""
    mask = np.ma.getmaskarray(masked.values)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.subheader("Table", width="stretch")
        only = st.toggle(
            "Only rows with masked cells", key="numbers only masked", persist_state="session"
        )
    rows = np.flatnonzero(mask.any(axis=1)) if only else np.arange(len(mask))
    n_columns = min(mask.shape[1], 200)
    shown = rows[: min(_MOST_ROWS, max(1, _MOST_CELLS // n_columns))]
    # Two columns may have one name, so that they are told apart by their places.
    places = [str(place) for place in range(n_columns)]
    frame = pd.DataFrame(table.values.data[shown, :n_columns], shown + 1, places)
    marks = np.where(mask[shown, :n_columns], _MARK, "")
    number = st.column_config.NumberColumn
    st.dataframe(
        frame.style.format("{:.10g}", na_rep="–").apply(lambda _: marks, axis=None),
        height=min(38 + 35 * max(1, len(shown)), 353),
        column_config={
            "_index": number("Row", width=60),
            **{place: number(name) for place, name in zip(places, table.names, strict=False)},
        },
        placeholder="–",
        alt="The table, with masked cells marked",
    )
    of = "" if len(shown) == len(rows) else f" The first {len(shown):,} of {len(rows):,} rows."
    st.caption(f"{mask.sum():,} of {mask.size:,} values are masked; they are marked.{of}")


def _files(
    source: TableContent, header: bool | None, rules: Sequence[Rule], masked: NumbersTable
) -> float | None:
    """Offer the table, filled, and the statistics; return what is filled in."""
    stem = source.name.rpartition(".")[0] or "numbers"
    digest = f"{source.digest}{header}{rules}"
    with st.container(horizontal=True, vertical_alignment="bottom"):
        fill = st.number_input(
            "Fill masked cells with",
            value=None,
            placeholder="nothing",
            format="%g",
            key="numbers fill",
            persist_state="session",
            width=220,
        )
        downloads.file(
            "Table as CSV",
            f"{stem}_filled.csv",
            lambda: numbers.to_csv(masked, fill=fill).encode(),
            f"{digest}{fill}",
            key="download numbers",
        )
        downloads.file(
            "Statistics as CSV",
            f"{stem}_statistics.csv",
            lambda: numbers.statistics_to_csv(numbers.statistics(masked)).encode(),
            digest,
            key="download numbers statistics",
        )
    return fill


def _python(
    source: TableContent, header: bool | None, rules: Sequence[Rule], fill: float | None
) -> str:
    calls = "".join(f"{rule.python()}\n" for rule in rules)
    return f"""\
from pathlib import Path

from maskcore import numbers

table = masked = numbers.read(Path({source.name or "numbers.csv"!r}), header={header})
{calls}statistics = numbers.statistics(masked)
Path("statistics.csv").write_text(numbers.statistics_to_csv(statistics), "utf-8")
Path("filled.csv").write_text(numbers.to_csv(masked, fill={fill}), "utf-8")
"""
