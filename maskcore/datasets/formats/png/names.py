"""What the names of files and folders say: which are of masks, which of images, and of which."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from functools import cache

from maskcore.datasets.files import stem
from maskcore.mask_files import names as cutout_names

MASKS = frozenset(
    {
        *("anno", "annotation", "annotations", "annots", "groundtruth", "gt", "label", "labelmap"),
        *("labelmaps", "labels", "mask", "masks", "matte", "mattes", "seg", "segmentation"),
        *("segmentations", "segs", "target", "targets", "trimap", "trimaps"),
    }
)
"""Words for masks."""
IMAGES = frozenset(
    {
        *("image", "images", "img", "imgs", "input", "inputs", "original", "originals", "photo"),
        *("photos", "picture", "pictures", "rgb", "sat"),
    }
)
"""Words for images."""
OTHER_FORMATS = frozenset({"segmentationclass", "segmentationobject"})
"""Folders of masks that are Pascal VOC's."""

_PARTS = re.compile(r"[^\s_.\-]+")
_NUMBER = re.compile(r"\(?\d+\)?")


@cache
def is_called(name: str, words: frozenset[str]) -> bool:
    """Whether one of the words is in a name, as a word or in two: "train_masks", "Label Maps"."""
    parts = _PARTS.findall(name.casefold())
    return any(part in words for part in parts) or "".join(parts) in words


def without(name: str, words: frozenset[str]) -> str | None:
    """Return a name in lower case without one of the words at its end or its begin.

    A number behind the word goes too: "a_mask_2" is "a". The result is "" if the name is nothing
    but the word, and None if no such word is in it.
    """
    parts = [(part.start(), part.end()) for part in _PARTS.finditer(name)]
    last = len(parts) - 1
    while last > 0 and _NUMBER.fullmatch(name[slice(*parts[last])]):
        last -= 1
    if last > 0 and name[slice(*parts[last])].casefold() in words:
        return name[: parts[last - 1][1]].casefold()
    if parts and name[slice(*parts[0])].casefold() in words:
        return name[parts[1][0] :].casefold() if len(parts) > 1 else ""
    return None


def image_keys(image: str) -> set[str]:
    """Return what the masks of an image may be called."""
    name = stem(image)
    return {name.casefold(), without(name, IMAGES) or name.casefold()}


def mask_keys(mask: str) -> Iterator[tuple[str, bool]]:
    """Yield what the image of a mask may be called, and whether that makes it one of several."""
    name = stem(mask)
    yield name.casefold(), False
    if bare := without(name, MASKS):
        yield bare, False
    if name.casefold().endswith("_l"):  # as in CamVid
        yield name[:-2].casefold(), False
    with suppress(ValueError):
        yield cutout_names.parse_file_name(f"{name}.png").stem.casefold(), True


@cache
def place(folder: str) -> tuple[str, ...]:
    """Return the folders of a path in lower case without the words: "train_masks/a" is train, a."""
    bare = [(name, without(name, MASKS | IMAGES)) for name in folder.split("/") if name]
    return tuple(name.casefold() if left is None else left for name, left in bare if left != "")
