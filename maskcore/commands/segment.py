"""``maskcore segment``: find the objects of images and write their masks."""

from __future__ import annotations

import argparse
from collections.abc import Iterator

from maskcore.commands import finder, options
from maskcore.cutout import files as cutout_files
from maskcore.cutout.files import CutoutFile
from maskcore.types import Image, Instance


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

    def draw(_: Image, found: list[Instance], source: str, stem: str) -> Iterator[CutoutFile]:
        return cutout_files.masks(
            found, stem=stem, source=source, with_background=arguments.with_background
        )

    return finder.run("segment", arguments, draw)
