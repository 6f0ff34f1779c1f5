"""How far augmented samples may differ from the original."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Literal, NamedTuple, cast, get_args

Span = tuple[float, float]
"""Lowest and highest value, both included."""

Fill = Literal["constant", "nearest", "reflect", "wrap"]
"""What comes in from beyond the frame: a color, the pixels at the frame, the image mirrored, or
the image again. The names are those of Keras and SciPy."""


def _around_0(n: float) -> Span:
    return 0.0 - n, n  # not -0.0


def _around_1(n: float) -> Span:
    return 1 - n, 1 + n


def _from_0(n: float) -> Span:
    return 0.0, n


def _to_100(n: float) -> Span:
    return n, 100.0


def _exactly(n: float) -> Span:
    return n, n


class _Limits(NamedTuple):
    """What a range may hold, and the range that a single number stands for."""

    low: float
    high: float
    from_number: Callable[[float], Span]
    whole: bool = False


_LIMITS = {
    "rotation": _Limits(-360, 360, _around_0),
    "shift_x": _Limits(-1, 1, _around_0),
    "shift_y": _Limits(-1, 1, _around_0),
    "zoom": _Limits(0.01, 100, _around_1),
    "shear": _Limits(-80, 80, _around_0),
    "brightness": _Limits(0, 10, _around_1),
    "contrast": _Limits(0, 10, _around_1),
    "saturation": _Limits(0, 10, _around_1),
    "hue": _Limits(-180, 180, _around_0),
    "blur": _Limits(0, 0.2, _from_0),
    "noise": _Limits(0, 255, _from_0),
    "jpeg_quality": _Limits(1, 100, _to_100, whole=True),
    "cutouts": _Limits(0, 100, _exactly, whole=True),
    "cutout_size": _Limits(0, 1, _exactly),
}
_FLIPS = ("horizontal_flip", "vertical_flip")
_KERAS_FLIP = 0.5


@dataclass(frozen=True)
class Ranges:
    """How far samples may differ from the original; everything is off by default.

    A range is (low, high); each sample draws evenly between the two. A single number n stands for
    -n to n in ``rotation``, the shifts, ``shear`` and ``hue``, for 1 - n to 1 + n in ``zoom``,
    ``brightness``, ``contrast`` and ``saturation``, for 0 to n in ``blur`` and ``noise``, for n to
    100 in ``jpeg_quality``, and for exactly n in ``cutouts`` and ``cutout_size``. Where Keras and
    torchvision take a single number, they read it so too. It is kept as (low, high).

    Attributes:
        rotation: Degrees around the middle, clockwise; -360 to 360.
        shift_x: To the right, as a fraction of the width; -1 to 1.
        shift_y: Downwards, as a fraction of the height; -1 to 1.
        zoom: Times the size, 0.01 to 100: 2 shows things twice as large. Keras' ``zoom_range`` is
            its inverse. A 0 is refused, also as a single number, since it may mean no size.
        shear: Degrees by which upright lines lean to the right; -80 to 80.
        horizontal_flip: Probability that left and right are swapped; True is 0.5, as in Keras.
        vertical_flip: Probability that top and bottom are swapped; True is 0.5.
        brightness: Times as bright, 0 (black) to 10.
        contrast: Times as far from middle gray, which is 127.5; 0 to 10.
        saturation: Times as colorful, 0 (gray) to 10.
        hue: Degrees around the circle of colors, -180 to 180.
        blur: Standard deviation of a Gaussian, as a fraction of the shorter side; 0 to 0.2.
        noise: Standard deviation of what is added to each value of each pixel; 0 to 255.
        jpeg_quality: 1 to 100, whole numbers; None leaves JPEG's marks out.
        cutouts: How many squares are covered with ``fill_color``; 0 to 100, whole numbers. They
            lie anywhere inside the image and may overlap.
        cutout_size: Their sides, as a fraction of the shorter side; 0 to 1.
        fill: What comes in from beyond the frame. Masks come in with the image; where a color
            does, there is no mask.
        fill_color: (red, green, blue), 0 to 255 each.

    Raises:
        TypeError: If a value is no number or pair of numbers.
        ValueError: If a range is the wrong way round or out of bounds, or the fill is unknown.
    """

    rotation: float | Span = 0.0
    shift_x: float | Span = 0.0
    shift_y: float | Span = 0.0
    zoom: float | Span = (1.0, 1.0)
    shear: float | Span = 0.0
    horizontal_flip: float = False
    vertical_flip: float = False
    brightness: float | Span = (1.0, 1.0)
    contrast: float | Span = (1.0, 1.0)
    saturation: float | Span = (1.0, 1.0)
    hue: float | Span = 0.0
    blur: float | Span = 0.0
    noise: float | Span = 0.0
    jpeg_quality: float | Span | None = None
    cutouts: float | Span = 0
    cutout_size: float | Span = 0.1
    fill: Fill = "constant"
    fill_color: tuple[int, int, int] = (0, 0, 0)

    def __post_init__(self) -> None:
        for name, limits in _LIMITS.items():
            value = getattr(self, name)
            if name != "jpeg_quality" or value is not None:
                object.__setattr__(self, name, _span(name, value, limits))
        for name in _FLIPS:
            object.__setattr__(self, name, _probability(name, getattr(self, name)))
        if self.fill not in get_args(Fill):
            raise ValueError(f"fill must be one of {get_args(Fill)}, got {self.fill!r}")
        color = tuple(self.fill_color)
        if len(color) != 3 or not all(int(part) == part and 0 <= part <= 255 for part in color):
            raise ValueError(f"fill_color must be three numbers from 0 to 255, got {color}")
        object.__setattr__(self, "fill_color", tuple(map(int, color)))

    def span(self, name: str) -> Span:
        """Return a range as (low, high), by the name of its attribute."""
        return cast("Span", getattr(self, name))

    def to_dict(self) -> dict[str, object]:
        """Return all attributes as JSON holds them, for `Ranges(**...)` to take."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return {
            name: list(value) if isinstance(value, tuple) else value
            for name, value in values.items()
        }


def _span(name: str, value: object, limits: _Limits) -> Span:
    if isinstance(value, int | float) and not isinstance(value, bool):
        low, high = limits.from_number(float(value))
    elif isinstance(value, tuple | list) and len(value) == 2:
        low, high = (_number(name, bound) for bound in value)
    else:
        raise TypeError(f"{name} must be a number or a pair of numbers, got {value!r}")
    if name == "zoom" and value == 0:
        raise ValueError(f"zoom must be above 0, got {value!r}; (1, 1) leaves the size as it is")
    if low > high:
        raise ValueError(f"{name} must go from low to high, got {value!r}")
    if not limits.low <= low <= high <= limits.high:  # false of NaN, too
        raise ValueError(f"{name} must be within {limits.low} to {limits.high}, got {value!r}")
    if limits.whole and (low % 1 or high % 1):
        raise ValueError(f"{name} must be whole numbers, got {value!r}")
    return low, high


def _probability(name: str, value: object) -> float:
    if isinstance(value, bool):
        return _KERAS_FLIP if value else 0.0
    number = _number(name, value)
    if not 0 <= number <= 1:
        raise ValueError(f"{name} must be True, False or a probability, got {value!r}")
    return number


def _number(name: str, value: object) -> float:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    raise TypeError(f"{name} must be made of numbers, got {value!r}")
