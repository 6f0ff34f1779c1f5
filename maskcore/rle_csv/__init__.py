"""Tables of run-length codes: rows in, masks and a list of the rows that are wrong out."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from maskcore import checks, rle, rle_text
from maskcore.errors import RLEError
from maskcore.files import text_table
from maskcore.rle import RLE
from maskcore.rle_csv.columns import SAMPLE, Coded, Columns, RowProblem, read_table
from maskcore.rle_text.dialects import DIALECTS, Codec, Role
from maskcore.rle_text.pairs import Pairs

__all__ = ["RleRow", "RleTable", "RowProblem", "detect", "merge", "parse", "read", "write"]

_PENDING = RLEError("not read yet")


@dataclass(frozen=True, slots=True)
class RleRow:
    """One row that describes a mask.

    Attributes:
        number: Row of the table, from 1; a header counts.
        image: Which image it belongs to; "" if the table does not say.
        label: Its class; "" if the table does not say.
        mask: What it shows, perhaps nothing.
    """

    number: int
    image: str
    label: str
    mask: RLE


@dataclass(frozen=True)
class RleTable:
    """What was read. Every row that is not blank is in `rows` or in `problems`.

    Attributes:
        rows: The rows that describe a mask, in the table's order.
        problems: The others, in the table's order.
        dialect: Name of the dialect they were read in.
    """

    rows: list[RleRow]
    problems: list[RowProblem]
    dialect: str


def read(
    source: bytes | str | os.PathLike[str],
    *,
    size_hw: tuple[int, int] | None = None,
    dialect: str | None = None,
    max_pixels: int = checks.MAX_PIXELS,
) -> RleTable:
    """Read a table of run-length codes.

    Header or none; commas, semicolons or tabs; UTF-8 or UTF-16; quoted or not; image and class in
    two columns or in one ("0002cc93b.jpg_1"); or nothing but codes, one a line.

    Args:
        source: The file's content or path; a str is pasted text.
        size_hw: (height, width) of the images, for rows that do not say it themselves. If neither
            does, the size that all images of the dialect have is taken.
        dialect: A name in `rle_text.DIALECTS`; None to detect it.
        max_pixels: Rows of larger images are refused.

    Raises:
        RLEError: If it is no table of codes, or nothing says how large the images are.
    """
    if dialect is not None:
        rle_text.get(dialect)
    table = read_table(source, max_pixels=max_pixels)
    columns, problems = table.columns, table.problems
    chosen = dialect or detect(table.rows, columns, size_hw)
    masks = parse(table.rows, chosen, size_hw or DIALECTS[chosen].size_hw)
    good = []
    code_name = columns.names[columns.places["code"]]
    for row, mask in zip(table.rows, masks, strict=True):
        if isinstance(mask, RLE):
            good.append(RleRow(row.number, row.image, row.label, mask))
        else:
            problems.append(RowProblem(row.number, code_name, str(mask)))
    problems.sort(key=lambda problem: problem.row)
    return RleTable(good, problems, chosen)


def merge(rows: Iterable[RleRow]) -> list[RleRow]:
    """Join the rows of the same image and label into one mask each.

    Raises:
        RLEError: If the rows of an image are not of one size.
    """
    groups: dict[tuple[str, str], list[RleRow]] = defaultdict(list)
    for row in rows:
        groups[row.image, row.label].append(row)
    for (image, _), group in groups.items():
        if len({row.mask.size_hw for row in group}) > 1:
            raise RLEError(f"The rows of the image “{image:.60}” are not of one size.")
    return [
        RleRow(group[0].number, image, label, rle.union(row.mask for row in group))
        for (image, label), group in groups.items()
    ]


def write(rows: Iterable[RleRow], dialect: str, *, with_size: bool = False) -> str:
    """Write masks as a table with the columns of a dialect.

    Args:
        rows: The masks; their numbers are not written.
        dialect: A name in `rle_text.DIALECTS`.
        with_size: Whether to add the columns Height and Width where the dialect has none.

    Raises:
        RLEError: If the dialect has no way to write one of the masks.
    """
    columns = rle_text.get(dialect).columns
    if with_size and not any(role == "height" for _, role in columns):
        columns = (*columns, ("Height", "height"), ("Width", "width"))
    table = [[name for name, _ in columns]]
    for row in rows:
        cells: dict[Role, str] = {
            "image": text_table.guard(row.image),
            "label": text_table.guard(row.label),
            "image_label": text_table.guard(f"{row.image}_{row.label}"),
            "code": rle_text.format(row.mask, dialect),
            "height": str(row.mask.size_hw[0]),
            "width": str(row.mask.size_hw[1]),
        }
        table.append([cells[role] for _, role in columns])
    return text_table.write_rows(table)


def parse(
    rows: Sequence[Coded], dialect: str, size_hw: tuple[int, int] | None
) -> list[RLE | RLEError]:
    """Read the codes of rows, all at once where the dialect allows it.

    Args:
        rows: As `columns.read_table` gives them.
        dialect: A name in `rle_text.DIALECTS`.
        size_hw: (height, width) of the images, for rows that do not say it themselves.

    Returns:
        For each row the mask, or what is wrong with the code.

    Raises:
        RLEError: If a row has no size.
    """
    sizes = []
    for row in rows:
        size = row.size_hw or size_hw
        if size is None:
            raise RLEError("The table does not say how large the images are; give the size.")
        sizes.append(size)
    codec = DIALECTS[dialect].codec
    if not isinstance(codec, Pairs):
        return [
            _parse_or_error(row.text, size, dialect) for row, size in zip(rows, sizes, strict=True)
        ]
    masks: list[RLE | RLEError] = []
    many = []
    for i, (row, size) in enumerate(zip(rows, sizes, strict=True)):
        if rle_text.is_empty(row.text, dialect):
            masks.append(rle.empty(size))
        elif len(row.text) > rle_text.MAX_CHARACTERS:
            masks.append(_parse_or_error(row.text, size, dialect))
        else:
            many.append(i)
            masks.append(_PENDING)
    texts = [rows[i].text for i in many]
    for i, mask in zip(many, codec.parse_many(texts, [sizes[i] for i in many]), strict=True):
        masks[i] = mask
    return masks


def _parse_or_error(text: str, size_hw: tuple[int, int], dialect: str) -> RLE | RLEError:
    try:
        return rle_text.parse(text, size_hw, dialect)
    except RLEError as error:
        return error


def detect(rows: Sequence[Coded], columns: Columns, size_hw: tuple[int, int] | None) -> str:
    """Find the dialect by the names of the columns and by which reading fails least.

    Where the names leave it open and several readings fit, the shorter outlines decide.

    Args:
        rows: As `columns.read_table` gives them; the first ones with a code are looked at.
        columns: Of their table.
        size_hw: (height, width) of the images, for rows that do not say it themselves.

    Returns:
        A name in `rle_text.DIALECTS`.

    Raises:
        RLEError: If neither the columns nor a size tell.
    """
    sample = [row for row in rows if row.text][:SAMPLE]
    header = {name.lower() for name in columns.names}
    named = [
        dialect
        for dialect in DIALECTS.values()
        if {name.lower() for name, _ in dialect.columns} <= header
        or (dialect.name == "severstal" and "imageid_classid" in header)
    ]
    most = max((len(dialect.columns) for dialect in named), default=0)
    named = [dialect for dialect in named if len(dialect.columns) == most]
    unsized = size_hw is None and any(row.size_hw is None for row in rows)
    others = [] if unsized else [dialect for dialect in DIALECTS.values() if dialect not in named]
    best: dict[Codec, tuple[tuple[bool, int, bool, int], str]] = {}
    for place, dialect in enumerate([*named, *others]):
        if dialect.codec in best:
            continue
        good = [
            mask
            for row in sample
            if (size := row.size_hw or size_hw or dialect.size_hw)
            and isinstance(mask := _parse_or_error(row.text, size, dialect.name), RLE)
        ]
        failed = len(sample) - len(good)
        trusted = place < len(named)
        if trusted and not failed:
            return dialect.name
        # What the columns say outweighs some bad rows: a start of 0 is then a fault.
        doubtful = not trusted or 4 * failed > 3 * len(sample)
        outline = 0 if trusted else sum(map(rle_text.outline_length, good[:8]))
        best[dialect.codec] = (doubtful, failed, not trusted, outline), dialect.name
    if not best:
        raise RLEError("The table does not say how large the images are; give the size.")
    return min(best.values(), key=lambda found: found[0])[1]
