"""Colors as Streamlit's widgets write them, and as maskcore takes them."""

from __future__ import annotations

from collections.abc import Collection

from maskcore.overlay import PALETTE, RGB


def to_hex(rgb: RGB) -> str:
    """Write (red, green, blue) as "#rrggbb"."""
    return "#{:02x}{:02x}{:02x}".format(*rgb)


def to_rgb(text: str) -> RGB:
    """Read "#rrggbb"."""
    red, green, blue = bytes.fromhex(text.removeprefix("#"))
    return red, green, blue


def of_place(place: int) -> str:
    """Return the palette's color for the first, second, ... thing; it starts again at its end."""
    return to_hex(PALETTE[place % len(PALETTE)])


def unused(used: Collection[str]) -> str:
    """Return the first color of the palette that is not used; after its end it starts again."""
    palette = map(to_hex, PALETTE)
    return next((color for color in palette if color not in used), of_place(len(used)))
