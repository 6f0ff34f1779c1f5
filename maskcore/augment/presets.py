"""Ranges for common kinds of images."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from maskcore.augment.ranges import Ranges

_GRAY = (114, 114, 114)

PRESETS: Mapping[str, Ranges] = MappingProxyType(
    {
        "tutorial": Ranges(
            rotation=90,
            shift_x=0.5,
            shift_y=0.5,
            zoom=(1, 5),
            vertical_flip=True,
            brightness=(0.2, 1),
            fill="nearest",
        ),
        "light": Ranges(
            rotation=10,
            shift_x=0.05,
            shift_y=0.05,
            zoom=0.1,
            horizontal_flip=True,
            brightness=0.1,
            contrast=0.1,
            fill_color=_GRAY,
        ),
        "strong": Ranges(
            rotation=30,
            shift_x=0.15,
            shift_y=0.15,
            zoom=(0.7, 1.4),
            shear=12,
            horizontal_flip=True,
            brightness=0.3,
            contrast=0.3,
            saturation=0.5,
            hue=20,
            blur=0.004,
            noise=12,
            jpeg_quality=50,
            cutouts=(0, 3),
            cutout_size=(0.08, 0.2),
            fill_color=_GRAY,
        ),
        "medical": Ranges(
            rotation=10,
            shift_x=0.05,
            shift_y=0.05,
            zoom=0.1,
            shear=3,
            brightness=0.1,
            contrast=0.15,
            blur=0.002,
            noise=6,
        ),
        "documents": Ranges(
            rotation=3,
            shift_x=0.02,
            shift_y=0.02,
            zoom=0.05,
            shear=3,
            brightness=0.15,
            contrast=0.2,
            blur=0.0015,
            noise=8,
            jpeg_quality=30,
            fill_color=(255, 255, 255),
        ),
    }
)
"""Name -> ranges.

"tutorial" has the six transforms of the tutorial with its numbers (Keras' ``rotation_range=90``,
shifts of 0.5, ``brightness_range=[0.2, 1.0]``, ``zoom_range=[0.2, 1.0]``, ``vertical_flip``) and
Keras' own fill. "light" and "strong" are for photos; they fill with gray, since a mirror image
would give an object a second part. "medical" swaps no sides: where the heart is
tells something. "documents" is what scanners and phones do to white paper.
"""
