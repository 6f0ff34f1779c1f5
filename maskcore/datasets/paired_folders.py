"""Folders that hold the same names, such as images/ and labels/, and folders such as train/."""

from __future__ import annotations

from collections.abc import Mapping

from maskcore.datasets.files import stem
from maskcore.datasets.picture_finder import PictureFinder
from maskcore.datasets.pictures import StoredPicture
from maskcore.datasets.source import FileSource

_SPLITS = {
    **dict.fromkeys(("train", "training"), "train"),
    **dict.fromkeys(("val", "valid", "validation"), "val"),
    **dict.fromkeys(("test", "testing"), "test"),
}


def swap(path: str, old: str, new: str) -> str:
    """Rename the last folder of that name in a path, whatever its capitals, if there is one."""
    *folders, last = path.split("/")
    for place in reversed(range(len(folders))):
        if folders[place].casefold() == old.casefold():
            return "/".join([*folders[:place], new, *folders[place + 1 :], last])
    return path


def is_in(path: str, folder: str) -> bool:
    """Whether a folder of that name is in a path, whatever its capitals."""
    return folder.casefold() in path.casefold().split("/")[:-1]


def without_ending(path: str) -> str:
    """Return a path without the ending of its last part."""
    folders, slash, last = path.rpartition("/")
    return folders + slash + stem(last)


def pair(
    source: FileSource, annotations: Mapping[str, str], images: Mapping[str, str]
) -> list[tuple[str, StoredPicture | None]]:
    """Find the image of each annotation file.

    Args:
        source: The files.
        annotations: Key, a path without ending -> annotation file.
        images: Image -> the key that its annotation file should have.

    Returns:
        Annotation files and their images: first those with equal keys, in the order of the
        images, which may share one; then the others, each with an image that bears its name
        in another folder and is not in use, or None.
    """
    used = {image for image, key in images.items() if key in annotations}
    pairs: list[tuple[str, StoredPicture | None]] = [
        (annotations[images[image]], source.pictures.stored(image))
        for image in images
        if image in used
    ]
    paired = {annotation for annotation, _ in pairs}
    free = PictureFinder(source.files, [image for image in images if image not in used])
    for key, annotation in annotations.items():
        if annotation not in paired:
            picture = free.find(key)
            if picture is not None and picture.path in used:
                picture = None
            pairs.append((annotation, picture))
            used |= {picture.path} if picture is not None else set()
    return pairs


def split(name: str) -> tuple[str, str]:
    """Return what a sample is for, as the folders in its name say.

    Args:
        name: Folders and name.

    Returns:
        "train", "val" or "test", and the folders up to the one that says so; "" and "" if none
        does.
    """
    folders = name.split("/")[:-1]
    for place, folder in enumerate(folders):
        if folder.casefold() in _SPLITS:
            return _SPLITS[folder.casefold()], "/".join(folders[: place + 1])
    return "", ""
