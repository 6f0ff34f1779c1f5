"""NumPy archives, one for each image: ``numpy.load("masks/a.npz")["masks"]``.

Each holds ``masks`` (N, H, W) bool, ``labels`` (N,) text, ``scores`` (N,) float64, NaN where there
is none, and ``is_crowd`` (N,) bool; no pickles. The form of the files is NumPy's
(https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html).
"""

from __future__ import annotations

import io
import math
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from maskcore import rle
from maskcore.datasets.dataset import Annotation, Contents, Dataset, Problem, Sample
from maskcore.datasets.files import Files
from maskcore.datasets.formats.npz import arrays as npy
from maskcore.datasets.source import FileSource, unannotated
from maskcore.datasets.writer import Item, Keeps, Member
from maskcore.errors import DatasetError
from maskcore.files.sanitize import shown
from maskcore.files.values import NO_LABEL, not_a_score, score_of
from maskcore.files.zips import ZipFiles
from maskcore.types import Instance

TITLE = "NumPy archives"
KEEPS = Keeps(scores=True, crowds=True, empty=True)

_FOLDER = "masks"
# What there may be beside the masks: kinds of numpy types, and what holds where there is none.
_COLUMNS: dict[str, tuple[str, Any]] = {
    "labels": ("Uiu", NO_LABEL),
    "scores": ("fiu", math.nan),
    "is_crowd": ("b", False),
}
_LOOKED_AT = 8  # archives that tell whether the set has masks
_LONGEST_LABEL = 1_000  # an array of text is as wide as its longest


def find(source: FileSource) -> list[str]:
    """Return the names of all NumPy archives, if the first ones hold an array ``masks``."""
    names = source.with_suffix(".npz")
    return names if any(_has_masks(source, name) for name in names[:_LOOKED_AT]) else []


def read(source: FileSource, names: Sequence[str]) -> Dataset:
    """Read archives; each belongs to the image of the same name in the folders around.

    Besides what `NpzWriter` writes, ``masks`` may be (H, W), of whole numbers, where inside is what
    is not 0, and without the other arrays.

    Args:
        source: The files.
        names: Of the archives.
    """
    finder = source.pictures
    samples: dict[str, Sample] = {}
    problems: list[Problem] = []
    for name in names:
        called = name.removesuffix(".npz").removesuffix(".NPZ")
        picture = finder.find(called)
        sample = picture.path if picture else called
        if sample in samples:
            reason = f"Another archive belongs to {shown(sample)} already, so it is left out."
            problems.append(Problem(name, reason))
        else:
            samples[sample] = Sample(sample, picture, _NpzLoader(source.files, name, sample))
    found = list(samples.values())
    found += unannotated(source, source.image_names, found)
    return Dataset("npz", found, (), problems)


class NpzWriter:
    """Writes ``masks/<stem>.npz`` for each image."""

    image_folder = "images"

    def __init__(self, labels: Sequence[str]) -> None:
        del labels  # every archive has its own

    def sample(self, item: Item) -> Iterator[Member]:
        """Yield the archive."""
        height, width = item.size_hw
        masks = item.instances
        arrays: dict[str, NDArray[Any]] = {
            "labels": np.array([instance.label[:_LONGEST_LABEL] for instance in masks], np.str_),
            "scores": np.array([instance.score for instance in masks], float),  # None is NaN
            "is_crowd": np.array([instance.is_crowd for instance in masks], np.bool_),
        }
        buffer = io.BytesIO()
        # Level 1: masks are mostly one value, and more makes them no smaller.
        with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
            with archive.open("masks.npy", "w", force_zip64=True) as file:
                shape = len(masks), height, width
                header = {"descr": "|b1", "fortran_order": False, "shape": shape}
                np.lib.format.write_array_header_1_0(file, header)
                for instance in masks:  # one by one: together they may be larger than the memory
                    file.write(rle.decode(instance.mask, order="C").data)
            for name, array in arrays.items():
                with archive.open(f"{name}.npy", "w") as file:
                    np.lib.format.write_array(file, array, allow_pickle=False)
        yield f"{_FOLDER}/{item.stem}.npz", buffer.getvalue()

    def end(self) -> Iterator[Member]:
        """Yield nothing: there are no files about all samples."""
        return iter(())


def _has_masks(source: FileSource, name: str) -> bool:
    try:
        with source.files.open(name) as file, zipfile.ZipFile(file) as archive:
            return "masks.npy" in archive.namelist()
    except Exception:  # a damaged archive raises anything
        return False


@dataclass(frozen=True, slots=True)
class _NpzLoader:
    """Reads one archive."""

    files: Files
    name: str
    sample: str

    def __call__(self) -> Contents:
        """Read it."""
        problem = partial(Problem, self.name, sample=self.sample)
        try:
            archive = ZipFiles(self.files.read(self.name))
            if "masks.npy" not in archive.names:
                return Contents((), [problem("It has no array called masks.")])
            size_hw, masks = npy.read_masks(archive, "masks.npy")
        except DatasetError as error:
            return Contents((), [problem(str(error))])
        n_masks = len(masks)
        problems: list[Problem] = []
        columns: dict[str, list[Any]] = {}
        for key, (kinds, default) in _COLUMNS.items():
            columns[key] = [default] * n_masks
            if f"{key}.npy" in archive.names:
                try:
                    columns[key] = npy.read_column(archive, f"{key}.npy", kinds=kinds, size=n_masks)
                except DatasetError as error:
                    problems.append(problem(str(error)))
        annotations = []
        rows = zip(masks, *columns.values(), strict=True)
        for number, (mask, label, stated, is_crowd) in enumerate(rows, start=1):
            where = f"mask {number} in {self.name}"
            score = score_of(stated)
            if score is None and not math.isnan(stated):
                reason = not_a_score(stated)
                problems.append(Problem(where, reason, self.sample, is_left_out=False))
            annotations.append(Annotation(Instance(mask, str(label), score, is_crowd), where))
        return Contents(annotations, problems, size_hw)
