"""What a finding is, and the table of everything that can be found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal, NamedTuple

from maskcore.files.sanitize import plain

Severity = Literal["error", "warning", "note"]


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that may be wrong in a data set.

    Attributes:
        severity: "error" spoils what is made of the set, "warning" most likely does, a "note" is
            worth a look.
        kind: A key of `KINDS`.
        sample: Name of the sample; "" if it is about the whole set.
        where: File and place in it, or the sample's name.
        what: What is wrong, one or two sentences with the numbers.
        fix: What can be done, one sentence.
        is_certain: Whether `audit.fixed` mends it.
        mask: Place among the sample's annotations, from 0; None if it is not about one mask.
        rename: A class and what `audit.fixed` calls it instead.
    """

    severity: Severity
    kind: str
    sample: str
    where: str
    what: str
    fix: str
    is_certain: bool = False
    mask: int | None = None
    rename: tuple[str, str] | None = None


class _Kind(NamedTuple):
    title: str
    severity: Severity
    fix: str


_KINDS = {
    "unreadable-image": _Kind(
        "Images that cannot be opened",
        "error",
        "Replace the file by a good copy, or take it out of the set.",
    ),
    "dialect": _Kind(
        "Rows and columns mistaken",
        "error",
        "Read the table in a dialect that counts pixels the other way.",
    ),
    "turned": _Kind(
        "Masks made before the image was turned upright",
        "error",
        "Turn the masks as the image is turned.",
    ),
    "size": _Kind(
        "Sizes that differ",
        "error",
        "Look which of the two sizes is right, then resize the mask or replace the image.",
    ),
    "unreadable-annotation": _Kind(
        "Annotations that cannot be read",
        "error",
        "Correct it in the file, or delete it there; everything else was read.",
    ),
    "missing-image": _Kind(
        "Masks without an image",
        "error",
        "Add the image, or correct its name in the annotations.",
    ),
    "file": _Kind(
        "Files that are left out, or clash",
        "warning",
        "Look whether they belong to the set; everything else was read.",
    ),
    "odd-annotation": _Kind(
        "Annotations that are not quite right",
        "warning",
        "Correct it in the file; until then it is read as said here.",
    ),
    "class-name": _Kind(
        "Class names that differ only in capitals or spaces",
        "warning",
        "Use one name for both.",
    ),
    "duplicate-mask": _Kind(
        "Objects annotated twice", "warning", "Look at both masks and delete one of them."
    ),
    "duplicate-image": _Kind(
        "Images that are there twice",
        "warning",
        "Keep the one whose masks are right and take the other out.",
    ),
    "stray-value": _Kind(
        "Stray values in label maps",
        "warning",
        "Set these pixels to the value around them, and save label maps as PNG without smoothing.",
    ),
    "empty-mask": _Kind("Empty masks", "warning", "Leave the mask out."),
    "box": _Kind(
        "Boxes that disagree with their masks",
        "warning",
        "Look which of the two is right; files that are written get their boxes from the masks.",
    ),
    "overlap": _Kind(
        "Masks of one class that overlap",
        "warning",
        "Look whether they are one object, or which of them has the pixels.",
    ),
    "border-line": _Kind(
        "Masks that are a line along the edge",
        "warning",
        "Delete the mask unless the edge of the image does cut an object there.",
    ),
    "rare-class": _Kind(
        "Rare classes",
        "note",
        "Add images of these classes, or weigh them more in training.",
    ),
    "unused-class": _Kind(
        "Classes without a mask",
        "note",
        "Take them out of the list of classes, or add images of them.",
    ),
    "similar-image": _Kind(
        "Images that look alike",
        "note",
        "Keep both in the same part of the set, so that no test image is known from training.",
    ),
    "unusual-area": _Kind(
        "Masks of an unusual size",
        "note",
        "Look whether it is a slip of the tool or another class.",
    ),
    "missing-mask": _Kind(
        "Images without a mask",
        "note",
        "Draw the masks that are missing; if there is nothing to find in the image, it is fine.",
    ),
}

KINDS: Mapping[str, str] = MappingProxyType({kind: known.title for kind, known in _KINDS.items()})
"""Every kind of finding and its title for people, the gravest first."""

_RANKS = {kind: rank for rank, kind in enumerate(KINDS)}
_SEVERITIES = {"error": 0, "warning": 1, "note": 2}


def make_finding(
    kind: str,
    sample: str,
    where: str,
    what: str,
    *,
    fix: str = "",
    severity: Severity | None = None,
    is_certain: bool = False,
    mask: int | None = None,
    rename: tuple[str, str] | None = None,
) -> Finding:
    """Make a finding; severity and fix are those of its kind unless others are given."""
    of_kind = _KINDS[kind]
    return Finding(
        severity or of_kind.severity,
        kind,
        sample,
        where or sample,
        plain(what),
        plain(fix) or of_kind.fix,
        is_certain,
        mask,
        rename,
    )


def rank(finding: Finding) -> tuple[int, int]:
    """Where a finding stands in a list, the gravest first."""
    return _SEVERITIES[finding.severity], _RANKS[finding.kind]
