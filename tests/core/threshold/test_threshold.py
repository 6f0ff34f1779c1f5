from __future__ import annotations

import os
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, strategies as st
from hypothesis.extra import numpy as hnp

from maskcore import image_io, rle, rle_csv, threshold
from maskcore.rle import RLE
from maskcore.threshold import channels
from maskcore.threshold.channels import CHANNELS, SPACES
from tests.grids import mask

SIZES = st.tuples(st.integers(1, 9), st.integers(1, 9))
ANY_GRAY = SIZES.flatmap(lambda size_hw: hnp.arrays(np.uint8, size_hw))
# Few values, so that bars of the histogram tie.
FEW_GRAYS = SIZES.flatmap(
    lambda size_hw: hnp.arrays(
        np.uint8, size_hw, elements=st.sampled_from([0, 1, 9, 100, 254, 255])
    )
)
ANY_IMAGE = SIZES.flatmap(lambda size_hw: hnp.arrays(np.uint8, (*size_hw, 3)))

EVERY_WAY = {
    "by_value": lambda image: threshold.by_value(image, 60, 120),
    "otsu": threshold.otsu,
    "triangle": threshold.triangle,
    "adaptive": lambda image: threshold.adaptive(image, block_size=5),
    "gaussian": lambda image: threshold.adaptive(image, method="gaussian", block_size=5),
    "lab": lambda image: threshold.color_range(image, (90, 60, 200)),
    "rgb": lambda image: threshold.color_range(image, [(90, 60, 200), (9, 9, 9)], space="rgb"),
    "hsv": lambda image: threshold.color_range(image, (200, 9, 9), space="hsv", tolerance=60),
}


def gray(values: object) -> np.ndarray:
    """An image whose three colors, and so whose gray, are the values."""
    return np.repeat(np.asarray(values, np.uint8)[..., None], 3, axis=-1)


def otsu_by_hand(values: np.ndarray) -> list[int]:
    """All thresholds of the largest variance between the classes, in exact fractions."""
    every = [int(value) for value in values.ravel()]
    if len(set(every)) == 1:
        return every[:1]
    variances = {}
    for t in range(255):
        low = [value for value in every if value <= t]
        high = [value for value in every if value > t]
        if low and high:
            apart = Fraction(sum(low), len(low)) - Fraction(sum(high), len(high))
            variances[t] = len(low) * len(high) * apart**2
    most = max(variances.values())
    return [t for t, variance in variances.items() if variance == most]


def triangle_by_hand(values: np.ndarray) -> int | None:
    """By the distance of bars from a line, as on squared paper; None if none lies below it."""
    bars = np.bincount(values.ravel(), minlength=256).tolist()
    present = [value for value in range(256) if bars[value]]
    peak = bars.index(max(bars))
    first, last = max(present[0] - 1, 0), min(present[-1] + 1, 255)
    out, end = (-1, first) if peak - first >= last - peak else (1, last)
    deepest, farthest = None, 0
    for value in range(end - out, peak, -out):
        below = bars[peak] * abs(value - end) - abs(peak - end) * bars[value]
        if below > farthest:
            deepest, farthest = value, below
    return None if deepest is None else deepest + out


def local_means(values: np.ndarray, weights: np.ndarray) -> np.ndarray:
    reach = len(weights) // 2
    height, width = values.shape
    means = np.zeros(values.shape)
    for y in range(height):
        for x in range(width):
            for v, row in enumerate(weights):
                for u, weight in enumerate(row):
                    near_y = min(max(y + v - reach, 0), height - 1)
                    near_x = min(max(x + u - reach, 0), width - 1)
                    means[y, x] += weight * int(values[near_y, near_x])
    return means


@given(ANY_IMAGE, st.integers(0, 255), st.integers(0, 255), st.sampled_from(list(CHANNELS)))
def test_a_value_range_holds_both_its_ends(
    image: np.ndarray, one: int, other: int, channel: str
) -> None:
    highest = CHANNELS[channel].highest
    low, high = min(one, other, highest), min(max(one, other), highest)
    inside = threshold.by_value(image, low, high, channel=channel)
    assert inside.dtype == np.bool_
    values = channels.extract(image, channel)
    assert np.array_equal(inside, [[low <= value <= high for value in row] for row in values])


def test_a_value_range_by_hand() -> None:
    image = gray([[99, 100, 101], [200, 201, 150]])
    assert np.array_equal(threshold.by_value(image, 100, 200), mask(".##\n#.#"))
    assert np.array_equal(threshold.by_value(image, 100, 100), mask(".#.\n..."))


def test_a_range_of_hue_may_go_through_red() -> None:
    #                 0            15             90             120         165
    colors = [[(255, 0, 0), (255, 128, 0), (0, 255, 255), (0, 0, 255), (255, 0, 128)]]
    image = np.array(colors, np.uint8)
    assert np.array_equal(threshold.by_value(image, 160, 10, channel="hue"), mask("#...#"))
    assert np.array_equal(threshold.by_value(image, 10, 160, channel="hue"), mask(".###."))
    assert np.array_equal(threshold.by_value(image, 16, 15, channel="hue"), mask("#####"))
    assert np.array_equal(threshold.by_value(image, 179, 0, channel="hue"), mask("#...."))


@pytest.mark.parametrize(
    ("low", "high", "channel", "fault"),
    [
        (-1, 10, "gray", "gray is 0 to 255, got -1 to 10"),
        (0, 256, "red", "red is 0 to 255, got 0 to 256"),
        (0, 180, "hue", "hue is 0 to 179, got 0 to 180"),
        (11, 10, "gray", "low must be at most high, got 11 and 10"),
        (0, 1, "grey", "channel must be one of gray, .*, got 'grey'"),
    ],
)
def test_a_value_range_that_is_none_is_refused(
    low: int, high: int, channel: str, fault: str
) -> None:
    with pytest.raises(ValueError, match=fault):
        threshold.by_value(gray([[1]]), low, high, channel=channel)


def test_values_are_whole_numbers() -> None:
    with pytest.raises(TypeError):
        threshold.by_value(gray([[1]]), 0.5, 1)
    with pytest.raises(TypeError):
        threshold.adaptive(gray([[1]]), offset=0.5)
    with pytest.raises(TypeError):
        threshold.color_range(gray([[1]]), (1, 2, 3), tolerance=0.5)


@given(ANY_GRAY | FEW_GRAYS)
def test_otsus_threshold_has_the_largest_variance_between_the_classes(values: np.ndarray) -> None:
    found = threshold.otsu_value(gray(values))
    best = otsu_by_hand(values)
    assert found in best
    assert np.array_equal(threshold.otsu(gray(values)), values > found)


def test_of_otsus_thresholds_that_part_the_image_alike_the_lowest_is_taken() -> None:
    image = gray([[10, 10, 200], [200, 200, 10]])
    assert threshold.otsu_value(image) == 10
    assert np.array_equal(threshold.otsu(image), mask("..#\n##."))


@given(ANY_GRAY | FEW_GRAYS)
def test_the_triangle_threshold_is_that_of_squared_paper(values: np.ndarray) -> None:
    found = threshold.triangle_value(gray(values))
    assert found == triangle_by_hand(values) or triangle_by_hand(values) is None
    assert 0 <= found <= 255
    assert np.array_equal(threshold.triangle(gray(values)), values > found)


@pytest.mark.parametrize("values", [[0, 1, 1], [253, 253, 254, 255], [5, 5, 6]])
def test_a_histogram_without_a_tail_has_a_threshold_all_the_same(values: list[int]) -> None:
    assert triangle_by_hand(np.array(values)) is None
    assert 0 <= threshold.triangle_value(gray([values])) <= 255


def test_a_small_bright_object_is_above_the_triangle_threshold() -> None:
    rng = np.random.default_rng(0)
    values = rng.normal(60, 6, (80, 120)).round().clip(0, 255)
    values[30:40, 50:60] = 180
    wanted = np.zeros(values.shape, np.bool_)
    wanted[30:40, 50:60] = True
    inside = threshold.triangle(gray(values))
    assert inside[wanted].all()
    assert inside[~wanted].mean() < 0.01


def test_a_small_dark_object_is_what_the_triangle_threshold_leaves_out() -> None:
    rng = np.random.default_rng(0)
    values = rng.normal(190, 6, (80, 120)).round().clip(0, 255)
    values[30:40, 50:60] = 70
    outside = ~threshold.triangle(gray(values))
    assert outside[30:40, 50:60].all()
    assert outside.mean() < 0.03


@pytest.mark.parametrize("value", [0, 5, 255])
def test_an_image_of_one_value_has_nothing_above_its_threshold(value: int) -> None:
    image = gray(np.full((3, 4), value))
    assert threshold.otsu_value(image) == threshold.triangle_value(image) == value
    assert not threshold.otsu(image).any()
    assert not threshold.triangle(image).any()


@pytest.mark.parametrize("channel", CHANNELS)
def test_automatic_thresholds_are_those_of_the_channel(channel: str) -> None:
    image = np.random.default_rng(8).integers(0, 256, (20, 30, 3), np.uint8)
    values = channels.extract(image, channel)
    assert threshold.otsu_value(image, channel=channel) in otsu_by_hand(values)
    assert threshold.triangle_value(image, channel=channel) == triangle_by_hand(values)
    inside = threshold.otsu(image, channel=channel)
    assert np.array_equal(inside, values > threshold.otsu_value(image, channel=channel))


@given(ANY_GRAY, st.sampled_from([3, 5, 11]), st.integers(-40, 40))
def test_adaptive_compares_with_the_mean_of_the_block_around(
    values: np.ndarray, block_size: int, offset: int
) -> None:
    inside = threshold.adaptive(gray(values), block_size=block_size, offset=offset)
    means = local_means(values, np.full((block_size, block_size), 1 / block_size**2))
    assert inside.dtype == np.bool_
    # No mean of an odd number of whole numbers lies halfway between two.
    assert np.array_equal(inside, values > np.rint(means) - offset)


@given(ANY_GRAY, st.sampled_from([11, 13]), st.integers(-40, 40))
def test_adaptive_weighs_near_pixels_more_if_gaussian(
    values: np.ndarray, block_size: int, offset: int
) -> None:
    inside = threshold.adaptive(
        gray(values), method="gaussian", block_size=block_size, offset=offset
    )
    sigma = 0.3 * ((block_size - 1) / 2 - 1) + 0.8
    bell = np.exp(-((np.arange(block_size) - block_size // 2) ** 2) / (2 * sigma**2))
    means = local_means(values, np.outer(bell, bell) / bell.sum() ** 2)
    over = values - (means - offset)
    clear = np.abs(over) > 0.51  # closer than that it depends on how the mean is rounded
    assert np.array_equal(inside[clear], over[clear] > 0)


def test_adaptive_finds_dark_text_on_a_page_in_shade() -> None:
    page = np.linspace(60, 230, 200).round() * np.ones((40, 1))
    text = np.zeros(page.shape, np.bool_)
    text[10:30:4, 5:195:9] = True
    page[text] -= 30
    found = ~threshold.adaptive(gray(page), block_size=21, offset=12)
    assert np.array_equal(found, text)
    assert not np.array_equal(~threshold.otsu(gray(page)), text)


@pytest.mark.parametrize("method", threshold.METHODS)
def test_a_block_may_be_larger_than_the_image(method: str) -> None:
    image = gray([[0, 0, 200], [0, 0, 200]])
    inside = threshold.adaptive(image, method=method, block_size=99)
    assert np.array_equal(inside, mask("..#\n..#"))


@pytest.mark.parametrize(
    ("options", "fault"),
    [
        ({"block_size": 4}, "block_size must be odd and at least 3, got 4"),
        ({"block_size": 1}, "block_size must be odd and at least 3, got 1"),
        ({"offset": 256}, "offset must be -255 to 255, got 256"),
        ({"method": "median"}, "method must be one of mean, gaussian, got 'median'"),
        ({"channel": "alpha"}, "channel must be one of .*, got 'alpha'"),
    ],
)
def test_adaptive_says_what_is_wrong(options: dict, fault: str) -> None:
    with pytest.raises(ValueError, match=fault):
        threshold.adaptive(gray([[1]]), **options)


def in_color_range(image, colors, within, space) -> np.ndarray:
    """A loop over pixels and colors; hue is compared around the circle."""
    seen = channels.convert(image, space).astype(int)
    sought = channels.convert(np.array([colors], np.uint8), space)[0].astype(int)
    inside = np.zeros(image.shape[:2], np.bool_)
    for y, x in np.ndindex(inside.shape):
        for color in sought:
            apart = np.abs(seen[y, x] - color)
            if space == "hsv":
                apart[0] = min(apart[0], 180 - apart[0])
            inside[y, x] |= bool((apart <= within).all())
    return inside


@given(ANY_IMAGE, st.data(), st.sampled_from(list(SPACES)))
def test_a_color_range_is_that_of_a_loop_over_pixels_and_colors(
    image: np.ndarray, data, space: str
) -> None:
    numbers = st.integers(0, 255)
    colors = data.draw(st.lists(st.tuples(numbers, numbers, numbers), min_size=1, max_size=3))
    within = data.draw(st.tuples(numbers, numbers, numbers))
    inside = threshold.color_range(image, colors, tolerance=within, space=space)
    assert inside.dtype == np.bool_
    assert np.array_equal(inside, in_color_range(image, colors, within, space))


@pytest.mark.parametrize("space", SPACES)
@given(ANY_IMAGE)
def test_a_tolerance_of_zero_takes_the_picked_pixels_at_least(
    space: str, image: np.ndarray
) -> None:
    inside = threshold.color_range(image, image[0], tolerance=0, space=space)
    assert inside[0].all()
    assert threshold.color_range(image, (9, 200, 31), tolerance=255, space=space).all()


def test_a_color_range_by_hand() -> None:
    image = np.array([[(100, 50, 20), (110, 40, 30), (111, 50, 20), (0, 0, 255)]], np.uint8)
    near = threshold.color_range(image, (100, 50, 20), tolerance=10, space="rgb")
    assert np.array_equal(near, mask("##.."))
    either = [(100, 50, 20), (0, 0, 250)]
    assert np.array_equal(
        threshold.color_range(image, either, tolerance=10, space="rgb"), mask("##.#")
    )
    uneven = threshold.color_range(image, (100, 50, 20), tolerance=(11, 0, 0), space="rgb")
    assert np.array_equal(uneven, mask("#.#."))


def test_hues_on_both_sides_of_red_are_similar() -> None:
    colors = [[(255, 0, 20), (255, 20, 0), (255, 128, 0), (0, 0, 255)]]
    image = np.array(colors, np.uint8)
    for red in (image[0, 0], image[0, 1]):
        inside = threshold.color_range(image, red, tolerance=(6, 0, 0), space="hsv")
        assert np.array_equal(inside, mask("##.."))
    assert threshold.color_range(image, red, tolerance=(90, 0, 0), space="hsv").all()


def test_a_shaded_color_is_one_hue() -> None:
    shades = np.outer(np.linspace(0.3, 1, 15), (200, 120, 40)).round().astype(np.uint8)
    image = np.concatenate([shades, shades[:, ::-1]])[None]
    inside = threshold.color_range(image, (200, 120, 40), tolerance=(4, 20, 255), space="hsv")
    assert inside[0].tolist() == [True] * 15 + [False] * 15


@pytest.mark.parametrize(
    ("colors", "options", "fault"),
    [
        ((1, 2), {}, r"one or several, got \(1, 2\)"),
        ([], {}, r"got \[\]"),
        ([[]], {}, r"got \[\[\]\]"),
        ((1, 2, 256), {}, r"colors must be 0 to 255, got \(1, 2, 256\)"),
        ((-1, 2, 3), {}, "colors must be 0 to 255"),
        ((0.5, 0.2, 0.1), {}, "colors must be whole numbers"),
        ("red", {}, "colors must be whole numbers, got 'red'"),
        ((1, 2, 3), {"tolerance": -1}, "tolerance must be one or three numbers, 0 to 255, got -1"),
        ((1, 2, 3), {"tolerance": (1, 2)}, r"got \(1, 2\)"),
        ((1, 2, 3), {"tolerance": 256}, "got 256"),
        ((1, 2, 3), {"space": "cmyk"}, "space must be one of rgb, hsv, lab, got 'cmyk'"),
    ],
)
def test_a_color_range_says_what_is_wrong(colors: object, options: dict, fault: str) -> None:
    with pytest.raises(ValueError, match=fault):
        threshold.color_range(gray([[1]]), colors, **options)


@pytest.mark.parametrize("way", EVERY_WAY)
@pytest.mark.parametrize("size_hw", [(1, 1), (1, 4), (4, 1), (3, 3), (37, 90), (900, 700)])
def test_memory_order_does_not_matter_and_the_image_stays_as_it_was(
    way: str, size_hw: tuple[int, int]
) -> None:
    image = np.random.default_rng(2).integers(0, 256, (*size_hw, 3), np.uint8)
    image.flags.writeable = False
    before = image.copy()
    inside = EVERY_WAY[way](image)
    assert inside.shape == size_hw
    assert set(np.unique(inside.view(np.uint8))) <= {0, 1}
    assert np.array_equal(EVERY_WAY[way](np.asfortranarray(image)), inside)
    wide = np.repeat(np.repeat(image, 2, axis=0), 3, axis=1)
    assert np.array_equal(EVERY_WAY[way](wide[::2, ::3]), inside)
    assert np.array_equal(image, before)
    inside[:] = True  # the mask is the caller's own


@pytest.mark.parametrize("way", EVERY_WAY)
def test_an_image_is_wanted(way: str) -> None:
    with pytest.raises(TypeError, match="image must be a numpy array, got list"):
        EVERY_WAY[way]([[1]])
    with pytest.raises(ValueError, match=r"image must have shape \(H, W, 3\), got \(2, 2\)"):
        EVERY_WAY[way](np.zeros((2, 2), np.uint8))


@pytest.mark.skipif("MASKCORE_TEST_DATA" not in os.environ, reason="needs MASKCORE_TEST_DATA")
def test_adaptive_finds_nuclei_of_unequal_brightness_that_otsu_misses() -> None:
    folder = Path(os.environ["MASKCORE_TEST_DATA"]) / "dsb2018"
    nuclei: dict[str, list[RLE]] = {}
    for row in rle_csv.read(folder / "labels_rle.csv").rows:
        nuclei.setdefault(row.image, []).append(row.mask)
    by_otsu, by_surroundings = [], []
    for path in sorted((folder / "images").glob("*.png")):
        image, wanted = image_io.read_image(path), rle.union(nuclei[path.stem])
        if np.median(image) < 64:  # bright on dark
            by_otsu.append(rle.iou(rle.encode(threshold.otsu(image)), wanted))
            local = threshold.adaptive(image, block_size=101, offset=-3)
            by_surroundings.append(rle.iou(rle.encode(local), wanted))
    assert max(by_otsu) > 0.9
    assert min(by_otsu) < 0.5
    assert min(by_surroundings) > 0.55
