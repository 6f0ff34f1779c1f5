"""How to threshold: run on the whole image, shown on a reduced one, written as code."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from maskcore import rle, threshold
from maskcore.masks import sizes as mask_size
from maskcore.rle import RLE
from maskcore.threshold.channels import CHANNELS
from maskcore.types import Image, Mask
from pages.shared import caches, pictures, view
from pages.shared.pictures import Picture

_AUTOMATIC = {"otsu": threshold.otsu_value, "triangle": threshold.triangle_value}


@dataclass(frozen=True)
class ThresholdSettings:
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


def reduced(picture: Picture) -> Image:
    """Return the picture in the size of the page, to try things on."""
    return pictures.reduced(picture, view.LONGEST)


@caches.resource(max_entries=4)
def _sampled(picture: Picture, size_hw: tuple[int, int]) -> Image:
    """Take single pixels: means of pixels have less noise, and would promise a cleaner mask."""
    rows, columns = map(mask_size.nearest, picture.size_hw, size_hw)
    return pictures.image(picture)[rows[:, None], columns]


@caches.resource(max_entries=64)
def counts(picture: Picture, channel: str) -> NDArray[np.int64]:
    """Return the histogram of all the picture's pixels, (256,)."""
    histogram = threshold.histogram(pictures.image(picture), channel)
    histogram.flags.writeable = False
    return histogram


@caches.data(max_entries=64)
def automatic(picture: Picture, function: str, channel: str) -> int:
    """Return the threshold that "otsu" or "triangle" finds in all the picture's pixels."""
    return _AUTOMATIC[function](pictures.image(picture), channel=channel)


def preview(settings: ThresholdSettings, picture: Picture) -> RLE:
    """Return the mask in the size of the reduced picture, as close to the whole one as it can be.

    Each pixel is what the whole mask has in the middle of the area that it stands for. Only of
    "adaptive" that is not exact: its block is as large a part of the picture, but a whole number.
    """
    size_hw = reduced(picture).shape[:2]
    options = dict(settings.options)
    if settings.function in _AUTOMATIC:
        channel = str(options["channel"])
        highest = CHANNELS[channel].highest
        value = automatic(picture, settings.function, channel)
        if value < highest:
            settings = replace(settings, function="by_value", arguments=(value + 1, highest))
    if "block_size" in options:
        scale = max(size_hw) / max(picture.size_hw)
        options["block_size"] = max(3, round((options["block_size"] * scale - 1) / 2) * 2 + 1)
        settings = replace(settings, options=tuple(options.items()))
    return rle.encode(settings.mask(_sampled(picture, size_hw)))


def python(settings: ThresholdSettings, picture: Picture) -> str:
    """Write the maskcore calls that make the mask."""
    arguments = [repr(value) for value in settings.arguments]
    arguments += [f"{name}={value!r}" for name, value in settings.options]
    invert = "~" * settings.invert
    return f"""\
from pathlib import Path

from maskcore import image_io, threshold

image = image_io.read_image(Path({picture.name!r}))
mask = {invert}threshold.{settings.function}({", ".join(["image", *arguments])})
image_io.write_image(Path("mask.png"), mask)
"""
