"""The grid of samples: choose what is seen, leave out what is bad, look at one closely."""

from __future__ import annotations

import math
from typing import get_args

import streamlit as st

from maskcore.augment import Drawn
from pages.shared import choices, view
from pages.shared.view import Shown
from pages.use.augment import samples
from pages.use.augment.controls import SampleSettings
from pages.use.augment.samples import Look

_LOOK, _SIZE, _LEFT_OUT, _PAGE = (
    "augment look",
    "augment grid",
    "augment left out",
    "augment page",
)
_SIZES = (4, 9, 16, 25)


def left_out(picture_id: str, settings: SampleSettings) -> frozenset[int]:
    """Return the samples that are left out, by index; other numbers are other samples."""
    return _marks().get((picture_id, settings), frozenset())


def _marks() -> dict[tuple[str, SampleSettings], frozenset[int]]:
    marks: dict[tuple[str, SampleSettings], frozenset[int]] = st.session_state.setdefault(
        _LEFT_OUT, {}
    )
    return marks


def _toggle(picture_id: str, settings: SampleSettings, index: int) -> None:
    _marks()[picture_id, settings] = left_out(picture_id, settings) ^ {index}


def show(shown: Shown, settings: SampleSettings, count: int) -> None:
    """Show samples of the picture, some at a time.

    Args:
        shown: The picture and the masks that are augmented with it.
        settings: What the samples are made from.
        count: How many there are.
    """
    with st.container(horizontal=True, vertical_alignment="center"):
        look = choices.one_of("View", get_args(Look), default="Overlay", key=_LOOK, labeled=False)
        size = choices.one_of("Samples at a time", _SIZES, default=9, key=_SIZE, labeled=False)
    if not shown.instances:
        look = "Image"
    n_pages = math.ceil(count / size)
    first = (min(st.session_state.get(_PAGE, 1), n_pages) - 1) * size
    columns = math.isqrt(size)
    with st.grid(columns, min_column_width=60, gap="small" if columns < 4 else "xsmall"):
        for index in range(first, min(first + size, count)):
            _cell(shown, settings, index, look)
    if n_pages > 1:
        st.pagination(n_pages, key=_PAGE, max_visible_pages=5)


def _cell(shown: Shown, settings: SampleSettings, index: int, look: Look) -> None:
    faded = index in left_out(shown.picture.id, settings)
    with st.container(gap=None):
        content = samples.cell(shown, settings, index, look, faded=faded)
        st.image(content, width="stretch", alt=f"Sample {index + 1}")
        with st.container(horizontal=True, horizontal_alignment="distribute", gap=None, wrap=False):
            if st.button(
                f"{index + 1}",
                key=f"enlarge {index}",
                type="tertiary",
                icon=":material/zoom_in:",
                help="Look at it closely",
            ):
                _enlarge(shown, settings, index, look)
            st.button(
                ":material/undo:" if faded else ":material/close:",
                key=f"leave out {index}",
                type="tertiary",
                help="Take it in again" if faded else "Leave it out",
                on_click=_toggle,
                args=(shown.picture.id, settings, index),
            )


def _enlarge(shown: Shown, settings: SampleSettings, index: int, look: Look) -> None:
    @st.dialog(f"Sample {index + 1}", width="large")
    def closely() -> None:
        content = samples.large(shown.digest, repr(settings), index, look, shown, settings)
        left, right = view.beside(shown.picture)
        left.image(content, width="stretch", alt=f"Sample {index + 1}, enlarged")
        facts = drawn_facts(samples.drawn(shown.picture, settings, index))
        right.table(facts, border="horizontal", hide_header=True)
        taken = index not in left_out(shown.picture.id, settings)
        if right.button(
            "Leave it out" if taken else "Take it in again",
            key="leave out enlarged",
            icon=":material/close:" if taken else ":material/undo:",
            on_click=_toggle,
            args=(shown.picture.id, settings, index),
        ):
            st.rerun()

    closely()


def drawn_facts(drawn: Drawn) -> dict[str, str]:
    """Say in a few words what is done to a sample; what is not done is left out."""
    said = {
        "Rotation": (drawn.rotation, f"{drawn.rotation:.1f}°"),
        "Shift to the right": (drawn.shift_x, f"{drawn.shift_x:.1%}"),
        "Shift downwards": (drawn.shift_y, f"{drawn.shift_y:.1%}"),
        "Zoom": (drawn.zoom != 1, f"{drawn.zoom:.1%}"),
        "Shear": (drawn.shear, f"{drawn.shear:.1f}°"),
        "Left and right": (drawn.horizontal_flip, "swapped"),
        "Top and bottom": (drawn.vertical_flip, "swapped"),
        "Brightness": (drawn.brightness != 1, f"{drawn.brightness:.1%}"),
        "Contrast": (drawn.contrast != 1, f"{drawn.contrast:.1%}"),
        "Saturation": (drawn.saturation != 1, f"{drawn.saturation:.1%}"),
        "Hue": (drawn.hue, f"{drawn.hue:.1f}°"),
        "Blur": (drawn.blur, f"{drawn.blur * min(drawn.size_hw):.1f} px"),
        "Noise": (drawn.noise, f"{drawn.noise:.1f}"),
        "JPEG quality": (drawn.jpeg_quality is not None, str(drawn.jpeg_quality)),
        "Covered squares": (drawn.cutouts, str(len(drawn.cutouts))),
    }
    return {name: text for name, (changed, text) in said.items() if changed} or {"Changes": "none"}
