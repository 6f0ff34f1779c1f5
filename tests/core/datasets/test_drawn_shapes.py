from __future__ import annotations

import math

import numpy as np
import pytest

from maskcore import rle
from maskcore.datasets import drawn_shapes
from maskcore.errors import DatasetError
from tests.grids import mask


def pixels(r):
    return np.array(rle.decode(r))


def in_ellipse(x, y, center, radii, degrees):
    """Whether a point is inside, by turning it back."""
    angle = -math.radians(degrees)
    dx, dy = x - center[0], y - center[1]
    u = dx * math.cos(angle) - dy * math.sin(angle)
    v = dx * math.sin(angle) + dy * math.cos(angle)
    return (u / radii[0]) ** 2 + (v / radii[1]) ** 2 <= 1 + 1e-12


def by_centers(size_hw, inside):
    height, width = size_hw
    return np.array([[inside(x + 0.5, y + 0.5) for x in range(width)] for y in range(height)])


def test_an_ellipse_has_the_pixels_whose_centers_are_inside():
    rng = np.random.default_rng(1)
    n_compared = 0
    for _ in range(300):
        size_hw = tuple(rng.integers(1, 24, 2).tolist())
        center = (rng.random(2) * size_hw[::-1]).tolist()
        radii = (rng.random(2) * 14 + 0.01).tolist()
        degrees = float(rng.choice([0, 90, 180, -45, 30, 400.5, rng.random() * 720 - 360]))
        try:
            found = pixels(drawn_shapes.ellipse(center, radii, size_hw, degrees=degrees))
        except DatasetError:
            continue
        wanted = by_centers(
            size_hw,
            lambda x, y, c=center, r=radii, d=degrees: in_ellipse(x, y, c, r, d),
        )
        assert np.array_equal(found, wanted), (center, radii, degrees)
        n_compared += 1
    assert n_compared > 200


def test_a_circle_with_centers_on_its_outline_has_them():
    # (2.5, 2.5) with radius 2: the centers two pixels away are on it.
    found = pixels(drawn_shapes.ellipse((2.5, 2.5), (2, 2), (5, 5)))
    assert np.array_equal(found, mask("..#..\n.###.\n#####\n.###.\n..#.."))


def test_an_ellipse_turns_clockwise_as_seen():
    flat = pixels(drawn_shapes.ellipse((4, 4), (4, 1), (8, 8), degrees=45))
    assert flat[6, 6]
    assert flat[1, 1]
    assert not flat[1, 6]
    assert not flat[6, 1]


def test_a_full_ellipse_fills_all():
    assert pixels(drawn_shapes.ellipse((2, 1), (90, 90), (3, 4))).all()


def test_turned_corners_go_clockwise_around_the_point_that_stays():
    corners = drawn_shapes.rotate(drawn_shapes.box_corners(2, 1, 4, 2), 90, (2, 1))
    assert np.allclose(corners, [(2, 1), (2, 3), (1, 3), (1, 1)])


@pytest.mark.parametrize("shift", [(0, 0), (-3, 2), (4, -3), (2.25, 1.5)])
def test_a_polygon_has_the_pixels_whose_centers_are_inside(shift):
    ring = np.array([(0.2, 0.1), (6.3, 1.2), (4.1, 5.7), (3.3, 2.1), (0.6, 5.2)]) + shift

    def inside(x, y):
        odd = False
        for (x1, y1), (x2, y2) in zip(ring, np.roll(ring, 1, axis=0), strict=True):
            if (y1 > y) != (y2 > y):
                odd ^= x < x1 + (y - y1) * (x2 - x1) / (y2 - y1)
        return odd

    before = ring.copy()
    found = pixels(drawn_shapes.polygon(ring, (6, 8)))
    assert np.array_equal(found, by_centers((6, 8), inside))
    assert np.array_equal(ring, before)


def test_a_flat_polygon_inside_the_image_is_an_empty_mask():
    assert rle.area(drawn_shapes.polygon([(1, 1), (3, 1), (2, 1)], (4, 4))) == 0


def test_a_small_mask_is_cut_off_at_the_image():
    crop = mask("##\n##")
    assert np.array_equal(
        pixels(drawn_shapes.place_crop(crop, (-1, 1), (3, 3))), mask("...\n#..\n#..")
    )
    assert np.array_equal(
        pixels(drawn_shapes.place_crop(crop, (2, 2), (3, 3))), mask("...\n...\n..#")
    )


@pytest.mark.parametrize("xy", [(-2, 0), (0, -2), (3, 0), (0, 3), (9, 9), (-9, -9)])
def test_a_small_mask_that_misses_the_image_is_refused(xy):
    with pytest.raises(DatasetError, match="lies outside of the image"):
        drawn_shapes.place_crop(mask("##\n##"), xy, (3, 3))


@pytest.mark.parametrize(
    ("ring", "reason"),
    [
        (None, "not pairs of numbers"),
        ([], "not pairs of numbers"),
        ("1,2", "not pairs of numbers"),
        ({"x": 1}, "not pairs of numbers"),
        ([1, 2, 3, 4, 5, 6], "not pairs of numbers"),
        ([[1, 2], [3]], "not pairs of numbers"),
        ([[1, 2], [3, "x"], [4, 5]], "not pairs of numbers"),
        ([[1, 2], [3, None], [4, 5]], "not"),
        ([[0, 0], [10**400, 0], [0, 1]], "not pairs of numbers"),
        ([[0, 0], [float("nan"), 0], [0, 1]], "not all finite"),
        ([[0, 0], [float("inf"), 0], [0, 1]], "not all finite"),
        ([[0, 0], [1e9, 0], [0, 1]], "below a billion"),
        ([[0, 0], [1, 1]], "at least three corners, not 2"),
        ([[5, 0], [9, 0], [9, 4]], "outside of the image"),
        ([[-5, 0], [0, 0], [-5, 4]], "outside of the image"),
    ],
)
def test_rings_that_are_no_polygon_on_the_image_are_refused(ring, reason):
    with pytest.raises(DatasetError, match=reason):
        drawn_shapes.polygon(ring, (4, 5))


def test_a_polygon_that_would_take_gigabytes_is_refused():
    zigzag = np.tile([(0.0, 0.0), (1.0, 5000.0)], (20_000, 1))
    with pytest.raises(DatasetError, match="too many corners: 40,000"):
        drawn_shapes.polygon(zigzag, (5000, 5000))


@pytest.mark.parametrize(
    ("center", "radii", "reason"),
    [
        ((1, 1), (0, 2), "no area"),
        ((1, 1), (2, -1), "no area"),
        ((1, 1), (1e-300, 1), "no area"),
        ((1, float("nan")), (1, 1), "not all finite"),
        ((1, 1), (1e300, 1), "not all finite"),
        ((9, 9), (1, 1), "outside of the image"),
        ((-2, 1), (2, 2), "outside of the image"),
    ],
)
def test_ellipses_without_pixels_on_the_image_are_refused(center, radii, reason):
    with pytest.raises(DatasetError, match=reason):
        drawn_shapes.ellipse(center, radii, (4, 5))
