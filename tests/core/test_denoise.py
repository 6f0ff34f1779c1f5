from __future__ import annotations

import os
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from maskcore import denoise, image_io
from tests.grids import mask

DATA = Path(os.environ.get("MASKCORE_TEST_DATA", "") or "absent")

INPAINT = {"telea": cv2.INPAINT_TELEA, "navier-stokes": cv2.INPAINT_NS}

sizes = st.tuples(st.integers(1, 9), st.integers(1, 9))
seeds = st.integers(0, 2**32 - 1)


def noise(size_hw: tuple[int, int], seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (*size_hw, 3), np.uint8)


def gray(rows: list[list[int]]) -> np.ndarray:
    return np.repeat(np.array(rows, np.uint8)[..., None], 3, axis=2)


def window(y: int, x: int, radius: int) -> tuple[slice, slice]:
    return np.s_[max(0, y - radius) : y + radius + 1, max(0, x - radius) : x + radius + 1]


def filled_by_hand(image: np.ndarray, pixels: np.ndarray, radius: int) -> np.ndarray:
    """Step by step, each step looks only at what was known before it."""
    filled, known = image.copy(), ~pixels
    while not known.all():
        before, known_before = filled.copy(), known.copy()
        for y, x in np.argwhere(~known_before):
            near = window(y, x, radius)
            if known_before[near].any():
                around = before[near][known_before[near]].astype(np.float64)
                filled[y, x] = np.floor(np.median(around, axis=0) + 0.5)
                known[y, x] = True
    return filled


def found_by_hand(image: np.ndarray, threshold: int, radius: int) -> np.ndarray:
    extended = np.pad(image, ((radius, radius), (radius, radius), (0, 0)), mode="edge")
    found = np.zeros(image.shape[:2], np.bool_)
    for y, x in np.ndindex(*found.shape):
        around = extended[y : y + 2 * radius + 1, x : x + 2 * radius + 1]
        median = np.median(around.astype(np.int64), axis=(0, 1))
        found[y, x] = (np.abs(image[y, x] - median) > threshold).any()
    return found


# Find


def test_a_speck_is_found_if_it_differs_by_more_than_the_threshold() -> None:
    image = gray([[100] * 5 for _ in range(5)])
    image[2, 2, 1] = 141
    speck = np.zeros((5, 5), np.bool_)
    speck[2, 2] = True
    assert np.array_equal(denoise.find(image, threshold=40), speck)
    assert not denoise.find(image, threshold=41).any()


@settings(max_examples=100, deadline=None)
@given(sizes, seeds, st.integers(0, 255), st.integers(1, 4))
def test_what_stands_out_is_what_a_loop_over_the_pixels_finds(
    size_hw: tuple[int, int], seed: int, threshold: int, radius: int
) -> None:
    image = noise(size_hw, seed)
    found = denoise.find(image, threshold=threshold, radius=radius)
    assert found.dtype == np.bool_
    assert np.array_equal(found, found_by_hand(image, threshold, radius))


def test_black_and_white_are_extremes() -> None:
    image = np.array([[[0, 0, 0], [255, 255, 255], [0, 255, 0], [1, 0, 0], [9, 9, 9]]], np.uint8)
    assert np.array_equal(denoise.find_extremes(image), mask("##..."))
    assert np.array_equal(denoise.find_extremes(image, low=9), mask("##.##"))
    assert np.array_equal(denoise.find_extremes(image, all_channels=False), mask("####."))


@given(seeds, st.integers(0, 254), st.integers(1, 255), st.booleans())
def test_extremes_are_those_of_comparisons(
    seed: int, low: int, high: int, all_channels: bool
) -> None:
    image = noise((5, 7), seed)
    if low >= high:
        with pytest.raises(ValueError, match=f"low must be 0 to {high - 1}, got {low}"):
            denoise.find_extremes(image, low=low, high=high)
        return
    found = denoise.find_extremes(image, low=low, high=high, all_channels=all_channels)
    if all_channels:
        expected = (image <= low).all(axis=2) | (image >= high).all(axis=2)
    else:
        expected = ((image <= low) | (image >= high)).any(axis=2)
    assert np.array_equal(found, expected)


@pytest.mark.parametrize(
    ("work", "options", "fault"),
    [
        (denoise.find, {"threshold": 256}, "threshold must be 0 to 255, got 256"),
        (denoise.find, {"threshold": -1}, "threshold must be 0 to 255, got -1"),
        (denoise.find, {"radius": 0}, "radius must be 1 to 100, got 0"),
        (denoise.find_extremes, {"high": 0}, "high must be 1 to 255, got 0"),
        (denoise.find_extremes, {"high": 256}, "high must be 1 to 255, got 256"),
    ],
)
def test_what_is_out_of_range_is_refused(work, options: dict[str, int], fault: str) -> None:
    with pytest.raises(ValueError, match=fault):
        work(noise((3, 3)), **options)


# Fill by the median


def test_a_pixel_gets_the_median_of_the_unmasked_pixels_around_it() -> None:
    image = gray([[1, 2, 3], [4, 255, 6], [7, 8, 255]])
    filled = denoise.fill(image, mask("...\n.#.\n..#"))
    # The middle from 1 2 3 4 6 7 8; the corner from 6 and 8.
    assert filled[..., 0].tolist() == [[1, 2, 3], [4, 4, 6], [7, 8, 7]]


def test_half_a_step_is_rounded_up() -> None:
    assert denoise.fill(gray([[10, 0, 13]]), mask(".#."))[0, 1].tolist() == [12, 12, 12]


def test_channels_are_filled_on_their_own() -> None:
    image = np.array([[[1, 20, 9], [0, 0, 0], [2, 10, 8], [3, 30, 7]]], np.uint8)
    filled = denoise.fill(image, mask(".#.."), radius=2)
    assert filled[0, 1].tolist() == [2, 20, 8]


def test_without_unmasked_pixels_in_reach_filling_goes_on_from_the_rim() -> None:
    image = gray([[10, 0, 0, 0, 0, 30]])
    assert denoise.fill(image, mask(".####."))[0, :, 0].tolist() == [10, 10, 10, 30, 30, 30]
    assert denoise.fill(image, mask(".#####"))[0, :, 0].tolist() == [10] * 6
    assert denoise.fill(image, mask(".####."), radius=3)[0, :, 0].tolist() == [
        *(10, 10, 20, 20, 30, 30),
    ]


@settings(max_examples=300, deadline=None)
@given(sizes, seeds, st.floats(0, 1), st.integers(1, 4))
def test_the_median_is_that_of_a_loop_over_the_neighbors(
    size_hw: tuple[int, int], seed: int, share: float, radius: int
) -> None:
    image = noise(size_hw, seed)
    pixels = np.random.default_rng(seed).random(size_hw) < share
    if pixels.all():
        pixels[-1, 0] = False
    filled = denoise.fill(image, pixels, radius=radius)
    assert np.array_equal(filled, filled_by_hand(image, pixels, radius))


def test_a_large_hole_is_filled_from_its_rim_as_by_a_loop() -> None:
    image = noise((40, 50))
    pixels = np.zeros((40, 50), np.bool_)
    pixels[5:35, 0:30] = pixels[2:20, 35:50] = True
    for radius in (1, 2, 3):
        expected = filled_by_hand(image, pixels, radius)
        assert np.array_equal(denoise.fill(image, pixels, radius=radius), expected)


def test_more_pixels_than_are_looked_at_at_a_time_are_filled_alike() -> None:
    image, pixels = noise((700, 900)), np.random.default_rng(1).random((700, 900)) < 0.4
    filled = denoise.fill(image, pixels)
    for y, x in np.argwhere(pixels)[::5003]:
        near = window(y, x, 1)
        if not pixels[near].all():
            median = np.median(image[near][~pixels[near]].astype(np.int64), axis=0)
            assert np.array_equal(filled[y, x], np.floor(median + 0.5))


# Inpainting


@pytest.mark.parametrize("method", INPAINT)
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_inpainting_in_groups_is_that_of_the_whole_image(method: str, data) -> None:
    size_hw = data.draw(st.tuples(st.integers(2, 150), st.integers(2, 150)))
    radius = data.draw(st.sampled_from([1, 3, 5, 20]))
    rng = np.random.default_rng(data.draw(seeds))
    image = cv2.blur(noise(size_hw, data.draw(seeds)), (3, 3)).reshape(*size_hw, 3)
    pixels = np.zeros(size_hw, np.bool_)
    for _ in range(rng.integers(1, 10)):
        y, x = rng.integers(0, size_hw)
        pixels[y : y + rng.integers(1, 9), x : x + rng.integers(1, 9)] = True
    pixels[0, 0] = False
    filled = denoise.fill(image, pixels, method=method, radius=radius)
    whole = cv2.inpaint(image, pixels.view(np.uint8), radius, INPAINT[method])
    assert np.array_equal(filled[pixels], whole[pixels])
    assert np.array_equal(filled[~pixels], image[~pixels])


# OpenCV's Telea starts from gradients across the rim, where the image still is as it was.
@pytest.mark.parametrize(("method", "most"), [("median", 0), ("navier-stokes", 0), ("telea", 4)])
def test_a_hole_in_an_even_surface_disappears(method: str, most: int) -> None:
    image = np.full((40, 60, 3), (200, 30, 90), np.uint8)
    pixels = np.zeros((40, 60), np.bool_)
    pixels[10:20, 0:15] = pixels[30, 50] = True
    spoiled = image.copy()
    spoiled[pixels] = 0
    filled = denoise.fill(spoiled, pixels, method=method)
    assert np.abs(filled.astype(np.int64) - image).max() <= most


@pytest.mark.parametrize("method", INPAINT)
@pytest.mark.parametrize("size_hw", [(1, 30), (30, 1), (1, 2), (2, 1)])
def test_an_image_one_pixel_wide_is_filled_from_its_neighbors(
    method: str, size_hw: tuple[int, int]
) -> None:
    image = np.full((*size_hw, 3), 120, np.uint8)
    pixels = np.zeros(size_hw, np.bool_)
    pixels.flat[1:5] = True
    image[pixels] = 0
    filled = denoise.fill(image, pixels, method=method)
    assert np.abs(filled.astype(np.int64) - 120).max() <= 4


# All methods


@pytest.mark.parametrize("method", ["median", *INPAINT])
@settings(max_examples=50, deadline=None)
@given(data=st.data())
def test_only_masked_pixels_change_whatever_the_memory_order(method: str, data) -> None:
    size_hw = data.draw(sizes)
    image = noise(size_hw, data.draw(seeds))
    pixels = np.random.default_rng(data.draw(seeds)).random(size_hw) < 0.4
    pixels[0, 0] = False
    before, mask_before = image.copy(), pixels.copy()
    filled = denoise.fill(image, pixels, method=method)
    assert np.array_equal(filled[~pixels], image[~pixels])
    assert np.array_equal(image, before)
    assert np.array_equal(pixels, mask_before)
    spread = np.zeros((size_hw[0] * 2, size_hw[1] * 3), np.bool_)[::2, ::3]
    spread[...] = pixels
    for same_image, same_mask in (
        (np.asfortranarray(image), np.asfortranarray(pixels)),
        (np.ascontiguousarray(image[:, ::-1])[:, ::-1], spread),
        (image, np.ascontiguousarray(pixels[::-1])[::-1]),
    ):
        assert np.array_equal(denoise.fill(same_image, same_mask, method=method), filled)


@pytest.mark.parametrize("method", ["median", *INPAINT])
def test_an_empty_mask_gives_a_copy(method: str) -> None:
    image = noise((3, 4))
    filled = denoise.fill(image, np.zeros((3, 4), np.bool_), method=method)
    assert np.array_equal(filled, image)
    assert not np.shares_memory(filled, image)


@pytest.mark.parametrize("method", ["median", *INPAINT])
def test_a_full_mask_leaves_nothing_to_fill_from(method: str) -> None:
    for text in ("#", "##\n##"):
        pixels = mask(text)
        with pytest.raises(ValueError, match="leave at least one pixel to fill from"):
            denoise.fill(noise(pixels.shape), pixels, method=method)


def test_what_cannot_be_filled_is_refused() -> None:
    with pytest.raises(ValueError, match=r"mask must have size \(2, 2\), got \(1, 2\)"):
        denoise.fill(noise((2, 2)), mask("#."))
    with pytest.raises(ValueError, match=r"method must be one of median, .*, got 'mean'"):
        denoise.fill(noise((1, 2)), mask("#."), method="mean")
    with pytest.raises(ValueError, match="radius must be 1 to 100, got 101"):
        denoise.fill(noise((1, 2)), mask("#."), radius=101)


@pytest.mark.skipif(not DATA.is_dir(), reason="needs MASKCORE_TEST_DATA")
@pytest.mark.parametrize("method", ["median", *INPAINT])
def test_salt_and_pepper_is_removed_from_a_photo(method: str) -> None:
    image = image_io.read_image(DATA / "photos" / "skimage" / "coffee.png")
    rng = np.random.default_rng(0)
    noisy = rng.random(image.shape[:2]) < 0.02
    spoiled = image.copy()
    spoiled[noisy] = np.where(rng.random(noisy.sum()) < 0.5, 0, 255)[:, None]
    found = denoise.find_extremes(spoiled)
    assert found[noisy].all()
    assert found[~noisy].mean() < 0.01
    cleaned = denoise.fill(spoiled, found, method=method)
    error = np.abs(cleaned.astype(np.int64) - image)[noisy]
    assert np.median(error) < 5
