"""Generated scenes: circles, squares and triangles on varied backgrounds, with their true masks.

The demo model of Mask R-CNN learns from these scenes, and tests and samples use them because the
truth is known to the pixel. The order in which random numbers are drawn is part of the contract:
the figures of the model card hold for these scenes and no others.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from maskcore import checks, rle
from maskcore.types import Image, Instance, Mask

LABELS = ("circle", "square", "triangle")
"""What a scene can show: squares and circles are slightly stretched, triangles not quite even."""

_MAX_SHAPES = 7
_EMPTY_SHARE = 0.03
_RADIUS = (0.055, 0.30)  # of the shorter side of the image
_MIN_RADIUS = 7.0
_MIN_AREA = 40
_MIN_SIDE = 4
_MIN_VISIBLE = 0.25
_MIN_CONTRAST = 45
_COLOR_TRIES = 20
_SUBPIXEL_BITS = 4
_CURVE_POINTS = 48

_Plane = NDArray[np.floating]
_Color = NDArray[np.float32]
_Points = NDArray[np.float64]


@dataclass(frozen=True)
class Scene:
    """A picture and what it shows.

    Attributes:
        image: (H, W, 3) RGB.
        instances: From back to front, with labels from `LABELS`. Each mask is the visible part:
            masks never overlap. A shape that others hide to more than three quarters, or of
            which a speck is left, is in the picture but not in the list.
    """

    image: Image
    instances: list[Instance]


def scene(seed: int, size_hw: tuple[int, int] | None = None) -> Scene:
    """Draw a scene.

    Args:
        seed: Not negative; the same seed and size give the same scene.
        size_hw: (height, width) of the image; drawn from 128 to 256 pixels each if not given.

    Raises:
        ValueError: If the seed is negative or a side is below 1.
    """
    rng = np.random.default_rng(seed)
    if size_hw is None:
        height, width = (int(side) for side in rng.integers(128, 257, 2))
    else:
        height, width = checks.size_hw(size_hw)
    canvas = _background(rng, (height, width))
    occupied = rng.random() > _EMPTY_SHARE
    count = int(rng.integers(1, _MAX_SHAPES + 1)) if occupied else 0
    front = np.zeros((height, width), np.uint8)  # number of the shape that is seen, from 1
    drawn: list[tuple[str, int]] = []
    for number in range(1, count + 1):
        kind = int(rng.integers(0, len(LABELS)))
        outline = _outline(rng, kind, height, width)
        canvas, inside = _paint(rng, canvas, outline)
        front[inside] = number
        drawn.append((LABELS[kind], int(inside.sum())))
    return Scene(_photographed(rng, canvas), _instances(front, drawn))


def _instances(front: NDArray[np.uint8], drawn: list[tuple[str, int]]) -> list[Instance]:
    """Return what is left to see of the shapes that were drawn, given as (label, whole area)."""
    instances = []
    for number, (label, whole_area) in enumerate(drawn, start=1):
        visible = front == number
        if _is_recognizable(visible, whole_area):
            instances.append(Instance(rle.encode(visible), label))
    return instances


def _is_recognizable(visible: Mask, whole_area: int) -> bool:
    area = int(visible.sum())
    if area < _MIN_AREA or area < _MIN_VISIBLE * whole_area:
        return False
    extents = (np.flatnonzero(visible.any(axis)) for axis in (0, 1))
    return all(places[-1] + 1 - places[0] >= _MIN_SIDE for places in extents)


def _background(rng: np.random.Generator, size_hw: tuple[int, int]) -> _Plane:
    """Return one of five kinds of backgrounds as (H, W, 3) float32, 0 to about 255."""
    draw = (_flat, _gradient, _clouds, _waves, _scribble)[rng.integers(0, 5)]
    colors = rng.integers(0, 256, 3), rng.integers(0, 256, 3)
    first, second = (color.astype(np.float32) for color in colors)
    return draw(rng, size_hw, first, second).astype(np.float32)


def _flat(
    _: np.random.Generator, size_hw: tuple[int, int], color: _Color, _unused: _Color
) -> _Plane:
    return np.broadcast_to(color, (*size_hw, 3)).copy()


def _gradient(
    rng: np.random.Generator, size_hw: tuple[int, int], first: _Color, second: _Color
) -> _Plane:
    angle = rng.uniform(0, 2 * math.pi)
    y, x = _grid(size_hw)
    share = x * math.cos(angle) + y * math.sin(angle)
    share = (share - share.min()) / max(float(np.ptp(share)), 1e-6)
    return np.asarray(first + share[..., None] * (second - first))


def _clouds(
    rng: np.random.Generator, size_hw: tuple[int, int], color: _Color, _unused: _Color
) -> _Plane:
    cells = int(rng.integers(3, 24))
    grid = rng.integers(0, 256, (cells, cells, 3)).astype(np.float32)
    clouds = cv2.resize(grid, size_hw[::-1], interpolation=cv2.INTER_CUBIC)
    strength = rng.uniform(0.2, 1.0)
    return np.asarray(color * (1 - strength) + clouds * strength)


def _waves(
    rng: np.random.Generator, size_hw: tuple[int, int], first: _Color, second: _Color
) -> _Plane:
    """Stripes, or a chequered pattern of stripes both ways."""
    period = rng.uniform(6, 40)
    angle = rng.uniform(0, math.pi)
    cos, sin = math.cos(angle), math.sin(angle)
    y, x = _grid(size_hw)
    waves = np.sin((x * cos + y * sin) * 2 * math.pi / period)
    if rng.random() < 0.5:
        waves = waves * np.sin((-x * sin + y * cos) * 2 * math.pi / period)
    strength = rng.uniform(0.1, 0.6)
    return np.asarray(first + (0.5 + 0.5 * waves[..., None]) * strength * (second - first))


def _scribble(
    rng: np.random.Generator, size_hw: tuple[int, int], color: _Color, unused: _Color
) -> _Plane:
    """Thin lines, so that not everything with an edge is a shape."""
    canvas = _flat(rng, size_hw, color, unused)
    for _ in range(int(rng.integers(2, 9))):
        start = rng.integers(0, max(size_hw), 2).tolist()
        end = rng.integers(0, max(size_hw), 2).tolist()
        ink = _any_color(rng)
        cv2.line(canvas, start, end, ink, int(rng.integers(1, 4)), cv2.LINE_AA)
    return canvas


def _grid(size_hw: tuple[int, int]) -> NDArray[np.float32]:
    """Return the y and the x of every pixel, (2, H, W)."""
    return np.mgrid[0 : size_hw[0], 0 : size_hw[1]].astype(np.float32)


def _any_color(rng: np.random.Generator) -> tuple[float, ...]:
    return tuple(float(value) for value in rng.integers(0, 256, 3))


def _outline(rng: np.random.Generator, kind: int, height: int, width: int) -> _Points:
    """Return the corners of a shape somewhere in the image, (N, 2) x and y."""
    low, high = (math.log(share) for share in _RADIUS)
    radius = max(min(height, width) * math.exp(rng.uniform(low, high)), _MIN_RADIUS)
    center = rng.uniform(0.02 * width, 0.98 * width), rng.uniform(0.02 * height, 0.98 * height)
    points, angle = (_circle, _square, _triangle)[kind](rng, radius)
    cos, sin = math.cos(angle), math.sin(angle)
    return np.asarray(points @ np.array([[cos, sin], [-sin, cos]]) + center)


def _circle(rng: np.random.Generator, radius: float) -> tuple[_Points, float]:
    stretch = rng.uniform(0.8, 1.0)
    angle = rng.uniform(0, math.pi)
    turn = np.linspace(0, 2 * math.pi, _CURVE_POINTS, endpoint=False)
    return np.stack([radius * np.cos(turn), radius * stretch * np.sin(turn)], 1), angle


def _square(rng: np.random.Generator, radius: float) -> tuple[_Points, float]:
    angle = rng.uniform(0, math.pi / 2)
    stretch = rng.uniform(0.75, 1.0)
    x, y = 0.9 * radius, 0.9 * radius * stretch
    return np.array([[-x, -y], [x, -y], [x, y], [-x, y]]), angle


def _triangle(rng: np.random.Generator, radius: float) -> tuple[_Points, float]:
    angle = rng.uniform(0, 2 * math.pi)
    turn = np.array([0, 2 * math.pi / 3, 4 * math.pi / 3]) + rng.uniform(-0.25, 0.25, 3)
    return 1.1 * radius * np.stack([np.cos(turn), np.sin(turn)], 1), angle


def _paint(rng: np.random.Generator, canvas: _Plane, outline: _Points) -> tuple[_Plane, Mask]:
    """Return the canvas with a shape on top of it, and the (H, W) pixels of that shape."""
    height, width = canvas.shape[:2]
    corners = np.round(outline * 2**_SUBPIXEL_BITS).astype(np.int32)
    coverage = np.zeros((height, width), np.uint8)
    cv2.fillPoly(coverage, [corners], 255, cv2.LINE_AA, _SUBPIXEL_BITS)
    inside = coverage > 127
    fill = _fill(rng, canvas[inside].mean(0) if inside.any() else canvas.mean((0, 1)), width)
    opacity = coverage.astype(np.float32)[..., None] / 255
    canvas = canvas * (1 - opacity) + opacity * fill
    if rng.random() < 0.2:
        cv2.polylines(canvas, [corners], True, _any_color(rng), 1, cv2.LINE_AA, _SUBPIXEL_BITS)
    return canvas, inside


def _fill(rng: np.random.Generator, under: _Plane, width: int) -> _Plane:
    """Return a color that differs from what lies under it, (3,), or shaded, (1, W, 3)."""
    for _ in range(_COLOR_TRIES):
        color = rng.integers(0, 256, 3).astype(np.float32)
        if np.abs(color - under).max() > _MIN_CONTRAST:
            break
    if rng.random() >= 0.3:
        return color
    other = np.clip(color + rng.normal(0, 25, 3), 0, 255)
    share = np.linspace(0, 1, width, dtype=np.float32)[None, :, None]
    return np.asarray(color + share * (other - color))


def _photographed(rng: np.random.Generator, canvas: _Plane) -> Image:
    """Blur it or not, add noise or not, as a camera would."""
    height, width = canvas.shape[:2]
    if rng.random() < 0.3:
        blurred = cv2.GaussianBlur(canvas, (0, 0), rng.uniform(0.4, 1.2))
        canvas = np.asarray(blurred, canvas.dtype)
    if rng.random() < 0.7:
        spread = rng.uniform(2, 18)
        planes = 1 if rng.random() < 0.5 else 3
        canvas = canvas + rng.normal(0, spread, (height, width, planes)).astype(np.float32)
    return np.clip(canvas, 0, 255).astype(np.uint8)
