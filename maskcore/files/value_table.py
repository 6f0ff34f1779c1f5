"""Tables of values as CSV: text, numbers and gaps, safe to open in a spreadsheet."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from maskcore.files import text_table

Value = str | int | float | None


def write(header: Sequence[str], rows: Iterable[Sequence[Value]]) -> str:
    """Write a table as CSV with commas.

    Args:
        header: Names of the columns.
        rows: The cells of each row. Text that a spreadsheet would run as a formula is guarded,
            names of columns too; numbers are written so that they read back exactly. None and
            what is not finite become empty cells.

    Raises:
        ValueError: If a row has another number of cells than the header.
    """
    table = [[text_table.guard(name) for name in header]]
    for row in rows:
        if len(row) != len(header):
            raise ValueError(f"a row must have {len(header)} cells, got {len(row)}")
        table.append([_cell(value) for value in row])
    return text_table.write_rows(table)


def _cell(value: Value) -> str:
    if isinstance(value, str):
        return text_table.guard(value)
    if value is None or not math.isfinite(value):
        return ""
    return str(value)
