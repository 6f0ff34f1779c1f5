"""The options that several subcommands share, and what they mean."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import PIL.ImageColor

from maskcore import image_io, mask_files
from maskcore.commands.sources import known
from maskcore.cutout import Background
from maskcore.errors import ImageError

_MOST_DIGITS = 18


@dataclass(frozen=True)
class Ground:
    """What ``--background`` asks for.

    Attributes:
        name: As written, with the date of a file, to know it again.
        value: As `cutout.extract` takes it.
    """

    name: str
    value: Background | None


def add_parser(
    commands: argparse._SubParsersAction[argparse.ArgumentParser],
    name: str,
    *,
    summary: str,
    details: str,
    examples: str,
    resumes: bool = True,
) -> argparse.ArgumentParser:
    """Add a subcommand whose help ends in examples; most take up where they stopped."""
    if resumes:
        details += "\n\nFiles that are done are skipped when the command runs again."
    shown = "\n".join(f"  maskcore {name} {line}" for line in examples.splitlines())
    return commands.add_parser(
        name,
        help=summary,
        description=details,
        epilog=f"examples:\n{shown}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )


def add_images(parser: argparse.ArgumentParser) -> None:
    """Add the images to work on."""
    parser.add_argument(
        "images",
        nargs="+",
        type=Path,
        metavar="IMAGE|FOLDER",
        help="image files, and folders to search for them, with the folders inside",
    )


def add_masks(parser: argparse.ArgumentParser | argparse._ArgumentGroup) -> None:
    """Add the masks of the images: a folder, and how its files are meant."""
    parser.add_argument(
        "--masks",
        type=Path,
        metavar="FOLDER",
        help="mask files with the names of the images, of any ending, or as segment writes them",
    )
    parser.add_argument(
        "--mask-kind",
        choices=("auto", *mask_files.KINDS),
        default="auto",
        help="how the mask files are meant (default: auto, each by itself)",
    )


def add_out(parser: argparse.ArgumentParser, *, default: str = "") -> None:
    """Add where results go and whether to redo what is there.

    Args:
        parser: Of the subcommand.
        default: Where they go if nothing is said, in words; "" if that must be said.
    """
    parser.add_argument(
        "--out",
        type=Path,
        required=not default,
        metavar="FOLDER",
        help="where the results go" + (f" (default: {default})" if default else ""),
    )
    parser.add_argument("--again", action="store_true", help="redo what is done")


def add_model(parser: argparse.ArgumentParser) -> None:
    """Add the choice of a model and of what it should find."""
    group = parser.add_argument_group("finding objects")
    group.add_argument(
        "--model",
        default="demo",
        metavar="demo|coco|coco-v1|FILE",
        help="demo finds circles, squares and triangles and comes with maskcore; coco and coco-v1 "
        "find 80 kinds of everyday objects and are downloaded once; or your own checkpoint "
        "(default: demo)",
    )
    group.add_argument(
        "--labels", type=Path, metavar="FILE", help="names of a checkpoint's classes, one per line"
    )
    group.add_argument(
        "--weights", type=Path, metavar="FILE", help="the weights of coco or coco-v1, if at hand"
    )
    group.add_argument(
        "--score",
        type=fraction,
        default=0.5,
        metavar="0-1",
        help="how sure the model must be of an object (default: 0.5)",
    )
    group.add_argument(
        "--only", nargs="+", action="extend", metavar="LABEL", help="keep these objects only"
    )
    group.add_argument(
        "--device", default="auto", help="auto, cpu, cuda, cuda:1, mps (default: auto)"
    )
    group.add_argument(
        "--mode",
        choices=("exact", "fast"),
        default="exact",
        help="fast looks at a smaller picture and misses more small objects (default: exact)",
    )


def add_look(parser: argparse.ArgumentParser) -> None:
    """Add what the cut-outs look like."""
    group = parser.add_argument_group("cut-outs")
    pixels = whole_number(99_999, "a whole number of pixels")
    group.add_argument(
        "--background",
        type=_ground,
        default=Ground("transparent", None),
        metavar="transparent|white|#rrggbb|blur|gray|FILE",
        help="what they lie on; FILE is a picture (default: transparent)",
    )
    group.add_argument(
        "--margin", type=pixels, default=0, metavar="N", help="pixels kept around each object"
    )
    group.add_argument("--feather", type=pixels, default=0, metavar="N", help="pixels of soft edge")


def add_without_background(parser: argparse.ArgumentParser, what: str) -> None:
    """Add the option that leaves the background out."""
    parser.add_argument(
        "--no-background", dest="with_background", action="store_false", help=f"without {what}"
    )


def look(options: argparse.Namespace) -> dict[str, object]:
    """Return what `add_look` has added, to know it again."""
    return {
        "background": options.background.name,
        "margin": options.margin,
        "feather": options.feather,
    }


def fraction(text: str) -> float:
    """Read a number from 0 to 1."""
    try:
        number = float(text)
    except ValueError:
        number = -1.0
    if not 0 <= number <= 1:
        raise argparse.ArgumentTypeError(f"must be a number from 0 to 1, not {text}")
    return number


def whole_number(most: int, what: str = "a whole number") -> Callable[[str], int]:
    """Return what reads a whole number from 0 to `most`; `what` says to people what it must be."""

    def read(text: str) -> int:
        is_number = text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS
        if not is_number or int(text) > most:
            raise argparse.ArgumentTypeError(f"must be {what}, not {text}")
        return int(text)

    return read


def _ground(text: str) -> Ground:
    if text == "transparent":
        return Ground(text, None)
    if text == "blur":
        return Ground(text, "blur")
    if text == "gray":
        return Ground(text, "gray")
    with suppress(ValueError):
        red, green, blue = PIL.ImageColor.getrgb(text)[:3]
        return Ground(text, (red, green, blue))
    if not Path(text).exists():
        raise argparse.ArgumentTypeError(
            f"must be transparent, blur, gray, a color such as white or #ff8800, or a picture "
            f"file, not {text}"
        )
    try:
        return Ground(known(text), image_io.read_image(Path(text)))
    except ImageError as error:
        raise argparse.ArgumentTypeError(str(error)) from error
