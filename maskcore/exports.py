"""Files for what is shown: the overlay, the masks, the label map, the codes, all in one zip."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from maskcore import image_io, overlay, rle, rle_csv
from maskcore.mask_files.write import label_map_files, mask_pngs
from maskcore.rle_csv import RleRow
from maskcore.types import Image, Instance


def by_label(instances: Sequence[Instance]) -> list[Instance]:
    """Join the instances of each label into one, in order of first appearance."""
    masks: dict[str, list[rle.RLE]] = {}
    for instance in instances:
        masks.setdefault(instance.label, []).append(instance.mask)
    return [Instance(rle.union(some), label) for label, some in masks.items()]


def codes(instances: Sequence[Instance], image_name: str, dialect: str) -> bytes:
    """Write the masks as a table of run-length codes in UTF-8.

    Raises:
        RLEError: If the dialect has no way to write one of the masks.
    """
    rows = [
        RleRow(i, image_name, instance.label, instance.mask)
        for i, instance in enumerate(instances, start=2)
    ]
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
        for name, png in mask_pngs(some):
            yield f"{folder}/{name}", png
    yield from label_map_files(instances)
    yield f"{dialect}.csv", codes(instances, image_name, dialect)
