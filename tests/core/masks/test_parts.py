"""Parts and holes against a flood fill that walks from pixel to pixel."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from hypothesis.extra import numpy as hnp

from maskcore import masks, rle
from maskcore.masks.parts import connected_components
from tests.flood import (
    ALL_EIGHT,
    all_4_by_4,
    count_each,
    holes_by_hand,
    holes_of_each,
    parts_by_hand,
    parts_of_each,
    sheet,
    top_left,
)
from tests.grids import mask

few = settings(deadline=None, max_examples=150)

ANY_MASK = hnp.arrays(np.bool_, hnp.array_shapes(min_dims=2, max_dims=2, max_side=11))

TWO_RINGS = mask("""
    #####.....
    #...#.###.
    #.#.#.#.#.
    #...#.###.
    #####.....
    .........#
""")


def joined(parts: list[np.ndarray], like: np.ndarray) -> np.ndarray:
    return np.any([np.zeros_like(like), *parts], axis=0)


def test_pixels_that_touch_at_a_corner_are_one_part():
    assert masks.count_parts(mask("#.\n.#")) == 1
    assert masks.count_parts(mask("#..\n..#")) == 2


def test_a_diagonal_line_of_pixels_closes_a_hole_in():
    assert masks.count_holes(mask(".#.\n#.#\n.#.")) == 1
    assert masks.count_holes(mask(".#.\n#..\n.#.")) == 0


def test_what_reaches_the_frame_is_no_hole():
    ring = mask("###\n#.#\n###")
    assert masks.count_holes(ring) == 1
    assert masks.count_holes(ring[1:]) == 0
    assert masks.count_holes(ring[:, :2]) == 0


def test_two_rings_have_parts_and_holes_as_counted_by_eye():
    assert masks.count_parts(TWO_RINGS) == 4
    assert masks.count_holes(TWO_RINGS) == 2
    assert [rle.area(part) for part in masks.split(TWO_RINGS)] == [16, 8, 1, 1]
    assert [rle.box(part)[:2] for part in masks.split(TWO_RINGS)] == [
        (0, 0),
        (6, 1),
        (2, 2),
        (9, 5),
    ]


def test_a_filled_hole_keeps_what_lies_in_it():
    assert np.count_nonzero(masks.fill_holes(TWO_RINGS)) == 25 + 9 + 1
    # The large hole has eight pixels, for one of the nine in it is a part of its own.
    assert np.array_equal(masks.fill_holes(TWO_RINGS, 8), masks.fill_holes(TWO_RINGS))
    only_small = TWO_RINGS.copy()
    only_small[2, 7] = True
    assert np.array_equal(masks.fill_holes(TWO_RINGS, 7), only_small)
    assert np.array_equal(masks.fill_holes(TWO_RINGS, 0), TWO_RINGS)


def test_a_speck_has_fewer_pixels_than_asked_for():
    kept = masks.drop_specks(TWO_RINGS, 8)
    assert np.count_nonzero(kept) == 16 + 8
    assert np.array_equal(masks.drop_specks(TWO_RINGS, 1), TWO_RINGS)
    assert not masks.drop_specks(TWO_RINGS, 17).any()


def test_among_parts_of_one_size_the_upper_and_then_the_left_one_is_kept():
    pixels = mask("""
        ..#.#
        .....
        #....
    """)
    assert np.argwhere(masks.keep_largest(pixels)).tolist() == [[0, 2]]
    assert np.argwhere(masks.keep_largest(pixels, 2)).tolist() == [[0, 2], [0, 4]]
    assert np.array_equal(masks.keep_largest(pixels, 3), pixels)
    assert np.array_equal(masks.keep_largest(pixels, 99), pixels)


def test_every_mask_of_4_by_4_has_the_parts_and_holes_of_a_flood_fill():
    """All of them, on one sheet."""
    cells = all_4_by_4()
    pixels = sheet(cells)
    parts, holes = parts_of_each(cells, ALL_EIGHT), holes_of_each(cells)
    count, numbered = connected_components(pixels, connectivity=8)
    assert count == masks.count_parts(pixels) == count_each(parts).sum()
    # No part has two labels, and no label is of two parts.
    numbers = np.arange(len(cells))[:, None, None] * 16 + parts
    pairs = numbered[pixels] * cells.size + sheet(numbers)[pixels]
    assert len(np.unique(pairs)) == count
    assert masks.count_holes(pixels) == count_each(holes).sum()
    assert np.array_equal(masks.fill_holes(pixels), sheet(cells | (holes >= 0)))


def test_masks_of_4_by_4_have_the_parts_and_holes_of_a_flood_fill_each_alone():
    for pixels in all_4_by_4()[::101]:
        holes = holes_by_hand(pixels)
        assert masks.count_holes(pixels) == len(holes)
        assert masks.count_parts(pixels) == len(parts_by_hand(pixels))
        assert np.array_equal(masks.fill_holes(pixels), joined([pixels, *holes], pixels))


@few
@given(ANY_MASK)
def test_a_mask_splits_into_the_parts_of_a_flood_fill_in_reading_order(pixels: np.ndarray):
    parts = [rle.decode(part) for part in masks.split(pixels)]
    assert [top_left(part) for part in parts] == sorted(top_left(part) for part in parts)
    wanted = {part.tobytes() for part in parts_by_hand(pixels)}
    assert {part.tobytes() for part in parts} == wanted
    assert len(parts) == len(wanted) == masks.count_parts(pixels)


@few
@given(ANY_MASK, st.integers(0, 12))
def test_specks_and_holes_are_those_of_a_flood_fill(pixels: np.ndarray, area: int):
    large = [part for part in parts_by_hand(pixels) if part.sum() >= area]
    assert np.array_equal(masks.drop_specks(pixels, area), joined(large, pixels))
    small = [hole for hole in holes_by_hand(pixels) if hole.sum() <= area]
    assert np.array_equal(masks.fill_holes(pixels, area), joined([pixels, *small], pixels))


@few
@given(ANY_MASK, st.integers(1, 4))
def test_the_largest_parts_are_those_of_a_flood_fill(pixels: np.ndarray, n: int):
    order = sorted(parts_by_hand(pixels), key=lambda part: (-part.sum(), *top_left(part)))
    wanted = [int(part.sum()) for part in order[:n]]
    kept = masks.keep_largest(pixels, n)
    assert sorted(int(part.sum()) for part in parts_by_hand(kept)) == sorted(wanted)
    assert not (kept & ~pixels).any()


def test_masks_with_thousands_of_parts_split_into_all_of_them():
    pixels = np.zeros((301, 401), np.bool_)
    pixels[1::3, 1::3] = pixels[2::3, 1::3] = True
    parts = masks.split(pixels)
    assert len(parts) == 100 * 134
    assert {rle.area(part) for part in parts} == {2}
    assert rle.union(parts) == rle.encode(pixels)


def test_a_run_that_goes_on_in_the_next_column_belongs_to_two_parts():
    # Down the columns the two pixels at the bottom left and the top right are one run.
    pixels = mask("""
        .#
        ..
        ..
        #.
    """)
    assert rle.encode(pixels).counts.tolist() == [3, 2, 3]
    assert [rle.decode(part).sum() for part in masks.split(pixels)] == [1, 1]
    full = np.ones((3, 4), np.bool_)
    assert masks.split(full) == [rle.encode(full)]


@few
@given(ANY_MASK)
def test_the_box_is_that_of_the_runs_in_any_memory_order(pixels: np.ndarray):
    box = rle.box(rle.encode(pixels))
    assert masks.box(pixels) == box
    assert masks.box(np.asfortranarray(pixels)) == box
    assert masks.box(pixels.repeat(2, axis=0).repeat(3, axis=1)[::2, ::3]) == box


WORKS = [
    masks.box,
    masks.count_parts,
    masks.count_holes,
    masks.split,
    lambda pixels: masks.drop_specks(pixels, 3),
    masks.keep_largest,
    masks.fill_holes,
]


@pytest.mark.parametrize("work", WORKS)
def test_the_memory_order_makes_no_difference(work: Callable[[np.ndarray], object]):
    pixels = np.random.default_rng(1).random((23, 31)) < 0.4
    wide = np.zeros((46, 93), np.bool_)
    wide[::2, ::3] = pixels
    expected = work(pixels)
    for same in (
        np.asfortranarray(pixels),
        wide[::2, ::3],
        pixels[::-1, ::-1].copy()[::-1, ::-1],
        np.asfortranarray(pixels[:, ::-1])[:, ::-1],
    ):
        assert np.array_equal(work(same), expected)


@pytest.mark.parametrize("work", WORKS)
def test_a_mask_is_not_changed(work: Callable[[np.ndarray], object]):
    pixels = TWO_RINGS.copy()
    result = work(pixels)
    assert np.array_equal(pixels, TWO_RINGS)
    assert not isinstance(result, np.ndarray) or not np.shares_memory(result, pixels)


@pytest.mark.parametrize("size_hw", [(1, 1), (1, 6), (6, 1), (4, 5)])
def test_empty_and_full_masks_have_no_part_and_one(size_hw: tuple[int, int]):
    empty, full = np.zeros(size_hw, np.bool_), np.ones(size_hw, np.bool_)
    assert masks.split(empty) == []
    assert masks.split(full) == [rle.encode(full)]
    assert (masks.count_parts(empty), masks.count_parts(full)) == (0, 1)
    assert (masks.count_holes(empty), masks.count_holes(full)) == (0, 0)
    for work in (masks.fill_holes, masks.keep_largest, lambda mask: masks.drop_specks(mask, 1)):
        assert np.array_equal(work(empty), empty)
        assert np.array_equal(work(full), full)


def test_how_many_parts_to_keep_is_at_least_one():
    with pytest.raises(ValueError, match="n must be at least 1, got 0"):
        masks.keep_largest(TWO_RINGS, 0)


@pytest.mark.parametrize("work", WORKS)
def test_gray_values_are_no_mask(work: Callable[[np.ndarray], object]):
    with pytest.raises(ValueError, match="mask must be bool, got uint8"):
        work(np.zeros((2, 2), np.uint8))


def test_labels_are_consecutive_and_any_mask_order_will_do():
    for pixels in (TWO_RINGS, np.asfortranarray(TWO_RINGS), TWO_RINGS[::-1]):
        count, numbers = connected_components(pixels, connectivity=8)
        assert count == 4
        assert np.unique(numbers).tolist() == [0, 1, 2, 3, 4]
        assert np.array_equal(numbers > 0, pixels)
