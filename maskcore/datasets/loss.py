"""What a conversion loses: the kinds of losses, their counts, and what a person reads of them."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field

from maskcore.datasets.writer import Keeps

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
    "covered": (
        "{n} mask is left out, because later ones cover it whole.",
        "{n} masks are left out, because later ones cover them whole.",
    ),
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
class LossTally:
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
    sentences = [text for kind, (text, *_) in _KINDS.items() if not getattr(keeps, kind)]
    if keeps.most_instances is not None:
        most = f"{keeps.most_instances:,}"
        sentences.append(f"Only {most} masks of an image are told apart; more are joined by label.")
    return tuple(sentences)


def _text(kind: str, count: int) -> str:
    one, several = _KINDS[kind][1:] if kind in _KINDS else _OTHERS[kind]
    return (one if count == 1 else several).format(n=f"{count:,}")
