"""What is written about a set of augmented samples as a whole."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from maskcore.files import text_table


def summaries(
    made: Iterable[tuple[Mapping[str, Any], Sequence[Mapping[str, Any]]]],
    settings: Mapping[str, object],
    classes: Mapping[str, int],
) -> Iterator[tuple[str, bytes]]:
    """Yield the files that are about all samples.

    Args:
        made: (row, objects) of each `files.Sample`.
        settings: What they were made by, for the manifest.
        classes: Label -> class id.

    Yields:
        "annotations.json", in COCO's format, with masks as compressed run lengths and
        ``iscrowd`` 0 also where they have holes; "classes.csv", the class ids; "manifest.csv" for
        people and "manifest.json" for programs, with the numbers of each sample, which
        `augment.Drawn.from_dict` reads.

    Source:
        https://cocodataset.org/#format-data
    """
    rows: list[Mapping[str, Any]] = []
    images: list[dict[str, Any]] = []
    annotations: list[dict[str, Any]] = []
    for row, objects in made:
        rows.append(row)
        height, width = row["drawn"]["size_hw"]
        name = row["file"].rpartition("/")[2]
        images.append({"id": len(rows), "file_name": name, "width": width, "height": height})
        for it in objects:
            ids = {
                "id": len(annotations) + 1,
                "image_id": len(rows),
                "category_id": classes[it["label"]],
            }
            kept = {key: value for key, value in it.items() if key != "label"}
            annotations.append({**ids, **kept, "iscrowd": 0})
    categories = [{"id": number, "name": label} for label, number in classes.items()]
    coco = {"images": images, "annotations": annotations, "categories": categories}
    yield "annotations.json", (json.dumps(coco) + "\n").encode()
    table = [["id", "label"], *([str(id_), text_table.guard(it)] for it, id_ in classes.items())]
    yield "classes.csv", _table(table)
    yield "manifest.csv", _table(_cells(rows))
    manifest = {**settings, "samples": rows}
    yield "manifest.json", (json.dumps(manifest, indent=1) + "\n").encode()


def _cells(rows: Sequence[Mapping[str, Any]]) -> list[list[str]]:
    flat = [{**row, **row["drawn"]} for row in rows]
    for row in flat:
        del row["drawn"]
    header = list(flat[0]) if flat else []
    return [header, *([_cell(value) for value in row.values()] for row in flat)]


def _cell(value: object) -> str:
    if isinstance(value, str):
        return text_table.guard(value)
    return json.dumps(value) if value is not None else ""


def _table(rows: list[list[str]]) -> bytes:
    return text_table.write_rows(rows).encode(errors="backslashreplace")
