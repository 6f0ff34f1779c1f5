"""Where a mask changes from pixel to pixel: what run-length encoding is made of."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from maskcore.arrays import Mask, row_major

_EVERY = 7  # rows; the changes of one of so many tell how dense a mask is, in tiles of 8 as well


def along(flat: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Places i > 0 where flat[i] differs from flat[i - 1]."""
    return _true_places(flat[1:] != flat[:-1]) + 1


def down_columns(mask: Mask) -> NDArray[np.int64]:
    """The same, column-major, for a row-major mask: each row is compared with the one above.

    Transposing a photo's mask costs more than finding the few pixels that change; where they are
    many it is the sorting that costs more.
    """
    height, width = mask.shape
    by_words = width % 8 == 0 and mask.flags.c_contiguous and mask.flags.aligned
    rows = mask.view(np.uint64) if by_words else mask
    changed = rows[1:] != rows[:-1]
    if np.count_nonzero(changed[::_EVERY]) > mask.size // (128 * _EVERY):
        return along(row_major(mask.T).reshape(-1))
    places = _true_places(changed.reshape(-1))
    if by_words:
        words = rows.reshape(-1)
        pixels = (words[places] ^ words[places + width // 8]).view(np.bool_)
        which = np.flatnonzero(pixels)
        places = places[which >> 3] * 8 + (which & 7)
    row = places // width  # many times as fast as np.divmod
    column = places - row * width
    # From the bottom of a column to the top of the next.
    tops = np.flatnonzero(mask[0, 1:] != mask[-1, :-1]) * height + height
    places = np.concatenate((column * height + row + 1, tops))
    places.sort(kind="stable")  # finds the rows' own order and merges it
    return places


def _true_places(flags: NDArray[np.bool_]) -> NDArray[np.int64]:
    """``np.flatnonzero`` for flags that are mostly False: empty words of eight are skipped."""
    whole = flags.size // 8 * 8
    words = flags[:whole].view(np.uint64)
    mixed = np.flatnonzero(words != 0)
    which = np.flatnonzero(words[mixed].view(np.bool_))
    tail = np.flatnonzero(flags[whole:]) + whole
    return np.concatenate((mixed[which >> 3] * 8 + (which & 7), tail))
