"""Make samples of images and their masks: skip what is done, go on after a bad image."""

from __future__ import annotations

import argparse
import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from maskcore import image_io
from maskcore.augment import files as augment_files
from maskcore.commands import sources
from maskcore.commands.resume_log import Record, ResumeLog
from maskcore.commands.runner import work_through
from maskcore.commands.sources import MaskFolder, SourceFile
from maskcore.commands.terminal import cannot_write
from maskcore.files import archive
from maskcore.types import Image, Instance
from maskcore.wording import counted

LOG_NAME = ".maskcore-samples.jsonl"
"""The resume log of samples, in the folder of results."""

Files = Iterable[tuple[str, bytes]]
"""Name and content of each, with "/" between folders."""

SampleLine = tuple[Mapping[str, Any], Sequence[Mapping[str, Any]]]
"""The row of a sample in the manifest, and its objects, see `augment_files.AugmentedSample`."""


class MaskedFile(NamedTuple):
    """An image to make samples of.

    Attributes:
        name: As shown to people.
        stem: What the names of its samples begin with.
        load: Returns its pixels and its masks, None if no folder of masks is given.
    """

    name: str
    stem: str
    load: Callable[[], tuple[Image, list[Instance] | None]]


@dataclass(frozen=True)
class SampleJob:
    """What a subcommand makes of images.

    Attributes:
        command: Its name.
        noun: What a sample is, for people.
        settings: All that samples depend on besides the images, as JSON can hold it.
        make: Makes the samples of an image: their files and what is said of them. It gets label
            -> class id of all images so far, and adds the labels that are new.
        summarize: Makes the files that are about all samples, of the log and the class ids.
    """

    command: str
    noun: str
    settings: Mapping[str, object]
    make: Callable[[MaskedFile, dict[str, int]], Iterator[tuple[Files, SampleLine]]]
    summarize: Callable[[ResumeLog, Mapping[str, int]], Files]


class Outcome(NamedTuple):
    """What has become of images.

    Attributes:
        made: What was made now.
        done_before: What had been made before of the same images.
        failures: Sentences on what went wrong.
    """

    made: list[Record]
    done_before: list[Record]
    failures: list[str]


def run(job: SampleJob, arguments: argparse.Namespace) -> Outcome:
    """Do a job for every image that the arguments name, with its masks.

    Raises:
        Stop: If the folder of masks is none, if the folder of results holds what other settings
            have made, or if the results cannot be written.
    """
    images, failures = sources.find(arguments.images, out=arguments.out)
    masks = None
    if arguments.masks is not None:
        masks = MaskFolder(arguments.masks, kind=arguments.mask_kind)
        images = [image for image in images if masks.path not in image.path.parents]
    settings = {**job.settings, "masks": None if masks is None else masks.to_dict()}
    outcome = Outcome([], [], failures)
    classes: dict[str, int] = {}

    def work(source: SourceFile) -> str:
        stem = log.claim(source.path, _stems(source))
        mask_paths = masks.paths(source) if masks is not None else []
        inputs = [sources.known(path) for path in (source.path, *mask_paths)]
        if before := log.done(stem, inputs):
            outcome.done_before.append(before)
            return "done before"

        def load() -> tuple[Image, list[Instance] | None]:
            image = image_io.read_image(source.path)
            return image, None if masks is None else masks.read(source, image.shape[:2])

        files, samples = _make(job, MaskedFile(source.name, stem, load), log, classes)
        record = Record(stem, str(source.path), job.command, inputs, files, samples, dict(classes))
        log.finish(record)
        outcome.made.append(record)
        return counted(len(samples), job.noun)

    try:
        log = ResumeLog(
            arguments.out / LOG_NAME,
            settings=settings,
            again=arguments.again,
            keeps_keys=True,
        )
        for record in log.records:
            classes.update(record.classes)
        try:
            outcome.failures.extend(work_through(images, work))
        finally:
            archive.write_folder(arguments.out, job.summarize(log, classes))
    except OSError as error:
        raise cannot_write(error.filename or arguments.out, error) from error
    return outcome


def _make(
    job: SampleJob, image: MaskedFile, log: ResumeLog, classes: dict[str, int]
) -> tuple[list[str], list[SampleLine]]:
    """Write the samples of an image; return the names of the files and what is said of each."""
    names: list[str] = []
    samples: list[SampleLine] = []
    for files, sample in job.make(image, classes):
        if not samples:
            log.begin(image.stem)
        written = list(files)
        archive.write_folder(log.folder, written)
        names += [name for name, _ in written]
        samples.append(sample)
    return names, samples


def _stems(source: SourceFile) -> Iterator[str]:
    (stem,) = augment_files.stems([source.name])
    yield stem
    for number in itertools.count(2):
        yield from augment_files.stems([f"{stem}_{number}.png"])
