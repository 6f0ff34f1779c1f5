"""Conversions of data sets: the part that runs in the worker process, without streamlit."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from maskcore import datasets
from maskcore.datasets import Images, Loss, Tally
from pages.shared import zip_writing
from pages.shared.dataset_files import DatasetFiles
from pages.shared.worker import Report


@dataclass(frozen=True)
class Wanted:
    """A conversion.

    Attributes:
        files: The data set.
        format: What it is to become.
        images: What becomes of the image files.
    """

    files: DatasetFiles
    format: str
    images: Images


@dataclass(frozen=True)
class Written:
    """What was written.

    Attributes:
        n_bytes: Of the zip.
        losses: What of the data set is not in it.
    """

    n_bytes: int
    losses: list[Loss]


def count(report: Report, wanted: Wanted) -> list[Loss]:
    """Count what a conversion would lose.

    Raises:
        MaskcoreError: If the data set cannot be read.
    """
    report(0.0, "reading the data set", None)
    return datasets.losses(
        wanted.files.read(), wanted.format, images=wanted.images, progress=_progress(report)
    )


def write(report: Report, wanted: Wanted, path: str) -> Written:
    """Write the converted data set to a zip.

    Args:
        report: Told how many samples are done.
        wanted: The conversion.
        path: Where; there is no file until it is whole.

    Raises:
        MaskcoreError: If the data set cannot be read, or the zip would be too large.
    """
    report(0.0, "reading the data set", None)
    tally = Tally()
    files = datasets.members(
        wanted.files.read(),
        wanted.format,
        images=wanted.images,
        tally=tally,
        progress=_progress(report),
    )
    n_bytes = zip_writing.write(
        files, path, what="samples", advice="leave the images out, or convert on the command line"
    )
    return Written(n_bytes, tally.losses())


def _progress(report: Report) -> Callable[[int, int], None]:
    def progress(done: int, total: int) -> None:
        report(done / max(1, total), f"{done:,} of {total:,} samples", None)

    return progress
