"""``maskcore segment``: find the objects of images and write their masks."""

from __future__ import annotations

import argparse
from collections.abc import Iterator

from maskcore.commands import options, runner, sources
from maskcore.commands.finder import Finder
from maskcore.commands.sources import SourceFile
from maskcore.cutout import files as cutout_files
from maskcore.cutout.files import CutoutFile


def add_to(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the subcommand."""
    parser = options.add_parser(
        commands,
        "segment",
        summary="find the objects of images and write their masks",
        details="Find the objects of images with Mask R-CNN and write a black-and-white mask of "
        "each,\nnamed <image>.<score>.<label>.<x>_<y>_<width>_<height>.png, with the mask of the\n"
        'background and a manifest. "extract" takes the masks.',
        examples="photo.jpg --model coco --out masks\n"
        "holiday --model coco --only person dog --out masks",
    )
    options.add_images(parser)
    options.add_out(parser)
    options.add_model(parser)
    options.add_without_background(parser, "the mask of what is no object")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Do what the arguments say and return the exit code."""
    finder = Finder(arguments)

    def find(source: SourceFile, stem: str) -> Iterator[CutoutFile]:
        _, found = finder.find(source.path)
        return cutout_files.masks(
            found, stem=stem, source=source.name, with_background=arguments.with_background
        )

    images, problems = sources.find(arguments.images, out=arguments.out)
    settings = {**finder.settings, "with_background": arguments.with_background}
    job = runner.PictureJob(
        "segment",
        find,
        settings,
        arguments.out,
        arguments.again,
        when_empty=finder.when_empty,
    )
    return runner.run(job, images, problems)
