"""The manifest of patches: which file shows which part of which image."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from maskcore import checks
from maskcore.errors import MaskcoreError
from maskcore.files import text_table
from maskcore.image_io import MAX_SIDE

NAMES = ("manifest.json", "manifest.csv")
"""The files that hold it, the one that is read first first."""

_TEXTS = ("file", "mask", "image", "side")
_NUMBERS = ("x", "y", "width", "height", "image_width", "image_height")


@dataclass(frozen=True)
class PatchEntry:
    """One row of the manifest: a patch, and where it belongs.

    Attributes:
        file: The patch, with "/" between folders.
        mask: The file of its mask; "" if there is none.
        image: The file that it is from.
        x: Its first column in the image.
        y: Its first row in the image.
        width: Of the patch, with what is padded.
        height: Of the patch, with what is padded.
        image_width: Of the image.
        image_height: Of the image.
        mask_share: How much of the patch is inside the mask, 0 to 1; None if there is none.
        side: "training", "validation", or "" if all are on one side.
    """

    file: str
    mask: str
    image: str
    x: int
    y: int
    width: int
    height: int
    image_width: int
    image_height: int
    mask_share: float | None = None
    side: str = ""


def manifest(entries: Iterable[PatchEntry]) -> Iterator[tuple[str, bytes]]:
    """Yield the manifest as a table for people and as JSON for programs.

    In the table, text that a spreadsheet would run as a formula is guarded.
    """
    records = [asdict(entry) for entry in entries]
    names = [field.name for field in fields(PatchEntry)]
    table = text_table.write(names, [tuple(record.values()) for record in records])
    yield "manifest.csv", table.encode(errors="backslashreplace")
    yield "manifest.json", (json.dumps(records, indent=1) + "\n").encode()


def read(content: bytes) -> list[PatchEntry]:
    """Read a manifest, JSON or CSV, that `manifest` has written or a person has edited.

    Raises:
        MaskcoreError: If it is something else, empty, or a row makes no sense.
    """
    text = text_table.read_text(content)
    records = _json_records(text) if text.lstrip()[:1] in ("[", "{") else _csv_records(text)
    if not records:
        raise MaskcoreError("The manifest lists no patch.")
    return [_entry(record, number) for number, record in enumerate(records, start=1)]


def of_images(entries: Iterable[PatchEntry]) -> dict[str, list[PatchEntry]]:
    """Sort the rows by the image that they are from.

    Raises:
        MaskcoreError: If rows do not agree on the size of an image or of its patches.
    """
    found: dict[str, list[PatchEntry]] = {}
    for entry in entries:
        found.setdefault(entry.image, []).append(entry)
    for image, rows in found.items():
        if len({(row.image_width, row.image_height) for row in rows}) > 1:
            raise MaskcoreError(f"The manifest gives more than one size for the image {image}.")
        if len({(row.width, row.height) for row in rows}) > 1:
            raise MaskcoreError(f"The manifest gives patches of {image} in more than one size.")
    return found


def locate(
    entries: Iterable[PatchEntry], names: Collection[str], *, masks: bool = False
) -> tuple[dict[PatchEntry, str], list[PatchEntry]]:
    """Find the files that are meant, wherever they lie and whatever their ending is.

    Args:
        entries: Rows of the manifest.
        names: Of the files that there are, with "/" between folders.
        masks: Whether to take the masks where there are image and mask of a patch.

    Returns:
        The file of each patch that has one, and the patches that have none.

    Raises:
        MaskcoreError: If there is more than one file for a patch, or none for any.
    """
    by_stem: dict[str, list[str]] = {}
    for name in names:
        by_stem.setdefault(_stem(name), []).append(name)
    found, missing = {}, []
    for entry in entries:
        folder = (entry.mask if masks else entry.file).rpartition("/")[0]
        candidates = by_stem.get(_stem(entry.file), [])
        for likely in (folder, folder.rpartition("/")[2]):
            inside = [name for name in candidates if _lies_in(name, likely)]
            candidates = inside or candidates
        if len(candidates) > 1:
            raise MaskcoreError(
                f"There are {len(candidates)} files for the patch {_stem(entry.file)}; give the "
                "patches of one folder only."
            )
        if candidates:
            found[entry] = candidates[0]
        else:
            missing.append(entry)
    if not found:
        raise MaskcoreError("None of the files is a patch that the manifest lists.")
    return found, missing


def has_images_and_masks(entries: Collection[PatchEntry], names: Collection[str]) -> bool:
    """Whether there are image and mask of a patch, so that one has to choose; see `locate`."""
    return locate(entries, names) != locate(entries, names, masks=True)


def _lies_in(name: str, folder: str) -> bool:
    return f"/{name.rpartition('/')[0]}".endswith(f"/{folder}")


def _stem(name: str) -> str:
    base = name.rpartition("/")[2]
    return base.rpartition(".")[0] or base


def _json_records(text: str) -> list[Mapping[str, Any]]:
    try:
        records = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise MaskcoreError("The manifest is damaged; use the one that came with it.") from error
    if not isinstance(records, list) or not all(isinstance(record, dict) for record in records):
        raise MaskcoreError("The manifest is not a list of patches.")
    return records


def _csv_records(text: str) -> list[Mapping[str, Any]]:
    rows = [cells for _, cells in text_table.read_rows(text)]
    header = rows[0] if rows else []
    return [
        {name: text_table.unguard(cell) for name, cell in zip(header, cells, strict=False)}
        for cells in rows[1:]
    ]


def _entry(record: Mapping[str, Any], number: int) -> PatchEntry:
    try:
        file, mask, image, side = (str(record.get(name) or "") for name in _TEXTS)
        x, y, width, height, image_width, image_height = (int(record[name]) for name in _NUMBERS)
        share = record.get("mask_share")
        mask_share = float(share) if share not in (None, "") else None
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise MaskcoreError(
            f"Row {number} of the manifest has no file, place or size of a patch."
        ) from error
    if not file or min(x, y) < 0 or min(width, height, image_width, image_height) < 1:
        raise MaskcoreError(f"Row {number} of the manifest has a place or size that cannot be.")
    largest = max(image_width, image_height, width, height)
    if largest > MAX_SIDE or max(image_width * image_height, width * height) > checks.MAX_PIXELS:
        raise MaskcoreError(
            f"Row {number} of the manifest is of an image of {image_width:,} × {image_height:,} "
            f"pixels; at most {checks.MAX_PIXELS // 1_000_000} megapixels are possible."
        )
    return PatchEntry(
        file, mask, image, x, y, width, height, image_width, image_height, mask_share, side
    )
