"""Masks that were made elsewhere: files of masks, put on an open image as layers."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence

import streamlit as st

from maskcore.types import Instance
from maskcore.wording import counted
from pages.make.paint import mask_reading
from pages.make.paint.mask_reading import Upload
from pages.shared import errors, markdown, uploads, workspace
from pages.shared.pictures import Picture
from pages.shared.workspace import Layer

_FILES, _GENERATION, _FAULT = "mask files", "mask uploads so far", "mask upload fault"
_MAX_BYTES = 200_000_000


def offer(
    picture: Picture, *, then: Callable[[Picture, Sequence[Layer]], None] | None = None
) -> None:
    """Offer to add masks out of files to a picture; for an expander, a popover or a tab.

    Args:
        picture: What they are added to.
        then: Gets the picture and its new layers.
    """
    # A new key empties the widget once its files are taken.
    key = f"{_FILES} {st.session_state.setdefault(_GENERATION, 0)}"
    st.file_uploader(
        "Mask files: black and white, gray, labels, colors or transparency",
        accept_multiple_files=True,
        key=key,
        on_change=_take,
        args=(key,),
        help="PNG, TIFF, BMP, WebP, GIF or JPEG, of the image's size or not",
    )
    if fault := st.session_state.pop(_FAULT, ""):
        st.error(fault, icon=":material/error:")
    waiting: list[Upload] = st.session_state.get(_FILES, [])
    instances: list[Instance] = []
    rest = []  # what cannot be read or does not fit is still there afterwards
    for upload in waiting:
        masks: list[Instance] = []
        with st.container(border=True):
            _header(upload)
            with errors.shown():
                masks = mask_reading.instances(upload, picture)
        instances += masks
        if not masks:
            rest.append(upload)
    if waiting:
        count = len(instances)
        st.button(
            f"Add {count:,} as layers" if count > 1 else "Add as a layer",
            key="add mask files",
            type="primary",
            icon=":material/layers:",
            disabled=not instances,
            on_click=_add,
            args=(picture, instances, rest, then),
        )


def _take(key: str) -> None:
    waiting: list[Upload] = st.session_state.setdefault(_FILES, [])
    for file in uploads.take(key):
        content = file.getvalue()
        if len(content) + sum(len(upload.content) for upload in waiting) > _MAX_BYTES:
            st.session_state[_FAULT] = (
                f"More than {_MAX_BYTES // 1_000_000} MB wait to be added; add some of them first."
            )
            break
        st.session_state[_GENERATION] += 1
        name = f"mask file {st.session_state[_GENERATION]}"
        waiting.append(Upload(name, file.name, content, hashlib.sha256(content).hexdigest()))
    st.session_state[_GENERATION] += 1


def _add(
    picture: Picture,
    instances: Sequence[Instance],
    rest: list[Upload],
    then: Callable[[Picture, Sequence[Layer]], None] | None,
) -> None:
    workspace.select(picture.id)
    new = workspace.add(instances)
    if then:
        then(picture, new)
    st.session_state[_FILES] = rest
    count = len(instances)
    st.toast(f"Added {counted(count, 'layer')}", icon=":material/layers:")


def _header(upload: Upload) -> None:
    with st.container(horizontal=True, vertical_alignment="center", wrap=False):
        st.markdown(f"**{markdown.plain(upload.name)}**", width="stretch")
        st.button(
            ":material/close:",
            key=f"{upload.key} remove",
            type="tertiary",
            help="Leave this file out",
            on_click=_remove,
            args=(upload,),
        )


def _remove(upload: Upload) -> None:
    st.session_state[_FILES] = [
        other for other in st.session_state[_FILES] if other.key != upload.key
    ]
