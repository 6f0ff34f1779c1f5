"""What a conversion loses: masks brought into what a format can hold, and what that changed."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace

from maskcore import mask_parts, mask_size, rle, rle_placed
from maskcore.datasets.writer import Keeps
from maskcore.rle import RLE
from maskcore.types import Instance, Mask

_NAMED = 5  # samples that a loss names

_KINDS: dict[str, tuple[str, str, str]] = {
    # kind: what a format does at all, then what was done to one mask or sample, and to several
    "sizes": (
        "The size of an image is not written; the images must lie beside.",
        "{n} sample goes without its image, and so without its size.",
        "{n} samples go without their images, and so without their sizes.",
    ),
    "empty": (
        "Masks with nothing inside are left out.",
        "{n} empty mask is left out.",
        "{n} empty masks are left out.",
    ),
    "labels": (
        "What masks are called is lost.",
        "{n} mask loses its label.",
        "{n} masks lose their labels.",
    ),
    "instances": (
        "Masks of one label become one mask.",
        "{n} mask is joined to another one of its label.",
        "{n} masks are joined to others of their label.",
    ),
    "overlaps": (
        "Where masks overlap, only the last one keeps the pixels.",
        "{n} mask loses the pixels that a later one covers.",
        "{n} masks lose the pixels that later ones cover.",
    ),
    "holes": (
        "Holes are filled.",
        "{n} mask has holes, which are filled.",
        "{n} masks have holes, which are filled.",
    ),
    "parts": (
        "A mask of several parts becomes several masks.",
        "{n} mask has several parts, and each becomes a mask of its own.",
        "{n} masks have several parts, and each becomes a mask of its own.",
    ),
    "scores": (
        "Scores are not written.",
        "{n} mask loses its score.",
        "{n} masks lose their scores.",
    ),
    "crowds": (
        "Groups (COCO's crowds) become plain masks.",
        "{n} mask of a group becomes a plain one.",
        "{n} masks of groups become plain ones.",
    ),
}
_OTHERS: dict[str, tuple[str, str]] = {
    "resized": (
        "{n} mask has another size than its image and is resized to it.",
        "{n} masks have another size than their image and are resized to it.",
    ),
    "names": (
        "{n} image gets another file name, because the old one is taken or not safe.",
        "{n} images get other file names, because the old ones are taken or not safe.",
    ),
    "unreadable": (
        "{n} image cannot be read and is not copied.",
        "{n} images cannot be read and are not copied.",
    ),
    "problems": (
        "{n} annotation cannot be read and is left out.",
        "{n} annotations cannot be read and are left out.",
    ),
    "samples": (
        "{n} sample is left out, because nothing tells how large its image is.",
        "{n} samples are left out, because nothing tells how large their images are.",
    ),
}


@dataclass(frozen=True)
class Loss:
    """Something that a conversion does not carry over.

    Attributes:
        kind: A word for it: "holes", "parts", ...
        text: One sentence with the count.
        count: How many masks, or samples, it happens to.
        samples: Names of the first samples it happens to.
    """

    kind: str
    text: str
    count: int
    samples: tuple[str, ...]


@dataclass
class Tally:
    """Counts losses while samples go by."""

    _counts: Counter[str] = field(default_factory=Counter)
    _samples: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))

    def add(self, kind: str, sample: str, count: int = 1) -> None:
        """Count a loss of a sample."""
        if count:
            self._counts[kind] += count
            named = self._samples[kind]
            if len(named) < _NAMED and sample not in named:
                named.append(sample)

    def losses(self) -> list[Loss]:
        """Return what was counted, in the order of the kinds."""
        return [
            Loss(kind, _text(kind, count), count, tuple(self._samples[kind]))
            for kind in (*_KINDS, *_OTHERS)
            if (count := self._counts[kind])
        ]


def lossy(keeps: Keeps) -> tuple[str, ...]:
    """Return what a format cannot hold, one sentence each, whatever the data set."""
    said = [text for kind, (text, *_) in _KINDS.items() if not getattr(keeps, kind)]
    if keeps.most_instances is not None:
        most = f"{keeps.most_instances:,}"
        said.append(f"Only {most} masks of an image are told apart; more are joined by label.")
    return tuple(said)


def fit(
    instances: Iterable[Instance],
    keeps: Keeps,
    size_hw: tuple[int, int],
    count: Callable[[str, int], object],
) -> list[Instance]:
    """Bring the masks of a sample into what a format can hold.

    Args:
        instances: The masks.
        keeps: What the format can hold.
        size_hw: (height, width) of the image.
        count: Called with the kind of a loss and how many masks it happened to.

    Returns:
        The masks as they will be written, all of the size of the image.
    """
    masks = list(instances)
    count("resized", sum(it.mask.size_hw != size_hw for it in masks))
    masks = mask_size.fit(masks, size_hw)
    if not keeps.empty:
        n_before, masks = len(masks), [it for it in masks if rle.area(it.mask)]
        count("empty", n_before - len(masks))
    if not keeps.scores:
        count("scores", sum(it.score is not None for it in masks))
        masks = [replace(it, score=None) if it.score is not None else it for it in masks]
    if not keeps.crowds:
        count("crowds", sum(it.is_crowd for it in masks))
        masks = [replace(it, is_crowd=False) if it.is_crowd else it for it in masks]
    if not keeps.labels:
        count("labels", sum(it.label != "mask" for it in masks))
        masks = [replace(it, label="mask") for it in masks]
    told_apart = keeps.most_instances if keeps.instances else 0
    if told_apart is not None and len(masks) > told_apart:
        n_before = len(masks)
        masks = [*masks[:told_apart], *_joined(masks[told_apart:])]
        count("instances", n_before - len(masks))
    if not keeps.overlaps:
        masks, n_cut = _apart(masks)
        count("overlaps", n_cut)
    if not keeps.holes:
        masks, n_filled = _filled(masks)
        count("holes", n_filled)
    if not keeps.parts:
        masks, n_split = _split(masks)
        count("parts", n_split)
    return masks


def _text(kind: str, count: int) -> str:
    one, several = _KINDS[kind][1:] if kind in _KINDS else _OTHERS[kind]
    return (one if count == 1 else several).format(n=f"{count:,}")


def _joined(masks: Sequence[Instance]) -> list[Instance]:
    by_label: dict[str, list[Instance]] = defaultdict(list)
    for it in masks:
        by_label[it.label].append(it)
    return [
        group[0] if len(group) == 1 else Instance(rle.union(it.mask for it in group), label)
        for label, group in by_label.items()
    ]


def _apart(masks: Sequence[Instance]) -> tuple[list[Instance], int]:
    """Take from each mask what a later one covers; what is covered whole is gone."""
    if not masks:
        return [], 0
    kept: list[Instance] = []
    n_cut = 0
    covered = rle.empty(masks[0].mask.size_hw)
    for it in reversed(masks):
        left = rle.difference(it.mask, covered)
        is_cut = rle.area(left) < rle.area(it.mask)
        n_cut += is_cut
        if rle.area(left) or not is_cut:
            kept.append(replace(it, mask=left) if is_cut else it)
        covered = rle.union([covered, it.mask])
    return kept[::-1], n_cut


def _filled(masks: Sequence[Instance]) -> tuple[list[Instance], int]:
    kept = []
    for it in masks:
        crop, xy = _crop(it.mask)
        filled = rle.encode(mask_parts.fill_holes(crop))
        if rle.area(filled) > rle.area(it.mask):
            kept.append(replace(it, mask=rle_placed.place(filled, xy, it.mask.size_hw)))
        else:
            kept.append(it)
    return kept, sum(new is not old for new, old in zip(kept, masks, strict=True))


def _split(masks: Sequence[Instance]) -> tuple[list[Instance], int]:
    kept: list[Instance] = []
    n_split = 0
    for it in masks:
        crop, xy = _crop(it.mask)
        parts = mask_parts.split(crop)
        if len(parts) < 2:
            kept.append(it)
            continue
        n_split += 1
        for part in parts:
            whole = rle_placed.place(part, xy, it.mask.size_hw)
            kept.append(replace(it, mask=whole))
    return kept, n_split


def _crop(r: RLE) -> tuple[Mask, tuple[int, int]]:
    """Return the pixels in the mask's box, and where that begins; of an empty mask all pixels."""
    x1, y1, x2, y2 = rle.box(r)
    return (rle.decode(r, box=(x1, y1, x2, y2)), (x1, y1)) if x2 else (rle.decode(r), (0, 0))
