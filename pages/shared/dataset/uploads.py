"""Uploaded files in a folder of their own, so that the worker process can read them by path."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
import weakref
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from maskcore.errors import DatasetError
from maskcore.files import archive
from maskcore.files.zips import ZipFiles, is_hidden

MAX_BYTES = 300_000_000
"""What the files of one visitor may have together."""

_TOO_LARGE = (
    f"A data set can have {MAX_BYTES // 1_000_000:,} MB here; upload a part of it, "
    "or run Mask Studio on the computer where it is."
)
_MOST_NAMED = 5


@dataclass(frozen=True)
class _Wanted:
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
    """

    def __init__(self) -> None:
        top = Path(tempfile.mkdtemp(prefix="mask-studio-"))
        self.remove = weakref.finalize(self, shutil.rmtree, top, ignore_errors=True)
        self.folder = top / "The upload"  # which is what messages call it
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
        tops = {it.partition("/")[0] for it in self._files}
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
        """
        given = [(_parts(name), content) for name, content in uploads]
        given = [(parts, it) for parts, it in given if parts and not is_hidden("/".join(parts))]
        if not given:
            raise DatasetError("There is no file in what was uploaded.")
        zipped = self._only_zip
        if zipped and [zipped] not in [list(map(archive.safe_name, it)) for it, _ in given]:
            given.insert(0, ([zipped], (self.folder / zipped).read_bytes()))
        unpack = len(given) > 1 or bool(self._files)
        wanted = []
        for parts, content in given:
            name = "/".join(map(archive.safe_name, parts))
            if unpack and _is_zip(name):
                # What was read out of a zip alone keeps its names when other files come.
                wanted += self._unpacked("" if name == zipped else name[:-4], content)
            else:
                wanted.append(_Wanted(name, len(content), partial(bytes, content)))
        held = sum(size for name, (size, _) in self._files.items() if name != zipped)
        if held + sum(it.n_bytes for it in wanted) > MAX_BYTES:
            raise DatasetError(_TOO_LARGE)
        if zipped:
            (self.folder / zipped).unlink(missing_ok=True)
            del self._files[zipped]
        names = archive.unique_names(it.name for it in wanted)
        for name, it in zip(names, wanted, strict=True):
            self._store(name, it.read)

    def _unpacked(self, folder: str, content: bytes) -> list[_Wanted]:
        files = ZipFiles(content)
        self.notes += files.notes
        return [
            _Wanted(
                "/".join(map(archive.safe_name, [*_parts(folder), *_parts(member)])),
                files.n_bytes(member),
                partial(files.read, member),
            )
            for member in files.names
        ]

    def _store(self, name: str, read: Callable[[], bytes]) -> None:
        target = self.folder / name
        try:
            content = read()
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)
        except (DatasetError, OSError) as error:
            if len(self.notes) < _MOST_NAMED:
                self.notes.append(f"{name} could not be stored: {error}")
            return
        self._files[name] = len(content), hashlib.sha256(content).hexdigest()


def _is_zip(name: str) -> bool:
    return name.lower().endswith(".zip")


def _parts(name: str) -> list[str]:
    return [it for it in name.replace("\\", "/").split("/") if it.strip(" .")]
