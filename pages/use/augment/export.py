"""The export of samples: what to write, the job that writes it, the download."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import partial
from typing import Literal

import streamlit as st

from maskcore.augment.files import Plan
from maskcore.files import archive
from maskcore.wording import counted
from pages.shared import choices, downloads, view, workspace
from pages.shared.jobs import file_job, file_offer
from pages.shared.view import Shown
from pages.use.augment import as_code, export_job, grid
from pages.use.augment.controls import SampleSettings
from pages.use.augment.export_job import SampledImage

_KEY = "samples"
_COUNT, _EVERYWHERE = "augment count", "augment in all"
_MAX_COUNT = 1000
_FORMATS: dict[Literal["png", "jpg"], str] = {"png": "PNG", "jpg": "JPEG"}
_LABEL_MAPS, _MASKS = "Label maps", "A mask per layer"


def count() -> int:
    """Return how many samples of each image are wanted."""
    number: int = st.session_state.setdefault(_COUNT, 50)
    return number


def show(shown: Shown, settings: SampleSettings) -> None:
    """Show what can be chosen of the export, its progress and the download."""
    st.subheader("Export", anchor=False)
    plan = _plan(settings)
    sources, cache_key = _sources(_pictures(shown), settings, plan)
    n_out = sum(len(source.left_out) for source in sources)
    total = plan.count * len(sources) - n_out
    file_offer.show(
        _KEY,
        f"Make {counted(total, 'sample')}",
        partial(_submit, sources, plan, cache_key),
        cache_key=cache_key,
        file_name=archive.safe_name(f"{shown.picture.stem}_samples.zip"),
        disabled=not total,
        latest=file_job.latest(_KEY),
        notes=[f"{n_out} left out."] if n_out else [],
    )
    downloads.same_in_python(as_code.maskcore(sources[0], settings, plan))
    with st.expander("The same with torchvision, as far as it can", icon=":material/code:"):
        st.code(as_code.torchvision(settings.ranges, shown.picture.size_hw), language="python")


def _plan(settings: SampleSettings) -> Plan:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        number = st.number_input(
            "Samples of each image", 1, _MAX_COUNT, key=_COUNT, width=170, persist_state="session"
        )
        image_format = choices.one_of("Images", _FORMATS, default="png", key="augment format")
        masks = st.pills(
            "Masks, besides COCO's annotations",
            [_LABEL_MAPS, _MASKS],
            selection_mode="multi",
            default=[_LABEL_MAPS],
            key="augment masks",
            persist_state="session",
        )
    return Plan(
        settings.ranges, number, settings.seed, image_format, _LABEL_MAPS in masks, _MASKS in masks
    )


def _pictures(shown: Shown) -> list[Shown]:
    """Return what samples are made of: what is shown, or all open images with their layers."""
    pictures = workspace.pictures()
    if len(pictures) < 2 or not st.toggle(
        f"Of all {len(pictures)} open images", key=_EVERYWHERE, persist_state="session"
    ):
        return [shown]
    return [view.layers_shown(picture, empty_too=False) for picture in pictures]


def _sources(
    chosen: Sequence[Shown], settings: SampleSettings, plan: Plan
) -> tuple[list[SampledImage], str]:
    """Return the images as the job takes them, and what identifies all that it is given."""
    sources = []
    for shown in chosen:
        out = grid.left_out(shown.picture.id, settings)
        left_out = frozenset(index for index in out if index < plan.count)
        sources.append(
            SampledImage(shown.picture.name, shown.picture.content, shown.instances, left_out)
        )
    stated = [
        (shown.digest, sorted(source.left_out))
        for shown, source in zip(chosen, sources, strict=True)
    ]
    return sources, hashlib.sha256(repr((stated, plan)).encode()).hexdigest()


def _submit(sources: Sequence[SampledImage], plan: Plan, cache_key: str) -> None:
    file_job.submit(
        _KEY, "Making samples", "samples.zip", cache_key, export_job.write, list(sources), plan
    )
