"""The three things every operation takes or returns: image, mask, instance."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from maskcore.rle import RLE

Image = NDArray[np.uint8]
"""(H, W, 3) RGB, upright."""

RGBA = NDArray[np.uint8]
"""(H, W, 4), alpha last, not premultiplied."""

Mask = NDArray[np.bool_]
"""(H, W), True is inside."""

LabelMap = NDArray[np.uint8] | NDArray[np.uint16]
"""(H, W), the number of a class or an instance at each pixel; 0 is the background."""

Box = tuple[int, int, int, int]
"""x1, y1, x2, y2 in pixels with an exclusive maximum: ``mask[y1:y2, x1:x2]``."""


@dataclass(frozen=True)
class Instance:
    """One named mask.

    Attributes:
        mask: The pixels, run-length encoded at the size of the image.
        label: What it is, as shown to people.
        score: How sure a detector was, 0 to 1; None where a person made the mask.
        is_crowd: Whether it is a group of objects that nobody told apart, as COCO marks it.
    """

    mask: RLE
    label: str
    score: float | None = None
    is_crowd: bool = False

    @property
    def box(self) -> Box:
        """The smallest box around the mask; (0, 0, 0, 0) if it is empty."""
        from maskcore import rle

        return rle.box(self.mask)
