"""Two pictures of one thing, one over the other, with a divider to drag between them.

A Streamlit component (v2). The divider is a range input, so that mouse, touch and arrow keys move
it; where it stands is known to the browser only.
"""

from __future__ import annotations

import base64
import io
from pathlib import Path

import PIL.Image
import streamlit as st

_HERE = Path(__file__).parent

_compare = st.components.v2.component(
    "compare",
    html=(_HERE / "compare.html").read_text("utf-8"),
    css=(_HERE / "compare.css").read_text("utf-8"),
    js=(_HERE / "compare.js").read_text("utf-8"),
)


def compare(
    before: bytes,
    after: bytes,
    *,
    key: str,
    labels: tuple[str, str] = ("Before", "After"),
) -> None:
    """Show two pictures with a divider between them.

    Args:
        before: The left one, a JPEG or PNG file of at most some hundred kB: it travels with the
            page.
        after: The right one, of the same shape.
        key: Of the component; the divider stays where it is when the pictures change.
        labels: Plain text, the names of both.
    """
    width, height = PIL.Image.open(io.BytesIO(before)).size
    data = {
        "images": [_url(before), _url(after)],
        "labels": list(labels),
        "width": width,
        "height": height,
    }
    _compare(key=key, data=data, width="stretch", height="content")


def _url(file: bytes) -> str:
    kind = "png" if file.startswith(b"\x89PNG") else "jpeg"
    return f"data:image/{kind};base64,{base64.b64encode(file).decode()}"
