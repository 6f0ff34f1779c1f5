"""A small COCO data set made by hand: on each image a ring, a cat, and a dot, a dog."""

from __future__ import annotations

import io
import json
from pathlib import Path

import numpy as np
import PIL.Image

from maskcore.types import Mask
from tests.grids import mask

RING = mask(
    """
    .....
    .###.
    .#.#.
    .###.
    """
)
DOT = mask(
    """
    #....
    .....
    .....
    .....
    """
)


def png(number: int) -> bytes:
    """A plain picture of the size of the masks, another one for each number."""
    target = io.BytesIO()
    PIL.Image.new("RGB", (5, 4), (number, 20, 30)).save(target, "PNG")
    return target.getvalue()


def counts(pixels: Mask) -> list[int]:
    """Uncompressed run lengths, down the columns, background first."""
    flat = pixels.T.reshape(-1).astype(int)
    edges = np.flatnonzero(np.diff(flat, prepend=0))
    return np.diff([0, *edges, flat.size]).tolist()


def annotation(number: int, image: int, category: int, pixels: Mask) -> dict[str, object]:
    return {
        "id": number,
        "image_id": image,
        "category_id": category,
        "segmentation": {"size": list(pixels.shape), "counts": counts(pixels)},
        "iscrowd": 0,
    }


def rings(n_images: int = 1) -> dict[str, bytes]:
    """Return name -> content of its files."""
    numbers = range(1, n_images + 1)
    document = {
        "images": [{"id": i, "file_name": f"a{i}.png", "height": 4, "width": 5} for i in numbers],
        "categories": [{"id": 3, "name": "cat"}, {"id": 7, "name": "dog"}],
        "annotations": [
            annotation(2 * i + place, i, category, pixels)
            for i in numbers
            for place, (category, pixels) in enumerate([(3, RING), (7, DOT)])
        ],
    }
    files = {"annotations/instances.json": json.dumps(document).encode()}
    files |= {f"images/a{i}.png": png(i) for i in numbers}
    return files


def write(folder: Path, n_images: int = 1) -> None:
    """Write the set into a folder."""
    for name, content in rings(n_images).items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
