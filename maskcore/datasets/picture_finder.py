"""The image that an annotation means, by what it calls it: out of thousands of "image.png" one."""

from __future__ import annotations

import bisect
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from maskcore.datasets.files import IMAGE_SUFFIXES, Files, base, stem, suffix
from maskcore.datasets.pictures import StoredPicture
from maskcore.files import archive

_FEW = 20  # paths that can be looked at one by one, for each annotation anew


class PictureFinder:
    """Finds images by what annotations call them.

    A path is looked for as it stands, beside the annotation file, then by its last part, then by
    that without its ending; capitals count only where they tell two files apart.

    Args:
        files: Where the images are.
        names: Their names.
    """

    def __init__(self, files: Files, names: Iterable[str]) -> None:
        self._files = files
        self._names = dict.fromkeys(names)
        self._by_base: dict[str, _PathGroup] = defaultdict(_PathGroup)
        self._by_stem: dict[str, _PathGroup] = defaultdict(_PathGroup)
        for name in self._names:
            self._by_base[archive.case_key(base(name))].paths.append(name)
            self._by_stem[archive.case_key(stem(name))].paths.append(name)

    def find(self, called: str, *, beside: str = "") -> StoredPicture | None:
        """Return the image that an annotation means, or None.

        Args:
            called: What the annotation calls it: a path, a file name, or a name without ending.
            beside: Name of the annotation file.
        """
        called = called.replace("\\", "/").strip()
        folder = beside.rpartition("/")[0]
        for path in (f"{folder}/{called}".lstrip("/"), called):
            if path in self._names:
                return StoredPicture(self._files, path)
        name = base(called)
        key = archive.case_key(name)
        group = self._by_base.get(key) or self._by_stem.get(key)
        if group is None and suffix(name) in IMAGE_SUFFIXES:
            group = self._by_stem.get(archive.case_key(stem(name)))
        if group is None:
            return None
        best = max(
            group.nearest(called, folder), key=lambda path: _similarity(path, called, folder)
        )
        return StoredPicture(self._files, best)

    def stored(self, name: str) -> StoredPicture:
        """Return an image by its name in the data set."""
        return StoredPicture(self._files, name)


@dataclass(slots=True)
class _PathGroup:
    """Paths that agree in their last parts.

    Attributes:
        paths: The paths, with "/" between folders.
        n_parts: How many parts agree.
    """

    paths: list[str] = field(default_factory=list)
    n_parts: int = 1
    _inside: dict[str, _PathGroup] | None = None
    _sorted: list[str] | None = None

    def nearest(self, called: str, folder: str) -> list[str]:
        """Return a few of the paths, the likeliest among them.

        Args:
            called: A path: those that agree with it in most parts from the end come first.
            folder: How paths begin that come first among those.
        """
        group = self
        for part in called.split("/")[-2::-1]:
            inside = group.inside(part) if len(group.paths) > _FEW else None
            if inside is None:
                break
            group = inside
        return group.starting_with(folder)

    def inside(self, part: str) -> _PathGroup | None:
        """Return those whose next part is this one, whatever its capitals."""
        if self._inside is None:
            self._inside = {}
            for path in self.paths:
                parts = path.rsplit("/", self.n_parts + 1)
                if len(parts) > self.n_parts:
                    key = archive.case_key(parts[-1 - self.n_parts])
                    group = self._inside.setdefault(key, _PathGroup([], self.n_parts + 1))
                    group.paths.append(path)
        return self._inside.get(archive.case_key(part))

    def starting_with(self, folder: str) -> list[str]:
        """Return a few of the paths, first those that begin so; all if they are few."""
        if len(self.paths) <= _FEW:
            return self.paths
        if self._sorted is None:
            self._sorted = sorted(self.paths)
        first = bisect.bisect_left(self._sorted, folder)
        return self._sorted[first : first + _FEW] or self._sorted[:_FEW]


def _similarity(name: str, called: str, folder: str) -> tuple[int, bool, bool]:
    """How many parts of the paths agree from the end; the same capitals; the same folder."""
    ours, theirs = name.split("/")[::-1], called.split("/")[::-1]
    ours[0] = stem(ours[0])
    theirs[0] = stem(theirs[0]) if suffix(theirs[0]) in IMAGE_SUFFIXES else theirs[0]
    same = 0
    for mine, other in zip(ours, theirs, strict=False):
        if archive.case_key(mine) != archive.case_key(other):
            break
        same += 1
    return same, base(name) == base(called), name.startswith(folder)
