"""``maskcore extract``: cut the objects out of an image whose masks are files."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import cv2
import numpy as np

from maskcore import cutout, image_io, rle
from maskcore.commands import options, runner
from maskcore.commands.sources import SourceFile, known
from maskcore.commands.terminal import Stop
from maskcore.cutout import files as cutout_files
from maskcore.cutout.files import CutoutFile
from maskcore.errors import ImageError
from maskcore.types import Image, Instance

_MIDDLE = 128
_NEARLY = 32  # JPEG leaves its traces in black and white
_MOST_GRAY = 0.05
_BACKGROUND = ".background.png"


def add_to(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the subcommand."""
    parser = options.add_parser(
        commands,
        "extract",
        summary="cut the objects out of an image whose masks are files",
        details="Cut objects out of an image by their masks: black-and-white pictures of its "
        'size,\nsuch as "segment" writes. White is inside. Label and score are taken from the '
        "name of\nthe mask, the box from its pixels.",
        examples="photo.jpg masks/photo.*.png --out cut\n"
        "photo.jpg bird.png --background white --out cut",
    )
    parser.add_argument("image", type=Path, metavar="IMAGE", help="the image")
    parser.add_argument(
        "masks", nargs="+", type=Path, metavar="MASK", help="one black-and-white file per object"
    )
    options.add_out(parser)
    options.add_look(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Do what the arguments say and return the exit code."""
    masks = [path.absolute() for path in dict.fromkeys(arguments.masks)]
    if any(path.parent.resolve() == arguments.out.resolve() for path in masks):
        raise Stop(
            "The cut-outs would replace the masks, which have the same names; choose another "
            "folder with --out.",
            2,
        )
    photo = arguments.image

    @cache
    def image() -> Image:
        return image_io.read_image(photo)

    def cut(source: SourceFile, _: str) -> Iterator[CutoutFile]:
        mask = _read_mask(source.path, image(), photo.name)
        if source.path.name.endswith(_BACKGROUND):
            objects = [rle.invert(mask)]
            yield cutout_files.background_cutout(
                image(), objects, stem=photo.stem, source=photo.name
            )
            return
        yield from cutout_files.cutouts(
            image(),
            [_instance(mask, source.path)],
            stem=photo.stem,
            source=photo.name,
            background=arguments.background.value,
            margin=arguments.margin,
            feather=arguments.feather,
            with_background=False,
        )

    settings = {"image": known(photo), **options.look(arguments)}
    job = runner.PictureJob(
        "extract", cut, settings, arguments.out, arguments.again, source_noun="mask"
    )
    return runner.run(job, [SourceFile(path, path.name) for path in masks])


def _read_mask(path: Path, image: Image, image_name: str) -> rle.RLE:
    """Read a black-and-white picture of the image's size.

    Raises:
        ImageError: If it is something else, or nothing is inside.
    """
    picture = image_io.read_image(path)
    if picture.shape != image.shape:
        turned = (
            f", as {image_name} is before it is turned upright"
            if picture.shape[1::-1] == image.shape[:2]
            else ""
        )
        raise ImageError(
            f"{path.name} has {_size(picture)} pixels{turned}, but {image_name} has "
            f"{_size(image)}; a mask must have the size of its image."
        )
    gray = np.asarray(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), np.uint8)
    n_gray = np.count_nonzero((gray >= _NEARLY) & (gray <= 255 - _NEARLY))
    mask = rle.encode(gray >= _MIDDLE)
    if n_gray > _MOST_GRAY * gray.size:
        raise ImageError(f"{path.name} is not black and white, so it is not a mask.")
    if not rle.area(mask):
        raise ImageError(f"{path.name} is all black; there is nothing to cut out.")
    return mask


def _instance(mask: rle.RLE, path: Path) -> Instance:
    try:
        named = cutout.parse_file_name(path.name)
    except ValueError:
        return Instance(mask, path.stem)
    return Instance(mask, named.label, named.score)


def _size(image: Image) -> str:
    return f"{image.shape[1]:,} × {image.shape[0]:,}"
