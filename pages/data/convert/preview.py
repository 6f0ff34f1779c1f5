"""The first files of a conversion, made and shown before the rest is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import groupby, takewhile

import numpy as np
import streamlit as st

from maskcore import datasets, image_io
from maskcore.datasets import Dataset, Images
from maskcore.datasets.files import IMAGE_SUFFIXES, base, suffix
from pages.data.convert.target import ConversionSettings, short
from pages.shared import markdown

_N_SAMPLES = 3
_MOST_TEXTS, _MOST_PICTURES, _MOST_NAMES = 3, 6, 20
_MOST_CHARACTERS = 1200
_LONGEST, _WIDTH = 240, 104
_HEIGHT, _FITTING = 220, 300  # pixels of a text that scrolls, characters of one that need not
_LONGEST_NAME, _LONGEST_CAPTION = 36, 16
_DARK = 128  # below that, the numbers of a label map are all black to the eye


@dataclass(frozen=True)
class FirstFiles:
    """The files of the first samples.

    Attributes:
        names: All of them.
        texts: Name and beginning of some that are text.
        pictures: Name and thumbnail, PNG, of some masks.
    """

    names: tuple[str, ...]
    texts: tuple[tuple[str, str], ...]
    pictures: tuple[tuple[str, bytes], ...]


def show(settings: ConversionSettings) -> None:
    """Show which files there will be and what is in the first of them."""
    st.subheader("The first files", anchor=False)
    samples = settings.opened.dataset.samples
    first = _first(settings.digest, settings.format, settings.images, settings.opened.dataset)
    st.code(_tree(first.names), language=None)
    if len(samples) > _N_SAMPLES:
        st.caption(f"Of the first {_N_SAMPLES} of {len(samples):,} samples.")
    for folder, pictures in groupby(first.pictures, key=_folder):
        st.caption(markdown.plain(folder) or "Masks")
        with st.container(horizontal=True, gap="small"):
            for name, content in pictures:
                caption = markdown.plain(short(base(name), _LONGEST_CAPTION))
                st.image(content, caption=caption, width=_WIDTH, alt=name)
    if first.texts:
        tabs = st.tabs([markdown.plain(base(name)) for name, _ in first.texts])
        for tab, (_, text) in zip(tabs, first.texts, strict=True):
            is_long = len(text) > _FITTING
            tab.code(text, language=None, wrap_lines=True, height=_HEIGHT if is_long else "content")


@st.cache_data(max_entries=32, show_spinner="Making the first files …")
def _first(digest: str, name: str, images: Images, _dataset: Dataset) -> FirstFiles:
    """Write the first samples; the digest stands for the data set, with its corrections."""
    del digest
    few = replace(_dataset, samples=_dataset.samples[:_N_SAMPLES])
    files = list(datasets.members(few, name, images=images))
    annotations = {file for file, _ in files}
    if images == "copy":
        annotations = {member for member, _ in datasets.members(few, name, images="leave")}
    texts: list[tuple[str, str]] = []
    pictures: list[tuple[str, bytes]] = []
    for member, content in files:
        if member not in annotations:
            continue
        if suffix(member) in IMAGE_SUFFIXES:
            pictures += [(member, _thumbnail(content))] if len(pictures) < _MOST_PICTURES else []
        elif (text := _beginning(content)) is not None:
            texts.append((member, text))
    # The file about all samples is the last one.
    texts = texts if len(texts) <= _MOST_TEXTS else [*texts[: _MOST_TEXTS - 1], texts[-1]]
    pictures.sort(key=_folder)
    return FirstFiles(tuple(file for file, _ in files), tuple(texts), tuple(pictures))


def _folder(picture: tuple[str, bytes]) -> str:
    return picture[0].rpartition("/")[0]


def _beginning(content: bytes) -> str | None:
    """Return the beginning of a text; None of what is no text."""
    head = content[: 4 * _MOST_CHARACTERS]
    if b"\0" in head:
        return None
    text = head.decode(errors="replace")
    is_whole = len(text) <= _MOST_CHARACTERS and len(head) == len(content)
    return text if is_whole else f"{text[:_MOST_CHARACTERS]} …"


def _thumbnail(content: bytes) -> bytes:
    """Return a small picture of a mask."""
    small = image_io.preview(image_io.read_image(content), _LONGEST)
    brightest = max(1, int(small.max()))
    if brightest < _DARK:
        small = (small * (255 / brightest)).astype(np.uint8)
    return image_io.encode_png(small)


def _folders(name: str) -> tuple[bool, list[str]]:
    """Sort by folders, what is in none of them last."""
    folders = name.split("/")[:-1]
    return not folders, folders


def _tree(names: Sequence[str]) -> str:
    """Return the names below their folders, each folder in a line of its own."""
    lines: list[str] = []
    above: list[str] = []
    for name in sorted(names, key=_folders):
        *folders, last = name.split("/")
        same = takewhile(lambda both: both[0] == both[1], zip(above, folders, strict=False))
        n_same = len(list(same))
        lines += [f"{'  ' * i}{folders[i]}/" for i in range(n_same, len(folders))]
        lines.append("  " * len(folders) + short(last, _LONGEST_NAME))
        above = folders
    shown = lines[:_MOST_NAMES]
    if len(lines) > len(shown):
        shown.append(f"… {len(lines) - len(shown):,} more")
    return "\n".join(shown)
