"""Work through files one by one: skip what is done, go on after a bad one, list it at the end."""

from __future__ import annotations

import itertools
import re
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from maskcore.commands.resume_log import Record, ResumeLog, as_read_back
from maskcore.commands.sources import SourceFile
from maskcore.commands.terminal import Progress, cannot_write, say
from maskcore.cutout import files as cutout_files
from maskcore.cutout.files import CutoutEntry, CutoutFile
from maskcore.errors import MaskcoreError
from maskcore.files import archive
from maskcore.mask_files.names import safe_stem
from maskcore.wording import counted

LOG_NAME = ".maskcore.jsonl"
"""The resume log of pictures, in the folder of results."""

Work = Callable[[SourceFile, str], Iterator[CutoutFile]]
"""Makes the files of a source; they are named with the stem that it gets."""

_PART = re.compile(r"\.part-[0-9a-f]{16}")
_SECONDS_UNTIL_LEFT_OVER = 600


@dataclass(frozen=True)
class PictureJob:
    """What a subcommand does.

    Attributes:
        command: Its name.
        work: What it does with a source.
        settings: All that the files depend on, as JSON can hold it.
        out: Where they go.
        again: Whether to redo what is done.
        source_noun: What a source is, for people.
        when_empty: What to say of a source that no file was made of.
    """

    command: str
    work: Work
    settings: Mapping[str, object]
    out: Path
    again: bool
    source_noun: str = "image"
    when_empty: str = "nothing found"


def run(job: PictureJob, sources: Sequence[SourceFile], problems: Sequence[str] = ()) -> int:
    """Do a job for every source.

    Args:
        job: What to do.
        sources: What to do it with.
        problems: Sentences on what was wrong before, listed with the rest.

    Returns:
        The exit code: 0 if all is well, 1 if something failed.

    Raises:
        Stop: If the results cannot be written.
    """
    job = replace(job, settings=as_read_back(job.settings))
    made: list[int] = []

    def work(source: SourceFile) -> str:
        n_made = _do(job, source, log)
        if n_made is None:
            return "done before"
        made.append(n_made)
        return counted(n_made, "file") if n_made else job.when_empty

    try:
        log = ResumeLog(job.out / LOG_NAME, read_row=_entry, again=job.again)
        _remove_left_over(job.out)
        try:
            failures = work_through(sources, work)
        except KeyboardInterrupt:
            _write_manifest(log)
            raise
        _write_manifest(log)
    except OSError as error:
        raise cannot_write(error.filename or job.out, error) from error
    n_skipped = len(sources) - len(failures) - len(made)
    before = f" {n_skipped} had been done before." if n_skipped else ""
    files, done = counted(sum(made), "file"), counted(len(made), job.source_noun)
    say(f"{files} from {done} in {job.out}.{before}")
    return list_failures([*problems, *failures])


def work_through(sources: Sequence[SourceFile], work: Callable[[SourceFile], str]) -> list[str]:
    """Do something with every source and show how far it is.

    Args:
        sources: What to do it with.
        work: What to do; returns what became of the source, for people.

    Returns:
        A sentence for each source that it failed for.
    """
    failures = []
    with Progress(len(sources)) as progress:
        for source in sources:
            progress.start(source.name)
            try:
                outcome = work(source)
            except MaskcoreError as error:
                outcome = str(error)
                named = outcome.startswith(source.name)
                failures.append(outcome if named else f"{source.name}: {outcome}")
            progress.finish(source.name, outcome)
    return failures


def list_failures(failures: Sequence[str]) -> int:
    """List what failed on the standard error; return the exit status."""
    if not failures:
        return 0
    say(f"{counted(len(failures), 'failure')}:", sys.stderr)
    for sentence in failures:
        say(f"  {sentence}", sys.stderr)
    return 1


def _do(job: PictureJob, source: SourceFile, log: ResumeLog) -> int | None:
    """Return the number of files made; None if there was nothing to do."""
    key = log.claim(source.path, _keys(source))
    before = log.get(key)
    if before is not None and before.names and before.command != job.command:
        raise MaskcoreError(
            f'The folder {job.out.name} holds what "{before.command}" made of it; '
            "choose another folder with --out."
        )
    made_from = [str(source.path), _changed(source.path), job.settings]
    if log.done(key, made_from):
        return None
    entries: list[CutoutEntry] = []
    for picture, content in job.work(source, key.rpartition("/")[2]):
        if not entries:
            log.begin(key)
        entry = cutout_files.in_folder(picture, source.folder)
        entry = replace(entry, file=log.place(entry.file, key))
        archive.write_folder(job.out, [(entry.file, content)])
        entries.append(entry)
    names = [entry.file for entry in entries]
    log.finish(Record(key, str(source.path), job.command, made_from, names, entries))
    return len(entries)


def _keys(source: SourceFile) -> Iterator[str]:
    folder = f"{source.folder}/" if source.folder else ""
    stem = safe_stem(source.path.stem)
    yield folder + stem
    for number in itertools.count(2):
        yield folder + safe_stem(f"{stem}_{number}")


def _changed(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return 0


def _entry(row: Mapping[str, Any]) -> CutoutEntry:
    return CutoutEntry(**row)


def _write_manifest(log: ResumeLog) -> None:
    """Write the manifest of all files in the folder."""
    entries = [entry for record in log.records for entry in record.rows]
    there = [entry for entry in entries if (log.folder / entry.file).is_file()]
    if log.records:
        archive.write_folder(log.folder, cutout_files.manifest(there))


def _remove_left_over(out: Path) -> None:
    """Remove what a run that was killed was writing; another one may be at work just now."""
    for path in out.rglob(".part-*"):
        with suppress(FileNotFoundError):  # the other one has just finished it
            old = time.time() - path.stat().st_mtime > _SECONDS_UNTIL_LEFT_OVER
            if old and _PART.fullmatch(path.name):
                path.unlink()
