"""Tables of numbers as masked arrays: what is missing or wrong is masked and does not count."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator, Sequence
from dataclasses import astuple, dataclass, fields, replace
from typing import Any

import numpy as np

from maskcore.errors import DatasetError, MaskcoreError
from maskcore.files import text_table
from maskcore.numbers.column import MISSING as MISSING, Column

MAX_CELLS = 20_000_000
"""The most cells that are read."""

MaskedArray = np.ma.MaskedArray[Any, np.dtype[np.float64]]

_Rows = list[tuple[int, list[str]]]

_AT_A_TIME = 20_000  # rows, so that the text of all cells is never in memory at once
_HEAD = 100_000  # characters that tell the separator
_SAMPLE = 20
_NAMED = 3


@dataclass(frozen=True, eq=False)
class NumbersTable:
    """The columns of a table that hold numbers.

    Attributes:
        names: Their names, "column 2" where the table has none.
        values: (rows, columns) float64, masked where there is no value or none that counts. Not
            to be written into: tables share their numbers.
        left_out: Names of the columns that hold no numbers.
        notes: What else was left out or decided while reading, a sentence each.
    """

    names: tuple[str, ...]
    values: MaskedArray
    left_out: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class ColumnStatistics:
    """One column; the values that are not masked. A value that cannot be told is None.

    Attributes:
        name: Of the column.
        count: Values that count.
        masked: Values that do not, being masked.
        mean: None without values, and so are the others; also if it is too large for float64.
        median: Of an even number of values, the mean of the middle two.
        std: Standard deviation of the values themselves (``ddof=0``).
        min: The lowest value.
        max: The highest value.
    """

    name: str
    count: int
    masked: int
    mean: float | None
    median: float | None
    std: float | None
    min: float | None
    max: float | None


def read(source: bytes | str | os.PathLike[str], *, header: bool | None = None) -> NumbersTable:
    """Read the numbers of a table.

    Commas, semicolons or tabs; UTF-8 or UTF-16; decimal points, or decimal commas in a whole
    column. A cell of `MISSING`, or an infinite number, is masked. In a column with more numbers
    than texts, the texts are masked too. Any other column is left out, and so is one with decimal
    commas and points, where a comma may as well separate thousands. Blank rows are skipped.

    Args:
        source: The file's content or path; a str is pasted text.
        header: Whether the first row names the columns; None to find out. It does if it has a
            text above numbers.

    Raises:
        DatasetError: If it is no table, it is too large or no column holds numbers.
    """
    try:
        rows = text_table.read_rows(_tabs_for_semicolons(text_table.read_text(source)))
        first = list(itertools.islice(rows, 1))
        if not first:
            raise DatasetError("There are no rows; choose or paste a table with numbers.")
        width = len(first[0][1])
        columns, notes = _read_columns(rows, width)
    except DatasetError:
        raise
    except MaskcoreError as error:
        raise DatasetError(str(error)) from error
    heads = [Column() for _ in range(width)]
    _add(heads, first)
    if header is None:
        header = any(
            head.n_strangers and column.holds_numbers
            for head, column in zip(heads, columns, strict=True)
        )
    texts = [text_table.unguard(cell.strip()) for cell in first[0][1]] if header else [""] * width
    names = [text or f"column {place}" for place, text in enumerate(texts, start=1)]
    if not header:
        for head, column in zip(heads, columns, strict=True):
            head.append(column)
        columns = heads
    return _table(names, columns, notes)


def _read_columns(
    rows: Iterator[tuple[int, list[str]]], width: int
) -> tuple[list[Column], list[str]]:
    columns: list[Column] = [Column() for _ in range(width)]
    wrong: _Rows = []
    n_wrong = n_cells = 0
    while chunk := list(itertools.islice(rows, _AT_A_TIME)):
        n_cells += len(chunk) * width
        if n_cells > MAX_CELLS:
            raise DatasetError(f"The table has more than {MAX_CELLS:,} cells; split it.")
        good: _Rows = []
        for number, cells in chunk:
            if len(cells) < width or any(map(str.strip, cells[width:])):
                n_wrong += 1
                if n_wrong <= _NAMED:
                    wrong.append((number, cells))
            else:
                good.append((number, cells))
        _add(columns, good)
    notes = [
        f"Row {number} has {len(cells)} cells, the table has {width} columns; it is left out."
        for number, cells in wrong
    ]
    if n_wrong > _NAMED:
        notes.append(f"{n_wrong - _NAMED:,} more rows have another number of cells; left out.")
    return columns, notes


def _add(columns: list[Column], rows: _Rows) -> None:
    numbers = [number for number, _ in rows]
    for place, column in enumerate(columns):
        column.add([cells[place] for _, cells in rows], numbers)


def _table(names: list[str], columns: list[Column], notes: list[str]) -> NumbersTable:
    kept = [
        (name, column) for name, column in zip(names, columns, strict=True) if column.holds_numbers
    ]
    if not kept:
        raise DatasetError("No column holds numbers; choose or paste a table with numbers.")
    for name, column in kept:
        if column.has_comma:
            notes.append(f"In the column “{name:.40}” the comma is the decimal mark.")
        if column.n_strangers:
            row, text = column.first_stranger
            notes.append(
                f"In the column “{name:.40}” {column.n_strangers:,} cells are no numbers, first "
                f"“{text:.20}” in row {row}; they count as missing."
            )
    data = np.stack([np.concatenate(column.chunks) for _, column in kept], axis=1)
    data.flags.writeable = False
    values = np.ma.MaskedArray(data, ~np.isfinite(data), fill_value=np.nan)
    return NumbersTable(
        tuple(name for name, _ in kept),
        values,
        tuple(
            name for name, column in zip(names, columns, strict=True) if not column.holds_numbers
        ),
        tuple(notes),
    )


def _tabs_for_semicolons(text: str) -> str:
    """Make semicolons that split the first rows alike the separator, whatever commas may split."""
    if '"' in text:
        return text
    lines = [line for line in text[:_HEAD].splitlines() if line.strip()]
    lines = lines[:-1][:_SAMPLE] or lines  # the last is perhaps cut off
    widths = {line.count(";") for line in lines}
    alike = len(widths) == 1 and 0 not in widths
    return text.replace(";", "\t") if alike and "\t" not in text else text


def mask_values(
    table: NumbersTable,
    *,
    equal_to: Sequence[float] = (),
    low: float | None = None,
    high: float | None = None,
    columns: Sequence[str] | None = None,
) -> NumbersTable:
    """Mask more values of a table.

    Args:
        table: Not changed.
        equal_to: Values that stand for something else, such as -999 or 0.
        low: Values below are masked.
        high: Values above are masked.
        columns: Names of the columns to look at; all if not given.

    Raises:
        ValueError: If `low` is above `high` or there is no such column.
    """
    if low is not None and high is not None and low > high:
        raise ValueError(f"low must be at most high, got {low} and {high}")
    chosen = table.names if columns is None else columns
    if unknown := set(chosen) - set(table.names):
        raise ValueError(f"columns must be among {table.names}, got {sorted(unknown)}")
    mask = np.ma.getmaskarray(table.values).copy()
    data = table.values.data
    for place, name in enumerate(table.names):
        if name in chosen:
            wrong = np.isin(data[:, place], list(equal_to))
            if low is not None:
                wrong |= data[:, place] < low
            if high is not None:
                wrong |= data[:, place] > high
            mask[:, place] |= wrong
    return replace(table, values=np.ma.MaskedArray(data, mask, fill_value=np.nan))


def statistics(table: NumbersTable) -> list[ColumnStatistics]:
    """Work out the statistics of each column, in order; what is masked is left out."""
    missing = np.ma.getmaskarray(table.values)
    rows = []
    for name, column, masked in zip(table.names, table.values.data.T, missing.T, strict=True):
        values = column[~masked]
        if values.size:
            with np.errstate(over="ignore", invalid="ignore"):
                found = (values.mean(), np.median(values), values.std(), values.min(), values.max())
        else:
            found = (np.nan,) * 5
        told = (float(value) if np.isfinite(value) else None for value in found)
        rows.append(ColumnStatistics(name, values.size, masked.size - values.size, *told))
    return rows


def to_csv(table: NumbersTable, *, fill: float | None = None) -> str:
    """Write the columns as CSV with `fill`, or nothing, in the cells that are masked."""
    values = table.values if fill is None else table.values.filled(fill)
    return text_table.write(table.names, values.tolist())


def statistics_to_csv(rows: Sequence[ColumnStatistics]) -> str:
    """Write statistics as a table with a row for each column; what is None is an empty cell."""
    names = [field.name for field in fields(ColumnStatistics)]
    return text_table.write(names, [astuple(row) for row in rows])
