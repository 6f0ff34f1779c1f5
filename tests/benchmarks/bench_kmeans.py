"""Colour clusters against the usual ways: ``python -m tests.benchmarks.bench_kmeans``."""

from __future__ import annotations

import ctypes
import os
import subprocess
import sys
import time
from functools import partial
from pathlib import Path
from statistics import median

import cv2
import numpy as np
from numpy.typing import NDArray
from sklearn.cluster import KMeans
from sklearn.datasets import load_sample_images
from threadpoolctl import threadpool_limits

from maskcore import kmeans
from maskcore.types import Image
from tests.benchmarks.pairs import Peer, compare, heading

TWO_MP = 1200, 1667
TWELVE_MP = 3000, 4000
N_CLUSTERS = 5
AIMS = {"fast": 80, "nearest": 25, "converged": 14}
OPENCV_AIM = 30
INERTIA_AIM = 1.01
STEP_AIMS = {TWO_MP: 30, TWELVE_MP: 100}  # milliseconds of Python time
MEMORY_AIM = 100  # megabytes

DATA = Path(os.environ.get("MASKCORE_TEST_DATA", "") or "absent")


def enlarged(image: Image, size_hw: tuple[int, int]) -> Image:
    """The image as a camera of that size might have written it."""
    large = cv2.resize(image, size_hw[::-1], interpolation=cv2.INTER_CUBIC)
    grain = np.random.default_rng(0).normal(0, 3, large.shape)
    noisy = np.clip(large + grain, 0, 255).astype(np.uint8)
    _, jpeg = cv2.imencode(".jpg", noisy, [cv2.IMWRITE_JPEG_QUALITY, 92])
    return np.asarray(cv2.imdecode(jpeg, cv2.IMREAD_COLOR), np.uint8)


def bundled(size_hw: tuple[int, int]) -> dict[str, Image]:
    """scikit-learn's two photos."""
    images = load_sample_images().images
    return {
        name: enlarged(it, size_hw) for name, it in zip(("china", "flower"), images, strict=True)
    }


def photos(size_hw: tuple[int, int]) -> dict[str, Image]:
    """Photos of 9 to 24 megapixels, reduced or enlarged."""
    found = {}
    for path in sorted((DATA / "photos" / "large").glob("*.jpg")):
        image = cv2.cvtColor(cv2.imread(str(path)), cv2.COLOR_BGR2RGB)
        if image.shape[0] > image.shape[1]:
            image = cv2.rotate(image, cv2.ROTATE_90_CLOCKWISE)
        found[path.stem.partition("-")[0]] = cv2.resize(
            image, size_hw[::-1], interpolation=cv2.INTER_AREA
        )
    return found


def tutorial(image: Image) -> NDArray[np.float64]:
    """The tutorial's statements, from the opened image to the picture."""
    img = image / 255
    image_2d = img.reshape(img.shape[0] * img.shape[1], img.shape[2])
    fit = KMeans(n_clusters=N_CLUSTERS, random_state=0).fit(image_2d)
    clustered = fit.cluster_centers_[fit.labels_]
    return clustered.reshape(img.shape[0], img.shape[1], img.shape[2])


def opencv(image: Image) -> Image:
    """OpenCV's own tutorial: ten iterations, ten attempts."""
    pixels = np.float32(image.reshape(-1, 3))
    criteria = (cv2.TERM_CRITERIA_EPS + cv2.TERM_CRITERIA_MAX_ITER, 10, 1.0)
    _, label, center = cv2.kmeans(pixels, N_CLUSTERS, None, criteria, 10, cv2.KMEANS_RANDOM_CENTERS)
    return np.uint8(center)[label.flatten()].reshape(image.shape)


def ours(image: Image, quality: str, histogram: kmeans.Histogram | None = None) -> Image:
    return kmeans.segment(image, N_CLUSTERS, quality=quality, histogram=histogram).image()


def inertia_of(image: Image, picture: NDArray[np.float64]) -> float:
    gaps = image - picture
    return float(np.einsum("hwc,hwc->", gaps, gaps))


def bench_peers(images: dict[str, Image], opencv_rounds: int) -> None:
    figures: dict[str, list[float]] = {quality: [] for quality in AIMS}
    for name, image in images.items():
        theirs = inertia_of(image, tutorial(image) * 255)
        for quality, aim in AIMS.items():
            ratio = kmeans.segment(image, N_CLUSTERS, quality=quality).inertia / theirs
            note = f"inertia {ratio:.4f} of theirs" + " MISSED" * (ratio > INERTIA_AIM)
            figure = compare(
                quality,
                partial(ours, image, quality),
                {"the tutorial's code": Peer(partial(tutorial, image), aim, note)},
                setting=f"{name}, 2 MP, k = {N_CLUSTERS}",
                rounds=3,
            )
            figures[quality] += figure.values()
        if opencv_rounds:
            compare(
                "fast",
                partial(ours, image, "fast"),
                {"cv2.kmeans, 10 attempts": Peer(partial(opencv, image), OPENCV_AIM)},
                setting=f"{name}, 2 MP, k = {N_CLUSTERS}",
                rounds=opencv_rounds,
            )
    for quality, found in figures.items():
        print(
            f"{quality}: {min(found):.0f}x to {max(found):.0f}x, median {median(found):.0f}x, "
            f"aim {AIMS[quality]}x"
        )


def bench_steps(images: dict[str, Image], size_hw: tuple[int, int]) -> None:
    """A step of the slider: the same image, its histogram known, another number of clusters."""
    aim = STEP_AIMS[size_hw]
    for name, image in images.items():
        for space in ("rgb", "lab"):
            histogram = kmeans.histogram(image, space=space)
            took = {}
            for n in (3, 5, 8, 12):
                work = partial(kmeans.segment, image, n, space=space, histogram=histogram)
                took[n] = median(_milliseconds(lambda w=work: w().image()) for _ in range(9))
            steps = ", ".join(f"k = {n} {ms:.1f}" for n, ms in took.items())
            missed = " MISSED" * (max(took.values()) > aim)
            print(f"step, {space}, {name}, {_setting(size_hw)}: {steps} ms, aim {aim}{missed}")


def bench_curve(images: dict[str, Image], size_hw: tuple[int, int]) -> None:
    for name, image in images.items():
        took = {
            "histogram": _milliseconds(lambda i=image: kmeans.histogram(i)),
            "exact histogram": _milliseconds(lambda i=image: kmeans.histogram(i, exact=True)),
            "curve with its histogram": _milliseconds(lambda i=image: kmeans.curve(i)),
        }
        times = ", ".join(f"{what} {ms:.0f}" for what, ms in took.items())
        print(f"{name}, {_setting(size_hw)}: {times} ms")


def run_memory(who: str, name: str) -> None:
    """Print the megabytes that clustering takes on top of the opened image."""
    image = {**bundled(TWELVE_MP), **photos(TWELVE_MP)}[name]
    work = tutorial if who == "tutorial" else partial(ours, quality=who)
    work(image[:300, :300].copy())
    ctypes.CDLL("libc.so.6").malloc_trim(0)  # what was freed before would not count again
    Path("/proc/self/clear_refs").write_text("5", "ascii")  # the peak starts anew
    before = memory("VmRSS")
    kept = work(image)
    print(memory("VmHWM") - before, kept.shape)


def memory(field: str) -> float:
    """Megabytes of this process."""
    lines = Path("/proc/self/status").read_text("ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(field)) / 1024


def bench_memory(names: list[str]) -> None:
    for name in names:
        for who in (*AIMS, "tutorial"):
            command = [sys.executable, "-m", __spec__.name, "memory", who, name]
            done = subprocess.run(command, capture_output=True, text=True, check=True)
            peak = float(done.stdout.split()[0])
            missed = " MISSED" * (who != "tutorial" and peak > MEMORY_AIM)
            print(
                f"peak memory beyond the image, 12 MP, {name}, {who}: {peak:.0f} MB, "
                f"the picture among it; aim {MEMORY_AIM}{missed}",
                flush=True,
            )


def _milliseconds(work: object) -> float:
    start = time.perf_counter()
    work()
    return (time.perf_counter() - start) * 1000


def _setting(size_hw: tuple[int, int]) -> str:
    return f"{size_hw[0]}x{size_hw[1]}"


if __name__ == "__main__":
    if sys.argv[1:2] == ["memory"]:
        run_memory(*sys.argv[2:4])
    else:
        with threadpool_limits(1):
            heading()
            bench_peers(bundled(TWO_MP), opencv_rounds=2)
            bench_peers(photos(TWO_MP), opencv_rounds=0)
            for size in (TWO_MP, TWELVE_MP):
                some = {**bundled(size), **dict(list(photos(size).items())[:2])}
                bench_steps(some, size)
                bench_curve(some, size)
        bench_memory(["china", *list(photos((30, 40)))[:1]])
