"""Files that the canvas fetches: the image, the mask and what lies beneath it.

Streamlit has no public way to serve bytes to a component at an address. Its media files do; where
they are not to be had, a component that may hold bytes brings them.
"""

from __future__ import annotations

import functools
import logging
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import streamlit as st

from maskcore import image_io, masks, rle
from maskcore.masks import bits as mask_bits
from maskcore.rle import RLE
from pages.shared import caches, pictures
from pages.shared.colors import to_rgb
from pages.shared.pictures import Picture, Raster

_LONGEST = 2000  # pixels; what lies beneath is for orientation only
_STRENGTH = 110  # of 255

_log = logging.getLogger(__name__)
_bytes = st.components.v2.component(
    "mask_canvas_files", js=(Path(__file__).parent / "files.js").read_text("utf-8")
)


def image(picture: Picture | Raster, key: str) -> str:
    """Return the address of the picture, with the pixels that Python sees; of a raster, nearly."""
    if isinstance(picture, Raster):
        content, kind = pictures.jpeg(picture), "image/jpeg"
    else:
        content, kind = _browser_image(picture)
    return _address(content, kind, f"{key} image", picture.id)


def mask(mask: RLE, key: str) -> str:
    """Return the address of a mask as packed bits."""
    return _address(_packed(mask), "application/octet-stream", f"{key} mask", mask.digest)


def under(size_hw: tuple[int, int], layers: Sequence[tuple[RLE, str]], key: str) -> str:
    """Return the address of a reduced picture of masks in their colors."""
    layers = [(mask, color) for mask, color in layers if rle.area(mask)]
    if not layers:
        return ""
    digest = "".join(f"{mask.digest[:16]}{color}" for mask, color in layers)
    return _address(_under(size_hw, layers), "image/png", f"{key} under", digest)


@caches.resource(max_entries=4)
def _browser_image(picture: Picture) -> tuple[bytes, str]:
    file = pictures.read(picture)
    # Browsers decode these as Python does, pixel for pixel; others are written anew, without loss.
    plain = file.mode in ("RGB", "L") and file.alpha is None
    if file.format == "JPEG" and plain:
        return picture.content, "image/jpeg"
    if file.format == "PNG" and plain and file.orientation == 1:
        return picture.content, "image/png"
    return image_io.encode_png(file.image), "image/png"


@caches.resource(max_entries=8)
def _packed(mask: RLE) -> bytes:
    return mask_bits.pack(mask)


@caches.resource(max_entries=8)
def _under(size_hw: tuple[int, int], layers: Sequence[tuple[RLE, str]]) -> bytes:
    scale = min(1.0, _LONGEST / max(size_hw))
    small = max(1, round(size_hw[0] * scale)), max(1, round(size_hw[1] * scale))
    labels = masks.label_map([masks.reduce(mask, small) for mask, _ in layers])
    shades = [(0, 0, 0, 0), *((*to_rgb(color), _STRENGTH) for _, color in layers)]
    return image_io.encode_png(np.array(shades, np.uint8)[labels])


def _address(content: bytes, kind: str, place: str, digest: str) -> str:
    try:
        from streamlit.runtime import get_instance

        # The name is a part of the file's identity: its content counts only in samples. Files are
        # dropped at the start of a run, so they are added in every run.
        return get_instance().media_file_mgr.add(content, kind, place, file_name=digest)
    except Exception as error:
        # Whatever has changed inside Streamlit, there is another way.
        _warn_once(repr(error))
        address = f"file:{digest}".encode()
        head = len(address).to_bytes(2, "little") + address
        _bytes(key=place, data=head + content)
        return address.decode()


@functools.cache
def _warn_once(reason: str) -> None:
    _log.warning(
        "Streamlit's media files take nothing from the canvas any more: its files travel with the "
        "messages of the page, which is slower: %s",
        reason,
    )
