"""Samples of the data set that were opened as images, to correct their masks with any page."""

from __future__ import annotations

import streamlit as st

from maskcore.types import Instance
from pages.shared import links, workspace
from pages.shared.dataset import state
from pages.shared.dataset.state import Opened
from pages.shared.pictures import Picture

_SAMPLES = "samples opened as images"


def remember(picture: Picture, opened: Opened, sample: str) -> None:
    """Keep which sample an image was opened for."""
    st.session_state.setdefault(_SAMPLES, {})[picture.id] = opened.digest, sample


def layers(picture: Picture, opened: Opened, sample: str) -> list[Instance] | None:
    """Return the layers of an image that was opened for a sample and still is; else None."""
    is_open = picture.id in {other.id for other in workspace.pictures()}
    if not is_open or _sample_of(picture) != (opened.digest, sample):
        return None
    return [layer.instance for layer in workspace.layers(picture)]


def way_back(picture: Picture) -> None:
    """Offer the way to the data set if the image was opened for one of its samples."""
    opened = state.current()
    if opened is None or opened.digest != _sample_of(picture)[0]:
        return
    # Short: it stands in the sidebar too.
    links.one("data/inspect/page.py", "Back to the data set", ":material/arrow_back:")


def _sample_of(picture: Picture) -> tuple[str, str]:
    found: tuple[str, str] = st.session_state.get(_SAMPLES, {}).get(picture.id, ("", ""))
    return found
