"""What annotation files state beside the shapes: sizes, labels, pictures inside the text."""

from __future__ import annotations

import base64
import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeVar

from maskcore import checks
from maskcore.datasets.dataset import Picture, Problem
from maskcore.datasets.sanitize import shown
from maskcore.datasets.source import Source
from maskcore.errors import DatasetError, ImageError
from maskcore.image_io import probe as image_probe, stored as mask_pixels
from maskcore.image_io.stored import MaskPixels

NO_LABEL = "mask"
"""The label of a mask that nobody named."""

_LOOKED_AT = 40

_Document = TypeVar("_Document")


def size(height: Any, width: Any) -> tuple[int, int] | None:
    """Return a size that a file states, as (height, width); None if it states none.

    Args:
        height: Whatever stands there: a number, a text with one, None.
        width: The same.

    Raises:
        DatasetError: If it is no size that an image can have.
    """
    if height is None or width is None:
        return None
    sides = [number(it) or 0 for it in (height, width)]
    if min(sides) < 1 or any(it % 1 for it in sides) or math.prod(sides) > checks.MAX_PIXELS:
        sizes = f"{shown(width, 20)} × {shown(height, 20)}"
        raise DatasetError(f"The stated size, {sizes} pixels, is none that an image can have.")
    return int(sides[0]), int(sides[1])


def size_of(picture: Picture | None) -> tuple[int, int] | None:
    """Return (height, width) of a picture, upright, from its header; None if it is of no use."""
    if picture is None:
        return None
    try:
        with picture.open() as file:
            found = image_probe.probe(file).size_hw
    except Exception:  # a damaged archive raises anything
        return None
    return possible(found)


def possible(size_hw: tuple[int, int]) -> tuple[int, int] | None:
    """Return a size; None if it has no pixel or too many, as damaged headers state."""
    return size_hw if min(size_hw) > 0 and math.prod(size_hw) <= checks.MAX_PIXELS else None


def number(value: Any) -> float | None:
    """Return a finite number, or a text that is one, as float; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        found = float(value)
    except (ValueError, OverflowError):
        return None
    return found if math.isfinite(found) else None


def score(value: Any) -> float | None:
    """Return how sure a detector was, 0 to 1; None if that is not what stands there."""
    found = number(value)
    return found if found is not None and 0 <= found <= 1 else None


def label(value: Any) -> str:
    """Return what a mask is called, `NO_LABEL` if it is not."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return NO_LABEL
    return str(value) if str(value).strip() else NO_LABEL


def content(text: Any) -> bytes:
    """Return the file that stands in a text as base64, with or without "data:" before it.

    Raises:
        DatasetError: If it is no base64.
    """
    try:
        head, comma, tail = text.partition(",")
        found = base64.b64decode(tail if comma and head.startswith("data:") else text)
    except (AttributeError, TypeError, ValueError) as error:
        raise DatasetError("The picture in it is not in base64, or is damaged.") from error
    if not found:
        raise DatasetError("The picture in it is empty.")
    return found


def pixels(text: Any) -> MaskPixels:
    """Return the numbers of the picture that stands in a text, see `content`.

    Raises:
        DatasetError: If it is no base64, or no picture that can be read.
    """
    try:
        return mask_pixels.read(content(text))
    except ImageError as error:
        reason = str(error).replace("The file", "The picture in it", 1)
        raise DatasetError(reason) from error


def unique(name: str, taken: set[str]) -> str:
    """Return a name, with a number behind it if it is taken, and take it."""
    found = name
    if found in taken:
        # Thousands may have the same name: the step doubles while numbers are taken, then halves.
        count, step = 2, 1
        while f"{name} ({count})" in taken:
            count, step = count + step, 2 * step
        while step > 1:
            step //= 2
            if f"{name} ({count - step})" not in taken:
                count -= step
        found = f"{name} ({count})"
    taken.add(found)
    return found


def alike(source: Source, names: Iterable[str], is_ours: Callable[[bytes], bool]) -> list[str]:
    """Return the files that are of a format by how they begin.

    Of a folder with very many files some are looked at; if most of them are of the format, all
    are.

    Args:
        source: The files.
        names: Those that may be.
        is_ours: Tells from the beginning of a file.
    """
    folders: defaultdict[str, list[str]] = defaultdict(list)
    for name in names:
        folders[name.rpartition("/")[0]].append(name)
    found: list[str] = []
    for together in folders.values():
        step = -(-len(together) // _LOOKED_AT)
        looked_at = together[::step]
        ours = [it for it in looked_at if is_ours(source.head(it))]
        found += together if step > 1 and 2 * len(ours) > len(looked_at) else ours
    return found


def documents(
    names: Iterable[str], read: Callable[[str], _Document], problems: list[Problem], what: str
) -> Iterator[tuple[str, _Document]]:
    """Yield each file that can be read, with its name; the others become problems.

    Args:
        names: Of the files.
        read: Reads one; raises DatasetError if it cannot.
        problems: Where the others are added.
        what: Of which kind the files are: "XML".

    Raises:
        DatasetError: After the last one, if none could be read.
    """
    n_read = 0
    for name in names:
        try:
            found = read(name)
        except DatasetError as error:
            problems.append(Problem(name, str(error)))
            continue
        n_read += 1
        yield name, found
    if not n_read:
        raise DatasetError(problems[0].reason if problems else f"There is no {what} file.")
