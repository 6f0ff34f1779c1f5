"""The three things every operation takes or returns: image, mask, instance."""

from __future__ import annotations

from dataclasses import dataclass

from maskcore import rle
from maskcore.arrays import (
    RGBA as RGBA,
    Box as Box,
    Image as Image,
    LabelMap as LabelMap,
    Mask as Mask,
)
from maskcore.rle import RLE


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
        return rle.box(self.mask)
