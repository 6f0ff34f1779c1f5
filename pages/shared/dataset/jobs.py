"""Data sets looked through and written: what runs in the worker, without streamlit."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from maskcore import datasets
from maskcore.datasets import Images, Loss, LossTally, audit
from maskcore.datasets.audit import Finding, Survey
from pages.shared.dataset.files import DatasetFiles
from pages.shared.jobs import bounded_zip
from pages.shared.jobs.worker import Report

_STEPS = 200


@dataclass(frozen=True)
class WriteRequest:
    """A data set that is to be written.

    Attributes:
        files: The data set.
        format: What it is to become.
        images: What becomes of the image files.
        findings: Those that are certain are mended.
        advice: What to do if it would be too large.
    """

    files: DatasetFiles
    format: str
    images: Images = "copy"
    findings: Sequence[Finding] = ()
    advice: str = "convert a part of the data set"


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
    return audit.survey(files.read(), read_images=read_images, progress=_progress(report))


def count(report: Report, request: WriteRequest) -> list[Loss]:
    """Count what would be lost.

    Raises:
        MaskcoreError: If the data set cannot be read.
    """
    report(0.0, "reading the files", None)
    return datasets.losses(
        request.files.read(), request.format, images=request.images, progress=_progress(report)
    )


def write(report: Report, request: WriteRequest, path: str) -> list[Loss]:
    """Write a data set to a zip, and return what of it is not in there.

    Args:
        report: Told how many samples are done.
        request: What to write.
        path: Where; there is no file until it is whole.

    Raises:
        MaskcoreError: If the set cannot be read, or the zip would be too large or cannot be
            written.
    """
    report(0.0, "reading the files", None)
    dataset = request.files.read()
    if request.findings:
        dataset = audit.fixed(dataset, request.findings)
    tally = LossTally()
    members = datasets.members(
        dataset, request.format, images=request.images, tally=tally, progress=_progress(report)
    )
    bounded_zip.write(members, path, what="samples", advice=request.advice)
    return tally.losses()


def _progress(report: Report) -> Callable[[int, int], None]:
    def progress(done: int, total: int) -> None:
        if done % max(1, total // _STEPS) == 0:
            report(done / max(1, total), f"{done:,} of {total:,} samples", None)

    return progress
