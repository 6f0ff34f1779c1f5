"""What becomes of an edit: it is applied, kept beside the layers, or downloaded."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import streamlit as st

from maskcore import masks, rle
from maskcore.masks import geojson
from maskcore.rle import RLE
from maskcore.types import Instance
from maskcore.wording import counted
from pages.make.edit import controls
from pages.shared import caches, downloads, workspace
from pages.shared.pictures import Picture
from pages.shared.view import Shown
from pages.shared.workspace import Layer

_MOST_LAYERS = 1000
_MOST_SELECTED = 20


def facts(layers: Sequence[Layer], edited: Sequence[Instance]) -> None:
    """Say how much there is of the masks, all together, before and after."""
    old, new = (
        {"Layers": len(instances), **_counted([instance.mask for instance in instances])}
        for instances in ([layer.instance for layer in layers], edited)
    )
    rows = {
        name: f"{was:,} → {new[name]:,}" if was != new[name] else f"{was:,}"
        for name, was in old.items()
    }
    st.table(rows, border="horizontal", hide_header=True)


def _counted(drawn: Sequence[RLE]) -> dict[str, int]:
    if not drawn:
        return {"Pixels": 0, "Parts": 0, "Holes": 0}
    return _count(rle.union(drawn))


@caches.data(max_entries=200)
def _count(mask: RLE) -> dict[str, int]:
    pixels = rle.decode(mask)
    return {
        "Pixels": rle.area(mask),
        "Parts": masks.count_parts(pixels),
        "Holes": masks.count_holes(pixels),
    }


def keep(picture: Picture, layers: Sequence[Layer], edited: Sequence[Instance]) -> None:
    """Offer to apply the edit, to keep its result as new layers, and to download that."""
    many = len(edited) > _MOST_LAYERS
    if many:
        st.warning(
            f"{len(edited):,} parts are too many to keep as layers; drop specks first.",
            icon=":material/warning:",
        )
    same = [layer.instance.mask for layer in layers] == [instance.mask for instance in edited]
    with st.container(horizontal=True):
        st.button(
            "Apply",
            key="apply edit",
            type="primary",
            icon=":material/check:",
            disabled=many or same,
            on_click=_apply,
            args=(layers, edited),
        )
        st.button(
            "Keep as new layers" if len(edited) > 1 else "Keep as a new layer",
            key="keep edit",
            icon=":material/layers:",
            disabled=many or not any(rle.area(instance.mask) for instance in edited),
            on_click=_add,
            args=(edited,),
        )
        if not many:
            _downloads(picture, layers, edited)


def _apply(layers: Sequence[Layer], edited: Sequence[Instance]) -> None:
    if len(layers) == len(edited):
        pairs = zip(layers, edited, strict=True)
        workspace.repaint({layer.id: instance.mask for layer, instance in pairs})
    else:
        new = workspace.replace_layers([layer.id for layer in layers], edited)
        few = new if len(new) <= _MOST_SELECTED else new[:1]
        st.session_state[controls.SELECTED] = [layer.id for layer in few]
    st.toast("Applied", icon=":material/check:")


def _add(edited: Sequence[Instance]) -> None:
    count = len(workspace.add(edited))
    st.toast(f"Kept {counted(count, 'layer')}", icon=":material/layers:")


def _downloads(picture: Picture, layers: Sequence[Layer], edited: Sequence[Instance]) -> None:
    same_layers = len(layers) == len(edited)
    colors = [layer.color for layer in layers] if same_layers else None
    shown = Shown.of(picture, edited, colors)
    downloads.masks(shown, key="edit files")
    downloads.file(
        "Outlines",
        f"{picture.stem}_outlines.geojson",
        lambda: geojson.write(edited).encode(),
        hashlib.sha256(shown.digest.encode()).hexdigest(),
        key="edit outlines",
        disabled=not edited,
    )
