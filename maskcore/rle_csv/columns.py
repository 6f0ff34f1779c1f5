"""The columns of a table of run-length codes: which holds what, and the rows taken apart."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from maskcore import checks
from maskcore.errors import MaskcoreError, RLEError
from maskcore.files import text_table
from maskcore.files.values import size_of
from maskcore.rle_text.dialects import DIALECTS, Role

SAMPLE = 24
"""Rows that are looked at to find out about a table."""

KNOWN_NAMES: dict[str, Role] = {
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
"""Names of columns, in lower case, and what the columns hold."""

_FILE_AND_LABEL = re.compile(r"(.+\.[A-Za-z]{2,4})_(.+)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class RowProblem:
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
class Columns:
    """Names of the columns, and the place of each role that is known."""

    names: list[str]
    places: dict[Role, int]


class Coded(NamedTuple):
    """One row taken apart; the size is None if the table does not say it."""

    number: int
    image: str
    label: str
    text: str
    size_hw: tuple[int, int] | None


@dataclass(frozen=True)
class Table:
    """A table taken apart; its codes are still text.

    Attributes:
        columns: What it has.
        rows: The rows that could be taken apart, in the table's order.
        problems: The others.
    """

    columns: Columns
    rows: list[Coded]
    problems: list[RowProblem]


def read_table(
    source: bytes | str | os.PathLike[str], *, max_pixels: int = checks.MAX_PIXELS
) -> Table:
    """Take a table of run-length codes apart, without a look into the codes.

    Args:
        source: The file's content or path; a str is pasted text.
        max_pixels: Rows of larger images are problems.

    Raises:
        RLEError: If it is no table of codes.
    """
    try:
        text = text_table.read_text(source)
        rows = bare_codes(text) or list(text_table.read_rows(text))
    except MaskcoreError as error:
        raise RLEError(str(error)) from error
    columns, rows = find(rows) if rows else (Columns([], {}), [])
    if not rows:
        raise RLEError("There are no rows; paste or choose a table with run-length codes.")
    problems: list[RowProblem] = []
    return Table(columns, take_apart(rows, columns, max_pixels, problems), problems)


def bare_codes(text: str) -> list[tuple[int, list[str]]]:
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


def find(
    rows: list[tuple[int, list[str]]],
) -> tuple[Columns, list[tuple[int, list[str]]]]:
    """Find out which column holds what, from the header or from the cells."""
    names = [cell.strip() for cell in rows[0][1]]
    places: dict[Role, int] = {}
    for place, name in enumerate(names):
        role = KNOWN_NAMES.get(name.lower())
        if role is not None:
            places.setdefault(role, place)
    sample = rows[1 : 1 + SAMPLE]
    if "code" not in places and places and sample:
        places["code"] = _code_place(sample, len(names), taken=set(places.values()))
    if places:
        return Columns(names, places), rows[1:]
    if len(names) > 1 and sample and not any(map(_looks_like_code, names)):
        shown = ", ".join(f"{name:.20}" for name in names[:6])
        raise RLEError(
            f"None of the columns {shown} is known to hold run-length codes; name it EncodedPixels."
        )
    width = len(names)
    code = _code_place(rows[:SAMPLE], width, taken=set())
    if width > 1 and not any(
        _looks_like_code(cells[code]) for _, cells in rows[:SAMPLE] if len(cells) > code
    ):
        raise RLEError("No column holds run-length codes; paste rows such as “a.jpg,1,29102 12”.")
    others = [place for place in range(width) if place != code]
    roles: tuple[Role, ...] = ("image", "label")
    places = {**dict(zip(roles, others, strict=False)), "code": code}
    return Columns([f"column {place + 1}" for place in range(width)], places), rows


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


def take_apart(
    rows: list[tuple[int, list[str]]],
    columns: Columns,
    max_pixels: int,
    problems: list[RowProblem],
) -> list[Coded]:
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
            problems.append(RowProblem(number, columns.names[code_at], reason))
            continue
        if sized:
            try:
                height, width_cell = cells[places["height"]], cells[places["width"]]
                size = size_of(height, width_cell, max_pixels=max_pixels)
            except RLEError as error:
                problems.append(RowProblem(number, columns.names[places["height"]], str(error)))
                continue
        image = "" if image_at is None else text_table.unguard(cells[image_at].strip())
        label = "" if label_at is None else text_table.unguard(cells[label_at].strip())
        if split and "_" in image:
            image, _, label = image.rpartition("_")
        coded.append(Coded(number, image, label, cells[code_at].strip(), size))
    return coded


def _splits(rows: list[tuple[int, list[str]]], columns: Columns) -> bool:
    """Whether image and label stand in one cell."""
    if "image_label" in columns.places:
        return True
    if "label" in columns.places or "image" not in columns.places:
        return False
    place = columns.places["image"]
    sample = [cells[place].strip() for _, cells in rows[:SAMPLE] if len(cells) > place]
    return bool(sample) and all(map(_FILE_AND_LABEL.fullmatch, sample))
