"""Noise found and filled, in a part of an image or in all of it; without streamlit, for jobs."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np

from maskcore import boxes, denoise, image_io, masks, rle
from maskcore.denoise import Method
from maskcore.rle import RLE
from maskcore.types import Box, Image
from pages.shared.jobs.worker import Report

WIDEST, HIGHEST = 960, 640
"""Pixels of the close-up: it is filled while a slider moves."""

_CELL = 64
_MARGIN = 40


@dataclass(frozen=True)
class Find:
    """How noisy pixels are found.

    Attributes:
        function: Name of a function in `denoise`, "" if a layer says where they are.
        options: Its keyword arguments.
        layer: The mask, if there is no function.
    """

    function: str
    options: tuple[tuple[str, int | bool], ...] = ()
    layer: RLE | None = None

    @property
    def digest(self) -> str:
        """Identifies all of that."""
        said = self.function, self.options, self.layer and self.layer.digest
        return hashlib.sha256(repr(said).encode()).hexdigest()

    def mask(self, image: Image) -> RLE:
        """Find the noisy pixels of the (H, W, 3) image."""
        if self.layer:
            return self.layer
        return rle.encode(getattr(denoise, self.function)(image, **dict(self.options)))


@dataclass(frozen=True)
class Fill:
    """How they are filled, see `denoise.fill`."""

    method: Method
    radius: int

    def image(self, image: Image, mask: RLE) -> Image:
        """Fill what is masked in the (H, W, 3) image."""
        return denoise.fill(image, rle.decode(mask), method=self.method, radius=self.radius)


def whole(report: Report, content: bytes, find: Find, fill: Fill) -> bytes:
    """Fill the noisy pixels of a file, and return it as PNG."""
    report(0.0, "reading the image", None)
    image = image_io.read_image(content)
    report(0.1, "filling", None)
    filled = fill.image(image, find.mask(image))
    report(0.9, "writing the file", None)
    return image_io.encode_png(filled)


def part(image: Image, mask: RLE, box: Box, fill: Fill) -> tuple[Image, Image | None]:
    """Return a part of an image before and after, reduced if it is larger than the close-up.

    What is after is None if all of the part is masked, so that there is nothing to fill from.
    """
    x1, y1, x2, y2 = box
    before = image_io.preview(image[y1:y2, x1:x2], WIDEST)
    small = rle.encode(rle.decode(mask, box=box))
    if before.shape[:2] != small.size_hw:
        scale = before.shape[1] / small.size_hw[1]
        fill = Fill(fill.method, max(1, round(fill.radius * scale)))
        small = masks.reduce(small, before.shape[:2])
    if rle.area(small) == before.shape[0] * before.shape[1]:
        return before, None
    return before, fill.image(before, small)


def close_up(size_hw: tuple[int, int], center: tuple[int, int]) -> Box:
    """Return the box of the close-up around a pixel (x, y); all of a small image."""
    height, width = size_hw
    if height * width <= WIDEST * HIGHEST:
        return 0, 0, width, height
    w, h = min(WIDEST, width), min(HIGHEST, height)
    x = min(max(center[0] - w // 2, 0), width - w)
    y = min(max(center[1] - h // 2, 0), height - h)
    return x, y, x + w, y + h


def around(mask: RLE) -> Box:
    """Return the box of a mask with what is around it, at least the close-up."""
    x1, y1, x2, y2 = box = rle.box(mask)
    near = close_up(mask.size_hw, ((x1 + x2) // 2, (y1 + y2) // 2))
    return boxes.union(near, boxes.grow(box, _MARGIN, mask.size_hw))


def densest(mask: RLE) -> tuple[int, int]:
    """Return x and y in the middle of the area that holds most of a mask."""
    height, width = mask.size_hw
    starts, ends = rle.starts_and_ends(mask)
    columns, rows = np.divmod(starts, height)
    cells_down = height // _CELL + 1
    cells = columns // _CELL * cells_down + rows // _CELL
    counts = np.bincount(cells, ends - starts, minlength=1)
    if not counts.any():
        return width // 2, height // 2
    across, down = divmod(int(counts.argmax()), cells_down)
    return across * _CELL + _CELL // 2, down * _CELL + _CELL // 2
