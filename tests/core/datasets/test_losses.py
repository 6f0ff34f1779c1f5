from __future__ import annotations

from collections import Counter

import pytest

from maskcore import rle
from maskcore.datasets.adapt import fit
from maskcore.datasets.loss import LossTally, lossy
from maskcore.datasets.writer import Keeps
from maskcore.types import Instance
from tests.grids import mask

RING = """
.......
.#####.
.#...#.
.#.#.#.
.#...#.
.#####.
.......
"""
SOLID = """
.......
.#####.
.#####.
.#####.
.#####.
.#####.
.......
"""
LEFT = """
##.....
##.....
##.....
##.....
.......
.......
.......
"""
NOTHING = "\n".join(["." * 7] * 7)


def instance(drawing: str, label: str = "cat", **more) -> Instance:
    return Instance(rle.encode(mask(drawing)), label, **more)


def fitted(keeps: Keeps, *instances: Instance, size_hw=(7, 7)):
    """What is left, as drawings with their labels, and what was lost."""
    lost: Counter[str] = Counter()

    def count(kind: str, n: int) -> None:
        lost[kind] += n

    kept = fit(instances, keeps, size_hw, count)
    return kept, {kind: n for kind, n in lost.items() if n}


def same(found: Instance, drawing: str) -> bool:
    return rle.decode(found.mask).tolist() == mask(drawing).tolist()


def test_what_can_be_held_stays_as_it_is():
    everything = Keeps(scores=True, crowds=True, empty=True)
    given = [
        instance(RING, score=0.5),
        instance(RING, "dog", is_crowd=True),
        instance(LEFT),
        instance(NOTHING),
    ]
    kept, lost = fitted(everything, *given)
    assert kept == given
    assert lost == {}
    assert lossy(everything) == ()


def test_holes_are_filled_with_all_that_is_in_them():
    kept, lost = fitted(Keeps(holes=False), instance(RING), instance(LEFT))
    assert [same(kept[0], SOLID), same(kept[1], LEFT)] == [True, True]
    assert lost == {"holes": 1}


def test_parts_become_masks_of_the_same_label():
    kept, lost = fitted(Keeps(parts=False), instance(RING, "ring"), instance(LEFT))
    assert [instance.label for instance in kept] == ["ring", "ring", "cat"]
    assert [rle.area(instance.mask) for instance in kept] == [16, 1, 8]
    assert rle.union(instance.mask for instance in kept[:2]) == rle.encode(mask(RING))
    assert lost == {"parts": 1}


def test_a_part_inside_a_filled_hole_is_no_part_any_more():
    kept, lost = fitted(Keeps(holes=False, parts=False), instance(RING))
    assert len(kept) == 1
    assert same(kept[0], SOLID)
    assert lost == {"holes": 1}


def test_the_later_mask_takes_the_pixels_of_both():
    kept, lost = fitted(Keeps(overlaps=False), instance(SOLID, "a"), instance(LEFT, "b"))
    assert [instance.label for instance in kept] == ["a", "b"]
    assert same(kept[1], LEFT)
    expected = mask(SOLID) & ~mask(LEFT)
    assert rle.decode(kept[0].mask).tolist() == expected.tolist()
    assert lost == {"overlaps": 1}


def test_a_mask_that_is_covered_whole_is_gone():
    kept, lost = fitted(Keeps(overlaps=False), instance(RING, "a"), instance(SOLID, "b"))
    assert [instance.label for instance in kept] == ["b"]
    assert lost == {"covered": 1}


def test_masks_that_only_touch_lose_nothing():
    right = mask(LEFT)[:, ::-1].copy()
    kept, lost = fitted(
        Keeps(overlaps=False), instance(LEFT, "a"), Instance(rle.encode(right), "b")
    )
    assert [rle.area(instance.mask) for instance in kept] == [8, 8]
    assert lost == {}


def test_masks_of_one_label_are_joined():
    kept, lost = fitted(
        Keeps(instances=False), instance(RING, "a"), instance(LEFT, "b"), instance(LEFT, "a")
    )
    assert [instance.label for instance in kept] == ["a", "b"]
    assert rle.decode(kept[0].mask).tolist() == (mask(RING) | mask(LEFT)).tolist()
    assert lost == {"instances": 1}


def test_masks_beyond_the_most_are_joined_by_label():
    given = [instance(LEFT, "a"), instance(RING, "a"), instance(LEFT, "a"), instance(LEFT, "b")]
    kept, lost = fitted(Keeps(most_instances=1), *given)
    assert [instance.label for instance in kept] == ["a", "a", "b"]
    assert rle.decode(kept[1].mask).tolist() == (mask(RING) | mask(LEFT)).tolist()
    assert lost == {"instances": 1}
    assert fitted(Keeps(most_instances=4), *given) == (given, {})


def test_labels_scores_crowds_and_empty_masks_are_counted_one_by_one():
    kept, lost = fitted(
        Keeps(labels=False),
        instance(RING, "a", score=0.5),
        instance(LEFT, "mask", is_crowd=True),
        instance(NOTHING, "c", score=0.1),
    )
    assert [(instance.label, instance.score, instance.is_crowd) for instance in kept] == [
        ("mask", None, False)
    ] * 2
    assert lost == {"empty": 1, "scores": 1, "crowds": 1, "labels": 1}


def test_a_mask_of_another_size_is_resized():
    doubled = mask(LEFT).repeat(2, axis=0).repeat(2, axis=1)
    kept, lost = fitted(Keeps(), instance(LEFT), size_hw=(14, 14))
    assert rle.decode(kept[0].mask).tolist() == doubled.tolist()
    assert lost == {"resized": 1}


def test_what_is_given_is_not_changed():
    given = [instance(RING, score=0.5), instance(SOLID)]
    before = [(instance.mask.counts.tolist(), instance.score) for instance in given]
    fitted(Keeps(holes=False, parts=False, overlaps=False, instances=False), *given)
    assert [(instance.mask.counts.tolist(), instance.score) for instance in given] == before


def test_a_tally_counts_masks_and_names_the_first_samples():
    tally = LossTally()
    for number in range(9):
        tally.add("holes", f"{number}.png", 2)
    tally.add("holes", "0.png")
    tally.add("parts", "a.png", 0)
    tally.add("names", "b.png")
    holes, names = tally.losses()
    assert (holes.kind, holes.count) == ("holes", 19)
    assert holes.text == "19 masks have holes, which are filled."
    assert holes.samples == ("0.png", "1.png", "2.png", "3.png", "4.png")
    assert names.text.startswith("1 image gets another file name")


@pytest.mark.parametrize(
    ("keeps", "word"),
    [
        (Keeps(holes=False), "Holes"),
        (Keeps(parts=False), "parts"),
        (Keeps(overlaps=False), "overlap"),
        (Keeps(instances=False), "one label"),
        (Keeps(sizes=False), "size"),
        (Keeps(most_instances=254), "254"),
    ],
)
def test_what_a_format_cannot_hold_is_said_beforehand(keeps, word):
    full = Keeps(scores=True, crowds=True, empty=True)
    (sentence,) = set(lossy(keeps)) - set(lossy(Keeps()))
    assert word in sentence
    assert lossy(full) == ()
