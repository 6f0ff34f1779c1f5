"""Where in their images the masks of each class lie: sums over many masks, on their runs."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from maskcore.rle import RLE
from maskcore.rle.columns import column_runs

CELLS = 48
"""Cells along each side of a map."""

MAX_LABELS = 1_000
"""Maps are kept for so many classes, those that come first."""

_BATCH = 100_000  # runs; what is done at once fits into the processor's cache


class HeatMaps:
    """Adds masks up, in coordinates relative to their images."""

    def __init__(self) -> None:
        self._maps: dict[int, NDArray[np.float64]] = {}
        self._waiting: list[tuple[int, tuple[int, int], list[NDArray[np.int64]]]] = []
        self._n_waiting = 0

    def add(self, label: int, mask: RLE) -> None:
        """Add a mask of a class."""
        if label >= MAX_LABELS:
            return
        runs = column_runs(mask)
        for start in range(0, runs[0].size, _BATCH):
            part = [column[start : start + _BATCH] for column in runs]
            self._waiting.append((label, mask.size_hw, part))
            self._n_waiting += part[0].size
            if self._n_waiting >= _BATCH:
                self._flush()

    def maps(self, n_labels: int) -> NDArray[np.float32]:
        """Return (min(n_labels, MAX_LABELS), CELLS, CELLS), each cell its covered shares summed."""
        self._flush()
        heat = np.zeros((min(n_labels, MAX_LABELS), CELLS, CELLS), np.float32)
        for label, covered in self._maps.items():
            heat[label] = covered
        return heat

    def _flush(self) -> None:
        if not self._waiting:
            return
        columns, tops, bottoms = (
            np.concatenate([part[i] for _, _, part in self._waiting]) for i in range(3)
        )
        lengths = [part[0].size for _, _, part in self._waiting]
        heights, widths = np.repeat([size for _, size, _ in self._waiting], lengths, axis=0).T
        labels, places = np.unique([label for label, _, _ in self._waiting], return_inverse=True)
        covered = _covered(
            np.repeat(places, lengths),
            labels.size,
            (columns * CELLS / widths, (columns + 1) * CELLS / widths),
            (tops * CELLS / heights, bottoms * CELLS / heights),
        )
        for label, one in zip(labels.tolist(), covered, strict=True):
            self._maps[label] = self._maps.get(label, 0) + one
        self._waiting.clear()
        self._n_waiting = 0


def _covered(
    layers: NDArray[np.int64],
    n_layers: int,
    x: tuple[NDArray[np.float64], NDArray[np.float64]],
    y: tuple[NDArray[np.float64], NDArray[np.float64]],
) -> NDArray[np.float64]:
    """Sum rectangles over the cells they cover.

    A rectangle covers what lies below its top less what lies below its bottom: the rest of the
    cell that holds the edge, and the whole of every cell further down.

    Args:
        layers: (N,) which map each belongs to.
        n_layers: How many maps there are.
        x: (N,) left and right edges, in cells.
        y: (N,) top and bottom edges, in cells.

    Returns:
        (n_layers, CELLS, CELLS)
    """
    shape = n_layers, CELLS, CELLS + 1  # (maps, columns, rows); a bottom may lie below the last
    size = n_layers * CELLS * (CELLS + 1)
    left, right = x
    rest, whole = np.zeros(size), np.zeros(size)
    first = np.floor(left)
    edges = [(edge, np.floor(edge), sign) for edge, sign in zip(y, (1, -1), strict=True)]
    # A column of pixels reaches into one or two columns of cells, into more if the image is narrow.
    for cell in range(int(np.ceil(right - first).max())):
        cells = first + cell
        shares = np.minimum(right, cells + 1) - np.maximum(left, cells)
        some = np.flatnonzero(shares > 0)
        share = shares[some]
        columns = (layers[some] * CELLS + cells[some].astype(np.int64)) * (CELLS + 1)
        for edge, row, sign in edges:
            at = columns + row[some].astype(np.int64)
            rest += np.bincount(at, sign * share * (row[some] + 1 - edge[some]), size)
            whole += np.bincount(at, sign * share, size)
    open_rows = whole.reshape(shape)
    covered = rest.reshape(shape) + np.cumsum(open_rows, axis=2) - open_rows
    return np.maximum(covered[:, :, :CELLS].transpose(0, 2, 1), 0)
