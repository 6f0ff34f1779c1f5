"""A small mask somewhere on a large one, without the pixels of the large one."""

from __future__ import annotations

from maskcore import mask_parts, rle
from maskcore.rle import RLE
from maskcore.types import Mask


def place(crop: Mask | RLE, xy: tuple[int, int], size_hw: tuple[int, int]) -> RLE:
    """Return the mask of which a part is given and the rest is outside.

    Args:
        crop: (h, w).
        xy: Where its top left pixel lies, such that all of it is on the mask.
        size_hw: (height, width) of the mask.

    Raises:
        ValueError: If the crop does not lie on the mask.
    """
    part = crop if isinstance(crop, RLE) else rle.encode(crop)
    (x, y), (height, width) = xy, size_hw
    if x < 0 or y < 0 or y + part.size_hw[0] > height or x + part.size_hw[1] > width:
        raise ValueError(f"a crop of size {part.size_hw} at {xy} does not lie on {size_hw}")
    columns, tops, bottoms = mask_parts.column_runs(part)
    before = (columns + x) * height + y
    return rle.from_starts_and_ends(size_hw, before + tops, before + bottoms)
