"""Data sets as subcommands read and write them: where they may go, what is said of them."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import IO, TextIO

from maskcore import datasets
from maskcore.commands.runner import list_failures
from maskcore.commands.terminal import Progress, Stop, cannot_write, say
from maskcore.datasets import Dataset, Images, Loss, LossTally, Problem
from maskcore.datasets.files import IMAGE_SUFFIXES, suffix
from maskcore.datasets.formats import kaggle
from maskcore.datasets.formats.kaggle.rows import KaggleLoader
from maskcore.datasets.source import FileSource
from maskcore.errors import MaskcoreError
from maskcore.files import archive
from maskcore.files.folders import FolderFiles
from maskcore.wording import counted

_LISTED = 20
_NAMED = 3
_INTERRUPTED = 130
_FILE_SUFFIXES = {".csv", ".json", ".jsonl", ".npz", ".txt", ".xml", ".yaml", ".yml"}
_FAULTS = {"problems", "samples", "unreadable"}  # losses that are not the format's


class Steps(Progress):
    """How far a pass over a data set is; nothing is said without a terminal.

    Args:
        what: What is counted, for people.
        when_stopped: What to say if it is interrupted.
    """

    def __init__(self, what: str, when_stopped: str = "Stopped.") -> None:
        super().__init__(0)
        self._what, self._when_stopped = what, when_stopped
        self._percent = -1

    def __call__(self, done: int, total: int) -> None:
        """Show it where another hundredth has come."""
        percent = 100 * done // max(1, total)
        if percent != self._percent:
            self._percent, self._finished, self._total = percent, done, total
            self.start(self._what)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        super().__exit__(kind, error, trace)
        if isinstance(error, KeyboardInterrupt):
            raise Stop(self._when_stopped, _INTERRUPTED) from error


def add_overwrite(parser: argparse.ArgumentParser) -> None:
    """Add whether to write where something is already."""
    parser.add_argument(
        "--overwrite",
        action="store_true",
        help="write where files are already, and replace those of the same names",
    )


def readable() -> list[str]:
    """Return the formats that can be read."""
    return [name for name, format_ in datasets.FORMATS.items() if format_.can_read]


def writable() -> list[str]:
    """Return the formats that can be written."""
    return [name for name, format_ in datasets.FORMATS.items() if format_.can_write]


def read(path: str | os.PathLike[str], name: str | None) -> Dataset:
    """Read a data set; links are followed wherever the person at the terminal may go.

    Args:
        path: Where it is.
        name: Its format; None to detect it.

    Raises:
        Stop: If nothing of it can be read.
    """
    try:
        return datasets.read(path, name or "auto", any_link=True)
    except MaskcoreError as error:
        raise Stop(str(error), 2) from error
    except OSError as error:
        raise Stop(f"{path} cannot be read: {error.strerror or error}.", 2) from error


def read_table(
    table: str | os.PathLike[str],
    images: str | os.PathLike[str] | None,
    *,
    out: str | os.PathLike[str],
    dialect: str | None = None,
) -> Dataset:
    """Read a table of run-length codes.

    Args:
        table: The table.
        images: The folder of images; None if there is none.
        out: Where results go; nothing in it is an image to work on.
        dialect: A name in `rle_text.DIALECTS`; None to find it out.

    Returns:
        The images that the table names; those that only lie in the folder are left out.

    Raises:
        MaskcoreError: If the table or the folder cannot be read.
    """
    folder = None if images is None else FolderFiles(Path(images), any_link=True)
    files = _TableAndImages(FolderFiles(Path(table), any_link=True), folder, Path(out))
    dataset = kaggle.read(FileSource(files, Path(table).name), files.names[:1], dialect=dialect)
    named = [sample for sample in dataset.samples if isinstance(sample.load, KaggleLoader)]
    return replace(dataset, samples=named)


def check_target(
    target: str | os.PathLike[str], source: str | os.PathLike[str], *, overwrite: bool
) -> None:
    """Refuse to write a data set where it would harm what is there.

    Raises:
        Stop: If the target touches the source, holds something, or is a file but no zip archive.
    """
    target, source = Path(target), Path(source)
    to, of = target.resolve(), source.resolve()
    if to == of or of in to.parents or (of.is_dir() and to in of.parents):
        raise Stop(f"{target} and {source} overlap; choose a place outside of the data set.", 2)
    is_zip = _is_zip(target)
    if is_zip and target.is_dir():
        raise Stop(f"{target} is a folder, but a name that ends in .zip is that of a file.", 2)
    if not is_zip and (target.is_file() or target.suffix.lower() in _FILE_SUFFIXES):
        raise Stop(
            f"A data set is written to a folder or to a file that ends in .zip; {target} is "
            "neither.",
            2,
        )
    if not overwrite and (target.is_file() or (target.is_dir() and any(target.iterdir()))):
        raise Stop(
            f"{target} {'exists' if is_zip else 'holds files'} already; choose another place, or "
            "write there all the same with --overwrite.",
            2,
        )


def write(dataset: Dataset, target: str | os.PathLike[str], name: str, *, images: Images) -> int:
    """Write a data set and say what is there and what was lost.

    Args:
        dataset: What to write.
        target: A folder, or a zip archive.
        name: The format.
        images: As in `datasets.write`.

    Returns:
        The exit code: 1 if something of the data set could not be read, else 0.

    Raises:
        Stop: If it cannot be written, or is interrupted.
    """
    target = Path(target)
    tally = LossTally()
    remaining: set[Path] = set()
    left = "" if _is_zip(target) else f" {target} holds only a part of the data set."
    try:
        with Steps("samples written", f"Stopped.{left}") as steps:
            files = datasets.members(dataset, name, images=images, tally=tally, progress=steps)
            if _is_zip(target):
                target.parent.mkdir(parents=True, exist_ok=True)
                archive.write_zip(target, files)
            else:
                remaining = {path for path in target.rglob("*") if path.is_file()}
                remaining -= set(archive.write_folder(target, files))
    except MaskcoreError as error:
        raise Stop(str(error), 1) from error
    except OSError as error:
        raise cannot_write(target, error) from error
    say(f"{counted(len(dataset.samples), 'sample')} in {target}: {datasets.FORMATS[name].title}.")
    if remaining:
        say(
            f"{counted(len(remaining), 'file')} that the conversion did not write "
            f"{'is' if len(remaining) == 1 else 'are'} still there too."
        )
    lost = tally.losses()
    tell(lost)
    code = list_problems(dataset.problems)
    return max(code, int(any(loss.kind in _FAULTS for loss in lost)))


def tell(losses: Sequence[Loss], stream: TextIO | None = None) -> None:
    """Say what is lost, if anything is."""
    if losses:
        say("Lost:", stream)
    for loss in losses:
        say(f"  {loss.text} (first in {', '.join(loss.samples[:_NAMED])})", stream)
    if any(loss.kind == "problems" for loss in losses):
        say("  inspect lists what cannot be read.", stream)


def list_problems(problems: Sequence[Problem]) -> int:
    """List the first of what could not be read; return the exit code."""
    code = list_failures(sentences(problems[:_LISTED]))
    if len(problems) > _LISTED:
        say(f"  and {len(problems) - _LISTED:,} more", sys.stderr)
    return code


def sentences(problems: Sequence[Problem]) -> list[str]:
    """Say where each problem is and what."""
    return [
        f"{problem.where}: {problem.reason}" if problem.where else problem.reason
        for problem in problems
    ]


def _is_zip(target: Path) -> bool:
    return target.suffix.lower() == ".zip"


class _TableAndImages:
    """The files of both; no image has the name of the table, which is none."""

    notes: Sequence[str] = ()

    def __init__(self, table: FolderFiles, images: FolderFiles | None, out: Path) -> None:
        self._table, self._images = table, images
        found = (
            []
            if images is None
            else [name for name in images.names if suffix(name) in IMAGE_SUFFIXES]
        )
        if images is not None and out.resolve().is_relative_to(images.root.resolve()):
            results = f"{out.resolve().relative_to(images.root.resolve()).as_posix()}/"
            found = [name for name in found if not name.startswith(results)]
        self.names = (*table.names, *found)

    def n_bytes(self, name: str) -> int:
        """Return the size of a file."""
        return self._of(name).n_bytes(name)

    def read(self, name: str) -> bytes:
        """Return the content of a file."""
        return self._of(name).read(name)

    def open(self, name: str) -> AbstractContextManager[IO[bytes]]:
        """Open a file."""
        return self._of(name).open(name)

    def _of(self, name: str) -> FolderFiles:
        if self._images is None or name in self._table.names:
            return self._table
        return self._images
