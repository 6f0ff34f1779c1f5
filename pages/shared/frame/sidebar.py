"""The workspace beside every page: the open images, the current one's layers, undo and redo."""

from __future__ import annotations

import streamlit as st

from maskcore import rle
from pages.shared import downloads, markdown, view, workspace
from pages.shared.dataset import sample_images
from pages.shared.pictures import Picture
from pages.shared.workspace import Layer

_PER_PAGE = 12
_LONGEST_NAME = 18  # so that it stands in one line with the size and the button


def show() -> None:
    """Draw the sidebar."""
    with st.sidebar:
        picture = workspace.current()
        if picture is None:
            st.caption("No image is open yet. Open one to make and keep masks.")
            return
        _pictures(picture)
        sample_images.way_back(picture)
        _layers()
        if workspace.layers():
            downloads.masks(view.layers_shown(picture), key="layer files")


def _pictures(picture: Picture) -> None:
    pictures = workspace.pictures()
    if len(pictures) > 1:
        names = {picture.id: picture.name for picture in pictures}
        st.session_state["current picture"] = picture.id
        st.selectbox(
            f"Image ({len(pictures)} open)",
            list(names),
            format_func=names.__getitem__,
            key="current picture",
            on_change=lambda: workspace.select(st.session_state["current picture"]),
        )
    st.image(view.thumbnail(view.layers_shown(picture)), width="stretch", alt=picture.name)
    height, width = picture.size_hw
    with st.container(horizontal=True, vertical_alignment="center"):
        name = picture.name
        short = name if len(name) <= _LONGEST_NAME else f"{name[:9]}…{name[-7:]}"
        st.caption(f"**{markdown.plain(short)}** · {width} × {height}", width="stretch")
        st.button(
            ":material/close:",
            key="close image",
            type="tertiary",
            help="Close this image; its layers go with it",
            on_click=workspace.close,
            args=(picture.id,),
        )


def _layers() -> None:
    layers = workspace.layers()
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"**Layers** ({len(layers)})", width="stretch")
        st.button(
            ":material/undo:",
            key="undo",
            type="tertiary",
            help="Undo",
            disabled=not workspace.can_undo(),
            on_click=workspace.undo,
        )
        st.button(
            ":material/redo:",
            key="redo",
            type="tertiary",
            help="Redo",
            disabled=not workspace.can_redo(),
            on_click=workspace.redo,
        )
    if not layers:
        st.caption("Masks you keep appear here, on every page.")
    page = 1
    if len(layers) > _PER_PAGE:
        pages = -(-len(layers) // _PER_PAGE)
        page = st.pagination(pages, key="layer page")
    # The topmost layer first, as painting programs list them.
    first = (page - 1) * _PER_PAGE
    for layer in layers[::-1][first : first + _PER_PAGE]:
        _layer(layer)


def _layer(layer: Layer) -> None:
    key = f"layer {layer.id}"
    # Set on every run, so that undo and redo reach the widgets too.
    st.session_state[f"{key} color"] = layer.color
    with st.container(horizontal=True, vertical_alignment="center", wrap=False, gap="small"):
        st.color_picker(
            f"Color of {layer.instance.label}",
            key=f"{key} color",
            label_visibility="collapsed",
            on_change=lambda: workspace.change(layer.id, color=st.session_state[f"{key} color"]),
        )
        with st.popover(
            markdown.plain(layer.instance.label) or "unnamed",
            key=f"{key} menu",
            type="tertiary",
            width="stretch",
            on_change="rerun",
        ) as menu:
            if menu.open:
                _menu(layer, key)
        st.button(
            ":material/visibility:" if layer.visible else ":material/visibility_off:",
            key=f"{key} visible",
            type="tertiary",
            help="Hide" if layer.visible else "Show",
            on_click=workspace.change,
            args=(layer.id,),
            kwargs={"visible": not layer.visible},
        )


def _menu(layer: Layer, key: str) -> None:
    mask = layer.instance.mask
    x1, y1, x2, y2 = layer.instance.box
    st.session_state[f"{key} name"] = layer.instance.label
    st.text_input(
        "Name",
        key=f"{key} name",
        max_chars=100,
        on_change=lambda: workspace.change(layer.id, label=st.session_state[f"{key} name"].strip()),
    )
    share = rle.area(mask) / (mask.size_hw[0] * mask.size_hw[1])
    st.caption(f"{rle.area(mask):,} pixels ({share:.2%}), from ({x1}, {y1}), {x2 - x1} × {y2 - y1}")
    st.button(
        "Show only this",
        key=f"{key} only",
        icon=":material/filter_center_focus:",
        on_click=workspace.show_only,
        args=([layer.id],),
        width="stretch",
    )
    st.button(
        "Delete",
        key=f"{key} delete",
        icon=":material/delete:",
        on_click=workspace.remove,
        args=([layer.id],),
        width="stretch",
    )
