"""What a data set is to become: the format, and what becomes of its images."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import streamlit as st

from maskcore import datasets
from maskcore.datasets import Images
from maskcore.wording import counted, listed
from pages.shared import choices, markdown
from pages.shared.dataset.jobs import WriteRequest
from pages.shared.dataset.state import Opened

_IMAGES: dict[Images, str] = {
    "copy": "Copy",
    "leave": "Leave out",
    "embed": "Put inside",
}
_MEANING: dict[Images, str] = {
    "copy": "The image files are copied as they are.",
    "leave": "Only the annotations are written; they name the images.",
    "embed": "Each annotation file holds its image.",
}
_MOST_TO_READ = 200  # samples whose annotations are read while the page is drawn


@dataclass(frozen=True)
class ConversionSettings:
    """A conversion that was chosen.

    Attributes:
        opened: The data set.
        format: What it is to become.
        images: What becomes of the image files.
    """

    opened: Opened
    format: str
    images: Images

    @property
    def digest(self) -> str:
        """Identifies the conversion and all that it depends on; begins with that of the files."""
        said = (self.opened.id, self.format, self.images)
        return f"{self.opened.digest} {hashlib.sha256(repr(said).encode()).hexdigest()}"

    @property
    def is_small(self) -> bool:
        """Whether the whole set is read in a moment."""
        return len(self.opened.dataset.samples) <= _MOST_TO_READ

    def request(self) -> WriteRequest:
        """Return it as the worker process takes it."""
        advice = "leave the images out, or convert on the command line"
        return WriteRequest(self.opened.files, self.format, self.images, advice=advice)


def show(opened: Opened) -> ConversionSettings:
    """Show what the data set is and let what it becomes be chosen."""
    left, right = st.columns(2, gap="large")
    with left:
        st.subheader("From", anchor=False)
        _source(opened)
    with right:
        st.subheader("To", anchor=False)
        name = _format(opened)
        images = _images(name)
    return ConversionSettings(opened, name, images)


def _source(opened: Opened) -> None:
    dataset = opened.dataset
    n_samples = len(dataset.samples)
    title = datasets.FORMATS[dataset.format].title
    st.markdown(f"**{title}**, {counted(n_samples, 'sample')}")
    is_known = dataset.stated_labels or n_samples <= _MOST_TO_READ
    labels = dataset.labels if is_known else ()
    if labels:
        named = listed(labels, 12, markdown.plain)
        st.caption(f"{counted(len(labels), 'class')}: {named}")
    n_corrected = len(opened.corrections)
    if n_corrected:
        st.caption(f"{counted(n_corrected, 'sample')} corrected here.")


def _format(opened: Opened) -> str:
    names = [name for name, format_ in datasets.FORMATS.items() if format_.can_write]
    likely = "yolo" if opened.format == "coco" else "coco"
    st.session_state.setdefault("convert format", likely)
    name: str = st.selectbox(
        "Format",
        names,
        format_func=lambda name: datasets.FORMATS[name].title,
        key="convert format",
        persist_state="session",
    )
    what = datasets.FORMATS[name].what
    st.caption(f"{what[:1].upper()}{what[1:]}.")
    return name


def _images(name: str) -> Images:
    can_embed = datasets.FORMATS[name].can_embed
    options = [images for images in _IMAGES if can_embed or images != "embed"]
    images: Images = choices.one_of(
        "Images",
        options,
        default="copy",
        key=f"convert images {'or embed' * can_embed}",
        named=_IMAGES.__getitem__,
    )
    st.caption(_MEANING[images])
    return images


def short(name: str, longest: int) -> str:
    """Leave out the middle of a long name."""
    half = longest // 2
    return name if len(name) <= longest else f"{name[:half]}…{name[-half:]}"
