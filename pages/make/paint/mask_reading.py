"""One file of masks: how it is read, what its masks are called, and how they fit on an image."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import streamlit as st

from maskcore import mask_files, rle
from maskcore.image_io import stored
from maskcore.image_io.stored import MaskPixels
from maskcore.mask_files import MaskFile, kinds as mask_kinds
from maskcore.masks import sizes as mask_size
from maskcore.types import Instance
from pages.shared import caches, pictures, view
from pages.shared.pictures import Picture
from pages.shared.view import Shown

_MOST_APART = 1000  # masks of one file that become a layer each
_MOST_LISTED = 300  # labels to choose from
_WIDTH = 136  # pixels of a control
_TURNS = {0: "As it is", 1: "To the right", 2: "Upside down", 3: "To the left"}
_TURNS_OF_ORIENTATION = {3: 2, 6: 1, 8: 3}  # EXIF


@dataclass(frozen=True)
class Upload:
    """A file of masks that waits to be added.

    Attributes:
        key: Of its widgets.
        name: The file's name.
        content: The file.
        digest: SHA-256 of the content.
    """

    key: str
    name: str
    content: bytes = field(repr=False)
    digest: str

    @property
    def stem(self) -> str:
        """The name without its ending."""
        return self.name.rpartition(".")[0] or self.name


def instances(upload: Upload, picture: Picture) -> list[Instance]:
    """Show a file and let the person change how it is read; return what it adds to a picture.

    Raises:
        ImageError: If the file cannot be read.
    """
    usual = _interpreted(upload, _ReadSettings())
    with st.container(horizontal=True, wrap=False):
        look = st.container(width=120)
        title = st.container(gap="xsmall")
    controls = st.container(horizontal=True, vertical_alignment="bottom", gap="small")
    with controls:
        settings = _settings(upload, picture, usual)
    file = _interpreted(upload, settings)
    for note in file.notes:
        st.caption(f":material/info: {note}")
    found = _fitted(upload, picture, file)
    with controls:
        joined = _joined(upload, len(found))
    with title:
        st.caption(f"{file.summary[:1].upper()}{file.summary[1:]}")
        named = _named(upload, found, joined)
    with look:
        _look(upload, picture, file, named)
    return named


class _ReadSettings(NamedTuple):
    """The way a file is read."""

    kind: str = "auto"
    threshold: int = 128
    invert: bool = False
    left_out: tuple[str, ...] | None = None
    quarter_turns: int = 0


@caches.resource(max_entries=200, show_spinner="Reading the mask")
def _interpreted(upload: Upload, settings: _ReadSettings) -> MaskFile:
    return mask_files.interpret(
        _pixels(upload),
        kind=settings.kind,
        threshold=settings.threshold,
        invert=settings.invert,
        left_out=settings.left_out,
        quarter_turns=settings.quarter_turns,
    )


@caches.resource(max_entries=2)
def _pixels(upload: Upload) -> MaskPixels:
    return stored.read(upload.content)


@caches.resource(max_entries=50)
def _resized(instances: Sequence[Instance], size_hw: tuple[int, int]) -> list[Instance]:
    return mask_size.fit(instances, size_hw)


def _settings(upload: Upload, picture: Picture, usual: MaskFile) -> _ReadSettings:
    """Let the person change how a file is read; what is likeliest is chosen already."""
    key = upload.key
    settings = _ReadSettings(usual.kind)
    if len(usual.kinds) > 1:
        kind = st.selectbox(
            "Read as",
            usual.kinds,
            format_func=str.capitalize,
            width=_WIDTH,
            key=f"{key} kind",
            persist_state="session",
        )
        settings = settings._replace(kind=kind)
    kind = settings.kind
    if kind in ("gray", "alpha"):
        threshold = st.slider(
            "Inside from",
            1,
            255,
            128,
            key=f"{key} {kind} threshold",
            persist_state="session",
            width=_WIDTH,
        )
        settings = settings._replace(threshold=threshold)
    if kind not in mask_kinds.CODED:
        invert = st.toggle("Invert", key=f"{key} invert", persist_state="session")
        settings = settings._replace(invert=invert)
    else:
        usual = _interpreted(upload, settings)
        if 1 < len(usual.labels) <= _MOST_LISTED:
            left_out = st.multiselect(
                "Left out",
                usual.labels,
                usual.left_out,
                key=f"{key} {kind} left out",
                width=_WIDTH,
                persist_state="session",
            )
            if set(left_out) != set(usual.left_out):
                settings = settings._replace(left_out=tuple(sorted(left_out)))
    return settings._replace(quarter_turns=_turns(upload, picture, usual.size_hw))


def _turns(upload: Upload, picture: Picture, size_hw: tuple[int, int]) -> int:
    """Let the person turn masks that were made before the photo was turned upright."""
    orientation = pictures.read(picture).orientation
    is_turned = mask_size.is_turned(size_hw, picture.size_hw)
    if not is_turned and orientation not in _TURNS_OF_ORIENTATION:
        return 0
    return st.selectbox(
        "Turn",
        list(_TURNS),
        index=_TURNS_OF_ORIENTATION.get(orientation, 1) if is_turned else 0,
        format_func=_TURNS.__getitem__,
        width=_WIDTH,
        key=f"{upload.key} turn {picture.id}",
        persist_state="session",
    )


def _joined(upload: Upload, count: int) -> bool:
    """Let the person join the masks of a file."""
    if count < 2:
        return False
    many = count > _MOST_APART
    return st.toggle(
        "All in one layer",
        value=many,
        disabled=many,
        key=f"{upload.key} joined {many}",
        help=f"Always so for more than {_MOST_APART:,}" if many else None,
        persist_state="session",
    )


def _named(upload: Upload, found: Sequence[Instance], joined: bool) -> list[Instance]:
    """Let the person name the masks."""
    if not found:
        return []
    if joined:
        found = [Instance(rle.union(instance.mask for instance in found), upload.stem)]
    several = len(found) > 1
    label = st.text_input(
        "Label",
        "" if several else upload.stem[:100],
        key=f"{upload.key} label {several}",
        max_chars=100,
        placeholder="As in the file" if several else "Label",
        label_visibility="collapsed",
        persist_state="session",
    ).strip()
    return [replace(instance, label=label or instance.label) for instance in found]


def _fitted(upload: Upload, picture: Picture, file: MaskFile) -> Sequence[Instance]:
    """Let the person decide about masks of another size than the image."""
    sentence = mask_size.mismatch(file.size_hw, picture.size_hw)
    if sentence is None or not file.instances:
        return file.instances
    fits = mask_size.has_proportions(file.size_hw, picture.size_hw)
    if fits:
        st.caption(f":material/aspect_ratio: {sentence}")
    else:
        st.warning(sentence, icon=":material/aspect_ratio:")
    resize = st.toggle(
        "Resize to the image",
        value=fits,
        key=f"{upload.key} resize {picture.id}",
        persist_state="session",
    )
    return _resized(file.instances, picture.size_hw) if resize else []


def _look(upload: Upload, picture: Picture, file: MaskFile, fitted: list[Instance]) -> None:
    if fitted:
        content = view.thumbnail(Shown.of(picture, fitted))
        st.image(content, width="stretch", alt=f"{upload.name} on the image")
    elif file.instances:
        whole = rle.union(instance.mask for instance in file.instances)
        st.image(view.mask_thumbnail(whole), width="stretch", alt=upload.name)
