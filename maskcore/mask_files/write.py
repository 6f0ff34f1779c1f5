"""Masks written as picture files: one for each, or one map of all of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from maskcore import image_io, masks, rle
from maskcore.files import archive, text_table
from maskcore.types import Instance


def mask_pngs(instances: Sequence[Instance]) -> Iterator[tuple[str, bytes]]:
    """Yield (file name, PNG) of each mask, black and white, at the size of the image.

    The names are the labels, made safe and unique.
    """
    names = [
        archive.safe_name(f"{instance.label}.png", fallback="mask.png") for instance in instances
    ]
    for name, instance in zip(archive.unique_names(names), instances, strict=True):
        yield name, image_io.encode_png(rle.decode(instance.mask))


def label_map_files(instances: Sequence[Instance]) -> Iterator[tuple[str, bytes]]:
    """Yield the label map, a gray PNG of class ids, and the table that names the ids.

    Ids count from 1 in order of first appearance; 0 is the background. Later instances win where
    they overlap.
    """
    labels = [instance.label for instance in instances]
    ids = {label: id_ for id_, label in enumerate(dict.fromkeys(labels), start=1)}
    pixels = masks.label_map(
        [instance.mask for instance in instances], ids=[ids[label] for label in labels]
    )
    yield "label_map.png", image_io.encode_png(pixels)
    table = text_table.write(("id", "label"), [(id_, label) for label, id_ in ids.items()])
    yield "label_map.csv", table.encode()
