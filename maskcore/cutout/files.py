"""The cut-outs of an image as files: pictures, masks and the manifest that lists them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, fields, replace

from maskcore import boxes, cutout, image_io, rle
from maskcore.files import archive, text_table
from maskcore.files.text_table import Value
from maskcore.types import Image, Instance


@dataclass(frozen=True)
class CutoutEntry:
    """One row of the manifest: a picture file, and what it shows of which image.

    Attributes:
        file: Its name, with "/" between folders.
        kind: "cutout", "background" (the image without its objects) or "mask".
        image: The file that it is from.
        label: What it shows; "background" where that is all but the objects.
        score: How sure the detector was, 0 to 1; None for a mask without a score.
        x: Left edge of the mask in the image.
        y: Top edge of the mask in the image.
        width: Of the mask's box; the file is larger if it has a margin.
        height: Of the mask's box.
        area: Pixels inside the mask.
        left: Where in the image the file's first column is.
        top: Where in the image the file's first row is.
        image_width: Of the image.
        image_height: Of the image.
    """

    file: str
    kind: str
    image: str
    label: str
    score: float | None
    x: int
    y: int
    width: int
    height: int
    area: int
    left: int
    top: int
    image_width: int
    image_height: int


CutoutFile = tuple[CutoutEntry, bytes]
"""A row of the manifest and the content of its file."""


def cutouts(
    image: Image,
    instances: Sequence[Instance],
    *,
    stem: str,
    source: str = "",
    background: cutout.Background | None = None,
    margin: int = 0,
    feather: int = 0,
    with_background: bool = True,
) -> Iterator[CutoutFile]:
    """Cut out each instance, and what is left without them; one PNG is made at a time.

    Args:
        image: (H, W, 3) RGB.
        instances: Masks of the same size. Empty ones have no cut-out.
        stem: What the names begin with, see `cutout.file_name`; equal names are told apart.
        source: What the manifest calls the image; the stem if not given.
        background: As in `cutout.extract`, and so are the next two.
        margin: Pixels around each object.
        feather: Pixels of soft edge.
        with_background: Also yield the image without its objects, transparent there, unless
            there are none.
    """
    room = max(margin, feather)
    shown, names = _named(instances, stem)
    for name, instance in zip(names, shown, strict=True):
        picture = cutout.extract(
            image, instance.mask, background=background, margin=margin, feather=feather
        )
        entry = _entry(name, "cutout", source or stem, instance, room)
        yield entry, image_io.encode_png(picture)
    if with_background and shown:
        held = [instance.mask for instance in shown]
        yield background_cutout(image, held, stem=stem, source=source)


def background_cutout(
    image: Image, masks: Sequence[rle.RLE], *, stem: str, source: str = ""
) -> CutoutFile:
    """Return the image without its objects, transparent where a mask holds it."""
    entry = _background_entry(masks, "background", stem, source)
    return entry, image_io.encode_png(cutout.background(image, masks))


def masks(
    instances: Sequence[Instance], *, stem: str, source: str = "", with_background: bool = True
) -> Iterator[CutoutFile]:
    """Yield the mask of each instance, black and white at the size of the image.

    Args:
        instances: Masks of one size. Empty ones are left out.
        stem: As in `cutouts`, which gives its files the same names, and so are the others.
        source: What the manifest calls the image.
        with_background: Also yield the mask of what is left without them.
    """
    shown, names = _named(instances, stem)
    for name, instance in zip(names, shown, strict=True):
        entry = _entry(name, "mask", source or stem, instance, max(instance.mask.size_hw))
        yield entry, image_io.encode_png(rle.decode(instance.mask))
    if with_background and shown:
        held = [instance.mask for instance in shown]
        remaining = rle.decode(rle.invert(rle.union(held)))
        entry = _background_entry(held, "mask", stem, source)
        yield entry, image_io.encode_png(remaining)


def manifest(entries: Iterable[CutoutEntry]) -> Iterator[tuple[str, bytes]]:
    """Yield the manifest as a table for people and as JSON for programs.

    In the table, text that a spreadsheet would run as a formula is guarded.
    """
    records = [_rounded(asdict(entry)) for entry in entries]
    names = [field.name for field in fields(CutoutEntry)]
    table = text_table.write(names, [tuple(record.values()) for record in records])
    yield "manifest.csv", table.encode(errors="backslashreplace")
    yield "manifest.json", (json.dumps(records, indent=1) + "\n").encode()


def members(
    image: Image,
    instances: Sequence[Instance],
    *,
    stem: str,
    source: str = "",
    background: cutout.Background | None = None,
    margin: int = 0,
    feather: int = 0,
    with_background: bool = True,
    with_masks: bool = False,
) -> Iterator[tuple[str, bytes]]:
    """Yield (name, content) of all files of an image, for `archive` to write.

    Args:
        image: (H, W, 3) RGB.
        instances: As in `cutouts`, and so are the others.
        stem: What the names begin with.
        source: What the manifest calls the image.
        background: What the cut-outs lie on.
        margin: Pixels around each object.
        feather: Pixels of soft edge.
        with_background: Also the image without its objects.
        with_masks: Also the masks, under the same names in the folder "masks".

    Yields:
        The cut-outs, the background, the masks, and last of all the manifest.
    """
    entries = []
    for entry, content in cutouts(
        image,
        instances,
        stem=stem,
        source=source,
        background=background,
        margin=margin,
        feather=feather,
        with_background=with_background,
    ):
        entries.append(entry)
        yield entry.file, content
    if with_masks:
        for entry, content in masks(
            instances, stem=stem, source=source, with_background=with_background
        ):
            entries.append(in_folder(entry, "masks"))
            yield entries[-1].file, content
    yield from manifest(entries)


def in_folder(entry: CutoutEntry, folder: str) -> CutoutEntry:
    """Return the row of a file that lies in a folder."""
    return replace(entry, file=f"{folder}/{entry.file}") if folder else entry


def _named(instances: Sequence[Instance], stem: str) -> tuple[list[Instance], list[str]]:
    shown = [instance for instance in instances if rle.area(instance.mask)]
    return shown, archive.unique_names([cutout.file_name(stem, instance) for instance in shown])


def _entry(file: str, kind: str, source: str, instance: Instance, room: int) -> CutoutEntry:
    image_height, image_width = image_hw = instance.mask.size_hw
    x, y, width, height = boxes.xyxy_to_xywh(instance.box)
    left, top, *_ = boxes.grow(instance.box, room, image_hw)
    return CutoutEntry(
        file=file,
        kind=kind,
        image=source,
        label=instance.label,
        score=instance.score,
        x=x,
        y=y,
        width=width,
        height=height,
        area=rle.area(instance.mask),
        left=left,
        top=top,
        image_width=image_width,
        image_height=image_height,
    )


def _background_entry(masks: Sequence[rle.RLE], kind: str, stem: str, source: str) -> CutoutEntry:
    remaining = Instance(rle.invert(rle.union(masks)), "background")
    name, room = cutout.background_name(stem), max(remaining.mask.size_hw)
    return _entry(name, kind, source or stem, remaining, room)


def _rounded(record: dict[str, Value]) -> dict[str, Value]:
    score = record["score"]
    return {**record, "score": round(score, 4)} if isinstance(score, float) else record
