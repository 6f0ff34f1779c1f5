"""``maskcore convert``: write a data set in another format."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import get_args

from maskcore import datasets
from maskcore.commands import dataset_files, options
from maskcore.commands.dataset_files import Steps
from maskcore.commands.terminal import Stop, say
from maskcore.datasets import Images
from maskcore.errors import MaskcoreError
from maskcore.wording import counted


def add_to(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the subcommand."""
    formats = [f"  {name:<15}{datasets.FORMATS[name].what}" for name in dataset_files.writable()]
    parser = options.add_parser(
        commands,
        "convert",
        summary="write a data set in another format",
        details="Write a data set of images and masks in another format. What the new format "
        "cannot\nhold is said before, and counted after. The exit code is 1 if something of the "
        "data set\ncould not be read, or if --strict is given and something would be lost.\n\n"
        "formats:\n" + "\n".join(formats),
        examples="coco yolo_set --format yolo\n"
        "coco.zip labels.zip --format labelme --images embed\n"
        "severstal coco_set --from kaggle-rle --format coco --images leave\n"
        "voc coco_set --format coco --strict",
        resumes=False,
    )
    parser.add_argument(
        "source", type=Path, metavar="FROM", help="the data set: a folder, a zip or a file"
    )
    parser.add_argument(
        "target", type=Path, metavar="TO", help="a folder, or a file that ends in .zip"
    )
    parser.add_argument(
        "--format",
        required=True,
        choices=dataset_files.writable(),
        metavar="FORMAT",
        help="the format to write",
    )
    parser.add_argument(
        "--from",
        dest="source_format",
        choices=dataset_files.readable(),
        metavar="FORMAT",
        help="the format of the data set (default: found out)",
    )
    parser.add_argument(
        "--images",
        choices=get_args(Images),
        default="copy",
        help="copy the image files too, leave them where they are, or embed them in the "
        "annotations, where the format can (default: copy)",
    )
    parser.add_argument(
        "--strict", action="store_true", help="write nothing if anything would be lost"
    )
    dataset_files.add_overwrite(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Do what the arguments say and return the exit code."""
    source, target, name = arguments.source, arguments.target, arguments.format
    dataset_files.check_target(target, source, overwrite=arguments.overwrite)
    chosen = datasets.FORMATS[name]
    if arguments.images == "embed" and not chosen.can_embed:
        able = ", ".join(key for key, format_ in datasets.FORMATS.items() if format_.can_embed)
        raise Stop(f"{chosen.title} cannot hold images; {able} can.", 2)
    dataset = dataset_files.read(source, arguments.source_format)
    if not dataset.samples:
        raise Stop(f"{source} holds no samples.", 2)
    title = datasets.FORMATS[dataset.format].title
    say(f"{source}: {title}, {counted(len(dataset.samples), 'sample')}.")
    if arguments.strict:
        try:
            with Steps("samples checked") as steps:
                lost = datasets.losses(dataset, name, images=arguments.images, progress=steps)
        except MaskcoreError as error:
            raise Stop(str(error), 1) from error
        if lost:
            dataset_files.tell(lost, sys.stderr)
            raise Stop("Nothing was written, as --strict asks.", 1)
    elif limits := datasets.lossy(name):
        say(f"{chosen.title} cannot hold everything:")
        for sentence in limits:
            say(f"  {sentence}")
    return dataset_files.write(dataset, target, name, images=arguments.images)
