"""What the numbers and colors in maps of classes mean: classes.txt, labels.txt, class_dict.csv.

A line is "1 cat", "1,cat", "1: cat", "#ff0000 cat" or "cat,255,0,0"; or each line is a name, the
first of which is number 1, or 0 where it is the background. JSON is a list of names or of objects
with "id" and "name", or an object {"1": "cat"} or {"cat": 1}.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from maskcore.datasets.files import stem, suffix
from maskcore.datasets.source import FileSource
from maskcore.files import text_table

_STEMS = {"class_dict", "class_names", "classes", "label_map", "label_names", "labels"}
_MAX_BYTES = 1_000_000
_NUMBERED = re.compile(r"([0-9]{1,9}|#[0-9A-Fa-f]{6})\s*[\s,;:=]\s*(.*\S)\s*")
_COMMAS = str.maketrans(";\t", ",,")
_BACKGROUND = {"background", "_background_", "bg", "__background__"}


def find(source: FileSource) -> list[str]:
    """Return the files that may list classes, those that hold exact names first."""
    found = [
        name
        for name in source.with_suffix(".json", ".txt", ".csv")
        if stem(name).casefold() in _STEMS and source.files.n_bytes(name) <= _MAX_BYTES
    ]
    return sorted(found, key=lambda name: (suffix(name) != ".json", name.count("/"), name))


def read(source: FileSource, name: str) -> dict[str, str]:
    """Read a list of classes.

    Returns:
        Number or "#rrggbb" -> name, in the order of the file; {} if it is no such list.

    Raises:
        DatasetError: If the file cannot be read.
    """
    if suffix(name) == ".json":
        return _from_json(source.json(name))
    lines = [line.strip() for line in text_table.lines(source.text(name)) if line.strip()]
    found = {}
    for line in lines:
        if colored := _colored(line):
            found[colored[0]] = text_table.unguard(colored[1])
        elif numbered := _NUMBERED.fullmatch(line):
            key = numbered[1].lower()
            found[key if key.startswith("#") else str(int(key))] = text_table.unguard(numbered[2])
    return found or _counted(lines)


def write(ids: Iterable[tuple[int, str]]) -> Iterable[tuple[str, bytes]]:
    """Yield classes.txt, and where a line cannot hold a name as it is, classes.json."""
    names = {str(number): label for number, label in ids}
    lines = [f"{number} {' '.join(label.split())}" for number, label in names.items()]
    yield "classes.txt", "\n".join(["0 background", *lines, ""]).encode("utf-8", "replace")
    if any(_as_read(line) != label for line, label in zip(lines, names.values(), strict=True)):
        yield (
            "classes.json",
            json.dumps(names, ensure_ascii=False, indent=1).encode("utf-8", "replace"),
        )


def is_background(name: str) -> bool:
    """Whether what is called so is no object."""
    return name.strip().casefold() in _BACKGROUND


def _as_read(line: str) -> str | None:
    found = _NUMBERED.fullmatch(line)
    return text_table.unguard(found[2]) if found and not _colored(line) else None


def _colored(line: str) -> tuple[str, str] | None:
    """Take "cat,255,0,0" apart: "#ff0000" and "cat"."""
    name, *numbers = line.translate(_COMMAS).rsplit(",", 3)
    bare = [number.strip() for number in numbers]
    name = line[: len(name)].strip()
    if not name or len(bare) < 3 or not all(re.fullmatch(r"\d{1,3}", number) for number in bare):
        return None
    return "#" + "".join(f"{min(int(number), 255):02x}" for number in bare), name


def _counted(names: list[str]) -> dict[str, str]:
    first = 0 if names and is_background(names[0]) else 1
    return {str(number): name for number, name in enumerate(names, first)}


def _from_json(document: Any) -> dict[str, str]:
    if isinstance(document, list) and all(isinstance(item, str) for item in document):
        return _counted(document)
    if isinstance(document, list):
        items = [
            (item.get("id"), item.get("name")) for item in document if isinstance(item, Mapping)
        ]
    elif isinstance(document, Mapping):
        items = list(document.items())
    else:
        return {}
    found = {}
    for one, other in items:
        for number, name in ((one, other), (other, one)):
            if re.fullmatch(r"[0-9]{1,9}", str(number)) and isinstance(name, str):
                found[str(int(str(number)))] = name
                break
    return found
