"""Which way a file of masks was meant: binary, gray, labels, a palette, transparency or colors."""

from __future__ import annotations

import numpy as np

from maskcore.errors import ImageError
from maskcore.image_io.stored import MaskPixels

KINDS = ("binary", "gray", "label map", "palette", "alpha", "color map")
"""The ways to read a file; `mask_files.read` says what each gives."""

CODED = ("label map", "palette", "color map")
"""Those of them with a mask for each value."""

_CODED_AS = {"number": "label map", "index": "palette", "color": "color map"}
_MAX_LABELS = 65_535
_MAX_RUNS = 1 << 22  # more is a photo, and would take a gigabyte
_FEW = 32  # values that may be labels even where they lie in thin lines
_FLAT = 0.4  # tiny disks have 0.6, soft edges and photos at most 0.3


def likely_kinds(pixels: MaskPixels) -> tuple[str, ...]:
    """Return the kinds that make sense for a file, the likeliest first.

    Few values in large areas are labels, many or scattered ones are the grays of a photo or of
    soft edges.
    """
    coded = _CODED_AS[pixels.stored_as]
    several = (coded, "color map") if coded == "palette" else (coded,)
    distinct = pixels.distinct
    n_values = np.inf if distinct is None else distinct.size
    if coded == "label map" and n_values <= 2:
        kinds: tuple[str, ...] = ("binary", coded, "gray")
    elif pixels.is_lossy or n_values > _MAX_LABELS:
        kinds = ("gray",)
    elif n_values <= 2 or pixels.flatness >= _FLAT:
        kinds = (*several, "gray")
    else:
        kinds = ("gray", *several) if n_values <= _FEW else ("gray",)
    if pixels.alpha is None:
        return kinds
    # A cut-out's transparency is its mask; where labels lie on nothing it is only the background.
    place = 1 if kinds[0] in CODED and n_values > 2 else 0
    return (*kinds[:place], "alpha", *kinds[place:])


def check_kind(pixels: MaskPixels, kind: str) -> None:
    """Raise ImageError unless the file can be read as this kind."""
    coded = _CODED_AS[pixels.stored_as]
    possible = {"gray", coded}
    if pixels.alpha is not None:
        possible.add("alpha")
    if coded == "palette":
        possible.add("color map")
    distinct = pixels.distinct
    if coded == "label map" and distinct is not None and distinct.size <= 2:
        possible.add("binary")
    if kind not in possible:
        others = " or ".join(name for name in KINDS if name in possible)
        raise ImageError(f"The mask cannot be read as {kind}, only as {others}.")
    if kind in CODED:
        values = pixels.values
        n_runs = np.count_nonzero(values[1:] != values[:-1])
        if distinct is None or distinct.size > _MAX_LABELS or n_runs > _MAX_RUNS:
            raise ImageError(
                f"The mask changes from pixel to pixel like a photo, so it is no {kind}; "
                "read it as gray."
            )
