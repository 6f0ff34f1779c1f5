"""Guards shared by every operation: they say what they got."""

from __future__ import annotations

import operator
import os
from collections.abc import Sequence
from pathlib import Path
from typing import SupportsIndex

import numpy as np

MAX_PIXELS = 50_000_000
"""Pixels an image or a mask may have unless the caller allows more."""


def image(value: object) -> None:
    """Raise unless the value is an (H, W, 3) uint8 array with at least one pixel."""
    if not isinstance(value, np.ndarray):
        raise TypeError(f"image must be a numpy array, got {type(value).__name__}")
    if value.dtype != np.uint8:
        raise ValueError(f"image must be uint8, got {value.dtype}")
    if value.ndim != 3 or value.shape[2] != 3 or value.size == 0:
        raise ValueError(f"image must have shape (H, W, 3), got {value.shape}")


def mask(value: object) -> None:
    """Raise unless the value is an (H, W) bool array with at least one pixel."""
    if not isinstance(value, np.ndarray):
        raise TypeError(f"mask must be a numpy array, got {type(value).__name__}")
    if value.ndim != 2:
        raise ValueError(f"mask must be 2-D, got shape {value.shape}")
    if value.dtype != np.bool_:
        raise ValueError(f"mask must be bool, got {value.dtype}")
    if value.size == 0:
        raise ValueError(f"mask must have at least one pixel, got shape {value.shape}")


def integer(value: SupportsIndex, low: int, high: int, what: str) -> int:
    """Return a plain int; raise unless it is ``low`` to ``high``, both included."""
    number = operator.index(value)
    if not low <= number <= high:
        raise ValueError(f"{what} must be {low} to {high}, got {number}")
    return number


def two_integers(value: Sequence[SupportsIndex], what: str, form: str) -> tuple[int, int]:
    """Return two plain ints; raise if it is something else, with their form, as "(x, y)"."""
    try:
        first, second = (operator.index(number) for number in value)
    except TypeError as error:
        raise TypeError(f"{what} must be two integers, got {value!r}") from error
    except ValueError as error:
        raise ValueError(f"{what} must be {form}, got {value!r}") from error
    return first, second


def size_hw(value: Sequence[SupportsIndex]) -> tuple[int, int]:
    """Return (height, width) as plain ints; raise unless both are at least 1."""
    height, width = two_integers(value, "size_hw", "(height, width)")
    if height < 1 or width < 1:
        raise ValueError(f"size_hw must be at least (1, 1), got {(height, width)}")
    return height, width


def same_size(got_hw: tuple[int, ...], wanted_hw: tuple[int, ...], what: str) -> None:
    """Raise unless the two (height, width) agree; ``what`` names the thing in the message."""
    if got_hw[:2] != wanted_hw[:2]:
        raise ValueError(f"{what} must have size {wanted_hw[:2]}, got {got_hw[:2]}")


def bytes_or_path(source: object) -> bytes | Path:
    """Return bytes as they are and a path as a `Path`; raise if it is neither."""
    if isinstance(source, bytes):
        return source
    if isinstance(source, str | os.PathLike):
        return Path(source)
    raise TypeError(f"source must be bytes or a path, got {type(source).__name__}")
