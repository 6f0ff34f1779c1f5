"""Data sets looked through and written: what runs in the worker, without streamlit."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from maskcore import datasets
from maskcore.datasets import audit
from maskcore.datasets import survey as surveys
from maskcore.datasets.audit import Finding
from maskcore.datasets.survey import Survey
from pages.shared import zip_writing
from pages.shared.dataset_files import DatasetFiles
from pages.shared.worker import Report

_STEPS = 200


def survey(report: Report, files: DatasetFiles, read_images: bool) -> Survey:
    """Look through a data set.

    Args:
        report: Told how much is done.
        files: The data set.
        read_images: Whether to decode all images too.

    Raises:
        DatasetError: If it cannot be read any more.
    """
    report(0.0, "reading the files", None)
    return surveys.survey(files.read(), read_images=read_images, progress=_progress(report))


@dataclass(frozen=True)
class Written:
    """A data set that was written.

    Attributes:
        n_bytes: Of the zip.
        losses: What the format could not hold, one sentence each.
    """

    n_bytes: int
    losses: tuple[str, ...]


def write(
    report: Report, files: DatasetFiles, findings: Sequence[Finding], written_as: str, path: str
) -> Written:
    """Write a data set with its images to a zip.

    Args:
        report: Told how much is done.
        files: The data set.
        findings: Those that are certain are mended.
        written_as: A key of `datasets.FORMATS`.
        path: Where; there is no file until it is whole.

    Raises:
        MaskcoreError: If the set cannot be read, the zip would be too large or cannot be written.
    """
    report(0.0, "reading the files", None)
    dataset = files.read()
    if findings:
        dataset = audit.fixed(dataset, findings)
    tally = datasets.Tally()
    members = datasets.members(dataset, written_as, tally=tally, progress=_progress(report))
    n_bytes = zip_writing.write(
        members, path, what="samples", advice="convert a part of the data set"
    )
    return Written(n_bytes, tuple(it.text for it in tally.losses()))


def _progress(report: Report) -> Callable[[int, int], None]:
    def progress(done: int, total: int) -> None:
        if done % max(1, total // _STEPS) == 0:
            report(done / max(1, total), f"{done:,} of {total:,} samples", None)

    return progress
