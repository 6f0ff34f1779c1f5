"""Files out of a zip archive that somebody uploaded: read one by one, never unpacked to disk."""

from __future__ import annotations

import io
import os
import struct
import threading
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from maskcore import checks
from maskcore.errors import DatasetError
from maskcore.files import archive

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
# The decoders of the other methods unpack whatever a block holds, with no limit.
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_IN_MEMORY = 8_000_000  # zipfile unpacks anew for every step back in a file
_END = struct.Struct("<4s6xH10x")
_END_64 = struct.Struct("<4s28xQ16x")
_LOCATOR_BYTES = 20
_LONGEST_END = 65_557  # the record and the longest comment behind it
_LOCAL_HEADER_BYTES = 30
_UTF_8 = 0x800


class ZipFiles:
    """The files in an archive.

    It may be read by several threads at the same time.

    Args:
        source: The archive's bytes, or where it is.

    Attributes:
        names: Of the plain files, as they stand in the archive but with "/" between folders and
            without "."; without hidden ones and what macOS adds.
        notes: One sentence for each kind of entry that was left out.

    Raises:
        DatasetError: If it is no zip archive, is damaged, or holds too many files.
    """

    def __init__(self, source: bytes | str | os.PathLike[str]) -> None:
        place = checks.bytes_or_path(source)
        try:
            if _claimed_members(place) > MAX_MEMBERS:
                raise DatasetError(f"The zip archive holds more than {MAX_MEMBERS:,} files.")
            self._archive = zipfile.ZipFile(
                io.BytesIO(place) if isinstance(place, bytes) else place
            )
            size = len(place) if isinstance(place, bytes) else place.stat().st_size
        except DatasetError:
            raise
        except _FAULTS as error:
            raise DatasetError("The zip archive is damaged or no zip archive at all.") from error
        members = self._archive.infolist()
        if len(members) > MAX_MEMBERS:  # the record at the end may lie
            raise DatasetError(f"The zip archive holds more than {MAX_MEMBERS:,} files.")
        self._members, self.notes = _sorted_out(members)
        self.names = tuple(self._members)
        self._seen: set[str] = set()
        self._n_read = 0
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
        return self._content(name, self._opened(name))

    @contextmanager
    def open(self, name: str) -> Iterator[IO[bytes]]:
        """Open a file to read some of it; what fails while it is read is left to the caller.

        Raises:
            DatasetError: If it cannot be opened, is encrypted, or is too large.
        """
        file = self._opened(name)
        if self._members[name].file_size <= _IN_MEMORY:
            yield io.BytesIO(self._content(name, file))
            return
        try:
            yield file
        finally:
            self._close(file)

    def _opened(self, name: str) -> IO[bytes]:
        member = self._members[name]
        base = archive.safe_name(name)
        if member.flag_bits & 1:
            raise DatasetError("The zip archive is encrypted; make one without a password.")
        if member.compress_type not in _METHODS:
            raise DatasetError(
                f"{base} is packed in a way that cannot be read here; make a plain zip archive."
            )
        with self._lock:  # zipfile counts its open files without one
            # No more than it claims is ever read of a file, so that the claims can be added up.
            n_read = self._n_read + (0 if name in self._seen else member.file_size)
            if member.file_size > MAX_MEMBER_BYTES or n_read > self._most:
                raise DatasetError(f"The zip archive is too large when it is unpacked, at {base}.")
            try:
                file = self._archive.open(member)
            except _FAULTS as error:
                raise DatasetError(f"{base} is damaged in the zip archive.") from error
            self._seen.add(name)
            self._n_read = n_read
        return file

    def _content(self, name: str, file: IO[bytes]) -> bytes:
        try:
            return file.read(self._members[name].file_size)
        except _FAULTS as error:
            base = archive.safe_name(name)
            raise DatasetError(f"{base} is damaged in the zip archive.") from error
        finally:
            self._close(file)

    def _close(self, file: IO[bytes]) -> None:
        with self._lock:
            file.close()


def leads_out(name: str) -> bool:
    """Whether a path with "/" between folders is absolute or climbs up."""
    return name.startswith("/") or name[1:2] == ":" or ".." in name.split("/")


def is_hidden(name: str) -> bool:
    """Whether a file is hidden, in a hidden folder, or one that macOS or Windows adds."""
    parts = name.split("/")
    return any(part.startswith((".", "__MACOSX")) for part in parts) or parts[-1] in (
        "Thumbs.db",
        "desktop.ini",
    )


def _sorted_out(
    members: Sequence[zipfile.ZipInfo],
) -> tuple[dict[str, zipfile.ZipInfo], tuple[str, ...]]:
    """Return the plain files by their names, and a sentence about each kind of the others."""
    found: dict[str, zipfile.ZipInfo] = {}
    left_out: Counter[str] = Counter()
    overlapping = _overlapping(members)
    for member in members:
        name = _name(member)
        if _is_link(member):
            left_out["Links"] += 1
        elif leads_out(name):
            left_out["Paths that lead out of it"] += 1
        elif member.filename.endswith(("/", "\\")) or not name or is_hidden(name):
            continue
        elif member.header_offset in overlapping:
            left_out["Files that share their content with others"] += 1
        elif name in found:
            left_out["Files whose name is there already"] += 1
        else:
            found[name] = member
    notes = (f"{what} in the zip archive are left out: {n:,}." for what, n in left_out.items())
    return found, tuple(notes)


def _name(member: zipfile.ZipInfo) -> str:
    """Return the name with "/" between folders and without "."; often UTF-8 is not declared."""
    name = member.filename
    if not member.flag_bits & _UTF_8 and not name.isascii():
        with suppress(UnicodeError):
            name = name.encode("cp437").decode()
    name = name.replace("\\", "/")
    if name.startswith("/"):
        return name
    return "/".join(part for part in name.split("/") if part not in ("", "."))


def _is_link(member: zipfile.ZipInfo) -> bool:
    return member.external_attr >> 16 & 0o170000 == 0o120000


def _overlapping(members: Sequence[zipfile.ZipInfo]) -> set[int]:
    """Return where those members begin that share bytes with others: a bomb is made of them.

    Python refuses them itself only from 3.11.8 on.
    """
    found = set()
    end, last = 0, -1
    for member in sorted(members, key=lambda entry: entry.header_offset):
        start = member.header_offset
        if start < end:
            found |= {start, last}
        member_end = start + _LOCAL_HEADER_BYTES + len(member.orig_filename) + member.compress_size
        if member_end > end:
            end, last = member_end, start
    return found


def _claimed_members(source: bytes | Path) -> int:
    """Return how many members the archive says it has, before all of them are read.

    The records are those of PKWARE's APPNOTE.TXT, 4.3.14 to 4.3.16.
    """
    if isinstance(source, bytes):
        tail = source[-_LONGEST_END - _END_64.size - _LOCATOR_BYTES :]
    else:
        with source.open("rb") as file:
            end = file.seek(0, io.SEEK_END)
            file.seek(max(0, end - _LONGEST_END - _END_64.size - _LOCATOR_BYTES))
            tail = file.read()
    place = tail.rfind(b"PK\x05\x06")
    if place < 0 or len(tail) - place < _END.size:
        return 0
    count: int = _END.unpack_from(tail, place)[1]
    place_64 = place - _LOCATOR_BYTES - _END_64.size
    if count == 0xFFFF and place_64 >= 0 and tail.startswith(b"PK\x06\x06", place_64):
        count = _END_64.unpack_from(tail, place_64)[1]
    return count
