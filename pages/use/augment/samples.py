"""Samples as they are shown: made of a reduced image and reduced masks, by the same numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

import cv2
import numpy as np
import streamlit as st

from maskcore import augment, image_io, masks, overlay, rle
from maskcore.augment import Drawn
from maskcore.overlay import RGB
from maskcore.types import Image, Instance
from pages.shared import pictures
from pages.shared.pictures import Picture
from pages.shared.view import Shown
from pages.use.augment.controls import SampleSettings

Look = Literal["Overlay", "Masks", "Image"]

CELL, LARGE = 320, 1400
"""Pixels of a sample's longer side, in the grid and alone."""

_FADED = 0.2


def drawn(picture: Picture, settings: SampleSettings, index: int) -> Drawn:
    """Draw the numbers of a picture's sample; the export draws the same."""
    rng = augment.generator(settings.seed, picture.name, index)
    return augment.draw(settings.ranges, picture.size_hw, rng)


def cell(shown: Shown, settings: SampleSettings, index: int, look: Look, *, faded: bool) -> bytes:
    """Return a sample as a small JPEG, faded if it is left out."""
    return _cell(shown.digest, repr(settings), index, look, faded, shown, settings)


@st.cache_data(max_entries=1000, show_spinner=False)
def _cell(
    digest: str,
    said: str,
    index: int,
    look: Look,
    faded: bool,
    _shown: Shown,
    _choice: SampleSettings,
) -> bytes:
    del digest, said  # the key
    image, instances, colors = _small(_shown.digest, _shown)
    sample = _sample(image, instances, colors, drawn(_shown.picture, _choice, index), look)
    if faded:
        sample = np.asarray(
            cv2.addWeighted(sample, _FADED, np.full_like(sample, 128), 1 - _FADED, 0), np.uint8
        )
    return image_io.encode_jpeg(sample, quality=88)


@st.cache_data(max_entries=12, show_spinner=False)
def large(
    digest: str, said: str, index: int, look: Look, _shown: Shown, _choice: SampleSettings
) -> bytes:
    """Return a sample as a JPEG to look at closely, with its labels.

    Args:
        digest: Of what is shown.
        said: What tells the settings from others.
        index: Of the sample.
        look: What is seen of it.
    """
    del digest, said
    image = pictures.reduced(_shown.picture, LARGE)
    instances = _fitted(_shown, image)
    numbers = drawn(_shown.picture, _choice, index)
    sample = _sample(image, instances, _shown.rgb(), numbers, look, labels=True)
    return image_io.encode_jpeg(sample, quality=92)


def _sample(
    image: Image,
    instances: Sequence[Instance],
    colors: Sequence[RGB],
    numbers: Drawn,
    look: Look,
    *,
    labels: bool = False,
) -> Image:
    if look == "Masks":
        sample = np.zeros_like(image)
    else:
        sample, _ = augment.apply(image, numbers)
    if look == "Image" or not instances:
        return sample
    return overlay.draw(
        sample,
        augment.apply_instances(instances, numbers),
        opacity=1 if look == "Masks" else 0.45,
        outline=look == "Overlay",
        labels=labels,
        colors=colors,
    )


@st.cache_resource(max_entries=8, show_spinner=False)
def _small(digest: str, _shown: Shown) -> tuple[Image, list[Instance], list[RGB]]:
    """Return what the cells of the grid are made of; masks of one color are joined."""
    del digest
    image = pictures.reduced(_shown.picture, CELL)
    of_color: dict[RGB, list[Instance]] = {}
    for color, instance in zip(_shown.rgb(), _fitted(_shown, image), strict=True):
        of_color.setdefault(color, []).append(instance)
    joined = [
        Instance(rle.union(instance.mask for instance in some), "") for some in of_color.values()
    ]
    return image, joined, list(of_color)


def _fitted(shown: Shown, image: Image) -> list[Instance]:
    size_hw = image.shape[:2]
    return [
        instance
        if instance.mask.size_hw == size_hw
        else replace(instance, mask=masks.reduce(instance.mask, size_hw))
        for instance in shown.instances
    ]
