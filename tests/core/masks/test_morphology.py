"""Disks laid on every pixel, one by one, against what grows and shrinks whole rows at once."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from hypothesis.extra import numpy as hnp
from scipy import ndimage

from maskcore import masks, rle
from tests.grids import mask

few = settings(deadline=None, max_examples=60)

ANY_MASK = hnp.arrays(np.bool_, hnp.array_shapes(min_dims=2, max_dims=2, max_side=12))
DISKS = [masks.grow, masks.shrink, masks.open, masks.close]
ALL = [*DISKS, masks.smooth]


def near(pixels: np.ndarray, y: int, x: int, radius: int) -> np.ndarray:
    """The pixels at most so far from (y, x), as far as they are on the image."""
    v, u = np.ogrid[: pixels.shape[0], : pixels.shape[1]]
    return pixels[(v - y) ** 2 + (u - x) ** 2 <= radius**2]


def grown_by_hand(pixels: np.ndarray, radius: int) -> np.ndarray:
    places = np.ndindex(*pixels.shape)
    return np.array([near(pixels, y, x, radius).any() for y, x in places]).reshape(pixels.shape)


def shrunk_by_hand(pixels: np.ndarray, radius: int) -> np.ndarray:
    places = np.ndindex(*pixels.shape)
    return np.array([near(pixels, y, x, radius).all() for y, x in places]).reshape(pixels.shape)


def opened_by_hand(pixels: np.ndarray, radius: int) -> np.ndarray:
    """All disks with a center on the image that the mask holds, as far as they are on it."""
    opened = np.zeros_like(pixels)
    v, u = np.ogrid[: pixels.shape[0], : pixels.shape[1]]
    for y, x in np.ndindex(*pixels.shape):
        disk = (v - y) ** 2 + (u - x) ** 2 <= radius**2
        if pixels[disk].all():
            opened |= disk
    return opened


def blurred_by_hand(pixels: np.ndarray, radius: int) -> np.ndarray:
    blurred = pixels.astype(np.float64)
    for _ in range(3):
        blurred = ndimage.uniform_filter(blurred, 2 * radius + 1, mode="nearest")
    return blurred


def specks(size_hw: tuple[int, int], share: float, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).random(size_hw) < share


def test_a_pixel_grows_into_a_disk():
    pixels = mask("""
        .......
        .......
        .......
        ...#...
        .......
        .......
        .......
    """)
    disk = mask("""
        ...#...
        .#####.
        .#####.
        #######
        .#####.
        .#####.
        ...#...
    """)
    assert np.array_equal(masks.grow(pixels, 3), disk)
    assert np.array_equal(masks.shrink(disk, 3), pixels)


def test_the_frame_does_not_eat_into_a_mask():
    assert np.array_equal(masks.shrink(mask("###.\n###."), 1), mask("##..\n##.."))
    assert masks.shrink(mask("###\n###"), 5).all()


def test_opening_removes_specks_and_spikes():
    pixels = mask("""
        #........
        ...###...
        ...######
        ...###...
    """)
    opened = mask("""
        .........
        ....##...
        ...####..
        ...###...
    """)
    assert np.array_equal(masks.open(pixels, 1), opened)


def test_closing_fills_a_crack():
    pixels = mask("""
        ...........
        ...........
        ..###.###..
        ..###.###..
        ..###.###..
        ...........
        ...........
    """)
    closed = mask("""
        ...........
        ...........
        ..###.###..
        ..#######..
        ..###.###..
        ...........
        ...........
    """)
    assert np.array_equal(masks.close(pixels, 1), closed)


@few
@given(ANY_MASK, st.integers(0, 6))
def test_growing_and_shrinking_are_those_of_a_loop_over_disks(pixels: np.ndarray, radius: int):
    assert np.array_equal(masks.grow(pixels, radius), grown_by_hand(pixels, radius))
    assert np.array_equal(masks.shrink(pixels, radius), shrunk_by_hand(pixels, radius))


@few
@given(ANY_MASK, st.integers(0, 5))
def test_opening_is_the_union_of_the_disks_inside_and_closing_the_same_outside(
    pixels: np.ndarray, radius: int
):
    assert np.array_equal(masks.open(pixels, radius), opened_by_hand(pixels, radius))
    assert np.array_equal(masks.close(pixels, radius), ~opened_by_hand(~pixels, radius))


@few
@given(ANY_MASK, st.integers(1, 5))
def test_opening_and_closing_twice_change_no_more_than_once(pixels: np.ndarray, radius: int):
    for work in (masks.open, masks.close):
        once = work(pixels, radius)
        assert np.array_equal(work(once, radius), once)


@pytest.mark.parametrize("width", [63, 64, 65, 127, 128, 129, 300])
@pytest.mark.parametrize("radius", [1, 2, 7, 31, 63, 64, 65, 130, 200])
def test_wide_masks_and_large_disks_agree_with_scipys_distances(width: int, radius: int):
    pixels = specks((150, width), 2e-4, seed=width)
    pixels[70, width - 1] = pixels[149, 0] = True
    distances = ndimage.distance_transform_edt(~pixels)
    grown = distances <= radius
    assert np.array_equal(masks.grow(pixels, radius), grown)
    assert np.array_equal(masks.shrink(~pixels, radius), ~grown)


def test_a_disk_larger_than_the_image_covers_it_whatever_its_radius():
    pixels = mask("#....\n.....")
    assert masks.grow(pixels, 10**30).all()
    assert not masks.shrink(~pixels, 10**30).any()


def test_a_straight_edge_stays_where_it_is_when_smoothed():
    for at in (100, 101, 117, 119):
        pixels = np.zeros((7, 220), np.bool_)
        pixels[:, :at] = True
        for radius in (1, 2, 4, 15, 33):
            assert np.array_equal(masks.smooth(pixels, radius), pixels)
            assert np.array_equal(masks.smooth(~pixels.T, radius), ~pixels.T)


def test_smoothing_nearly_keeps_the_area_of_a_rugged_disk():
    v, u = np.ogrid[:400, :500]
    angle = np.arctan2(v - 200, u - 250)
    pixels = np.hypot(v - 200, u - 250) < 120 + 6 * np.sin(25 * angle)
    smoothed = masks.smooth(pixels, 8)
    assert masks.perimeter(smoothed) < masks.perimeter(pixels) * 0.9
    assert np.count_nonzero(smoothed) == pytest.approx(math.pi * 120**2, rel=0.01)


@pytest.mark.parametrize("radius", [1, 2, 5, 12, 95])
@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_smoothing_cuts_three_box_filters_at_one_half(radius: int, share: float):
    pixels = specks((60, 83), share)
    pixels[20:45, 30:70] ^= True
    for part in (pixels, np.pad(pixels, 40), pixels[:1], pixels[:, :1]):
        blurred = blurred_by_hand(part, radius)
        sure = np.abs(blurred - 0.5) > 1e-4
        assert np.array_equal(masks.smooth(part, radius)[sure], blurred[sure] > 0.5)


@pytest.mark.parametrize("work", ALL)
def test_the_memory_order_makes_no_difference_and_is_kept(work: Callable[..., np.ndarray]):
    pixels = masks.grow(specks((40, 70), 0.01), 3)
    wide = np.zeros((80, 210), np.bool_)
    wide[::2, ::3] = pixels
    expected = work(pixels, 2)
    assert expected.flags.c_contiguous
    for same in (
        np.asfortranarray(pixels),
        rle.decode(rle.encode(pixels)),
        wide[::2, ::3],
        pixels[::-1, ::-1].copy()[::-1, ::-1],
        np.asfortranarray(pixels[:, ::-1])[:, ::-1],
    ):
        assert np.array_equal(work(same, 2), expected)
    assert work(np.asfortranarray(pixels), 2).flags.f_contiguous


@pytest.mark.parametrize("work", ALL)
@pytest.mark.parametrize("size_hw", [(1, 1), (1, 9), (9, 1), (5, 7)])
@pytest.mark.parametrize("value", [False, True])
def test_empty_and_full_masks_stay_as_they_are(
    work: Callable[..., np.ndarray], size_hw: tuple[int, int], value: bool
):
    pixels = np.full(size_hw, value)
    for radius in (0, 1, 3, 100):
        assert np.array_equal(work(pixels, radius), pixels)


@pytest.mark.parametrize("work", ALL)
def test_a_mask_is_not_changed_and_not_shared(work: Callable[..., np.ndarray]):
    pixels = specks((20, 30), 0.3)
    before = pixels.copy()
    for radius in (0, 2):
        for given_order in (pixels, pixels.T):
            result = work(given_order, radius)
            assert result.dtype == np.bool_
            assert not np.shares_memory(result, pixels)
    assert np.array_equal(pixels, before)


@pytest.mark.parametrize("work", ALL)
def test_what_is_no_radius_is_refused(work: Callable[..., np.ndarray]):
    with pytest.raises(ValueError, match="pixels must be at least 0, got -1"):
        work(mask("#."), -1)
    with pytest.raises(TypeError, match="float"):
        work(mask("#."), 1.5)


@pytest.mark.parametrize("work", ALL)
def test_what_is_no_mask_is_refused(work: Callable[..., np.ndarray]):
    with pytest.raises(ValueError, match="mask must be bool, got uint8"):
        work(np.zeros((2, 2), np.uint8), 1)
    with pytest.raises(TypeError, match="mask must be a numpy array, got list"):
        work([[True]], 1)
