"""What a folder of samples holds: a line in a hidden file for each image that is done."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from maskcore.augment import files as augment_files
from maskcore.commands.sources import Source
from maskcore.commands.terminal import Stop

FILE_NAME = ".maskcore-samples.jsonl"
"""Where the lines are, in the folder of samples. The first one holds the settings."""


@dataclass(frozen=True)
class Record:
    """What was made of an image.

    Attributes:
        stem: What the names of its files begin with.
        source: Absolute path.
        inputs: The files it was made from, with the times of their last change.
        files: Names of its files.
        samples: (row, objects) of each, see `augment_files.Sample`.
        classes: Label -> class id, of this image and those before it.
    """

    stem: str
    source: str
    inputs: Sequence[str]
    files: Sequence[str]
    samples: Sequence[tuple[Mapping[str, Any], Sequence[Mapping[str, Any]]]]
    classes: Mapping[str, int]


class SampleLedger:
    """The records of a folder of samples; a later line replaces an earlier one of its stem.

    Args:
        out: The folder.
        settings: All that the samples depend on besides the images.
        again: Whether to begin anew.

    Attributes:
        out: The folder.
        classes: Label -> class id, of all images.

    Raises:
        Stop: If the folder holds samples that other settings have made, unless it is begun anew.
    """

    def __init__(self, out: Path, settings: Mapping[str, object], *, again: bool) -> None:
        self.out = out
        self.classes: dict[str, int] = {}
        self._records: dict[str, Record] = {}
        self._claimed: set[str] = set()
        # As it will be when it has been read back.
        known = json.loads(json.dumps(settings))
        path = out / FILE_NAME
        text = path.read_text("utf-8", errors="replace") if path.is_file() else ""
        lines = [it for it in map(_read, text.splitlines()) if it is not None]
        for line in lines:
            with suppress(TypeError):  # the settings, or a line of another version
                record = Record(**line)
                self._records[record.stem] = record
                self.classes.update(record.classes)
        self._torn = text != "" and not text.endswith("\n")
        if again or not lines:
            self._begin(known)
        elif lines[0] != known:
            raise Stop(
                f"{out} holds samples that were made with other settings; choose another folder "
                "with --out, or replace them with --again.",
                2,
            )

    @property
    def records(self) -> list[Record]:
        """What has been made, in the order of the names."""
        return [self._records[stem] for stem in sorted(self._records)]

    def claim(self, source: Source) -> str:
        """Return a stem for an image: its own from before, else one that no other image has."""
        (plain,) = augment_files.stems([source.name])
        stem, number = plain, 2
        while stem in self._claimed or self._is_anothers(stem, source):
            (stem,) = augment_files.stems([f"{plain}_{number}.png"])
            number += 1
        self._claimed.add(stem)
        return stem

    def is_done(self, stem: str, inputs: Sequence[str]) -> bool:
        """Whether all samples are there, made from these files."""
        record = self._records.get(stem)
        return (
            record is not None
            and list(record.inputs) == list(inputs)
            and all((self.out / name).is_file() for name in record.files)
        )

    def finish(self, record: Record) -> None:
        """Note that an image is done."""
        self._records[record.stem] = record
        self._append(asdict(record))

    def _begin(self, settings: Mapping[str, object]) -> None:
        for name in (name for it in self._records.values() for name in it.files):
            path = self.out / name
            if self.out.resolve() in path.resolve().parents:
                path.unlink(missing_ok=True)
        self._records, self.classes, self._torn = {}, {}, False
        (self.out / FILE_NAME).unlink(missing_ok=True)
        self._append(settings)

    def _is_anothers(self, stem: str, source: Source) -> bool:
        record = self._records.get(stem)
        return record is not None and record.source != str(source.path)

    def _append(self, content: Mapping[str, object]) -> None:
        self.out.mkdir(parents=True, exist_ok=True)
        # One line in one piece: a run that is killed leaves at most a torn last line.
        line = "\n" * self._torn + json.dumps(content) + "\n"
        with (self.out / FILE_NAME).open("a", encoding="utf-8") as file:
            file.write(line)
            file.flush()
            os.fsync(file.fileno())
        self._torn = False


def _read(line: str) -> dict[str, Any] | None:
    try:
        content = json.loads(line)
    except ValueError:
        return None  # torn: the image is done again
    return content if isinstance(content, dict) else None
