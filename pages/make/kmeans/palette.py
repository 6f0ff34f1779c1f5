"""The colors of the clusters and how much of the picture each takes, to choose from."""

from __future__ import annotations

import streamlit as st

from maskcore.files import text_table
from pages.make.kmeans.clusters import ClusterPreview, ClusterSettings
from pages.shared.colors import to_rgb
from pages.shared.pictures import Picture


def show(settings: ClusterSettings, picture: Picture, preview: ClusterPreview) -> list[int]:
    """Show the palette; return the clusters that are selected, counted from 0."""
    if preview.note:
        st.info(preview.note, icon=":material/info:")
    _bar(preview)
    count = len(preview.colors)
    selected = st.pills(
        "Choose by a click on the image, or here",
        range(count),
        selection_mode="multi",
        format_func=lambda i: _name(preview, i),
        key=_key(settings, picture),
        persist_state="session",
        wrap=True,
    )
    return sorted(selected)


def toggle(settings: ClusterSettings, picture: Picture, cluster: int) -> None:
    """Choose a cluster, or no longer; for a callback."""
    key = _key(settings, picture)
    now = set(st.session_state.get(key) or [])
    st.session_state[key] = sorted(now ^ {cluster})


def _key(settings: ClusterSettings, picture: Picture) -> str:
    return f"kmeans chosen {picture.id[:16]} {settings}"


def _name(preview: ClusterPreview, i: int) -> str:
    color = preview.colors[i]
    square = f':color[&nbsp;&nbsp;&nbsp;&nbsp;]{{background="{color}"}}'
    return f"{i + 1} {square} {color} {preview.shares[i]:.1%}"


def _bar(preview: ClusterPreview) -> None:
    """Show the colors side by side, each as wide as its share."""
    parts = [
        f'<span title="{color} {share:.2%}" style="flex:{share:.5f} 0 0;background:{color}"></span>'
        for color, share in zip(preview.colors, preview.shares, strict=True)
    ]
    style = "display:flex;height:2.2rem;border-radius:.6rem;overflow:hidden;border:1px solid #8888"
    st.html(f'<div style="{style}">{"".join(parts)}</div>')


def table(preview: ClusterPreview) -> str:
    """Write the palette as CSV: a row for each cluster, numbered as in the label map."""
    header = ("cluster", "hex", "red", "green", "blue", "pixels", "share")
    rows = [
        (i, color, *to_rgb(color), int(pixels), share)
        for i, (color, pixels, share) in enumerate(
            zip(preview.colors, preview.counts, preview.shares, strict=True), start=1
        )
    ]
    return text_table.write(header, rows)
