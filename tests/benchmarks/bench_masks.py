"""Mask editing against the usual ways: ``python -m tests.benchmarks.bench_masks``."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import cv2
import numpy as np
from scipy import ndimage

from maskcore import masks, rle
from maskcore.masks.morphology import disk
from maskcore.types import Mask
from tests.benchmarks.bench_rle import PHOTO, ellipses
from tests.benchmarks.pairs import Peer, compare, heading

EIGHT = np.ones((3, 3))


def nuclei() -> Mask:
    """1,320 parts on 12 megapixels, each with a hole."""
    rng = np.random.default_rng(0)
    pixels = np.zeros(PHOTO, np.uint8)
    for i, j in np.ndindex(33, 40):
        axes = rng.integers(12, 38, 2).tolist()
        middle = int(j * 100 + 50), int(i * 90 + 48)
        cv2.ellipse(pixels, middle, axes, int(rng.integers(0, 180)), 0, 360, 1, -1)
        cv2.circle(pixels, middle, 3, 0, -1)
    return pixels.astype(np.bool_)


def noise() -> Mask:
    """A threshold of grain: 31,000 parts, more than a million runs."""
    grain = np.random.default_rng(0).integers(0, 256, PHOTO).astype(np.uint8)
    return cv2.GaussianBlur(grain, (0, 0), 1.2) > 127


def cv2_grown(pixels: Mask, radius: int) -> Mask:
    return cv2.dilate(pixels.view(np.uint8), disk(radius)).view(np.bool_)


def cv2_by_distance(pixels: Mask, radius: int) -> Mask:
    outside = (~pixels).view(np.uint8)
    distances = cv2.distanceTransform(outside, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    return distances <= radius


def cv2_without_specks(pixels: Mask, area: int) -> Mask:
    _, numbers, found, _ = cv2.connectedComponentsWithStats(pixels.view(np.uint8), connectivity=8)
    keep = found[:, cv2.CC_STAT_AREA] >= area
    keep[0] = False
    return keep[numbers]


def scipy_without_specks(pixels: Mask, area: int) -> Mask:
    numbers, _ = ndimage.label(pixels, EIGHT)
    keep = np.bincount(numbers.reshape(-1)) >= area
    keep[0] = False
    return keep[numbers]


def cv2_filled(pixels: Mask) -> Mask:
    contours, _ = cv2.findContours(
        pixels.view(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE
    )
    filled = pixels.astype(np.uint8)
    return cv2.drawContours(filled, contours, -1, 1, -1).view(np.bool_)


def crops(pixels: Mask) -> list[rle.RLE]:
    """Every part cut out of a map of numbers, and the whole of it encoded."""
    numbers, _ = ndimage.label(pixels, EIGHT)
    parts = []
    for number, place in enumerate(ndimage.find_objects(numbers), start=1):
        whole = np.zeros(pixels.shape, np.bool_)
        whole[place] = numbers[place] == number
        parts.append(rle.encode(whole))
    return parts


def same(ours: Callable[[], Mask], *peers: Callable[[], Mask]) -> None:
    for peer in peers:
        assert np.array_equal(ours(), peer())


def bench_grow(pixels: Mask, what: str) -> None:
    for radius, aim in ((1, None), (5, None), (20, 5), (60, None), (200, None)):
        ours = partial(masks.grow, pixels, radius)
        by_distance = partial(cv2_by_distance, pixels, radius)
        same(ours, by_distance)
        peers = {"OpenCV distanceTransform": Peer(by_distance)}
        if radius <= 20:
            dilated = partial(cv2_grown, pixels, radius)
            same(ours, dilated)
            peers["OpenCV dilate with a disk"] = Peer(dilated, aim)
        if radius <= 5:
            slow = partial(ndimage.binary_dilation, pixels, disk(radius))
            same(ours, slow)
            peers["scipy binary_dilation"] = Peer(slow)
        compare(f"grow {radius} px", ours, peers, setting=f"3000x4000, {what}", rounds=3)


def bench_smooth(pixels: Mask, what: str) -> None:
    gray = pixels.view(np.uint8) * np.uint8(255)
    for radius in (3, 30):
        compare(
            f"smooth {radius} px",
            partial(masks.smooth, pixels, radius),
            {
                "OpenCV GaussianBlur, 8 bits": Peer(
                    lambda s=radius + 0.5: cv2.GaussianBlur(gray, (0, 0), s) > 127
                ),
            },
            setting=f"3000x4000, {what}",
            rounds=3,
        )


def bench_parts(pixels: Mask, what: str, *, aims: tuple[float | None, float | None]) -> None:
    setting = f"3000x4000, {what}"
    ours = partial(masks.drop_specks, pixels, 800)
    theirs = partial(cv2_without_specks, pixels, 800), partial(scipy_without_specks, pixels, 800)
    same(ours, *theirs)
    compare(
        "drop specks",
        ours,
        {"OpenCV, areas, look-up": Peer(theirs[0]), "scipy label": Peer(theirs[1], aims[0])},
        setting=setting,
        rounds=3,
    )
    ours = partial(masks.fill_holes, pixels)
    theirs = partial(cv2_filled, pixels), partial(ndimage.binary_fill_holes, pixels)
    same(ours, theirs[1])
    compare(
        "fill holes",
        ours,
        {
            "OpenCV contours, filled": Peer(theirs[0], note="fills islands in holes alike"),
            "scipy binary_fill_holes": Peer(theirs[1], aims[1]),
        },
        setting=setting,
        rounds=3,
    )


def bench_split(pixels: Mask) -> None:
    assert set(masks.split(pixels)) == set(crops(pixels))
    compare(
        "split",
        partial(masks.split, pixels),
        {"scipy label, find_objects, encode": Peer(partial(crops, pixels), 20)},
        setting="3000x4000, 1,320 parts",
        rounds=1,
    )


def bench_polygons(pixels: Mask, what: str) -> None:
    polygons = masks.mask_to_polygons(pixels)
    assert np.array_equal(masks.polygons_to_mask(polygons, pixels.shape), pixels)
    contours = partial(
        cv2.findContours, pixels.view(np.uint8), cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE
    )
    compare(
        "mask to polygons",
        partial(masks.mask_to_polygons, pixels),
        {"OpenCV findContours": Peer(contours, note="through centres, holes half a pixel off")},
        setting=f"3000x4000, {what}",
        rounds=3,
    )
    found = contours()[0]
    compare(
        "polygons to mask",
        partial(masks.polygons_to_mask, polygons, pixels.shape),
        {
            "OpenCV drawContours": Peer(
                lambda: cv2.drawContours(np.zeros(pixels.shape, np.uint8), found, -1, 1, -1)
            )
        },
        setting=f"3000x4000, {what}",
        rounds=3,
    )


if __name__ == "__main__":
    heading()
    large, many = ellipses(PHOTO), nuclei()
    bench_grow(large, "2 ellipses")
    bench_grow(many, "1,320 parts")
    bench_smooth(many, "1,320 parts")
    bench_parts(many, "1,320 parts", aims=(2, 3))
    bench_parts(noise(), "31,000 parts; lost, runs are too many", aims=(None, None))
    bench_split(many)
    bench_polygons(large, "2 ellipses")
    bench_polygons(many, "1,320 parts")
