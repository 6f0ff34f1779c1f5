from __future__ import annotations

import csv
import os
import threading
from collections import deque
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, strategies as st
from hypothesis.extra import numpy as hnp

from maskcore import regions, rle, rle_text
from maskcore.errors import MaskcoreError
from maskcore.samples.shape_scenes import scene
from tests.grids import mask

RED, BLUE, GREEN = (200, 30, 30), (20, 60, 220), (30, 190, 60)

SMALL_IMAGE = hnp.arrays(
    np.uint8,
    st.tuples(st.integers(1, 9), st.integers(1, 9), st.just(3)),
    elements=st.integers(0, 6).map(lambda step: min(step * 50, 255)),
)


def painted(size_hw: tuple[int, int], *, background=RED, **shapes) -> np.ndarray:
    """A flat picture with a rectangle (x1, y1, x2, y2) of each color that is named."""
    image = np.full((*size_hw, 3), background, np.uint8)
    for name, (x1, y1, x2, y2) in shapes.items():
        image[y1:y2, x1:x2] = {"blue": BLUE, "green": GREEN}[name]
    return image


def of_color(image: np.ndarray, color: tuple[int, int, int]) -> np.ndarray:
    return (image == color).all(axis=2)


def disks(size_hw: tuple[int, int], *circles: tuple[float, float, float]) -> np.ndarray:
    """The number of the disk (x, y, radius) at each pixel; of two the nearer, 0 is outside."""
    y, x = np.indices(size_hw)
    depths = [radius - np.hypot(x - cx, y - cy) for cx, cy, radius in circles]
    return np.where(np.max(depths, axis=0) >= 0, np.argmax(depths, axis=0) + 1, 0)


def iou(one: np.ndarray, other: np.ndarray) -> float:
    return np.count_nonzero(one & other) / np.count_nonzero(one | other)


def wand_by_hand(image, xy, tolerance) -> np.ndarray:
    """A flood fill as in a textbook: look at one pixel after the other."""
    height, width = image.shape[:2]
    reference = image[xy[1], xy[0]].astype(int)
    inside = np.zeros((height, width), bool)
    waiting = deque([xy])
    while waiting:
        x, y = waiting.popleft()
        if not (0 <= x < width and 0 <= y < height) or inside[y, x]:
            continue
        if any(abs(int(image[y, x, c]) - reference[c]) > tolerance for c in range(3)):
            continue
        inside[y, x] = True
        waiting += [(x + 1, y), (x - 1, y), (x, y + 1), (x, y - 1)]
    return inside


@given(SMALL_IMAGE, st.data())
def test_the_wand_takes_what_a_flood_fill_by_hand_takes(image, data) -> None:
    xy = data.draw(st.integers(0, image.shape[1] - 1)), data.draw(st.integers(0, len(image) - 1))
    tolerance = data.draw(st.integers(0, 255))
    before = image.copy()
    wanted = wand_by_hand(image, xy, tolerance)
    assert np.array_equal(regions.magic_wand(image, xy, tolerance), wanted)
    assert np.array_equal(regions.magic_wand(np.asfortranarray(image), xy, tolerance), wanted)
    wide = np.repeat(image, 2, axis=1)[:, ::2]
    assert np.array_equal(regions.magic_wand(wide, xy, tolerance), wanted)
    assert np.array_equal(image, before)


@given(SMALL_IMAGE, st.integers(0, 255))
def test_the_wand_on_the_whole_image_compares_every_pixel(image, tolerance) -> None:
    found = regions.magic_wand(image, (0, 0), tolerance, contiguous=False)
    differences = np.abs(image.astype(int) - image[0, 0].astype(int)).max(axis=2)
    assert np.array_equal(found, differences <= tolerance)


def test_the_wand_does_not_go_over_corners() -> None:
    image = np.where(mask("#.\n.#")[..., None], 200, 0).astype(np.uint8).repeat(3, axis=2)
    assert np.array_equal(regions.magic_wand(image, (0, 0), 10), mask("#.\n.."))
    apart = regions.magic_wand(image, (0, 0), 10, contiguous=False)
    assert np.array_equal(apart, mask("#.\n.#"))


def test_the_wand_compares_with_the_first_pixel_and_not_with_the_one_before() -> None:
    ramp = np.arange(0, 100, 10, dtype=np.uint8)[None, :, None].repeat(3, axis=2)
    assert np.array_equal(regions.magic_wand(ramp, (0, 0), 25), mask("###......."))


def test_one_channel_that_differs_too_much_is_enough_to_stay_outside() -> None:
    image = np.array([[(100, 100, 100), (100, 110, 100), (111, 100, 100)]], np.uint8)
    assert np.array_equal(regions.magic_wand(image, (0, 0), 10), mask("##."))


def test_the_wand_reads_an_image_that_cannot_be_written() -> None:
    image = painted((4, 5), blue=(1, 1, 3, 3))
    image.flags.writeable = False
    assert np.array_equal(regions.magic_wand(image, (1, 1), 0), of_color(image, BLUE))


@pytest.mark.parametrize(
    ("xy", "tolerance", "fault"),
    [
        ((5, 0), 1, r"inside 5 x 4 pixels, got \(5, 0\)"),
        ((0, -1), 1, r"got \(0, -1\)"),
        ((0, 0, 0), 1, r"xy must be \(x, y\), got"),
        ((0, 0), 256, "tolerance must be 0 to 255, got 256"),
        ((0, 0), -1, "got -1"),
    ],
)
def test_the_wand_says_what_is_wrong(xy, tolerance, fault) -> None:
    with pytest.raises(ValueError, match=fault):
        regions.magic_wand(painted((4, 5)), xy, tolerance)


def test_a_place_between_pixels_is_the_wrong_kind() -> None:
    with pytest.raises(TypeError, match="two integers"):
        regions.magic_wand(painted((4, 5)), (0.5, 1), 3)


@pytest.mark.parametrize("box", [(20, 10, 60, 40), (15, 5, 70, 45), (0, 0, 70, 50)])
def test_grabcut_finds_a_clean_object_to_the_pixel(box) -> None:
    image = painted((60, 90), blue=(20, 10, 60, 40))
    assert np.array_equal(regions.grabcut(image, box=box), of_color(image, BLUE))


def test_grabcut_finds_a_clean_object_to_the_pixel_when_it_works_on_a_reduced_copy() -> None:
    image = painted((600, 900), blue=(203, 101, 601, 407))
    image[:, 400] = RED  # in two parts
    for longest in (60, 100):
        found = regions.grabcut(image, box=(190, 90, 620, 420), longest=longest)
        wanted = of_color(image, BLUE)
        # A column of one pixel is lost where it is reduced to a seventh or tenth.
        wanted[101:407, 400] = found[101:407, 400]
        assert np.array_equal(found, wanted)


def test_grabcut_of_a_large_scene_is_nearly_the_truth() -> None:
    one = scene(395, (900, 1200))
    largest = max(one.instances, key=lambda instance: rle.area(instance.mask))
    found = regions.grabcut(one.image, box=largest.box)
    assert iou(found, rle.decode(largest.mask)) > 0.99


def test_what_is_scribbled_inside_is_the_object_and_brings_its_like() -> None:
    image = painted((40, 60), blue=(10, 10, 25, 30), green=(25, 10, 40, 30))
    inside = np.zeros((40, 60), bool)
    inside[15:20, 12:38] = True  # over blue and green
    found = regions.grabcut(image, box=(8, 8, 50, 34), inside=inside)
    assert np.array_equal(found, ~of_color(image, RED))


def test_what_is_scribbled_outside_is_not_the_object_and_takes_its_like_away() -> None:
    image = painted((40, 60), blue=(10, 10, 25, 30), green=(25, 10, 40, 30))
    inside, outside = np.zeros((40, 60), bool), np.zeros((40, 60), bool)
    inside[15:25, 12:22] = True
    outside[12:28, 28:38] = True
    found = regions.grabcut(image, box=(8, 8, 50, 34), inside=inside, outside=outside)
    assert np.array_equal(found, of_color(image, BLUE))


@given(st.integers(0, 10_000))
def test_scribbles_are_obeyed_whatever_the_picture_shows(seed) -> None:
    rng = np.random.default_rng(seed)
    image = rng.integers(0, 256, (30, 44, 3), np.uint8)
    pen = rng.random((30, 44))
    inside, outside = pen < 0.03, pen > 0.97
    inside[3, 4], outside[3, 4] = True, False
    for longest in (12, 500):
        found = regions.grabcut(
            image, box=(8, 6, 30, 25), inside=inside, outside=outside, longest=longest
        )
        assert found[inside].all()
        assert not found[outside].any()
        beyond = np.ones_like(found)
        beyond[6:25, 8:30] = False
        assert not (found & beyond & ~inside).any()


def test_without_a_box_two_scribbles_are_enough() -> None:
    image = painted((60, 80), blue=(20, 10, 50, 40))
    inside, outside = np.zeros((60, 80), bool), np.zeros((60, 80), bool)
    inside[20, 25:30] = True
    outside[50, 3:70] = True
    found = regions.grabcut(image, inside=inside, outside=outside)
    assert np.array_equal(found, of_color(image, BLUE))


def test_without_a_box_only_what_hangs_together_with_the_scribble_is_found() -> None:
    image = painted((60, 80), blue=(10, 10, 30, 40))
    image[10:40, 50:70] = BLUE
    inside, outside = np.zeros((60, 80), bool), np.zeros((60, 80), bool)
    inside[20:24, 15:20] = True
    outside[50:53, 3:70] = True
    found = regions.grabcut(image, inside=inside, outside=outside)
    wanted = np.zeros((60, 80), bool)
    wanted[10:40, 10:30] = True
    assert np.array_equal(found, wanted)


def test_a_thin_scribble_and_a_thin_box_survive_the_reduction() -> None:
    image = painted((400, 600), blue=(100, 100, 300, 300))
    inside, outside = np.zeros((400, 600), bool), np.zeros((400, 600), bool)
    inside[200, 150], outside[50, 500] = True, True
    found = regions.grabcut(image, inside=inside, outside=outside, longest=40)
    assert np.array_equal(found, of_color(image, BLUE))
    thin = regions.grabcut(image, box=(150, 50, 152, 350), longest=20)
    assert not thin[:, :150].any()
    assert not thin[:, 152:].any()


def test_the_same_seed_gives_the_same_mask_in_any_thread() -> None:
    image = scene(7, (120, 160)).image
    before = image.copy()
    found = [regions.grabcut(image, box=(30, 20, 120, 100), seed=3)]
    cv2.setRNGSeed(99)
    other = threading.Thread(
        target=lambda: found.append(regions.grabcut(image, box=(30, 20, 120, 100), seed=3))
    )
    other.start()
    other.join()
    found.append(regions.grabcut(np.asfortranarray(image), box=(30, 20, 120, 100), seed=3))
    assert np.array_equal(found[0], found[1])
    assert np.array_equal(found[0], found[2])
    assert np.array_equal(image, before)


def test_a_flat_picture_has_an_answer() -> None:
    assert regions.grabcut(painted((20, 30)), box=(5, 5, 12, 12)).shape == (20, 30)


def test_the_scribbles_are_not_changed() -> None:
    image = painted((40, 60), blue=(10, 10, 25, 30))
    inside = np.zeros((40, 60), bool)
    inside[15:20, 12:20] = True
    before = inside.copy()
    regions.grabcut(image, inside=inside, outside=~inside & of_color(image, RED))
    assert np.array_equal(inside, before)


SOME = mask("#..\n...")


@pytest.mark.parametrize(
    ("given_", "fault"),
    [
        ({}, "got none of them"),
        ({"box": (0, 0, 4, 1)}, r"inside 3 x 2 pixels and hold one, got \(0, 0, 4, 1\)"),
        ({"box": (-1, 0, 2, 1)}, r"got \(-1, 0, 2, 1\)"),
        ({"box": (1, 1, 1, 2)}, r"got \(1, 1, 1, 2\)"),
        ({"box": (0, 0, 1)}, r"box must be \(x1, y1, x2, y2\), got \(0, 0, 1\)"),
        ({"inside": SOME, "outside": ~mask(".#.\n...")}, "must not overlap, got 1 common"),
        ({"inside": mask("#.")}, r"inside must have size \(2, 3\), got \(1, 2\)"),
        ({"outside": SOME.astype(np.uint8)}, "mask must be bool, got uint8"),
        ({"inside": SOME, "iterations": 0}, "got 0 and 500"),
        ({"inside": SOME, "longest": 1}, "got 5 and 1"),
    ],
)
def test_grabcut_says_what_is_wrong(given_, fault) -> None:
    with pytest.raises(ValueError, match=fault):
        regions.grabcut(painted((2, 3)), **given_)


@pytest.mark.parametrize(
    ("given_", "fault"),
    [
        ({"box": (0, 0, 3, 2)}, "Nothing is marked as background"),
        ({"inside": mask("###\n###")}, "Nothing is marked as background"),
        ({"inside": mask("...\n...")}, "Nothing is left to be the object"),
        ({"outside": mask("###\n###")}, "Nothing is left to be the object"),
        ({"box": (0, 0, 1, 1), "outside": SOME}, "Nothing is left to be the object"),
    ],
)
def test_an_object_needs_a_background_and_the_other_way_round(given_, fault) -> None:
    with pytest.raises(MaskcoreError, match=fault):
        regions.grabcut(painted((2, 3)), **given_)


def test_seeds_share_the_image_along_the_steps_between_its_colors() -> None:
    image = painted((20, 30), blue=(0, 0, 13, 20), green=(13, 0, 30, 8))
    markers = np.zeros((20, 30), np.uint8)
    markers[10, 4], markers[3, 20], markers[15, 25] = 3, 200, 7
    labels = regions.watershed(image, markers)
    wanted = np.where(of_color(image, BLUE), 3, np.where(of_color(image, GREEN), 200, 7))
    assert np.array_equal(labels, wanted)
    assert labels.dtype == np.uint8


def test_one_seed_has_it_all_even_the_frame() -> None:
    for size_hw in ((1, 1), (1, 7), (5, 1), (6, 9)):
        image = np.random.default_rng(0).integers(0, 256, (*size_hw, 3), np.uint8)
        markers = np.zeros(size_hw, np.int64)
        markers[-1, -1] = 300
        labels = regions.watershed(image, markers)
        assert (labels == 300).all()
        assert labels.dtype == np.uint16


@given(st.integers(0, 10_000))
def test_every_pixel_has_a_seed_number_and_seeds_keep_theirs(seed) -> None:
    rng = np.random.default_rng(seed)
    height, width = rng.integers(1, 24, 2)
    image = rng.integers(0, 256, (height, width, 3), np.uint8)
    markers = rng.integers(1, 9, (height, width)) * (rng.random((height, width)) < 0.1)
    markers[0, 0] = 4
    before = image.copy(), markers.copy()
    labels = regions.watershed(image, markers)
    assert set(np.unique(labels)) == set(np.unique(markers[markers > 0]))
    assert np.array_equal(labels[markers > 0], markers[markers > 0])
    assert np.array_equal(image, before[0])
    assert np.array_equal(markers, before[1])
    same = regions.watershed(np.asfortranarray(image), np.asfortranarray(markers))
    assert np.array_equal(same, labels)


def test_a_region_hangs_together_with_its_seed() -> None:
    rng = np.random.default_rng(5)
    image = cv2.GaussianBlur(rng.integers(0, 256, (60, 80, 3), np.uint8), (0, 0), 3)
    markers = np.zeros((60, 80), np.int32)
    markers[10::20, 10::20] = np.arange(1, 13).reshape(3, 4)
    labels = regions.watershed(image, markers)
    for number in range(1, 13):
        parts, _ = cv2.connectedComponents((labels == number).view(np.uint8), connectivity=4)
        assert parts == 2  # itself and the rest


@pytest.mark.parametrize(
    ("markers", "fault"),
    [
        (np.zeros((2, 3), np.int32), "at least one seed, got only 0"),
        (np.full((2, 3), -1), "0 to 65535, got -1 to -1"),
        (np.full((2, 3), 65_536), "got 65536 to 65536"),
        (np.ones((3, 2), np.int32), r"markers must have size \(2, 3\), got \(3, 2\)"),
        (np.ones((2, 3)), "markers must be integers, got float64"),
        (np.ones((2, 3, 1), np.int32), r"2-D, got shape \(2, 3, 1\)"),
    ],
)
def test_the_watershed_says_what_is_wrong(markers, fault) -> None:
    with pytest.raises(ValueError, match=fault):
        regions.watershed(painted((2, 3)), markers)


@pytest.mark.parametrize(
    "circles",
    [
        [(30, 40, 20), (68, 40, 20)],
        [(30, 40, 24), (64, 46, 14)],
        [(30, 30, 18), (64, 30, 18), (47, 58, 18)],
        [(20, 20, 12), (42, 22, 12), (64, 20, 12), (30, 40, 12), (75, 44, 14)],
    ],
)
def test_disks_that_touch_are_taken_apart_where_they_meet(circles) -> None:
    truth = disks((85, 95), *circles)
    labels = regions.split_touching(truth > 0)
    assert labels.max() == len(circles)
    assert np.array_equal(labels > 0, truth > 0)
    for number in range(1, len(circles) + 1):
        found = np.bincount(labels[truth == number]).argmax()
        assert iou(labels == found, truth == number) > 0.95


def test_objects_are_numbered_from_top_to_bottom() -> None:
    truth = disks((60, 60), (40, 45, 10), (12, 30, 8), (45, 12, 9))
    labels = regions.split_touching(truth > 0)
    assert np.array_equal(labels, np.array([0, 3, 2, 1])[truth])


def test_one_convex_object_stays_whole() -> None:
    y, x = np.indices((70, 90))
    turned = (x - 45) * 0.8 + (y - 35) * 0.6, (y - 35) * 0.8 - (x - 45) * 0.6
    for inside in (
        (turned[0] / 40) ** 2 + (turned[1] / 12) ** 2 <= 1,
        (abs(turned[0]) < 35) & (abs(turned[1]) < 8),
        np.ones((70, 90), bool),
        x > y,
    ):
        assert regions.split_touching(inside).max() == 1


def test_a_wider_neck_is_cut_only_if_the_person_wants_it() -> None:
    pixels = disks((60, 100), (30, 30, 20), (60, 30, 20)) > 0
    # The neck is 2 * sqrt(20**2 - 15**2) = 26 pixels wide, two thirds of the disks.
    assert regions.split_touching(pixels, neck=0.75).max() == 2
    assert regions.split_touching(pixels, neck=0.5).max() == 1


def test_middles_nearer_than_the_distance_are_one_object() -> None:
    pixels = disks((60, 100), (30, 30, 20), (66, 30, 20)) > 0
    assert regions.split_touching(pixels, min_distance=30).max() == 2
    assert regions.split_touching(pixels, min_distance=40).max() == 1


def test_small_holes_make_no_necks_and_stay_holes() -> None:
    truth = disks((60, 100), (30, 30, 20), (68, 30, 20)) > 0
    pixels = truth.copy()
    pixels[::6, ::6] = False
    assert regions.split_touching(pixels).max() > 2
    labels = regions.split_touching(pixels, max_hole=1)
    assert labels.max() == 2
    assert np.array_equal(labels > 0, pixels)


@given(
    hnp.arrays(np.bool_, hnp.array_shapes(min_dims=2, max_dims=2, max_side=14)),
    st.integers(0, 6),
    st.floats(0.1, 1),
    st.integers(0, 8),
)
def test_every_pixel_of_a_mask_has_a_number_and_parts_are_never_joined(
    pixels, min_distance, neck, max_hole
) -> None:
    before = pixels.copy()
    how = {"min_distance": min_distance, "neck": neck, "max_hole": max_hole}
    labels = regions.split_touching(pixels, **how)
    assert np.array_equal(labels > 0, pixels)
    assert set(np.unique(labels)) - {0} == set(range(1, int(labels.max()) + 1))
    _, parts = cv2.connectedComponents(pixels.view(np.uint8), connectivity=8)
    for number in range(1, int(labels.max()) + 1):
        assert max_hole or len(set(parts[labels == number])) == 1
    assert np.array_equal(pixels, before)
    assert np.array_equal(regions.split_touching(np.asfortranarray(pixels), **how), labels)


def test_nothing_is_no_object_and_everything_is_one() -> None:
    assert regions.split_touching(np.zeros((3, 5), bool)).max() == 0
    assert (regions.split_touching(np.ones((3, 5), bool)) == 1).all()
    assert (regions.split_touching(np.ones((1, 1), bool)) == 1).all()


def test_more_than_255_objects_need_sixteen_bits() -> None:
    pixels = np.zeros((40, 60), bool)
    pixels[::2, ::2] = True
    labels = regions.split_touching(pixels)
    assert labels.dtype == np.uint16
    assert labels.max() == 600


def test_more_objects_than_a_label_map_holds_are_explained() -> None:
    pixels = np.zeros((600, 600), bool)
    pixels[::2, ::2] = True
    with pytest.raises(MaskcoreError, match="90,000 objects, more than 65,535"):
        regions.split_touching(pixels)


@pytest.mark.parametrize(
    ("options", "fault"),
    [
        ({"min_distance": -1}, "min_distance must be at least 0, got -1"),
        ({"min_distance": float("nan")}, "got nan"),
        ({"neck": 0}, "neck must be above 0 and at most 1, got 0"),
        ({"neck": 1.5}, "got 1.5"),
        ({"max_hole": -2}, "max_hole must be at least 0, got -2"),
    ],
)
def test_splitting_says_what_is_wrong(options, fault) -> None:
    with pytest.raises(ValueError, match=fault):
        regions.split_touching(mask("#."), **options)


def test_most_nuclei_that_touch_are_counted_apart() -> None:
    folder = os.environ.get("MASKCORE_TEST_DATA")
    if folder is None:
        pytest.skip("MASKCORE_TEST_DATA does not say where the nuclei are")
    masks: dict[str, list[np.ndarray]] = {}
    csv.field_size_limit(10_000_000)
    with (Path(folder) / "dsb2018" / "labels_rle.csv").open() as file:
        for row in csv.DictReader(file):
            size_hw = int(row["Height"]), int(row["Width"])
            nucleus = rle_text.parse(row["EncodedPixels"], size_hw, "severstal")
            masks.setdefault(row["ImageId"], []).append(rle.decode(nucleus))
    apart = joined = truth = 0
    for nuclei in masks.values():
        pixels = np.any(nuclei, axis=0)
        joined += cv2.connectedComponents(pixels.view(np.uint8), connectivity=8)[0] - 1
        apart += int(regions.split_touching(pixels).max())
        truth += len(nuclei)
    assert truth == 1320
    assert joined < 0.8 * truth
    assert 0.9 * truth < apart < 1.05 * truth


def ring(size_hw, x1, y1, x2, y2, *, gap=0) -> np.ndarray:
    """A black picture with a white frame 3 pixels wide; perhaps a gap in the top of it."""
    image = np.zeros((*size_hw, 3), np.uint8)
    image[y1:y2, x1:x2] = 255
    image[y1 + 3 : y2 - 3, x1 + 3 : x2 - 3] = 0
    middle = (x1 + x2) // 2
    image[y1 : y1 + 3, middle : middle + gap] = 0
    return image


def grown(pixels: np.ndarray, by: int) -> np.ndarray:
    side = 2 * by + 1
    return cv2.dilate(pixels.view(np.uint8), np.ones((side, side))).view(bool)


def test_edges_lie_along_the_step_on_its_left_and_upper_side() -> None:
    found = regions.edges(painted((12, 16), blue=(6, 0, 16, 12)), sigma=0)
    assert np.array_equal(np.argwhere(found.all(axis=0)).ravel(), [5])
    assert found.sum() == 12
    found = regions.edges(painted((12, 16), blue=(0, 7, 16, 12)), sigma=0)
    assert np.array_equal(np.argwhere(found.all(axis=1)).ravel(), [6])


def test_a_step_by_one_level_has_a_gradient_of_four() -> None:
    image = np.full((9, 9, 3), 100, np.uint8)
    image[:, 5:] = 110
    assert regions.edges(image, low=39, high=39, sigma=0).any()
    assert not regions.edges(image, low=40, high=40, sigma=0).any()


def test_a_change_of_color_alone_is_an_edge() -> None:
    image = np.full((9, 12, 3), (100, 100, 100), np.uint8)
    image[:, 6:] = (100, 100, 200)
    assert regions.edges(image).any()


def test_a_filled_rectangle_is_found_to_a_pixel() -> None:
    image = painted((50, 70), blue=(20, 10, 55, 40))
    truth = of_color(image, BLUE)
    found = regions.closed_edges(image)
    assert (found >= ~grown(~truth, 1)).all()
    assert (found <= grown(truth, 1)).all()


def test_a_drawn_ring_is_filled() -> None:
    found = regions.closed_edges(ring((60, 80), 15, 10, 60, 45))
    truth = np.zeros((60, 80), bool)
    truth[10:45, 15:60] = True
    assert found[truth].all()
    assert (found <= grown(truth, 1)).all()


def test_an_open_ring_is_not_filled() -> None:
    found = regions.closed_edges(ring((60, 80), 15, 10, 60, 45, gap=14), gap=2, sigma=0)
    assert not found[16:39, 21:54].any()


@pytest.mark.parametrize(("opening", "gap"), [(6, 6), (9, 10), (12, 12)])
def test_a_gap_is_closed(opening, gap) -> None:
    image = ring((60, 80), 15, 10, 60, 45, gap=opening)
    assert not regions.closed_edges(image, gap=0, sigma=0)[16:39, 21:54].any()
    assert regions.closed_edges(image, gap=gap, sigma=0)[18:37, 23:52].all()


def test_a_closed_object_keeps_its_outline_whatever_the_gap() -> None:
    image = painted((60, 80), blue=(15, 10, 60, 45), green=(66, 50, 70, 54))
    without = regions.closed_edges(image, gap=0, min_area=0)
    wide = regions.closed_edges(image, gap=4, min_area=0)
    assert (wide >= without).all()
    assert without[50:54, 66:70].any()


def test_what_a_line_and_the_frame_enclose_is_not_inside() -> None:
    image = painted((30, 40), blue=(0, 5, 20, 25))
    assert not regions.closed_edges(image, min_area=0).any()


def test_a_line_that_encloses_nothing_is_not_inside() -> None:
    image = painted((30, 40), blue=(20, 0, 40, 30))
    assert regions.edges(image).any()
    assert not regions.closed_edges(image, min_area=0).any()


def test_small_parts_are_left_out() -> None:
    image = painted((60, 90), blue=(10, 10, 50, 50), green=(65, 20, 71, 26))
    assert regions.closed_edges(image, min_area=0)[20:26, 65:71].any()
    found = regions.closed_edges(image, min_area=200)
    assert not found[:, 60:].any()
    assert found[20:40, 20:40].all()


@pytest.mark.parametrize("size_hw", [(1, 1), (1, 9), (9, 1), (2, 2), (3, 5)])
@pytest.mark.parametrize("sigma", [0, 2.5])
def test_tiny_images_have_edges_or_not(size_hw, sigma) -> None:
    image = np.random.default_rng(1).integers(0, 256, (*size_hw, 3), np.uint8)
    assert regions.edges(image, sigma=sigma).shape == size_hw
    assert regions.closed_edges(image, sigma=sigma, gap=5).shape == size_hw


def test_memory_order_makes_no_difference_to_edges_and_images_are_not_changed() -> None:
    image = scene(3, (90, 120)).image
    before = image.copy()
    image.flags.writeable = False
    wanted = regions.closed_edges(image)
    assert wanted.any()
    for sigma in (0, 1.0):
        for same in (np.asfortranarray(image), np.repeat(image, 2, axis=0)[::2]):
            one = regions.closed_edges(same, sigma=sigma)
            assert np.array_equal(one, regions.closed_edges(image, sigma=sigma))
    assert np.array_equal(image, before)


@pytest.mark.parametrize(
    ("options", "fault"),
    [
        ({"low": 200, "high": 100}, "got 200 and 100"),
        ({"low": -1}, "got -1 and 150"),
        ({"high": float("nan")}, "got 50 and nan"),
        ({"sigma": -0.5}, "sigma must be at least 0, got -0.5"),
        ({"gap": -1}, "at least 0, got -1 and 100"),
        ({"min_area": -5}, "got 2 and -5"),
    ],
)
def test_closed_edges_say_what_is_wrong(options, fault) -> None:
    with pytest.raises(ValueError, match=fault):
        regions.closed_edges(painted((4, 5)), **options)


@pytest.mark.parametrize(
    "work",
    [
        lambda image: regions.magic_wand(image, (0, 0), 1),
        lambda image: regions.grabcut(image, box=(0, 0, 1, 1)),
        lambda image: regions.watershed(image, np.ones((4, 5), np.int32)),
        regions.edges,
        regions.closed_edges,
    ],
)
def test_a_gray_picture_is_no_image(work) -> None:
    with pytest.raises(ValueError, match=r"image must have shape \(H, W, 3\), got \(4, 5\)"):
        work(np.zeros((4, 5), np.uint8))
