"""What is written about a set of augmented samples as a whole."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from maskcore.files import text_table
from maskcore.files.text_table import Value


def summaries(
    made: Iterable[tuple[Mapping[str, Any], Sequence[Mapping[str, Any]]]],
    settings: Mapping[str, object],
    classes: Mapping[str, int],
) -> Iterator[tuple[str, bytes]]:
    """Yield the files that are about all samples.

    Args:
        made: (row, objects) of each `files.AugmentedSample`.
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
        for instance in objects:
            ids = {
                "id": len(annotations) + 1,
                "image_id": len(rows),
                "category_id": classes[instance["label"]],
            }
            kept = {key: value for key, value in instance.items() if key != "label"}
            annotations.append({**ids, **kept, "iscrowd": 0})
    categories = [{"id": number, "name": label} for label, number in classes.items()]
    coco = {"images": images, "annotations": annotations, "categories": categories}
    yield "annotations.json", (json.dumps(coco) + "\n").encode()
    yield "classes.csv", _table(("id", "label"), [(id_, label) for label, id_ in classes.items()])
    flat = [{**row, **row["drawn"]} for row in rows]
    for row in flat:
        del row["drawn"]
    header = list(flat[0]) if flat else []
    yield "manifest.csv", _table(header, [[*map(_cell, row.values())] for row in flat])
    manifest = {**settings, "samples": rows}
    yield "manifest.json", (json.dumps(manifest, indent=1) + "\n").encode()


def _cell(value: Any) -> Value:
    """The value itself, or the JSON of what is no text or number."""
    return json.dumps(value) if isinstance(value, bool | list | tuple) else value


def _table(header: Sequence[str], rows: Iterable[Sequence[Value]]) -> bytes:
    return text_table.write(header, rows).encode(errors="backslashreplace")
