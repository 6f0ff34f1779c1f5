"""What the session remembers of the open data set: its files, and what was corrected in it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

import streamlit as st

from maskcore import datasets
from maskcore.datasets.dataset import Dataset, Sample
from maskcore.errors import DatasetError
from maskcore.types import Instance
from pages.shared.dataset.files import DatasetFiles
from pages.shared.dataset.uploads import UploadFolder

_KEY = "data set"


@dataclass(frozen=True)
class Opened:
    """The open data set.

    Attributes:
        path: Where it is: a folder, a zip archive or a single file.
        name: What people call it.
        format: The key of `datasets.FORMATS` it is read as.
        as_read: The data set as its files have it.
        files_digest: Identifies its files.
        limit: Links are followed only where they end within this folder.
        detected: The formats that its files may be of, the likeliest first.
        notes: What was left out of it, one sentence each.
        corrections: Name of a sample -> the masks that it holds instead of those in the files.
        upload: Its temporary folder, which goes with it; None if it is a folder of the server.
    """

    path: Path
    name: str
    format: str
    as_read: Dataset = field(repr=False)
    files_digest: str
    limit: Path | None
    detected: tuple[str, ...]
    notes: tuple[str, ...] = ()
    corrections: Mapping[str, Sequence[Instance]] = field(default_factory=dict, repr=False)
    upload: UploadFolder | None = None

    @cached_property
    def dataset(self) -> Dataset:
        """The data set with its corrections."""
        return self.as_read.with_instances(self.corrections) if self.corrections else self.as_read

    @cached_property
    def samples(self) -> dict[str, Sample]:
        """Name -> sample, corrections included."""
        return {sample.name: sample for sample in self.dataset.samples}

    @cached_property
    def digest(self) -> str:
        """Identifies its files and the format."""
        return hashlib.sha256(f"{self.files_digest} {self.format}".encode()).hexdigest()

    @cached_property
    def id(self) -> str:
        """Identifies what it holds: changes with its files, its format and its corrections."""
        corrected = [(name, self.correction_digest(name)) for name in sorted(self.corrections)]
        return hashlib.sha256(repr((self.digest, corrected)).encode()).hexdigest()

    @property
    def files(self) -> DatasetFiles:
        """The same for a job in the worker process."""
        return DatasetFiles(self.path, self.format, self.limit, self.corrections)

    @cached_property
    def corrected(self) -> tuple[str, ...]:
        """The samples that were corrected."""
        return tuple(name for name in self.corrections if name in self.samples)

    def correction_digest(self, sample: str) -> str:
        """Identify what a sample was corrected to; "" if it was not."""
        if sample not in self.corrections:
            return ""
        stated = [
            (instance.label, instance.score, instance.is_crowd, instance.mask.digest)
            for instance in self.corrections[sample]
        ]
        return hashlib.sha256(repr(stated).encode()).hexdigest()


def current() -> Opened | None:
    """Return the open data set, if there is one."""
    return st.session_state.get(_KEY)


def correct(sample: str, instances: Sequence[Instance]) -> None:
    """Give a sample of the open data set other masks."""
    opened = current()
    if opened is not None:
        corrections = {**opened.corrections, sample: tuple(instances)}
        st.session_state[_KEY] = replace(opened, corrections=corrections)


def undo_correction(sample: str) -> None:
    """Let a sample of the open data set hold what its files say again."""
    opened = current()
    if opened is not None:
        kept = {name: masks for name, masks in opened.corrections.items() if name != sample}
        st.session_state[_KEY] = replace(opened, corrections=kept)


def close() -> None:
    """Close the data set; its corrections and uploaded files go with it."""
    opened: Opened | None = st.session_state.pop(_KEY, None)
    if opened is not None and opened.upload is not None:
        opened.upload.remove()


def open_files(
    path: Path,
    name: str,
    files_digest: str,
    *,
    limit: Path | None = None,
    upload: UploadFolder | None = None,
) -> None:
    """Open a data set as what it most likely is; corrections stay where names of samples do.

    Args:
        path: Where it is.
        name: What people call it.
        files_digest: Identifies its files.
        limit: Links are followed only where they end within this folder.
        upload: Its temporary folder.

    Raises:
        DatasetError: If it cannot be read; what was open stays open.
    """
    detected = tuple(datasets.detect(path, limit=limit))
    if not detected:
        raise DatasetError(
            f"{name} holds neither images nor annotations of a format that is understood."
        )
    before = current()
    corrections = before.corrections if before is not None else {}
    notes = tuple(upload.notes) if upload is not None else ()
    as_read = datasets.read(path, detected[0], limit=limit)
    st.session_state[_KEY] = Opened(
        path=path,
        name=name,
        format=detected[0],
        as_read=as_read,
        files_digest=files_digest,
        limit=limit,
        detected=detected,
        notes=notes,
        corrections=corrections,
        upload=upload,
    )


def read_as(name: str) -> None:
    """Read the same files as another format.

    Args:
        name: A key of `datasets.FORMATS`.

    Raises:
        DatasetError: If they cannot be read so; the data set stays as it is.
    """
    opened = current()
    if opened is not None:
        as_read = datasets.read(opened.path, name, limit=opened.limit)
        st.session_state[_KEY] = replace(opened, format=name, as_read=as_read)
