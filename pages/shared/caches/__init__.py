"""Streamlit's caches, told what identifies our own types.

Streamlit hashes large arrays by samples only, and would hand out an older result for a small
change; here everything is known by a digest of its whole content. Dataclasses that hold masks or
images have to be named below: Streamlit looks into others, and finds the arrays.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ParamSpec, Protocol, TypeVar

import streamlit as st

from maskcore.rle import RLE
from maskcore.types import Instance


def instance_key(instance: Instance) -> tuple[str, str, float | None, bool]:
    """Return what identifies an instance."""
    return instance.mask.digest, instance.label, instance.score, instance.is_crowd


class _HasDigest(Protocol):
    @property
    def digest(self) -> str: ...


def _of_digest(value: _HasDigest) -> str:
    return value.digest


# Types of pages are named, not imported, so that they can be made with a cache themselves.
_HASH_FUNCS: dict[type | str, Any] = {
    RLE: _of_digest,
    Instance: instance_key,
    "pages.shared.pictures.Picture": lambda picture: (picture.id, picture.name),
    "pages.shared.pictures.Raster": lambda raster: raster.id,
    "pages.shared.view.Shown": _of_digest,
    "pages.shared.cutouts.CutoutSettings": _of_digest,
    "pages.shared.table_input.TableContent": _of_digest,
    "pages.make.paint.mask_reading.Upload": _of_digest,
}

P = ParamSpec("P")
R = TypeVar("R")


def data(
    *,
    max_entries: int | None = None,
    max_size: str | None = None,
    show_spinner: bool | str = False,
) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Decorate a function whose results are copied for each reader; see `st.cache_data`."""
    return st.cache_data(
        max_entries=max_entries,
        max_size=max_size,
        show_spinner=show_spinner,
        hash_funcs=_HASH_FUNCS,
    )


def resource(
    *, max_entries: int | None = None, show_spinner: bool | str = False
) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Decorate one whose results all share, and must not change; see `st.cache_resource`."""
    return st.cache_resource(
        max_entries=max_entries, show_spinner=show_spinner, hash_funcs=_HASH_FUNCS
    )
