"""Cut-outs against the usual ways: ``python -m tests.benchmarks.bench_cutout``."""

from __future__ import annotations

import io
import time
from collections.abc import Callable
from functools import partial
from statistics import median

import cv2
import numpy as np
import PIL.Image

from maskcore import cutout, image_io, rle
from maskcore.types import Image, Mask
from tests.benchmarks.pairs import Peer, compare, heading

SMALL = 1000, 1000
PHOTO = 3000, 4000
WHITE = (255, 255, 255)
AIMS = {SMALL: 5_000, PHOTO: 1_000}

_SAMPLES = 5
_SAMPLED_ROWS = 24


def photo(size_hw: tuple[int, int]) -> Image:
    """A picture that a PNG encoder has as much work with as with a photo: smooth, with grain."""
    rng = np.random.default_rng(0)
    rough = rng.integers(0, 256, (size_hw[0] // 50, size_hw[1] // 50, 3), np.uint8)
    smooth = cv2.resize(rough, size_hw[::-1], interpolation=cv2.INTER_CUBIC).astype(np.int16)
    return np.clip(smooth + rng.normal(0, 3, smooth.shape), 0, 255).astype(np.uint8)


def ellipse(size_hw: tuple[int, int]) -> Mask:
    """An object that fills a quarter of the image's width and a third of its height."""
    middle, axes = (size_hw[1] // 2, size_hw[0] // 2), (size_hw[1] // 8, size_hw[0] // 6)
    filled = cv2.ellipse(np.zeros(size_hw, np.uint8), middle, axes, 20, 0, 360, 1, -1)
    return filled.astype(np.bool_)


def tutorial(image: Image, region: Image) -> Image:
    """The tutorial's loop, its statements as they stand there."""
    extracted_image = np.copy(region)
    rows = region.shape[0]
    cols = region.shape[1]
    for row in range(rows):
        for col in range(cols):
            if region[row, col][0] == 255:
                extracted_image[row, col] = image[row, col]
            else:
                extracted_image[row, col] = (255, 255, 255)
    return extracted_image


def bench_tutorial(size_hw: tuple[int, int]) -> None:
    """The loop visits every pixel alike, so rows from all over the image stand for all."""
    image, inside = photo(size_hw), ellipse(size_hw)
    region = np.repeat(np.where(inside, np.uint8(255), np.uint8(0))[..., None], 3, axis=2)
    mask = rle.encode(inside)
    rows = np.linspace(0, size_hw[0] - 1, _SAMPLED_ROWS).astype(int)
    some, some_region = image[rows].copy(), region[rows].copy()
    assert (tutorial(some, some_region) == np.where(some_region, some, 255)).all()
    x1, y1, x2, y2 = rle.box(mask)
    box = np.s_[y1:y2, x1:x2]
    expected = np.where(region, image, np.uint8(255))[box]
    for name, given, aim in (("RLE", mask, AIMS[size_hw]), ("array", inside, None)):
        assert (cutout.extract(image, given, background=WHITE) == expected).all()
        figures, ours_took = [], []
        for _ in range(_SAMPLES):
            theirs = _seconds(lambda: tutorial(some, some_region)) * size_hw[0] / len(rows)
            ours = median(_seconds(partial(_on_white, image, given)) for _ in range(15))
            figures.append(theirs / ours)
            ours_took.append(ours)
        figure = median(figures)
        wanted = f"{aim:,}x" if aim else "-"
        missed = "  MISSED" if aim and figure < aim else ""
        print(
            f"{'on white, from ' + name:<26} {median(ours_took) * 1e6:>7.0f} us  "
            f"{'tutorial, per pixel':<34} {wanted:>5} {figure:>6,.0f}x  "
            f"{_setting(size_hw)}; the loop on {len(rows)} rows, times {size_hw[0] / len(rows):g}"
            f"{missed}",
            flush=True,
        )


def _on_white(image: Image, mask: Mask | rle.RLE) -> Image:
    return cutout.extract(image, mask, background=WHITE)


def bench_whole_image(size_hw: tuple[int, int]) -> None:
    image, inside = photo(size_hw), ellipse(size_hw)
    mask = rle.encode(inside)
    x1, y1, x2, y2 = rle.box(mask)
    box = np.s_[y1:y2, x1:x2]
    compare(
        "on white, from RLE",
        lambda: cutout.extract(image, mask, background=WHITE),
        {
            "np.where, whole image": Peer(
                lambda: np.where(inside[..., None], image, np.uint8(255))[box], 10
            ),
            "np.where, box known": Peer(
                lambda: np.where(inside[box][..., None], image[box], np.uint8(255))
            ),
            "numpy.ma, whole image": Peer(
                lambda: np.ma.masked_array(
                    image, np.broadcast_to(~inside[..., None], image.shape)
                ).filled(255)[box]
            ),
        },
        setting=_setting(size_hw),
    )
    compare(
        "transparent, from RLE",
        lambda: cutout.extract(image, mask),
        {
            "np.dstack, box known": Peer(
                lambda: np.dstack([image[box], inside[box] * np.uint8(255)]),
                note="keeps what was cut away",
            ),
            "Pillow putalpha, crop": Peer(lambda: _pillow_cut(image, inside, (x1, y1, x2, y2))),
        },
        setting=_setting(size_hw),
    )


def bench_looks(size_hw: tuple[int, int]) -> None:
    """What a soft edge or another background costs: how many times as long as plain white."""
    image, mask = photo(size_hw), rle.encode(ellipse(size_hw))
    other = image[::-1].copy()

    def look(**options: object) -> Callable[[], object]:
        return lambda: cutout.extract(image, mask, **options)

    compare(
        "on white, from RLE",
        look(background=WHITE),
        {
            "ours, transparent": Peer(look()),
            "ours, gray": Peer(look(background="gray")),
            "ours, another image": Peer(look(background=other)),
            "ours, a smaller image": Peer(look(background=other[::3, ::3].copy())),
            "ours, blur": Peer(look(background="blur")),
            "ours, transparent, feather 8": Peer(look(feather=8)),
            "ours, white, feather 8": Peer(look(background=WHITE, feather=8)),
            "ours, the background": Peer(lambda: cutout.background(image, [mask])),
        },
        setting=_setting(size_hw),
        rounds=5,
    )


def bench_png(size_hw: tuple[int, int]) -> None:
    image, mask = photo(size_hw), rle.encode(ellipse(size_hw))
    cut = cutout.extract(image, mask)
    opened = PIL.Image.fromarray(cut)
    sizes = len(image_io.encode_png(cut)), len(_pillow_png(opened))
    bigger = f"our file is {sizes[0] / sizes[1]:.2f} times as large"
    compare(
        "write an RGBA cut-out",
        lambda: image_io.encode_png(cut),
        {
            "Pillow, PNG": Peer(lambda: _pillow_png(opened), 8, note=bigger),
            "Pillow, PNG, level 1": Peer(lambda: _pillow_png(opened, compress_level=1)),
            "ours, cutting it out": Peer(
                lambda: cutout.extract(image, mask), note="the rest of it"
            ),
        },
        setting=f"{cut.shape[0]}x{cut.shape[1]}",
        rounds=5,
    )


def _pillow_cut(image: Image, inside: Mask, box: tuple[int, int, int, int]) -> PIL.Image.Image:
    x1, y1, x2, y2 = box
    cut = PIL.Image.fromarray(image[y1:y2, x1:x2])
    cut.putalpha(PIL.Image.fromarray(inside[y1:y2, x1:x2]))
    return cut


def _pillow_png(picture: PIL.Image.Image, **options: int) -> bytes:
    file = io.BytesIO()
    picture.save(file, "PNG", **options)
    return file.getvalue()


def _seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def _setting(size_hw: tuple[int, int]) -> str:
    return f"{size_hw[0]}x{size_hw[1]}"


if __name__ == "__main__":
    heading()
    for size in (SMALL, PHOTO):
        bench_tutorial(size)
        bench_whole_image(size)
    bench_looks(PHOTO)
    bench_png(PHOTO)
