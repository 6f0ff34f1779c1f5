"""What the arrays of images and masks are: their shapes, types and order of axes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

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
