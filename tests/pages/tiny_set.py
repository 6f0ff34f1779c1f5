"""A small data set, made by hand, and how a visitor gives it to the app."""

from __future__ import annotations

import io
import json

import numpy as np
import PIL.Image

from maskcore import rle
from tests.grids import mask
from tests.pages.session import clean, page_path

PAGE = page_path("inspect")
SQUARE = mask("....\n.##.\n.##.\n....\n....")
BAR = mask("....\n....\n....\n####\n....")


def png(size_hw=(5, 4), color=(90, 120, 150)):
    target = io.BytesIO()
    PIL.Image.new("RGB", size_hw[::-1], color).save(target, "PNG")
    return target.getvalue()


def counts(pixels):
    """COCO's uncompressed run lengths, counted one by one down the columns."""
    runs, inside, length = [], False, 0
    for pixel in pixels.T.ravel():
        if pixel != inside:
            runs.append(length)
            inside, length = bool(pixel), 0
        length += 1
    return [*runs, length]


def document(masks):
    """COCO's document: name of an image -> its masks as (class, pixels)."""
    names = sorted({label for found in masks.values() for label, _ in found})
    images, annotations = [], []
    for number, (name, found) in enumerate(masks.items(), start=1):
        images.append({"id": number, "file_name": name, "height": 5, "width": 4})
        for label, pixels in found:
            ys, xs = np.nonzero(pixels)
            box = [xs.min(), ys.min(), np.ptp(xs) + 1, np.ptp(ys) + 1] if xs.size else [0, 0, 0, 0]
            annotations.append(
                {
                    "id": len(annotations) + 1,
                    "image_id": number,
                    "category_id": names.index(label) + 1,
                    "segmentation": {"size": [5, 4], "counts": counts(pixels)},
                    "area": int(pixels.sum()),
                    "bbox": [int(side) for side in box],
                    "iscrowd": 0,
                }
            )
    categories = [{"id": i, "name": name} for i, name in enumerate(names, start=1)]
    content = {"images": images, "annotations": annotations, "categories": categories}
    return json.dumps(content).encode()


def tiny():
    """Two images with three masks."""
    return {
        "images/a.png": png(color=(90, 120, 150)),
        "images/b.png": png(color=(20, 60, 30)),
        "instances.json": document(
            {"a.png": [("cat", SQUARE), ("dog", BAR)], "b.png": [("cat", BAR)]}
        ),
    }


TINY = {
    "a.png": [("cat", SQUARE.tolist()), ("dog", BAR.tolist())],
    "b.png": [("cat", BAR.tolist())],
}


def upload(app, files, *, into="files"):
    uploader = next(
        uploader for uploader in app.file_uploader if f"data set {into}" in uploader.key
    )
    uploader.set_value([(name, content, "") for name, content in files.items()])
    return clean(app.run())


def opened(app):
    """The open data set."""
    return app.session_state["data set"] if "data set" in app.session_state else None  # noqa: SIM401


def held(app):
    """Name of a sample -> its masks as (class, pixels)."""
    return {
        sample.name: [(one.label, rle.decode(one.mask).tolist()) for one in sample.instances]
        for sample in opened(app).dataset.samples
    }


def sentences(app):
    return [error.value for error in app.error]
