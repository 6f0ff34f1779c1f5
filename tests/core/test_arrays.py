from __future__ import annotations

import numpy as np
import pytest

from maskcore import arrays

TYPES = ["?", "u1", "u2", "i4", ">u2", "i8", "f8", "c16"]


def numbers(dtype: str) -> np.ndarray:
    return np.arange(1, 13).reshape(3, 4).astype(dtype)


@pytest.mark.parametrize("dtype", TYPES)
def test_what_is_column_major_becomes_row_major(dtype: str) -> None:
    columns = np.asfortranarray(numbers(dtype))
    rows = arrays.row_major(columns)
    assert arrays.is_column_major(columns)
    assert rows.flags.c_contiguous
    assert rows.dtype == columns.dtype
    assert rows.tolist() == columns.tolist()


@pytest.mark.parametrize("part", [np.s_[1:, :3], np.s_[::-1], np.s_[:, ::-1], np.s_[:, 1:2]])
@pytest.mark.parametrize("dtype", TYPES)
def test_a_part_of_what_is_column_major_as_well(dtype: str, part) -> None:
    columns = np.asfortranarray(numbers(dtype))[part]
    rows = arrays.row_major(columns)
    assert rows.flags.c_contiguous
    assert rows.tolist() == numbers(dtype)[part].tolist()


@pytest.mark.parametrize("part", [np.s_[:], np.s_[1:, :3], np.s_[::-1], np.s_[:, ::-1]])
def test_what_is_row_major_is_not_copied(part) -> None:
    rows = numbers("u1")[part]
    assert not arrays.is_column_major(rows)
    assert arrays.row_major(rows) is rows


@pytest.mark.parametrize("shape", [(0, 0), (0, 4), (3, 0)])
def test_nothing_stays_nothing(shape: tuple[int, int]) -> None:
    assert arrays.row_major(np.zeros(shape[::-1], np.bool_).T).shape == shape
