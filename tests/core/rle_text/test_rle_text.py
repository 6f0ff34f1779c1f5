from __future__ import annotations

import base64
import json
import zlib

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from hypothesis.extra import numpy as hnp
from pycocotools import mask as coco

from maskcore import rle, rle_text, samples
from maskcore.errors import RLEError
from maskcore.rle import RLE
from maskcore.rle_text.dialects import DIALECTS
from tests.grids import mask

few = settings(deadline=None, max_examples=60)

MASKS = hnp.arrays(np.bool_, hnp.array_shapes(min_dims=2, max_dims=2, max_side=12))

STEEL = 256, 1600

BY_COLUMNS = ["severstal", "airbus", "dsb2018", "tgs-salt", "clouds", "hubmap", "contrails"]
BY_ROWS = ["carvana", "sartorius", "uw-madison", "vesuvius"]


def tutorial_mask(text: str, size_hw: tuple[int, int]) -> np.ndarray:
    """The tutorial's way: the starts, which count from 1, taken as places from 0."""
    numbers = list(map(int, text.split(" ")))
    flat = np.zeros(size_hw[0] * size_hw[1], np.bool_)
    for start, length in zip(numbers[::2], numbers[1::2], strict=True):
        flat[list(range(start, start + length))] = True
    return np.reshape(flat, size_hw[::-1]).T


# Literal codes

DRAWN = """
    .#..
    .##.
    #..#
"""


@pytest.mark.parametrize(
    ("dialect", "text"),
    [
        *((name, "3 3 8 1 12 1") for name in BY_COLUMNS),
        *((name, "2 1 6 2 9 1 12 1") for name in BY_ROWS),
        ("siim-acr", "2 3 2 1 3 1"),
        ("zero-based", "2 3 7 1 11 1"),
        ("zero-based-rows", "1 1 5 2 8 1 11 1"),
        ("coco", '{"size": [3, 4], "counts": [2, 3, 2, 1, 3, 1]}'),
        # 2, 3, 2, then 1 - 3 = -2 ("N"), 3 - 2 = 1, 1 - 1 = 0.
        ("coco-compressed", "232N10"),
        ("open-images", base64.b64encode(zlib.compress(b"232N10")).decode()),
        ("cvat", '<mask rle="1, 1, 3, 2, 1, 1, 2, 1" left="0" top="0" width="4" height="3"/>'),
    ],
)
def test_every_dialect_reads_and_writes_the_drawing_worked_out_by_hand(dialect: str, text: str):
    assert np.array_equal(rle.decode(rle_text.parse(text, (3, 4), dialect)), mask(DRAWN))
    assert rle_text.format(rle.encode(mask(DRAWN)), dialect) == text


def test_every_dialect_is_named_once_and_under_its_name():
    assert len({dialect.title for dialect in DIALECTS.values()}) == len(DIALECTS)
    for name, dialect in DIALECTS.items():
        assert dialect.name == name
        assert [role for _, role in dialect.columns].count("code") == 1
    assert rle_text.DIALECTS is DIALECTS


@pytest.mark.parametrize(
    ("dialect", "size_hw"),
    [
        ("severstal", (256, 1600)),
        ("airbus", (768, 768)),
        ("tgs-salt", (101, 101)),
        ("clouds", (1400, 2100)),
        ("contrails", (256, 256)),
        ("carvana", (1280, 1918)),
        ("sartorius", (520, 704)),
        ("siim-acr", (1024, 1024)),
        ("dsb2018", None),
    ],
)
def test_sizes_are_height_and_width(dialect: str, size_hw: tuple[int, int] | None):
    assert rle_text.get(dialect).size_hw == size_hw


@pytest.mark.parametrize("dialect", DIALECTS)
@few
@given(MASKS)
def test_every_mask_comes_back_in_every_dialect(dialect: str, pixels: np.ndarray):
    r = rle.encode(pixels)
    if dialect == "cvat" and not pixels.any():
        with pytest.raises(RLEError, match="empty"):
            rle_text.format(r, dialect)
        return
    assert rle_text.parse(rle_text.format(r, dialect), pixels.shape, dialect) == r


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("size_hw", [(5, 7), (1, 9), (9, 1), (1, 1), (64, 48)])
def test_full_first_pixel_and_last_pixel_come_back_in_every_dialect(
    dialect: str, size_hw: tuple[int, int]
):
    full = np.ones(size_hw, np.bool_)
    first, last = np.zeros((2, *size_hw), np.bool_)
    first[0, 0] = last[-1, -1] = True
    for pixels in (full, first, last):
        text = rle_text.format(rle.encode(pixels), dialect)
        assert np.array_equal(rle.decode(rle_text.parse(text, size_hw, dialect)), pixels)


@pytest.mark.parametrize(
    ("dialect", "texts"),
    [
        *((name, ["", " ", "NaN", "nan"]) for name in [*BY_COLUMNS, *BY_ROWS]),
        ("contrails", ["-", " - "]),
        ("siim-acr", ["-1", " -1", "", "nan"]),
    ],
)
def test_texts_for_an_empty_mask_are_read_and_the_first_is_written(dialect: str, texts: list[str]):
    for text in texts:
        assert rle_text.parse(text, (2, 3), dialect) == rle.empty((2, 3))
    written = {"contrails": "-", "siim-acr": "-1"}.get(dialect, "")
    assert rle_text.format(rle.empty((2, 3)), dialect) == written


@pytest.mark.parametrize(
    ("dialect", "text"), [("severstal", "-1"), ("siim-acr", "-"), ("coco", ""), ("cvat", "nan")]
)
def test_a_text_for_an_empty_mask_elsewhere_is_refused(dialect: str, text: str):
    with pytest.raises(RLEError):
        rle_text.parse(text, (2, 3), dialect)


def test_an_unknown_dialect_is_the_callers_mistake():
    for call in (
        lambda: rle_text.parse("1 2", (2, 3), "kaggle"),
        lambda: rle_text.format(rle.empty((2, 3)), "kaggle"),
    ):
        with pytest.raises(ValueError, match=r"dialect must be one of severstal, .* got 'kaggle'"):
            call()


def test_a_text_longer_than_any_mask_is_refused():
    text = "1" * (rle_text.MAX_CHARACTERS + 1)
    with pytest.raises(RLEError, match="40,000,001 characters long; at most 40,000,000"):
        rle_text.parse(text, (2, 3), "severstal")
    assert rle_text.detect(text, (2, 3)) == []


# Traps of public code


def test_the_tutorials_mask_is_shifted_by_one_pixel_and_ours_is_not():
    ours = rle.decode(rle_text.parse(samples.ROW, STEEL, "severstal"))
    numbers = [int(token) for token in samples.ROW.split()]
    flat = np.zeros(STEEL[0] * STEEL[1], np.bool_)
    for start, length in zip(numbers[::2], numbers[1::2], strict=True):
        flat[start - 1 : start - 1 + length] = True
    assert np.array_equal(ours, flat.reshape(1600, 256).T)

    tutorials = tutorial_mask(samples.ROW, STEEL)
    assert not np.array_equal(ours, tutorials)
    assert np.array_equal(ours.T.reshape(-1)[:-1], tutorials.T.reshape(-1)[1:])


def test_the_tutorials_row_has_its_area_and_its_runs():
    r = rle_text.parse(samples.ROW, STEEL, "severstal")
    assert rle.area(r) == 4396
    assert r.counts.size // 2 == 108
    assert rle_text.format(r, "severstal") == samples.ROW
    counts = {"size": list(STEEL), "counts": r.counts.tolist()}
    theirs = coco.frPyObjects(counts, *STEEL)
    assert coco.area(theirs) == 4396
    assert rle_text.format(r, "coco-compressed") == theirs["counts"].decode("ascii")


def test_a_run_up_to_the_last_pixel_is_not_dropped():
    assert rle_text.format(rle.encode(mask("..\n.#")), "siim-acr") == "3 1"
    assert rle_text.parse("0 1 2 1", (2, 2), "siim-acr") == rle.encode(mask("#.\n.#"))


# Which dialect


def test_the_tutorials_row_is_found_to_be_severstal():
    found = rle_text.detect(samples.ROW, STEEL)
    assert found[0].dialect == "severstal"
    assert found[0].mask == rle_text.parse(samples.ROW, STEEL, "severstal")
    assert found[1].mask == rle_text.parse(samples.ROW, STEEL, "carvana")
    # Counted from the pixels, not with the code under test.
    lengths = []
    for candidate in found[:2]:
        pixels = rle.decode(candidate.mask).astype(np.int8)
        lengths.append(int(sum(np.abs(np.diff(pixels, axis=axis)).sum() for axis in (0, 1))))
    columns, rows = (f"{length:,}" for length in lengths)
    assert lengths[0] < lengths[1] / 5
    assert found[0].reason == f"By columns the outline is {columns} pixels long, by rows {rows}."
    assert found[1].reason == f"By rows the outline is {rows} pixels long, by columns {columns}."


def test_the_same_object_written_by_rows_is_found_to_be_by_rows():
    disk = np.hypot(*np.mgrid[-30:34, -50:54]) < 25
    for dialect in ("carvana", "severstal"):
        text = rle_text.format(rle.encode(disk), dialect)
        first = rle_text.detect(text, disk.shape)[0]
        assert first.mask == rle.encode(disk)
        assert first.dialect == dialect


def test_a_dialect_made_for_the_size_lends_its_name():
    car = np.zeros((1280, 1918), np.bool_)
    car[400:900, 300:1500] = True
    text = rle_text.format(rle.encode(car), "carvana")
    assert rle_text.detect(text, car.shape)[0].dialect == "carvana"
    ship = np.zeros((768, 768), np.bool_)
    ship[5:90, 700:768] = True
    text = rle_text.format(rle.encode(ship), "airbus")
    assert rle_text.detect(text, ship.shape)[0].dialect == "airbus"


def test_starts_that_do_not_increase_are_gaps():
    lung = np.zeros((1024, 1024), np.bool_)
    lung[300:400, 600:640] = True
    lung[420:430, 610:620] = True
    text = rle_text.format(rle.encode(lung), "siim-acr")
    found = rle_text.detect(text, lung.shape)
    assert found[0].dialect == "siim-acr"
    assert found[0].mask == rle.encode(lung)
    assert "do not increase" in found[0].reason


def test_a_start_of_0_means_from_0():
    found = rle_text.detect("0 2 5 3 20 1", (5, 7))
    assert {"zero-based", "zero-based-rows"} <= {candidate.dialect for candidate in found}
    assert not {"severstal", "carvana"} & {candidate.dialect for candidate in found}


def test_pairs_from_1_are_not_offered_from_0_as_well():
    found = {candidate.dialect for candidate in rle_text.detect("1 2 5 3 20 1", (5, 7))}
    assert not found & {"zero-based", "zero-based-rows"}


@pytest.mark.parametrize("dialect", ["coco", "coco-compressed", "open-images", "cvat"])
def test_forms_that_are_not_pairs_are_known_by_their_looks(dialect: str):
    r = rle.encode(mask(DRAWN))
    found = rle_text.detect(rle_text.format(r, dialect), (3, 4))
    assert found[0].dialect == dialect
    assert found[0].mask == r


def test_a_brush_of_label_studio_is_known():
    r = rle.encode(mask(DRAWN))
    text = rle_text.format(r, "label-studio")
    assert json.loads(text)[3] == 48
    assert [candidate.dialect for candidate in rle_text.detect(text, (3, 4))] == ["label-studio"]


def test_coco_objects_of_both_kinds_are_known():
    compressed = '{"size": [3, 4], "counts": "232N10"}'
    assert rle_text.detect(compressed, (3, 4))[0].dialect == "coco-compressed"
    counts = '{"size": [3, 4], "counts": [2, 3, 2, 1, 3, 1]}'
    assert rle_text.detect(counts, (3, 4))[0].dialect == "coco"
    assert rle_text.detect(counts, (4, 3)) == []


def test_bare_counts_that_fill_the_image_are_known():
    (found,) = rle_text.detect("2 3 2 1 4", (3, 4))
    assert found.dialect == "coco"
    assert found.mask == RLE((3, 4), [2, 3, 2, 1, 4])
    # An even number of them are also gaps, and of the same mask.
    both = rle_text.detect("2 3 2 1 3 1", (3, 4))[:2]
    assert {candidate.dialect for candidate in both} == {"coco", "siim-acr"}
    assert both[0].mask == both[1].mask
    assert "The numbers add up to the image's size." in {candidate.reason for candidate in both}


@pytest.mark.parametrize(
    ("text", "dialect"),
    [
        ("", "severstal"),
        (" ", "severstal"),
        ("nan", "severstal"),
        ("-1", "siim-acr"),
        ("-", "contrails"),
    ],
)
def test_a_text_for_an_empty_mask_is_known(text: str, dialect: str):
    found = rle_text.detect(text, (3, 4))
    assert [(candidate.dialect, candidate.mask) for candidate in found] == [
        (dialect, rle.empty((3, 4)))
    ]
    assert found[0].reason == "The text stands for an empty mask."


@pytest.mark.parametrize(
    "text",
    ["garbage", "1 2 3 and more", "1 -2", "[]", "{}", "<mask/>", "1 2 99 1", "1000000000", "<>"],
)
def test_garbage_has_no_reading(text: str):
    assert rle_text.detect(text, (3, 4)) == []


@few
@given(MASKS, st.sampled_from(sorted(DIALECTS)))
def test_the_right_mask_is_always_among_the_candidates(pixels: np.ndarray, dialect: str):
    r = rle.encode(pixels)
    if dialect == "cvat" and not pixels.any():
        return
    text = rle_text.format(r, dialect)
    found = rle_text.detect(text, pixels.shape)
    if not dialect.startswith("zero-based"):  # offered only where the text cannot be from 1
        assert r in [candidate.mask for candidate in found]
    for candidate in found:
        assert rle_text.parse(text, pixels.shape, candidate.dialect) == candidate.mask
        assert candidate.reason.endswith(".")


# Outlines


@few
@given(MASKS)
def test_the_outline_is_that_of_a_loop(pixels: np.ndarray):
    height, width = pixels.shape
    edges = sum(
        pixels[y, x] != pixels[v, u]
        for y in range(height)
        for x in range(width)
        for v, u in ((y + 1, x), (y, x + 1))
        if v < height and u < width
    )
    assert rle_text.outline_length(rle.encode(pixels)) == edges


def test_readings_name_each_codec_once():
    found = rle_text.readings((9, 9))
    assert len({dialect.codec for dialect in found}) == len(found)
    assert {dialect.codec for dialect in found} == {dialect.codec for dialect in DIALECTS.values()}
    names = [dialect.name for dialect in rle_text.readings((520, 704))]
    assert "sartorius" in names
    assert "carvana" not in names


def test_a_candidate_is_an_rle_of_the_size():
    for candidate in rle_text.detect("1 2 7 3", (3, 4)):
        assert isinstance(candidate.mask, RLE)
        assert candidate.mask.size_hw == (3, 4)
