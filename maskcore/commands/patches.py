"""``maskcore patches``: cut images and their masks into patches, and join patches."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import get_args

import numpy as np

from maskcore import masks, patches, rle
from maskcore.commands import options, patches_join, sample_runner
from maskcore.commands.resume_log import ResumeLog
from maskcore.commands.runner import list_failures
from maskcore.commands.sample_runner import Files, MaskedFile, SampleJob, SampleLine
from maskcore.commands.terminal import Stop, say
from maskcore.errors import MaskcoreError
from maskcore.patches import files as patch_files
from maskcore.patches.files import PatchEntry, Settings
from maskcore.types import Instance, LabelMap, Mask
from maskcore.wording import counted

_MOST_PIXELS = 100_000
_HIGHEST_SEED = 10**18 - 1


def add_to(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the subcommand."""
    parser = options.add_parser(
        commands,
        "patches",
        summary="cut images and their masks into patches, and join patches again",
        details="Cut images, and their masks with them, into patches of equal size, named\n"
        "<image>_y000256_x000512.png in the folders images and masks, with a manifest. With\n"
        "--validation there are two such folders each in training and validation, and no pixel\n"
        'is in both. "augment" takes the folders. With --join, patches that were cut so, or what\n'
        "was predicted for them, become whole images again; nothing that was not changed differs.",
        examples="photo.jpg --out patches\n"
        "strips --masks strip_masks --size 256 --stride 128 --min-mask 0.01 --out patches\n"
        "strips --masks strip_masks --edge shift --validation 0.2 --seed 7 --out patches\n"
        "--join patches --out whole\n"
        "--join predictions --manifest patches/manifest.json --overlap average --out whole.png",
    )
    parser.add_argument(
        "images",
        nargs="*",
        type=Path,
        metavar="IMAGE|FOLDER",
        help="image files, and folders to search for them, with the folders inside",
    )
    options.add_out(parser)
    _add_cutting(parser.add_argument_group("cutting"))
    patches_join.add_options(parser.add_argument_group("joining"))
    parser.set_defaults(run=run)


def _add_cutting(group: argparse._ArgumentGroup) -> None:
    options.add_masks(group)
    group.add_argument(
        "--size",
        type=_pixels,
        default=(256, 256),
        metavar="N|WxH",
        help="pixels of a patch (default: 256)",
    )
    group.add_argument(
        "--stride",
        type=_pixels,
        metavar="N|WxH",
        help="pixels from one patch to the next (default: the size, so that none overlap)",
    )
    group.add_argument(
        "--edge",
        choices=get_args(patches.Edge),
        default="pad",
        help="patches beyond the image: pad them black, reflect the image into them, shift them "
        "inward, or drop them (default: pad)",
    )
    group.add_argument(
        "--min-mask",
        type=options.fraction,
        default=0.0,
        metavar="0-1",
        help="keep only patches with at least this share of mask",
    )
    group.add_argument(
        "--validation",
        type=options.fraction,
        default=0.0,
        metavar="0-1",
        help="share of the patches for validation; some that overlap with both sides are left out",
    )
    group.add_argument(
        "--seed",
        type=options.whole_number(_HIGHEST_SEED),
        default=0,
        metavar="N",
        help="another one chooses other patches",
    )


def run(arguments: argparse.Namespace) -> int:
    """Do what the arguments say and return the exit code."""
    if arguments.join is not None:
        return patches_join.run(arguments)
    if not arguments.images:
        raise Stop("There is nothing to do: name images, or patches with --join.", 2)
    settings = Settings(
        size_hw=arguments.size,
        stride_hw=arguments.stride or arguments.size,
        edge=arguments.edge,
        min_mask=arguments.min_mask,
        validation=arguments.validation,
        seed=arguments.seed,
    )
    if settings.min_mask and arguments.masks is None:
        raise Stop("--min-mask needs masks; say where they are with --masks.", 2)

    def make(image: MaskedFile, _: object) -> Iterator[tuple[Files, SampleLine]]:
        pixels, instances = image.load()
        mask = None if instances is None else _one_mask(instances, pixels.shape[:2])
        source = patch_files.PatchSource(image.stem, image.name, pixels, mask)
        for piece in patch_files.pieces(source, settings):
            yield piece.files, (asdict(piece.entry), ())

    job = SampleJob("patches", "patch", asdict(settings), make, _manifest)
    made, done_before, failures = sample_runner.run(job, arguments)
    n_patches = sum(len(record.rows) for record in (*made, *done_before))
    say(f"{counted(n_patches, 'patch')} in {arguments.out}.")
    return list_failures(failures)


def _manifest(log: ResumeLog, _: object) -> Files:
    rows = [row for record in log.records for row, _ in record.rows]
    return patch_files.manifest(PatchEntry(**row) for row in rows)


def _one_mask(instances: Sequence[Instance], size_hw: tuple[int, ...]) -> Mask | LabelMap:
    """Join masks into one: labels that are numbers stay what they are, others count from 1."""
    if not instances:
        return np.zeros(size_hw, np.bool_)
    labels = list(dict.fromkeys(instance.label for instance in instances))
    if len(labels) == 1 and not labels[0].isdecimal():
        return rle.decode(rle.union(instance.mask for instance in instances))
    numbers = {label: place for place, label in enumerate(labels, start=1)}
    if all(label.isdecimal() for label in labels):
        numbers = {label: int(label) for label in labels}
    try:
        return masks.label_map(
            [instance.mask for instance in instances],
            ids=[numbers[instance.label] for instance in instances],
        )
    except ValueError as error:
        raise MaskcoreError(
            "Its mask has labels that do not fit a label map of 16 bits."
        ) from error


def _pixels(text: str) -> tuple[int, int]:
    """Read N or WxH as (height, width)."""
    width, _, height = text.lower().partition("x")
    sides = [width, height or width]
    if not all(
        side.isascii() and side.isdigit() and 0 < int(side) <= _MOST_PIXELS for side in sides
    ):
        raise argparse.ArgumentTypeError(
            f"must be pixels, such as 256 or 512x256 (width x height), not {text}"
        )
    return int(sides[1]), int(sides[0])
