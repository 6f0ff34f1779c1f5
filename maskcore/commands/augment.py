"""``maskcore augment``: make samples of images and their masks."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import get_args

import PIL.ImageColor

from maskcore import augment
from maskcore.augment import Fill, Ranges, files as augment_files, summaries as augment_summaries
from maskcore.augment.files import Original, Plan
from maskcore.commands import options, sample_runner
from maskcore.commands.resume_log import ResumeLog
from maskcore.commands.runner import list_failures
from maskcore.commands.sample_runner import Files, MaskedFile, SampleJob, SampleLine
from maskcore.commands.terminal import Stop, say
from maskcore.types import Image, Instance
from maskcore.wording import counted

_RANGES = {
    "rotation": "degrees, clockwise",
    "shift_x": "fraction of the width",
    "shift_y": "fraction of the height",
    "zoom": "times the size, as 0.8:1.2",
    "shear": "degrees",
    "brightness": "times as bright, as 0.7:1.3",
    "contrast": "times the contrast",
    "saturation": "times as colorful; 0 is gray",
    "hue": "degrees around the circle of colors",
    "blur": "fraction of the shorter side, as 0:0.005",
    "noise": "standard deviation, 0 to 255",
    "jpeg_quality": "1 to 100",
    "cutouts": "how many squares are covered",
    "cutout_size": "fraction of the shorter side",
}
_FLIPS = {
    "horizontal_flip": "probability that left and right are swapped",
    "vertical_flip": "probability that top and bottom are swapped",
}
_WHOLE_NUMBER = options.whole_number(100_000, "a whole number up to 100,000")


def add_to(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the subcommand."""
    parser = options.add_parser(
        commands,
        "augment",
        summary="make turned, shifted, recolored ... samples of images and their masks",
        details="Make samples of images, for training, and the same of their masks: pictures, "
        "label\nmaps, COCO annotations and a manifest of what was drawn. The same seed makes the "
        "same\nsamples. A range is LOW:HIGH; write --rotation=-5:20 where LOW is negative. A "
        "single\nnumber is a range around no change. Ranges come on top of the preset.",
        examples="photo.jpg --preset light --out samples\n"
        "holiday --masks holiday_masks --preset strong --count 20 --seed 7 --out samples\n"
        "photo.jpg --masks masks --rotation 20 --zoom 0.8:1.2 --horizontal-flip 0.5 --out samples",
    )
    options.add_images(parser)
    options.add_out(parser)
    options.add_masks(parser)
    parser.add_argument(
        "--count",
        type=_WHOLE_NUMBER,
        default=10,
        metavar="N",
        help="samples of each image (default: 10)",
    )
    parser.add_argument(
        "--seed", type=_WHOLE_NUMBER, default=0, metavar="N", help="another one makes other samples"
    )
    parser.add_argument(
        "--format", choices=("png", "jpg"), default="png", help="of the pictures (default: png)"
    )
    parser.add_argument(
        "--layers", action="store_true", help="also write each mask as a file of its own"
    )
    group = parser.add_argument_group("what may happen")
    group.add_argument("--preset", choices=tuple(augment.PRESETS), help="ranges to begin with")
    for name, what in _RANGES.items():
        group.add_argument(_option(name), type=_range, metavar="N|LOW:HIGH", help=what)
    for name, what in _FLIPS.items():
        group.add_argument(_option(name), type=float, metavar="0-1", help=what)
    group.add_argument("--fill", choices=get_args(Fill), help="what comes in from beyond the frame")
    group.add_argument(
        "--fill-color", type=_color, metavar="white|#rrggbb", help="of a constant fill, and squares"
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Do what the arguments say and return the exit code."""
    plan = _plan(arguments)

    def make(image: MaskedFile, classes: dict[str, int]) -> Iterator[tuple[Files, SampleLine]]:
        def load() -> tuple[Image, list[Instance]]:
            pixels, masks = image.load()
            return pixels, masks or []

        original = Original(image.name, load)
        for sample in augment_files.samples(original, plan, stem=image.stem, classes=classes):
            yield sample.files, (sample.row, sample.objects)

    job = SampleJob("augment", "sample", plan.to_dict(), make, _summaries)
    made, done_before, failures = sample_runner.run(job, arguments)
    before = f" {len(done_before)} had been done before." if done_before else ""
    files, images = counted(sum(len(record.names) for record in made), "file"), len(made)
    say(f"{files} from {counted(images, 'image')} in {arguments.out}.{before}")
    return list_failures(failures)


def _summaries(log: ResumeLog, classes: Mapping[str, int]) -> Files:
    made = [sample for record in log.records for sample in record.rows]
    return augment_summaries.summaries(made, log.settings, classes) if made else []


def _plan(arguments: argparse.Namespace) -> Plan:
    preset = augment.PRESETS[arguments.preset] if arguments.preset else Ranges()
    given = {name: getattr(arguments, name) for name in (*_RANGES, *_FLIPS, "fill", "fill_color")}
    try:
        ranges = replace(
            preset, **{name: value for name, value in given.items() if value is not None}
        )
        return Plan(
            ranges,
            count=arguments.count,
            seed=arguments.seed,
            image_format=arguments.format,
            with_masks=arguments.layers,
        )
    except ValueError as error:
        raise Stop(f"{error}.", 2) from error


def _option(name: str) -> str:
    return f"--{name.replace('_', '-')}"


def _range(text: str) -> float | tuple[float, float]:
    low, colon, high = text.partition(":")
    try:
        return (float(low), float(high)) if colon else float(low)
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"must be a number or LOW:HIGH, such as 0.8:1.2, not {text}"
        ) from None


def _color(text: str) -> tuple[int, ...]:
    try:
        return PIL.ImageColor.getrgb(text)[:3]
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"must be a color such as white or #ff8800, not {text}"
        ) from None
