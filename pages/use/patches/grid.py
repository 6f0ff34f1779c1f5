"""The patches of a picture on the page: the grid drawn on it, the counts, the export."""

from __future__ import annotations

from typing import Literal

import numpy as np
import streamlit as st

from maskcore import image_io, patches, rle
from maskcore.augment import files as augment_files
from maskcore.errors import MaskcoreError
from maskcore.patches import files as patch_files
from maskcore.patches.files import PatchPlan, Settings
from pages.shared import caches, downloads, view, workspace
from pages.shared.pictures import Picture
from pages.shared.view import Shown
from pages.use.patches import as_code, controls as patches_controls, export
from pages.use.patches.controls import CutRequest

_LONGEST = 1400
_MOST = 100_000


def show(picture: Picture) -> None:
    """Show how a picture is cut into patches, and offer them as files.

    Raises:
        MaskcoreError: If it cannot be cut so.
    """
    shown = view.layers_shown(picture, empty_too=False)
    look, controls = view.beside(picture)
    with controls:
        request = patches_controls.request(shown)
        chosen = _chosen(shown, request)
        stems = augment_files.stems(other.picture.name for other in chosen)
        stem = next(
            stem
            for stem, other in zip(stems, chosen, strict=True)
            if other.picture.id == picture.id
        )
        _check_count(picture.size_hw, request.settings)
        dealt = _dealt(shown, request.settings, stem)
        _counts(dealt, request.settings)
        export.offer(chosen, stems, request)
    with look:
        st.image(
            _drawn(shown, request.settings, stem),
            width="stretch",
            alt="The patches on the image",
        )
    downloads.same_in_python(as_code.cut(shown, stem, request))


def _chosen(shown: Shown, request: CutRequest) -> list[Shown]:
    """Return what is cut: what is shown, or all open images with their visible layers."""
    if not request.everywhere:
        return [shown]
    return [view.layers_shown(picture, empty_too=False) for picture in workspace.pictures()]


def _check_count(size_hw: tuple[int, int], settings: Settings) -> None:
    grid = patches.grid(size_hw, settings.size_hw, stride=settings.stride_hw, edge=settings.edge)
    if len(grid) > _MOST:
        raise MaskcoreError(
            f"These would be {len(grid):,} patches, and at most {_MOST:,} are possible here; "
            "make them larger, or their overlap smaller."
        )


@caches.resource(max_entries=32)
def _dealt(shown: Shown, settings: Settings, stem: str) -> PatchPlan:
    mask = None
    if shown.instances:
        mask = rle.decode(rle.union(instance.mask for instance in shown.instances))
    return patch_files.plan(shown.picture.size_hw, settings, stem=stem, mask=mask)


@caches.data(max_entries=32)
def _drawn(shown: Shown, settings: Settings, stem: str) -> bytes:
    dealt, small = _dealt(shown, settings, stem), view.drawn(shown, _LONGEST)
    drawn = patches.draw(small, dealt.grid, dealt.sides, pad_value=settings.pad_rgb)
    return image_io.encode_jpeg(image_io.preview(drawn, _LONGEST), quality=90)


def _counts(dealt: PatchPlan, settings: Settings) -> None:
    """Say how many patches there are, and why some are not kept."""
    n_training, n_validation, n_left_out = np.bincount(dealt.sides, minlength=3).tolist()
    n_kept = n_training + n_validation
    rows, columns = dealt.grid.shape
    st.markdown(f"**{n_kept:,} patches** of {rows * columns:,}, {columns:,} × {rows:,}.")
    badges: list[tuple[str, Literal["blue", "orange", "gray"]]] = []
    if settings.validation:
        badges += [
            (f"{n_training:,} for training", "blue"),
            (f"{n_validation:,} for validation", "orange"),
        ]
    overlapping = n_left_out - dealt.too_little
    if overlapping:
        badges.append((f"{overlapping:,} between the two, left out", "gray"))
    if dealt.too_little:
        badges.append((f"{dealt.too_little:,} with too little mask", "gray"))
    if badges:
        with st.container(horizontal=True, gap="xsmall"):
            for text, color in badges:
                st.badge(text, color=color)
