"""Which values of a table do not count: rules, one for each column and one for all."""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd
import streamlit as st

from maskcore import numbers
from maskcore.errors import DatasetError
from maskcore.numbers import NumbersTable

EVERY = ""
"""Stands for all columns where there are names of columns; none is empty."""

_SAVED, _GENERATION = "number rules", "number rule sets"
_COLUMN, _EQUAL, _BELOW, _ABOVE = "Column", "Equal to", "Below", "Above"
_MOST_COLUMNS = 500

Cells = tuple[str, float | None, float | None]
"""Values as text, the lowest and the highest that count."""


@dataclass(frozen=True)
class Rule:
    """What does not count.

    Attributes:
        column: Its name; None for all.
        equal_to: Values that stand for something else.
        low: Values below do not count.
        high: Values above do not count.
    """

    column: str | None
    equal_to: tuple[float, ...]
    low: float | None
    high: float | None

    def mask(self, table: NumbersTable) -> NumbersTable:
        """Mask the values of a table that do not count."""
        columns = None if self.column is None else [self.column]
        return numbers.mask_values(
            table, equal_to=self.equal_to, low=self.low, high=self.high, columns=columns
        )

    def python(self) -> str:
        """Write that as code."""
        said = {
            "equal_to": list(self.equal_to) or None,
            "low": self.low,
            "high": self.high,
            "columns": None if self.column is None else [self.column],
        }
        options = ", ".join(
            f"{name}={value!r}" for name, value in said.items() if value is not None
        )
        return f"masked = numbers.mask_values(masked, {options})"


def preset(names: Sequence[str], rules: Mapping[str, Cells]) -> None:
    """Fill in the rules for the table with these columns."""
    st.session_state.setdefault(_SAVED, {})[_identity(names)] = dict(rules)
    st.session_state[_GENERATION] = st.session_state.get(_GENERATION, 0) + 1


def chosen(table: NumbersTable) -> list[Rule]:
    """Show the rules to fill in; return those that say something, DatasetError if one is wrong."""
    names = [EVERY, *dict.fromkeys(table.names)][: _MOST_COLUMNS + 1]
    identity = _identity(table.names)
    saved = st.session_state.setdefault(_SAVED, {})
    key = f"rules {identity} {st.session_state.get(_GENERATION, 0)}"
    start = f"{key} start"
    # What the editor starts from must stay the same while it is shown; it is gone with the page.
    if key not in st.session_state:
        st.session_state[start] = _frame(names, saved.get(identity, {}))
    st.caption("Missing cells are masked; say here what else is.")
    edited = st.data_editor(
        st.session_state[start],
        key=key,
        hide_index=True,
        disabled=[_COLUMN],
        height=min(38 + 35 * len(names), 318),
        column_config={
            _EQUAL: st.column_config.TextColumn(help="One value, or several with spaces between"),
            _BELOW: st.column_config.NumberColumn(help="Lower values are masked"),
            _ABOVE: st.column_config.NumberColumn(help="Higher values are masked"),
        },
        placeholder="",
        alt="Which values are masked",
    )
    cells = {
        name: ((equal or "").strip(), _number(low), _number(high))
        for name, (_, equal, low, high) in zip(names, edited.itertuples(index=False), strict=True)
    }
    saved[identity] = {name: cell for name, cell in cells.items() if cell != ("", None, None)}
    return [_rule(name, *cells) for name, cells in saved[identity].items()]


def _identity(names: Sequence[str]) -> str:
    return hashlib.sha256(repr(tuple(names)).encode()).hexdigest()[:12]


def _frame(names: Sequence[str], rules: Mapping[str, Cells]) -> pd.DataFrame:
    rows = [(name or "all columns", *rules.get(name, ("", None, None))) for name in names]
    frame = pd.DataFrame(rows, columns=[_COLUMN, _EQUAL, _BELOW, _ABOVE])
    return frame.astype({_EQUAL: object, _BELOW: float, _ABOVE: float})


def _number(value: float | None) -> float | None:
    return None if value is None or not math.isfinite(value) else float(value)


def _rule(name: str, equal: str, low: float | None, high: float | None) -> Rule:
    try:
        values = tuple(float(part) for part in re.split(r",?[\s;]+", equal) if part)
    except ValueError as error:
        raise DatasetError(
            f"“{equal:.40}” is not a number; write several with spaces between, and decimals "
            "with a point."
        ) from error
    if low is not None and high is not None and low > high:
        raise DatasetError(
            f"“Below” must not be more than “Above”, but {low:g} is more than {high:g}."
        )
    return Rule(name or None, values, low, high)
