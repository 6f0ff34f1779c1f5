"""Paths that agree in their last parts: out of thousands of "image.png" the one that is meant."""

from __future__ import annotations

import bisect
from dataclasses import dataclass, field

from maskcore.files import archive

_FEW = 20  # paths that can be looked at one by one, for each annotation anew


@dataclass(slots=True)
class PathGroup:
    """Paths that agree in their last parts.

    Attributes:
        paths: The paths, with "/" between folders.
        n_parts: How many parts agree.
    """

    paths: list[str] = field(default_factory=list)
    n_parts: int = 1
    _inside: dict[str, PathGroup] | None = None
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
        return group.beginning(folder)

    def inside(self, part: str) -> PathGroup | None:
        """Return those whose next part is this one, whatever its capitals."""
        if self._inside is None:
            self._inside = {}
            for path in self.paths:
                parts = path.rsplit("/", self.n_parts + 1)
                if len(parts) > self.n_parts:
                    key = archive.case_key(parts[-1 - self.n_parts])
                    group = self._inside.setdefault(key, PathGroup([], self.n_parts + 1))
                    group.paths.append(path)
        return self._inside.get(archive.case_key(part))

    def beginning(self, folder: str) -> list[str]:
        """Return a few of the paths, first those that begin so; all if they are few."""
        if len(self.paths) <= _FEW:
            return self.paths
        if self._sorted is None:
            self._sorted = sorted(self.paths)
        first = bisect.bisect_left(self._sorted, folder)
        return self._sorted[first : first + _FEW] or self._sorted[:_FEW]
