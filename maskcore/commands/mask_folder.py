"""Which files of a folder hold the masks of an image."""

from __future__ import annotations

from pathlib import Path

from maskcore import mask_files
from maskcore.commands.runner import Stop
from maskcore.commands.sources import SUFFIXES, Source
from maskcore.errors import ImageError
from maskcore.mask_files import names as cutout_names
from maskcore.masks import sizes as mask_size
from maskcore.types import Instance


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

    def __init__(self, path: Path, *, kind: str = "auto") -> None:
        self.path = path.absolute()
        self._kind = kind
        self._found: dict[str, list[Path]] = {}
        if not path.is_dir():
            raise Stop(f"{path} is no folder.", 2)
        for file in sorted(path.rglob("*")):
            if file.suffix.lower() in SUFFIXES and file.is_file():
                folder = file.parent.relative_to(path)
                key = (folder / _stem(file.name)).as_posix()
                self._found.setdefault(key, []).append(file)
        if not self._found:
            raise Stop(f"{path} is a folder without image files.", 2)

    def to_dict(self) -> dict[str, str]:
        """Return what it was made of, as JSON holds it."""
        return {"folder": str(self.path), "kind": self._kind}

    def paths(self, source: Source) -> list[Path]:
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

    def read(self, source: Source, size_hw: tuple[int, ...]) -> list[Instance]:
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
            instances += [_named(it, path.name) for it in held.instances]
        return instances


def _stem(name: str) -> str:
    try:
        return cutout_names.parse_file_name(name).stem
    except ValueError:
        return Path(name).stem


def _named(instance: Instance, name: str) -> Instance:
    try:
        return Instance(instance.mask, cutout_names.parse_file_name(name).label, instance.score)
    except ValueError:
        return instance
