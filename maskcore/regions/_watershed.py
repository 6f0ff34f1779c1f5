"""The watershed: every pixel goes to one of the seeds.

F. Meyer, Color image segmentation, International Conference on Image Processing (1992).
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from maskcore import checks
from maskcore.types import Image, LabelMap

_MAX_LABEL = 65_535
_APART = 10_000  # more than any two colors differ


def watershed(image: Image, markers: NDArray[np.integer[Any]]) -> LabelMap:
    """Divide an image among seeds along the strongest changes of color between them.

    Args:
        image: (H, W, 3) RGB.
        markers: (H, W) integers: 0 where it is to be found out, 1 to 65,535 the seed of the region
            of that number. A seed may be in several pieces.

    Returns:
        (H, W), the number of a region at each pixel: no pixel is 0. Seeds keep theirs. OpenCV
        leaves lines between the regions; a pixel of them goes to the neighbor, above, below or
        beside it, whose color is most like its own. uint8 if every number is below 256, else
        uint16.

    Raises:
        ValueError: If there is no seed, a number is out of range or the sizes differ.
    """
    checks.image(image)
    if not isinstance(markers, np.ndarray):
        raise TypeError(f"markers must be a numpy array, got {type(markers).__name__}")
    if markers.dtype.kind not in "iu":
        raise ValueError(f"markers must be integers, got {markers.dtype}")
    if markers.ndim != 2:
        raise ValueError(f"markers must be 2-D, got shape {markers.shape}")
    checks.same_size(markers.shape, image.shape, "markers")
    lowest, highest = int(markers.min()), int(markers.max())
    if lowest < 0 or highest > _MAX_LABEL:
        raise ValueError(f"markers must be 0 to {_MAX_LABEL}, got {lowest} to {highest}")
    if highest == 0:
        raise ValueError("markers must hold at least one seed, got only 0")
    # OpenCV leaves the frame out: here it is a ring around the image.
    wide = np.asarray(cv2.copyMakeBorder(image, 1, 1, 1, 1, cv2.BORDER_REPLICATE), np.uint8)
    labels = np.zeros(wide.shape[:2], np.int32)
    labels[1:-1, 1:-1] = markers
    cv2.watershed(wide, labels)
    _share_lines(labels, wide)
    inner = labels[1:-1, 1:-1]
    return inner.astype(np.uint8) if highest < 256 else inner.astype(np.uint16)


def _share_lines(labels: NDArray[np.int32], image: Image) -> None:
    """Give the pixels of lines to their neighbors, those that are most alike first."""
    labels[[0, -1]] = labels[:, [0, -1]] = -1
    numbers, colors = labels.reshape(-1), image.reshape(-1, 3)
    width = labels.shape[1]
    rows, columns = np.divmod(np.flatnonzero(labels[1:-1, 1:-1] <= 0), width - 2)
    places = (rows + 1) * width + columns + 1
    neighbors = places[:, None] + np.array([-width, -1, 1, width])  # (N, 4)
    own = colors[places][:, None].astype(np.int16)
    differences = np.abs(colors[neighbors] - own).max(axis=2)
    level = 0
    while places.size:
        reached = np.where(numbers[neighbors] > 0, differences, _APART)
        nearest = reached.argmin(axis=1)[:, None]
        alike = np.take_along_axis(reached, nearest, axis=1)[:, 0] <= level
        chosen = np.take_along_axis(neighbors, nearest, axis=1)[:, 0]
        # All are read before one is written: a round looks at the one before.
        numbers[places[alike]] = numbers[chosen[alike]]
        level = 2 * level + 1
        places, neighbors, differences = places[~alike], neighbors[~alike], differences[~alike]
