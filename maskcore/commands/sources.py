"""Which image files a command line means, which hold their masks, and where results go."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from maskcore import mask_files
from maskcore.commands.terminal import Stop
from maskcore.errors import ImageError
from maskcore.files import archive
from maskcore.mask_files import names as cutout_names
from maskcore.masks import sizes as mask_size
from maskcore.types import Instance

SUFFIXES = {".avif", ".bmp", ".gif", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp"}
"""The endings of the files that are taken from a folder; a file named by itself may have any."""


@dataclass(frozen=True)
class SourceFile:
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


def find(
    paths: Sequence[str | os.PathLike[str]], *, out: str | os.PathLike[str]
) -> tuple[list[SourceFile], list[str]]:
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
        inside = [image for image in _images(path) if skipped not in image.parents]
        found.update(dict.fromkeys(inside))
        roots.append(path)
        if not inside:
            problems.append(f"{path.name} is a folder without image files.")
    common = os.path.commonpath(roots) if roots else ""
    return [SourceFile(path, os.path.relpath(path, common)) for path in found], problems


def known(name: str | os.PathLike[str]) -> str:
    """Return a name by which a file is known again until it changes; other names as they are."""
    path = Path(name)
    return f"{path.resolve()} {path.stat().st_mtime_ns}" if path.is_file() else os.fspath(name)


class MaskFolder:
    """Mask files, known by their names.

    The masks of ``photo.jpg`` are in ``photo.png``, with any ending of a picture, or in files that
    are named as ``segment`` names them. Images in folders have their masks in folders of the same
    names, or all in one.

    Args:
        path: The folder.
        kind: How the files are meant, as in `mask_files.read`.

    Raises:
        Stop: If it is none, or holds no pictures.
    """

    def __init__(self, path: str | os.PathLike[str], *, kind: str = "auto") -> None:
        path = Path(path)
        self.path = path.absolute()
        self._kind = kind
        self._found: dict[str, list[Path]] = {}
        if not path.is_dir():
            raise Stop(f"{path} is no folder.", 2)
        for file in sorted(path.rglob("*")):
            if file.suffix.lower() in SUFFIXES and file.is_file():
                folder = file.parent.relative_to(path)
                key = (folder / _mask_stem(file.name)).as_posix()
                self._found.setdefault(key, []).append(file)
        if not self._found:
            raise Stop(f"{path} is a folder without image files.", 2)

    def to_dict(self) -> dict[str, str]:
        """Return what it was made of, as JSON holds it."""
        return {"folder": str(self.path), "kind": self._kind}

    def paths(self, source: SourceFile) -> list[Path]:
        """Return the mask files of an image.

        Raises:
            ImageError: If there are none.
        """
        named = Path(source.name)
        for stem in (named.stem, cutout_names.safe_stem(named.stem)):
            for key in (named.with_name(stem).as_posix(), stem):
                if key in self._found:
                    return self._found[key]
        raise ImageError(f"{self.path.name} has no mask of that name.")

    def read(self, source: SourceFile, size_hw: tuple[int, ...]) -> list[Instance]:
        """Read the masks of an image.

        Raises:
            ImageError: If a file cannot be read or has another size than the image.
        """
        instances: list[Instance] = []
        for path in self.paths(source):
            held = mask_files.read(path, kind=self._kind)
            wrong = mask_size.mismatch(held.size_hw, size_hw)
            if wrong is not None:
                raise ImageError(f"{path.name}: {wrong}")
            instances += [_named(instance, path.name) for instance in held.instances]
        return instances


def _absolute(path: str | os.PathLike[str]) -> Path:
    return Path(os.path.abspath(path))  # noqa: PTH100  Path.resolve would follow links


def _images(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.rglob("*")):
        hidden = any(part.startswith(".") for part in path.relative_to(folder).parts)
        if path.suffix.lower() in SUFFIXES and not hidden and path.is_file():
            yield path


def _mask_stem(name: str) -> str:
    try:
        return cutout_names.parse_file_name(name).stem
    except ValueError:
        return Path(name).stem


def _named(instance: Instance, name: str) -> Instance:
    try:
        return Instance(instance.mask, cutout_names.parse_file_name(name).label, instance.score)
    except ValueError:
        return instance
