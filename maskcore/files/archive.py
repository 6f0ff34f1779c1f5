"""Safe file names, zip archives and files that are either whole or not there."""

from __future__ import annotations

import io
import os
import secrets
import unicodedata
import zipfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

MAX_NAME_BYTES = 120
"""UTF-8 bytes in a safe name: room for a folder and a suffix on every file system."""

_MAX_EXTENSION_BYTES = 16
_FORBIDDEN = str.maketrans(dict.fromkeys('<>:"/\\|?*', "_"))
# Controls, bidi marks and zero-width characters, lone surrogates, line and paragraph separators.
_INVISIBLE = {"Cc", "Cf", "Cs", "Zl", "Zp"}
_RESERVED = {"con", "prn", "aux", "nul", "conin$", "conout$"} | {
    port + digit for port in ("com", "lpt") for digit in "0123456789¹²³"
}
_ALREADY_COMPRESSED = {
    ".7z", ".gif", ".gz", ".jpeg", ".jpg", ".mp4", ".npz", ".png", ".webp", ".xlsx", ".zip",
}  # fmt: skip
_OLDEST_ZIP_TIME = (1980, 1, 1, 0, 0, 0)


def safe_name(name: str, *, fallback: str = "file") -> str:
    """Return a file name that every system can store, from any text a user gave.

    The last path component is kept, in NFC, without control, bidi and zero-width characters;
    what Windows forbids becomes ``_``, and a device name such as ``con.png`` gets a leading
    ``_``. A safe name is returned unchanged.

    Args:
        name: Any text, such as an uploaded file's name or a label.
        fallback: The name if nothing else is left, made safe in turn.

    Returns:
        A name of 1 to `MAX_NAME_BYTES` UTF-8 bytes without a separator; a long one is cut before
        its extension.

    Raises:
        TypeError: If ``name`` is not a string.

    Source:
        https://learn.microsoft.com/windows/win32/fileio/naming-a-file
    """
    if not isinstance(name, str):
        raise TypeError(f"name must be a string, got {type(name).__name__}")
    cleaned = _clean(name) or _clean(fallback) or "file"
    stem, extension = _split_extension(_off_device(cleaned))
    # A cut may leave a device name with trailing spaces behind.
    return _off_device(_cut(stem, extension))


def unique_names(names: Iterable[str]) -> list[str]:
    """Tell equal names apart by ``_2``, ``_3``, ... before the extension.

    Names count as equal if they differ only in case or in Unicode composition, as on Windows and
    macOS. The first keeps its name. Folders with "/" are allowed and are not renamed unless a
    file of that name came before.

    Args:
        names: Names as `safe_name` returns them.

    Returns:
        As many names, in the same order.
    """
    taken = _Taken()
    return [taken.place(name) for name in names]


def write_zip(
    target: str | os.PathLike[str] | BinaryIO, members: Iterable[tuple[str, bytes]]
) -> None:
    """Write a zip archive, one member at a time.

    Equal members in equal order give equal bytes: no clock, user or system is recorded. Images
    and archives are stored, everything else is deflated.

    Args:
        target: A file, which is replaced only once the archive is whole, or an open binary
            stream, which need not be seekable.
        members: (name, content) pairs; a generator is consumed lazily. Folders in a name are
            parted by "/" or a backslash; every part is made safe, "." and ".." are dropped, and
            equal names are told apart as in `unique_names`.

    Raises:
        TypeError: If the target or a member has the wrong type.
        OSError: If the file cannot be written; nothing is left behind.
    """
    if isinstance(target, str | os.PathLike):
        with _replacing(Path(target)) as file:
            _write_members(file, members)
    elif hasattr(target, "write"):
        _write_members(target, members)
    else:
        raise TypeError(f"target must be a path or a binary stream, got {type(target).__name__}")


def zip_bytes(members: Iterable[tuple[str, bytes]]) -> bytes:
    """Return the archive that `write_zip` writes."""
    buffer = io.BytesIO()
    write_zip(buffer, members)
    return buffer.getvalue()


def write_file(path: str | os.PathLike[str], payload: bytes) -> None:
    """Write a file so that its name never holds half of it, whatever fails.

    Args:
        path: Replaced if it exists; its folder must exist.
        payload: The whole content.

    Raises:
        OSError: If it cannot be written; the former file is unharmed.
    """
    with _replacing(Path(path)) as file:
        file.write(payload)


def write_folder(
    folder: str | os.PathLike[str], members: Iterable[tuple[str, bytes]]
) -> list[Path]:
    """Write files so that each is whole or is not there.

    Args:
        folder: Made if it does not exist.
        members: (name, content) pairs; a generator is consumed lazily. Every part of a name is
            made safe, so that nothing lands outside the folder.

    Returns:
        Where the files are.

    Raises:
        OSError: If a file cannot be written; those before it are there.
    """
    written = []
    for name, content in members:
        path = Path(folder, _safe_path(name))
        path.parent.mkdir(parents=True, exist_ok=True)
        write_file(path, content)
        written.append(path)
    return written


def case_key(path: str) -> str:
    """Return what is equal for names that differ only in case or Unicode composition."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", path).casefold())


class _Taken:
    """The paths in use in one archive or folder tree."""

    def __init__(self) -> None:
        self._is_file: dict[str, bool] = {}
        self._next_number: dict[str, int] = {}

    def place(self, path: str) -> str:
        """Return the path, renamed where another one is in its way, and keep it."""
        *folders, name = path.split("/")
        parent = ""
        for folder in folders:
            parent = self._place_folder(parent + folder) + "/"
        return self._place_file(parent, name)

    def _place_folder(self, path: str) -> str:
        placed, number = path, 2
        while self._is_file.get(case_key(placed), False):
            placed, number = f"{path}_{number}", number + 1
        self._is_file[case_key(placed)] = False
        return placed

    def _place_file(self, parent: str, name: str) -> str:
        stem, extension = _split_extension(name)
        key = case_key(parent + name)
        placed, number = parent + name, self._next_number.get(key, 2)
        while case_key(placed) in self._is_file:
            placed = parent + _cut(stem, f"_{number}{extension}")
            number += 1
        self._next_number[key] = number
        self._is_file[case_key(placed)] = True
        return placed


def _write_members(file: BinaryIO, members: Iterable[tuple[str, bytes]]) -> None:
    taken = _Taken()
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in members:
            if not isinstance(content, bytes):
                raise TypeError(f"member {name!r} must be bytes, got {type(content).__name__}")
            entry = zipfile.ZipInfo(taken.place(_safe_path(name)), _OLDEST_ZIP_TIME)
            entry.create_system = 3  # Unix, on every system, so that equal members are equal bytes
            entry.external_attr = 0o644 << 16
            stored = Path(entry.filename).suffix.lower() in _ALREADY_COMPRESSED
            method = zipfile.ZIP_STORED if stored else zipfile.ZIP_DEFLATED
            archive.writestr(entry, content, method, compresslevel=6)


@contextmanager
def _replacing(path: Path) -> Iterator[BinaryIO]:
    # Not tempfile: its files are readable by their owner only, and stay so when renamed.
    part = path.with_name(f".part-{secrets.token_hex(8)}")
    try:
        with part.open("xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def _safe_path(name: str) -> str:
    if not isinstance(name, str):
        raise TypeError(f"a member's name must be a string, got {type(name).__name__}")
    parts = [part for part in name.replace("\\", "/").split("/") if part.strip(" .")]
    return "/".join(safe_name(part) for part in parts) or "file"


def _clean(name: str) -> str:
    visible = "".join(mark for mark in name if unicodedata.category(mark) not in _INVISIBLE)
    last = visible.replace("\\", "/").rstrip("/").rpartition("/")[2]
    return unicodedata.normalize("NFC", last).translate(_FORBIDDEN).strip(" .")


def _off_device(name: str) -> str:
    device = name.partition(".")[0].rstrip(" ").lower()
    return f"_{name}" if device in _RESERVED else name


def _split_extension(name: str) -> tuple[str, str]:
    stem, dot, extension = name.rpartition(".")
    if not stem or len(extension.encode()) >= _MAX_EXTENSION_BYTES:
        return name, ""
    return stem, dot + extension


def _cut(stem: str, tail: str) -> str:
    room = MAX_NAME_BYTES - len(tail.encode())
    if len(stem.encode()) > room:
        stem = stem.encode()[:room].decode(errors="ignore").rstrip(" .")
    return stem + tail
