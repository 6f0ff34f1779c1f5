"""One column of a table as it is read: which cells are numbers, which missing, which neither."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from maskcore.files import text_table

MISSING = frozenset({"", "-", "--", "na", "n/a", "#n/a", "nan", "null", "none"})
"""What stands in a cell without a value, in small letters; capital ones count alike."""


@dataclass
class Column:
    """What is known of a column while its cells are read, a chunk of rows at a time.

    Attributes:
        chunks: The numbers of the cells, NaN where there is none.
        n_numbers: Cells with a number, perhaps an infinite one.
        n_strangers: Cells with anything else that is not in `MISSING`.
        first_stranger: The row and the text of the first of those.
        has_comma: Whether a number has a decimal comma.
        has_point: Whether one has a decimal point.
    """

    chunks: list[NDArray[np.float64]] = field(default_factory=list)
    n_numbers: int = 0
    n_strangers: int = 0
    first_stranger: tuple[int, str] = (0, "")
    has_comma: bool = False
    has_point: bool = False

    def add(self, cells: Sequence[str], row_numbers: Sequence[int]) -> None:
        """Read the cells of so many rows more."""
        values = _plain_numbers(cells)
        if values is None:
            read = [self._read(*cell) for cell in zip(cells, row_numbers, strict=True)]
            values = np.array(read, np.float64)
        else:
            self.has_point = self.has_point or any("." in cell for cell in cells)
        self.n_numbers += int(np.count_nonzero(~np.isnan(values)))
        self.chunks.append(values)

    def append(self, other: Column) -> None:
        """Put the cells of another column behind these."""
        if not self.n_strangers:
            self.first_stranger = other.first_stranger
        self.chunks += other.chunks
        self.n_numbers += other.n_numbers
        self.n_strangers += other.n_strangers
        self.has_comma = self.has_comma or other.has_comma
        self.has_point = self.has_point or other.has_point

    @property
    def holds_numbers(self) -> bool:
        """Whether most cells are numbers, with one and the same decimal mark."""
        return self.n_numbers > self.n_strangers and not (self.has_comma and self.has_point)

    def _read(self, cell: str, row_number: int) -> float:
        text = text_table.unguard(cell.strip())
        if text.lower() in MISSING:
            return np.nan
        values = None
        if text.count(",") <= 1 and not {",", "."} <= set(text):
            values = _plain_numbers([text.replace(",", ".")])
        if values is None:
            self.n_strangers += 1
            if self.n_strangers == 1:
                self.first_stranger = row_number, text
            return np.nan
        self.has_comma = self.has_comma or "," in text
        self.has_point = self.has_point or "." in text
        return float(values[0])


def _plain_numbers(cells: Sequence[str]) -> NDArray[np.float64] | None:
    """The numbers of cells that hold nothing else, many at once; None if they do."""
    joined = "".join(cells)
    if not joined.isascii() or "_" in joined:  # `float` takes other digits and underscores
        return None
    try:
        return np.array(list(map(float, cells)), np.float64)
    except ValueError:
        return None
