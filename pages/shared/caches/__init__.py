"""Streamlit's caches, told what identifies our own types.

Streamlit hashes large arrays by samples only, and would hand out an older result for a small
change; here everything is known by a digest of its whole content. Dataclasses that hold masks or
images have to be named below: Streamlit looks into others, and finds the arrays.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import streamlit as st

from maskcore.rle import RLE
from maskcore.types import Instance


def _of_instance(instance: Instance) -> tuple[Any, ...]:
    return instance.mask.digest, instance.label, instance.score, instance.is_crowd


def _of_digest(value: Any) -> str:
    return value.digest


# Types of pages are named, not imported, so that they can be made with a cache themselves.
_HASH_FUNCS: dict[type | str, Any] = {
    RLE: _of_digest,
    Instance: _of_instance,
    "pages.shared.pictures.Picture": lambda picture: (picture.id, picture.name),
    "pages.shared.pictures.Raster": lambda raster: raster.id,
    "pages.shared.view.Shown": _of_digest,
    "pages.shared.cutouts.CutoutSettings": _of_digest,
    "pages.shared.table_input.TableContent": _of_digest,
    "pages.make.paint.mask_reading.Upload": _of_digest,
}

data = partial(st.cache_data, hash_funcs=_HASH_FUNCS, show_spinner=False)
"""``@caches.data(max_entries=8)``: results that are copied for each reader."""

resource = partial(st.cache_resource, hash_funcs=_HASH_FUNCS, show_spinner=False)
"""``@caches.resource(max_entries=8)``: results that all readers share, and must not change."""
