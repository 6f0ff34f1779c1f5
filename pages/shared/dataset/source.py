"""Where a data set comes from: uploads, a folder on the server, a sample; and what is open."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from maskcore import datasets
from maskcore.wording import counted
from pages.shared import choices, errors, markdown, uploads
from pages.shared.dataset import example, server_folder, state
from pages.shared.dataset.state import Opened
from pages.shared.dataset.uploads import MAX_BYTES, UploadFolder

_REQUEST, _FORMAT = "data set request", "data set format"
_GENERATION = "data set uploads so far"
_MOST_TOLD = 3


def show() -> None:
    """Show what is open and what can be changed about it, or how to open something."""
    with errors.shown():
        request: Callable[[], None] | None = st.session_state.get(_REQUEST)
        if request is not None:
            # A click in the meantime ends this run, which is no Exception; the next one answers.
            try:
                with st.spinner("Reading the files"):
                    request()
            except Exception:  # said once, whatever it is
                del st.session_state[_REQUEST]
                raise
            del st.session_state[_REQUEST]
    opened = state.current()
    if opened is None:
        _offer()
    else:
        _bar(opened)


def _ask(function: Callable[..., None], *arguments: Any) -> None:
    """Do it on the next run of the page, where what goes wrong can be shown; for callbacks."""
    st.session_state[_REQUEST] = partial(function, *arguments)


def _offer() -> None:
    st.markdown(
        "See a data set of images and masks, and every fault in it. "
        "**Drop its files, or try the sample set.**"
    )
    with errors.shown():
        root = server_folder.allowed()
        if root is not None and _is_on_server():
            path = server_folder.choose(root)
            st.button(
                "Open it",
                key="open server folder",
                type="primary",
                icon=":material/folder_open:",
                on_click=_ask,
                args=(_open_on_server, path, root),
            )
        else:
            _uploaders()
    with st.container(border=True, horizontal=True, vertical_alignment="center"):
        st.markdown(f"**{example.NAME}** · {example.CAPTION}", width="stretch")
        st.button(
            "Open the sample set",
            key="open sample set",
            icon=":material/category:",
            on_click=_ask,
            args=(_open_sample,),
        )
    with st.expander("What is understood", icon=":material/help:"):
        lines = [
            f"- **{known.title}**: {known.what}"
            for known in datasets.FORMATS.values()
            if known.can_read
        ]
        st.markdown("\n".join(lines))


def _is_on_server() -> bool:
    places = ["Upload", "Folder on the server"]
    place = choices.one_of(
        "Where it is", places, default=places[0], key="data set place", labeled=False
    )
    return place == places[1]


def _uploaders() -> None:
    # A new key empties the widgets once their files are taken.
    generation = st.session_state.setdefault(_GENERATION, 0)
    files, folder = st.columns(2)
    key = f"data set files {generation}"
    files.file_uploader(
        "Files: images and annotations, or a zip of all",
        accept_multiple_files=True,
        key=key,
        on_change=_take,
        args=(key,),
    )
    key = f"data set folder {generation}"
    folder.file_uploader(
        "A folder, with the folders in it",
        accept_multiple_files="directory",
        key=key,
        on_change=_take,
        args=(key,),
    )
    st.caption(
        f"Up to {MAX_BYTES // 1_000_000} MB in all. The files stay on this server while the page "
        "is open, and are deleted then."
    )


def _take(key: str) -> None:
    taken = uploads.take(key)
    if taken:
        _ask(_open_uploads, taken)
        st.session_state[_GENERATION] += 1


def _open_uploads(files: Sequence[UploadedFile]) -> None:
    """Open what was uploaded, together with what is there if that was uploaded too."""
    opened = state.current()
    folder = opened.upload if opened is not None and opened.upload is not None else UploadFolder()
    folder.add((file.name, file.getvalue()) for file in files)
    state.open_files(folder.path, folder.name, folder.digest, upload=folder)


def _open_sample() -> None:
    folder = UploadFolder()
    folder.add(example.files())
    state.open_files(folder.path, example.NAME, folder.digest, upload=folder)


def _open_on_server(path: Path, root: Path) -> None:
    path = server_folder.within(root, path)
    state.open_files(path, path.name, server_folder.digest(path, root), limit=root)


def _bar(opened: Opened) -> None:
    with st.container(border=True, gap="xsmall"):
        with st.container(horizontal=True, vertical_alignment="center"):
            n_samples = len(opened.dataset.samples)
            st.markdown(
                f"**{markdown.plain(opened.name)}** · {counted(n_samples, 'sample')}",
                width="stretch",
            )
            _format(opened)
            if opened.upload is not None:
                with st.popover("Add files", icon=":material/add:", key="add to data set"):
                    _uploaders()
            st.button("Close", key="close data set", icon=":material/close:", on_click=state.close)
        for note in opened.notes[:_MOST_TOLD]:
            st.caption(f":material/info: {markdown.plain(note)}")


def _format(opened: Opened) -> None:
    names = list(dict.fromkeys([*opened.detected, *_readable()]))
    st.session_state[_FORMAT] = opened.format

    def title(name: str) -> str:
        return f"{datasets.FORMATS[name].title}{' (detected)' * (name == opened.detected[0])}"

    st.selectbox(
        "Format",
        names,
        format_func=title,
        key=_FORMAT,
        on_change=lambda: _ask(state.read_as, st.session_state[_FORMAT]),
        label_visibility="collapsed",
        width=330,
    )


def _readable() -> list[str]:
    return [name for name, known in datasets.FORMATS.items() if known.can_read]
