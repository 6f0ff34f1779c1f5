from __future__ import annotations

import csv
import io
import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from hypothesis.extra import numpy as hnp

from maskcore import image_io, masks, measure, rle
from maskcore.types import Instance
from tests.grids import mask

DATA = Path(os.environ.get("MASKCORE_TEST_DATA", "") or "absent")

MASKS = hnp.arrays(np.bool_, hnp.array_shapes(min_dims=2, max_dims=2, max_side=9))
SHAPES = st.tuples(st.integers(1, 9), st.integers(1, 9))


def noise(size_hw: tuple[int, int], seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (*size_hw, 3), np.uint8)


def instance(pixels: np.ndarray, label: str = "it", score: float | None = None) -> Instance:
    return Instance(rle.encode(pixels), label, score)


def row_of(image: np.ndarray, pixels: np.ndarray) -> measure.Statistics:
    (row,) = measure.statistics(image, [instance(pixels)])
    return row


def gray_by_hand(image: np.ndarray) -> np.ndarray:
    """The documented formula, in whole numbers."""
    red, green, blue = image.astype(np.int64).transpose(2, 0, 1)
    return (9798 * red + 19235 * green + 3735 * blue + 2**14) >> 15


def flooded(pixels: np.ndarray, diagonal: bool) -> list[set[tuple[int, int]]]:
    """The connected parts, each flooded from its first pixel."""
    steps = [(0, 1), (1, 0), (0, -1), (-1, 0)]
    if diagonal:
        steps += [(1, 1), (1, -1), (-1, 1), (-1, -1)]
    left = {(int(y), int(x)) for y, x in np.argwhere(pixels)}
    parts = []
    while left:
        part, edge = set(), [min(left)]
        while edge:
            place = edge.pop()
            if place in left:
                left.remove(place)
                part.add(place)
                edge += [(place[0] + y, place[1] + x) for y, x in steps]
        parts.append(part)
    return parts


def parts_and_holes(pixels: np.ndarray) -> tuple[int, int]:
    height, width = pixels.shape
    holes = [
        part
        for part in flooded(~pixels, diagonal=False)
        if not any(y in (0, height - 1) or x in (0, width - 1) for y, x in part)
    ]
    return len(flooded(pixels, diagonal=True)), len(holes)


def agrees_with_masked_arrays(row: measure.Statistics, image: np.ndarray, pixels: np.ndarray):
    planes = [*image.transpose(2, 0, 1), gray_by_hand(image)]
    for values, plane in zip((row.red, row.green, row.blue, row.gray), planes, strict=True):
        under = np.ma.array(plane.astype(np.float64), mask=~pixels)
        assert values.mean == pytest.approx(under.mean(), rel=1e-12)
        assert values.std == pytest.approx(under.std(), rel=1e-9, abs=1e-9)
        assert values.median == np.ma.median(under)
        assert (values.min, values.max) == (under.min(), under.max())


# Masked arrays


def test_what_is_outside_the_mask_is_missing() -> None:
    image = np.array([[[1, 2, 3], [4, 5, 6]]], np.uint8)
    array = measure.masked(image, mask(".#"))
    assert isinstance(array, np.ma.MaskedArray)
    assert array.mask.tolist() == [[[True] * 3, [False] * 3]]
    assert array.mean(axis=(0, 1)).tolist() == [4, 5, 6]
    assert array.data.tolist() == image.tolist()


def test_what_is_missing_is_filled_with_the_value_or_with_a_color() -> None:
    image = np.array([[[1, 2, 3], [4, 5, 6]]], np.uint8)
    assert measure.masked(image, mask(".#")).filled().tolist() == [[[0, 0, 0], [4, 5, 6]]]
    array = measure.masked(image, mask(".#"), fill_value=255)
    assert array.fill_value == 255
    assert array.filled().tolist() == [[[255, 255, 255], [4, 5, 6]]]
    filled = array.filled((9, 8, 7))
    assert filled.dtype == np.uint8
    assert filled.tolist() == [[[9, 8, 7], [4, 5, 6]]]


@given(MASKS)
def test_a_masked_array_is_the_same_from_an_array_and_from_runs(pixels: np.ndarray) -> None:
    image = noise(pixels.shape)
    expected = np.ma.array(image, mask=np.repeat(~pixels[..., None], 3, axis=2))
    for given_mask in (pixels, np.asfortranarray(pixels), rle.encode(pixels)):
        array = measure.masked(image, given_mask)
        assert np.array_equal(array.mask, expected.mask)
        assert np.array_equal(array.filled(7), expected.filled(7))


def test_a_masked_array_of_an_empty_mask_has_no_mean() -> None:
    assert measure.masked(noise((2, 2)), mask("..\n..")).mean() is np.ma.masked


def test_the_mask_of_a_masked_array_can_be_changed_without_changing_ours() -> None:
    pixels = mask("#.")
    array = measure.masked(noise((1, 2)), pixels)
    array[0, 0] = np.ma.masked
    assert array.mask.all()
    assert pixels.tolist() == [[True, False]]


@pytest.mark.parametrize("value", [-1, 256])
def test_a_fill_value_is_a_value_of_a_pixel(value: int) -> None:
    with pytest.raises(ValueError, match=f"fill_value must be 0 to 255, got {value}"):
        measure.masked(noise((1, 2)), mask("#."), fill_value=value)


def test_masks_of_another_size_are_refused() -> None:
    image, pixels = noise((2, 2)), mask("#.")
    for work in (measure.masked, measure.histogram, measure.compare_means):
        for given_mask in (pixels, rle.encode(pixels)):
            with pytest.raises(ValueError, match=r"mask must have size \(2, 2\), got \(1, 2\)"):
                work(image, given_mask)
    with pytest.raises(ValueError, match=r"every mask must have size \(2, 2\), got \(1, 2\)"):
        measure.statistics(image, [instance(pixels)])


def test_gray_pictures_and_gray_masks_are_refused() -> None:
    with pytest.raises(ValueError, match="image must have shape"):
        measure.statistics(np.zeros((2, 2), np.uint8), [])
    with pytest.raises(ValueError, match="mask must be bool"):
        measure.masked(noise((2, 2)), np.zeros((2, 2), np.uint8))


# The array as text


def test_the_text_shows_dashes_for_what_is_missing() -> None:
    array = np.ma.array([[1, 20], [3, 4]], mask=[[0, 1], [0, 0]])
    assert measure.array_text(array) == "[[1 --]\n [3 4]]"


def test_the_text_of_an_image_shows_a_line_for_each_pixel() -> None:
    image = np.array([[[1, 2, 3], [4, 5, 6]]], np.uint8)
    text = measure.array_text(measure.masked(image, mask("#.")))
    assert [line.strip("[] ") for line in text.splitlines()] == ["1 2 3", "-- -- --"]


def test_a_large_array_is_cut_and_the_text_says_so() -> None:
    array = np.ma.array(np.arange(10_000).reshape(20, 500) % 10, mask=False)
    array[0, 0] = np.ma.masked
    *rows, sentence = measure.array_text(array, max_rows=2, max_columns=3).splitlines()
    assert rows == ["[[-- 1 2]", " [0 1 2]]"]
    assert sentence == "rows 1 to 2 of 20, columns 1 to 3 of 500"


def test_a_row_is_never_wrapped_or_shortened_by_numpy() -> None:
    array = np.ma.array(np.full((100, 100), 123), mask=False)
    rows = measure.array_text(array, max_rows=100, max_columns=100).splitlines()
    assert [row.count("123") for row in rows] == [100] * 100


def test_only_masked_arrays_with_rows_and_columns_have_a_text() -> None:
    with pytest.raises(TypeError, match="array must be a masked array, got ndarray"):
        measure.array_text(np.zeros((2, 2)))
    with pytest.raises(ValueError, match=r"2 or 3 dimensions, got shape \(3,\)"):
        measure.array_text(np.ma.array([1, 2, 3]))
    with pytest.raises(ValueError, match="limits must be 1 to 100, got 0 and 24"):
        measure.array_text(np.ma.array([[1]]), max_rows=0)
    with pytest.raises(ValueError, match="limits must be 1 to 100, got 16 and 101"):
        measure.array_text(np.ma.array([[1]]), max_columns=101)


# Histograms and means


def test_a_histogram_counts_the_values_under_the_mask() -> None:
    image = np.array([[[10, 20, 30], [10, 21, 30]], [[255, 0, 0], [10, 20, 30]]], np.uint8)
    counts = measure.histogram(image, mask("##\n.#"))
    assert counts.shape == (4, 256)
    assert (counts[0, 10], counts[1, 20], counts[1, 21], counts[2, 30]) == (3, 2, 1, 3)
    assert counts.sum(axis=1).tolist() == [3, 3, 3, 3]


@given(MASKS)
def test_inside_and_outside_make_the_whole_histogram(pixels: np.ndarray) -> None:
    image = noise(pixels.shape)
    planes = [*image.transpose(2, 0, 1), gray_by_hand(image)]
    inside = measure.histogram(image, pixels)
    assert np.array_equal(inside, [np.bincount(plane[pixels], minlength=256) for plane in planes])
    outside = measure.histogram(image) - inside
    assert np.array_equal(outside, [np.bincount(plane[~pixels], minlength=256) for plane in planes])
    assert np.array_equal(measure.histogram(image, rle.encode(pixels)), inside)


def test_every_color_has_the_gray_of_the_formula() -> None:
    every = np.arange(2**24, dtype=np.uint32)[:: 2**4 + 1]
    image = np.stack([every >> 16, every >> 8 & 255, every & 255], axis=-1).astype(np.uint8)[None]
    expected = np.bincount(gray_by_hand(image).ravel(), minlength=256)
    assert np.array_equal(measure.histogram(image)[3], expected)


def test_a_value_that_occurs_more_often_than_float32_can_count_is_counted_exactly() -> None:
    image = np.zeros((4097, 4096, 3), np.uint8)
    image[0, 0] = 255
    counts = measure.histogram(image)
    assert counts[:, 0].tolist() == [4097 * 4096 - 1] * 4
    assert counts[:, 255].tolist() == [1] * 4


def test_a_blacked_out_image_has_too_low_a_mean() -> None:
    image = np.full((2, 2, 3), 100, np.uint8)
    means = measure.compare_means(image, mask("#.\n.."))
    assert means.with_zeros == (25, 25, 25, 25)
    assert means.inside == (100, 100, 100, 100)
    assert (means.n_inside, means.n_pixels) == (1, 4)


@given(MASKS)
def test_both_means_are_those_of_numpy(pixels: np.ndarray) -> None:
    image = noise(pixels.shape)
    means = measure.compare_means(image, pixels)
    blacked_out = image * pixels[..., None]
    assert means.with_zeros[:3] == pytest.approx(blacked_out.mean(axis=(0, 1)))
    assert means.with_zeros[3] == pytest.approx(gray_by_hand(blacked_out).mean())
    if pixels.any():
        assert means.inside is not None
        expected = measure.masked(image, pixels).mean(axis=(0, 1))
        assert means.inside[:3] == pytest.approx(expected)
        assert means.inside[3] == pytest.approx(gray_by_hand(image)[pixels].mean())
    else:
        assert means.inside is None


# The table


def test_a_row_by_hand() -> None:
    image = np.zeros((4, 5, 3), np.uint8)
    image[1, 1:4] = [[10, 0, 7], [20, 0, 7], [60, 0, 7]]
    image[2, 1] = [30, 0, 7]
    pixels = mask("""
        .....
        .###.
        .#...
        .....
    """)
    (row,) = measure.statistics(image, [instance(pixels, "bird", 0.9)])
    assert (row.label, row.score) == ("bird", 0.9)
    assert (row.area, row.percent, row.box) == (4, 20, (1, 1, 4, 3))
    assert row.centroid == ((1 + 2 + 3 + 1) / 4, (1 + 1 + 1 + 2) / 4)
    assert (row.perimeter, row.parts, row.holes) == (10, 1, 0)
    # Deviations from the mean of 30: 20, 10, 30, 0.
    assert row.red == measure.Values(30, 25, pytest.approx(350**0.5), 10, 60)
    assert row.green == measure.Values(0, 0, 0, 0, 0)
    assert row.blue == measure.Values(7, 7, 0, 7, 7)


def test_an_empty_mask_has_counts_of_0_and_no_values() -> None:
    row = row_of(noise((3, 4)), np.zeros((3, 4), np.bool_))
    assert (row.area, row.percent, row.box) == (0, 0, (0, 0, 0, 0))
    assert (row.perimeter, row.parts, row.holes) == (0, 0, 0)
    assert row.centroid is None
    assert row.red == row.gray == measure.Values(None, None, None, None, None)
    assert not row.histogram.any()


def test_a_full_mask_measures_the_whole_image() -> None:
    image = noise((5, 4))
    pixels = np.ones((5, 4), np.bool_)
    row = row_of(image, pixels)
    assert (row.area, row.percent, row.box) == (20, 100, (0, 0, 4, 5))
    assert row.centroid == (1.5, 2)
    assert (row.perimeter, row.parts, row.holes) == (0, 1, 0)
    agrees_with_masked_arrays(row, image, pixels)


def test_one_pixel() -> None:
    row = row_of(np.full((1, 1, 3), 200, np.uint8), mask("#"))
    assert row.gray == measure.Values(200, 200, 0, 200, 200)
    assert (row.area, row.percent, row.centroid) == (1, 100, (0, 0))


@settings(max_examples=300)
@given(MASKS, st.integers(0, 2**32 - 1))
def test_values_are_those_of_masked_arrays(pixels: np.ndarray, seed: int) -> None:
    image = noise(pixels.shape, seed)
    row = row_of(image, pixels)
    if pixels.any():
        agrees_with_masked_arrays(row, image, pixels)


@settings(max_examples=300)
@given(MASKS)
def test_size_and_shape_are_those_of_a_loop_over_the_pixels(pixels: np.ndarray) -> None:
    row = row_of(noise(pixels.shape), pixels)
    assert row.area == pixels.sum()
    assert row.percent == pytest.approx(100 * pixels.mean())
    assert row.perimeter == masks.perimeter(pixels)
    assert (row.parts, row.holes) == parts_and_holes(pixels)
    if pixels.any():
        rows, columns = np.nonzero(pixels)
        assert row.box == (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1)
        assert row.centroid == pytest.approx((columns.mean(), rows.mean()))


@pytest.mark.parametrize(
    ("text", "parts", "holes"),
    [
        ("#.\n.#", 1, 0),
        ("#.#\n.#.\n#.#", 1, 0),
        (".#.\n#.#\n.#.", 1, 1),
        ("###\n#.#\n###", 1, 1),
        ("###\n#..\n###", 1, 0),
        ("#.#\n#.#", 2, 0),
        ("#####\n#.#.#\n#####", 1, 2),
        ("####\n#.##\n##.#\n####", 1, 2),
        ("#######\n#.....#\n#.###.#\n#.#.#.#\n#.###.#\n#.....#\n#######", 2, 2),
    ],
)
def test_parts_touch_at_corners_and_holes_do_not(text: str, parts: int, holes: int) -> None:
    pixels = mask(text)
    for margin in (0, 2):
        framed = np.pad(pixels, margin)
        row = row_of(noise(framed.shape), framed)
        assert (row.parts, row.holes) == (parts, holes)


@settings(max_examples=50)
@given(SHAPES, st.integers(0, 12), st.integers(0, 2**32 - 1))
def test_many_instances_are_measured_as_one_by_one(
    size_hw: tuple[int, int], n: int, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    image = noise(size_hw, seed)
    instances = [instance(rng.random(size_hw) < rng.random(), f"{i}", i / 16) for i in range(n)]
    rows = measure.statistics(image, instances)
    assert rows == [measure.statistics(image, [one])[0] for one in instances]
    for row, one in zip(rows, instances, strict=True):
        assert np.array_equal(row.histogram, measure.histogram(image, one.mask))


def test_images_in_any_memory_order_are_measured_alike_and_not_changed() -> None:
    image = noise((30, 40))
    pixels = np.random.default_rng(1).random((30, 40)) < 0.3
    expected = row_of(image, pixels)
    spread = np.zeros((60, 120, 3), np.uint8)[::2, ::3]
    spread[...] = image
    mirrored = np.ascontiguousarray(image[:, ::-1])[:, ::-1]
    for same in (np.asfortranarray(image), spread, mirrored):
        before = same.copy()
        assert row_of(same, pixels) == expected
        assert np.array_equal(measure.histogram(same), measure.histogram(image))
        assert np.array_equal(same, before)
    read_only = image.copy()
    read_only.flags.writeable = False
    assert row_of(read_only, pixels) == expected


def test_a_mask_wider_than_a_strip_is_measured_whole() -> None:
    image = noise((3, 300_000))
    pixels = np.random.default_rng(0).random((3, 300_000)) < 0.5
    agrees_with_masked_arrays(row_of(image, pixels), image, pixels)


@pytest.mark.skipif(not DATA.is_dir(), reason="needs MASKCORE_TEST_DATA")
def test_a_photo_is_measured_as_masked_arrays_measure_it() -> None:
    image = image_io.read_image(DATA / "photos" / "wildlife" / "african_elephants.jpg")
    height, width = image.shape[:2]
    y, x = np.ogrid[:height, :width]
    pixels = (y / height - 0.5) ** 2 + (x / width - 0.4) ** 2 < 0.08
    row = row_of(image, pixels)
    agrees_with_masked_arrays(row, image, pixels)
    assert row.centroid == pytest.approx(np.argwhere(pixels).mean(axis=0)[::-1])


# The table as text


def test_the_csv_has_a_row_for_each_instance_and_gaps_for_what_is_missing() -> None:
    image = np.full((1, 2, 3), 50, np.uint8)
    rows = measure.statistics(
        image, [instance(mask("#."), "=cmd", 0.5), instance(mask(".."), "none")]
    )
    first, second = csv.DictReader(io.StringIO(measure.to_csv(rows)))
    assert tuple(first) == measure.COLUMNS
    assert (first["label"], first["score"], first["area_px"]) == ("'=cmd", "0.5", "1")
    assert (first["x1"], first["y1"], first["x2"], first["y2"]) == ("0", "0", "1", "1")
    assert (first["centroid_x"], first["gray_mean"], first["red_max"]) == ("0.0", "50.0", "50")
    assert (second["label"], second["score"], second["area_px"]) == ("none", "", "0")
    assert (second["centroid_x"], second["gray_mean"], second["red_max"]) == ("", "", "")


def test_the_csv_of_no_rows_is_its_header() -> None:
    assert measure.statistics(noise((2, 2)), []) == []
    assert measure.to_csv([]) == ",".join(measure.COLUMNS) + "\n"


def test_overlaps_are_those_of_the_masks() -> None:
    some = [instance(mask(text), label) for text, label in (("##.", "a"), (".##", "-b"))]
    matrix = measure.overlaps(some)
    assert matrix.tolist() == [[1, 1 / 3], [1 / 3, 1]]
    text = measure.overlaps_to_csv([instance.label for instance in some], matrix)
    assert text == f"label,a,'-b\na,1.0,{1 / 3}\n'-b,{1 / 3},1.0\n"
