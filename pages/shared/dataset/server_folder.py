"""A folder on the server's disk, where its operator allows one; nothing outside can be reached."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import streamlit as st

from maskcore.errors import DatasetError
from maskcore.files.folders import FolderFiles
from maskcore.files.zips import is_hidden

VARIABLE = "MASKCORE_DATA_DIR"
"""The environment variable that names the folder."""

_HERE = "·"
_MOST_LISTED = 2000


def allowed() -> Path | None:
    """Return the folder that the operator allows, links resolved; None if there is none.

    Raises:
        DatasetError: If what the operator names is no folder.
    """
    named = os.environ.get(VARIABLE, "").strip()
    if not named:
        return None
    root = Path(named).resolve()
    if not root.is_dir():
        raise DatasetError(f"The folder that {VARIABLE} names is not there; tell the operator.")
    return root


def within(root: Path, path: Path) -> Path:
    """Return a path unless it leads out of the allowed folder, by ".." or by a link.

    Raises:
        DatasetError: If it does.
    """
    if not path.resolve().is_relative_to(root):
        raise DatasetError(f"{path.name} lies outside of the folder that the operator allows.")
    return path


def choose(root: Path) -> Path:
    """Show a choice of a folder for each level; return what is chosen, a zip archive perhaps."""
    path = root
    level = 0
    while names := _entries(root, path):
        chosen = st.selectbox(
            "Folder or zip archive on the server" if level == 0 else f"In {path.name}",
            [_HERE, *names],
            format_func=lambda name: "this folder as a whole" if name == _HERE else name,
            key=f"server folder {path.relative_to(root)}",
            persist_state="session",
        )
        if chosen == _HERE:
            break
        path = within(root, path / chosen)
        level += 1
    return path


def _entries(root: Path, folder: Path) -> list[str]:
    if not folder.is_dir():
        return []
    found = []
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                if (
                    (entry.is_dir() or entry.name.lower().endswith(".zip"))
                    and not is_hidden(entry.name)
                    and Path(entry.path).resolve().is_relative_to(root)
                ):
                    found.append(entry.name)
                if len(found) == _MOST_LISTED:
                    break
    except OSError as error:
        raise DatasetError(f"{folder.name} cannot be read; tell the operator.") from error
    return sorted(found)


def digest(path: Path, limit: Path) -> str:
    """Identify the files of a folder, or an archive, by their names, sizes and times.

    Raises:
        DatasetError: If it cannot be read.
    """
    files = FolderFiles(path, limit=limit)
    stated = hashlib.sha256(str(path).encode())
    for name in files.names:
        try:
            status = files.path(name).stat()
        except OSError:
            continue
        stated.update(repr((name, status.st_size, status.st_mtime_ns)).encode())
    return stated.hexdigest()
