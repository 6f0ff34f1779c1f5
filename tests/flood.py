"""Parts and holes of small masks, found by walking from pixel to pixel."""

from __future__ import annotations

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


def all_4_by_4() -> list[np.ndarray]:
    bits = np.arange(2**16)[:, None] >> np.arange(16) & 1
    return list(bits.astype(np.bool_).reshape(-1, 4, 4))
