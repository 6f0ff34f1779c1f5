from __future__ import annotations

import csv
import io
import math

import pytest

from maskcore.files import value_table


def test_text_numbers_and_gaps_become_cells() -> None:
    text = value_table.write(["name", "n", "mean"], [["a, b", 3, 0.1], ["c", 0, None]])
    assert text == 'name,n,mean\n"a, b",3,0.1\nc,0,\n'


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\rx"])
def test_text_that_a_spreadsheet_would_run_is_guarded(text: str) -> None:
    written = value_table.write([text], [[text]])
    header, row = csv.reader(io.StringIO(written, newline=""))
    assert header == row == [f"'{text}"]


def test_negative_numbers_are_no_formulas() -> None:
    assert value_table.write(["x", "y"], [[-1, -0.5]]) == "x,y\n-1,-0.5\n"


def test_numbers_read_back_exactly() -> None:
    numbers = [1 / 3, 1e-300, 123456789.123456789, 2**53]
    cells = value_table.write([*"abcd"], [numbers]).splitlines()[1].split(",")
    assert [float(cell) for cell in cells] == numbers


def test_what_is_not_finite_is_a_gap() -> None:
    assert value_table.write([*"abc"], [[math.nan, math.inf, -math.inf]]) == "a,b,c\n,,\n"


def test_no_rows_leave_the_header() -> None:
    assert value_table.write(["a", "b"], []) == "a,b\n"


def test_a_row_has_a_cell_for_each_column() -> None:
    with pytest.raises(ValueError, match="must have 2 cells, got 1"):
        value_table.write(["a", "b"], [["x"]])
