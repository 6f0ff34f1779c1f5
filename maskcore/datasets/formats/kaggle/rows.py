"""What the rows of tables say of one image: run-length codes to masks."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from maskcore import rle, rle_csv, rle_text
from maskcore.datasets.dataset import Annotation, Contents, PictureFile, Problem
from maskcore.datasets.sizes import header_size
from maskcore.errors import RLEError
from maskcore.files.values import NO_LABEL, check_size
from maskcore.rle import RLE
from maskcore.rle_csv import columns as rle_columns
from maskcore.rle_csv.columns import Coded
from maskcore.rle_text.dialects import DIALECTS
from maskcore.types import Instance

NO_SIZE = "Nothing says how large the image is; put it beside the table, or add Height and Width."


@dataclass(frozen=True, slots=True)
class RowsOfTable:
    """The rows of one table about one image.

    Attributes:
        table: Name of the table.
        dialect: A name in `rle_text.DIALECTS`.
        rows: Those rows.
    """

    table: str
    dialect: str
    rows: list[Coded]


@dataclass(frozen=True, slots=True)
class KaggleLoader:
    """Reads the codes of one image.

    Attributes:
        sample: Name of the sample.
        picture: The image, to measure it where no row says how large it is.
        parts: The rows about it.
    """

    sample: str
    picture: PictureFile | None
    parts: list[RowsOfTable]

    def __call__(self) -> Contents:
        """Read them."""
        annotations: list[Annotation] = []
        problems: list[Problem] = []
        sizes = (row.size_hw for part in self.parts for row in part.rows if row.size_hw)
        stated = next(sizes, None)
        measured = None if stated else header_size(self.picture)
        for part in self.parts:
            size_hw = stated or measured or DIALECTS[part.dialect].size_hw
            coded = [row for row in part.rows if not is_blank(row, part.dialect)]
            faults = [fault(row, size_hw) for row in coded]
            fit = [row for row, reason in zip(coded, faults, strict=True) if not reason]
            masks = iter(rle_csv.parse(fit, part.dialect, size_hw))
            read = []
            for row, reason in zip(coded, faults, strict=True):
                mask = RLEError(reason) if reason else next(masks)
                if isinstance(mask, RLE):
                    read.append((row, mask))
                else:
                    problems.append(Problem(where(part.table, row), str(mask), self.sample))
            annotations += _annotations(part, read)
        if stated is None and measured is None:
            stated = DIALECTS[self.parts[0].dialect].size_hw
        return Contents(annotations, problems, stated)


def fault(row: Coded, size_hw: tuple[int, int] | None) -> str:
    """Say why a code cannot be read at a size; "" if it can."""
    if size_hw is None:
        return NO_SIZE
    if row.size_hw and row.size_hw != size_hw:
        ours, theirs = (f"{width:,} × {height:,}" for height, width in (row.size_hw, size_hw))
        return f"It says that the image has {ours} pixels, a row before it says {theirs}."
    try:
        check_size(size_hw)
    except RLEError as error:
        return str(error)
    return ""


def is_blank(row: Coded, dialect: str) -> bool:
    """Whether a row says that there is no mask."""
    return not row.text or rle_text.is_empty(row.text, dialect)


def _annotations(part: RowsOfTable, masks: Sequence[tuple[Coded, RLE]]) -> Iterator[Annotation]:
    groups: dict[str, list[tuple[Coded, RLE]]] = defaultdict(list)
    for row, mask in masks:
        key = row.label if DIALECTS[part.dialect].one_mask else str(row.number)
        groups[key].append((row, mask))
    for group in groups.values():
        row = group[0][0]
        mask = group[0][1] if len(group) == 1 else rle.union(mask for _, mask in group)
        yield Annotation(Instance(mask, row.label or NO_LABEL), where(part.table, row))


def where(table: str, row: Coded | rle_columns.RowProblem) -> str:
    """Name a row of a table."""
    return f"{table}, row {row.number if isinstance(row, Coded) else row.row}"
