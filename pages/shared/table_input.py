"""Where the text of a table comes from: pasted, uploaded or an example."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass

import streamlit as st

from pages.shared import choices, markdown


@dataclass(frozen=True)
class TableContent:
    """What was pasted or uploaded.

    Attributes:
        content: The text, or the file's bytes.
        name: The file's name; "" if it was pasted.
        digest: SHA-256 of the content.
    """

    content: str | bytes
    name: str
    digest: str


@dataclass(frozen=True)
class TableInput:
    """A place to paste or upload a table.

    Attributes:
        name: Of it, in the keys of its widgets.
        title: What it takes, for people.
        placeholder: An example of a few rows.
        upload: What files it takes, for people.
    """

    name: str
    title: str
    placeholder: str
    upload: str

    def show(self, examples: Callable[[], object]) -> TableContent | None:
        """Show it and return what is there; `examples` draws buttons below the text."""
        st.session_state.setdefault(f"{self.name} source", "Paste")
        way = choices.one_of(self.title, ["Paste", "Upload"], key=f"{self.name} source")
        if way == "Upload":
            return self._uploaded()
        text = st.text_area(
            self.title,
            key=f"{self.name} text",
            height=190,
            max_chars=1_000_000,
            placeholder=self.placeholder,
            label_visibility="collapsed",
            persist_state="session",
        )
        with st.container(horizontal=True):
            examples()
            st.button(
                "Clear",
                key=f"clear {self.name}",
                on_click=self._clear,
                icon=":material/backspace:",
                disabled=not text,
            )
        if not text.strip():
            return None
        return TableContent(text, "", hashlib.sha256(text.encode()).hexdigest())

    def paste(self, text: str) -> None:
        """Put a text in, as if it was pasted; for callbacks."""
        st.session_state[f"{self.name} text"] = text

    def _uploaded(self) -> TableContent | None:
        # A new key empties the widget once its file is taken.
        key = f"{self.name} upload {st.session_state.setdefault(f'{self.name} uploads', 0)}"
        st.file_uploader(self.upload, key=key, on_change=self._take, args=(key,))
        uploaded: TableContent | None = st.session_state.get(f"{self.name} file")
        if uploaded:
            with st.container(horizontal=True, vertical_alignment="center"):
                size = f"{len(uploaded.content) / 1e6:,.1f} MB"
                st.markdown(f":material/table: {markdown.plain(uploaded.name)} · {size}")
                st.button(
                    "Remove",
                    key=f"remove {self.name}",
                    on_click=self._clear,
                    icon=":material/close:",
                    type="tertiary",
                )
        return uploaded

    def _take(self, key: str) -> None:
        file = st.session_state.get(key)
        if file is not None:
            content = file.getvalue()
            digest = hashlib.sha256(content).hexdigest()
            st.session_state[f"{self.name} file"] = TableContent(content, file.name, digest)
            st.session_state[f"{self.name} uploads"] += 1

    def _clear(self) -> None:
        self.paste("")
        st.session_state.pop(f"{self.name} file", None)
