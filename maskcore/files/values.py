"""What people's files state of images and masks, whatever its type there: one rule for all readers.

Numbers may also be texts, as JSON and CSV of some tools have them; true and false are none.
"""

from __future__ import annotations

import math
import re
from typing import Any

from maskcore import checks
from maskcore.errors import RLEError
from maskcore.files.sanitize import shown

NO_LABEL = "mask"
"""The label of a mask that nobody named."""

_DIGITS = re.compile(r"[0-9]{1,300}(\.0*)?")


def number_of(value: Any) -> float | None:
    """Return a finite number, or a text that is one, as float; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    # Python also reads the digits of other scripts, and 1_000.
    if isinstance(value, str) and (not value.isascii() or "_" in value):
        return None
    try:
        found = float(value)
    except (ValueError, OverflowError):
        return None
    return found if math.isfinite(found) else None


def score_of(value: Any) -> float | None:
    """Return how sure a detector was, 0 to 1; None if that is not what stands there."""
    found = number_of(value)
    return found if found is not None and 0 <= found <= 1 else None


def not_a_score(value: Any) -> str:
    """Say, in a sentence, that what is stated as a score is none."""
    return f"Its score is not between 0 and 1: {shown(value, 20)}."


def label_of(value: Any) -> str:
    """Return what a mask is called, `NO_LABEL` if it is not."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return NO_LABEL
    return str(value) if str(value).strip() else NO_LABEL


def size_of(height: Any, width: Any, *, max_pixels: int = checks.MAX_PIXELS) -> tuple[int, int]:
    """Return the size of an image as (height, width).

    Args:
        height: A number, or a text that is one.
        width: The same.
        max_pixels: The most that an image may have.

    Raises:
        RLEError: If they are no whole numbers, or the image has no pixel or too many.
    """
    rows, columns = _whole(height), _whole(width)
    if rows is None or columns is None:
        sides = [shown(width, 20), shown(height, 20)]
        if isinstance(height, str) and isinstance(width, str):  # cells, which may be blank
            sides = [f"“{side}”" for side in sides]
        raise RLEError(f"The size {' × '.join(sides)} is not made of whole numbers.")
    check_size((rows, columns), max_pixels=max_pixels)
    return rows, columns


def check_size(size_hw: tuple[int, int], *, max_pixels: int = checks.MAX_PIXELS) -> None:
    """Raise an RLEError if an image has no pixel or too many."""
    if not is_possible_size(size_hw, max_pixels=max_pixels):
        height, width = size_hw
        raise RLEError(f"An image of {width:,} × {height:,} pixels is too small or too large.")


def is_possible_size(size_hw: tuple[int, int], *, max_pixels: int = checks.MAX_PIXELS) -> bool:
    """Whether an image has at least one pixel and not too many."""
    return min(size_hw) > 0 and math.prod(size_hw) <= max_pixels


def _whole(value: Any) -> int | None:
    """Return a whole number that a float holds exactly, -3 or 3.0 or "3" or "3.0"; else None."""
    if isinstance(value, str) and not _DIGITS.fullmatch(value.strip()):
        return None
    found = number_of(value)
    return int(found) if found is not None and found.is_integer() and abs(found) < 2**53 else None
