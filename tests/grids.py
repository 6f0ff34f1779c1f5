"""Small masks as text, so that a test shows what it means."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from maskcore.types import Mask


def mask(text: str) -> Mask:
    """Return the mask drawn in ``text``: a line per row, "#" inside, "." outside.

    Blank lines and spaces are ignored, so a grid may be indented in a triple-quoted string.
    """
    rows = ["".join(line.split()) for line in text.splitlines() if line.strip()]
    if not rows:
        raise ValueError("the grid has no rows")
    if len({len(row) for row in rows}) != 1:
        raise ValueError(f"rows differ in length: {rows}")
    if strange := set("".join(rows)) - {"#", "."}:
        raise ValueError(f"a grid is made of '#' and '.', got {sorted(strange)}")
    return np.array([[mark == "#" for mark in row] for row in rows], dtype=np.bool_)
