"""Pictures of samples: thumbnails on demand, and what the large view is made of.

A sample without an image that can be read is shown on gray.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import streamlit as st

from maskcore import image_io, masks, overlay
from maskcore.datasets.dataset import Contents, Sample
from maskcore.datasets.files import base
from maskcore.errors import MaskcoreError
from maskcore.masks import sizes as mask_size
from maskcore.overlay import RGB
from maskcore.rle import RLE
from maskcore.types import Image, Instance
from pages.shared.colors import of_place, to_hex, to_rgb
from pages.shared.dataset.state import Opened
from pages.shared.pictures import Picture
from pages.shared.view import Shown

_LONGEST = 360
_GRAY = 150  # neither theme's background
_UNKNOWN_HW = (300, 400)


@dataclass(frozen=True)
class Large:
    """A sample to look at closely.

    Attributes:
        picture: Its image, or gray of its size.
        fault: Why there is no image, one sentence; "" if there is one.
        contents: What the files say of it, masks in the image's size.
        stretched: Why masks were brought to the image's size; "" if none had to be.
    """

    picture: Picture
    fault: str
    contents: Contents
    stretched: str

    def shown(self, labels: Sequence[str]) -> Shown:
        """Bring the image and the masks together, in the colors of the labels."""
        instances = [annotation.instance for annotation in self.contents.annotations]
        colors = [to_hex(color) for color in _colors(instances, labels)]
        return Shown.of(self.picture, instances, colors)


def thumbnail(opened: Opened, sample: Sample, labels: Sequence[str]) -> bytes:
    """Return a small JPEG of a sample with its masks, in the colors of the labels."""
    return _thumbnail(
        opened.digest, sample.name, opened.correction_digest(sample.name), tuple(labels), sample
    )


@st.cache_data(max_entries=3000, max_size="60MB", show_spinner=False)
def _thumbnail(
    digest: str, name: str, corrected: str, labels: tuple[str, ...], _sample: Sample
) -> bytes:
    del digest, name, corrected  # the key
    instances = _sample.instances
    image = _small(_sample)
    size_hw = image.shape[:2]
    small = [replace(instance, mask=_reduced(instance.mask, size_hw)) for instance in instances]
    colors = _colors(instances, labels)
    drawn = overlay.draw(image, small, opacity=0.45, labels=False, colors=colors)
    return image_io.encode_jpeg(drawn, quality=85)


def _small(sample: Sample) -> Image:
    if sample.picture is not None:
        try:
            return image_io.read_preview(sample.picture.read(), _LONGEST)
        except MaskcoreError:
            pass
    height, width = sample.size_hw or _UNKNOWN_HW
    scale = min(1.0, _LONGEST / max(height, width))
    small_hw = max(1, round(height * scale)), max(1, round(width * scale))
    return np.full((*small_hw, 3), _GRAY, np.uint8)


def _reduced(mask: RLE, size_hw: tuple[int, int]) -> RLE:
    if all(new <= old for new, old in zip(size_hw, mask.size_hw, strict=True)):
        return masks.reduce(mask, size_hw)
    return mask_size.resize(mask, size_hw)


def large(opened: Opened, sample: Sample) -> Large:
    """Return a sample to look at closely."""
    return _large(opened.digest, sample.name, opened.correction_digest(sample.name), sample)


@st.cache_resource(max_entries=6, show_spinner=False)
def _large(digest: str, name: str, corrected: str, _sample: Sample) -> Large:
    del digest, corrected
    digest_of_name = hashlib.sha256(name.encode()).digest()
    content, fault = b"", "There is no image of it; its masks are shown on gray."
    size_hw = None
    if _sample.picture is not None:
        try:
            content = _sample.picture.read()
            size_hw = image_io.read_image(content).shape[:2]
            fault = ""
        except MaskcoreError as error:
            fault = f"{error} Its masks are shown on gray."
    file_name = base(_sample.name) or "sample"
    if size_hw is None:
        size_hw = _sample.size_hw or _UNKNOWN_HW
        # Behind the end of the picture, so that no two samples have one and the same.
        content = image_io.encode_png(np.full(size_hw, _GRAY, np.uint8)) + digest_of_name
        file_name = f"{file_name.rpartition('.')[0] or file_name}.png"
    picture = Picture(hashlib.sha256(content).hexdigest(), file_name, content, size_hw)
    contents = _sample.read()
    sizes = {annotation.instance.mask.size_hw for annotation in contents.annotations} - {size_hw}
    stretched = mask_size.mismatch(min(sizes), size_hw) if sizes else None
    fitted = [
        replace(
            annotation,
            instance=replace(
                annotation.instance, mask=mask_size.resize(annotation.instance.mask, size_hw)
            ),
        )
        for annotation in contents.annotations
    ]
    return Large(picture, fault, replace(contents, annotations=fitted), stretched or "")


def _colors(instances: Sequence[Instance], labels: Sequence[str]) -> list[RGB]:
    """Return one color for each instance: the same for a label in all pictures of a set."""
    places = {label: place for place, label in enumerate(labels)}
    return [
        to_rgb(of_place(places.setdefault(instance.label, len(places)))) for instance in instances
    ]
