"""What a threshold takes: shown on the reduced picture, made on the whole one when it is kept."""

from __future__ import annotations

import streamlit as st

from maskcore import image_io, rle
from maskcore.overlay import PALETTE
from maskcore.rle import RLE
from maskcore.types import Instance
from pages.make.threshold import colors
from pages.make.threshold.settings import ThresholdSettings, reduced
from pages.shared import canvas, downloads, pictures, view, workspace
from pages.shared.colors import to_hex
from pages.shared.pictures import Picture, Raster


def show(picture: Picture, mask: RLE | None, *, pick: bool) -> None:
    """Show the mask on the reduced picture, perhaps so that its colors can be picked."""
    if pick:
        canvas.pick(
            Raster(f"{picture.id} reduced", reduced(picture)),
            key=f"threshold pick {picture.id[:12]}",
            on_pick=lambda x, y: colors.pick(picture, x, y),
            mask=mask,
            color=to_hex(PALETTE[0]),
        )
    elif mask:
        view.show(view.Shown.of(picture, [Instance(mask, "")]), alt="The mask on the image")


def keep(picture: Picture, settings: ThresholdSettings, mask: RLE, label: str) -> None:
    """Say how much is inside, and offer the mask of the whole picture as a layer and as a file."""
    size = mask.size_hw[0] * mask.size_hw[1]
    about = "" if mask.size_hw == picture.size_hw else "About "
    st.markdown(f"{about}**{rle.area(mask) / size:.1%}** of the image is inside.")

    def add() -> None:
        inside = settings.mask(pictures.image(picture))
        workspace.add([Instance(rle.encode(inside), label)])
        st.toast("Kept 1 layer", icon=":material/layers:")

    with st.container(horizontal=True):
        st.button(
            "Keep as a layer",
            key="keep threshold",
            type="primary",
            icon=":material/layers:",
            on_click=add,
        )
        downloads.file(
            "Download",
            f"{picture.stem}_mask.png",
            lambda: image_io.encode_png(settings.mask(pictures.image(picture))),
            picture.id + settings.digest,
            key="download threshold",
        )
