"""``maskcore decode``: make masks out of a table of run-length codes."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping, Sequence
from itertools import takewhile
from operator import itemgetter
from pathlib import Path

import numpy as np

from maskcore import image_io, masks, overlay, rle, rle_text
from maskcore.commands import dataset_files, options, runner
from maskcore.commands.sources import SourceFile, known
from maskcore.commands.terminal import Stop, cannot_write, say
from maskcore.cutout import files as cutout_files
from maskcore.cutout.files import CutoutEntry, CutoutFile
from maskcore.datasets import Sample
from maskcore.errors import ImageError, MaskcoreError
from maskcore.files import archive, text_table
from maskcore.masks import sizes as mask_size
from maskcore.types import Instance, LabelMap
from maskcore.wording import counted

_FOLDERS = {"masks": "masks", "label-map": "label_maps", "overlay": "overlays"}
_HIGHEST_ID = 65_535
_NAMED = 3


def add_to(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the subcommand."""
    parser = options.add_parser(
        commands,
        "decode",
        summary="make masks out of a table of run-length codes",
        details="Make masks out of a table of run-length codes, as Kaggle's competitions have "
        "them: a\nblack-and-white picture of each mask, a label map of each image, or the masks "
        "drawn on\nthe images, in the folders masks, label_maps and overlays. In label maps a "
        "class that\nis a number keeps it; others are counted from 1, see labels.csv there. Rows "
        "that are\nwrong are listed, and the exit code is then 1.",
        examples="train.csv --images train_images\n"
        "train.csv --images train_images --what overlay label-map --out decoded\n"
        "rows.csv --dialect airbus --out decoded",
    )
    parser.add_argument("table", type=Path, metavar="TABLE", help="the rows, as CSV")
    parser.add_argument(
        "--images",
        type=Path,
        metavar="FOLDER",
        help="the images that are decoded (default: all that the table names, without looking at "
        "them; the table must then say how large they are)",
    )
    options.add_out(parser, default="beside TABLE, as in train_decoded for train.csv")
    parser.add_argument(
        "--dialect",
        choices=tuple(rle_text.DIALECTS),
        metavar="DIALECT",
        help=f"how the codes are written: {', '.join(rle_text.DIALECTS)} (default: found out)",
    )
    parser.add_argument(
        "--what",
        nargs="+",
        choices=tuple(_FOLDERS),
        default=["masks"],
        help="what to make of each image (default: masks)",
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Do what the arguments say and return the exit code."""
    table, images, what = arguments.table, arguments.images, arguments.what
    if arguments.out is None:
        arguments.out = table.with_name(f"{table.stem}_decoded")
    if images is None and "overlay" in what:
        raise Stop("Overlays need the images; say where they are with --images.", 2)
    try:
        dataset = dataset_files.read_table(
            table, images, out=arguments.out, dialect=arguments.dialect
        )
    except MaskcoreError as error:
        raise Stop(str(error), 2) from error
    named = dataset.samples
    samples = [sample for sample in named if images is None or sample.picture is not None]
    if not samples:
        there = "" if images is None else f" that is in {images}"
        raise Stop(f"{table.name} names no image{there}.", 2)
    contents = [sample.read() for sample in samples]
    instances = [annotation.instance for one in contents for annotation in one.annotations]
    labels = list(dict.fromkeys(instance.label for instance in instances))
    say(
        f"{table}: {counted(len(instances), 'mask')} of {counted(len(samples), 'image')}, "
        f"{counted(len(labels), 'class')}."
    )
    ids = _ids(labels)
    colors = overlay.colors(labels)
    sources = _sources(samples, table, images)
    by_path = {source.path: sample for source, sample in zip(sources, samples, strict=True)}

    def decode(found: SourceFile, stem: str) -> Iterator[CutoutFile]:
        return _pictures(by_path[found.path], stem, what, ids, colors)

    settings = {
        "table": known(table),
        "dialect": arguments.dialect,
        "what": sorted(what),
        "labels": labels,
    }
    job = runner.PictureJob(
        "decode", decode, settings, arguments.out, arguments.again, when_empty="no masks"
    )
    problems = [*dataset.problems, *(problem for one in contents for problem in one.problems)]
    failures = dataset_files.sentences(problems)
    if len(samples) < len(named):
        failures.append(_missing(named, images))
    code = runner.run(job, sources, failures)
    if "label-map" in what:
        _write_ids(arguments.out / _FOLDERS["label-map"], ids)
    return code


def _sources(samples: Sequence[Sample], table: Path, images: Path | None) -> list[SourceFile]:
    """Return where the samples are; images that nobody has looked at get a place of their own."""
    parts = [sample.name.replace("\\", "/").split("/") for sample in samples]
    folders = zip(*(part[:-1] for part in parts), strict=False)
    n_shared = len(list(takewhile(lambda level: len(set(level)) == 1, folders)))
    names = ["/".join(part[n_shared:]) for part in parts]
    safe = archive.unique_names("/".join(map(archive.safe_name, part)) for part in parts)
    return [
        SourceFile(
            images.absolute() / sample.picture.path
            if images is not None and sample.picture is not None
            else table.absolute() / place,  # nothing can be below a file
            name,
        )
        for sample, name, place in zip(samples, names, safe, strict=True)
    ]


def _pictures(
    sample: Sample,
    stem: str,
    what: Sequence[str],
    ids: Mapping[str, int],
    colors: Mapping[str, overlay.RGB],
) -> Iterator[CutoutFile]:
    """Make the files of an image.

    Raises:
        MaskcoreError: If the masks do not have the size of the image, or it cannot be read.
    """
    instances = sample.instances
    size_hw = sample.size_hw
    if size_hw is None:
        if "label-map" in what:
            raise ImageError(f"{sample.name}: Nothing says how large it is; add it to --images.")
        return
    for instance in instances:
        wrong = mask_size.mismatch(instance.mask.size_hw, size_hw)
        if wrong is not None:
            raise ImageError(f"{sample.name}: {wrong}")
    if "masks" in what:
        named = cutout_files.masks(instances, stem=stem, source=sample.name, with_background=False)
        for entry, content in named:
            yield cutout_files.in_folder(entry, _FOLDERS["masks"]), content
    if "label-map" in what:
        numbers = [ids[instance.label] for instance in instances]
        drawn: LabelMap = np.zeros(size_hw, np.uint8)
        if instances:
            drawn = masks.label_map([instance.mask for instance in instances], ids=numbers)
        yield (
            _entry("label-map", f"{stem}.png", sample.name, instances, size_hw),
            image_io.encode_png(drawn),
        )
    if "overlay" in what and instances:
        shown = overlay.draw(
            sample.image(), instances, colors=[colors[instance.label] for instance in instances]
        )
        yield (
            _entry("overlay", f"{stem}.jpg", sample.name, instances, size_hw),
            image_io.encode_jpeg(shown),
        )


def _entry(
    what: str, name: str, image: str, instances: Sequence[Instance], size_hw: tuple[int, int]
) -> CutoutEntry:
    height, width = size_hw
    area = rle.area(rle.union(instance.mask for instance in instances)) if instances else 0
    return CutoutEntry(
        file=f"{_FOLDERS[what]}/{name}",
        kind=what,
        image=image,
        label="",
        score=None,
        x=0,
        y=0,
        width=width,
        height=height,
        area=area,
        left=0,
        top=0,
        image_width=width,
        image_height=height,
    )


def _ids(labels: Sequence[str]) -> dict[str, int]:
    """Number the classes: those that are all numbers keep them, others count from 1."""
    ids = {label: place for place, label in enumerate(labels, start=1)}
    if all(label.isascii() and label.isdigit() and len(label) < 6 for label in labels):
        numbers = {label: int(label) for label in labels}
        if all(0 < number <= _HIGHEST_ID for number in numbers.values()):
            ids = numbers
    if len(ids) > _HIGHEST_ID:
        raise Stop(f"The table has more than {_HIGHEST_ID:,} classes.", 2)
    return ids


def _write_ids(folder: Path, ids: Mapping[str, int]) -> None:
    rows = [
        [str(number), text_table.guard(label)]
        for label, number in sorted(ids.items(), key=itemgetter(1))
    ]
    table = text_table.write_rows([["id", "label"], *rows])
    try:
        archive.write_folder(folder, [("labels.csv", table.encode(errors="backslashreplace"))])
    except OSError as error:
        raise cannot_write(folder, error) from error


def _missing(named: Sequence[Sample], images: Path) -> str:
    missing = [sample.name for sample in named if sample.picture is None]
    some = ", ".join(missing[:_NAMED]) + (", ..." if len(missing) > _NAMED else "")
    return f"{counted(len(missing), 'image')} of the table left out, not in {images}: {some}"
