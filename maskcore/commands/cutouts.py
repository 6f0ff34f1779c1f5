"""``maskcore cutouts``: find the objects of images and cut each of them out."""

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
        "cutouts",
        summary="find the objects of images and cut each of them out",
        details="Find the objects of images with Mask R-CNN and write each as a picture of its "
        "own,\nnamed <image>.<score>.<label>.<x>_<y>_<width>_<height>.png, with the background\n"
        "that is left and a manifest.",
        examples="photo.jpg --model coco --out cut\n"
        "holiday --model coco --only person dog --score 0.8 --out cut\n"
        "photo.jpg --model coco --background white --margin 10 --feather 3 --out cut\n"
        "scans --model weights.pth --labels names.txt --background blur --out cut",
    )
    options.add_images(parser)
    options.add_out(parser)
    options.add_model(parser)
    options.add_look(parser)
    options.add_without_background(parser, "the image that is left when the objects are cut out")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Do what the arguments say and return the exit code."""

    def cut(image: Image, found: list[Instance], source: str, stem: str) -> Iterator[CutoutFile]:
        return cutout_files.cutouts(
            image,
            found,
            stem=stem,
            source=source,
            background=arguments.background.value,
            margin=arguments.margin,
            feather=arguments.feather,
            with_background=arguments.with_background,
        )

    return finder.run("cutouts", arguments, cut, **options.look(arguments))
