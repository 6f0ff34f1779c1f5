"""The menu of small screens, which lies over the page: it closes once a page was chosen.

A Streamlit component (v2) without anything to see.
"""

from __future__ import annotations

from pathlib import Path

import streamlit as st

_menu = st.components.v2.component(
    "menu",
    css=".st-key-menu { position: absolute; }",
    js=Path(__file__).with_suffix(".js").read_text("utf-8"),
    isolate_styles=False,
)


def close_after_choice(page: str) -> None:
    """Close the menu if another page than before is shown.

    Args:
        page: Where the page is, its part of the address.
    """
    _menu(key="menu", data={"page": page}, height="content")
