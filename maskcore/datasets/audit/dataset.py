"""What may be wrong with a data set as a whole, seen by its masks' measures."""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from maskcore.datasets.audit.finding import Finding, Severity, make_finding
from maskcore.datasets.audit.measures import Survey
from maskcore.files.sanitize import shown
from maskcore.wording import counted, listed

_FEWEST = 20  # masks of a class that say what is usual in it
_SPREADS = 5.0
_FACTOR = 10.0
_SPREAD_OF_MAD = 1.4826  # standard deviations in a median absolute deviation, if normal
_MOST_OUTLIERS = 10

_FEW_BARE = 20  # images without a mask that are named one by one
_FEW_BARE_SHARE = 0.1

_RARE = 0.01
_NAMED = 5

_FEW_SAMPLES = 2
_FEW_PIXELS = 16
_STRAY_SHARE = 0.001  # of all labeled pixels
_SCATTERED_SHARE = 0.01


def check(
    survey: Survey, wheres: Sequence[str], scattered: NDArray[np.bool_] | None
) -> Iterator[Finding]:
    """Yield what is found in all samples together.

    Args:
        survey: What was measured.
        wheres: (N,) file and place of each mask.
        scattered: (N,) which masks are nothing but single pixels; None if the set has no label
            maps.
    """
    yield from _missing(survey)
    yield from _class_names(survey)
    if scattered is not None:
        yield from _stray_values(survey, scattered)
    yield from _unusual_areas(survey, wheres)
    yield from _balance(survey)


def _missing(survey: Survey) -> Iterator[Finding]:
    n_masks = np.bincount(survey.sample, minlength=len(survey.names))
    missing = np.flatnonzero(~survey.has_image).tolist()
    bare = np.flatnonzero(survey.has_image & (n_masks == 0)).tolist()
    n_images = len(survey.names) - len(missing)
    if len(missing) > 1 and len(bare) == n_images:
        what = f"None of the {len(missing):,} images that the annotations speak of is there."
        if n_images:
            what += f" There {'is' if n_images == 1 else 'are'} {counted(n_images, 'other image')}."
        severity: Severity = "error" if n_images else "warning"
        fix = "Add the images, or correct their names in the annotations."
        yield make_finding("missing-image", "", "", what, fix=fix, severity=severity)
    else:
        for place in missing:
            what = (
                f"The annotations speak of it, with {counted(int(n_masks[place]), 'mask')}, but "
                "there is no image of that name."
            )
            yield make_finding("missing-image", survey.names[place], "", what)
    if 1 < len(bare) == n_images:
        yield make_finding("missing-mask", "", "", f"None of the {n_images:,} images has a mask.")
    elif len(bare) > max(_FEW_BARE, _FEW_BARE_SHARE * n_images):
        names = listed([shown(survey.names[place]) for place in bare], _NAMED)
        what = f"{len(bare):,} of {n_images:,} images have no mask: {names}."
        yield make_finding("missing-mask", "", "", what)
    else:
        for place in bare:
            yield make_finding(
                "missing-mask", survey.names[place], "", "There is no mask for the image."
            )


def _class_names(survey: Survey) -> Iterator[Finding]:
    counts = np.bincount(survey.label, minlength=len(survey.labels)).tolist()
    alike = defaultdict(list)
    for place, label in enumerate(survey.labels):
        alike[_folded(label)].append(place)
    for group in alike.values():
        best = max(group, key=lambda place: counts[place])  # the first of several
        for place in group:
            if place != best:
                old, new = survey.labels[place], survey.labels[best]
                what = (
                    f"The classes “{shown(old)}” ({counted(counts[place], 'mask')}) and "
                    f"“{shown(new)}” ({counted(counts[best], 'mask')}) differ only in capitals or "
                    "spaces."
                )
                fix = f"Call both “{shown(new)}”."
                rename = old, new
                yield make_finding(
                    "class-name", "", "", what, fix=fix, is_certain=True, rename=rename
                )


def _folded(label: str) -> str:
    return unicodedata.normalize("NFC", " ".join(label.split()).casefold())


def _stray_values(survey: Survey, scattered: NDArray[np.bool_]) -> Iterator[Finding]:
    n = len(survey.labels)
    area = np.bincount(survey.label, survey.area, n)
    n_masks = np.bincount(survey.label[survey.area > 0], minlength=n)
    n_scattered = np.bincount(survey.label[scattered], minlength=n)
    few = (n_masks <= _FEW_SAMPLES) & (area <= _FEW_PIXELS) & (area < _STRAY_SHARE * area.sum())
    dust = (n_masks == n_scattered) & (area < _SCATTERED_SHARE * area.sum())
    stray = np.flatnonzero((n_masks > 0) & (few | dust)).tolist()
    if len(stray) > _NAMED:
        named = listed([shown(survey.labels[label]) for label in stray], _NAMED)
        what = (
            f"{len(stray):,} of {n:,} values are found only in a few single pixels: {named}. "
            "Label maps that were smoothed, resized or saved as JPEG look like this."
        )
        yield make_finding("stray-value", "", "", what)
        return
    for label in stray:
        masks = np.flatnonzero((survey.label == label) & (survey.area > 0))
        samples = np.unique(survey.sample[masks])
        name = survey.names[int(samples[0])] if samples.size == 1 else ""
        what = (
            f"The value “{shown(survey.labels[label])}” is found in only "
            f"{counted(int(area[label]), 'pixel')} of {counted(samples.size, 'image')}."
        )
        yield make_finding("stray-value", name, "", what)


def _unusual_areas(survey: Survey, wheres: Sequence[str]) -> Iterator[Finding]:
    first = np.searchsorted(survey.sample, np.arange(len(survey.names)))
    usable = np.flatnonzero((survey.area > 0) & ~survey.is_crowd)
    if not usable.size:
        return
    order = usable[np.argsort(survey.label[usable], kind="stable")]
    labels, starts = np.unique(survey.label[order], return_index=True)
    for label, masks in zip(labels.tolist(), np.split(order, starts[1:]), strict=True):
        if masks.size < _FEWEST:
            continue
        areas = np.log(survey.area[masks])
        middle = np.median(areas)
        away = np.abs(areas - middle)
        limit = max(_SPREADS * _SPREAD_OF_MAD * np.median(away), np.log(_FACTOR))
        worst = np.argsort(-away, kind="stable")[:_MOST_OUTLIERS]
        for at in worst[away[worst] > limit].tolist():
            mask = int(masks[at])
            sample = int(survey.sample[mask])
            factor = float(np.exp(away[at]))
            usual = f"usual in its class are {np.exp(middle):,.0f}, {factor:,.0f} times as many"
            if areas[at] > middle:
                usual = f"{factor:,.0f} times as many as usual in its class ({np.exp(middle):,.0f})"
            pixels = counted(int(survey.area[mask]), "pixel")
            what = f"“{shown(survey.labels[label])}” has {pixels}; {usual}."
            place = mask - int(first[sample])
            yield make_finding("unusual-area", survey.names[sample], wheres[mask], what, mask=place)


def _balance(survey: Survey) -> Iterator[Finding]:
    counts = np.bincount(survey.label, minlength=len(survey.labels))
    unused = np.flatnonzero(counts == 0).tolist()
    if unused and survey.label.size:
        what = (
            f"{counted(len(unused), 'class')} of {counts.size:,} "
            f"{'has' if len(unused) == 1 else 'have'} no mask: "
            f"{listed([shown(survey.labels[label]) for label in unused], _NAMED)}."
        )
        yield make_finding("unused-class", "", "", what)
    # With very many classes even an even share is small.
    limit = min(_RARE, 0.5 / max(counts.size, 1)) * survey.label.size
    rare = [
        label for label in np.argsort(counts, kind="stable").tolist() if 0 < counts[label] < limit
    ]
    if rare:
        named = [f"{shown(survey.labels[label])} ({counts[label]:,})" for label in rare]
        what = (
            f"{counted(len(rare), 'class')} of {counts.size:,} "
            f"{'has' if len(rare) == 1 else 'have'} less than {limit / survey.label.size:.2%} of "
            f"the {survey.label.size:,} masks: {listed(named, _NAMED)}."
        )
        yield make_finding("rare-class", "", "", what)
