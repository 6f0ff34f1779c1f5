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
    for finding in findings:
        if not finding.is_certain:
            continue
        if finding.rename is not None:
            renamed[finding.rename[0]] = finding.rename[1]
        elif finding.kind == "duplicate-image":
            left_out.add(finding.sample)
        else:
            kinds[finding.sample].add(finding.kind)
            if finding.mask is not None and finding.kind != "turned":
                places[finding.sample].add(finding.mask)
    samples = [
        _mended(sample, places[sample.name], kinds[sample.name], renamed)
        for sample in dataset.samples
        if sample.name not in left_out
    ]
    labels = dict.fromkeys(renamed.get(label, label) for label in dataset.stated_labels)
    return replace(dataset, samples=samples, stated_labels=tuple(labels))


def _mended(
    sample: Sample, places: set[int], kinds: set[str], renamed: Mapping[str, str]
) -> Sample:
    if not (renamed or kinds):
        return sample
    return replace(sample, load=partial(_contents, sample, places, "turned" in kinds, renamed))


def _contents(
    sample: Sample, places: set[int], is_turned: bool, renamed: Mapping[str, str]
) -> Contents:
    contents = sample.read()
    kept = [
        annotation for place, annotation in enumerate(contents.annotations) if place not in places
    ]
    size_hw = contents.size_hw
    probe = sample.probe
    if is_turned and probe is not None:
        kept = [_turned(annotation, probe.stored_hw, probe.orientation) for annotation in kept]
        size_hw = probe.size_hw
    if renamed:
        kept = [_relabeled(annotation, renamed) for annotation in kept]
    return Contents(kept, contents.problems, size_hw)


def _turned(annotation: Annotation, stored_hw: tuple[int, int], orientation: int) -> Annotation:
    instance = annotation.instance
    if instance.mask.size_hw != stored_hw:
        return annotation
    turned = replace(instance, mask=upright(instance.mask, orientation))
    return Annotation(turned, annotation.where)


def upright(mask: RLE, orientation: int) -> RLE:
    """Turn a mask as an image of that EXIF orientation, 1 to 8, is turned."""
    pixels = rle.decode(mask, order="C").view(np.uint8)
    turned, _ = image_pixels.turn_upright(pixels, None, orientation)
    return rle.encode(turned.view(np.bool_))


def _relabeled(annotation: Annotation, renamed: Mapping[str, str]) -> Annotation:
    instance = annotation.instance
    label = renamed.get(instance.label, instance.label)
    return replace(annotation, instance=replace(instance, label=label))
