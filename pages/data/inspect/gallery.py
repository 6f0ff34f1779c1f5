"""The gallery of a data set: thumbnails with their masks, a page of them at a time."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from pathlib import Path

import streamlit as st

from maskcore.datasets.files import base
from maskcore.wording import counted
from pages.data.inspect import filters, pictures, place as inspect_place
from pages.data.inspect.survey import Surveyed
from pages.shared import markdown
from pages.shared.dataset.state import Opened

_STYLE = Path(__file__).with_name("gallery.css")
_AT_A_TIME = 20
_LONGEST_NAME = 18
_MARKS = {
    "error": ":red[:material/error:]",
    "warning": ":orange[:material/warning:]",
    "note": ":blue[:material/info:]",
}


def show(opened: Opened, surveyed: Surveyed | None) -> None:
    """Show the filters and the samples that pass them."""
    names = filters.chosen(opened, surveyed)
    if not names:
        st.info("No sample passes all filters.", icon=":material/search_off:")
        return
    n_pages = math.ceil(len(names) / _AT_A_TIME)
    page = 1
    # Other samples have other pages; a filter that is changed begins at the first one.
    key = f"inspect page {hashlib.sha256(repr(names).encode()).hexdigest()[:12]}"
    if n_pages > 1:
        page = min(st.session_state.get(key, 1), n_pages)
    st.html(_STYLE)
    first = (page - 1) * _AT_A_TIME
    labels = labels_of(opened, surveyed)
    with st.grid(min_column_width=150, gap="small"):
        for place, name in enumerate(names[first : first + _AT_A_TIME], start=first):
            _card(opened, surveyed, name, place, names, labels)
    if n_pages > 1:
        st.pagination(n_pages, key=key, max_visible_pages=5, persist_state="session")


def labels_of(opened: Opened, surveyed: Surveyed | None) -> tuple[str, ...]:
    """Return the classes in the order of their colors."""
    return surveyed.survey.labels if surveyed is not None else opened.dataset.stated_labels


def _card(
    opened: Opened,
    surveyed: Surveyed | None,
    name: str,
    place: int,
    names: Sequence[str],
    labels: Sequence[str],
) -> None:
    with st.container(key=f"inspect-card-{place}", gap=None):
        content = pictures.thumbnail(opened, opened.samples[name], labels)
        st.image(content, width="stretch", alt=f"{name} with its masks")
        short = base(name)
        if len(short) > _LONGEST_NAME:
            short = f"{short[:9]}…{short[-8:]}"
        st.button(
            markdown.plain(short),
            key=f"inspect open {place}",
            type="tertiary",
            on_click=inspect_place.go,
            args=(name, names),
            width="stretch",
        )
        st.caption(_caption(opened, surveyed, name))


def _caption(opened: Opened, surveyed: Surveyed | None, name: str) -> str:
    said = []
    if name in opened.corrections:
        n_masks = len(opened.corrections[name])
    elif surveyed is not None and name in surveyed.places:
        n_masks = int(surveyed.n_masks[surveyed.places[name]])
    else:
        n_masks = None
    if n_masks is not None:
        said.append(counted(n_masks, "mask"))
    if name in opened.corrections:
        said.append("corrected")
    found = surveyed.findings_of.get(name, []) if surveyed is not None else []
    marks = [
        mark
        for severity, mark in _MARKS.items()
        if any(severity == finding.severity for finding in found)
    ]
    return " · ".join(said) + " " + "".join(marks)
