"""What clusters look like on the page, and what becomes of those that are chosen."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import streamlit as st

from maskcore import image_io
from maskcore.types import Instance
from maskcore.wording import counted
from pages.make.kmeans import clusters, palette
from pages.make.kmeans.clusters import ClusterPreview, ClusterSettings
from pages.shared import canvas, choices, downloads, pictures, workspace
from pages.shared.compare import compare
from pages.shared.pictures import Picture

_CLUSTERS, _IMAGE, _COMPARE = "Clusters", "Image", "Compare"


def show(
    settings: ClusterSettings, picture: Picture, preview: ClusterPreview, selected: Sequence[int]
) -> None:
    """Show the picture in its few colors or as it is, to click on, or both to compare."""
    mode = choices.one_of(
        "View", [_CLUSTERS, _IMAGE, _COMPARE], default=_CLUSTERS, key="kmeans view", labeled=False
    )
    reduced = clusters.reduced(picture)
    if mode == _COMPARE:
        files = pictures.jpeg(reduced), pictures.jpeg(preview.raster)
        compare(*files, key="kmeans compare", labels=("Image", "Clusters"))
        return
    canvas.pick(
        preview.raster if mode == _CLUSTERS else reduced,
        key=f"kmeans pick {picture.id[:12]}",
        on_pick=lambda x, y: palette.toggle(settings, picture, int(preview.labels[y, x])),
        mask=clusters.mask_of(preview.labels, selected),
    )


def offer(
    settings: ClusterSettings, picture: Picture, preview: ClusterPreview, selected: Sequence[int]
) -> None:
    """Offer to keep the chosen clusters as layers, and the files of all of them."""
    parts = _parts(selected)
    share = sum(preview.shares[i] for i in selected)
    st.markdown(
        f"**{share:.1%}** of the image is inside." if selected else "Nothing is chosen yet."
    )

    def add() -> None:
        labels = clusters.whole(settings, picture).labels
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
            _downloads(settings, picture, preview)


def _parts(selected: Sequence[int]) -> dict[str, list[int]]:
    """Ask for the name, and whether the chosen clusters are one layer; return what is in each."""
    joined = len(selected) > 1 and st.toggle(
        "Join into one layer", key="kmeans joined", persist_state="session"
    )
    numbers = [f"{i + 1}" for i in selected]
    title = f"clusters {' + '.join(numbers)}" if joined else "cluster"
    text = st.text_input(
        "Name", key="kmeans name", placeholder=title, max_chars=100, persist_state="session"
    ).strip()
    if joined or (text and len(selected) == 1):
        return {text or title: list(selected)}
    return {f"{text or title} {number}": [i] for i, number in zip(selected, numbers, strict=True)}


def _downloads(settings: ClusterSettings, picture: Picture, preview: ClusterPreview) -> None:
    def recolored() -> bytes:
        return image_io.encode_png(clusters.whole(settings, picture).image())

    def label_map() -> bytes:
        return image_io.encode_png(clusters.whole(settings, picture).labels + np.uint8(1))

    files = {
        "Image in these colors": ("clusters.png", recolored),
        "Label map": ("label_map.png", label_map),
        "Palette": ("palette.csv", lambda: palette.table(preview).encode()),
    }
    for label, (name, make) in files.items():
        digest = f"{picture.id} {settings}"
        downloads.file(
            label, f"{picture.stem}_{name}", make, digest, key=f"kmeans {name}", width="stretch"
        )
