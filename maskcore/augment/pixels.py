"""What a sample does to colors and to grain, wherever the pixels have gone."""

from __future__ import annotations

import math
from functools import cache
from statistics import NormalDist

import cv2
import numpy as np
from numpy.typing import NDArray

from maskcore import image_io
from maskcore.augment.drawn import Drawn
from maskcore.types import Image

_MIDDLE_GRAY = 127.5
_MAX_SIGMA = 4.0  # pixels; a wider blur is made on a reduced image

# Rec. 709, and the matrices for "saturate" and "hueRotate" with them:
# https://www.w3.org/TR/filter-effects-1/#feColorMatrixElement
_LUMA = np.tile([0.213, 0.715, 0.072], (3, 1))
_TURN = np.array([[-0.213, -0.715, 0.928], [0.143, 0.140, -0.283], [-0.787, 0.715, 0.072]])


def recolor(image: Image, drawn: Drawn) -> Image:
    """Change brightness, contrast, saturation and hue, in this order and in one pass.

    Values are rounded and clipped once, at the end, so that no step takes away what a later one
    brings back.
    """
    offset = _MIDDLE_GRAY * (1 - drawn.contrast)
    scale = drawn.brightness * drawn.contrast
    if drawn.saturation == 1 and not drawn.hue:
        if scale == 1 and not offset:
            return image
        table = np.clip(np.rint(np.arange(256) * scale + offset), 0, 255).astype(np.uint8)
        return np.asarray(cv2.LUT(image, table), np.uint8)
    # Rows of the matrices add up to 1, so that they leave an equal offset as it is.
    mixed = scale * _saturation_and_hue(drawn)
    return np.asarray(cv2.transform(image, np.column_stack([mixed, [offset] * 3])), np.uint8)


def _saturation_and_hue(drawn: Drawn) -> NDArray[np.float64]:
    angle = math.radians(drawn.hue)
    colors = np.eye(3) - _LUMA
    saturate = _LUMA + drawn.saturation * colors
    turn = _LUMA + math.cos(angle) * colors + math.sin(angle) * _TURN
    return np.asarray(turn @ saturate, np.float64)


def roughen(image: Image, drawn: Drawn) -> Image:
    """Blur, then add noise, then the marks of JPEG, then cover squares.

    In a reduced image, what is finer than its pixels fades as it does when the full-size sample
    is reduced.
    """
    height, width = image.shape[:2]
    scale = min(1.0, math.sqrt(height * width / math.prod(drawn.size_hw)))
    if drawn.blur:
        image = _blurred(image, drawn.blur * min(height, width))
    if drawn.noise:
        image = _with_noise(image, drawn.noise * scale, drawn.noise_seed)
    if drawn.jpeg_quality is not None:
        image = _with_jpeg_marks(image, drawn.jpeg_quality, scale)
    return _with_squares(image, drawn) if drawn.cutouts else image


def _blurred(image: Image, sigma: float) -> Image:
    height, width = image.shape[:2]
    factor = max(1, int(sigma / _MAX_SIGMA * 2))
    if factor == 1:
        return np.asarray(cv2.GaussianBlur(image, (0, 0), sigma), np.uint8)
    small_wh = max(1, round(width / factor)), max(1, round(height / factor))
    small = cv2.resize(image, small_wh, interpolation=cv2.INTER_AREA)
    small = cv2.GaussianBlur(
        small, (0, 0), sigma * small_wh[0] / width, sigmaY=sigma * small_wh[1] / height
    )
    return np.asarray(cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR), np.uint8)


@cache
def _normal_steps() -> NDArray[np.float64]:
    """256 equally likely values of a normal distribution, with a standard deviation of 1."""
    steps = np.array([NormalDist().inv_cdf((i + 0.5) / 256) for i in range(256)])
    return np.asarray(steps / steps.std(), np.float64)


def _with_noise(image: Image, deviation: float, seed: int) -> Image:
    # A byte picks one of 256 values: many times as fast as drawing normal numbers.
    rng = np.random.Generator(np.random.SFC64(seed))
    picks = rng.integers(0, 256, image.shape, np.uint8)
    amounts = np.clip(np.rint(_normal_steps() * deviation), -255, 255)
    brighter = cv2.LUT(picks, np.maximum(amounts, 0).astype(np.uint8))
    darker = cv2.LUT(picks, np.maximum(-amounts, 0).astype(np.uint8))
    return np.asarray(cv2.subtract(cv2.add(image, brighter), darker), np.uint8)


def _with_jpeg_marks(image: Image, quality: int, share: float) -> Image:
    content = np.frombuffer(image_io.encode_jpeg(image, quality=quality), np.uint8)
    marked: Image = np.asarray(cv2.imdecode(content, cv2.IMREAD_COLOR_RGB), np.uint8)
    if share == 1:
        return marked
    return np.asarray(cv2.addWeighted(marked, share, image, 1 - share, 0), np.uint8)


def _with_squares(image: Image, drawn: Drawn) -> Image:
    height, width = image.shape[:2]
    covered = image.copy()
    for left, top, side in drawn.cutouts:
        x, y = round(left * width), round(top * height)
        length = side * min(height, width)
        covered[y : round(top * height + length), x : round(left * width + length)] = (
            drawn.fill_color
        )
    return covered
