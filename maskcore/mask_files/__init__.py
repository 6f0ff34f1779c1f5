"""Read masks out of a picture file, whatever way its maker chose to store them."""

from __future__ import annotations

import os
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from maskcore import rle
from maskcore.image_io import stored
from maskcore.image_io.stored import OPAQUE, MaskPixels
from maskcore.mask_files.kinds import KINDS as KINDS, check_kind, likely_kinds
from maskcore.rle import RLE, label_map
from maskcore.types import Instance, Mask

_NOUNS = {
    "label map": ("label", "labels"),
    "palette": ("class", "classes"),
    "color map": ("color", "colors"),
}
_OPAQUE_COLOR = 1 << 24
_TURNS = (None, cv2.ROTATE_90_CLOCKWISE, cv2.ROTATE_180, cv2.ROTATE_90_COUNTERCLOCKWISE)


@dataclass(frozen=True)
class MaskFile:
    """What a file holds, read in one way.

    Attributes:
        kind: That way, one of `KINDS`.
        kinds: The ways that make sense for the file, the likeliest first.
        size_hw: (height, width).
        instances: The masks, none of them empty; they do not overlap.
        labels: Of "label map", "palette" and "color map" all labels in the file, also those that
            were left out; else empty.
        left_out: Labels that are no mask, such as the background.
        notes: One sentence for each thing that a person should know.
    """

    kind: str
    kinds: tuple[str, ...]
    size_hw: tuple[int, int]
    instances: tuple[Instance, ...]
    labels: tuple[str, ...]
    left_out: tuple[str, ...]
    notes: tuple[str, ...]

    @property
    def summary(self) -> str:
        """A few words, such as "label map with 12 labels"."""
        if self.kind in _NOUNS:
            count = len(self.instances)
            return f"{self.kind} with {count:,} {_NOUNS[self.kind][count != 1]}"
        inside = sum(rle.area(instance.mask) for instance in self.instances)
        share = inside / (self.size_hw[0] * self.size_hw[1])
        name = {"binary": "black and white mask", "gray": "gray mask", "alpha": "transparency"}
        return f"{name[self.kind]}, {share:.1%} inside"


def read(
    source: bytes | str | os.PathLike[str],
    *,
    kind: str = "auto",
    threshold: int = 128,
    invert: bool = False,
    left_out: Collection[str] | None = None,
    quarter_turns: int = 0,
) -> MaskFile:
    """Read the masks of a PNG, TIFF, BMP, WebP, GIF, JPEG or AVIF file.

    - "binary": of the file's two values, whatever they are, the larger one is inside; a single
      value is if it is not 0. The label is "mask".
    - "gray": inside is what is at least as bright as the threshold, see `MaskPixels.brightness`.
      The label is "mask".
    - "alpha": inside is what is at least as opaque as the threshold. The label is "opaque".
    - "label map": each value is a mask; its label is the value as stored, not scaled to 8 bits.
    - "palette": each index is a mask; its label is the index.
    - "color map": each color is a mask; its label is "#rrggbb", or "transparent".

    Args:
        source: The file's bytes, or where it is.
        kind: One of `KINDS`, or "auto" for the likeliest.
        threshold: 1 to 255, for "gray" and "alpha".
        invert: Whether to swap inside and outside, for "binary", "gray" and "alpha".
        left_out: Labels that are no mask; None for the background. That is 0 and what is negative
            in a label map; in a palette what is transparent, else 0, and 255 where it looks like
            Pascal VOC's border; in a color map what is transparent, else black, else white.
        quarter_turns: Quarter turns to the right that the masks still need.

    Returns:
        The masks, at the size of the file.

    Raises:
        ImageError: If the file cannot be read, or not in that way.
        ValueError: If an argument is out of range.
    """
    return interpret(
        stored.read(source),
        kind=kind,
        threshold=threshold,
        invert=invert,
        left_out=left_out,
        quarter_turns=quarter_turns,
    )


def interpret(
    pixels: MaskPixels,
    *,
    kind: str = "auto",
    threshold: int = 128,
    invert: bool = False,
    left_out: Collection[str] | None = None,
    quarter_turns: int = 0,
) -> MaskFile:
    """Read the masks of a file whose numbers are read; arguments and errors as of `read`."""
    if kind not in ("auto", *KINDS):
        raise ValueError(f"kind must be auto or one of {KINDS}, got {kind!r}")
    if not 1 <= threshold <= 255:
        raise ValueError(f"threshold must be 1 to 255, got {threshold}")
    kinds = likely_kinds(pixels)
    if kind == "auto":
        kind = kinds[0]
    check_kind(pixels, kind)
    notes = list(pixels.notes)
    found: dict[str, RLE]
    skipped: Collection[str] = ()
    if kind in _NOUNS:
        found = _by_label(pixels, kind, quarter_turns)
        skipped = _background(pixels, kind, found) if left_out is None else left_out
        if kind == "palette" and left_out is None and "255" in skipped:
            notes.append("Index 255 is left out; in Pascal VOC it is the border of the objects.")
    else:
        inside = _inside(pixels, kind, threshold)
        mask = rle.encode(_turned(inside.view(np.uint8), quarter_turns).view(np.bool_))
        found = {"opaque" if kind == "alpha" else "mask": rle.invert(mask) if invert else mask}
        if kind == "gray":
            notes += _gray_notes(pixels, threshold)
    instances = [Instance(mask, label) for label, mask in found.items() if label not in skipped]
    height, width = pixels.size_hw
    return MaskFile(
        kind=kind,
        kinds=kinds,
        size_hw=(width, height) if quarter_turns % 2 else (height, width),
        instances=tuple(instance for instance in instances if rle.area(instance.mask)),
        labels=tuple(found) if kind in _NOUNS else (),
        left_out=tuple(label for label in found if label in skipped),
        notes=tuple(notes),
    )


def _by_label(pixels: MaskPixels, kind: str, quarter_turns: int) -> dict[str, RLE]:
    """Label -> mask, ascending by value, colors by their names."""
    codes: NDArray[Any] = pixels.values
    if kind == "color map" and pixels.stored_as == "index":
        reds_greens_blues = (bytes.fromhex(color[1:]) for color in pixels.palette)
        numbers = [int.from_bytes(rgb, "little") + _OPAQUE_COLOR for rgb in reds_greens_blues]
        codes = np.array(numbers, np.int32)[codes]
        if pixels.alpha is not None:
            codes[pixels.alpha < OPAQUE] = 0
    found = label_map.encode(_turned(codes, quarter_turns))
    if kind != "color map":
        return {str(value): mask for value, mask in found.items()}
    return dict(sorted((_color_label(value), mask) for value, mask in found.items()))


def _color_label(value: int) -> str:
    rgb = (value - _OPAQUE_COLOR).to_bytes(3, "little") if value else b""
    return f"#{rgb.hex()}" if value else "transparent"


def _background(pixels: MaskPixels, kind: str, labels: Collection[str]) -> set[str]:
    if kind == "color map":
        usual = ("transparent", "#000000", "#ffffff")
        return {next((label for label in usual if label in labels), "")}
    if kind == "label map":
        return {label for label in labels if int(label) <= 0}
    background = {"0"}
    if pixels.alpha is not None:
        is_clear = pixels.alpha < OPAQUE
        hidden = np.setdiff1d(pixels.values[is_clear], pixels.values[~is_clear])
        background = {str(index) for index in hidden} or background
    classes = set(labels) - background
    if "255" in classes and len(classes) > 1 and "254" not in classes:
        background.add("255")
    return background


def _inside(pixels: MaskPixels, kind: str, threshold: int) -> Mask:
    if kind == "gray":
        return pixels.brightness >= threshold
    if kind == "alpha" and pixels.alpha is not None:
        return pixels.alpha >= threshold
    smallest, largest = int(pixels.values.min()), int(pixels.values.max())
    inside: Mask = np.equal(pixels.values, largest)
    return inside if largest != smallest or largest else ~inside


def _gray_notes(pixels: MaskPixels, threshold: int) -> list[str]:
    brightest = int(pixels.brightness.max())
    if brightest < threshold:
        return [f"No pixel is as bright as {threshold}; the brightest is {brightest}."]
    if pixels.is_lossy:
        return [f"The file's format blurs edges, so that {threshold} and brighter is inside."]
    return []


def _turned(values: NDArray[Any], quarter_turns: int) -> NDArray[Any]:
    turn = _TURNS[quarter_turns % 4]
    return values if turn is None else np.asarray(cv2.rotate(values, turn), values.dtype)
