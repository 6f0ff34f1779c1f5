"""Samples written to a zip on disk: the part that runs in the worker process, without streamlit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from maskcore import image_io
from maskcore.augment import files as augment_files
from maskcore.augment.files import Original, Plan
from maskcore.types import Image, Instance
from pages.shared.jobs import bounded_zip
from pages.shared.jobs.worker import Report


@dataclass(frozen=True)
class SampledImage:
    """An image to make samples of.

    Attributes:
        name: Its file name.
        content: The file.
        instances: Its masks.
        left_out: Numbers of samples that are not wanted, from 0.
    """

    name: str
    content: bytes
    instances: tuple[Instance, ...]
    left_out: frozenset[int]

    def load(self) -> tuple[Image, Sequence[Instance]]:
        """Return the pixels and the masks."""
        return image_io.read_image(self.content), self.instances


def write(report: Report, sources: Sequence[SampledImage], plan: Plan, path: str) -> None:
    """Write the samples of images to a zip.

    Args:
        report: Told how many samples are done.
        sources: The images.
        plan: What to make of each.
        path: Where; there is no file until it is whole.

    Raises:
        MaskcoreError: If an image cannot be read or the zip would be too large.
    """

    def progress(done: int, total: int) -> None:
        report(done / total, f"{done} of {total} samples", None)

    report(0.0, "reading the image", None)
    members = augment_files.members(
        [Original(source.name, source.load) for source in sources],
        **vars(plan),
        left_out={
            (place, index) for place, source in enumerate(sources) for index in source.left_out
        },
        progress=progress,
    )
    bounded_zip.write(members, path, what="samples", advice="export fewer, or write them as JPEG")
