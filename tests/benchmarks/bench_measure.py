"""Measuring and denoising against numpy.ma: ``python -m tests.benchmarks.bench_measure``."""

from __future__ import annotations

import time
from collections.abc import Callable

import cv2
import numpy as np
from pycocotools import mask as coco

from maskcore import denoise, measure, rle
from maskcore.types import Image, Instance, Mask
from tests.benchmarks.pairs import Peer, compare, heading

PHOTO = 3000, 4000
N = 100
AIM = 20

_SAMPLES = 4


def photo(size_hw: tuple[int, int]) -> Image:
    """A picture that is smooth, with grain."""
    rng = np.random.default_rng(0)
    rough = rng.integers(0, 256, (size_hw[0] // 50, size_hw[1] // 50, 3), np.uint8)
    smooth = cv2.resize(rough, size_hw[::-1], interpolation=cv2.INTER_CUBIC).astype(np.int16)
    return np.clip(smooth + rng.normal(0, 3, smooth.shape), 0, 255).astype(np.uint8)


def ellipses(size_hw: tuple[int, int], n: int, radii: tuple[int, int]) -> list[Mask]:
    rng = np.random.default_rng(1)
    drawn = []
    for _ in range(n):
        middle = int(rng.integers(0, size_hw[1])), int(rng.integers(0, size_hw[0]))
        axes = int(rng.integers(*radii)), int(rng.integers(*radii))
        angle = int(rng.integers(0, 180))
        filled = cv2.ellipse(np.zeros(size_hw, np.uint8), middle, axes, angle, 0, 360, 1, -1)
        drawn.append(filled.view(np.bool_))
    return drawn


def with_masked_arrays(image: Image, gray: np.ndarray, inside: Mask) -> list[object]:
    """Mean, median, standard deviation, lowest and highest value of four channels."""
    missing = ~inside
    values: list[object] = [np.count_nonzero(inside)]
    for plane in (image[..., 0], image[..., 1], image[..., 2], gray):
        under = np.ma.array(plane, mask=missing)
        values += [under.mean(), np.ma.median(under), under.std(), under.min(), under.max()]
    return values


def cropped(image: Image, gray: np.ndarray, inside: Mask) -> list[object]:
    y, x = np.flatnonzero(inside.any(axis=1)), np.flatnonzero(inside.any(axis=0))
    box = np.s_[y[0] : y[-1] + 1, x[0] : x[-1] + 1]
    return with_masked_arrays(image[box], gray[box], inside[box])


def bench_statistics(radii: tuple[int, int]) -> None:
    """The loops do the same for every mask, so a few of them, evenly chosen, stand for all."""
    image = photo(PHOTO)
    gray = np.asarray(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY))
    masks = ellipses(PHOTO, N, radii)
    instances = [Instance(rle.encode(pixels), "it") for pixels in masks]
    some = masks[:: N // _SAMPLES]

    def work() -> list[measure.Statistics]:
        return measure.statistics(image, instances)

    row = work()[0]
    ours = [row.area]
    for values in (row.red, row.green, row.blue, row.gray):
        ours += [values.mean, values.median, values.std, values.min, values.max]
    assert np.allclose(ours, cropped(image, gray, masks[0]), rtol=1e-9)
    pixels = np.mean([np.count_nonzero(it) for it in masks])
    name = f"{N} masks of {pixels:,.0f} pixels"
    times = N // len(some)
    _against(
        name,
        work,
        "numpy.ma, whole image",
        lambda: [with_masked_arrays(image, gray, it) for it in some],
        times,
        AIM,
    )
    _against(
        name,
        work,
        "numpy.ma, box found in the array",
        lambda: [cropped(image, gray, it) for it in some],
        times,
        None,
    )
    _against(
        name,
        work,
        "numpy.ma, box and crop from RLE",
        lambda: [_from_rle(image, gray, it) for it in instances],
        1,
        None,
    )


def _against(
    name: str,
    ours: Callable[[], object],
    peer: str,
    theirs: Callable[[], object],
    times: int,
    aim: float | None,
) -> None:
    """Print a line as `compare` does, for a peer that does only a part of the work."""
    figures, took = [], []
    for _ in range(3):
        took.append(min(_seconds(ours) for _ in range(3)))
        figures.append(_seconds(theirs) * times / took[-1])
    figure = float(np.median(figures))
    remarks = f"{PHOTO[0]}x{PHOTO[1]}" + f"; {N // times} of them, times {times}" * (times > 1)
    missed = "; MISSED" if aim and figure < aim else ""
    wanted = f"{aim:g}x" if aim else "-"
    print(
        f"{name:<26} {np.median(took) * 1e6:>7.0f} us  {peer:<34} {wanted:>5} "
        f"{figure:>6,.0f}x  {remarks}{missed}",
        flush=True,
    )


def _from_rle(image: Image, gray: np.ndarray, instance: Instance) -> list[object]:
    x1, y1, x2, y2 = instance.box
    box = np.s_[y1:y2, x1:x2]
    inside = rle.decode(instance.mask, box=instance.box)
    return with_masked_arrays(image[box], gray[box], inside)


def bench_histogram() -> None:
    image = photo(PHOTO)
    compare(
        "histogram, whole image",
        lambda: measure.histogram(image),
        {
            "np.bincount, 4 channels": Peer(
                lambda: [
                    np.bincount(np.ravel(plane), minlength=256)
                    for plane in (*cv2.split(image), cv2.cvtColor(image, cv2.COLOR_RGB2GRAY))
                ]
            )
        },
        setting=f"{PHOTO[0]}x{PHOTO[1]}",
        rounds=3,
    )


def bench_overlaps(size_hw: tuple[int, int], radii: tuple[int, int]) -> None:
    masks = ellipses(size_hw, N, radii)
    instances = [Instance(rle.encode(pixels), "it") for pixels in masks]
    theirs = [
        coco.frPyObjects({"size": list(size_hw), "counts": it.mask.counts.tolist()}, *size_hw)
        for it in instances
    ]
    compare(
        f"overlap of {N} masks",
        lambda: measure.overlaps(instances),
        {
            "pycocotools, its own RLE": Peer(lambda: coco.iou(theirs, theirs, [0] * N)),
            "rle.iou, each pair": Peer(
                lambda: [
                    rle.iou(a.mask, b.mask) for i, a in enumerate(instances) for b in instances[i:]
                ]
            ),
        },
        setting=f"{size_hw[0]}x{size_hw[1]}, radius {radii[0]} to {radii[1]}",
        rounds=3,
    )


def scattered(n: int) -> Mask:
    noisy = np.zeros(PHOTO, np.bool_)
    noisy.flat[np.random.default_rng(0).choice(noisy.size, n, replace=False)] = True
    return noisy


def spot() -> Mask:
    noisy = np.zeros(PHOTO, np.bool_)
    noisy[1000:1030, 2000:2040] = True
    return noisy


def bench_denoise(noisy: Mask, where: str) -> None:
    image = photo(PHOTO)
    image[noisy] = 255
    n = np.count_nonzero(noisy)
    setting = f"{PHOTO[0]}x{PHOTO[1]}, {n:,} noisy pixels {where}"
    compare(
        "find noisy pixels",
        lambda: denoise.find(image, threshold=60),
        {
            "np.abs, medianBlur, any channel": Peer(
                lambda: np.abs(image.astype(np.int16) - cv2.medianBlur(image, 3)).max(axis=2) > 60
            )
        },
        setting=setting,
        rounds=3,
    )
    compare(
        "fill by the median",
        lambda: denoise.fill(image, noisy),
        {
            f"np.median in a loop, {min(n, 500)} of them": Peer(
                lambda: _medians(image, noisy, 500), note="the loop does a part"
            )
        },
        setting=setting,
        rounds=3,
    )
    for method, flag in (("telea", cv2.INPAINT_TELEA), ("navier-stokes", cv2.INPAINT_NS)):
        compare(
            f"fill by {method}",
            lambda method=method: denoise.fill(image, noisy, method=method, radius=3),
            {
                "cv2.inpaint, whole image": Peer(
                    lambda flag=flag: cv2.inpaint(image, noisy.view(np.uint8), 3, flag)
                )
            },
            setting=setting,
            rounds=3,
        )


def _medians(image: Image, noisy: Mask, n: int) -> Image:
    filled = image.copy()
    for y, x in np.argwhere(noisy)[:n]:
        near = np.s_[max(0, y - 1) : y + 2, max(0, x - 1) : x + 2]
        if not noisy[near].all():
            filled[y, x] = np.median(image[near][~noisy[near]], axis=0) + 0.5
    return filled


def _seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


if __name__ == "__main__":
    heading()
    for some_radii in ((20, 60), (100, 300)):
        bench_statistics(some_radii)
    bench_histogram()
    bench_overlaps((256, 1600), (20, 60))
    bench_overlaps(PHOTO, (500, 1500))
    bench_denoise(spot(), "in a spot")
    bench_denoise(scattered(1_000), "scattered")
    bench_denoise(scattered(100_000), "scattered")
