"""A data set on disk as a job gets it: by path, with what was corrected; without streamlit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from maskcore import datasets
from maskcore.datasets.dataset import Dataset
from maskcore.types import Instance


@dataclass(frozen=True)
class DatasetFiles:
    """Where a data set is and what it holds now; can be sent to the worker process.

    Attributes:
        path: A folder, a zip archive or a single file.
        format: A key of `datasets.FORMATS`.
        limit: Links are followed only where they end within this folder; None: within the path.
        corrections: Name of a sample -> the masks that it holds instead of those in the files.
    """

    path: Path
    format: str
    limit: Path | None = None
    corrections: Mapping[str, Sequence[Instance]] = field(default_factory=dict)

    def read(self) -> Dataset:
        """Read the data set, corrections included.

        Raises:
            DatasetError: If it cannot be read.
        """
        read = datasets.read(self.path, self.format, limit=self.limit)
        return read.with_instances(self.corrections) if self.corrections else read
