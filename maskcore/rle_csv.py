"""Tables of run-length codes: rows in, masks and a list of the rows that are wrong out."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from maskcore import checks, rle, rle_text, text_table
from maskcore.errors import MaskcoreError, RLEError
from maskcore.rle import RLE
from maskcore.rle_dialects import DIALECTS, Codec, Role
from maskcore.rle_pairs import Pairs

_SAMPLE = 24
"""Rows that are looked at to find the dialect."""
_PENDING = RLEError("not read yet")

_KNOWN_NAMES: dict[str, Role] = {
    **{name.lower(): role for dialect in DIALECTS.values() for name, role in dialect.columns},
    "imageid_classid": "image_label",
    "filename": "image",
    "file_name": "image",
    "image_name": "image",
    "image_id": "image",
    "class_id": "label",
    "class_name": "label",
    "category": "label",
    "rle_code": "code",
    "encoded_pixel": "code",
}
_FILE_AND_LABEL = re.compile(r"(.+\.[A-Za-z]{2,4})_(.+)", re.DOTALL)


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


@dataclass(frozen=True, slots=True)
class Problem:
    """One row that cannot be used.

    Attributes:
        row: Row of the table, from 1; a header counts.
        column: Name of the column, or its place ("column 3") if there is no header.
        reason: What is wrong, one sentence.
    """

    row: int
    column: str
    reason: str


@dataclass(frozen=True)
class RleTable:
    """What was read. Every row that is not blank is in `rows` or in `problems`.

    Attributes:
        rows: The rows that describe a mask, in the table's order.
        problems: The others, in the table's order.
        dialect: Name of the dialect they were read in.
    """

    rows: list[RleRow]
    problems: list[Problem]
    dialect: str


@dataclass(frozen=True)
class _Columns:
    names: list[str]
    places: dict[Role, int]


class _Coded(NamedTuple):
    number: int
    image: str
    label: str
    text: str
    size_hw: tuple[int, int] | None


def read(
    source: bytes | str | Path,
    *,
    size_hw: tuple[int, int] | None = None,
    dialect: str | None = None,
    max_pixels: int = checks.MAX_PIXELS,
) -> RleTable:
    """Read a table of run-length codes.

    Header or none; commas, semicolons or tabs; UTF-8 or UTF-16; quoted or not; image and class in
    two columns or in one ("0002cc93b.jpg_1"); or nothing but codes, one a line.

    Args:
        source: The file's content or path, or pasted text.
        size_hw: (height, width) of the images, for rows that do not say it themselves. If neither
            does, the size that all images of the dialect have is taken.
        dialect: A name in `rle_text.DIALECTS`; None to detect it.
        max_pixels: Rows of larger images are refused.

    Raises:
        RLEError: If it is no table of codes, or nothing says how large the images are.
    """
    if dialect is not None:
        rle_text.get(dialect)
    try:
        text = text_table.read_text(source)
        rows = _bare_codes(text) or list(text_table.read_rows(text))
    except MaskcoreError as error:
        raise RLEError(str(error)) from error
    columns, rows = _find_columns(rows) if rows else (_Columns([], {}), [])
    if not rows:
        raise RLEError("There are no rows; paste or choose a table with run-length codes.")
    problems: list[Problem] = []
    coded = _coded_rows(rows, columns, max_pixels, problems)
    chosen = dialect or _detect(coded, columns, size_hw)
    masks = _parse(coded, chosen, size_hw or DIALECTS[chosen].size_hw)
    good = []
    code_name = columns.names[columns.places["code"]]
    for row, mask in zip(coded, masks, strict=True):
        if isinstance(mask, RLE):
            good.append(RleRow(row.number, row.image, row.label, mask))
        else:
            problems.append(Problem(row.number, code_name, str(mask)))
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


def write(rows: Iterable[RleRow], dialect: str) -> str:
    """Write masks as a table with the columns of a dialect.

    Raises:
        RLEError: If the dialect has no way to write one of the masks.
    """
    columns = rle_text.get(dialect).columns
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


def _bare_codes(text: str) -> list[tuple[int, list[str]]]:
    """The rows of a text that is nothing but codes which separators would tear apart."""
    start = text.lstrip()[:1]
    if start and start in "{[<":
        lines = [
            (number, [line.strip().removesuffix(",")])
            for number, line in enumerate(text_table.lines(text), start=1)
            if line.strip()
        ]
        # One code may also stand on several lines.
        whole = start != "<" and not lines[0][1][0].endswith(("}", "]"))
        return [(lines[0][0], [text])] if whole else lines
    # The alphabet of COCO's compressed text has a semicolon, but neither blank nor full stop.
    if re.fullmatch(r"[0-o]{8,}\s*", text[:1000]):
        return [(1, [text])]
    return []


def _find_columns(
    rows: list[tuple[int, list[str]]],
) -> tuple[_Columns, list[tuple[int, list[str]]]]:
    """Find out which column holds what, from the header or from the cells."""
    names = [cell.strip() for cell in rows[0][1]]
    places: dict[Role, int] = {}
    for place, name in enumerate(names):
        role = _KNOWN_NAMES.get(name.lower())
        if role is not None:
            places.setdefault(role, place)
    sample = rows[1 : 1 + _SAMPLE]
    if "code" not in places and places and sample:
        places["code"] = _code_place(sample, len(names), taken=set(places.values()))
    if places:
        return _Columns(names, places), rows[1:]
    if len(names) > 1 and sample and not any(map(_looks_like_code, names)):
        shown = ", ".join(f"{name:.20}" for name in names[:6])
        raise RLEError(
            f"None of the columns {shown} is known to hold run-length codes; name it EncodedPixels."
        )
    width = len(names)
    code = _code_place(rows[:_SAMPLE], width, taken=set())
    if width > 1 and not any(
        _looks_like_code(cells[code]) for _, cells in rows[:_SAMPLE] if len(cells) > code
    ):
        raise RLEError("No column holds run-length codes; paste rows such as “a.jpg,1,29102 12”.")
    others = [place for place in range(width) if place != code]
    roles: tuple[Role, ...] = ("image", "label")
    places = {**dict(zip(roles, others, strict=False)), "code": code}
    return _Columns([f"column {place + 1}" for place in range(width)], places), rows


def _code_place(sample: Sequence[tuple[int, list[str]]], width: int, taken: set[int]) -> int:
    """The column whose cells look most like codes; in doubt the last."""
    free = [place for place in range(width) if place not in taken] or [width - 1]
    votes = {
        place: sum(len(cells) > place and _looks_like_code(cells[place]) for _, cells in sample)
        for place in free
    }
    return max(free, key=lambda place: (votes[place], place))


def _looks_like_code(cell: str) -> bool:
    cell = cell.strip()
    return bool(re.match(r"[0-9]+[ ,]+[0-9]|[{\[<]", cell)) or len(cell) > 200


def _coded_rows(
    rows: list[tuple[int, list[str]]],
    columns: _Columns,
    max_pixels: int,
    problems: list[Problem],
) -> list[_Coded]:
    """Take the rows apart; those that cannot be go to the problems."""
    width, places = len(columns.names), columns.places
    image_at = places.get("image", places.get("image_label"))
    label_at, code_at = places.get("label"), places["code"]
    sized = {"height", "width"} <= places.keys()
    split = _splits(rows, columns)
    size = None
    coded = []
    for number, cells in rows:
        if len(cells) != width:
            reason = f"The row has {len(cells)} cells, the table has {width} columns."
            problems.append(Problem(number, columns.names[code_at], reason))
            continue
        if sized:
            try:
                size = _size(cells[places["height"]], cells[places["width"]], max_pixels)
            except RLEError as error:
                problems.append(Problem(number, columns.names[places["height"]], str(error)))
                continue
        image = "" if image_at is None else text_table.unguard(cells[image_at].strip())
        label = "" if label_at is None else text_table.unguard(cells[label_at].strip())
        if split and "_" in image:
            image, _, label = image.rpartition("_")
        coded.append(_Coded(number, image, label, cells[code_at].strip(), size))
    return coded


def _splits(rows: list[tuple[int, list[str]]], columns: _Columns) -> bool:
    """Whether image and label stand in one cell."""
    if "image_label" in columns.places:
        return True
    if "label" in columns.places or "image" not in columns.places:
        return False
    place = columns.places["image"]
    sample = [cells[place].strip() for _, cells in rows[:_SAMPLE] if len(cells) > place]
    return bool(sample) and all(map(_FILE_AND_LABEL.fullmatch, sample))


def _size(height_text: str, width_text: str, max_pixels: int) -> tuple[int, int]:
    texts = height_text.strip(), width_text.strip()
    if not all(re.fullmatch("[0-9]{1,9}", text) for text in texts):
        shown = " × ".join(f"“{text:.20}”" for text in reversed(texts))
        raise RLEError(f"The size {shown} is not made of whole numbers.")
    height, width = map(int, texts)
    if height < 1 or width < 1 or height * width > max_pixels:
        raise RLEError(f"An image of {width:,} × {height:,} pixels is too small or too large.")
    return height, width


def _parse(
    rows: list[_Coded], dialect: str, size_hw: tuple[int, int] | None
) -> list[RLE | RLEError]:
    """Read the codes; a row without any size is an error that ends it all."""
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


def _detect(rows: list[_Coded], columns: _Columns, size_hw: tuple[int, int] | None) -> str:
    """Find the dialect by the names of the columns and by which reading fails least.

    Where the names leave it open and several readings fit, the shorter outlines decide.
    """
    sample = [row for row in rows if row.text][:_SAMPLE]
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
    others = [] if unsized else [it for it in DIALECTS.values() if it not in named]
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
