"""A data set with those of its faults mended that can be mended in only one way."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import partial

import numpy as np

from maskcore import rle
from maskcore.datasets.audit.finding import Finding
from maskcore.datasets.dataset import Annotation, Contents, Dataset, Sample
from maskcore.image_io import pixels as image_pixels
from maskcore.rle import RLE


def fixed(dataset: Dataset, findings: Iterable[Finding]) -> Dataset:
    """Mend what is certain: empty masks and what is there twice left out, masks turned, names.

    Args:
        dataset: The data set; not changed.
        findings: What `audit.check` found in it, or some of that. Those that are not certain
            are left aside.

    Returns:
        The data set without these faults. Its masks are mended when they are read.
    """
    renamed: dict[str, str] = {}
    left_out = set()
    kinds: defaultdict[str, set[str]] = defaultdict(set)
    places: defaultdict[str, set[int]] = defaultdict(set)
    for it in findings:
        if not it.is_certain:
            continue
        if it.rename is not None:
            renamed[it.rename[0]] = it.rename[1]
        elif it.kind == "duplicate-image":
            left_out.add(it.sample)
        else:
            kinds[it.sample].add(it.kind)
            if it.mask is not None and it.kind != "turned":
                places[it.sample].add(it.mask)
    samples = [
        replace(it, load=partial(_mended, it, places[it.name], "turned" in kinds[it.name], renamed))
        if renamed or kinds[it.name]
        else it
        for it in dataset.samples
        if it.name not in left_out
    ]
    labels = dict.fromkeys(renamed.get(it, it) for it in dataset.stated_labels)
    return replace(dataset, samples=samples, stated_labels=tuple(labels))


def _mended(
    sample: Sample, places: set[int], is_turned: bool, renamed: Mapping[str, str]
) -> Contents:
    contents = sample.read()
    kept = [it for place, it in enumerate(contents.annotations) if place not in places]
    size_hw = contents.size_hw
    probe = sample.probe
    if is_turned and probe is not None:
        kept = [_turned(it, probe.stored_hw, probe.orientation) for it in kept]
        size_hw = probe.size_hw
    if renamed:
        kept = [_called(it, renamed) for it in kept]
    return Contents(kept, contents.problems, size_hw)


def _turned(it: Annotation, stored_hw: tuple[int, int], orientation: int) -> Annotation:
    mask = it.instance.mask
    if mask.size_hw != stored_hw:
        return it
    return Annotation(replace(it.instance, mask=upright(mask, orientation)), it.where)


def upright(mask: RLE, orientation: int) -> RLE:
    """Turn a mask as an image of that EXIF orientation, 1 to 8, is turned."""
    pixels = rle.decode(mask, order="C").view(np.uint8)
    turned, _ = image_pixels.turn_upright(pixels, None, orientation)
    return rle.encode(turned.view(np.bool_))


def _called(it: Annotation, renamed: Mapping[str, str]) -> Annotation:
    new = renamed.get(it.instance.label)
    return it if new is None else replace(it, instance=replace(it.instance, label=new))
