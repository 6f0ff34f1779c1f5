"""Polygons against the pixels they came from, a ray to the right, and COCO's own."""

from __future__ import annotations

import os
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from hypothesis.extra import numpy as hnp
from pycocotools import mask as coco
from scipy import ndimage

from maskcore import masks, rle, rle_csv
from tests.flood import (
    ALL_EIGHT,
    all_4_by_4,
    cell_of,
    count_each,
    holes_by_hand,
    holes_of_each,
    parts_by_hand,
    parts_of_each,
    sheet,
    top_left,
)
from tests.grids import mask

# Of pycocotools' own arrays, under NumPy 2.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

few = settings(deadline=None, max_examples=150)

ANY_MASK = hnp.arrays(np.bool_, hnp.array_shapes(min_dims=2, max_dims=2, max_side=11))
CHECKERS = np.indices((9, 12)).sum(axis=0) % 2 == 0

RINGS = mask("""
    #####..
    #...#..
    #.#.#.#
    #...#..
    #####..
""")

POINTS = st.tuples(st.integers(-3, 12), st.integers(-3, 12))
SOME_RINGS = st.lists(st.lists(POINTS, min_size=3, max_size=6), min_size=1, max_size=3)


def as_lists(polygons: Sequence[masks.Polygon]) -> list[list[list[list[int]]]]:
    return [[ring.tolist() for ring in polygon] for polygon in polygons]


def signed_area(ring: np.ndarray) -> float:
    """The shoelace formula: positive clockwise as seen on the image, where y points down."""
    x, y = ring.T.astype(np.int64)
    return float((x * np.roll(y, -1) - np.roll(x, -1) * y).sum()) / 2


def filled_by_hand(rings: Sequence[Sequence], size_hw: tuple[int, int]) -> np.ndarray:
    """Count the edges that a ray from each center down crosses, in exact fractions."""
    filled = np.zeros(size_hw, np.bool_)
    half = Fraction(1, 2)
    for row, column in np.ndindex(*size_hw):
        x, y = column + half, row + half
        for ring in rings:
            for (x1, y1), (x2, y2) in zip(ring, [*ring[1:], ring[0]], strict=True):
                if (x1 <= x) != (x2 <= x):
                    crossing = y1 + (x - x1) * Fraction(y2 - y1) / (x2 - x1)
                    filled[row, column] ^= crossing > y
    return filled


def distance_to_outline(point: np.ndarray, ring: np.ndarray) -> float:
    start, end = ring.astype(float), np.roll(ring, -1, axis=0).astype(float)
    along = end - start
    share = ((point - start) * along).sum(axis=1) / (along**2).sum(axis=1)
    nearest = start + np.clip(share, 0, 1)[:, None] * along
    return float(np.hypot(*(point - nearest).T).min())


def blob(size_hw: tuple[int, int] = (120, 160)) -> np.ndarray:
    v, u = np.ogrid[: size_hw[0], : size_hw[1]]
    outer = ((v - 60) / 50) ** 2 + ((u - 80) / 70) ** 2 < 1
    return outer & (((v - 60) / 20) ** 2 + ((u - 70) / 25) ** 2 > 1)


# From a mask


def test_a_pixel_is_a_square():
    assert as_lists(masks.mask_to_polygons(mask("...\n.#."))) == [
        [[[1, 1], [2, 1], [2, 2], [1, 2]]],
    ]


def test_a_ring_has_an_outline_and_a_hole_and_what_lies_in_it_is_another_polygon():
    assert as_lists(masks.mask_to_polygons(RINGS)) == [
        [
            [[0, 0], [5, 0], [5, 5], [0, 5]],
            [[1, 4], [4, 4], [4, 1], [1, 1]],
        ],
        [[[2, 2], [3, 2], [3, 3], [2, 3]]],
        [[[6, 2], [7, 2], [7, 3], [6, 3]]],
    ]


def test_pixels_that_touch_at_a_corner_share_an_outline():
    assert as_lists(masks.mask_to_polygons(mask("#.\n.#"))) == [
        [[[0, 0], [1, 0], [1, 1], [2, 1], [2, 2], [1, 2], [1, 1], [0, 1]]],
    ]


def test_a_hole_behind_a_diagonal_is_a_hole():
    (polygon,) = masks.mask_to_polygons(mask(".#.\n#.#\n.#."))
    assert [signed_area(ring) for ring in polygon] == [5, -1]


def test_every_mask_of_4_by_4_comes_back():
    """All of them, on one sheet."""
    cells = all_4_by_4()
    pixels = sheet(cells)
    polygons = masks.mask_to_polygons(pixels)
    rings = [ring for polygon in polygons for ring in polygon]
    assert np.array_equal(masks.polygons_to_mask([rings], pixels.shape), pixels)
    x, y = np.array([polygon[0].min(axis=0) for polygon in polygons]).T
    n_holes = [len(polygon) - 1 for polygon in polygons]
    n_parts = count_each(parts_of_each(cells, ALL_EIGHT))
    assert np.array_equal(np.bincount(cell_of(x, y), minlength=len(cells)), n_parts)
    assert np.array_equal(
        np.bincount(cell_of(x, y), n_holes, len(cells)), count_each(holes_of_each(cells))
    )


def test_masks_of_4_by_4_come_back_each_alone():
    for pixels in all_4_by_4()[::101]:
        polygons = masks.mask_to_polygons(pixels)
        assert np.array_equal(masks.polygons_to_mask(polygons, (4, 4)), pixels)
        assert sum(len(polygon) - 1 for polygon in polygons) == len(holes_by_hand(pixels))
        assert len(polygons) == len(parts_by_hand(pixels))


@few
@given(ANY_MASK)
def test_outlines_follow_the_edges_of_the_pixels_and_every_point_is_a_corner(pixels: np.ndarray):
    length = 0
    for polygon in masks.mask_to_polygons(pixels):
        for ring in polygon:
            assert ring.dtype == np.int32
            steps = np.roll(ring, -1, axis=0) - ring
            assert ((steps == 0).sum(axis=1) == 1).all()
            # Level and upright edges take turns.
            assert ((steps[:, 0] == 0) != (np.roll(steps, -1, axis=0)[:, 0] == 0)).all()
            length += int(np.abs(steps).sum())
    assert length == masks.perimeter(np.pad(pixels, 1))


@few
@given(ANY_MASK)
def test_polygons_are_the_parts_of_a_flood_fill_with_their_holes(pixels: np.ndarray):
    parts = sorted(parts_by_hand(pixels), key=lambda part: tuple(np.argwhere(part)[0]))
    polygons = masks.mask_to_polygons(pixels)
    assert len(polygons) == len(parts)
    for polygon, part in zip(polygons, parts, strict=True):
        assert np.array_equal(masks.polygons_to_mask([polygon], pixels.shape), part)
        assert signed_area(polygon[0]) == part.sum() + sum(
            hole.sum() for hole in flooded_holes(part)
        )
        assert all(signed_area(ring) < 0 for ring in polygon[1:])
        assert sum(map(signed_area, polygon)) == part.sum()
        assert polygon[0].min(axis=0).tolist() == list(top_left(part))[::-1]


def flooded_holes(part: np.ndarray) -> list[np.ndarray]:
    return holes_by_hand(np.pad(part, 1))


@few
@given(ANY_MASK)
def test_every_mask_comes_back_in_any_memory_order(pixels: np.ndarray):
    polygons = masks.mask_to_polygons(pixels)
    assert np.array_equal(masks.polygons_to_mask(polygons, pixels.shape), pixels)
    wide = pixels.repeat(2, axis=0).repeat(3, axis=1)
    for same in (np.asfortranarray(pixels), wide[::2, ::3], pixels[:, ::-1].copy()[:, ::-1]):
        assert as_lists(masks.mask_to_polygons(same)) == as_lists(polygons)


@pytest.mark.parametrize("share", [0.05, 0.3, 0.5, 0.7, 0.95])
def test_large_random_masks_come_back(share: float):
    rng = np.random.default_rng(3)
    for size_hw in ((100, 137), (1, 300), (300, 1), (64, 64)):
        pixels = rng.random(size_hw) < share
        polygons = masks.mask_to_polygons(pixels)
        assert np.array_equal(masks.polygons_to_mask(polygons, size_hw), pixels)


@pytest.mark.parametrize("pixels", [CHECKERS, ~CHECKERS, CHECKERS[1:, 1:], CHECKERS[:8, :11]])
def test_checkerboards_come_back_as_one_part(pixels: np.ndarray):
    polygons = masks.mask_to_polygons(pixels)
    assert np.array_equal(masks.polygons_to_mask(polygons, pixels.shape), pixels)
    assert len(polygons) == 1
    assert len(polygons[0]) - 1 == np.count_nonzero(~pixels[1:-1, 1:-1])


def test_thousands_of_random_masks_come_back():
    rng = np.random.default_rng(4)
    for _ in range(3000):
        pixels = rng.random(rng.integers(1, 13, 2)) < rng.random()
        polygons = masks.mask_to_polygons(pixels)
        assert np.array_equal(masks.polygons_to_mask(polygons, pixels.shape), pixels)


def test_empty_and_full_masks_have_no_polygon_and_one():
    assert masks.mask_to_polygons(np.zeros((3, 4), np.bool_)) == []
    full = masks.mask_to_polygons(np.ones((3, 4), np.bool_))
    assert as_lists(full) == [[[[0, 0], [4, 0], [4, 3], [0, 3]]]]
    assert not masks.polygons_to_mask([], (3, 4)).any()
    assert not masks.polygons_to_mask([[]], (3, 4)).any()


@few
@given(ANY_MASK)
def test_pycocotools_fills_outlines_without_holes_as_here(pixels: np.ndarray):
    for part in parts_by_hand(masks.fill_holes(pixels)):
        (polygon,) = masks.mask_to_polygons(part)
        theirs = coco.frPyObjects([polygon[0].ravel().astype(float).tolist()], *part.shape)
        assert np.array_equal(coco.decode(theirs)[..., 0] > 0, part)


@pytest.mark.skipif("MASKCORE_TEST_DATA" not in os.environ, reason="needs MASKCORE_TEST_DATA")
def test_real_nuclei_come_back_and_have_the_parts_that_scipy_counts():
    table = rle_csv.read(Path(os.environ["MASKCORE_TEST_DATA"]) / "dsb2018/labels_rle.csv")
    assert len(table.rows) == 1320
    for row in table.rows:
        pixels = rle.decode(row.mask)
        polygons = masks.mask_to_polygons(pixels)
        assert np.array_equal(masks.polygons_to_mask(polygons, pixels.shape), pixels)
        assert len(polygons) == ndimage.label(pixels, np.ones((3, 3)))[1]


# Simplified


@pytest.mark.parametrize("tolerance", [0.5, 0.75, 1, 2, 5])
def test_a_simplified_outline_is_nowhere_farther_off_than_the_tolerance(tolerance: float):
    pixels = blob()
    (exact,), (simple,) = (
        masks.mask_to_polygons(pixels),
        masks.mask_to_polygons(pixels, tolerance=tolerance),
    )
    assert len(simple) == len(exact) == 2
    for ring, all_points in zip(simple, exact, strict=True):
        assert {tuple(point) for point in ring.tolist()} <= set(map(tuple, all_points.tolist()))
        farthest = max(distance_to_outline(point, ring) for point in all_points)
        assert farthest <= tolerance + 1e-6


def test_simplified_outlines_have_far_fewer_corners_and_keep_the_hole():
    pixels = blob()
    exact, simple = masks.mask_to_polygons(pixels), masks.mask_to_polygons(pixels, tolerance=1)
    assert sum(map(len, simple[0])) < sum(map(len, exact[0])) / 4
    filled = masks.polygons_to_mask(simple, pixels.shape)
    assert rle.iou(rle.encode(filled), rle.encode(pixels)) > 0.97
    assert masks.count_holes(filled) == 1


def test_rings_that_become_flat_are_left_out():
    pixels = np.zeros((40, 60), np.bool_)
    pixels[5:35, 5:45] = True
    pixels[20, 20] = False
    pixels[3, 55] = True
    (polygon,) = masks.mask_to_polygons(pixels, tolerance=2)
    assert as_lists([polygon]) == [[[[5, 5], [45, 5], [45, 35], [5, 35]]]]


@pytest.mark.parametrize("tolerance", [-1, float("nan")])
def test_what_is_no_tolerance_is_refused(tolerance: float):
    with pytest.raises(ValueError, match="tolerance must be at least 0"):
        masks.mask_to_polygons(RINGS, tolerance=tolerance)


# To a mask


def test_a_pixel_is_inside_if_its_center_is():
    triangle = [[0, 0], [4, 0], [0, 4]]
    expected = mask("""
        ###.
        ##..
        #...
        ....
    """)
    # The centers on the slanted edge are on the triangle's lower side.
    assert np.array_equal(masks.polygons_to_mask([[triangle]], (4, 4)), expected)
    small = [[0.6, 0.6], [1.6, 0.6], [1.6, 1.6], [0.6, 1.6]]
    assert np.array_equal(masks.polygons_to_mask([[small]], (2, 2)), mask("..\n.#"))


def test_a_center_on_an_outline_is_inside_on_the_left_and_the_upper_side():
    square = [[0.5, 0.5], [2.5, 0.5], [2.5, 2.5], [0.5, 2.5]]
    assert np.array_equal(masks.polygons_to_mask([[square]], (3, 3)), mask("##.\n##.\n..."))


@few
@given(SOME_RINGS, st.integers(1, 9), st.integers(1, 9))
def test_any_rings_are_filled_as_a_ray_says(rings: list, height: int, width: int):
    expected = filled_by_hand(rings, (height, width))
    assert np.array_equal(masks.polygons_to_mask([rings], (height, width)), expected)
    reverse = [ring[::-1] for ring in rings]
    closed = [[*ring, ring[0]] for ring in rings]
    for same in (reverse, closed, rings[::-1]):
        assert np.array_equal(masks.polygons_to_mask([same], (height, width)), expected)


@few
@given(st.lists(SOME_RINGS, max_size=3))
def test_several_polygons_cover_what_any_of_them_does(polygons: list):
    each = [filled_by_hand(rings, (8, 7)) for rings in polygons]
    expected = np.any([np.zeros((8, 7), np.bool_), *each], axis=0)
    assert np.array_equal(masks.polygons_to_mask(polygons, (8, 7)), expected)


def test_what_lies_outside_the_image_is_cut_off():
    around = [[-1e8, -1e8], [1e8, -1e8], [1e8, 1e8], [-1e8, 1e8]]
    assert masks.polygons_to_mask([[around]], (3, 5)).all()
    beside = [[6, 0], [9, 0], [9, 3], [6, 3]]
    assert not masks.polygons_to_mask([[beside]], (3, 5)).any()


@pytest.mark.parametrize(
    ("ring", "fault"),
    [
        ([[0, 0], [1, 1]], r"N at least 3, got \(2, 2\)"),
        ([0, 0, 1, 0, 1, 1], r"shape \(N, 2\) with N at least 3, got \(6,\)"),
        ([[0, 0], [1, 0], [1, float("nan")]], "finite"),
        ([[0, 0], [1, 0], [1, float("inf")]], "finite"),
        ([[0, 0], [1, 0], [1, 1e300]], "finite"),
    ],
)
def test_what_is_no_ring_is_refused(ring: list, fault: str):
    with pytest.raises(ValueError, match=fault):
        masks.polygons_to_mask([[ring]], (2, 2))


def test_neither_masks_nor_rings_are_changed():
    pixels = RINGS.copy()
    polygons = masks.mask_to_polygons(pixels)
    before = as_lists(polygons)
    masks.polygons_to_mask(polygons, pixels.shape)
    masks.mask_to_polygons(pixels, tolerance=1)
    assert as_lists(polygons) == before
    assert np.array_equal(pixels, RINGS)


def test_gray_values_are_no_mask():
    with pytest.raises(ValueError, match="mask must be bool, got uint8"):
        masks.mask_to_polygons(np.zeros((2, 2), np.uint8))
