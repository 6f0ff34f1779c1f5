"""What can be done to layers, and what comes of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from maskcore import masks, rle
from maskcore.rle import RLE
from maskcore.types import Instance, Mask
from pages.shared import caches
from pages.shared.pictures import Picture
from pages.shared.workspace import Layer

Value = float | None


@dataclass(frozen=True)
class Operation:
    """One kind of edit.

    Attributes:
        title: On the page.
        make: From the chosen masks and the value to the results of each; operations that combine
            masks have one result, which takes the place of all.
        code: The same in Python, for a ``mask`` and a ``{value}``, or for all ``chosen``.
        combines: Whether it takes two or more masks together.
    """

    title: str
    make: Callable[[Sequence[RLE], Value], list[list[RLE]]]
    code: str
    combines: bool = False


def _of_pixels(title: str, work: Callable[..., Mask], code: str = "") -> Operation:
    def make(chosen: Sequence[RLE], value: Value) -> list[list[RLE]]:
        return [[rle.encode(work(rle.decode(mask), value))] for mask in chosen]

    code = code or f"masks.{work.__name__}(rle.decode(mask), {{value}})"
    return Operation(title, make, f"[rle.encode({code}) for mask in chosen]")


def _of_all(title: str, work: Callable[[Sequence[RLE]], RLE], code: str) -> Operation:
    return Operation(title, lambda chosen, _: [[work(chosen)]], code, combines=True)


def _simplify(mask: Mask, tolerance: float) -> Mask:
    return masks.polygons_to_mask(masks.mask_to_polygons(mask, tolerance=tolerance), mask.shape)


GROUPS: dict[str, dict[str, Operation]] = {
    "Outline": {
        "grow": _of_pixels("Grow", masks.grow),
        "shrink": _of_pixels("Shrink", masks.shrink),
        "open": _of_pixels("Open", masks.open),
        "close": _of_pixels("Close", masks.close),
        "smooth": _of_pixels("Smooth", masks.smooth),
        "simplify": _of_pixels(
            "Simplify",
            _simplify,
            "masks.polygons_to_mask("
            "masks.mask_to_polygons(rle.decode(mask), tolerance={value}), mask.size_hw)",
        ),
    },
    "Parts": {
        "fill_holes": _of_pixels("Fill holes", masks.fill_holes),
        "drop_specks": _of_pixels("Drop specks", masks.drop_specks),
        "keep_largest": _of_pixels("Keep largest", masks.keep_largest),
        "split": Operation(
            "Split",
            lambda chosen, _: [masks.split(rle.decode(mask)) for mask in chosen],
            "[part for mask in chosen for part in masks.split(rle.decode(mask))]",
        ),
    },
    "Combine": {
        "union": _of_all("Union", rle.union, "[rle.union(chosen)]"),
        "intersection": _of_all("Intersection", rle.intersection, "[rle.intersection(chosen)]"),
        "difference": _of_all(
            "Difference",
            lambda chosen: rle.difference(chosen[0], rle.union(chosen[1:])),
            "[rle.difference(chosen[0], rle.union(chosen[1:]))]",
        ),
        "exclusive_or": _of_all("Exclusive or", rle.exclusive_or, "[rle.exclusive_or(chosen)]"),
        "invert": Operation(
            "Invert",
            lambda chosen, _: [[rle.invert(mask)] for mask in chosen],
            "[rle.invert(mask) for mask in chosen]",
        ),
    },
}
OPERATIONS = {name: operation for group in GROUPS.values() for name, operation in group.items()}


@dataclass(frozen=True)
class Edit:
    """An operation that is chosen.

    Attributes:
        name: Of the operation.
        value: Pixels, an area or a number, as the operation takes it.
    """

    name: str
    value: Value = None

    @property
    def operation(self) -> Operation:
        """What is done."""
        return OPERATIONS[self.name]


def results_of(edit: Edit, layers: Sequence[Layer]) -> list[Instance]:
    """Return what the edit makes of the layers: exact and of the full size, made only once."""
    groups = _results(edit, [layer.instance.mask for layer in layers])
    instances = [layer.instance for layer in layers]
    if edit.operation.combines:
        instances = [replace(instances[0], score=None)]
    return [
        replace(instance, mask=mask)
        for instance, group in zip(instances, groups, strict=True)
        for mask in group
    ]


@caches.resource(max_entries=24)
def _results(edit: Edit, before: list[RLE]) -> list[list[RLE]]:
    return edit.operation.make(before, edit.value)


def python(edit: Edit, picture: Picture) -> str:
    """Write the maskcore calls that do the same."""
    code = edit.operation.code.format(value=edit.value)
    used = "masks, rle, rle_csv" if "masks." in code else "rle, rle_csv"
    return f"""\
from pathlib import Path

from maskcore import {used}

# The layers, as the sidebar's "Download" writes them in a dialect of your choice.
rows = rle_csv.read(Path("rows.csv"), size_hw={picture.size_hw}).rows
chosen = [row.mask for row in rows]
edited = {code}
"""
