"""Run-length codes as text: parse, format, detect the dialect."""

from __future__ import annotations

from dataclasses import dataclass

from maskcore import boxes, masks, rle
from maskcore.errors import RLEError
from maskcore.rle import RLE
from maskcore.rle_text.dialects import DIALECTS, Codec, Dialect
from maskcore.rle_text.pairs import Pairs, starts_increase

__all__ = ["DIALECTS", "MAX_CHARACTERS", "Candidate", "detect", "format", "get", "parse"]

MAX_CHARACTERS = 40_000_000
"""The longest text that is taken for one mask."""

_ABSOLUTE_FROM_0 = (Pairs(base=0), Pairs(base=0, by_rows=True))


@dataclass(frozen=True)
class Candidate:
    """One way to read a text.

    Attributes:
        dialect: Name of a dialect that reads it so.
        mask: What it then shows.
        reason: Why it is at its place in the list, one sentence.
    """

    dialect: str
    mask: RLE
    reason: str


def get(dialect: str) -> Dialect:
    """Look a dialect up; ValueError if there is none of that name."""
    if dialect not in DIALECTS:
        raise ValueError(f"dialect must be one of {', '.join(DIALECTS)}, got {dialect!r}")
    return DIALECTS[dialect]


def is_empty(text: str, dialect: str) -> bool:
    """Say whether the text stands for a mask with nothing inside."""
    return len(text) < 16 and text.strip().lower() in get(dialect).empty


def parse(text: str, size_hw: tuple[int, int], dialect: str) -> RLE:
    """Read one mask.

    Args:
        text: The code alone, without the other cells of its row.
        size_hw: (height, width) of the image it belongs to.
        dialect: A name in `DIALECTS`.

    Raises:
        RLEError: If the text is no mask of that size; it says what is wrong, and nothing of the
            size that the text claims has been allocated.
    """
    if len(text) > MAX_CHARACTERS:
        raise RLEError(
            f"The code is {len(text):,} characters long; at most {MAX_CHARACTERS:,} are read."
        )
    if is_empty(text, dialect):
        return rle.empty(size_hw)
    return DIALECTS[dialect].codec.parse(text, size_hw)


def format(r: RLE, dialect: str) -> str:
    """Write one mask as the text of a dialect.

    Raises:
        RLEError: If the dialect has no way to write it.
    """
    chosen = get(dialect)
    if chosen.empty and rle.area(r) == 0:
        return chosen.empty[0]
    return chosen.codec.format(r)


def detect(text: str, size_hw: tuple[int, int]) -> list[Candidate]:
    """Find the ways to read a text, the likeliest first.

    A reading that does not fit the size is out. Where rows and columns both fit, the mask with
    the shorter outline is likelier: read in the wrong order, an object falls into stripes.

    Args:
        text: The code of one mask.
        size_hw: (height, width) of the image it belongs to.

    Returns:
        One candidate for each different reading; none if no dialect can read the text.
    """
    if len(text) > MAX_CHARACTERS:
        return []
    for dialect in DIALECTS:
        if is_empty(text, dialect):
            return [Candidate(dialect, rle.empty(size_hw), "The text stands for an empty mask.")]
    found = _readings(text, size_hw)
    if not any(isinstance(codec, Pairs) for codec in found):
        return [
            Candidate(dialect.name, mask, f"It is {dialect.title}, and its runs fill the image.")
            for dialect, mask in found.values()
        ]
    if any(codec.base == 1 for codec in found if isinstance(codec, Pairs)):
        found = {
            codec: reading for codec, reading in found.items() if codec not in _ABSOLUTE_FROM_0
        }
    return _ranked(found, in_order=starts_increase(text))


def readings(size_hw: tuple[int, int]) -> list[Dialect]:
    """Return one dialect for each codec: those made for images of this size come first."""
    chosen: dict[Codec, Dialect] = {}
    for dialect in DIALECTS.values():
        if dialect.codec not in chosen or dialect.size_hw == size_hw:
            chosen[dialect.codec] = dialect
    return list(chosen.values())


def _readings(text: str, size_hw: tuple[int, int]) -> dict[Codec, tuple[Dialect, RLE]]:
    found = {}
    for dialect in readings(size_hw):
        try:
            found[dialect.codec] = dialect, parse(text, size_hw, dialect.name)
        except RLEError:
            continue
    return found


def _ranked(found: dict[Codec, tuple[Dialect, RLE]], *, in_order: bool) -> list[Candidate]:
    """Order the readings of plain numbers and say why."""
    ranks: list[tuple[int, int, Dialect, RLE, str]] = []
    outlines = {codec: outline_length(mask) for codec, (_, mask) in found.items()}
    for codec, (dialect, mask) in found.items():
        outline = outlines[codec]
        if not isinstance(codec, Pairs):
            ranks.append((0, outline, dialect, mask, "The numbers add up to the image's size."))
        elif codec.relative:
            reason = (
                "It fits, but starts that increase are rarely gaps."
                if in_order
                else "The starts do not increase, so each counts from the end of the run before."
            )
            ranks.append((2 if in_order else 0, outline, dialect, mask, reason))
        else:
            other = outlines.get(Pairs(codec.base, by_rows=not codec.by_rows))
            order, swapped = ("rows", "columns") if codec.by_rows else ("columns", "rows")
            reason = (
                f"Only an order by {order} fits the image."
                if other is None
                else (f"By {order} the outline is {outline:,} pixels long, by {swapped} {other:,}.")
            )
            ranks.append((1, outline, dialect, mask, reason))
    ranks.sort(key=lambda rank: rank[:2])
    return [Candidate(dialect.name, mask, reason) for _, _, dialect, mask, reason in ranks]


def outline_length(r: RLE) -> int:
    """Number of pixel edges between inside and outside, the image's border not counted."""
    around = boxes.grow(rle.box(r), 1, r.size_hw)
    return 0 if boxes.is_empty(around) else masks.perimeter(rle.decode(r, box=around))
