"""One pass over a data set: what charts are drawn from, and what may be wrong."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from maskcore import rle_text
from maskcore.datasets.audit import (
    dataset as audit_set,
    duplicates as audit_twins,
    image as audit_image,
    masks as audit_masks,
)
from maskcore.datasets.audit.finding import Finding, found, rank
from maskcore.datasets.audit.masks import Measured
from maskcore.datasets.audit.order import PixelOrder
from maskcore.datasets.dataset import Dataset, Problem
from maskcore.datasets.survey.heat import HeatMaps

_LONGEST_SIDE = np.iinfo(np.int32).max  # a damaged header may state more
_DUST_SHARE = 0.01  # of the image
_DUST_RUN = 1.5  # pixels a run has on average
_DUST_EDGES = 3  # edges per pixel; one alone has 4, a line 2, an object few


@dataclass(frozen=True, eq=False)
class Survey:
    """What a data set holds: S samples and N masks, in the order of the set.

    Attributes:
        names: (S,) names of the samples.
        sizes_hw: (S, 2) int32 height and width of the images, upright; where there is none that
            can be read, as the annotations state it; (0, 0) where nothing tells.
        has_image: (S,) bool, whether there is an image file.
        labels: (L,) classes: those that the files list, then those of the masks as they come.
        sample: (N,) int32 place of the sample of each mask.
        label: (N,) int32 place of its class.
        area: (N,) int64 pixels inside.
        box: (N, 4) int32 x1, y1, x2, y2, exclusive maximum.
        is_crowd: (N,) bool.
        heat: (L, 48, 48) float32, for each class and cell of an image the covered shares, 0 to 1,
            summed over the masks; only for the first 1,000 classes.
        findings: What may be wrong, the gravest first.
    """

    names: tuple[str, ...]
    sizes_hw: NDArray[np.int32]
    has_image: NDArray[np.bool_]
    labels: tuple[str, ...]
    sample: NDArray[np.int32]
    label: NDArray[np.int32]
    area: NDArray[np.int64]
    box: NDArray[np.int32]
    is_crowd: NDArray[np.bool_]
    heat: NDArray[np.float32]
    findings: tuple[Finding, ...]


class _Masks:
    """Columns of numbers, a row for each mask: a few bytes instead of objects."""

    def __init__(self, dataset: Dataset) -> None:
        self.labels = {label: i for i, label in enumerate(dict.fromkeys(dataset.stated_labels))}
        self.sample, self.label = array("i"), array("i")
        self.area, self.box = array("q"), array("i")
        self.is_crowd, self.is_dust = bytearray(), bytearray()
        self.wheres: list[str] = []
        self.heat = HeatMaps()
        self.has_label_maps = dataset.format == "voc" or dataset.format.startswith("png")
        self.order = PixelOrder() if dataset.format == "kaggle-rle" else None

    def add(self, sample: int, it: Measured) -> None:
        instance = it.annotation.instance
        label = self.labels.setdefault(instance.label, len(self.labels))
        self.sample.append(sample)
        self.label.append(label)
        self.area.append(it.area)
        self.box.extend(it.box)
        self.is_crowd.append(instance.is_crowd)
        self.is_dust.append(self.has_label_maps and _is_dust(it))
        self.wheres.append(it.annotation.where)
        self.heat.add(label, instance.mask)
        if self.order is not None:
            self.order.add(it)


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
    masks = _Masks(dataset)
    findings = [_of_problem(it, it.sample) for it in dataset.problems]
    sizes = np.zeros((len(samples), 2), np.int32)
    thumbnails = {}
    for i, sample in enumerate(samples):
        progress(i, len(samples))
        contents = sample.read()
        findings += [_of_problem(it, sample.name) for it in contents.problems]
        size, of_image, image = audit_image.check(sample, contents, read_images=read_images)
        findings += of_image
        if size is not None:
            sizes[i] = np.minimum(size, _LONGEST_SIDE)
        if image is not None:
            thumbnails[i] = audit_twins.thumbnail(image)
        measured = [audit_masks.measure(it) for it in contents.annotations]
        findings += audit_masks.check(sample.name, measured)
        for it in measured:
            masks.add(i, it)

    same = audit_twins.same_files(samples, lambda: progress(len(samples), len(samples)))
    findings += audit_twins.duplicates(samples, same)
    known = {place for group in same for place in group[1:]}
    names = tuple(it.name for it in samples)
    thumbnails = {place: it for place, it in thumbnails.items() if place not in known}
    findings += audit_twins.similar(names, thumbnails)
    progress(len(samples), len(samples))
    done = Survey(
        names=names,
        sizes_hw=sizes,
        has_image=np.array([it.picture is not None for it in samples], np.bool_),
        labels=tuple(masks.labels),
        sample=np.array(masks.sample, np.int32),
        label=np.array(masks.label, np.int32),
        area=np.array(masks.area, np.int64),
        box=np.array(masks.box, np.int32).reshape(-1, 4),
        is_crowd=np.array(masks.is_crowd, np.bool_),
        heat=masks.heat.maps(len(masks.labels)),
        findings=(),
    )
    findings = audit_masks.together(findings, done.area.size)
    is_dust = np.array(masks.is_dust, np.bool_) if masks.has_label_maps else None
    findings += audit_set.check(done, masks.wheres, is_dust)
    if masks.order is not None:
        findings += masks.order.findings()
    return replace(done, findings=_in_order(findings, names))


def _of_problem(problem: Problem, sample: str) -> Finding:
    if problem.is_of_files:
        kind = "file"
    else:
        kind = "unreadable-annotation" if problem.is_left_out else "odd-annotation"
    return found(kind, sample, problem.where, problem.reason)


def _in_order(findings: Sequence[Finding], names: Sequence[str]) -> tuple[Finding, ...]:
    places = {name: place for place, name in enumerate(names)}
    return tuple(sorted(findings, key=lambda it: (*rank(it), places.get(it.sample, -1))))


def _is_dust(it: Measured) -> bool:
    """Whether a mask is nothing but single pixels, in a small part of its image."""
    mask = it.annotation.instance.mask
    height, width = mask.size_hw
    n_runs = mask.counts.size // 2
    if not 0 < it.area < _DUST_SHARE * height * width or it.area > _DUST_RUN * n_runs:
        return False
    return rle_text.outline_length(mask) >= _DUST_EDGES * it.area
