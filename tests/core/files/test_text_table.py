from __future__ import annotations

import codecs
import csv
import io
import math
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given, settings, strategies as st

from maskcore.errors import MaskcoreError
from maskcore.files import text_table

few = settings(deadline=None, max_examples=100)

CELLS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=8)


def rows(text: str) -> list[tuple[int, list[str]]]:
    return list(text_table.read_rows(text))


# Which encoding


@pytest.mark.parametrize(
    "content",
    [
        "naïve,1".encode(),
        "naïve,1".encode("utf-8-sig"),
        codecs.BOM_UTF16_LE + "naïve,1".encode("utf-16-le"),
        codecs.BOM_UTF16_BE + "naïve,1".encode("utf-16-be"),
        "naïve,1",
        "\ufeffnaïve,1",
    ],
)
def test_utf_8_and_utf_16_are_read_with_and_without_a_mark(content: bytes | str):
    assert text_table.read_text(content) == "naïve,1"


def test_a_file_is_read_by_its_path(tmp_path: Path):
    path = tmp_path / "masks.csv"
    path.write_bytes(b"a,b\r\n1,2\r\n")
    assert text_table.read_text(path) == "a,b\r\n1,2\r\n"


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("façade".encode("latin-1"), "save the table as CSV in UTF-8"),
        ("маска".encode("cp1251"), "save the table as CSV in UTF-8"),
        ("a,b".encode("utf-16-le"), "not a text file"),
        (codecs.BOM_UTF16_LE + b"a", "save the table|not a text file"),
        (b"a,b\0", "not a text file"),
        ("a,b\0", "not a text file"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "not a text file"),
        (b"\x89PNG without a zero", "save the table as CSV in UTF-8"),
    ],
)
def test_other_encodings_and_binary_files_are_refused(content: bytes | str, reason: str):
    with pytest.raises(MaskcoreError, match=reason):
        text_table.read_text(content)


def test_a_missing_file_is_named(tmp_path: Path):
    with pytest.raises(MaskcoreError, match=r"masks\.csv cannot be read: No such file"):
        text_table.read_text(tmp_path / "masks.csv")


def test_a_table_that_is_too_large_is_refused_before_it_is_read(tmp_path: Path):
    path = tmp_path / "masks.csv"
    with path.open("wb") as file:
        file.truncate(text_table.MAX_BYTES + 1)
    with pytest.raises(MaskcoreError, match="larger than 100 MB; split it"):
        text_table.read_text(path)
    with pytest.raises(MaskcoreError, match="larger than 100 MB; split it"):
        text_table.read_text(b"1" * (text_table.MAX_BYTES + 1))


# Which separator, which cells


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_separators_and_line_ends_of_every_system(separator: str, end: str):
    text = end.join(separator.join(cells) for cells in (["a", "b"], ["1 2", ""], ["", "3"]))
    assert rows(text + end) == [(1, ["a", "b"]), (2, ["1 2", ""]), (3, ["", "3"])]


def test_the_separator_is_the_one_that_splits_the_first_rows_alike():
    assert rows("a;b\n1,5;2\n1;2,5,5\n") == [
        (1, ["a", "b"]),
        (2, ["1,5", "2"]),
        (3, ["1", "2,5,5"]),
    ]
    assert rows("a\tb,c\n1\t2\n") == [(1, ["a", "b,c"]), (2, ["1", "2"])]


def test_one_odd_row_does_not_change_the_separator():
    assert rows("a,b\n1,2,3\n4,5\n") == [(1, ["a", "b"]), (2, ["1", "2", "3"]), (3, ["4", "5"])]


def test_without_a_separator_a_line_is_a_cell():
    assert rows("1 3 10 5\n2 2\n") == [(1, ["1 3 10 5"]), (2, ["2 2"])]


def test_blank_rows_are_left_out_and_counted():
    assert rows("\n\na,b\n , \n\n1,2\n\n") == [(3, ["a", "b"]), (6, ["1", "2"])]
    assert rows("") == []


@pytest.mark.parametrize(
    ("text", "cells"),
    [
        ('a,b\n"x,y",1\n', [["a", "b"], ["x,y", "1"]]),
        ('a,b\n"x\ny",1\n', [["a", "b"], ["x\ny", "1"]]),
        ('a,b\r\n"x\r\ny",1\r\n', [["a", "b"], ["x\r\ny", "1"]]),
        ('a,b\n"x""y",1\n', [["a", "b"], ['x"y', "1"]]),
        ('a,b\nx"y,1\n', [["a", "b"], ['x"y', "1"]]),
        ('"a"\n"1 2"\n', [["a"], ["1 2"]]),
        ('"a"\n"1\n2"\n', [["a"], ["1\n2"]]),
        ('"a b"', [["a b"]]),
        ('a,b\n"x,1\n2,3\n', [["a", "b"], ["x,1\n2,3\n"]]),
    ],
)
def test_quoted_cells_hold_anything(text: str, cells: list[list[str]]):
    assert [row for _, row in rows(text)] == cells


def test_cells_longer_than_the_csv_modules_limit_are_read():
    csv.field_size_limit(131_072)
    long = "1 1 " * 50_000
    assert rows(f"a;b\nx;{long}\n") == [(1, ["a", "b"]), (2, ["x", long])]
    csv.field_size_limit(131_072)
    assert rows(f'"a"\n"{long}"\n') == [(1, ["a"]), (2, [long])]


def test_the_limit_of_the_process_stays_as_it_is(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(text_table, "_ROWS_AT_ONCE", 1)
    csv.field_size_limit(1_000)
    long = "1 1 " * 50_000
    for row in text_table.read_rows(f'"a"\n"{long}"\n'):
        assert row in ((1, ["a"]), (2, [long]))
        assert csv.field_size_limit() == 1_000
    csv.field_size_limit(131_072)


def test_tables_that_are_read_at_the_same_time_leave_the_limit_alone():
    csv.field_size_limit(1_000)
    text = f'"{"1 1 " * 50_000}"\n' * 20
    with ThreadPoolExecutor(8) as pool:
        n_rows = [len(read) for read in pool.map(rows, [text] * 40)]
    assert n_rows == [20] * 40
    assert csv.field_size_limit() == 1_000
    csv.field_size_limit(131_072)


def test_a_row_with_too_many_cells_keeps_the_rest_in_its_last():
    (_, wide), (_, other) = rows("x" + ",x" * 5000 + "\na,b")
    assert len(wide) == text_table.MAX_COLUMNS + 1
    assert wide[-1].count("x") == 5001 - text_table.MAX_COLUMNS
    assert other == ["a", "b"]


def test_more_rows_than_are_read_are_refused(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(text_table, "MAX_ROWS", 3)
    assert len(rows("a,b\n1,2\n3,4\n")) == 3
    assert len(rows('a,b\n1,"2"\n3,4\n')) == 3
    for text in ("a,b\n1,2\n3,4\n5,6\n", 'a,b\n1,"2"\n3,4\n5,6\n', "\n\n\n\n"):
        with pytest.raises(MaskcoreError, match="more than 3 rows; split it"):
            rows(text)


# Writing


@few
@given(st.lists(st.tuples(CELLS, CELLS, CELLS), min_size=1, max_size=6))
def test_written_rows_are_what_the_csv_module_reads(table: list[tuple[str, ...]]):
    text = text_table.write_rows(table)
    read = csv.reader(io.StringIO(text, newline=""))
    assert [tuple(cells) for cells in read] == table


@few
@given(st.lists(st.tuples(CELLS, CELLS), min_size=1, max_size=6))
def test_written_rows_come_back(table: list[tuple[str, ...]]):
    text = text_table.write_rows([("name", "code"), *table])
    expected = [
        (number, list(cells))
        for number, cells in enumerate(table, start=2)
        if any(cell.strip() for cell in cells)
    ]
    assert rows(text)[1:] == expected


def test_quotes_stand_only_where_they_are_needed():
    table = [["a", "1 2"], ["b,c", 'd"e'], ["f\ng", "h\ri"], ["", ""]]
    assert text_table.write_rows(table) == 'a,1 2\n"b,c","d""e"\n"f\ng","h\ri"\n,\n'


# Formulas


@pytest.mark.parametrize("cell", ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\rx", "\0x"])
def test_a_cell_that_would_be_a_formula_gets_an_apostrophe(cell: str):
    assert text_table.guard(cell) == f"'{cell}"


@pytest.mark.parametrize("cell", ["", "a", "1=1", "'a", "0002cc93b.jpg", "'"])
def test_other_cells_stay_as_they_are(cell: str):
    assert text_table.guard(cell) == cell
    assert text_table.unguard(cell) == cell


@few
@given(st.text(st.sampled_from("'=+-@\t\ra1"), max_size=5) | CELLS)
def test_a_guard_is_never_a_formula_and_can_be_undone(cell: str):
    guarded = text_table.guard(cell)
    assert not guarded.startswith(("=", "+", "-", "@", "\t", "\r", "\0"))
    assert text_table.unguard(guarded) == cell


# Values


def test_text_numbers_and_gaps_become_cells() -> None:
    text = text_table.write(["name", "n", "mean"], [["a, b", 3, 0.1], ["c", 0, None]])
    assert text == 'name,n,mean\n"a, b",3,0.1\nc,0,\n'


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\rx"])
def test_text_that_a_spreadsheet_would_run_is_guarded(text: str) -> None:
    written = text_table.write([text], [[text]])
    header, row = csv.reader(io.StringIO(written, newline=""))
    assert header == row == [f"'{text}"]


def test_negative_numbers_are_no_formulas() -> None:
    assert text_table.write(["x", "y"], [[-1, -0.5]]) == "x,y\n-1,-0.5\n"


def test_numbers_read_back_exactly() -> None:
    numbers = [1 / 3, 1e-300, 123456789.123456789, 2**53]
    cells = text_table.write([*"abcd"], [numbers]).splitlines()[1].split(",")
    assert [float(cell) for cell in cells] == numbers


def test_what_is_not_finite_is_a_gap() -> None:
    assert text_table.write([*"abc"], [[math.nan, math.inf, -math.inf]]) == "a,b,c\n,,\n"


def test_no_rows_leave_the_header() -> None:
    assert text_table.write(["a", "b"], []) == "a,b\n"


def test_a_row_has_a_cell_for_each_column() -> None:
    with pytest.raises(ValueError, match="must have 2 cells, got 1"):
        text_table.write(["a", "b"], [["x"]])
