"""Regions against OpenCV and SciPy alone: ``python -m tests.benchmarks.bench_regions``.

With MASKCORE_TEST_DATA also on photos whose objects were outlined by people, and on nuclei.
"""

from __future__ import annotations

import csv
import json
import os
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from statistics import mean, median

import cv2
import numpy as np
import scipy.ndimage

from maskcore import image_io, regions, rle, rle_text
from maskcore.samples import shape_scenes
from maskcore.types import Box, Image, Mask
from tests.benchmarks.pairs import Peer, compare, heading

PHOTO = 3000, 4000
SMALL = 900, 1200
_SCENES = (395, 3, 4, 7, 12)
_PHOTOS = 20

_Case = tuple[Image, Box, Mask]


def scenes(size_hw: tuple[int, int]) -> Iterator[_Case]:
    """The largest shape of a few scenes, with its box."""
    for seed in _SCENES:
        one = shape_scenes.scene(seed, size_hw)
        largest = max(one.instances, key=lambda it: rle.area(it.mask))
        yield one.image, largest.box, rle.decode(largest.mask)


def photos(folder: Path) -> Iterator[_Case]:
    """Objects of COCO that are neither tiny nor as large as the photo."""
    import pycocotools.mask

    found = json.loads(next(folder.rglob("instances.json")).read_text("utf-8"))
    files = {it["id"]: it for it in found["images"]}
    objects = [it for it in found["annotations"] if not it["iscrowd"] and it["area"] > 5000]
    kept = 0
    for one in sorted(objects, key=lambda it: it["id"])[::5]:
        file = files[one["image_id"]]
        size_hw = file["height"], file["width"]
        parts = pycocotools.mask.frPyObjects(one["segmentation"], *size_hw)
        inside = pycocotools.mask.decode(pycocotools.mask.merge(parts)).astype(np.bool_)
        x1, y1, x2, y2 = box = rle.box(rle.encode(inside))
        if kept < _PHOTOS and x2 - x1 < 0.93 * size_hw[1] and y2 - y1 < 0.93 * size_hw[0]:
            kept += 1
            yield image_io.read_image(next(folder.rglob(file["file_name"]))), box, inside


def plain_grabcut(image: Image, box: Box) -> Mask:
    """The tutorials' way: all of the image at full size."""
    x1, y1, x2, y2 = box
    labels = np.zeros(image.shape[:2], np.uint8)
    colors = np.zeros((1, 65)), np.zeros((1, 65))
    cv2.setRNGSeed(0)
    place = (x1, y1, x2 - x1, y2 - y1)
    cv2.grabCut(image, labels, place, *colors, 5, cv2.GC_INIT_WITH_RECT)
    return (labels & 1).astype(np.bool_)


def bench_grabcut(name: str, cases: list[_Case], *, plain: bool = True) -> None:
    """Print IoU with the truth and seconds, of ours and of OpenCV's own."""
    ways: dict[str, Callable[[Image, Box], Mask]] = {
        "ours": lambda image, box: regions.grabcut(image, box=box)
    }
    if plain:
        ways["cv2.grabCut, full size"] = plain_grabcut
    for way, find in ways.items():
        overlaps, seconds = [], []
        for image, box, truth in cases:
            start = time.perf_counter()
            found = find(image, box)
            seconds.append(time.perf_counter() - start)
            overlaps.append(np.count_nonzero(found & truth) / np.count_nonzero(found | truth))
        print(
            f"GrabCut, {name:<17} {way:<24} IoU mean {mean(overlaps):.3f} "
            f"median {median(overlaps):.3f}  {mean(seconds):6.2f} s each, most {max(seconds):.2f}",
            flush=True,
        )


def bench_wand(size_hw: tuple[int, int]) -> None:
    image = shape_scenes.scene(395, size_hw).image
    xy = size_hw[1] // 2, size_hw[0] // 2

    def flood(tolerance: int) -> object:
        reached = np.zeros((size_hw[0] + 2, size_hw[1] + 2), np.uint8)
        flags = 4 | cv2.FLOODFILL_FIXED_RANGE | cv2.FLOODFILL_MASK_ONLY | (1 << 8)
        limits = [(tolerance,) * 3] * 2
        return cv2.floodFill(image.copy(), reached, xy, 0, *limits, flags)[2]

    def label(tolerance: int) -> object:
        alike = (np.abs(image.astype(np.int16) - image[xy[1], xy[0]]) <= tolerance).all(axis=2)
        parts, _ = scipy.ndimage.label(alike)
        return parts == parts[xy[1], xy[0]]

    for tolerance in (32, 255):
        compare(
            f"magic wand, tolerance {tolerance}",
            partial(regions.magic_wand, image, xy, tolerance),
            {
                "cv2.floodFill on a copy": Peer(partial(flood, tolerance)),
                "NumPy, scipy.ndimage.label": Peer(partial(label, tolerance)),
            },
            setting=f"{size_hw[0]}x{size_hw[1]}",
            rounds=3,
        )


def bench_watershed(size_hw: tuple[int, int]) -> None:
    image = shape_scenes.scene(395, size_hw).image
    markers = np.zeros(size_hw, np.int32)
    seeds = markers[100::400, 100::400]
    seeds[:] = np.arange(1, seeds.size + 1).reshape(seeds.shape)
    compare(
        f"watershed, {seeds.size} seeds",
        partial(regions.watershed, image, markers),
        {
            "cv2.watershed": Peer(
                lambda: cv2.watershed(image, markers.copy()), note="leaves lines and the frame"
            )
        },
        setting=f"{size_hw[0]}x{size_hw[1]}",
        rounds=3,
    )


def bench_edges(size_hw: tuple[int, int]) -> None:
    image = shape_scenes.scene(395, size_hw).image

    def fill() -> object:
        smooth = cv2.GaussianBlur(image, (0, 0), 1)
        lines = cv2.Canny(smooth, 50, 150, L2gradient=True) > 0
        closed = scipy.ndimage.binary_closing(lines, np.ones((3, 3)))
        return scipy.ndimage.binary_opening(scipy.ndimage.binary_fill_holes(closed))

    compare(
        "closed edges",
        lambda: regions.closed_edges(image),
        {"cv2.Canny, scipy.ndimage": Peer(fill)},
        setting=f"{size_hw[0]}x{size_hw[1]}",
        rounds=3,
    )


def bench_nuclei(folder: Path) -> None:
    """Count nuclei of which only the union is known."""
    csv.field_size_limit(10_000_000)
    by_image: dict[str, list[Mask]] = {}
    with (folder / "labels_rle.csv").open() as file:
        for row in csv.DictReader(file):
            size_hw = int(row["Height"]), int(row["Width"])
            nucleus = rle_text.parse(row["EncodedPixels"], size_hw, "severstal")
            by_image.setdefault(row["ImageId"], []).append(rle.decode(nucleus))
    ways: dict[str, Callable[[Mask], np.ndarray]] = {
        "ours": regions.split_touching,
        "connected parts": _numbered,
    }
    for way, split in ways.items():
        found = right = off = 0
        start = time.perf_counter()
        for nuclei in by_image.values():
            labels = split(np.any(nuclei, axis=0))
            count = int(labels.max())
            found, off = found + count, off + abs(count - len(nuclei))
            right += sum(_is_found(labels, nucleus) for nucleus in nuclei)
        truth = sum(map(len, by_image.values()))
        print(
            f"nuclei, {way:<28} {found} of {truth}, off by {off} in the {len(by_image)} images; "
            f"{right} with an IoU above 0.5; {time.perf_counter() - start:.2f} s",
            flush=True,
        )


def _numbered(inside: Mask) -> np.ndarray:
    return cv2.connectedComponents(inside.astype(np.uint8), connectivity=8)[1]


def _is_found(labels: np.ndarray, nucleus: Mask) -> bool:
    counts = np.bincount(labels[nucleus], minlength=1)
    counts[0] = 0
    best = int(counts.argmax())
    whole = np.count_nonzero(labels == best) + np.count_nonzero(nucleus) - counts[best]
    return bool(counts[best] > 0.5 * whole)


if __name__ == "__main__":
    heading()
    bench_wand(PHOTO)
    bench_watershed(PHOTO)
    bench_edges(PHOTO)
    bench_grabcut("scenes, 12 MP", list(scenes(PHOTO)), plain=False)
    bench_grabcut("scenes, 1 MP", list(scenes(SMALL)))
    data = os.environ.get("MASKCORE_TEST_DATA")
    if data:
        bench_grabcut("photos of COCO", list(photos(Path(data) / "coco")))
        bench_nuclei(Path(data) / "dsb2018")
