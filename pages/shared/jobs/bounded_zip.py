"""Zips on the server's disk that may not become too large; for jobs, without streamlit."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path

from maskcore.errors import MaskcoreError
from maskcore.files import archive
from pages.shared.server import disk

MAX_BYTES = 1_000_000_000
"""The most that the files in a zip may have together; half of the free disk if that is less."""

_LEAST_BYTES = 1_000_000  # with room for less, the disk is full


def write(members: Iterable[tuple[str, bytes]], path: str, *, what: str, advice: str) -> None:
    """Write a zip.

    Args:
        members: Names and contents, taken one by one.
        path: Where; there is no file until it is whole.
        what: What it holds, for people: "samples".
        advice: What makes it smaller, for people.

    Raises:
        MaskcoreError: If it would be too large or cannot be written, as on a full disk.
    """
    target = Path(path)
    room = shutil.disk_usage(target.parent).free // 2
    if room < _LEAST_BYTES:
        raise MaskcoreError(disk.FULL)
    limit = min(MAX_BYTES, room)
    too_large = f"The {what} would take more than {limit / 1e6:,.0f} MB; {advice}."
    try:
        archive.write_zip(target, _limited(members, limit, too_large))
    except OSError as error:
        if disk.is_full(error):
            raise MaskcoreError(disk.FULL) from error
        raise MaskcoreError(
            f"The zip could not be written to the server's disk; export fewer {what}."
        ) from error


def _limited(
    members: Iterable[tuple[str, bytes]], limit: int, too_large: str
) -> Iterator[tuple[str, bytes]]:
    n_bytes = 0
    for name, content in members:
        n_bytes += len(content)
        if n_bytes > limit:
            raise MaskcoreError(too_large)
        yield name, content
