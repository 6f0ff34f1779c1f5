from __future__ import annotations

import csv
import io
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, strategies as st

from maskcore import measure, numbers
from maskcore.errors import DatasetError

NUMBERS = st.one_of(
    st.none(),
    st.integers(-1000, 1000).map(float),
    st.floats(-1e9, 1e9, allow_nan=False),
)


def read(text: str, **options: bool) -> numbers.NumbersTable:
    return numbers.read(text, **options)


def rows(text: str, **options: bool) -> list[list[float | None]]:
    return read(text, **options).values.tolist()


# Reading


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_columns_of_numbers_have_names_and_gaps(separator: str) -> None:
    table = read("a,b\n1,2.5\n-3,\n.5,1e3\n".replace(",", separator))
    assert table.names == ("a", "b")
    assert table.values.dtype == np.float64
    assert table.values.tolist() == [[1, 2.5], [-3, None], [0.5, 1000]]
    assert (table.left_out, table.notes) == ((), ())


@pytest.mark.parametrize("gap", ["", " ", "-", "NA", "n/a", "#N/A", "NaN", "nan", "NULL", "None"])
def test_what_stands_for_a_gap_is_missing(gap: str) -> None:
    assert rows(f"a,b\n1,{gap}\n{gap},2\n") == [[1, None], [None, 2]]


@pytest.mark.parametrize("cell", ["inf", "-Infinity", "1e999"])
def test_what_is_infinite_is_masked(cell: str) -> None:
    assert rows(f"a,b\n1,2\n{cell},3\n") == [[1, 2], [None, 3]]


def test_a_column_of_text_is_named_and_left_out() -> None:
    table = read("name,size,when\nx,1,2024-01-01\ny,2,2024-01-02\n")
    assert table.names == ("size",)
    assert table.left_out == ("name", "when")


def test_a_few_texts_in_a_column_of_numbers_are_masked_and_said() -> None:
    table = read("a,b\n1,5\n2,broken\n3,7\n4,8 kg\n5,9\n")
    assert table.values[:, 1].tolist() == [5, None, 7, None, 9]
    assert table.notes == (
        "In the column “b” 2 cells are no numbers, first “broken” in row 3; they count as missing.",
    )


def test_a_column_of_as_many_texts_as_numbers_is_left_out() -> None:
    assert read("a,b\n1,5\n2,x\n").left_out == ("b",)


@pytest.mark.parametrize("cell", ["1_000", "٣", "0x10", "1 000", "5%", "1,2,3", "+-1", "1e"])
def test_only_plain_numbers_are_numbers(cell: str) -> None:
    assert rows(f"a;b\n1;2\n{cell};3\n4;5\n") == [[1, 2], [None, 3], [4, 5]]


def test_numbers_that_were_guarded_against_spreadsheets_are_numbers() -> None:
    assert rows("a,b\n'-1,'+2\n") == [[-1, 2]]


@pytest.mark.parametrize("head", ["a;b\n", ""])
def test_decimal_commas_are_read_and_said(head: str) -> None:
    table = read(f"{head}1,5;2\n-0,25;3\n7;NA\n")
    assert table.values.tolist() == [[1.5, 2], [-0.25, 3], [7, None]]
    name = "a" if head else "column 1"
    assert table.notes == (f"In the column “{name}” the comma is the decimal mark.",)


def test_decimal_commas_in_quotes_are_read() -> None:
    assert rows('a,b\n"1,5",2\n"2,5",3\n') == [[1.5, 2], [2.5, 3]]


@pytest.mark.parametrize("cells", [["1,5", "2.5"], ["1,234", "1.5"]])
def test_a_column_with_commas_and_points_is_left_out(cells: list[str]) -> None:
    table = read("a;b\n" + "".join(f"{cell};1\n" for cell in cells))
    assert (table.names, table.left_out) == (("b",), ("a",))


def test_thousands_are_not_guessed() -> None:
    assert rows("a;b\n1.234,56;1\n2;2\n3;3\n") == [[None, 1], [2, 2], [3, 3]]


def test_a_table_without_a_header_keeps_its_first_row() -> None:
    table = read("1,x,NA\n3,y,4\n")
    assert table.names == ("column 1", "column 3")
    assert table.left_out == ("column 2",)
    assert table.values.tolist() == [[1, None], [3, 4]]


def test_whether_there_is_a_header_can_be_said() -> None:
    text = "2019,2020\n1,2\n"
    assert rows(text) == [[2019, 2020], [1, 2]]
    assert read(text, header=True).names == ("2019", "2020")
    assert rows(text, header=True) == [[1, 2]]
    assert rows("a,1\n2,3\n4,5\n", header=False) == [[None, 1], [2, 3], [4, 5]]


def test_a_header_without_a_name_gets_one() -> None:
    assert read(",a\n0,1\n1,2\n").names == ("column 1", "a")


def test_rows_of_another_length_are_left_out_and_said() -> None:
    table = read("a,b\n1,2\n3\n4,5,6\n7,8\n9,10, ,\n", header=True)
    assert table.values.tolist() == [[1, 2], [7, 8], [9, 10]]
    assert table.notes == (
        "Row 3 has 1 cells, the table has 2 columns; it is left out.",
        "Row 4 has 3 cells, the table has 2 columns; it is left out.",
    )
    assert read("a,b\n" + "1,2\n" * 9 + "3\n" * 5).notes[3:] == (
        "2 more rows have another number of cells; left out.",
    )


def test_files_and_bytes_are_read(tmp_path: Path) -> None:
    content = "größe;b\n1,5;2\n".encode("utf-16")
    path = tmp_path / "table.csv"
    path.write_bytes(content)
    for source in (content, path):
        table = numbers.read(source)
        assert table.names == ("größe", "b")
        assert table.values.tolist() == [[1.5, 2]]


def test_one_number_is_a_table() -> None:
    assert rows("5") == [[5]]
    assert rows("x\n1,5\n2,5\n") == [[1.5], [2.5]]


def test_many_rows_are_read_in_their_order() -> None:
    text = "i,half\n" + "".join(f"{i},{i / 2}\n" for i in range(50_001))
    values = read(text).values
    assert np.array_equal(values[:, 0], np.arange(50_001))
    assert np.array_equal(values[:, 1], np.arange(50_001) / 2)


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("", "There are no rows"),
        (" \n\n", "There are no rows"),
        ("a,b\n", "No column holds numbers"),
        ("a,b\nx,y\n", "No column holds numbers"),
        ("a\n-\nNA\n", "No column holds numbers"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "not a text file"),
        ("größe\n1".encode("latin-1"), "save the table as CSV in UTF-8"),
        (Path("absent.csv"), r"absent\.csv cannot be read"),
    ],
)
def test_what_holds_no_numbers_is_refused(source, reason: str) -> None:
    with pytest.raises(DatasetError, match=reason):
        numbers.read(source)


def test_a_table_of_too_many_cells_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(numbers, "MAX_CELLS", 10)
    with pytest.raises(DatasetError, match="more than 10 cells; split it"):
        read("a,b\n" + "1,2\n" * 6)


@given(st.lists(st.tuples(NUMBERS, NUMBERS), min_size=1, max_size=30))
def test_what_is_written_reads_back(values: list[tuple[float | None, float | None]]) -> None:
    data = np.array([[np.nan if value is None else value for value in row] for row in values])
    table = numbers.NumbersTable(("a", "b"), np.ma.masked_invalid(data))
    kept = [row for row in values if row != (None, None)]  # a blank row is no row
    if all(any(row[i] is not None for row in kept) for i in (0, 1)):
        again = numbers.read(numbers.to_csv(table).encode())
        assert again.values.tolist() == [list(row) for row in kept]


# Masking


def table_of(*columns: list[float]) -> numbers.NumbersTable:
    data = np.array(columns, np.float64).T
    names = tuple("abcdef"[: len(columns)])
    return numbers.NumbersTable(names, np.ma.masked_invalid(data))


def test_values_that_are_equal_or_out_of_range_are_masked() -> None:
    table = table_of([1, -999, 3, 0, math.nan], [5, 6, 7, 8, 9])
    masked = numbers.mask_values(table, equal_to=[-999, 0], high=7)
    assert masked.values.T.tolist() == [[1, None, 3, None, None], [5, 6, 7, None, None]]
    masked = numbers.mask_values(table, low=3, columns=["a"])
    assert masked.values.T.tolist() == [[None, None, 3, None, None], [5, 6, 7, 8, 9]]


def test_the_ends_of_the_range_count() -> None:
    masked = numbers.mask_values(table_of([1, 2, 3, 4]), low=2, high=3)
    assert masked.values.T.tolist() == [[None, 2, 3, None]]


def test_what_is_masked_stays_masked_and_the_table_is_not_changed() -> None:
    table = read("a,b\n1,NA\n9,2\n")
    once = numbers.mask_values(table, equal_to=[9])
    twice = numbers.mask_values(once, high=1)
    assert twice.values.tolist() == [[1, None], [None, None]]
    assert once.values.tolist() == [[1, None], [None, 2]]
    assert table.values.tolist() == [[1, None], [9, 2]]
    assert (twice.names, twice.left_out, twice.notes) == (table.names, (), ())


def test_no_rule_masks_nothing() -> None:
    table = table_of([1, 2])
    assert numbers.mask_values(table).values.tolist() == table.values.tolist()


def test_a_rule_that_makes_no_sense_is_refused() -> None:
    with pytest.raises(ValueError, match="low must be at most high, got 2 and 1"):
        numbers.mask_values(table_of([1]), low=2, high=1)
    with pytest.raises(ValueError, match=r"columns must be among \('a',\), got \['z'\]"):
        numbers.mask_values(table_of([1]), columns=["z"])


# Statistics


def test_statistics_leave_out_what_is_masked() -> None:
    table = table_of([1, 2, 3, -999])
    (before,) = numbers.statistics(table)
    assert (before.count, before.masked, before.mean, before.min) == (4, 0, -248.25, -999)
    (after,) = numbers.statistics(numbers.mask_values(table, equal_to=[-999]))
    assert (after.name, after.count, after.masked) == ("a", 3, 1)
    assert (after.mean, after.median, after.min, after.max) == (2, 2, 1, 3)
    assert after.std == pytest.approx(math.sqrt(2 / 3))


@given(st.lists(st.tuples(NUMBERS, NUMBERS), min_size=1, max_size=30))
def test_statistics_are_those_of_masked_arrays(values: list[tuple[float | None, ...]]) -> None:
    data = np.array([[np.nan if value is None else value for value in row] for row in values])
    table = table_of(*data.T.tolist())
    for i, found in enumerate(numbers.statistics(table)):
        column = np.ma.masked_invalid(data[:, i])
        assert (found.count, found.masked) == (column.count(), data.shape[0] - column.count())
        if found.count:
            assert found.mean == pytest.approx(column.mean(), abs=1e-6)
            assert found.std == pytest.approx(column.std(), abs=1e-6)
            assert found.median == pytest.approx(np.ma.median(column))
            assert (found.min, found.max) == (column.min(), column.max())
        else:
            assert found.mean is found.median is found.std is found.min is found.max is None


def test_what_is_too_large_for_a_float_cannot_be_told() -> None:
    (found,) = numbers.statistics(table_of([1.7e308, 1.7e308, 1]))
    assert (found.mean, found.std, found.median, found.max) == (None, None, 1.7e308, 1.7e308)


# As text


def test_masked_cells_are_written_empty_or_filled() -> None:
    table = read("a,=b\n1,NA\n2.5,4\n")
    assert numbers.to_csv(table) == "a,'=b\n1.0,\n2.5,4.0\n"
    assert numbers.to_csv(table, fill=-1) == "a,'=b\n1.0,-1.0\n2.5,4.0\n"


def test_statistics_are_written_a_row_for_each_column() -> None:
    text = numbers.statistics_to_csv(numbers.statistics(table_of([1, 3], [math.nan, math.nan])))
    first, second = csv.DictReader(io.StringIO(text))
    assert (first["name"], first["count"], first["mean"], first["std"]) == ("a", "2", "2.0", "1.0")
    assert (second["name"], second["masked"], second["mean"]) == ("b", "2", "")


def test_a_table_can_be_shown_as_masked_arrays_are() -> None:
    assert measure.array_text(read("a,b\n1,NA\n2.5,4\n").values) == "[[1.0 --]\n [2.5 4.0]]"
