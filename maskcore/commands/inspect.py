"""``maskcore inspect``: what is in a data set, and what is wrong with it."""

from __future__ import annotations

import argparse
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from maskcore import datasets
from maskcore.commands import dataset_files, options
from maskcore.commands.dataset_files import Steps
from maskcore.commands.terminal import Stop, cannot_write, say
from maskcore.datasets import audit
from maskcore.datasets.audit import Finding, Survey
from maskcore.files import archive
from maskcore.wording import counted

_SEVERITIES = ("error", "warning", "note")
_MOST_CLASSES = 50
_MOST_LISTED = 1_000_000


def add_to(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the subcommand."""
    parser = options.add_parser(
        commands,
        "inspect",
        summary="say what is in a data set and what is wrong with it",
        details="Say what is in a data set of images and masks, and list what is wrong with it, "
        "the\nworst first. The exit code is 1 if there are errors among the findings.\n\n"
        f"formats: {', '.join(dataset_files.readable())}",
        examples="coco\n"
        "train.zip --images --csv findings.csv\n"
        "masks --format png --list 20 --fixed masks_fixed",
        resumes=False,
    )
    parser.add_argument(
        "source", type=Path, metavar="PATH", help="the data set: a folder, a zip or a file"
    )
    parser.add_argument(
        "--format",
        choices=dataset_files.readable(),
        metavar="FORMAT",
        help="its format (default: found out)",
    )
    parser.add_argument(
        "--images", action="store_true", help="look at the pixels of all images too; takes longer"
    )
    parser.add_argument("--csv", type=Path, metavar="FILE", help="write all findings as a table")
    parser.add_argument(
        "--fixed",
        type=Path,
        metavar="OUT",
        help="write the data set with the fixes that are certain: a folder, or a .zip",
    )
    parser.add_argument(
        "--list",
        type=options.whole_number(_MOST_LISTED),
        default=3,
        metavar="N",
        help="findings of a kind that are listed (default: 3)",
    )
    dataset_files.add_overwrite(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Do what the arguments say and return the exit code."""
    source, table, target = arguments.source, arguments.csv, arguments.fixed
    if table is not None and table.exists() and not arguments.overwrite:
        raise Stop(
            f"{table} exists already; choose another name, or replace it with --overwrite.", 2
        )
    if target is not None:
        dataset_files.check_target(target, source, overwrite=arguments.overwrite)
    dataset = dataset_files.read(source, arguments.format)
    chosen = datasets.FORMATS[dataset.format]
    if target is not None and not chosen.can_write:
        raise Stop(f"{chosen.title} can only be read, so there is no fixed copy of it.", 2)
    with Steps("samples") as steps:
        found = audit.survey(dataset, read_images=arguments.images, progress=steps)
    say(f"{source}: {chosen.title}")
    for line in (*_facts(found), *_classes(found), *_listed(found.findings, arguments.list)):
        say(line)
    if table is not None:
        _write_csv(table, found.findings)
    code = int(any(finding.severity == "error" for finding in found.findings))
    if target is not None:
        say(f"{counted(sum(finding.is_certain for finding in found.findings), 'finding')} fixed.")
        fixed = audit.fixed(dataset, found.findings)
        code = max(code, dataset_files.write(fixed, target, chosen.name, images="copy"))
    return code


def _facts(found: Survey) -> Iterator[str]:
    n_samples, n_masks = len(found.names), len(found.sample)
    yield (
        f"{counted(n_samples, 'sample')}, {counted(n_masks, 'mask')}, "
        f"{counted(len(found.labels), 'class')}"
    )
    sizes = Counter(map(tuple, found.sizes_hw[found.sizes_hw.all(axis=1)].tolist()))
    n_images = int(found.has_image.sum())
    images = counted(n_images, "image") if n_images == n_samples else f"{n_images:,} with an image"
    if sizes:
        smallest, largest = (choose(sizes, key=np.prod) for choose in (min, max))
        images += f", {_size(smallest)}"
        if len(sizes) > 1:
            images += f" to {_size(largest)} pixels, {len(sizes):,} sizes"
        else:
            images += " pixels"
    yield images
    if n_samples:
        held = np.bincount(found.sample, minlength=n_samples)
        n_bare = int((held == 0).sum())
        bare = f", {counted(n_bare, 'sample')} without any" if n_bare else ""
        yield (
            f"{held.min():,} to {held.max():,} masks in a sample, {held.mean():,.1f} on average"
            f"{bare}"
        )


def _classes(found: Survey) -> Iterator[str]:
    """Yield a line for each class: how many masks, their share, in how many samples."""
    n_masks = np.bincount(found.label, minlength=len(found.labels))
    pairs = np.unique(np.stack([found.label, found.sample]), axis=1)
    n_samples = np.bincount(pairs[0], minlength=len(found.labels))
    order = np.argsort(-n_masks, kind="stable")
    width = max((len(found.labels[i]) for i in order[:_MOST_CLASSES]), default=0)
    if len(order):
        yield "classes:"
    for i in order[:_MOST_CLASSES]:
        share = n_masks[i] / max(1, n_masks.sum())
        yield (
            f"  {found.labels[i]:<{width}}  {n_masks[i]:>9,}  {share:>6.1%}  "
            f"in {counted(int(n_samples[i]), 'sample')}"
        )
    if len(order) > _MOST_CLASSES:
        yield f"  and {len(order) - _MOST_CLASSES:,} more"


def _listed(findings: Sequence[Finding], n_listed: int) -> Iterator[str]:
    """Yield the findings by kind, the worst kinds first."""
    by_severity = Counter[str](finding.severity for finding in findings)
    counts = [
        counted(by_severity[severity], severity)
        for severity in _SEVERITIES
        if by_severity[severity]
    ]
    yield f"findings: {', '.join(counts) or 'none'}"
    by_kind: dict[tuple[int, str], list[Finding]] = defaultdict(list)
    for finding in findings:
        by_kind[_SEVERITIES.index(finding.severity), finding.kind].append(finding)
    for (severity, kind), group in sorted(by_kind.items(), key=_gravity):
        yield f"{_SEVERITIES[severity]}: {audit.KINDS[kind]} ({len(group):,})"
        for finding in group[:n_listed]:
            where = finding.where or finding.sample
            yield f"  {where}: {finding.what}" if where else f"  {finding.what}"
        if len(group) > n_listed:
            yield f"  and {len(group) - n_listed:,} more"
        yield f"  To fix: {group[0].fix}"


def _gravity(kind: tuple[tuple[int, str], Sequence[Finding]]) -> tuple[int, int]:
    """Where the findings of a kind stand among the others: the worst first, then the most."""
    (severity, _), group = kind
    return severity, -len(group)


def _write_csv(path: Path, findings: Sequence[Finding]) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        archive.write_file(path, audit.to_csv(findings).encode(errors="backslashreplace"))
    except OSError as error:
        raise cannot_write(path, error) from error
    say(f"{counted(len(findings), 'finding')} in {path}.")


def _size(size_hw: tuple[int, ...]) -> str:
    return f"{size_hw[1]:,} × {size_hw[0]:,}"
