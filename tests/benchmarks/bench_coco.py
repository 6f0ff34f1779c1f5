"""A COCO document read to areas, beside pycocotools: ``python -m tests.benchmarks.bench_coco``.

A number behind it is how many annotations the document has, in place of 10,000. Documents are
generated: 640x480 images with 6.7 masks each, outlines of 10 to 80 points from 12 to 400 pixels
across, and 3 in a hundred masks as run lengths.
"""

from __future__ import annotations

import contextlib
import ctypes
import io
import json
import subprocess
import sys
import tempfile
import warnings
from pathlib import Path
from typing import Any

import numpy as np
from pycocotools import mask as coco_mask
from pycocotools.coco import COCO

from maskcore import rle
from maskcore.datasets.files import open_files
from maskcore.datasets.formats import coco
from maskcore.datasets.source import FileSource
from maskcore.rle.polygons import from_polygons
from tests.benchmarks.pairs import Peer, compare, heading

HEIGHT, WIDTH = 480, 640
PER_IMAGE = 100_000 / 15_000
RUN_LENGTHS = 0.03
WHO = ("ours", "annToMask", "annToRLE")


def blob(rng: np.random.Generator) -> list[float]:
    n_points = int(rng.integers(10, 81))
    angles = np.sort(rng.uniform(0, 2 * np.pi, n_points))
    radius = np.exp(rng.uniform(np.log(6), np.log(200)))
    wobble = 1 + 0.3 * np.sin(angles * rng.integers(2, 6) + rng.uniform(0, 6))
    x = rng.uniform(0, WIDTH) + radius * wobble * np.cos(angles)
    y = rng.uniform(0, HEIGHT) + radius * wobble * np.sin(angles) * rng.uniform(0.4, 1)
    points = np.stack((np.clip(x, 0, WIDTH), np.clip(y, 0, HEIGHT)), axis=1)
    return np.round(points, 2).ravel().tolist()


def document(n_annotations: int) -> dict[str, Any]:
    rng = np.random.default_rng(0)
    n_images = max(1, round(n_annotations / PER_IMAGE))
    annotations = []
    for number in range(1, n_annotations + 1):
        segmentation: Any = [blob(rng)]
        is_crowd = rng.random() < RUN_LENGTHS
        if is_crowd:
            (mask,) = from_polygons([segmentation], (HEIGHT, WIDTH))
            segmentation = {"size": [HEIGHT, WIDTH], "counts": mask.counts.tolist()}
        annotation = {
            "id": number,
            "image_id": int(rng.integers(1, n_images + 1)),
            "category_id": int(rng.integers(1, 81)),
            "iscrowd": int(is_crowd),
            "area": 1.0,
            "bbox": [1.0, 2.0, 3.0, 4.0],
            "segmentation": segmentation,
        }
        annotations.append(annotation)
    return {
        "images": [
            {"id": i, "file_name": f"{i:012}.jpg", "height": HEIGHT, "width": WIDTH}
            for i in range(1, n_images + 1)
        ],
        "annotations": annotations,
        "categories": [{"id": i, "name": f"class {i}"} for i in range(1, 81)],
    }


def areas(who: str, path: Path) -> int:
    """Read a document and return the sum of the areas of its masks."""
    if who == "ours":
        source = FileSource(open_files(path), path.name)
        dataset = coco.read(source, coco.find(source))
        return sum(rle.area(it.mask) for sample in dataset.samples for it in sample.instances)
    with contextlib.redirect_stdout(io.StringIO()):
        peer = COCO(path)
    if who == "annToMask":
        return sum(int(peer.annToMask(it).sum()) for it in peer.anns.values())
    return sum(int(coco_mask.area(peer.annToRLE(it))) for it in peer.anns.values())


def bench_areas(path: Path, n_annotations: int) -> None:
    expected = areas("annToMask", path)
    assert areas("ours", path) == areas("annToRLE", path) == expected
    megabytes = path.stat().st_size / 1e6
    compare(
        "COCO document to areas",
        lambda: areas("ours", path),
        {
            "pycocotools annToMask().sum()": Peer(lambda: areas("annToMask", path), 1),
            "pycocotools area(annToRLE())": Peer(
                lambda: areas("annToRLE", path), note="no pixels, as ours"
            ),
        },
        setting=f"{n_annotations:,} annotations, {megabytes:.0f} MB, reading included",
        rounds=5 if n_annotations <= 10_000 else 1,
    )


def memory(field: str) -> float:
    """Megabytes of this process."""
    lines = Path("/proc/self/status").read_text("ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(field)) / 1024


def run_memory(who: str, path: Path) -> None:
    before = memory("VmRSS")
    if who == "kept":
        source = FileSource(open_files(path), path.name)
        dataset = coco.read(source, coco.find(source))
        del source
        ctypes.CDLL("libc.so.6").malloc_trim(0)
        print(f"{memory('VmRSS') - before:.0f} {len(dataset.samples)}")
    else:
        total = areas(who, path)
        print(f"{memory('VmHWM') - before:.0f} {total}")


def bench_memory(path: Path) -> None:
    for who in (*WHO, "kept"):
        command = [sys.executable, "-m", __spec__.name, "memory", who, str(path)]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        what = "kept by our data set once it is read" if who == "kept" else f"{who} at its peak"
        print(f"{done.stdout.split()[0]:>6} MB  {what}", flush=True)


if __name__ == "__main__":
    # Of pycocotools' own arrays, under NumPy 2.
    warnings.filterwarnings("ignore", message="__array__ implementation")
    if sys.argv[1:2] == ["memory"]:
        run_memory(sys.argv[2], Path(sys.argv[3]))
    else:
        n = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
        with tempfile.TemporaryDirectory() as folder:
            name = Path(folder) / "instances.json"
            name.write_text(json.dumps(document(n)), "utf-8")
            heading()
            bench_areas(name, n)
            bench_memory(name)
