"""What is done to one sample: numbers drawn once, then applied to the image and all its masks."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, SupportsIndex

import numpy as np

from maskcore import checks
from maskcore.augment.ranges import Fill, Ranges

_EVEN = (
    *("rotation", "shift_x", "shift_y", "zoom", "shear"),
    *("brightness", "contrast", "saturation", "hue", "blur", "noise"),
)
_MAX_SEED = 2**32

Square = tuple[float, float, float]
"""Left edge as a fraction of the width, top edge of the height, side of the shorter side."""


@dataclass(frozen=True)
class Drawn:
    """One sample's numbers, for an image of ``size_hw`` or that image reduced.

    Attributes:
        size_hw: (height, width) that it was drawn for.
        rotation: Degrees, clockwise.
        shift_x: Fraction of the width, to the right.
        shift_y: Fraction of the height, downwards.
        zoom: Times the size.
        shear: Degrees.
        horizontal_flip: Whether left and right are swapped.
        vertical_flip: Whether top and bottom are swapped.
        brightness: Times as bright.
        contrast: Times as far from middle gray.
        saturation: Times as colorful.
        hue: Degrees.
        blur: Standard deviation, fraction of the shorter side.
        noise: Standard deviation at full size, 0 to 255.
        jpeg_quality: 1 to 100; None for no JPEG.
        cutouts: (left, top, side) of each square, see `Square`.
        fill: What comes in from beyond the frame.
        fill_color: (red, green, blue) of a constant fill and of the squares.
        noise_seed: What the noise is made from.
    """

    size_hw: tuple[int, int]
    rotation: float = 0.0
    shift_x: float = 0.0
    shift_y: float = 0.0
    zoom: float = 1.0
    shear: float = 0.0
    horizontal_flip: bool = False
    vertical_flip: bool = False
    brightness: float = 1.0
    contrast: float = 1.0
    saturation: float = 1.0
    hue: float = 0.0
    blur: float = 0.0
    noise: float = 0.0
    jpeg_quality: int | None = None
    cutouts: tuple[Square, ...] = ()
    fill: Fill = "constant"
    fill_color: tuple[int, int, int] = (0, 0, 0)
    noise_seed: int = 0

    @property
    def keeps_geometry(self) -> bool:
        """Whether every pixel stays where it is."""
        moved = (self.rotation, self.shift_x, self.shift_y, self.shear, self.zoom - 1)
        return not (any(moved) or self.horizontal_flip or self.vertical_flip)

    def to_dict(self) -> dict[str, Any]:
        """Return all attributes as JSON holds them."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        values["cutouts"] = [list(square) for square in self.cutouts]
        return {
            name: list(value) if isinstance(value, tuple) else value
            for name, value in values.items()
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Drawn:
        """Return what `to_dict` was made from."""
        listed = {name: tuple(value) for name, value in values.items() if isinstance(value, list)}
        squares = tuple(tuple(square) for square in values["cutouts"])
        return cls(**{**values, **listed, "cutouts": squares})


def draw(ranges: Ranges, size_hw: Sequence[SupportsIndex], rng: np.random.Generator) -> Drawn:
    """Draw the numbers of one sample.

    Each number has a random number of its own, used or not. So with the same generator, a change
    to one range changes what it says and leaves everything else of the sample as it was.

    Args:
        ranges: What may happen.
        size_hw: (height, width) of the image.
        rng: Where the random numbers come from; see `generator`.
    """
    if not isinstance(ranges, Ranges):
        raise TypeError(f"ranges must be Ranges, got {type(ranges).__name__}")
    if not isinstance(rng, np.random.Generator):
        raise TypeError(f"rng must be a numpy Generator, got {type(rng).__name__}")
    height, width = checks.size_hw(size_hw)
    shares = rng.random(len(_EVEN) + 4).tolist()
    noise_seed, cutouts_seed = rng.integers(_MAX_SEED, size=2).tolist()
    numbers = {
        name: low + share * (high - low)
        for name, share in zip(_EVEN, shares, strict=False)
        for low, high in [ranges.span(name)]
    }
    flip_x, flip_y, quality, n_cutouts = shares[len(_EVEN) :]
    return Drawn(
        size_hw=(height, width),
        **numbers,
        horizontal_flip=flip_x < ranges.horizontal_flip,
        vertical_flip=flip_y < ranges.vertical_flip,
        jpeg_quality=None
        if ranges.jpeg_quality is None
        else _whole(ranges, "jpeg_quality", quality),
        cutouts=_squares(
            ranges, _whole(ranges, "cutouts", n_cutouts), (height, width), cutouts_seed
        ),
        fill=ranges.fill,
        fill_color=ranges.fill_color,
        noise_seed=noise_seed,
    )


def generator(seed: int, name: str, index: int) -> np.random.Generator:
    """Return the random numbers of one sample, whatever other samples there are.

    Args:
        seed: Of the whole set, at least 0.
        name: Of the image, such as its file name.
        index: Of the sample among those of the image, at least 0.

    Raises:
        ValueError: If the seed or the index is negative.
    """
    if seed < 0 or index < 0:
        raise ValueError(f"seed and index must be at least 0, got {seed} and {index}")
    digest = hashlib.sha256(name.encode(errors="surrogatepass")).digest()
    named = int.from_bytes(digest[:8], "big")
    return np.random.default_rng(np.random.SeedSequence([seed, named, index]))


def _whole(ranges: Ranges, name: str, share: float) -> int:
    low, high = map(int, ranges.span(name))
    return low + int(share * (high - low + 1))


def _squares(ranges: Ranges, count: int, size_hw: tuple[int, int], seed: int) -> tuple[Square, ...]:
    low, high = ranges.span("cutout_size")
    height, width = size_hw
    shorter = min(size_hw)
    squares = []
    for x, y, share in np.random.default_rng(seed).random((count, 3)).tolist():
        side = low + share * (high - low)
        squares.append((x * (1 - side * shorter / width), y * (1 - side * shorter / height), side))
    return tuple(squares)
