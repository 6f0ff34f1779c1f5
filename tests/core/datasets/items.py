"""Samples for the writers, and their files in a folder for the readers."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from maskcore import image_io, rle
from maskcore.datasets.files import open_files
from maskcore.datasets.source import FileSource
from maskcore.datasets.writer import Item
from maskcore.types import Instance, Mask


def instance(mask: Mask, label: str = "cat", **more: Any) -> Instance:
    return Instance(rle.encode(mask), label, **more)


def item(stem: str, *instances: Instance, size_hw: tuple[int, int] | None = None) -> Item:
    size = size_hw or instances[0].mask.size_hw
    return Item(stem, ".png", size, instances)


def picture(size_hw: tuple[int, int]) -> bytes:
    height, width = size_hw
    ramp = np.arange(height * width * 3, dtype=np.uint32).reshape(height, width, 3)
    return image_io.encode_png((ramp % 251).astype(np.uint8))


def write(folder: Path, writer: Any, items: Iterable[Item]) -> None:
    """Write what a writer yields, and an image for each item, into a folder."""
    members = []
    for one in items:
        members += writer.sample(one)
        if one.has_image:
            members.append((f"{writer.image_folder}/{one.image_name}", picture(one.size_hw)))
    for name, content in [*members, *writer.end()]:
        path = folder / name.lstrip("/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def source(folder: Path) -> FileSource:
    return FileSource(open_files(folder), folder.name)


def read(module: Any, folder: Path) -> Any:
    """Find and read a folder with the module of a format."""
    found = source(folder)
    names = module.find(found)
    assert names
    return module.read(found, names)


def decoded(sample: Any) -> list[tuple[str, list[list[bool]]]]:
    """Label and pixels of each mask of a sample."""
    return [(instance.label, rle.decode(instance.mask).tolist()) for instance in sample.instances]
