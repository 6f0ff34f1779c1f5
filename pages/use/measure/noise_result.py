"""Noise on the page: the picture before and after, the pixels that were found, the whole result."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import streamlit as st

from maskcore import image_io, rle
from maskcore.overlay import PALETTE
from maskcore.rle import RLE
from maskcore.types import Box, Instance
from pages.shared import canvas, choices, downloads, errors, markdown, pictures, view, workspace
from pages.shared.colors import to_hex
from pages.shared.compare import compare
from pages.shared.jobs import progress
from pages.shared.jobs.job import Job
from pages.shared.jobs.queue import queue
from pages.shared.pictures import Picture
from pages.use.measure import noise_controls, noise_job
from pages.use.measure.noise_job import Fill, Find

_JOB, _JOB_FOR, _VIEW, _PLACES = "fill job", "fill job for", "noise view", "noise places"
_COMPARE, _FOUND = "Before and after", "Found pixels"


def show(picture: Picture) -> None:
    """Show what is noise in the picture, and the picture without it."""
    st.markdown("Wrong pixels are found, masked, and filled from those around them.")
    height, width = picture.size_hw
    close_up = noise_job.close_up(picture.size_hw, (0, 0))
    look, controls = view.beside(
        replace(picture, size_hw=(close_up[3] - close_up[1], close_up[2] - close_up[0]))
    )
    with controls:
        find = noise_controls.find()
        if find is None:
            with look:
                view.show(view.Shown.of(picture, []), alt="The image")
            return
        fill = noise_controls.fill(find)
        mask = _found(picture.id, find.digest, picture, find)
        area = rle.area(mask)
        st.markdown(f"**{area:,} pixels** are masked, {area / (height * width):.3%} of the image.")
        _keep(picture, mask, find, fill)
    with look:
        _look(picture, mask, find, fill)
    downloads.same_in_python(noise_controls.python(picture, find, fill))


@st.cache_resource(max_entries=8, show_spinner=False)
def _found(picture_id: str, find_digest: str, _picture: Picture, _find: Find) -> RLE:
    del picture_id, find_digest
    return _find.mask(pictures.image(_picture))


def _look(picture: Picture, mask: RLE, find: Find, fill: Fill) -> None:
    """Show the close-up before and after, or everything with what was found."""
    mode = choices.one_of("View", [_COMPARE, _FOUND], default=_COMPARE, key=_VIEW, labeled=False)
    places = st.session_state.setdefault(_PLACES, {})
    if mode == _FOUND:

        def go_there(x: int, y: int) -> None:
            places[picture.id] = x, y
            st.session_state[_VIEW] = _COMPARE

        canvas.pick(
            picture,
            key=f"noise {picture.id[:12]}",
            on_pick=go_there,
            mask=mask,
            color=to_hex(PALETTE[0]),
        )
        st.caption("Click a place to see it before and after.")
        return
    if find.layer:
        box = noise_job.around(mask)
    else:
        # It stays where it is while sliders move.
        place = places.setdefault(picture.id, noise_job.densest(mask))
        box = noise_job.close_up(picture.size_hw, place)
    before, after = _parts(picture.id, find.digest, fill, box, picture, mask)
    if after is None:
        st.image(before, width="stretch", alt="A part of the image, all of which is masked")
        st.info("All of this is masked, so there is nothing to fill from.", icon=":material/info:")
        return
    compare(before, after, key="noise compare")
    if not find.layer and not _is_whole(picture, box):
        st.caption("A close-up; choose another place in “Found pixels”.")


@st.cache_data(max_entries=24, show_spinner=False)
def _parts(
    picture_id: str, find_digest: str, fill: Fill, box: Box, _picture: Picture, _mask: RLE
) -> tuple[bytes, bytes | None]:
    del picture_id, find_digest
    before, after = noise_job.part(pictures.image(_picture), _mask, box, fill)
    files = (
        image_io.encode_jpeg(image, quality=92) for image in (before, after) if image is not None
    )
    return next(files), next(files, None)


def _is_whole(picture: Picture, box: Box) -> bool:
    return box == (0, 0, *picture.size_hw[::-1])


def _keep(picture: Picture, mask: RLE, find: Find, fill: Fill) -> None:
    """Offer what was found as a layer, and the whole filled image."""
    area, wish = rle.area(mask), f"{picture.id}{find.digest}{fill}"
    with st.container(horizontal=True):
        if not find.layer:
            found = [Instance(mask, "noise")] if area else []
            downloads.keep(found, "Keep as a layer", picture=picture, key="keep noise")
        if 0 < area < mask.size_hw[0] * mask.size_hw[1]:
            make = _result(picture, find, fill, wish)
            if make:
                _offer(picture, make, wish)
    if st.session_state.get(_JOB_FOR) == wish:
        progress.follow(_JOB)


def _result(picture: Picture, find: Find, fill: Fill, wish: str) -> Callable[[], bytes] | None:
    """Return what makes the filled image; None while a large one is not there yet."""
    if _is_whole(picture, noise_job.close_up(picture.size_hw, (0, 0))):
        return lambda: _filled(wish, picture, find, fill)
    job: Job | None = st.session_state.get(_JOB) if st.session_state.get(_JOB_FOR) == wish else None
    if job and job.state == "done":
        return lambda: job.result
    st.button(
        "Fill the whole image",
        key="fill whole",
        icon=":material/healing:",
        disabled=job is not None and not job.finished,
        on_click=_submit,
        args=(picture, find, fill, wish),
    )
    return None


@st.cache_data(max_entries=4, show_spinner=False)
def _filled(wish: str, _picture: Picture, _find: Find, _fill: Fill) -> bytes:
    del wish
    return noise_job.whole(lambda *_: None, _picture.content, _find, _fill)


def _submit(picture: Picture, find: Find, fill: Fill, wish: str) -> None:
    before: Job | None = st.session_state.get(_JOB)
    if before and not before.finished:
        queue.cancel(before)
    st.session_state[_JOB_FOR] = wish
    progress.submit(_JOB, "Filling", noise_job.whole, picture.content, find, fill)


def _offer(picture: Picture, make: Callable[[], bytes], wish: str) -> None:
    """Offer to open and to download the filled image."""
    name = f"{picture.stem}_filled.png"

    def open_it() -> None:
        with errors.shown():
            workspace.open_file(name, make())
            st.toast(f"Opened {markdown.plain(name)}", icon=":material/image:")

    st.button("Open the result", key="open filled", icon=":material/image:", on_click=open_it)
    downloads.file("Download", name, make, wish, key="download filled")
