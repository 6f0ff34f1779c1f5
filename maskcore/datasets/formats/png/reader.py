"""From files of masks to named masks, all files of a set in the same way."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from maskcore import mask_files, rle
from maskcore.datasets.dataset import Annotation, Contents, Problem
from maskcore.datasets.files import base, stem
from maskcore.datasets.formats.png import classes as png_classes, names as png_names
from maskcore.datasets.formats.png.pairs import Pair
from maskcore.datasets.source import FileSource
from maskcore.errors import MaskcoreError
from maskcore.files import archive
from maskcore.files.values import NO_LABEL
from maskcore.image_io import stored as mask_pixels
from maskcore.image_io.stored import MaskPixels
from maskcore.mask_files import kinds as mask_kinds, names as cutout_names
from maskcore.types import Instance

_LOOKED_AT = 16
_MIDDLE = 128
_WHITE = 255
_NUMBERED = re.compile(r"\d+_(.+)", re.DOTALL)
_VALUE_OF = {"number": "label map", "index": "palette", "color": "color map"}


@dataclass(frozen=True)
class MaskEncoding:
    """How the masks of a set are stored.

    Attributes:
        by_value: Whether each number, palette index or color is a class; else a file is one mask.
        classes: Number or "#rrggbb" -> name.
        labels: Name in a file's name -> label.
        folder: Where the files lie whose names are in `labels`, with "/" behind; None if there
            are none.
    """

    by_value: bool
    classes: Mapping[str, str] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    folder: str | None = None

    @property
    def label(self) -> str:
        """What a mask is called that nothing names."""
        return next(iter(self._named)) if len(self._named) == 1 else NO_LABEL

    @property
    def class_labels(self) -> tuple[str, ...]:
        """The classes, without the background."""
        return tuple(dict.fromkeys(self._named))

    @property
    def _named(self) -> list[str]:
        names = self.classes.items()
        return [name for value, name in names if not (_can_be_background(value) and _is_none(name))]


def detect_encoding(
    source: FileSource, names: Sequence[str], classes: Mapping[str, str]
) -> MaskEncoding:
    """Tell from some of the masks how all of them are stored.

    Args:
        source: The files.
        names: Of the masks.
        classes: As in `MaskEncoding`.
    """
    n_by_value = n_others = n_white = 0
    seen: set[int] = set()
    for pixels in some_pixels(source, names, _LOOKED_AT):
        if pixels.distinct is not None and mask_kinds.likely_kinds(pixels)[0] == "binary":
            values = pixels.distinct.tolist()
            seen.update(values)
            n_white += values[-1] == _WHITE  # a class of that number would be the only one
        elif _is_by_value(pixels, classes):
            n_by_value += 1
        else:
            n_others += 1
    if not n_by_value and not n_others:
        # Of maps that hold one class each, no single one tells.
        is_listed = bool(seen - {0}) and all(str(value) in classes for value in seen - {0})
        return MaskEncoding(by_value=is_listed or len(seen) > 2, classes=classes)
    # A damaged file or two do not make classes of black and white.
    by_value = n_by_value > n_others and n_by_value >= n_white
    return MaskEncoding(by_value=by_value, classes=classes)


def _is_by_value(pixels: MaskPixels, classes: Mapping[str, str]) -> bool:
    """Whether each value is a class, also where classes lie in thin lines as soft edges do."""
    kinds = mask_kinds.likely_kinds(pixels)
    if kinds[0] in mask_kinds.CODED:
        return True
    values = pixels.distinct
    if values is None or pixels.is_lossy or not set(kinds) & set(mask_kinds.CODED):
        return False
    is_dark = pixels.values.dtype == np.uint8 and values[-1] < _MIDDLE
    is_listed = all(str(value) in classes for value in values.tolist() if value)
    return pixels.stored_as != "number" or pixels.values.dtype != np.uint8 or is_dark or is_listed


def stated_labels(encoding: MaskEncoding, pairs: Sequence[Pair]) -> tuple[str, ...]:
    """Return the classes as far as names and lists tell; () if only the masks do."""
    if encoding.by_value:
        return encoding.class_labels
    named = [_from_name(encoding, pair, mask)[0] for pair in pairs for mask in pair.masks]
    return tuple(dict.fromkeys([*encoding.labels.values(), *named]))


def contents(source: FileSource, pair: Pair, encoding: MaskEncoding, sample: str) -> Contents:
    """Read the masks of an image; what cannot be read is a problem."""
    annotations: list[Annotation] = []
    problems: list[Problem] = []
    size_hw = None
    for name in pair.masks:
        try:
            pixels = mask_pixels.read(source.files.read(name))
            found = _instances(pixels, encoding, _from_name(encoding, pair, name))
        except MaskcoreError as error:
            reason = str(error).replace("The file", archive.safe_name(name), 1)
            problems.append(Problem(name, reason, sample))
            continue
        size_hw = size_hw or pixels.size_hw
        annotations += [Annotation(instance, name) for instance in found]
    return Contents(annotations, problems, size_hw)


def some_pixels(source: FileSource, names: Sequence[str], count: int) -> Iterator[MaskPixels]:
    """Yield the pixels of some of the files, from all over; those that cannot be read are not."""
    step = -(-len(names) // count) or 1
    for name in names[::step]:
        try:
            yield mask_pixels.read(source.files.read(name))
        except MaskcoreError:
            continue


def _instances(
    pixels: MaskPixels, encoding: MaskEncoding, named: tuple[str, float | None]
) -> Sequence[Instance]:
    kinds = mask_kinds.likely_kinds(pixels)
    n_values = 0 if pixels.distinct is None else pixels.distinct.size
    if encoding.by_value or (kinds[0] == "label map" and n_values > 2):
        return _classes(pixels, encoding.classes)
    kind = next((name for name in kinds if name not in mask_kinds.CODED), "gray")
    found = mask_files.interpret(pixels, kind=kind).instances
    mask = found[0].mask if found else rle.empty(pixels.size_hw)
    return [Instance(mask, *named)]


def _classes(pixels: MaskPixels, classes: Mapping[str, str]) -> list[Instance]:
    kind = _VALUE_OF[pixels.stored_as]
    by_color = any(key.startswith("#") for key in classes)
    if kind == "palette" and by_color:
        kind = "color map"
    left_out = None
    if classes:
        nothing = {"0", "transparent", "#000000", *(("255",) if kind == "palette" else ())}
        left_out = {value for value in nothing if _is_none(classes.get(value, ""))}
        left_out |= {
            value for value, name in classes.items() if value.startswith("#") and _is_none(name)
        }
    found = mask_files.interpret(pixels, kind=kind, left_out=left_out).instances
    if by_color and kind == "label map":  # a map of colors of which this one has only grays
        found = tuple(replace(gray, label="#" + f"{int(gray.label):02x}" * 3) for gray in found)
    return [replace(one, label=classes.get(one.label, one.label)) for one in found]


def _is_none(name: str) -> bool:
    return not name or png_classes.is_background(name)


def _can_be_background(value: str) -> bool:
    return value == "0" or value.startswith("#")


def _from_name(encoding: MaskEncoding, pair: Pair, name: str) -> tuple[str, float | None]:
    """Return the label and the score that the name of a mask tells."""
    if not pair.apart:
        return encoding.label, None
    try:
        ours = cutout_names.parse_file_name(f"{stem(name)}.png")
    except ValueError:
        pass
    else:
        return ours.label, ours.score
    folder = name.rpartition("/")[0]
    is_indexed = encoding.folder is not None and name.startswith(encoding.folder)
    if not folder or (png_names.is_called(base(folder), png_names.MASKS) and not is_indexed):
        return encoding.label, None
    numbered = _NUMBERED.fullmatch(stem(name))
    if numbered:
        return (encoding.labels.get(numbered[1], numbered[1]) if is_indexed else numbered[1]), None
    is_class = pair.image is not None and stem(name).casefold() == stem(pair.image).casefold()
    return (base(folder) if is_class else encoding.label), None
