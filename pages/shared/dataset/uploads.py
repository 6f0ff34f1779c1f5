"""Uploaded files in a folder of their own, so that the worker process can read them by path."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from maskcore.errors import DatasetError
from maskcore.files import archive
from maskcore.files.zips import ZipFiles, is_hidden
from pages.shared.server import disk

MAX_BYTES = 300_000_000
"""What the files of one visitor may have together."""

_TOO_LARGE = (
    f"A data set can have {MAX_BYTES // 1_000_000:,} MB here; upload a part of it, "
    "or run Mask Studio on the computer where it is."
)
_MOST_NAMED = 5


@dataclass(frozen=True)
class _PendingFile:
    """A file that is to be stored: its name, its size, what returns its content."""

    name: str
    n_bytes: int
    read: Callable[[], bytes]


class UploadFolder:
    """A temporary folder, which is removed with the last reference to this object.

    Attributes:
        folder: Where the files are.
        notes: What was left out, one sentence each.
        remove: Removes the folder now.

    Raises:
        OSError: If it cannot be made, as on a full disk.
    """

    def __init__(self) -> None:
        self._temporary = disk.TemporaryFolder()
        self.remove = self._temporary.remove
        self.folder = self._temporary.path / "The upload"  # which is what messages call it
        self.folder.mkdir()
        self.notes: list[str] = []
        self._files: dict[str, tuple[int, str]] = {}  # name -> bytes, SHA-256

    @property
    def path(self) -> Path:
        """What to read: the folder, or the zip archive if that is all there is."""
        zipped = self._only_zip
        return self.folder / zipped if zipped else self.folder

    @property
    def name(self) -> str:
        """What to call the whole."""
        tops = {name.partition("/")[0] for name in self._files}
        return tops.pop() if len(tops) == 1 else f"{len(self._files):,} files"

    @property
    def digest(self) -> str:
        """Identifies the names and contents of all files."""
        return hashlib.sha256(repr(sorted(self._files.items())).encode()).hexdigest()

    @property
    def _only_zip(self) -> str | None:
        only = next(iter(self._files)) if len(self._files) == 1 else ""
        return only if _is_zip(only) else None

    def add(self, uploads: Iterable[tuple[str, bytes]]) -> None:
        """Store files; one of the same name is replaced.

        Folders and names stay as they are as far as they are safe, because images and
        annotations find each other by them. Zip archives are unpacked unless one is alone.

        Args:
            uploads: (name, content), names with "/" between folders.

        Raises:
            DatasetError: If there is no file among them, they are too large together with those
                that are there, or an archive is damaged. Nothing is stored then.
            OSError: If the disk is full; nothing is stored then.
        """
        given = [(_parts(name), content) for name, content in uploads]
        given = [
            (parts, content) for parts, content in given if parts and not is_hidden("/".join(parts))
        ]
        if not given:
            raise DatasetError("There is no file in what was uploaded.")
        zipped = self._only_zip
        if zipped and [zipped] not in [list(map(archive.safe_name, parts)) for parts, _ in given]:
            given.insert(0, ([zipped], (self.folder / zipped).read_bytes()))
        unpack = len(given) > 1 or bool(self._files)
        pending: list[_PendingFile] = []
        notes: list[str] = []
        for parts, content in given:
            name = "/".join(map(archive.safe_name, parts))
            if unpack and _is_zip(name):
                files = ZipFiles(content)
                # What was read out of a zip alone keeps its names when other files come.
                pending += _unpacked("" if name == zipped else name[:-4], files)
                notes += files.notes
            else:
                pending.append(_PendingFile(name, len(content), partial(bytes, content)))
        held = sum(size for name, (size, _) in self._files.items() if name != zipped)
        if held + sum(file.n_bytes for file in pending) > MAX_BYTES:
            raise DatasetError(_TOO_LARGE)
        names = archive.unique_names(file.name for file in pending)
        self._store(dict(zip(names, pending, strict=True)), notes, without=zipped)

    def _store(
        self, pending: Mapping[str, _PendingFile], notes: list[str], *, without: str | None
    ) -> None:
        """Write all files aside and move them in together, so that none is ever there by half.

        Args:
            pending: Name -> file.
            notes: Sentences on them; one is added for each of the first that cannot be stored.
            without: A file that is removed, the archive of which they are.

        Raises:
            OSError: If the disk is full; everything is as before.
        """
        incoming = self._temporary.path / "incoming"
        stored = {}
        try:
            for name, file in pending.items():
                with _noted(name, notes):
                    content = file.read()
                    _write(incoming / name, content)
                    stored[name] = len(content), hashlib.sha256(content).hexdigest()
            if without:
                (self.folder / without).unlink(missing_ok=True)
                del self._files[without]
            for name, identity in stored.items():
                with _noted(name, notes):
                    (self.folder / name).parent.mkdir(parents=True, exist_ok=True)
                    (incoming / name).replace(self.folder / name)
                    self._files[name] = identity
        finally:
            shutil.rmtree(incoming, ignore_errors=True)
        self.notes += notes


@contextmanager
def _noted(name: str, notes: list[str]) -> Iterator[None]:
    """Go on after a file that cannot be stored, and say so, unless the disk is full."""
    try:
        yield
    except (DatasetError, OSError) as error:
        if disk.is_full(error):
            raise
        if len(notes) < _MOST_NAMED:
            notes.append(f"{name} could not be stored: {error}")


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def _unpacked(folder: str, files: ZipFiles) -> list[_PendingFile]:
    return [
        _PendingFile(
            "/".join(map(archive.safe_name, [*_parts(folder), *_parts(member)])),
            files.n_bytes(member),
            partial(files.read, member),
        )
        for member in files.names
    ]


def _is_zip(name: str) -> bool:
    return name.lower().endswith(".zip")


def _parts(name: str) -> list[str]:
    return [part for part in name.replace("\\", "/").split("/") if part.strip(" .")]
