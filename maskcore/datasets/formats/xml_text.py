"""Text as XML 1.0 can hold it: it has no way to write some characters, such as most controls."""

from __future__ import annotations

import html  # xml.sax.saxutils does the same, but loads urllib with all that it needs
import re

_NO_CHARACTER = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_WHITE_SPACE = {ord(blank): f"&#{ord(blank)};" for blank in "\t\n\r"}  # else read as blanks


def attribute(text: str) -> str:
    """Return a text as the value of an attribute, in quotes; U+FFFD is where XML has no way."""
    escaped = html.escape(_NO_CHARACTER.sub("\ufffd", text)).translate(_WHITE_SPACE)
    return f'"{escaped}"'


def content(text: str) -> str:
    """Return a text as the content of an element; U+FFFD is where XML has no way."""
    escaped = html.escape(_NO_CHARACTER.sub("\ufffd", text), quote=False)
    return escaped.replace("\r", "&#13;")
