"""What a folder of results holds: a line in a hidden file for each source that is done."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from maskcore.commands.terminal import Stop


@dataclass(frozen=True)
class Record:
    """What was made of a source.

    Attributes:
        key: What the names of its files begin with, such as "holiday/IMG_1".
        source: Absolute path.
        command: The subcommand that made the files.
        made_from: All that the files depend on and the settings of the log do not tell, as JSON
            holds it; None while they are being made anew.
        names: The files, "/" between folders, below the one of the results.
        rows: What is said of each, or of each sample.
        classes: Label -> class id, of this source and those before it.
    """

    key: str
    source: str
    command: str
    made_from: object
    names: Sequence[str]
    rows: Sequence[Any]
    classes: Mapping[str, int] = field(default_factory=dict)


class ResumeLog:
    """The records of a folder of results; a later line replaces an earlier one of its key.

    Args:
        path: The hidden file, in the folder of the results.
        read_row: Makes a row of what JSON holds of it; raises `TypeError` if it is none.
        settings: All that every file of the folder depends on; the first line holds them. None if
            each record has its own.
        again: Whether to redo what is done; with `settings` the folder is begun anew.
        keeps_keys: Whether a source keeps its key, and so its files, when it is gone.

    Attributes:
        folder: The folder of the results.
        settings: As given, as JSON holds them.

    Raises:
        Stop: If the folder holds what other settings have made, unless it is begun anew.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        read_row: Callable[[Any], Any] | None = None,
        settings: Mapping[str, object] | None = None,
        again: bool = False,
        keeps_keys: bool = False,
    ) -> None:
        path = Path(path)
        self.folder = path.parent
        self.settings = as_read_back(settings or {})
        self._path, self._again, self._keeps_keys = path, again, keeps_keys
        self._records: dict[str, Record] = {}
        self._owners: dict[str, str] = {}
        self._claimed: set[str] = set()
        text = path.read_text("utf-8", errors="replace") if path.is_file() else ""
        self._torn = text != "" and not text.endswith("\n")
        lines = []
        # What is torn or of another version costs only what it was about: that is done again.
        for line in text.splitlines():
            with suppress(KeyError, TypeError, ValueError):
                lines.append(dict(json.loads(line)))
                record = Record(**_upgraded(lines[-1]))
                if read_row is not None:
                    record = replace(record, rows=[read_row(row) for row in record.rows])
                self._keep(record)
        if settings is None:
            return
        if again or not lines:
            self._begin_anew()
        elif lines[0] != self.settings:
            raise Stop(
                f"{self.folder} holds samples that were made with other settings; choose another "
                "folder with --out, or replace them with --again.",
                2,
            )

    @property
    def records(self) -> list[Record]:
        """What has been made, in the order of the keys."""
        return [self._records[key] for key in sorted(self._records)]

    def get(self, key: str) -> Record | None:
        """Return what has been made under a key."""
        return self._records.get(key)

    def claim(self, source: str | os.PathLike[str], keys: Iterable[str]) -> str:
        """Return the first key that no other source has: the own one from before, or a new one."""
        key = next(key for key in keys if not self._is_anothers(key, os.fspath(source)))
        self._claimed.add(key)
        return key

    def done(self, key: str, made_from: object) -> Record | None:
        """Return what has been made under a key, if all files are there and made from this."""
        record = self._records.get(key)
        if self._again or record is None or record.made_from != made_from:
            return None
        return record if all((self.folder / name).is_file() for name in record.names) else None

    def begin(self, key: str) -> None:
        """Note that the files of a key are being made anew, so that half of them do not count."""
        if key in self._records:
            self._add(replace(self._records[key], made_from=None))

    def finish(self, record: Record) -> None:
        """Note that a source is done, and remove what it had before and has no longer."""
        before = self._records.get(record.key)
        self._add(record)
        if before is not None:
            self._remove(set(before.names) - set(record.names))

    def place(self, name: str, key: str) -> str:
        """Return the name of a file, with a number where it belongs to another source."""
        path = Path(name)
        placed, number = name, 2
        while self._owners.get(placed.casefold(), key) != key:
            placed = path.with_name(f"{path.stem}_{number}{path.suffix}").as_posix()
            number += 1
        return placed

    def _is_anothers(self, key: str, source: str) -> bool:
        if key in self._claimed:
            return True
        record = self._records.get(key)
        if record is None or record.source == source:
            return False
        return self._keeps_keys or Path(record.source).exists()

    def _begin_anew(self) -> None:
        for record in self._records.values():
            self._remove(record.names)
        self._records, self._owners, self._torn = {}, {}, False
        self._path.unlink(missing_ok=True)
        self._append(self.settings)

    def _remove(self, names: Iterable[str]) -> None:
        for name in names:
            path = self.folder / name
            if self.folder.resolve() in path.resolve().parents:
                path.unlink(missing_ok=True)

    def _add(self, record: Record) -> None:
        self._keep(record)
        self._append(asdict(record))

    def _keep(self, record: Record) -> None:
        self._records[record.key] = record
        self._owners.update({name.casefold(): record.key for name in record.names})

    def _append(self, content: Mapping[str, object]) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        # One line in one piece: a run that is killed leaves at most a torn last line.
        line = "\n" * self._torn + json.dumps(content) + "\n"
        with self._path.open("a", encoding="utf-8") as file:
            file.write(line)
            file.flush()
            os.fsync(file.fileno())
        self._torn = False


def as_read_back(settings: Mapping[str, object]) -> dict[str, Any]:
    """Return settings as a line gives them back, with lists for tuples."""
    read: dict[str, Any] = json.loads(json.dumps(settings))
    return read


def _upgraded(line: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a line in the form of today, also one that version 0.1 wrote."""
    if "stem" in line:  # of augment and patches
        return {
            "key": line["stem"],
            "source": line["source"],
            "command": "",
            "made_from": line["inputs"],
            "names": line["files"],
            "rows": line["samples"],
            "classes": line["classes"],
        }
    if "changed" in line:  # of the others
        made_from = [line["source"], line["changed"], line["settings"]]
        return {
            "key": line["key"],
            "source": line["source"],
            "command": line["command"],
            "made_from": made_from if line["complete"] else None,
            "names": [row["file"] for row in line["files"]],
            "rows": line["files"],
        }
    return line
