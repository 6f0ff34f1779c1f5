"""A way to threshold: run on the whole image, tried on a reduced one, written as code."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from maskcore import image_io, rle, threshold
from maskcore.masks import sizes as mask_size
from maskcore.rle import RLE
from maskcore.threshold.channels import CHANNELS
from maskcore.types import Image, Mask
from pages.shared import pictures
from pages.shared.pictures import Picture

_LONGEST = 1400
_AUTOMATIC = {"otsu": threshold.otsu_value, "triangle": threshold.triangle_value}


@dataclass(frozen=True)
class How:
    """One call of `threshold`.

    Attributes:
        function: Its name.
        arguments: What follows the image.
        options: The keyword arguments.
        invert: Whether to take what is outside.
    """

    function: str
    arguments: tuple[object, ...]
    options: tuple[tuple[str, object], ...]
    invert: bool = False

    @property
    def digest(self) -> str:
        """Identifies all of that."""
        return hashlib.sha256(repr(self).encode()).hexdigest()

    def mask(self, image: Image) -> Mask:
        """Return what is inside of the (H, W, 3) image."""
        inside: Mask = getattr(threshold, self.function)(
            image, *self.arguments, **dict(self.options)
        )
        return ~inside if self.invert else inside


def reduced(picture: Picture) -> Picture:
    """Return the picture in the size of the page, to try things on."""
    return _reduced(picture.id, picture) if max(picture.size_hw) > _LONGEST else picture


@st.cache_resource(max_entries=4, show_spinner=False)
def _reduced(picture_id: str, _picture: Picture) -> Picture:
    small = image_io.preview(pictures.image(_picture), _LONGEST)
    content = image_io.encode_png(small)
    return Picture(f"{picture_id} reduced", _picture.name, content, small.shape[:2])


@st.cache_resource(max_entries=4, show_spinner=False)
def _sampled(picture_id: str, size_hw: tuple[int, int], _picture: Picture) -> Image:
    """Take single pixels: means of pixels have less noise, and would promise a cleaner mask."""
    del picture_id
    rows, columns = map(mask_size.nearest, _picture.size_hw, size_hw)
    return pictures.image(_picture)[rows[:, None], columns]


@st.cache_resource(max_entries=64, show_spinner=False)
def counts(picture_id: str, channel: str, _picture: Picture) -> NDArray[np.int64]:
    """Return the histogram of all the picture's pixels, (256,)."""
    del picture_id
    found = threshold.histogram(pictures.image(_picture), channel)
    found.flags.writeable = False
    return found


@st.cache_data(max_entries=64, show_spinner=False)
def automatic(picture_id: str, function: str, channel: str, _picture: Picture) -> int:
    """Return the threshold that "otsu" or "triangle" finds in all the picture's pixels."""
    del picture_id
    return _AUTOMATIC[function](pictures.image(_picture), channel=channel)


def tried(how: How, picture: Picture) -> RLE:
    """Return the mask in the size of the reduced picture, as close to the whole one as it can be.

    Each pixel is what the whole mask has in the middle of the area that it stands for. Only of
    "adaptive" that is not exact: its block is as large a part of the picture, but a whole number.
    """
    size_hw = reduced(picture).size_hw
    options = dict(how.options)
    if how.function in _AUTOMATIC:
        channel = str(options["channel"])
        highest = CHANNELS[channel].highest
        value = automatic(picture.id, how.function, channel, picture)
        if value < highest:
            how = replace(how, function="by_value", arguments=(value + 1, highest))
    if "block_size" in options:
        scale = max(size_hw) / max(picture.size_hw)
        options["block_size"] = max(3, round((options["block_size"] * scale - 1) / 2) * 2 + 1)
        how = replace(how, options=tuple(options.items()))
    return rle.encode(how.mask(_sampled(picture.id, size_hw, picture)))


def python(how: How, picture: Picture) -> str:
    """Write the maskcore calls that make the mask."""
    said = [repr(it) for it in how.arguments] + [f"{name}={it!r}" for name, it in how.options]
    invert = "~" * how.invert
    return f"""\
from pathlib import Path

from maskcore import image_io, threshold

image = image_io.read_image(Path({picture.name!r}))
mask = {invert}threshold.{how.function}({", ".join(["image", *said])})
image_io.write_image(Path("mask.png"), mask)
"""
