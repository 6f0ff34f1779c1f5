"""The rows of run-length codes of a table: read, chosen by image, shown, listed."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np
import streamlit as st

from maskcore import image_io, rle, rle_csv, rle_text
from maskcore.rle import RLE
from maskcore.rle_csv import RleRow, RleTable, RowProblem
from maskcore.rle_text import DIALECTS, Candidate
from maskcore.types import Instance
from maskcore.wording import counted
from pages.make.rle.source import use_dialect
from pages.shared import caches, markdown, view, workspace
from pages.shared.colors import of_place
from pages.shared.pictures import Picture
from pages.shared.table_input import TableContent

_MOST_APART = 1000  # masks of one image that are drawn and kept one by one


@dataclass(frozen=True)
class ImageRows:
    """The rows of one image.

    Attributes:
        rows: Those that describe a mask, joined if the person wants that.
        problems: The table's rows that cannot be used.
        picture: The open image of that name, else the current one, else a black one; always of the
            masks' size.
        image: The name that the table uses; "" if it has none.
        joined: Whether the rows of a class were joined.
    """

    rows: list[RleRow]
    problems: list[RowProblem]
    picture: Picture
    image: str
    joined: bool


@caches.resource(max_entries=6, show_spinner="Reading the rows")
def read(source: TableContent, size_hw: tuple[int, int] | None, dialect: str | None) -> RleTable:
    """Read the table, or recall it; RLEError if it is none."""
    return rle_csv.read(source.content, size_hw=size_hw, dialect=dialect)


@caches.resource(max_entries=32)
def candidates(mask: RLE, dialect: str) -> list[Candidate]:
    """Return the ways to read a code that the dialect reads as this mask."""
    return rle_text.detect(rle_text.format(mask, dialect), mask.size_hw)


def choose(table: RleTable) -> ImageRows | None:
    """Let the person choose the image of the table; None if no row can be used."""
    if not table.rows:
        return None
    by_image: dict[str, list[RleRow]] = {}
    for row in table.rows:
        by_image.setdefault(row.image, []).append(row)
    picture = workspace.current()
    name = next(iter(by_image))
    if len(by_image) > 1:
        names = list(by_image)
        matching = [name for name in names if picture and name in (picture.name, picture.stem)]
        filled = (name for name in names if any(rle.area(row.mask) for row in by_image[name]))
        default = matching[0] if matching else next(filled, names[0])
        name = st.selectbox(
            f"Image in the table ({len(names):,})", names, index=names.index(default)
        )
    rows = by_image[name]
    size_hw = rows[0].mask.size_hw
    rows = [row for row in rows if row.mask.size_hw == size_hw]
    named = [other for other in workspace.pictures() if name in (other.name, other.stem)]
    if named and named[0].size_hw == size_hw:
        picture = named[0]
    elif picture is None or picture.size_hw != size_hw:
        picture = _black(name, size_hw)
    elif name:
        st.caption(
            f":material/info: The rows are of {markdown.plain(name)}; "
            f"they are drawn on the open image, {markdown.plain(picture.name)}."
        )
    joined = _join(rows, table.dialect)
    shown = rle_csv.merge(rows) if joined else rows
    return ImageRows(shown, table.problems, picture, name, joined)


def _join(rows: list[RleRow], dialect: str) -> bool:
    """Ask whether to join the rows of a class, if there are such."""
    if len({row.label for row in rows}) == len(rows):
        return False
    many = len(rows) > _MOST_APART
    return st.toggle(
        "One mask for each class",
        value=many or DIALECTS[dialect].one_mask,
        disabled=many,
        key=f"join {dialect} {many}",
        help=f"Always so for an image of more than {_MOST_APART:,} rows" if many else None,
    )


@caches.resource(max_entries=8)
def _black(name: str, size_hw: tuple[int, int]) -> Picture:
    content = image_io.encode_png(np.zeros(size_hw, np.uint8))
    stem = name.rpartition(".")[0] or name or "masks"
    return Picture(hashlib.sha256(content).hexdigest(), f"{stem}.png", content, size_hw)


def instances(rows: list[RleRow]) -> list[Instance]:
    """Return the masks that hold something, named by their class."""
    return [Instance(row.mask, row.label or "mask") for row in rows if rle.area(row.mask)]


def colors(rows: list[RleRow]) -> list[str] | None:
    """Return one color a row where the table has no classes; None: by class."""
    if any(row.label for row in rows):
        return None
    count = sum(rle.area(row.mask) > 0 for row in rows)
    return [of_place(i) for i in range(count)]


def python(
    source: TableContent, image_rows: ImageRows, table: RleTable, size_hw: tuple[int, int] | None
) -> str:
    """Write the maskcore calls that reproduce what is shown."""
    rows = f"[row for row in table.rows if row.image == {image_rows.image!r}]"
    if image_rows.joined:
        rows = f"rle_csv.merge({rows})"
    coloring = ""
    if colors(image_rows.rows) is not None:
        coloring = (
            ", colors=[overlay.PALETTE[i % len(overlay.PALETTE)] for i in range(len(instances))]"
        )
    return f"""\
from pathlib import Path

from maskcore import image_io, overlay, rle, rle_csv
from maskcore.types import Instance

image = image_io.read_image(Path({image_rows.picture.name!r}))
table = rle_csv.read({_literal(source)}, size_hw={size_hw}, dialect={table.dialect!r})
rows = {rows}
instances = [Instance(row.mask, row.label or "mask") for row in rows if rle.area(row.mask)]
drawn = overlay.draw(image, instances{coloring})
image_io.write_image(Path("overlay.png"), drawn)
"""


def _literal(source: TableContent) -> str:
    """Pasted rows themselves while they are short, else the file they are in."""
    text = source.content
    if isinstance(text, bytes):
        return f"Path({source.name!r})"
    short = len(text) <= 2000 and not {'"', "\\"} & set(text)
    return f'"""{text.strip()}"""' if short else 'Path("rows.csv")'


def show_candidates(rows: list[RleRow], dialect: str) -> None:
    """Show the ways to read a row as small pictures to choose from, the likeliest first."""
    row = next((row for row in rows if rle.area(row.mask)), None)
    if row is None:
        return
    found = candidates(row.mask, dialect)
    if len(found) < 2:
        return
    by_outline = found[0].mask == row.mask
    reason = found[0].reason if by_outline else "The names of the columns say so."
    st.markdown(f"**Read as {DIALECTS[dialect].title}.** {reason} Not right? Choose:")
    with st.container(horizontal=True, gap="medium"):
        for candidate in found:
            with st.container(width=300):
                st.image(
                    view.mask_thumbnail(candidate.mask),
                    width="stretch",
                    alt=f"The first mask read as {DIALECTS[candidate.dialect].title}",
                )
                st.button(
                    DIALECTS[candidate.dialect].how,
                    key=f"use {candidate.dialect}",
                    help=candidate.reason,
                    on_click=use_dialect,
                    args=(candidate.dialect,),
                    width="stretch",
                )


def listed(rows: list[RleRow], problems: list[RowProblem]) -> list[int]:
    """List rows and problems; return which of the masks that hold something are selected."""
    cells = []
    for row in rows:
        x1, y1, x2, y2 = rle.box(row.mask)
        area = rle.area(row.mask)
        cells.append(
            {
                "Row": row.number,
                "Class": row.label,
                "Area": area,
                "Box": f"{x1}, {y1}, {x2}, {y2}" if area else "empty",
            }
        )
    if cells:
        event = st.dataframe(
            cells,
            key="rle rows",
            on_select="rerun",
            selection_mode="multi-row",
            hide_index=True,
            height=min(38 + 35 * len(cells), 320),
            column_config={"Area": st.column_config.NumberColumn(format="localized")},
            alt="The rows of the table",
        )
        picked = set(event.selection.rows)
    else:
        picked = set()
    if problems:
        with st.expander(
            f"{counted(len(problems), 'row')} cannot be used",
            icon=":material/warning:",
            expanded=not rows,
        ):
            st.dataframe(
                [
                    {"Row": problem.row, "Column": problem.column, "Problem": problem.reason}
                    for problem in problems[:10_000]
                ],
                hide_index=True,
                alt="The rows that cannot be used, and why",
            )
    filled = [i for i, row in enumerate(rows) if rle.area(row.mask)]
    return [place for place, i in enumerate(filled) if i in picked]
