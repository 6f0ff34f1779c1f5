"""Images that nobody has drawn masks for yet."""

from __future__ import annotations

from collections.abc import Sequence

from maskcore.datasets.dataset import Dataset
from maskcore.datasets.source import FileSource, unannotated

TITLE = "Images alone"


def find(source: FileSource) -> list[str]:
    """Return the names of all images."""
    return list(source.image_names)


def read(source: FileSource, names: Sequence[str]) -> Dataset:
    """Return a data set in which no image has a mask."""
    return Dataset("images", unannotated(source, names, ()))
