"""What comes in from a browser: uploads, photos and pasted text."""

from __future__ import annotations

import streamlit as st

from maskcore import image_io, samples
from maskcore.errors import MaskcoreError
from maskcore.wording import counted
from pages.shared import caches, markdown, uploads, workspace

_QUEUE = "files to open"
_GENERATION = "uploads so far"


def image_uploader(label: str) -> None:
    """Offer an upload of one or many images; they open on the next run of the page."""
    # A new key empties the widget once its files are taken; so closing an image is for good.
    key = f"images {st.session_state.setdefault(_GENERATION, 0)}"
    st.file_uploader(
        label,
        accept_multiple_files=True,
        key=key,
        on_change=_take,
        args=(key,),
        help="JPEG, PNG, WebP, TIFF, BMP, GIF or AVIF, up to 50 megapixels each",
    )


def camera(label: str) -> None:
    """Offer the camera; the photo opens on the next run of the page."""
    key = f"photo {st.session_state.setdefault(_GENERATION, 0)}"
    st.camera_input(label, key=key, on_change=_take, args=(key,))


def _take(key: str) -> None:
    queue = st.session_state.setdefault(_QUEUE, [])
    queue += [(file.name, file.getvalue()) for file in uploads.take(key)]
    st.session_state[_GENERATION] += 1


def open_waiting() -> None:
    """Open what was uploaded; what cannot be read is named, the others open all the same."""
    queue: list[tuple[str, bytes]] = st.session_state.get(_QUEUE, [])
    if not queue:
        return
    total = len(queue)
    progress = st.progress(0.0, text=f"Opening {total} images") if total > 1 else None
    faults = []
    while queue:
        name, content = queue.pop(0)
        try:
            workspace.open_file(name, content)
        except MaskcoreError as error:
            faults.append(f"{name}: {error}")
        if progress:
            progress.progress((total - len(queue)) / total, text=f"Opened {name}")
    if progress:
        progress.empty()
    if total > len(faults):
        opened = total - len(faults)
        _say_opened(name if total == 1 else counted(opened, "image"))
    for fault in faults:
        st.error(markdown.plain(fault), icon=":material/broken_image:")


def _say_opened(what: str) -> None:
    st.toast(f"Opened {markdown.plain(what)}", icon=":material/image:")


def open_sample(name: str) -> None:
    """Open one of the images that come with Mask Studio."""
    sample = samples.load(name)
    workspace.open_file(sample.name, sample.image_bytes)
    _say_opened(sample.name)


@caches.data()
def sample_thumbnail(name: str) -> bytes:
    """Return a small JPEG of a sample."""
    image = image_io.read_image(samples.load(name).image_bytes)
    height, width = image.shape[:2]
    # All cards alike: the middle, in the proportions 3 : 2.
    crop_h, crop_w = min(height, width * 2 // 3), min(width, height * 3 // 2)
    top, left = (height - crop_h) // 2, (width - crop_w) // 2
    middle = image[top : top + crop_h, left : left + crop_w]
    return image_io.encode_jpeg(image_io.preview(middle, 480))
