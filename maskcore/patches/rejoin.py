"""Whole images out of files of patches, such as what a network has made of each of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from maskcore import image_io
from maskcore.errors import MaskcoreError
from maskcore.image_io import stored
from maskcore.patches import Overlap, Paster
from maskcore.patches.manifest import PatchEntry

Read = Callable[[str], bytes]
"""Returns the content of a file by its name."""


def join(
    files: Mapping[PatchEntry, str],
    read: Read,
    *,
    overlap: Overlap = "overwrite",
    fill: float | None = None,
    progress: Callable[[int], None] | None = None,
) -> NDArray[Any]:
    """Put the files of the patches of one image together; one at a time is open.

    Args:
        files: The file of each patch, see `manifest.locate`; at least one, all of one image.
        read: Returns their content.
        overlap: As in `patches.join`.
        fill: As in `patches.join`.
        progress: Called with the number of patches that are done.

    Returns:
        (H, W, 3) RGB; or, if that is what the files hold, (H, W) bool, uint8 or uint16.

    Raises:
        MaskcoreError: If a file cannot be read, differs in size or kind from the manifest or the
            others, or patches are missing and there is no ``fill``.
    """
    first = next(iter(files), None)
    if first is None:
        raise MaskcoreError("There is no patch to join.")
    paster = Paster((first.image_height, first.image_width), overlap=overlap)
    ordered = sorted(files, key=lambda file: (file.y, file.x))
    for n_done, entry in enumerate(ordered, start=1):
        name = files[entry]
        try:
            pixels = _pixels(read(name))
            if pixels.shape[:2] != (entry.height, entry.width):
                raise MaskcoreError(
                    f"It has {pixels.shape[1]:,} × {pixels.shape[0]:,} pixels, but the manifest "
                    f"says {entry.width:,} × {entry.height:,}."
                )
            paster.add(pixels, entry.y, entry.x)
        except MaskcoreError as error:
            raise MaskcoreError(f"{name.rpartition('/')[2]}: {error}") from error
        if progress is not None:
            progress(n_done)
    return paster.image(fill=fill)


def _pixels(content: bytes) -> NDArray[Any]:
    """Read a picture as what it is: color, gray, black and white, or 16-bit numbers."""
    opened = image_io.read(content)
    if opened.mode.startswith(("I", "F")):
        values = stored.read(content).values
        return values if values.dtype == np.uint16 else opened.image[..., 0]
    if opened.mode == "1":
        return opened.image[..., 0] > 0
    return opened.image[..., 0] if opened.mode == "L" else opened.image
