"""The model of a command line: loaded late, and only if there is something to find."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Iterator
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from maskcore import image_io, maskrcnn
from maskcore.commands import runner, sources
from maskcore.commands.runner import PictureJob
from maskcore.commands.sources import SourceFile, known
from maskcore.commands.terminal import Download, Stop
from maskcore.cutout.files import CutoutFile
from maskcore.maskrcnn import catalog
from maskcore.types import Image, Instance

if TYPE_CHECKING:
    from maskcore.maskrcnn import Segmenter


Make = Callable[[Image, list[Instance], str, str], Iterator[CutoutFile]]
"""Makes the files of an image, of its objects, its name and the stem that the files get."""


def run(command: str, arguments: argparse.Namespace, make: Make, **settings: object) -> int:
    """Find the objects of the images that the arguments name, and make files of them.

    Args:
        command: The name of the subcommand.
        arguments: Those of `options.add_images`, `add_out`, `add_model`, `add_without_background`.
        make: What to do with an image.
        settings: What the files depend on besides these.

    Returns:
        The exit code.
    """
    finder = Finder(arguments)

    def work(source: SourceFile, stem: str) -> Iterator[CutoutFile]:
        image, instances = finder.find(source.path)
        return make(image, instances, source.name, stem)

    images, problems = sources.find(arguments.images, out=arguments.out)
    job = PictureJob(
        command,
        work,
        {**finder.settings, **settings, "with_background": arguments.with_background},
        arguments.out,
        arguments.again,
        when_empty=finder.when_empty,
    )
    return runner.run(job, images, problems)


class Finder:
    """The model that the options ask for, loaded when the first image needs it."""

    def __init__(self, options: argparse.Namespace) -> None:
        self._options = options
        self.settings = {
            "model": known(options.model),
            "labels": options.labels and known(options.labels),
            "weights": options.weights and known(options.weights),
            "score": options.score,
            "only": options.only and sorted(options.only),
            "mode": options.mode,
        }
        self.when_empty = "no objects found; a lower --score may find some"
        if options.model == "demo":
            self.when_empty += ", and --model coco knows everyday objects"

    def find(self, path: str | os.PathLike[str]) -> tuple[Image, list[Instance]]:
        """Read an image and find its objects.

        Raises:
            MaskcoreError: If the image cannot be used.
            Stop: If the model cannot be loaded or knows no such label.
        """
        image = image_io.read_image(Path(path))
        found = self._segmenter.predict(
            image, score_threshold=self._options.score, labels=self._options.only
        )
        return image, found

    @cached_property
    def _segmenter(self) -> Segmenter:
        options = self._options
        try:
            segmenter = maskrcnn.load(
                options.model,
                labels=options.labels,
                weights=options.weights,
                device=options.device,
                mode=options.mode,
                progress=Download(options.model),
            )
        except ValueError as error:
            raise Stop(str(error), 2) from error
        names = [label for label in segmenter.labels[1:] if label != catalog.UNUSED]
        unknown = sorted(set(options.only or ()) - set(names))
        if unknown:
            raise Stop(
                f"The model does not find {', '.join(unknown)}; it finds {', '.join(names)}.", 2
            )
        return segmenter
