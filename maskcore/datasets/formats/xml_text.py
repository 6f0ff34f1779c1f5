"""Text as XML 1.0 can hold it: it has no way to write some characters, such as most controls."""

from __future__ import annotations

import re
from xml.sax import saxutils

_NO_CHARACTER = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def attribute(text: str) -> str:
    """Return a text as the value of an attribute, in quotes; U+FFFD is where XML has no way."""
    return saxutils.quoteattr(_NO_CHARACTER.sub("\ufffd", text))


def content(text: str) -> str:
    """Return a text as the content of an element; U+FFFD is where XML has no way."""
    return saxutils.escape(_NO_CHARACTER.sub("\ufffd", text), {"\r": "&#13;"})
