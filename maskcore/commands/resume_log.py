"""What a folder of results holds: a line in a hidden file for each source that is done."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from maskcore.commands.sources import Source
from maskcore.cutout import files as cutout_files
from maskcore.cutout.files import Entry
from maskcore.errors import MaskcoreError
from maskcore.files import archive
from maskcore.mask_files.names import safe_stem

FILE_NAME = ".maskcore.jsonl"
"""Where the lines are, in the folder of results."""


@dataclass(frozen=True)
class Record:
    """What was made of a source.

    Attributes:
        key: Folder and beginning of the names of its files, such as "holiday/IMG_1".
        source: Absolute path.
        changed: When the source was last changed, in nanoseconds.
        command: The subcommand that made the files.
        settings: All that the files depend on.
        complete: Whether it was done to the end.
        files: The rows of the manifest.
    """

    key: str
    source: str
    changed: int
    command: str
    settings: Mapping[str, object]
    complete: bool
    files: Sequence[Entry]


class Ledger:
    """The records of a folder of results; later lines replace earlier ones of the same key."""

    def __init__(self, out: Path, command: str, settings: Mapping[str, object]) -> None:
        self._out = out
        self._command = command
        # As it will be when it has been read back.
        self._settings = json.loads(json.dumps(settings))
        self._records: dict[str, Record] = {}
        self._owners: dict[str, str] = {}
        self._claimed: set[str] = set()
        path = out / FILE_NAME
        text = path.read_text("utf-8", errors="replace") if path.is_file() else ""
        for line in text.splitlines():
            record = _record(line)
            if record is not None:
                self._keep(record)
        self._torn = not text.endswith("\n") and text != ""

    def claim(self, source: Source) -> str:
        """Return the key for a source: its own from before, else one that no other source has.

        Raises:
            MaskcoreError: If another subcommand has put its files under that key.
        """
        folder = f"{source.folder}/" if source.folder else ""
        stem = safe_stem(source.path.stem)
        key, number = folder + stem, 2
        while key in self._claimed or self._is_anothers(key, source.path):
            key, number = f"{folder}{safe_stem(f'{stem}_{number}')}", number + 1
        self._claimed.add(key)
        record = self._records.get(key)
        if record is not None and record.files and record.command != self._command:
            raise MaskcoreError(
                f'The folder {self._out.name} holds what "{record.command}" made of it; '
                "choose another folder with --out."
            )
        return key

    def is_done(self, key: str, source: Path) -> bool:
        """Whether all files are there, made of this source with these settings."""
        record = self._records.get(key)
        return (
            record is not None
            and record.complete
            and (record.source, record.changed) == (str(source), _changed(source))
            and record.settings == self._settings
            and all((self._out / entry.file).is_file() for entry in record.files)
        )

    def begin(self, key: str, source: Path) -> None:
        """Note that the files of a key are being made anew, so that half of them do not count."""
        record = self._records.get(key)
        if record is not None:
            self._add(key, source, record.files, complete=False)

    def finish(self, key: str, source: Path, files: Sequence[Entry]) -> None:
        """Note that a source is done, and remove what it had before and has no longer."""
        record = self._records.get(key)
        self._add(key, source, files, complete=True)
        kept = {entry.file for entry in files}
        for entry in record.files if record is not None else ():
            path = self._out / entry.file
            inside = self._out.resolve() in path.resolve().parents
            if entry.file not in kept and inside and path.suffix == ".png":
                path.unlink(missing_ok=True)

    def place(self, file: str, key: str) -> str:
        """Return the name of a file, with a number where it belongs to another source."""
        path, ending = Path(file), Path(file).suffix
        placed, number = file, 2
        while self._owners.get(placed.casefold(), key) != key:
            placed = path.with_name(f"{path.stem}_{number}{ending}").as_posix()
            number += 1
        return placed

    def write_manifest(self) -> None:
        """Write the manifest of all files in the folder."""
        entries = [it for key in sorted(self._records) for it in self._records[key].files]
        there = [entry for entry in entries if (self._out / entry.file).is_file()]
        if self._records:
            archive.write_folder(self._out, cutout_files.manifest(there))

    def _is_anothers(self, key: str, source: Path) -> bool:
        record = self._records.get(key)
        return record is not None and record.source != str(source) and Path(record.source).exists()

    def _add(self, key: str, source: Path, files: Sequence[Entry], *, complete: bool) -> None:
        record = Record(
            key, str(source), _changed(source), self._command, self._settings, complete, files
        )
        self._keep(record)
        self._out.mkdir(parents=True, exist_ok=True)
        # One line in one piece: a run that is killed leaves at most a torn last line.
        line = "\n" * self._torn + json.dumps(asdict(record)) + "\n"
        with (self._out / FILE_NAME).open("a", encoding="utf-8") as file:
            file.write(line)
            file.flush()
            os.fsync(file.fileno())
        self._torn = False

    def _keep(self, record: Record) -> None:
        self._records[record.key] = record
        self._owners.update({entry.file.casefold(): record.key for entry in record.files})


def _changed(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return 0


def _record(line: str) -> Record | None:
    try:
        record: dict[str, Any] = json.loads(line)
        return Record(**{**record, "files": [Entry(**it) for it in record["files"]]})
    except (ValueError, TypeError, KeyError):
        return None  # torn, or of another version: the source is done again
