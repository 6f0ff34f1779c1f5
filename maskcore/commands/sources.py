"""Which image files a command line means, and where their results go."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from maskcore.files import archive

SUFFIXES = {".avif", ".bmp", ".gif", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp"}
"""The endings of the files that are taken from a folder; a file named by itself may have any."""


@dataclass(frozen=True)
class Source:
    """A file to work on.

    Attributes:
        path: Absolute.
        name: As shown to people and listed in the manifest: with the folders below the one that
            all sources share.
    """

    path: Path
    name: str

    @property
    def folder(self) -> str:
        """Where its results go: the folders of the name, made safe, "/" between them."""
        parts = self.name.replace(os.sep, "/").split("/")[:-1]
        return "/".join(map(archive.safe_name, parts))


def find(paths: Sequence[Path], *, out: Path) -> tuple[list[Source], list[str]]:
    """Find the images of a command line.

    Args:
        paths: Files and folders; folders are searched with the folders in them, but without
            hidden ones.
        out: Where results go; nothing in it is an image to work on.

    Returns:
        The files, sorted within each folder and each only once, and a sentence for each folder
        without an image.
    """
    found: dict[Path, None] = {}
    problems = []
    roots = []
    skipped = _absolute(out)
    for path in map(_absolute, paths):
        if not path.is_dir():
            found[path] = None
            roots.append(path.parent)
            continue
        inside = [it for it in _images(path) if skipped not in it.parents]
        found.update(dict.fromkeys(inside))
        roots.append(path)
        if not inside:
            problems.append(f"{path.name} is a folder without image files.")
    common = os.path.commonpath(roots) if roots else ""
    return [Source(path, os.path.relpath(path, common)) for path in found], problems


def known(name: str) -> str:
    """Return a name by which a file is known again until it changes; other names as they are."""
    path = Path(name)
    return f"{path.resolve()} {path.stat().st_mtime_ns}" if path.is_file() else name


def _absolute(path: Path) -> Path:
    return Path(os.path.abspath(path))  # noqa: PTH100  Path.resolve would follow links


def _images(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.rglob("*")):
        hidden = any(part.startswith(".") for part in path.relative_to(folder).parts)
        if path.suffix.lower() in SUFFIXES and not hidden and path.is_file():
            yield path
