"""COCO polygons against pixels worked out by hand, and against pycocotools pixel for pixel."""

from __future__ import annotations

import json
import os
from array import array
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from pycocotools import mask as coco

from maskcore import rle
from maskcore.errors import RLEError
from maskcore.masks import polygons as mask_polygons
from maskcore.rle import RLE, polygons as rle_polygons
from maskcore.rle.polygons import from_polygons
from tests.flood import all_4_by_4
from tests.grids import mask

# Of pycocotools' own arrays, under NumPy 2.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

DATA = Path(os.environ.get("MASKCORE_TEST_DATA", "") or "absent")
needs_coco = pytest.mark.skipif(
    not (DATA / "coco").is_dir(), reason="MASKCORE_TEST_DATA names no folder with coco/"
)

many = settings(deadline=None, max_examples=120)

SQUARE = [1, 1, 3, 1, 3, 3, 1, 3]

# Whole steps, halves, fifths and tenths of a pixel lie on the grid or halfway between its points,
# where rounding decides.
COORDINATES = st.one_of(
    st.floats(-30, 60, allow_subnormal=False),
    st.integers(-10, 40),
    *(st.integers(-20 * n, 40 * n).map(lambda k, n=n: k / n) for n in (2, 5, 10)),
)
POINTS = st.tuples(COORDINATES, COORDINATES)
# Every point once or twice, so that there are edges without any length.
RINGS = st.lists(POINTS, min_size=3, max_size=12).flatmap(
    lambda points: st.sampled_from(
        [
            [number for point in points for number in point],
            [number for point in points for number in (*point, *point)],
        ]
    )
)
ANNOTATIONS = st.lists(st.lists(RINGS, min_size=1, max_size=3), min_size=1, max_size=5)
SIZES = st.tuples(st.integers(1, 40), st.integers(1, 40))


def by_coco(rings: Sequence[Sequence[float]], size_hw: tuple[int, int]) -> np.ndarray:
    # One by one: in a list that begins with four numbers it sees boxes.
    each = [coco.frPyObjects([list(map(float, ring))], *size_hw)[0] for ring in rings]
    return coco.decode(coco.merge(each)).astype(np.bool_)


def pixels(found: list[RLE]) -> list[list[list[bool]]]:
    return [rle.decode(r).tolist() for r in found]


# By hand


def test_a_polygon_along_the_edges_of_pixels_is_those_pixels():
    assert pixels(from_polygons([[SQUARE]], (4, 5))) == [
        mask("""
            .....
            .##..
            .##..
            .....
        """).tolist()
    ]


def test_a_column_is_inside_if_its_middle_is_and_so_is_a_row():
    # From 0.6 to 2.6 are the middles 1.5 and 2.5; from 0.4 to 2.4 are 0.5 and 1.5.
    ring = [0.6, 0.4, 2.6, 0.4, 2.6, 2.4, 0.6, 2.4]
    assert pixels(from_polygons([[ring]], (3, 4))) == [mask(".##.\n.##.\n....").tolist()]


def test_points_are_rounded_to_a_fifth_of_a_pixel():
    # 0.49 becomes two fifths, 0.5 becomes three, which is beyond the middle.
    almost, reached = ([0, 0, x, 0, x, 1, 0, 1] for x in (0.49, 0.5))
    assert pixels(from_polygons([[almost], [reached]], (1, 1))) == [[[False]], [[True]]]


def test_rings_of_a_mask_are_joined_and_do_not_make_holes():
    outer, inner = [0, 0, 5, 0, 5, 5, 0, 5], [1, 1, 4, 1, 4, 4, 1, 4]
    assert pixels(from_polygons([[outer, inner]], (5, 5))) == [np.ones((5, 5), bool).tolist()]
    apart = [[0, 0, 1, 0, 1, 2, 0, 2], [2, 0, 3, 0, 3, 1, 2, 1]]
    assert pixels(from_polygons([apart], (2, 3))) == [mask("#.#\n#..").tolist()]


def test_what_a_ring_goes_around_twice_is_outside():
    twice = [0, 0, 4, 0, 4, 4, 0, 4, 0, 0, 1, 1, 3, 1, 3, 3, 1, 3, 1, 1]
    assert pixels(from_polygons([[twice]], (4, 4))) == [
        mask("####\n#..#\n#..#\n####").tolist(),
    ]


def test_what_lies_outside_of_the_image_is_cut_off():
    around = [-900, -900, 900, -900, 900, 900, -900, 900]
    beside = [[x + dx for x, dx in zip(SQUARE, [9, 0] * 4, strict=True)], [-5, 0, -2, 0, -2, 2]]
    above = [0, -9, 4, -9, 4, -3, 0, -3]
    full, nothing, also_nothing = from_polygons([[around], beside, [above]], (4, 4))
    assert rle.area(full) == 16
    assert nothing == also_nothing == rle.empty((4, 4))


def test_a_mask_without_rings_is_empty_and_keeps_its_place():
    nothing, square, also_nothing = from_polygons([[], [SQUARE], []], (4, 4))
    assert nothing == also_nothing == rle.empty((4, 4))
    assert rle.area(square) == 4
    assert from_polygons([[], []], (2, 3)) == [rle.empty((2, 3))] * 2
    assert from_polygons([], (2, 3)) == []


def test_a_polygon_without_any_width_is_empty():
    line, point = [0, 0, 3, 3, 1, 1], [2, 2, 2, 2, 2, 2]
    assert from_polygons([[line], [point]], (4, 4)) == [rle.empty((4, 4))] * 2


def test_an_image_of_one_pixel():
    covers, misses = [0, 0, 1, 0, 1, 1, 0, 1], [0, 0, 0.2, 0, 0.2, 0.2]
    full, nothing = from_polygons([[covers], [misses]], (1, 1))
    assert (rle.area(full), rle.area(nothing)) == (1, 0)


def test_a_ring_may_be_any_flat_sequence_of_numbers_and_is_not_changed():
    expected = from_polygons([[SQUARE]], (4, 5))
    every_other = np.repeat(np.array(SQUARE, np.float32), 2)[::2]
    assert not every_other.flags.contiguous
    for ring in (tuple(SQUARE), array("d", SQUARE), np.array(SQUARE, np.uint8), every_other):
        before = np.array(ring)
        assert from_polygons([[ring]], (4, 5)) == expected
        assert np.array_equal(before, ring)


def test_a_closed_ring_is_the_same_as_an_open_one():
    assert from_polygons([[SQUARE + SQUARE[:2]]], (4, 5)) == from_polygons([[SQUARE]], (4, 5))


# Against pycocotools


@many
@given(ANNOTATIONS, SIZES)
def test_masks_are_those_of_pycocotools(annotations: list, size_hw: tuple[int, int]):
    found = from_polygons(annotations, size_hw)
    for r, rings in zip(found, annotations, strict=True):
        assert np.array_equal(rle.decode(r), by_coco(rings, size_hw))
        assert RLE(size_hw, r.counts.tolist()) == r  # checks them, and that they are shortest


def test_long_edges_and_large_images_are_those_of_pycocotools():
    rng = np.random.default_rng(0)
    for size_hw in ((700, 900), (1, 3000), (3000, 1)):
        points = rng.uniform(-1000, 4000, (40, 14))
        points[::2] = np.round(points[::2] * 5) / 5
        for r, ring in zip(from_polygons(points[:, None], size_hw), points, strict=True):
            assert np.array_equal(rle.decode(r), by_coco([ring], size_hw))


def test_coordinates_as_far_away_as_is_allowed():
    rings = [[[-1e6, 3.3, 1e6, 7.1, 12.4, 1e6]], [[0, -1e6, 9.3, 1e6, 1e6, -1e6]]]
    for r, (ring,) in zip(from_polygons(rings, (20, 30)), rings, strict=True):
        assert np.array_equal(rle.decode(r), by_coco([ring], (20, 30)))


def test_edges_that_round_at_ties_are_those_of_pycocotools():
    # A slope of a half, and of every other share of 2 n, passes halfway between two points.
    rings = [
        [[0, 0, run / 5, rise / 5, run / 5, 9, 0, 9]] for run in range(41) for rise in range(41)
    ]
    turned = [[[number for pair in _pairs(ring) for number in pair[::-1]]] for (ring,) in rings]
    back = [[ring[::-1]] for (ring,) in turned]
    every = [*rings, *turned, *back]
    for r, (ring,) in zip(from_polygons(every, (9, 9)), every, strict=True):
        assert np.array_equal(rle.decode(r), by_coco([ring], (9, 9)))


def _pairs(ring: list[float]) -> list[tuple[float, float]]:
    return list(zip(ring[::2], ring[1::2], strict=True))


def test_outlines_of_pixels_without_holes_are_filled_to_the_same_pixels():
    masks = all_4_by_4()[::11]
    polygons = [mask_polygons.mask_to_polygons(mask) for mask in masks]
    outlines = [[rings[0].ravel() for rings in polygon] for polygon in polygons]
    found = from_polygons(outlines, (4, 4))
    whole = [all(len(rings) == 1 for rings in polygon) for polygon in polygons]
    assert 0 < sum(whole) < len(masks)
    for r, original, is_whole in zip(found, masks, whole, strict=True):
        assert np.array_equal(rle.decode(r), original) == is_whole


@needs_coco
def test_real_annotations_are_those_of_pycocotools():
    document = json.loads((DATA / "coco" / "instances.json").read_text("utf-8"))
    sizes = {image["id"]: (image["height"], image["width"]) for image in document["images"]}
    by_image = defaultdict(list)
    for annotation in document["annotations"]:
        if isinstance(annotation["segmentation"], list):
            by_image[annotation["image_id"]].append(annotation["segmentation"])
    assert sum(map(len, by_image.values())) > 500
    for image_id, masks in by_image.items():
        found = from_polygons(masks, sizes[image_id])
        for r, rings in zip(found, masks, strict=True):
            assert np.array_equal(rle.decode(r), by_coco(rings, sizes[image_id]))


# Many at once


def test_many_at_once_are_the_same_as_each_alone():
    rng = np.random.default_rng(1)
    annotations = [
        [rng.uniform(-5, 40, 2 * rng.integers(3, 9)) for _ in range(n)] for n in (2, 0, 1, 3, 1) * 4
    ]
    together = from_polygons(annotations, (33, 21))
    assert together == [from_polygons([rings], (33, 21))[0] for rings in annotations]


def test_those_that_are_too_many_at_once_are_made_in_turn(monkeypatch: pytest.MonkeyPatch):
    rng = np.random.default_rng(2)
    annotations = [[rng.uniform(-5, 40, 8) for _ in range(n)] for n in (2, 0, 0, 1, 3, 0, 1, 0)]
    together = from_polygons(annotations, (33, 21))
    for limit in (1, 20, 100):
        monkeypatch.setattr(rle_polygons, "_AT_ONCE", limit)
        assert from_polygons(annotations, (33, 21)) == together


# Refused


@pytest.mark.parametrize(
    ("ring", "reason"),
    [
        ([], "needs 3 points, which are 6 numbers; it has 0"),
        ([1, 1, 2, 2], "needs 3 points, which are 6 numbers; it has 4"),
        ([1, 1, 2, 2, 3, 3, 4], "pairs x, y, but has 7 numbers"),
        ([1, 1, 2, 2, 3, float("nan")], "no finite number"),
        ([1, 1, 2, 2, 3, float("inf")], "no finite number"),
        ([1, 1, 2, 2, 3, 1_000_001], "beyond 1,000,000 pixels"),
        ([1, 1, 2, 2, 3, -1e9], "beyond 1,000,000 pixels"),
        ([1, 1, 2, 2, 3, 10**400], "not a plain list of numbers"),
        ([1, 1, 2, 2, 3, "3"], "not a plain list of numbers"),
        ([1, 1, 2, 2, 3, None], "not a plain list of numbers"),
        ([[1, 1], [2, 2], [3, 3]], "not a plain list of numbers"),
        ([[1, 1], [2, 2], [3]], "not a plain list of numbers"),
        ("1, 1, 2, 2, 3, 3", "not a plain list of numbers"),
        ({"x": 1}, "not a plain list of numbers"),
        (7, "not a plain list of numbers"),
    ],
)
def test_a_ring_that_is_none_is_refused(ring: Any, reason: str):
    with pytest.raises(RLEError, match=reason):
        from_polygons([[SQUARE], [SQUARE, ring]], (4, 4))


def test_a_ring_that_runs_to_and_fro_for_ever_is_refused(monkeypatch: pytest.MonkeyPatch):
    to_and_fro = [[0, 0, 100, 1] * 30 + [0, 9]]
    assert rle.area(from_polygons([to_and_fro], (9, 100))[0]) > 0
    monkeypatch.setattr(rle_polygons, "_AT_ONCE", 1000)
    monkeypatch.setattr(rle_polygons, "MOST_PASSAGES", 1000)
    with pytest.raises(RLEError, match="pass columns of the image 6,000 times; at most 1,000"):
        from_polygons([[SQUARE], to_and_fro], (9, 100))


def test_the_size_is_checked():
    with pytest.raises(ValueError, match=r"at least \(1, 1\), got \(0, 4\)"):
        from_polygons([[SQUARE]], (0, 4))
    with pytest.raises(TypeError, match="two integers"):
        from_polygons([[SQUARE]], (4.0, 4))  # type: ignore[arg-type]
    with pytest.raises(RLEError, match="too large"):
        from_polygons([[SQUARE]], (60_000, 60_000))
