"""One pass over a data set: what charts are drawn from, and what may be wrong."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from maskcore.datasets.audit import (
    dataset as audit_dataset,
    duplicates as audit_duplicates,
    image as audit_image,
    masks as audit_masks,
)
from maskcore.datasets.audit.finding import Finding, make_finding, rank
from maskcore.datasets.audit.measures import MaskColumns, Survey
from maskcore.datasets.dataset import Dataset, Problem

_LONGEST_SIDE = np.iinfo(np.int32).max  # a damaged header may state more


def survey(
    dataset: Dataset,
    *,
    read_images: bool = False,
    progress: Callable[[int, int], object] = lambda _done, _total: None,
) -> Survey:
    """Look at every sample once.

    Args:
        dataset: The data set; its images are not decoded, only their headers read, and whole
            files where their sizes say that they may be the same.
        read_images: Decode all images as well: damage inside them is found, and images that look
            alike.
        progress: Called with the samples done and the samples in all; what it raises ends the
            survey.
    """
    samples = dataset.samples
    masks = MaskColumns(dataset)
    findings = [_of_problem(problem, problem.sample) for problem in dataset.problems]
    sizes = np.zeros((len(samples), 2), np.int32)
    thumbnails = {}
    for i, sample in enumerate(samples):
        progress(i, len(samples))
        contents = sample.read()
        findings += [_of_problem(problem, sample.name) for problem in contents.problems]
        size, of_image, image = audit_image.check(sample, contents, read_images=read_images)
        findings += of_image
        if size is not None:
            sizes[i] = np.minimum(size, _LONGEST_SIDE)
        if image is not None:
            thumbnails[i] = audit_duplicates.thumbnail(image)
        measured = [audit_masks.measure(annotation) for annotation in contents.annotations]
        findings += audit_masks.check(sample.name, measured)
        for mask in measured:
            masks.add(i, mask)

    same = audit_duplicates.same_files(samples, lambda: progress(len(samples), len(samples)))
    findings += audit_duplicates.duplicates(samples, same)
    known = {place for group in same for place in group[1:]}
    names = tuple(sample.name for sample in samples)
    thumbnails = {place: thumbnail for place, thumbnail in thumbnails.items() if place not in known}
    findings += audit_duplicates.similar(names, thumbnails)
    progress(len(samples), len(samples))
    done = Survey(
        names=names,
        sizes_hw=sizes,
        has_image=np.array([sample.picture is not None for sample in samples], np.bool_),
        labels=tuple(masks.labels),
        sample=np.array(masks.sample, np.int32),
        label=np.array(masks.label, np.int32),
        area=np.array(masks.area, np.int64),
        box=np.array(masks.box, np.int32).reshape(-1, 4),
        is_crowd=np.array(masks.is_crowd, np.bool_),
        heat=masks.heat.maps(len(masks.labels)),
        findings=(),
    )
    findings = audit_masks.merge_box_findings(findings, done.area.size)
    is_dust = np.array(masks.is_dust, np.bool_) if masks.has_label_maps else None
    findings += audit_dataset.check(done, masks.wheres, is_dust)
    if masks.order is not None:
        findings += masks.order.findings()
    return replace(done, findings=_in_order(findings, names))


def _of_problem(problem: Problem, sample: str) -> Finding:
    if problem.is_of_files:
        kind = "file"
    else:
        kind = "unreadable-annotation" if problem.is_left_out else "odd-annotation"
    return make_finding(kind, sample, problem.where, problem.reason)


def _in_order(findings: Sequence[Finding], names: Sequence[str]) -> tuple[Finding, ...]:
    places = {name: place for place, name in enumerate(names)}
    ordered = sorted(findings, key=lambda found: (*rank(found), places.get(found.sample, -1)))
    return tuple(ordered)
