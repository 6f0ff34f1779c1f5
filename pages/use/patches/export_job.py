"""Patches written to a zip, and joined to an image: what runs in the worker, without streamlit."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from maskcore import image_io, masks, rle
from maskcore.errors import MaskcoreError
from maskcore.files import archive, text_table
from maskcore.files.zips import ZipFiles
from maskcore.patches import Overlap, files as patch_files, rejoin as patch_join
from maskcore.patches.files import Settings
from maskcore.patches.manifest import PatchEntry
from maskcore.types import Image, Instance, LabelMap, Mask
from pages.shared.jobs import bounded_zip
from pages.shared.jobs.worker import Report

_LONGEST = 1400


@dataclass(frozen=True)
class CutImage:
    """An image to cut.

    Attributes:
        stem: What the names of its patches begin with.
        name: Its file name.
        content: The file.
        instances: Its masks.
    """

    stem: str
    name: str
    content: bytes
    instances: tuple[Instance, ...]


@dataclass(frozen=True)
class ExportRequest:
    """What to write.

    Attributes:
        settings: How the images are cut.
        labels: The numbers of labels, where masks become maps of them; else empty.
        with_masks: Whether to write masks at all.
    """

    settings: Settings
    labels: tuple[str, ...]
    with_masks: bool


def write(report: Report, sources: Sequence[CutImage], request: ExportRequest, path: str) -> None:
    """Write the patches of images to a zip.

    Args:
        report: Told how much is done.
        sources: The images.
        request: What to write.
        path: Where; there is no file until it is whole.

    Raises:
        MaskcoreError: If an image cannot be cut so, or the zip would be too large.
    """
    at = 0

    def opened() -> Iterator[patch_files.PatchSource]:
        nonlocal at
        for at, source in enumerate(sources):
            report(at / len(sources), f"reading {source.name}", None)
            image = image_io.read_image(source.content)
            mask = _mask(source.instances, request, image) if request.with_masks else None
            yield patch_files.PatchSource(source.stem, source.name, image, mask)

    def progress(done: int, total: int) -> None:
        share = (at + done / total) / len(sources)
        report(share, f"{sources[at].name}, {done:,} of {total:,} patches", None)

    def members() -> Iterator[tuple[str, bytes]]:
        yield from patch_files.members(opened(), request.settings, progress=progress)
        if request.labels:
            rows = [
                [str(i), text_table.guard(label)] for i, label in enumerate(request.labels, start=1)
            ]
            yield "labels.csv", text_table.write_rows([["id", "label"], *rows]).encode()

    bounded_zip.write(
        members(),
        path,
        what="patches",
        advice="take fewer, with less overlap or of fewer images",
    )


def _mask(instances: Sequence[Instance], request: ExportRequest, image: Image) -> Mask | LabelMap:
    if not instances:
        return np.zeros(image.shape[:2], np.uint8 if request.labels else np.bool_)
    if request.labels:
        ids = [1 + request.labels.index(instance.label) for instance in instances]
        return masks.label_map([instance.mask for instance in instances], ids=ids)
    return rle.decode(rle.union(instance.mask for instance in instances))


@dataclass(frozen=True)
class Joined:
    """An image that was joined.

    Attributes:
        n_bytes: Of its file.
        size_hw: (height, width).
        is_mask: Whether it is a mask or labels, not a color picture.
        preview: A reduced picture of it, JPEG.
    """

    n_bytes: int
    size_hw: tuple[int, int]
    is_mask: bool
    preview: bytes


def join(
    report: Report,
    files: dict[PatchEntry, str],
    contents: dict[str, bytes],
    zips: Sequence[bytes],
    overlap: Overlap,
    fill: int | None,
    path: str,
) -> Joined:
    """Join patches to the image that they are of, and write it as PNG.

    Args:
        report: Told how much is done.
        files: The file of each patch.
        contents: Name -> content of files that are not in a zip.
        zips: The zips that hold the others; where two have a file of one name, the last counts.
        overlap: As in `patches.join`.
        fill: As in `patches.join`.
        path: Where to write it.

    Raises:
        MaskcoreError: If the patches cannot be joined.
    """
    archives = {name: archive for archive in map(ZipFiles, zips) for name in archive.names}

    def read(name: str) -> bytes:
        return contents[name] if name in contents else archives[name].read(name)

    def progress(done: int) -> None:
        report(0.9 * done / len(files), f"{done:,} of {len(files):,} patches", None)

    pixels = patch_join.join(files, read, overlap=overlap, fill=fill, progress=progress)
    report(0.9, "writing the image", None)
    content = image_io.encode_png(pixels)
    try:
        archive.write_file(Path(path), content)
    except OSError as error:
        raise MaskcoreError("The server's disk is full; try again later.") from error
    preview = image_io.preview(_visible(pixels), _LONGEST)
    size_hw = pixels.shape[0], pixels.shape[1]
    return Joined(len(content), size_hw, pixels.ndim == 2, image_io.encode_jpeg(preview))


def _visible(pixels: NDArray[Any]) -> Image:
    """Return a color picture; masks and few labels are stretched, so that they are not black."""
    if pixels.ndim == 3:
        return pixels
    brightest = max(1, int(pixels.max()))
    if brightest < 255 // 2 or pixels.dtype != np.uint8:
        pixels = (pixels * (255 / brightest)).astype(np.uint8)
    return np.repeat(pixels[..., None], 3, axis=2)
