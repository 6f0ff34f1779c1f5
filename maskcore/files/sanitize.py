"""What other people's files say, put so that it fits into a sentence."""

from __future__ import annotations

from typing import Any

_JOINERS = "\u200c\u200d"  # not seen, but Persian, Hindi and emoji are written with them
_MOST = 100


def plain(text: str) -> str:
    """Return a text on one line, with U+FFFD for what is not to be seen or turns its direction."""
    if text.isprintable():
        return text
    return "".join(
        character if character.isprintable() or character in _JOINERS else "\ufffd"
        for character in text
    )


def shown(value: Any, most: int = _MOST) -> str:
    """Return what a file states, to be shown in a sentence.

    Args:
        value: Whatever JSON can hold.
        most: Characters after which a text is cut off.
    """
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple):
        return "a list"
    if isinstance(value, dict):
        return "an object"
    text = str(value)
    return plain(text if len(text) <= most else f"{text[:most]}…")
