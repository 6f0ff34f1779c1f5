"""Files for what is shown: the overlay, the masks, the label map, the codes, all in one zip."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from maskcore import archive, image_io, masks, overlay, rle, rle_csv, text_table
from maskcore.rle_csv import RleRow
from maskcore.types import Image, Instance


def by_label(instances: Sequence[Instance]) -> list[Instance]:
    """Join the instances of each label into one, in order of first appearance."""
    labels = dict.fromkeys(instance.label for instance in instances)
    return [
        Instance(rle.union(it.mask for it in instances if it.label == label), label)
        for label in labels
    ]


def mask_files(instances: Sequence[Instance]) -> Iterator[tuple[str, bytes]]:
    """Yield (file name, PNG) of each mask, black and white, at the size of the image.

    The names are the labels, made safe and unique.
    """
    names = [archive.safe_name(f"{it.label}.png", fallback="mask.png") for it in instances]
    for name, instance in zip(archive.unique_names(names), instances, strict=True):
        yield name, image_io.encode_png(rle.decode(instance.mask))


def label_map_files(instances: Sequence[Instance]) -> Iterator[tuple[str, bytes]]:
    """Yield the label map, a gray PNG of class ids, and the table that names the ids.

    Ids count from 1 in order of first appearance; 0 is the background. Later instances win where
    they overlap.
    """
    ids = {
        label: place
        for place, label in enumerate(dict.fromkeys(it.label for it in instances), start=1)
    }
    pixels = masks.label_map([it.mask for it in instances], ids=[ids[it.label] for it in instances])
    yield "label_map.png", image_io.encode_png(pixels)
    table = [["id", "label"], *([str(id_), text_table.guard(label)] for label, id_ in ids.items())]
    yield "label_map.csv", text_table.write_rows(table).encode()


def codes(instances: Sequence[Instance], image_name: str, dialect: str) -> bytes:
    """Write the masks as a table of run-length codes in UTF-8.

    Raises:
        RLEError: If the dialect has no way to write one of the masks.
    """
    rows = [RleRow(i, image_name, it.label, it.mask) for i, it in enumerate(instances, start=2)]
    return rle_csv.write(rows, dialect).encode()


def everything(
    image: Image,
    instances: Sequence[Instance],
    *,
    image_name: str,
    dialect: str,
    colors: Sequence[overlay.RGB] | None = None,
) -> Iterator[tuple[str, bytes]]:
    """Yield all of the above, for a zip: overlay, masks, masks per class, label map, codes.

    Args:
        image: (H, W, 3) RGB.
        instances: At least one.
        image_name: What the codes call the image.
        dialect: A name in `rle_text.DIALECTS`.
        colors: One for each instance in the overlay; by label if not given.

    Raises:
        RLEError: If the dialect has no way to write one of the masks.
    """
    yield "overlay.png", image_io.encode_png(overlay.draw(image, instances, colors=colors))
    for folder, some in (("masks", instances), ("classes", by_label(instances))):
        for name, png in mask_files(some):
            yield f"{folder}/{name}", png
    yield from label_map_files(instances)
    yield f"{dialect}.csv", codes(instances, image_name, dialect)
