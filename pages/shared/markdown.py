"""Texts of users inside of Markdown."""

from __future__ import annotations

import re

# What means something in the middle of a line; ":" only where it could begin ":red[" or ":smile:".
_MARKS = re.compile(r"[\\`*_\[\]<>~$|]|:(?=\w)")


def plain(text: str) -> str:
    """Keep Markdown from reading anything into a text."""
    return _MARKS.sub(r"\\\g<0>", text)
