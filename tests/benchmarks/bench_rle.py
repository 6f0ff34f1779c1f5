"""Run-length codes against the usual ways: ``python -m tests.benchmarks.bench_rle``."""

from __future__ import annotations

import tempfile
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pycocotools import mask as coco

from maskcore import rle, rle_csv, rle_text, samples
from maskcore.rle import RLE
from maskcore.types import Mask
from tests.benchmarks.pairs import Peer, compare, heading

STEEL = 256, 1600
PHOTO = 3000, 4000


def tutorial(text: str) -> NDArray[Any]:
    """The tutorial's way, its statements as they stand there; one pixel off, as it is there."""
    en_pix = [text]
    rle = list(map(int, en_pix[0].split(" ")))
    pixel, pixel_count = [], []
    [
        pixel.append(rle[i]) if i % 2 == 0 else pixel_count.append(rle[i])
        for i in range(0, len(rle))  # noqa: PIE808
    ]
    rle_pixels = [
        list(range(pixel[i], pixel[i] + pixel_count[i]))
        for i in range(0, len(pixel))  # noqa: PIE808
    ]
    rle_mask_pixels = sum(rle_pixels, [])  # noqa: RUF017
    mask_img = np.zeros((256 * 1600, 1), dtype=int)
    mask_img[rle_mask_pixels] = 255
    l, b = 256, 1600  # noqa: E741
    return np.reshape(mask_img, (b, l)).T


def kaggle_rle_decode(mask_rle: str, shape: tuple[int, int]) -> NDArray[Any]:
    """The decoder that most public notebooks share."""
    s = mask_rle.split()
    starts, lengths = (np.asarray(x, dtype=int) for x in (s[0:][::2], s[1:][::2]))
    starts -= 1
    ends = starts + lengths
    img = np.zeros(shape[0] * shape[1], dtype=np.uint8)
    for lo, hi in zip(starts, ends, strict=True):
        img[lo:hi] = 1
    return img.reshape(shape[::-1]).T


def coco_decode(text: str, size_hw: tuple[int, int]) -> NDArray[Any]:
    numbers = np.array(text.split(), np.int64)
    edges = np.empty(numbers.size + 2, np.int64)
    edges[0], edges[-1] = 0, size_hw[0] * size_hw[1]
    edges[1:-1:2] = numbers[::2] - 1
    edges[2:-1:2] = edges[1:-1:2] + numbers[1::2]
    counts = {"size": list(size_hw), "counts": np.diff(edges).tolist()}
    return coco.decode(coco.frPyObjects(counts, *size_hw))


def coco_encode(pixels: Mask) -> dict[str, Any]:
    return coco.encode(np.asfortranarray(pixels.view(np.uint8)))


def ellipses(size_hw: tuple[int, int], shift: int = 0) -> Mask:
    """Two large ellipses: a few thousand runs on 12 megapixels."""
    height, width = size_hw
    y, x = np.ogrid[:height, :width]
    x = x - shift
    pixels = ((y / height - 0.45) / 0.4) ** 2 + ((x / width - 0.35) / 0.3) ** 2 < 1
    pixels |= ((y / height - 0.6) / 0.2) ** 2 + ((x / width - 0.7) / 0.25) ** 2 < 1
    return np.ascontiguousarray(pixels)


def table_of_codes(path: Path, rows: int, runs: int) -> None:
    """Write a Severstal table of random codes."""
    rng = np.random.default_rng(0)
    lines = ["ImageId,ClassId,EncodedPixels"]
    for i in range(rows):
        gaps, lengths = rng.integers(300, 1100, runs), rng.integers(1, 300, runs)
        ends = np.cumsum(gaps + lengths)
        starts = ends - lengths + 1
        code = " ".join(map(str, np.stack((starts, lengths), axis=1).reshape(-1).tolist()))
        lines.append(f"{i:09x}.jpg,{i % 4 + 1},{code}")
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def pandas_numbers(path: Path) -> list[NDArray[np.int64]]:
    table = pd.read_csv(path)
    return [np.array(row.split(), dtype=np.int64) for row in table["EncodedPixels"]]


def decoded_box(r: RLE) -> tuple[int, int, int, int]:
    pixels = rle.decode(r)
    columns, rows = np.flatnonzero(pixels.any(axis=0)), np.flatnonzero(pixels.any(axis=1))
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1


def decoded_iou(a: RLE, b: RLE) -> float:
    first, second = rle.decode(a), rle.decode(b)
    return np.count_nonzero(first & second) / np.count_nonzero(first | second)


def bench_text() -> None:
    """Text to pixels and pixels to runs."""
    ours = rle.decode(rle_text.parse(samples.ROW, STEEL, "severstal"))
    assert np.array_equal(ours, coco_decode(samples.ROW, STEEL))
    assert np.array_equal(ours, kaggle_rle_decode(samples.ROW, STEEL))
    compare(
        "text to mask",
        lambda: rle.decode(rle_text.parse(samples.ROW, STEEL, "severstal")),
        {
            "pycocotools frPyObjects, decode": Peer(lambda: coco_decode(samples.ROW, STEEL), 10),
            "Kaggle rle_decode": Peer(lambda: kaggle_rle_decode(samples.ROW, STEEL), 3),
            "the tutorial, list of pixels": Peer(lambda: tutorial(samples.ROW), 30),
        },
        setting="256x1600, 108 runs, checked and column-major here",
    )


def bench_encode() -> None:
    steel = np.ascontiguousarray(rle.decode(rle_text.parse(samples.ROW, STEEL, "severstal")))
    for pixels, aim in ((steel, 2), (ellipses(PHOTO), 25)):
        runs = rle.encode(pixels).counts.size // 2
        compare(
            "mask to runs",
            lambda pixels=pixels: rle.encode(pixels),
            {"pycocotools asfortranarray, encode": Peer(lambda p=pixels: coco_encode(p), aim)},
            setting=f"{pixels.shape[0]}x{pixels.shape[1]}, {runs:,} runs, row-major",
        )


def bench_table() -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "codes.csv"
        table_of_codes(path, rows=7000, runs=275)
        assert len(rle_csv.read(path).rows) == 7000
        megabytes = path.stat().st_size / 1e6
        compare(
            "CSV to checked runs",
            lambda: rle_csv.read(path),
            {"pandas, np.array(row.split())": Peer(lambda: pandas_numbers(path), 3)},
            setting=f"7,000 rows of 550 numbers, {megabytes:.0f} MB; theirs unchecked",
        )


def bench_geometry() -> None:
    a, b = rle.encode(ellipses(PHOTO)), rle.encode(ellipses(PHOTO, shift=150))
    theirs = [coco_encode(rle.decode(r)) for r in (a, b)]
    setting = f"3000x4000, {a.counts.size // 2:,} and {b.counts.size // 2:,} runs"
    assert decoded_box(a) == rle.box(a)
    assert decoded_iou(a, b) == rle.iou(a, b)
    compare(
        "area",
        lambda: rle.area(a),
        {
            "decode, count_nonzero": Peer(lambda: np.count_nonzero(rle.decode(a)), 20),
            "pycocotools area": Peer(lambda: coco.area(theirs[0]), 1),
        },
        setting=setting,
    )
    compare(
        "box",
        lambda: rle.box(a),
        {
            "decode, any along each axis": Peer(lambda: decoded_box(a), 20),
            "pycocotools toBbox": Peer(lambda: coco.toBbox(theirs[0]), 1),
        },
        setting=setting,
    )
    compare(
        "IoU",
        lambda: rle.iou(a, b),
        {
            "decode, and, or": Peer(lambda: decoded_iou(a, b), 20),
            "pycocotools iou": Peer(lambda: coco.iou(theirs[:1], theirs[1:], [0])),
        },
        setting=setting,
    )
    compare(
        "union",
        lambda: rle.union([a, b]),
        {
            "decode, or, encode": Peer(lambda: rle.encode(rle.decode(a) | rle.decode(b))),
            "pycocotools merge": Peer(lambda: coco.merge(theirs), note="lost, below 1x"),
        },
        setting=setting,
    )


if __name__ == "__main__":
    # Of pycocotools' own arrays, under NumPy 2.
    warnings.filterwarnings("ignore", message="__array__ implementation")
    heading()
    bench_text()
    bench_encode()
    bench_table()
    bench_geometry()
