"""Files out of a zip archive that somebody uploaded: read one by one, never unpacked to disk."""

from __future__ import annotations

import io
import struct
import threading
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from maskcore.errors import DatasetError

MAX_MEMBERS = 50_000
MAX_MEMBER_BYTES = 1_000_000_000
"""How large one file may be when it is unpacked."""
MAX_BYTES = 2_000_000_000
"""How much is read out of an archive in all, or `MAX_RATIO` times its own size if that is more."""
MAX_RATIO = 20

# What zipfile raises on archives that are damaged or made to do harm, as fuzzing has shown.
_FAULTS = (
    *(zipfile.BadZipFile, EOFError, NotImplementedError, RuntimeError, OSError),
    *(ValueError, zlib.error, struct.error, MemoryError),
)
_END_OF_ZIP = b"PK\x05\x06"
_LONGEST_END = 65_557  # the record and the longest comment behind it


class ZipFiles:
    """The files in an archive.

    Args:
        source: The archive's bytes, or where it is.

    Attributes:
        names: Of the plain files, as they stand in the archive but with "/" between folders;
            without hidden ones and what macOS adds.
        notes: One sentence for each kind of entry that was left out.

    Raises:
        DatasetError: If it is no zip archive, is damaged, or holds too many files.
    """

    def __init__(self, source: bytes | Path) -> None:
        try:
            if _claimed_members(source) > MAX_MEMBERS:
                raise DatasetError(f"The zip archive holds more than {MAX_MEMBERS:,} files.")
            self._archive = zipfile.ZipFile(
                io.BytesIO(source) if isinstance(source, bytes) else source
            )
        except DatasetError:
            raise
        except _FAULTS as error:
            raise DatasetError("The zip archive is damaged or no zip archive at all.") from error
        members = self._archive.infolist()
        if len(members) > MAX_MEMBERS:  # the record at the end may lie
            raise DatasetError(f"The zip archive holds more than {MAX_MEMBERS:,} files.")
        self._members: dict[str, zipfile.ZipInfo] = {}
        left_out: Counter[str] = Counter()
        for member in members:
            name = member.filename.replace("\\", "/")
            if _is_link(member):
                left_out["Links"] += 1
            elif leads_out(name):
                left_out["Paths that lead out of it"] += 1
            elif name in self._members:
                left_out["Files whose name is there already"] += 1
            elif not (member.is_dir() or is_hidden(name)):
                self._members[name] = member
        self.names = tuple(self._members)
        self.notes = tuple(
            f"{what} in the zip archive are left out: {n:,}." for what, n in left_out.items()
        )
        self._seen: set[str] = set()
        self._n_read = 0
        size = len(source) if isinstance(source, bytes) else source.stat().st_size
        self._most = max(MAX_BYTES, MAX_RATIO * size)
        self._lock = threading.Lock()

    def n_bytes(self, name: str) -> int:
        """Return the size that the archive claims for a file."""
        return self._members[name].file_size

    def read(self, name: str) -> bytes:
        """Return the content of a file.

        Raises:
            DatasetError: If it is damaged, encrypted, or too large, whatever size the archive
                claims.
        """
        base = name.rpartition("/")[2]
        room = min(MAX_MEMBER_BYTES, self._most - (0 if name in self._seen else self._n_read))
        with self.open(name) as file:
            try:
                content = file.read(room + 1)
            except _FAULTS as error:
                raise DatasetError(f"{base} is damaged in the zip archive.") from error
        with self._lock:
            if name not in self._seen:
                self._seen.add(name)
                self._n_read += len(content)
        if len(content) > room:
            raise DatasetError(f"The zip archive is too large when it is unpacked, at {base}.")
        return content

    @contextmanager
    def open(self, name: str) -> Iterator[IO[bytes]]:
        """Open a file to read some of it; what fails while it is read is left to the caller.

        Raises:
            DatasetError: If it cannot be opened, or is encrypted.
        """
        member = self._members[name]
        if member.flag_bits & 1:
            raise DatasetError("The zip archive is encrypted; make one without a password.")
        try:
            file = self._archive.open(member)
        except _FAULTS as error:
            base = name.rpartition("/")[2]
            raise DatasetError(f"{base} is damaged in the zip archive.") from error
        with file:
            yield file


def leads_out(name: str) -> bool:
    """Whether a path with "/" between folders is absolute or climbs up."""
    return name.startswith("/") or name[1:2] == ":" or ".." in name.split("/")


def is_hidden(name: str) -> bool:
    """Whether a file is hidden, in a hidden folder, or one that macOS or Windows adds."""
    parts = name.split("/")
    return any(it.startswith((".", "__MACOSX")) for it in parts) or parts[-1] in (
        "Thumbs.db",
        "desktop.ini",
    )


def _is_link(member: zipfile.ZipInfo) -> bool:
    return member.external_attr >> 16 & 0o170000 == 0o120000


def _claimed_members(source: bytes | Path) -> int:
    """Return how many members the archive says it has, before all of them are read."""
    if isinstance(source, bytes):
        tail = source[-_LONGEST_END:]
    else:
        with source.open("rb") as file:
            file.seek(max(0, file.seek(0, io.SEEK_END) - _LONGEST_END))
            tail = file.read()
    place = tail.rfind(_END_OF_ZIP)
    return int.from_bytes(tail[place + 10 : place + 12], "little") if place >= 0 else 0
