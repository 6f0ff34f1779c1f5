"""Data sets of images and masks: read any common format, find what is wrong, write another.

dataset = datasets.read("coco.zip")
for sample in dataset.samples:
    image, instances = sample.image(), sample.instances
datasets.write(dataset, "yolo", "yolo")
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from maskcore.datasets import audit, formats
from maskcore.datasets.dataset import Annotation, Contents, Dataset, PictureFile, Problem, Sample
from maskcore.datasets.export import Images, losses, members, write
from maskcore.datasets.files import Files, open_files, suffix
from maskcore.datasets.formats import FORMATS, Format
from maskcore.datasets.loss import Loss, LossTally, lossy as _lossy
from maskcore.datasets.source import FileSource
from maskcore.errors import DatasetError
from maskcore.files import archive
from maskcore.files.sanitize import shown

__all__ = [
    "FORMATS",
    "Annotation",
    "Contents",
    "Dataset",
    "Format",
    "Images",
    "Loss",
    "LossTally",
    "PictureFile",
    "Problem",
    "Sample",
    "audit",
    "detect",
    "losses",
    "lossy",
    "members",
    "read",
    "write",
]

_ARCHIVES = {".7z", ".bz2", ".gz", ".rar", ".tar", ".tgz", ".xz", ".zip"}


def read(
    path: str | os.PathLike[str],
    format: str = "auto",  # noqa: A002 - what people call it
    *,
    limit: str | os.PathLike[str] | None = None,
    any_link: bool = False,
) -> Dataset:
    """Read a data set.

    Only the lists of images and annotations are made; see `Sample` for what is read when.

    Args:
        path: A folder, a zip archive, or an annotation file without its images.
        format: A key of `FORMATS`, or "auto" for the likeliest.
        limit: Links are followed only where they end within this folder; by default within
            ``path``.
        any_link: Follow links wherever they end.

    Returns:
        The samples, also those whose image or annotation is missing, and what could not be read.

    Raises:
        DatasetError: If it cannot be opened, or holds no data set of that format.
    """
    source = _source(path, limit, any_link)
    if format == "auto":
        found = next(_found(source), None)
        if found is None:
            raise DatasetError(
                f"No images and no annotations are found in {shown(source.name)}; "
                f"what can be read is {', '.join(known.title for known in _readable())}."
            )
        chosen, names = found
    else:
        chosen = formats.get(format)
        if chosen.find is None:
            raise DatasetError(f"{chosen.title} can only be written; choose another format.")
        names = list(chosen.find(source))
        if not names:
            raise DatasetError(
                f"{shown(source.name)} holds no annotations in the form of {chosen.title}."
            )
    if chosen.read is None:
        raise DatasetError(f"{chosen.title} can only be written; choose another format.")
    dataset = chosen.read(source, names)
    problems = (*_problems(source.files), *dataset.problems)
    return replace(dataset, format=chosen.name, problems=problems)


def detect(
    path: str | os.PathLike[str],
    *,
    limit: str | os.PathLike[str] | None = None,
    any_link: bool = False,
) -> list[str]:
    """Return the formats that the files may be, the likeliest first; arguments as of `read`.

    Raises:
        DatasetError: If it cannot be opened.
    """
    return [chosen.name for chosen, _ in _found(_source(path, limit, any_link))]


def lossy(format: str) -> tuple[str, ...]:  # noqa: A002 - what people call it
    """Return what a format cannot hold at all, one sentence each.

    Raises:
        DatasetError: If there is no such format.
    """
    return _lossy(formats.get(format).keeps)


def _source(
    path: str | os.PathLike[str], limit: str | os.PathLike[str] | None, any_link: bool
) -> FileSource:
    return FileSource(open_files(path, limit=limit, any_link=any_link), Path(path).name)


def _readable() -> list[Format]:
    return [known for known in FORMATS.values() if known.can_read]


def _found(source: FileSource) -> Iterator[tuple[Format, list[str]]]:
    for chosen in _readable():
        names = list(chosen.find(source)) if chosen.find is not None else []
        if names:
            yield chosen, names


def _problems(files: Files) -> list[Problem]:
    """What is odd about the files, whatever is in them."""
    found = [("", note) for note in files.notes]
    by_key = defaultdict(list)
    for name in files.names:
        by_key[archive.case_key(name)].append(name)
        if suffix(name) in _ARCHIVES:
            found.append((name, "It is an archive in itself and is not opened; unpack it first."))
    for first, *others in by_key.values():
        reason = f"It differs from {shown(first)} only in its capitals; elsewhere they clash."
        found += [(name, reason) for name in others]
    return [Problem(name, reason, is_of_files=True) for name, reason in found]
