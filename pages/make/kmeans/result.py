"""What clusters look like on the page, and what becomes of those that are chosen."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import streamlit as st

from maskcore import image_io
from maskcore.types import Instance
from maskcore.wording import counted
from pages.make.kmeans import clusters, palette
from pages.make.kmeans.clusters import How, Tried
from pages.shared import canvas, downloads, workspace
from pages.shared.compare import compare
from pages.shared.pictures import Picture

_CLUSTERS, _IMAGE, _COMPARE = "Clusters", "Image", "Compare"


def show(how: How, picture: Picture, tried: Tried, chosen: Sequence[int]) -> None:
    """Show the picture in its few colors or as it is, to click on, or both to compare."""
    mode = st.segmented_control(
        "View",
        [_CLUSTERS, _IMAGE, _COMPARE],
        default=_CLUSTERS,
        required=True,
        key="kmeans view",
        label_visibility="collapsed",
        persist_state="session",
    )
    reduced = clusters.reduced(picture)
    if mode == _COMPARE:
        files = clusters.jpeg(reduced), clusters.jpeg(tried.raster)
        compare(*files, key="kmeans compare", labels=("Image", "Clusters"))
        return
    canvas.pick(
        tried.raster if mode == _CLUSTERS else reduced,
        key=f"kmeans pick {picture.id[:12]}",
        on_pick=lambda x, y: palette.toggle(how, picture, int(tried.labels[y, x])),
        mask=clusters.mask_of(tried.labels, chosen),
    )


def offer(how: How, picture: Picture, tried: Tried, chosen: Sequence[int]) -> None:
    """Offer to keep the chosen clusters as layers, and the files of all of them."""
    parts = _parts(chosen)
    share = sum(tried.shares[i] for i in chosen)
    st.markdown(f"**{share:.1%}** of the image is inside." if chosen else "Nothing is chosen yet.")

    def add() -> None:
        labels = clusters.whole(how, picture).labels
        masks = [clusters.mask_of(labels, part) for part in parts.values()]
        instances = [Instance(mask, name) for name, mask in zip(parts, masks, strict=True)]
        workspace.add(instances, picture=picture)
        st.toast(f"Kept {counted(len(parts), 'layer')}", icon=":material/layers:")

    with st.container(horizontal=True):
        st.button(
            f"Keep {len(parts)} as layers" if len(parts) > 1 else "Keep as a layer",
            key="keep clusters",
            type="primary",
            icon=":material/layers:",
            on_click=add,
            disabled=not parts,
        )
        with st.popover("Download", icon=":material/download:", key="cluster files"):
            _downloads(how, picture, tried)


def _parts(chosen: Sequence[int]) -> dict[str, list[int]]:
    """Ask for the name, and whether the chosen clusters are one layer; return what is in each."""
    joined = len(chosen) > 1 and st.toggle(
        "Join into one layer", key="kmeans joined", persist_state="session"
    )
    numbers = [f"{i + 1}" for i in chosen]
    title = f"clusters {' + '.join(numbers)}" if joined else "cluster"
    text = st.text_input(
        "Name", key="kmeans name", placeholder=title, max_chars=100, persist_state="session"
    ).strip()
    if joined or (text and len(chosen) == 1):
        return {text or title: list(chosen)}
    return {f"{text or title} {number}": [i] for i, number in zip(chosen, numbers, strict=True)}


def _downloads(how: How, picture: Picture, tried: Tried) -> None:
    def recolored() -> bytes:
        return image_io.encode_png(clusters.whole(how, picture).image())

    def label_map() -> bytes:
        return image_io.encode_png(clusters.whole(how, picture).labels + np.uint8(1))

    files = {
        "Image in these colors": ("clusters.png", recolored),
        "Label map": ("label_map.png", label_map),
        "Palette": ("palette.csv", lambda: palette.table(tried).encode()),
    }
    for label, (name, make) in files.items():
        digest = f"{picture.id} {how}"
        downloads.file(
            label, f"{picture.stem}_{name}", make, digest, key=f"kmeans {name}", width="stretch"
        )
