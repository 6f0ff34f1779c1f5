"""Parts and holes of small masks, found by walking from pixel to pixel."""

from __future__ import annotations

import math
from itertools import product

import numpy as np

ACROSS = [(0, 1), (1, 0), (0, -1), (-1, 0)]
ALL_EIGHT = [step for step in product((-1, 0, 1), repeat=2) if step != (0, 0)]


def flooded(pixels: np.ndarray, steps: list[tuple[int, int]]) -> list[np.ndarray]:
    """The connected parts, by the place of their first pixel in reading order."""
    left = {(int(y), int(x)) for y, x in np.argwhere(pixels)}
    parts = []
    for start in sorted(left):
        if start not in left:
            continue
        left.remove(start)
        part, waiting = np.zeros_like(pixels), [start]
        while waiting:
            y, x = waiting.pop()
            part[y, x] = True
            for dy, dx in steps:
                if (y + dy, x + dx) in left:
                    left.remove((y + dy, x + dx))
                    waiting.append((y + dy, x + dx))
        parts.append(part)
    return parts


def parts_by_hand(pixels: np.ndarray) -> list[np.ndarray]:
    return flooded(pixels, ALL_EIGHT)


def holes_by_hand(pixels: np.ndarray) -> list[np.ndarray]:
    found = flooded(~pixels, ACROSS)
    frame = np.ones_like(pixels)
    frame[1:-1, 1:-1] = False
    return [hole for hole in found if not (hole & frame).any()]


def top_left(part: np.ndarray) -> tuple[int, int]:
    y, x = np.nonzero(part)
    return int(y.min()), int(x.min())


def all_4_by_4() -> np.ndarray:
    """Every mask of 4 x 4 pixels: (65536, 4, 4)."""
    bits = np.arange(2**16)[:, None] >> np.arange(16) & 1
    return bits.astype(np.bool_).reshape(-1, 4, 4)


def sheet(cells: np.ndarray) -> np.ndarray:
    """Lay out n * n masks of 4 x 4 pixels in rows, with a free pixel around each."""
    side = math.isqrt(len(cells))
    padded = np.pad(cells, ((0, 0), (0, 1), (0, 1))).reshape(side, side, 5, 5)
    return np.pad(padded.swapaxes(1, 2).reshape(5 * side, 5 * side), ((1, 0), (1, 0)))


def cell_of(x: np.ndarray, y: np.ndarray, side: int = 256) -> np.ndarray:
    """The number of the mask on such a sheet that pixels or corners of pixels belong to."""
    return (y - 1) // 5 * side + (x - 1) // 5


def parts_of_each(cells: np.ndarray, steps: list[tuple[int, int]]) -> np.ndarray:
    """The number of each pixel's part, which is that of its last pixel, and -1 outside."""
    numbers = np.where(cells, np.arange(16).reshape(4, 4), -1)
    for _ in range(16):
        around = np.pad(numbers, ((0, 0), (1, 1), (1, 1)), constant_values=-1)
        near = [around[:, 1 + dy : 5 + dy, 1 + dx : 5 + dx] for dy, dx in steps]
        numbers = np.where(cells, np.maximum.reduce([numbers, *near]), -1)
    return numbers


def count_each(numbers: np.ndarray) -> np.ndarray:
    """How many parts each mask has: in each of them one pixel has its number."""
    return (numbers == np.arange(16).reshape(4, 4)).sum(axis=(1, 2))


def holes_of_each(cells: np.ndarray) -> np.ndarray:
    """The numbers of the parts of what is not in each mask and does not reach its frame, or -1."""
    numbers = parts_of_each(~cells, ACROSS)
    inner = numbers.copy()
    for number in range(16):
        found = numbers == number
        reach = found.sum(axis=(1, 2)) > found[:, 1:3, 1:3].sum(axis=(1, 2))
        inner[found & reach[:, None, None]] = -1
    return inner
