"""Numbers and names in sentences to people."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence


def plural(number: int, noun: str) -> str:
    """Return a noun as it stands after a number: "mask" or "masks", "box" or "boxes"."""
    if number == 1:
        return noun
    if re.search("(s|x|z|ch|sh)$", noun):
        return f"{noun}es"
    if re.search("[^aeiou]y$", noun):
        return f"{noun[:-1]}ies"
    return f"{noun}s"


def counted(number: int, noun: str) -> str:
    """Return a number with what it counts: "1 mask", "2,000 masks"."""
    return f"{number:,} {plural(number, noun)}"


def listed(names: Sequence[str], most: int, shown: Callable[[str], str] = str) -> str:
    """List the first names and say how many others there are: "a, b and 3 more".

    Args:
        names: Of any number.
        most: How many to list.
        shown: Makes a name fit for the sentence.
    """
    more = len(names) - most
    return ", ".join(map(shown, names[:most])) + (f" and {more:,} more" if more > 0 else "")
