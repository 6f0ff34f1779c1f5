"""Files out of a zip archive that somebody uploaded: read one by one, never unpacked to disk."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from pathlib import Path

from maskcore.errors import MaskcoreError

MAX_MEMBERS = 50_000
MAX_MEMBER_BYTES = 100_000_000
MAX_BYTES = 2_000_000_000
"""How much is read out of one archive in all."""

# What zipfile raises on archives that are damaged or made to do harm, as fuzzing has shown.
_FAULTS = (
    *(zipfile.BadZipFile, EOFError, NotImplementedError, RuntimeError, OSError),
    *(ValueError, zlib.error, struct.error, MemoryError),
)


class ZipFiles:
    """The files in an archive.

    Args:
        source: The archive's bytes, or where it is.

    Attributes:
        names: Of the plain files, as they stand in the archive but with "/" between folders;
            without hidden ones and what macOS adds.

    Raises:
        MaskcoreError: If it is no zip archive, is damaged, or holds too many files.
    """

    def __init__(self, source: bytes | Path) -> None:
        try:
            self._archive = zipfile.ZipFile(
                io.BytesIO(source) if isinstance(source, bytes) else source
            )
        except _FAULTS as error:
            raise MaskcoreError("The zip archive is damaged or no zip archive at all.") from error
        members = self._archive.infolist()
        if len(members) > MAX_MEMBERS:
            raise MaskcoreError(f"The zip archive holds more than {MAX_MEMBERS:,} files.")
        self._members = {
            name: member
            for member in members
            if (name := member.filename.replace("\\", "/")) and _is_plain(member, name)
        }
        self._n_read = 0
        self.names = tuple(self._members)

    def read(self, name: str) -> bytes:
        """Return the content of a file.

        Raises:
            MaskcoreError: If it is damaged, encrypted, or too large, whatever size the archive
                claims.
        """
        member, base = self._members[name], name.rpartition("/")[2]
        if member.flag_bits & 1:
            raise MaskcoreError("The zip archive is encrypted; make one without a password.")
        room = min(MAX_MEMBER_BYTES, MAX_BYTES - self._n_read)
        try:
            with self._archive.open(member) as file:
                content = file.read(room + 1)
        except _FAULTS as error:
            raise MaskcoreError(f"{base} is damaged in the zip archive.") from error
        self._n_read += len(content)
        if len(content) > room:
            raise MaskcoreError(f"The zip archive is too large when it is unpacked, at {base}.")
        return content


def _is_plain(member: zipfile.ZipInfo, name: str) -> bool:
    is_link = member.external_attr >> 16 & 0o170000 == 0o120000
    hidden = any(part.startswith((".", "__MACOSX")) for part in name.split("/"))
    return not (member.is_dir() or is_link or hidden)
