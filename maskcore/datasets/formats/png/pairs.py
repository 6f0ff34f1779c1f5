"""Which pictures of a folder are masks, and of which image: told by folders, names and content."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Literal, NamedTuple

from maskcore.datasets.files import base, stem, suffix
from maskcore.datasets.formats.png import names as png_names
from maskcore.datasets.formats.png.names import IMAGES, MASKS

_FEW_GROUPS = 50
_FEW_TWINS = 30  # images of the same name that are looked at one by one
_LOSSY = (".jpg", ".jpeg")

Likeness = Literal["masks", "maybe", "photos"]
"""What the content of picture files looks like."""


class Pair(NamedTuple):
    """An image and its masks.

    Attributes:
        image: Name of the file; None if there is none.
        masks: Names of the files, in the order of the numbers in them.
        apart: Whether each file is one object of several, so that its name may say which.
    """

    image: str | None
    masks: tuple[str, ...]
    apart: bool


def masks_among(names: Sequence[str], likeness: Callable[[Sequence[str]], Likeness]) -> set[str]:
    """Tell which files are masks.

    Args:
        names: The picture files.
        likeness: Says what the content of most of some files looks like.

    Returns:
        Those that are; none if there are only images.
    """
    by_folder = _in_mask_folders(names, _n_shared_folders(names))
    if not by_folder:  # the folder of all of them may be called "masks"
        by_folder = _in_mask_folders(names, 0)
    found: set[str] = set()
    for group in by_folder.values():
        if likeness(group) != "photos":
            found.update(group)
    marked = _marked([name for name in names if name not in found])
    if marked and likeness(marked) != "photos":
        found.update(marked)
    return found or _by_content(names, likeness)


def pairs(images: Iterable[str], masks: Iterable[str], apart_in: str | None = None) -> list[Pair]:
    """Find the masks of each image.

    Args:
        images: Names of the files.
        masks: Names of the files.
        apart_in: A folder, with "/" behind, in which the masks of each image have a folder that
            is called as the image, with the folders above it.

    Returns:
        The images in their order, those without masks too, then the masks without an image.
    """
    finder = _Finder(images)
    of_image: defaultdict[str, list[str]] = defaultdict(list)
    apart: set[str] = set()
    alone = []
    for mask in masks:
        if apart_in is not None and mask.rpartition("/")[0].startswith(apart_in):
            path = mask[len(apart_in) :].rpartition("/")[0]
            image, is_apart = finder.called(path, apart_in), True
        else:
            image, is_apart = finder.find(mask)
        if image is None:
            alone.append(mask)
            continue
        of_image[image].append(mask)
        if is_apart:
            apart.add(image)
    groups: defaultdict[str, list[str]] = defaultdict(list)
    in_folders = apart_in is not None or len(apart) > len(of_image) / 2
    with_masks = set(of_image)
    for mask in alone:
        other = None if in_folders else finder.find_anywhere(mask, with_masks)
        if other is None:
            groups[(mask.rpartition("/")[0] if in_folders else "") or mask].append(mask)
        else:
            of_image[other].append(mask)
    return [
        *(
            Pair(image, _in_order(of_image[image]), image in apart or len(of_image[image]) > 1)
            for image in finder.images
        ),
        *(Pair(None, _in_order(group), key not in group) for key, group in groups.items()),
    ]


class _Finder:
    """Finds the image of a mask."""

    def __init__(self, images: Iterable[str]) -> None:
        self.images = list(images)
        self._by_key: defaultdict[str, list[str]] = defaultdict(list)
        self._by_place: defaultdict[tuple[str, tuple[str, ...]], list[str]] = defaultdict(list)
        self._free: dict[str, list[str]] = {}
        self._by_folder: defaultdict[str, list[str]] = defaultdict(list)
        self._by_case: defaultdict[str, list[str]] = defaultdict(list)
        for image in self.images:
            folder = image.rpartition("/")[0]
            for key in png_names.image_keys(image):
                self._by_key[key].append(image)
                self._by_place[key, png_names.place(folder)].append(image)
            self._by_folder[folder].append(image)
            above, _, last = folder.rpartition("/")
            if last and png_names.is_called(last, IMAGES):
                self._by_case[above].append(image)

    def called(self, path: str, beside: str) -> str | None:
        """Return the image of a path without ending, in the twin of the folder `beside`."""
        folder, _, name = path.rpartition("/")
        place = png_names.place(beside + folder)
        candidates = [
            image
            for image in self._by_place.get((name.casefold(), place), ())
            if f"/{image.rpartition('.')[0]}".endswith(f"/{path}")
        ]
        return min(candidates, key=len, default=None)

    def find(self, mask: str) -> tuple[str | None, bool]:
        """Return the image, and whether the mask is one object of several in it."""
        folder = mask.rpartition("/")[0]
        above, _, last = folder.rpartition("/")
        is_inside = any(png_names.is_called(folder, MASKS) for folder in above.split("/"))
        if is_inside and not png_names.is_called(last, MASKS):  # masks/<image>/<any name>.png
            image = self._nearest(last.casefold(), above)
            if image is not None:
                return image, True
        for key, is_apart in png_names.mask_keys(mask):
            if image := self._nearest(key, folder):
                return image, is_apart
        beside: Sequence[str] = ()
        if png_names.without(stem(mask), MASKS) == "":  # <any name>/mask.png
            beside = self._by_folder.get(folder, ())
        elif above and png_names.is_called(last, MASKS):
            # <image>/images/<any name>.png and <image>/masks/<any name>.png
            beside = self._by_case.get(above, ())
            if len(self._by_case) == 1 and [stem(image) for image in beside] != [base(above)]:
                beside = ()
        return (beside[0], True) if len(beside) == 1 else (None, False)

    def find_anywhere(self, mask: str, taken: Collection[str]) -> str | None:
        """Return the only image that a mask's name fits and that has none, in whatever folder."""
        for key, _ in png_names.mask_keys(mask):
            if key not in self._free:
                self._free[key] = [
                    image for image in self._by_key.get(key, ()) if image not in taken
                ]
            if len(self._free[key]) == 1:
                return self._free[key][0]
        return None

    def _nearest(self, key: str, folder: str) -> str | None:
        """Return the image of that name whose folders agree most with a mask's.

        One of train/ is not that of a mask in test/, but one that lies in no such folder may be.
        """
        place = png_names.place(folder)
        candidates: Sequence[str] = self._by_key.get(key, ())
        if len(candidates) > _FEW_TWINS:
            candidates = self._by_place.get((key, place), ())[:_FEW_TWINS]
        ours = Counter(place)
        best, most = None, -1
        for candidate in candidates:
            theirs = Counter(png_names.place(candidate.rpartition("/")[0]))
            n_shared = (ours & theirs).total()
            if n_shared > most and n_shared == min(ours.total(), theirs.total()):
                best, most = candidate, n_shared
        return best


def _in_order(masks: Iterable[str]) -> tuple[str, ...]:
    def key(name: str) -> list[tuple[int, str]]:
        pieces = re.split(r"([0-9]{1,18})", name)
        return [(int(piece) if i % 2 else 0, piece) for i, piece in enumerate(pieces)]

    return tuple(sorted(masks, key=key))


def _in_mask_folders(names: Iterable[str], n_shared: int) -> dict[str, list[str]]:
    """Return the files in folders of masks, by what those are called.

    The innermost folder whose name says anything counts.
    """
    found: defaultdict[str, list[str]] = defaultdict(list)
    for name in names:
        for folder in reversed(name.split("/")[n_shared:-1]):
            if png_names.is_called(folder, MASKS):
                found[folder.casefold()].append(name)
                break
            if png_names.is_called(folder, IMAGES) or folder.casefold() in png_names.OTHER_FORMATS:
                break
    return found


def _n_shared_folders(names: Iterable[str]) -> int:
    count = 0
    for level in zip(*(name.split("/")[:-1] for name in names), strict=False):
        if len(set(level)) > 1:
            break
        count += 1
    return count


def _marked(names: Iterable[str]) -> list[str]:
    """Return those that a word in their names sets apart from an image beside.

    None if most of them have no image beside: then the word means something else.
    """
    keys: defaultdict[str, set[str]] = defaultdict(set)
    marked: dict[str, str] = {}
    for name in names:
        bare = png_names.without(stem(name), MASKS)
        if bare is None:
            keys[name.rpartition("/")[0]] |= {"", *png_names.image_keys(name)}
        else:
            marked[name] = bare
    n_paired = sum(bare in keys[name.rpartition("/")[0]] for name, bare in marked.items())
    return list(marked) if 2 * n_paired >= len(marked) else []


def _by_content(names: Iterable[str], likeness: Callable[[Sequence[str]], Likeness]) -> set[str]:
    """Return those that look like masks where others of the same name do not."""
    groups: defaultdict[tuple[str, bool], list[str]] = defaultdict(list)
    for name in names:
        groups[name.rpartition("/")[0], suffix(name) in _LOSSY].append(name)
    if not 2 <= len(groups) <= _FEW_GROUPS:
        return set()
    stems = {key: {stem(name).casefold() for name in group} for key, group in groups.items()}
    found: set[str] = set()
    for key, group in groups.items():
        twins = [
            other
            for other in groups
            if other != key and 2 * len(stems[other] & stems[key]) > len(group)
        ]
        if not twins or likeness(group) != "masks":
            continue
        if any(likeness(groups[twin]) != "masks" for twin in twins):
            found.update(group)
    return found
