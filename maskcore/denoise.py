"""Noise removed with a mask: find the noisy pixels, then fill them from those around them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, get_args

import cv2
import numpy as np
from numpy.typing import NDArray

from maskcore import boxes, checks
from maskcore.arrays import row_major
from maskcore.types import Image, Mask

Method = Literal["median", "telea", "navier-stokes"]
"""How masked pixels can be filled, see `fill`."""

_Plane = NDArray[np.uint8]
_Places = NDArray[np.int64]

_MAX_RADIUS = 100  # OpenCV fills with a smaller one where more is asked for
_USUAL_RADIUS: dict[Method, int] = {"median": 1, "telea": 3, "navier-stokes": 3}
_FLAGS: dict[Method, int] = {"telea": cv2.INPAINT_TELEA, "navier-stokes": cv2.INPAINT_NS}
_AT_A_TIME = 2**20  # neighbors that are looked at
_BLOCK = 16
_PIXELS_PER_CALL = 4000  # that pass unmasked through the inpainting in the time of one more call
_ABOVE_ALL = np.int16(256)


def find(image: Image, *, threshold: int = 40, radius: int = 1) -> Mask:
    """Find the pixels that stand out from their surroundings.

    Args:
        image: (H, W, 3) RGB.
        threshold: A pixel is found if one of its channels differs by more than this from the
            median of that channel around it, 0 to 255.
        radius: The median is that of 2 * radius + 1 rows and columns around the pixel, 1 to 100;
            beyond the frame the image goes on as it is at its edge. From 3 on it takes long.

    Returns:
        (H, W), True where a pixel was found.

    Raises:
        ValueError: If an argument is out of range.
    """
    checks.image(image)
    most = checks.integer(threshold, 0, 255, "threshold")
    size = 2 * checks.integer(radius, 1, _MAX_RADIUS, "radius") + 1
    image = np.ascontiguousarray(image)
    difference = cv2.absdiff(image, cv2.medianBlur(image, size))
    near = cv2.inRange(difference, (0, 0, 0), (most, most, most))
    return np.asarray(near == 0)


def find_extremes(
    image: Image, *, low: int = 0, high: int = 255, all_channels: bool = True
) -> Mask:
    """Find the pixels that are very dark or very bright, such as salt-and-pepper noise.

    Args:
        image: (H, W, 3) RGB.
        low: The highest value that counts as dark, 0 to 255.
        high: The lowest value that counts as bright, more than `low`, at most 255.
        all_channels: Whether all three channels must be dark or all three bright, so that the
            pixel is about black or white. Otherwise one is enough, dark or bright, as where each
            channel has its own noise; then strong colors are found too.

    Returns:
        (H, W), True where a pixel was found.

    Raises:
        ValueError: If an argument is out of range.
    """
    checks.image(image)
    high = checks.integer(high, 1, 255, "high")
    low = checks.integer(low, 0, high - 1, "low")
    image = np.ascontiguousarray(image)
    if all_channels:
        dark = cv2.inRange(image, (0, 0, 0), (low, low, low))
        bright = cv2.inRange(image, (high, high, high), (255, 255, 255))
        return np.asarray(cv2.bitwise_or(dark, bright) != 0)
    return np.asarray(cv2.inRange(image, (low + 1,) * 3, (high - 1,) * 3) == 0)


def fill(
    image: Image, mask: Mask, *, method: Method = "median", radius: int | None = None
) -> Image:
    """Fill the masked pixels from those around them; no other pixel changes.

    Args:
        image: (H, W, 3) RGB.
        mask: (H, W), True where a pixel is to be replaced; at least one must stay.
        method: "median" takes the median of the unmasked pixels around, channel by channel; of
            an even number the mean of the middle two, rounded up from .5. Where there are none
            in reach, what has been filled counts as unmasked, step by step from the rim inwards.
            "telea" (A. Telea, "An image inpainting technique based on the fast marching method",
            2004) and "navier-stokes" (M. Bertalmio et al., "Navier-Stokes, fluid dynamics, and
            image and video inpainting", 2001) go on with the lines at the rim, as OpenCV does.
        radius: How many pixels around count, 1 to 100; 1 for the median and 3 for the others if
            not given. The median's are a square. The time grows with the radius squared.

    Returns:
        (H, W, 3) RGB, a copy.

    Raises:
        ValueError: If the sizes differ, the mask is full or an argument is out of range.
    """
    checks.image(image)
    checks.mask(mask)
    checks.same_size(mask.shape, image.shape, "mask")
    if method not in get_args(Method):
        raise ValueError(f"method must be one of {', '.join(get_args(Method))}, got {method!r}")
    reach = checks.integer(
        _USUAL_RADIUS[method] if radius is None else radius, 1, _MAX_RADIUS, "radius"
    )
    noisy = row_major(mask).view(np.uint8)
    n_noisy = cv2.countNonZero(noisy)
    if n_noisy == noisy.size:
        raise ValueError("mask must leave at least one pixel to fill from, got a full mask")
    filled = image.copy(order="C")
    if n_noisy == 0:
        return filled
    if method == "median":
        _fill_medians(filled, noisy, reach)
    else:
        for at, part in _groups(noisy, reach + 2):
            cv2.copyTo(_inpainted(filled[at], part, reach, _FLAGS[method]), part, filled[at])
    return filled


def _fill_medians(filled: Image, noisy: _Plane, radius: int) -> None:
    # With a frame that is never known, for the windows that reach beyond the image.
    known = np.pad(noisy ^ 1, radius)
    left = np.flatnonzero(noisy.view(np.bool_))
    done = _fill_from_known(filled, known, left, radius)
    left = left[~done]
    if left.size:
        steps = _steps_to_known(known[radius:-radius, radius:-radius], left, radius)
        order = np.argsort(steps, kind="stable")
        starts = np.flatnonzero(np.diff(steps[order])) + 1
        for places in np.split(left[order], starts):
            _fill_from_known(filled, known, places, radius)


def _fill_from_known(
    filled: Image, known: _Plane, places: _Places, radius: int
) -> NDArray[np.bool_]:
    """Fill the pixels that have known ones in reach, all from the same state; tell which."""
    width = filled.shape[1]
    colors, flags = filled.reshape(-1, 3), known.reshape(-1)
    framed_width = known.shape[1]
    reach = np.arange(-radius, radius + 1)
    near = (reach[:, None] * width + reach).reshape(-1)
    framed_near = ((reach[:, None] + radius) * framed_width + reach + radius).reshape(-1)
    done = np.zeros(places.size, np.bool_)
    for start in range(0, places.size, step := max(1, _AT_A_TIME // near.size)):
        some = places[start : start + step, None]
        framed = some // width * framed_width + some % width
        is_known = flags.take(framed + framed_near)  # (n, window)
        # Beyond the frame, where nothing is known, any pixel will do.
        around = colors.take(some + near, axis=0, mode="clip")  # (n, window, 3)
        values = around.transpose(0, 2, 1).astype(np.int16, order="C")  # (n, 3, window)
        values += (is_known ^ 1)[:, None] * _ABOVE_ALL
        values.sort(axis=-1)
        n_known = is_known.sum(axis=-1, dtype=np.int64)
        middle = [
            np.take_along_axis(values, np.maximum(place, 0)[:, None, None], axis=-1)[..., 0]
            for place in ((n_known - 1) // 2, n_known // 2)
        ]
        medians = (middle[0] + middle[1] + 1) // 2  # (n, 3)
        done[start : start + step] = good = n_known > 0
        colors[some[good, 0]] = medians[good].astype(np.uint8)
    now = places[done]
    known[now // width + radius, now % width + radius] = 1
    return done


def _steps_to_known(known: _Plane, places: _Places, radius: int) -> _Places:
    """In which step the pixels come into reach: their chessboard distance in units of radius."""
    rows, columns = np.divmod(places, known.shape[1])
    box = int(columns.min()), int(rows.min()), int(columns.max()) + 1, int(rows.max()) + 1
    x1, y1, *_ = around = boxes.grow(box, 1, known.shape)
    crop = known[boxes.slices(around)]
    distance = cv2.distanceTransform(crop ^ 1, cv2.DIST_C, cv2.DIST_MASK_3)
    steps = np.ceil(distance[rows - y1, columns - x1] / radius)
    return np.asarray(steps.astype(np.int64))


def _inpainted(image: Image, noisy: _Plane, radius: int, flag: int) -> Image:
    height, width = noisy.shape
    if height == 1 or width == 1:  # doubled, or else OpenCV reads beyond its memory
        image = np.tile(image, (1 + (height == 1), 1 + (width == 1), 1))
        noisy = np.tile(noisy, (1 + (height == 1), 1 + (width == 1)))
    return np.asarray(cv2.inpaint(image, noisy, radius, flag)[:height, :width], np.uint8)


def _groups(noisy: _Plane, margin: int) -> Iterator[tuple[tuple[slice, slice], _Plane]]:
    """Divide the noisy pixels into groups that are too far apart to influence each other.

    Yields:
        Where a group and its margin lie, and its pixels there.
    """
    height, width = noisy.shape
    side = max(_BLOCK, margin)
    wide, high = -(-width // side), -(-height // side)
    padded = cv2.copyMakeBorder(
        noisy, 0, high * side - height, 0, wide * side - width, cv2.BORDER_CONSTANT, value=[0]
    )
    bands = padded.reshape(high, side, wide * side).max(axis=1)
    blocks = bands.reshape(high, wide, side).max(axis=2)
    _, labels, stats, _ = cv2.connectedComponentsWithStats(blocks, connectivity=8)
    crops = []
    for x, y, w, h, _ in stats[1:].tolist():
        box = boxes.xywh_to_xyxy((x * side, y * side, w * side, h * side))
        crops.append(boxes.slices(boxes.grow(box, margin, noisy.shape)))
    work = sum(
        _PIXELS_PER_CALL + (rows.stop - rows.start) * (columns.stop - columns.start)
        for rows, columns in crops
    )
    if work > noisy.size:
        yield (slice(0, height), slice(0, width)), noisy
        return
    for label, (rows, columns) in enumerate(crops, start=1):
        block_rows = np.arange(rows.start, rows.stop) // side
        block_columns = np.arange(columns.start, columns.stop) // side
        own = labels[block_rows[:, None], block_columns] == label
        yield (rows, columns), noisy[rows, columns] * own
