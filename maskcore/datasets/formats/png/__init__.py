"""Folders of images and of masks as PNG: a file for each mask, maps of classes, black and white.

There is no standard for any of them; each is written in its plainest form.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

from maskcore import image_io, masks, rle
from maskcore.datasets.dataset import Contents, Dataset, Problem, Sample
from maskcore.datasets.files import unique_name
from maskcore.datasets.formats.png import classes, pairs as png_pairs, reader
from maskcore.datasets.formats.png.pairs import Likeness, Pair
from maskcore.datasets.source import FileSource
from maskcore.datasets.writer import ClassIds, Item, Keeps, Member
from maskcore.errors import DatasetError, MaskcoreError
from maskcore.files import archive
from maskcore.files.sanitize import shown
from maskcore.mask_files import kinds as mask_kinds

TITLE = "PNG masks"
KEEPS = Keeps(empty=True)
LABEL_MAP_TITLE = "PNG label maps"
LABEL_MAP_KEEPS = Keeps(overlaps=False, instances=False)
BINARY_TITLE = "PNG masks in black and white"
BINARY_KEEPS = Keeps(instances=False, labels=False)

_INDEX = "labels.json"
_LAYOUT = "<image>/<number>_<name>.png"
_MAX_INDEX_BYTES = 10_000_000
_LOOKED_AT = 4
_MAX_NAME_BYTES = 60
_MAX_CLASSES = 65_535


def find(source: FileSource) -> list[str]:
    """Return the masks, and before them the list of their names if `PngWriter` has written one.

    They are told from images by their folders ("masks", "labels", "gt", ...), by their names
    ("a_mask.png" beside "a.jpg") and by the content of a few.
    """
    index = _index(source)
    if index is None:
        found = png_pairs.masks_among(source.image_names, partial(_likeness, source))
        return [name for name in source.image_names if name in found]
    folder = index.removesuffix(_INDEX)
    inside = [name for name in source.image_names if name.startswith(folder)]
    return [index, *inside]


def read(source: FileSource, names: Sequence[str]) -> Dataset:
    """Read a folder of images and masks.

    How the masks are stored is told from some of them for all; `reader.MaskEncoding` says what
    there is. Masks without an image are samples too.

    Args:
        source: The files.
        names: As from `find`.

    Raises:
        DatasetError: If there is no mask.
    """
    problems: list[Problem] = []
    index = next((name for name in names if name.endswith(_INDEX)), None)
    found = dict.fromkeys(name for name in names if name != index)
    if not found and index is None:
        raise DatasetError(f"There are no masks in {shown(source.name)}.")
    images = [name for name in source.image_names if name not in found]
    folder = index.removesuffix(_INDEX) if index else None
    if index is not None:
        labels = source.json(index)["labels"]
        encoding = reader.MaskEncoding(by_value=False, labels=labels, folder=folder)
    else:
        encoding = reader.detect_encoding(source, list(found), _classes(source, problems))
    pairs = png_pairs.pairs(images, found, folder)
    taken: set[str] = set()
    samples = [_sample(source, pair, encoding, taken) for pair in pairs]
    return Dataset("png", samples, reader.stated_labels(encoding, pairs), problems)


class PngWriter:
    """Writes a PNG for each mask: masks/<image>/<number>_<name>.png, white inside.

    masks/labels.json says which label is meant by which name, as not every label can be part of
    a file's name.

    Args:
        labels: The classes that are known beforehand.
    """

    image_folder = "images"

    def __init__(self, labels: Sequence[str]) -> None:
        self._names: dict[str, str] = {}  # label -> name
        self._taken: set[str] = set()
        for label in labels:
            self._name(label)

    def sample(self, item: Item) -> Iterator[Member]:
        """Yield a file for each mask."""
        n_digits = max(2, len(str(len(item.instances) - 1)))
        for number, instance in enumerate(item.instances):
            name = f"{number:0{n_digits}d}_{self._name(instance.label)}.png"
            yield f"masks/{item.stem}/{name}", image_io.encode_png(rle.decode(instance.mask))

    def end(self) -> Iterator[Member]:
        """Yield the list of names."""
        labels = {name: label for label, name in self._names.items()}
        document = {"masks": _LAYOUT, "labels": labels}
        yield (
            f"masks/{_INDEX}",
            json.dumps(document, ensure_ascii=False, indent=1).encode("utf-8", "replace"),
        )

    def _name(self, label: str) -> str:
        if label not in self._names:
            safe = archive.safe_name(label.replace(".", "_"), fallback="mask")
            first = safe.encode()[:_MAX_NAME_BYTES].decode(errors="ignore").rstrip(" .") or "mask"
            name, count = first, 1
            while name.casefold() in self._taken:
                count += 1
                name = f"{first}_{count}"
            self._taken.add(name.casefold())
            self._names[label] = name
        return self._names[label]


class LabelMapWriter:
    """Writes a gray PNG for each image, whose pixels are the numbers of classes, and classes.txt.

    0 is the background; 16 bits are used where there are more than 255 classes.

    Args:
        labels: The classes that are known beforehand, for the numbers 1, 2, ...
    """

    image_folder = "images"

    def __init__(self, labels: Sequence[str]) -> None:
        self._ids = ClassIds(labels)

    def sample(self, item: Item) -> Iterator[Member]:
        """Yield the label map; black if there is no mask.

        Raises:
            DatasetError: If there are too many classes.
        """
        ids = [self._ids.of(instance.label) for instance in item.instances]
        if max(ids, default=0) > _MAX_CLASSES:
            raise DatasetError(f"A label map can hold {_MAX_CLASSES:,} classes, not more.")
        some = [instance.mask for instance in item.instances] or [rle.empty(item.size_hw)]
        pixels = masks.label_map(some, ids=ids or None)
        yield f"label_maps/{item.stem}.png", image_io.encode_png(pixels)

    def end(self) -> Iterator[Member]:
        """Yield the names of the classes."""
        yield from classes.write(self._ids.items())


class BinaryWriter:
    """Writes a PNG for each image that has masks, white inside of any of them.

    Args:
        labels: The classes; not written.
    """

    image_folder = "images"

    def __init__(self, labels: Sequence[str]) -> None:
        del labels

    def sample(self, item: Item) -> Iterator[Member]:
        """Yield the mask; where there is none, only if nothing else tells of the sample."""
        if item.instances or not item.has_image:
            some = [instance.mask for instance in item.instances] or [rle.empty(item.size_hw)]
            yield f"masks/{item.stem}.png", image_io.encode_png(rle.decode(rle.union(some)))

    def end(self) -> Iterator[Member]:
        """Yield nothing."""
        yield from ()


def _sample(
    source: FileSource, pair: Pair, encoding: reader.MaskEncoding, taken: set[str]
) -> Sample:
    picture = source.pictures.stored(pair.image) if pair.image else None
    name = unique_name(pair.image or _common_name(pair), taken)
    load = partial(reader.contents, source, pair, encoding, name) if pair.masks else Contents
    return Sample(name, picture, load)


def _common_name(pair: Pair) -> str:
    first = pair.masks[0]
    return first.rpartition("/")[0] if pair.apart else first


def _index(source: FileSource) -> str | None:
    """Return the list that `PngWriter` has written."""
    for name in source.with_suffix(".json"):
        is_called = name == _INDEX or name.endswith(f"/{_INDEX}")
        if is_called and source.files.n_bytes(name) <= _MAX_INDEX_BYTES and _is_ours(source, name):
            return name
    return None


def _is_ours(source: FileSource, name: str) -> bool:
    try:
        document: Any = source.json(name)
    except MaskcoreError:
        return False
    if not isinstance(document, dict) or document.get("masks") != _LAYOUT:
        return False
    labels = document.get("labels")
    return isinstance(labels, dict) and all(isinstance(label, str) for label in labels.values())


def _classes(source: FileSource, problems: list[Problem]) -> dict[str, str]:
    for name in classes.find(source):
        try:
            if found := classes.read(source, name):
                return found
        except MaskcoreError as error:
            problems.append(Problem(name, str(error)))
    return {}


def _likeness(source: FileSource, names: Sequence[str]) -> Likeness:
    votes: Counter[Likeness] = Counter()
    for pixels in reader.some_pixels(source, names, _LOOKED_AT):
        kinds = mask_kinds.likely_kinds(pixels)
        if kinds == ("gray",) and pixels.stored_as == "color":
            votes["photos"] += 1
        elif pixels.is_lossy or kinds[0] not in ("binary", *mask_kinds.CODED):
            votes["maybe"] += 1
        else:
            votes["masks"] += 1
    return votes.most_common(1)[0][0] if votes else "maybe"
