"""Work through files one by one: skip what is done, go on after a bad one, list it at the end."""

from __future__ import annotations

import re
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from maskcore.commands.resume_log import Ledger
from maskcore.commands.sources import Source
from maskcore.commands.terminal import Progress, Stop, say
from maskcore.cutout import files as cutout_files
from maskcore.cutout.files import Picture
from maskcore.errors import MaskcoreError
from maskcore.files import archive
from maskcore.wording import counted

Work = Callable[[Source, str], Iterator[Picture]]
"""Makes the files of a source; they are named with the stem that it gets."""

_PART = re.compile(r"\.part-[0-9a-f]{16}")
_SECONDS_UNTIL_LEFT_OVER = 600


@dataclass(frozen=True)
class Job:
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


def run(job: Job, sources: Sequence[Source], problems: Sequence[str] = ()) -> int:
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
    failures = list(problems)
    n_done = n_skipped = n_files = 0
    try:
        ledger = Ledger(job.out, job.command, job.settings)
        _remove_left_over(job.out)
        try:
            with Progress(len(sources)) as progress:
                for source in sources:
                    progress.start(source.name)
                    try:
                        n_made = _do(job, source, ledger)
                    except MaskcoreError as error:
                        progress.finish(source.name, str(error))
                        failures.append(failure(source, error))
                        continue
                    n_skipped += n_made is None
                    n_done += n_made is not None
                    n_files += n_made or 0
                    progress.finish(source.name, _outcome(job, n_made))
        except KeyboardInterrupt:
            ledger.write_manifest()
            raise
        ledger.write_manifest()
    except OSError as error:
        where = error.filename or job.out
        raise Stop(f"{where} cannot be written: {error.strerror or error}.", 1) from error
    before = f" {n_skipped} had been done before." if n_skipped else ""
    say(f"{counted(n_files, 'file')} from {counted(n_done, job.source_noun)} in {job.out}.{before}")
    return list_failures(failures)


def failure(source: Source, error: MaskcoreError) -> str:
    """Say what is wrong with a source, by its name."""
    named = str(error).startswith(source.name)
    return str(error) if named else f"{source.name}: {error}"


def list_failures(failures: Sequence[str]) -> int:
    """List what failed on the standard error; return the exit status."""
    if not failures:
        return 0
    say(f"{counted(len(failures), 'failure')}:", sys.stderr)
    for sentence in failures:
        say(f"  {sentence}", sys.stderr)
    return 1


def _do(job: Job, source: Source, ledger: Ledger) -> int | None:
    """Return the number of files made; None if there was nothing to do."""
    key = ledger.claim(source)
    if not job.again and ledger.is_done(key, source.path):
        return None
    entries = []
    begun = False
    for picture, content in job.work(source, key.rpartition("/")[2]):
        if not begun:
            ledger.begin(key, source.path)
            begun = True
        entry = cutout_files.in_folder(picture, source.folder)
        entry = replace(entry, file=ledger.place(entry.file, key))
        archive.write_folder(job.out, [(entry.file, content)])
        entries.append(entry)
    ledger.finish(key, source.path, entries)
    return len(entries)


def _outcome(job: Job, n_made: int | None) -> str:
    if n_made is None:
        return "done before"
    return counted(n_made, "file") if n_made else job.when_empty


def _remove_left_over(out: Path) -> None:
    """Remove what a run that was killed was writing; another one may be at work just now."""
    for path in out.rglob(".part-*"):
        with suppress(FileNotFoundError):  # the other one has just finished it
            old = time.time() - path.stat().st_mtime > _SECONDS_UNTIL_LEFT_OVER
            if old and _PART.fullmatch(path.name):
                path.unlink()
