"""Thresholds against the usual ways: ``python -m tests.benchmarks.bench_threshold``."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from statistics import median
from unittest.mock import patch

import cv2
import numpy as np
from streamlit.testing.v1 import AppTest

from maskcore import image_io, threshold
from maskcore.types import Image, Mask
from pages.shared.jobs.queue import JobQueue
from tests.benchmarks.pairs import Peer, compare, heading
from tests.pages.session import go, open_image, page_path, start

PHOTO = 3000, 4000
COLOR = 150, 110, 90
STEPS = 15
PAGE_AIM_MS = 100


def photo(size_hw: tuple[int, int]) -> Image:
    """A picture with smooth areas, edges and grain."""
    rng = np.random.default_rng(0)
    rough = rng.integers(0, 256, (size_hw[0] // 250, size_hw[1] // 250, 3), np.uint8)
    smooth = cv2.resize(rough, size_hw[::-1], interpolation=cv2.INTER_CUBIC).astype(np.int16)
    return np.clip(smooth + rng.normal(0, 3, smooth.shape), 0, 255).astype(np.uint8)


def float_gray(image: Image) -> np.ndarray:
    """Gray as scikit-image makes it: the image in floating point, times the weights."""
    return (image / 255) @ [0.299, 0.587, 0.114]


def otsu_in_numpy(image: Image) -> Mask:
    """Otsu's threshold with the statements of scikit-image's ``threshold_otsu``."""
    gray = float_gray(image)
    counts, edges = np.histogram(gray, 256)
    centers = (edges[:-1] + edges[1:]) / 2
    below, above = np.cumsum(counts), np.cumsum(counts[::-1])[::-1]
    mean_below = np.cumsum(counts * centers) / below
    mean_above = (np.cumsum((counts * centers)[::-1]) / above[::-1])[::-1]
    between = below[:-1] * above[1:] * (mean_below[:-1] - mean_above[1:]) ** 2
    return gray > centers[np.argmax(between)]


def lab_in_numpy(image: Image) -> np.ndarray:
    """CIE L*a*b* with the statements of scikit-image's ``rgb2lab``, scaled to 8 bits."""
    light = image / 255
    high = light > 0.04045
    light[high] = ((light[high] + 0.055) / 1.055) ** 2.4
    light[~high] /= 12.92
    to_xyz = np.array(
        [
            [0.412453, 0.357580, 0.180423],
            [0.212671, 0.715160, 0.072169],
            [0.019334, 0.119193, 0.950227],
        ]
    )
    relative = light @ to_xyz.T / (0.95047, 1.0, 1.08883)
    high = relative > 0.008856
    relative[high] = np.cbrt(relative[high])
    relative[~high] = 7.787 * relative[~high] + 16 / 116
    x, y, z = np.moveaxis(relative, -1, 0)
    return np.stack([(116 * y - 16) * 2.55, 500 * (x - y) + 128, 200 * (y - z) + 128], axis=-1)


def near(values: np.ndarray, color: np.ndarray) -> Mask:
    return (np.abs(values - color) <= 20).all(axis=-1)


def bench_full_size(size_hw: tuple[int, int]) -> None:
    image = photo(size_hw)
    setting = f"{size_hw[0]}x{size_hw[1]}"

    def value_in_numpy() -> Mask:
        gray = float_gray(image) * 255
        return (gray >= 60) & (gray <= 120)

    def value_in_opencv() -> Mask:
        gray = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
        return (gray >= 60) & (gray <= 120)

    color = np.array([[COLOR]], np.uint8)
    lab = lab_in_numpy(color)[0, 0]
    compare(
        "by_value",
        lambda: threshold.by_value(image, 60, 120),
        {
            "numpy, floating point": Peer(value_in_numpy, 10),
            "cv2.cvtColor, then numpy": Peer(value_in_opencv),
        },
        setting=setting,
        rounds=5,
    )
    compare(
        "otsu",
        lambda: threshold.otsu(image),
        {"numpy, as scikit-image does": Peer(lambda: otsu_in_numpy(image), 10)},
        setting=setting,
        rounds=3,
    )
    compare(
        "color_range, RGB",
        lambda: threshold.color_range(image, COLOR, space="rgb"),
        {"numpy": Peer(lambda: near(image.astype(np.int16), np.array(COLOR)), 10)},
        setting=setting,
        rounds=5,
    )
    compare(
        "color_range, Lab",
        lambda: threshold.color_range(image, COLOR),
        {"numpy, as scikit-image does": Peer(lambda: near(lab_in_numpy(image), lab), 10)},
        setting=setting,
        rounds=3,
    )
    compare(
        "adaptive, 51 pixels",
        lambda: threshold.adaptive(image),
        {"ours, gaussian": Peer(lambda: threshold.adaptive(image, method="gaussian"))},
        setting=setting,
        rounds=3,
    )


def bench_page(size_hw: tuple[int, int]) -> None:
    """Print what one step of a control costs the server: the page with its sidebar, all of it."""
    with patch.object(JobQueue, "warm_up"):
        app = start()
        open_image(app, "photo.jpg", image_io.encode_jpeg(photo(size_hw)))
        go(app, page_path("threshold"))
        say = partial(_say_step, app, f"{size_hw[0]}x{size_hw[1]}")
        say("nothing has changed", lambda _: None)
        say("value range, gray", lambda i: _slide(app, "range gray", (60 + i, 150)))
        app.selectbox(key="threshold channel").set_value("a").run()
        say("value range, Lab", lambda i: _slide(app, "range a", (100 + i, 150)))
        app.segmented_control(key="threshold method").set_value("adaptive").run()
        say("adaptive, mean", lambda i: _slide(app, "offset", i - 20))
        app.segmented_control(key="threshold surroundings").set_value("gaussian").run()
        say("adaptive, gaussian", lambda i: _slide(app, "offset", i - 20))
        app.segmented_control(key="threshold method").set_value("color_range").run()
        say("color range", lambda i: _slide(app, "tolerance", 20 + i))


def _slide(app: AppTest, name: str, value: object) -> None:
    app.slider(key=f"threshold {name}").set_value(value)


def _say_step(app: AppTest, setting: str, name: str, change: Callable[[int], None]) -> None:
    seconds = []
    for i in range(STEPS):
        change(i)
        start = time.perf_counter()
        app.run()
        seconds.append(time.perf_counter() - start)
        if app.exception or app.error:
            raise RuntimeError(f"the page failed: {app.exception or app.error}")
    took = median(seconds) * 1e3
    missed = "  MISSED" if took > PAGE_AIM_MS else ""
    print(f"page, a step of {name:<22} {took:>7.1f} ms  aim {PAGE_AIM_MS} ms  {setting}{missed}")


if __name__ == "__main__":
    bench_page(PHOTO)
    heading()
    bench_full_size(PHOTO)
