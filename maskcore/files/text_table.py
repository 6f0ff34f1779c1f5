"""Tables as text: which encoding, separator and cells pasted ones have, and CSV of values."""

from __future__ import annotations

import codecs
import csv
import io
import itertools
import math
import os
import re
import threading
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from maskcore.errors import MaskcoreError

MAX_BYTES = 100_000_000
"""The largest table that is read."""
MAX_ROWS = 2_000_000
"""The most rows that are read."""

MAX_COLUMNS = 1_000
"""Separators after this many in a row are left in its last cell."""

Value = str | int | float | None
"""What a cell can hold."""

_ROWS_AT_ONCE = 100
_SEPARATORS = "\t,;"
_NO_SEPARATOR = "\x1f"  # no keyboard has it
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\0")

_csv_limit_lock = threading.Lock()


def read_text(source: bytes | str | os.PathLike[str]) -> str:
    """Return the text of a file, given as content or path, or of pasted rows, given as a str.

    UTF-16 is known by its byte order mark; everything else must be UTF-8.

    Raises:
        MaskcoreError: If it is too large, missing, binary or in another encoding.
    """
    if isinstance(source, os.PathLike):
        source = _content(Path(source))
    if len(source) > MAX_BYTES:
        raise _too_large()
    text = source.removeprefix("\ufeff") if isinstance(source, str) else _decoded(source)
    if "\0" in text:
        raise MaskcoreError("This is not a text file; choose the CSV file with the rows.")
    return text


def _content(path: Path) -> bytes:
    try:
        if path.stat().st_size > MAX_BYTES:
            raise _too_large()
        return path.read_bytes()
    except OSError as error:
        raise MaskcoreError(f"{path.name} cannot be read: {error.strerror}.") from error


def _too_large() -> MaskcoreError:
    return MaskcoreError(
        f"The table is larger than {MAX_BYTES // 1_000_000} MB; split it into smaller files."
    )


def _decoded(content: bytes) -> str:
    utf_16 = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    try:
        return content.decode("utf-16" if utf_16 else "utf-8-sig")
    except UnicodeDecodeError as error:
        if b"\0" in content[:4096]:
            raise MaskcoreError(
                "This is not a text file; choose the CSV file with the rows."
            ) from error
        raise MaskcoreError(
            "The text is in an encoding that is not known; save the table as CSV in UTF-8."
        ) from error


def read_rows(text: str) -> Iterator[tuple[int, list[str]]]:
    """Yield the number, from 1, and the cells of each row that is not blank.

    The separator is a tab, a comma or a semicolon: the first of them that splits the first rows
    alike. Quoted cells may hold separators and line breaks. A row with an unclosed quote takes in
    the rest of the text.

    Raises:
        MaskcoreError: If there are too many rows.
    """
    separator = _separator(text)
    rows: Iterator[list[str]]
    if '"' in text:
        rows = _quoted_rows(io.StringIO(text, newline=""), separator or _NO_SEPARATOR)
    else:
        # Many times as fast as the csv module on cells of thousands of characters.
        rows = (line.split(separator, MAX_COLUMNS) if separator else [line] for line in lines(text))
    for number, cells in enumerate(rows, start=1):
        if any(map(str.strip, cells)):
            if number > MAX_ROWS:
                raise _too_many()
            yield number, cells


def _quoted_rows(lines: Iterable[str], separator: str) -> Iterator[list[str]]:
    """Yield the rows as the csv module splits them, with cells of any length."""
    reader = csv.reader(lines, delimiter=separator)
    while True:
        # The length that a cell may have is one of the process, so it is ours for a moment only.
        with _csv_limit_lock:
            limit = csv.field_size_limit(MAX_BYTES)
            try:
                rows = list(itertools.islice(reader, _ROWS_AT_ONCE))
            finally:
                csv.field_size_limit(limit)
        if not rows:
            return
        yield from rows


def lines(text: str) -> list[str]:
    """Split a text at its line ends, of whatever system.

    Raises:
        MaskcoreError: If there are too many.
    """
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    found = text.split("\n", MAX_ROWS + 1)
    if len(found) > MAX_ROWS + 1:
        raise _too_many()
    return found


def _too_many() -> MaskcoreError:
    return MaskcoreError(f"The table has more than {MAX_ROWS:,} rows; split it.")


def _separator(text: str) -> str | None:
    head = text[:200_000]
    lines = [line for line in head.splitlines() if line.strip()][:20]
    if len(head) < len(text) and len(lines) > 1:
        lines.pop()  # probably cut off
    for separator in _SEPARATORS:
        widths = {len(cells) for cells in _quoted_rows(lines, separator)}
        if widths and min(widths) > 1 and len(widths) == 1:
            return separator
    first = lines[0] if lines else ""
    return next((separator for separator in _SEPARATORS if separator in first), None)


def write_rows(rows: Sequence[Sequence[str]]) -> str:
    """Write cells as CSV with commas; quotes only where they are needed."""
    return "".join(",".join(map(_quoted, cells)) + "\n" for cells in rows)


def _quoted(cell: str) -> str:
    # The csv module leaves a lone "\r" bare, and would read it back as the end of the row.
    return '"' + cell.replace('"', '""') + '"' if re.search('[",\r\n]', cell) else cell


def write(header: Sequence[str], rows: Iterable[Sequence[Value]]) -> str:
    """Write a table of values as CSV with commas, safe to open in a spreadsheet.

    Args:
        header: Names of the columns.
        rows: The cells of each row. Text that a spreadsheet would run as a formula is guarded,
            names of columns too; numbers are written so that they read back exactly. None and
            what is not finite become empty cells.

    Raises:
        ValueError: If a row has another number of cells than the header.
    """
    table = [[guard(name) for name in header]]
    for row in rows:
        if len(row) != len(header):
            raise ValueError(f"a row must have {len(header)} cells, got {len(row)}")
        table.append([_cell(value) for value in row])
    return write_rows(table)


def _cell(value: Value) -> str:
    if isinstance(value, str):
        return guard(value)
    if value is None or not math.isfinite(value):
        return ""
    return str(value)


def guard(cell: str) -> str:
    """Keep a spreadsheet from running a cell as a formula (OWASP, "CSV injection")."""
    return f"'{cell}" if cell.lstrip("'").startswith(_FORMULA) else cell


def unguard(cell: str) -> str:
    """Undo `guard`."""
    return cell[1:] if cell[:1] == "'" and cell.lstrip("'").startswith(_FORMULA) else cell
