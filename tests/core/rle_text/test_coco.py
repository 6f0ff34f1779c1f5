from __future__ import annotations

import base64
import json
import os
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from hypothesis.extra import numpy as hnp
from pycocotools import mask as coco

from maskcore import rle
from maskcore.errors import RLEError
from maskcore.rle import RLE
from maskcore.rle_text.coco import Compressed, Counts, OpenImages, compress, decompress
from tests.grids import mask

# Of pycocotools' own arrays, under NumPy 2.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

few = settings(deadline=None, max_examples=80)

DATA = Path(os.environ.get("MASKCORE_TEST_DATA", "") or "absent")
needs_vectors = pytest.mark.skipif(
    not (DATA / "rle").is_dir(), reason="MASKCORE_TEST_DATA names no folder with rle/"
)

MASKS = st.builds(
    lambda small, down, right: small.repeat(down, axis=0).repeat(right, axis=1),
    hnp.arrays(np.bool_, hnp.array_shapes(min_dims=2, max_dims=2, max_side=9)),
    st.sampled_from([1, 1, 3, 40, 300]),
    st.sampled_from([1, 1, 3, 40]),
)
COUNTS, COMPRESSED, OPEN_IMAGES = Counts(), Compressed(), OpenImages()


def coco_string(pixels: np.ndarray) -> str:
    return coco.encode(np.asfortranarray(pixels, np.uint8))["counts"].decode("ascii")


def coco_string_of_counts(counts: list[int], size_hw: tuple[int, int]) -> str:
    found = coco.frPyObjects({"size": list(size_hw), "counts": counts}, *size_hw)
    return found["counts"].decode("ascii")


# Counts


@pytest.mark.parametrize(
    "text",
    [
        '{"size": [2, 3], "counts": [1, 2, 3]}',
        '{"counts":[1,2,3],"size":[2,3]}',
        ' {"counts": [1, 2, 3]}\n',
        "[1, 2, 3]",
        "[1,\n2,\n3]\n",
        "1 2 3",
        "1, 2, 3",
        "1,2,3",
    ],
)
def test_counts_are_read_with_or_without_their_object(text: str):
    assert COUNTS.parse(text, (2, 3)) == RLE((2, 3), [1, 2, 3])


def test_counts_are_written_as_coco_writes_them():
    text = COUNTS.format(rle.encode(mask("..#\n.##")))
    assert json.loads(text) == {"size": [2, 3], "counts": [3, 3]}
    empty = COUNTS.format(rle.empty((2, 3)))
    assert json.loads(empty) == {"size": [2, 3], "counts": [6]}


@few
@given(MASKS)
def test_written_counts_are_those_that_pycocotools_decodes(pixels: np.ndarray):
    text = COUNTS.format(rle.encode(pixels))
    theirs = coco.frPyObjects(json.loads(text), *pixels.shape)
    assert np.array_equal(coco.decode(theirs), pixels)
    assert COUNTS.parse(text, pixels.shape) == rle.encode(pixels)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('{"size": [3, 2], "counts": [6]}', r"made for size \[3, 2\] \(height, width\), not"),
        ('{"size": null, "counts": [6]}', "made for size None"),
        ('{"size": "' + "x" * 90 + '", "counts": [6]}', "made for size x{40} "),
        ('{"size": [2, 3]}', "no counts"),
        ('{"size": [2, 3], "counts": "06"}', "compressed text, not a list"),
        ('{"size": [2, 3], "counts": [6.0]}', "not a list of whole numbers"),
        ('{"size": [2, 3], "counts": [true, 5]}', "not a list of whole numbers"),
        ('{"size": [2, 3], "counts": [[6]]}', "not a list of whole numbers"),
        ('{"size": [2, 3], "counts": 6}', "not a list of whole numbers"),
        ('{"size": [2, 3], "counts": [-1, 7]}', "negative: -1"),
        ('{"size": [2, 3], "counts": [5]}', "do not add up"),
        ('{"size": [2, 3], "counts": [100000000000000000000000]}', "whole numbers"),
        ('{"size": [2, 3], "counts": [6]', "not complete JSON"),
        ('{"size": [2, 3], "counts": [6]}}', "not complete JSON"),
        ("[1, 2, 3", "not a complete list"),
        ("[1, 2, -3]", "“-3” is negative"),
        ("[1, 2, 3.0]", "“3.0” is not a whole number"),
        ("[]", "no numbers"),
        ("[ ]", "no numbers"),
        ("[99999999999999999999]", "do not add up"),
        ("1 2 4", "do not add up"),
        ("one two", "“one” is not a whole number"),
        ("", "no numbers"),
        ("1 " * 2000, "more counts than an image of 6 pixels can have"),
    ],
)
def test_counts_that_are_no_mask_are_refused(text: str, reason: str):
    with pytest.raises(RLEError, match=reason):
        COUNTS.parse(text, (2, 3))


# Compressed


@pytest.mark.parametrize(
    ("counts", "text"),
    [
        # 0 to 15 are one character, 48 more than the number.
        ([6], "6"),
        ([0, 6], "06"),
        ([15], "?"),
        # 16 = 0b10000 would look negative, so a second character holds the rest: 0.
        ([16], "`0"),
        # 100 = 0b11_00100: 4 with "more follow" (32 + 4 + 48 = "T"), then 3.
        ([100], "T3"),
        # The fourth is the difference to the second: 1 - 3 = -2 = 0b11110, 30 + 48 = "N".
        ([5, 3, 2, 1, 4], "532N2"),
        # 1 - 100 = -99: 0b11101 with "more follow", then -4 = 0b11100.
        ([1, 100, 1, 1], "1T31mL"),
    ],
)
def test_characters_worked_out_by_hand(counts: list[int], text: str):
    pixels = sum(counts)
    assert compress(np.array(counts)) == text
    assert decompress(text, pixels).tolist() == counts
    assert coco_string_of_counts(counts, (1, pixels)) == text


@few
@given(MASKS)
def test_the_text_is_that_of_pycocotools_both_ways(pixels: np.ndarray):
    text = coco_string(pixels)
    assert COMPRESSED.format(rle.encode(pixels)) == text
    assert COMPRESSED.parse(text, pixels.shape) == rle.encode(pixels)


@few
@given(st.lists(st.integers(1, 2**20) | st.integers(1, 40), min_size=1, max_size=40))
def test_counts_of_any_length_are_written_as_by_pycocotools(counts: list[int]):
    size_hw = (1, sum(counts))
    text = coco_string_of_counts(counts, size_hw)
    assert compress(np.array(counts, np.int32)) == text
    assert decompress(text, sum(counts)).tolist() == counts


def test_more_counts_than_one_block_are_written_as_by_pycocotools():
    noise = np.random.default_rng(2).random((401, 403)) < 0.5
    r = rle.encode(noise)
    assert r.counts.size > 50_000
    assert COMPRESSED.format(r) == coco_string(noise)
    assert COMPRESSED.parse(coco_string(noise), (401, 403)) == r


def test_the_largest_image_has_counts_of_seven_characters():
    pixels = 2**31 - 1
    counts = [pixels - 1, 1]
    text = compress(np.array(counts, np.int32))
    assert text == coco_string_of_counts(counts, (1, pixels))
    assert decompress(text, pixels).tolist() == counts


def test_the_json_object_around_it_is_read():
    text = '{"size": [2, 3], "counts": "33"}'
    assert COMPRESSED.parse(text, (2, 3)) == RLE((2, 3), [3, 3])
    assert COMPRESSED.parse(" 33\n", (2, 3)) == RLE((2, 3), [3, 3])


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "no counts"),
        ("3 3", "characters that COCO's compressed text does not use"),
        ("3p3", "characters that"),
        ("3/3", "characters that"),
        ("3é3", "characters that"),
        ("3\x003", "characters that"),
        ("33`", "ends in the middle of a number"),
        ("PPPPPPPP0", "too large for any image"),
        ("34", "do not add up"),
        ("3N5", "negative: -2"),
        ("0" * 8, "more counts than an image of 6 pixels"),
        ("0" * 60, "more counts than an image of 6 pixels"),
        ('{"size": [2, 3], "counts": [6]}', "not COCO's compressed text"),
        ('{"size": [3, 2], "counts": "33"}', "made for size"),
        ('{"counts": "3\\ud8003"}', "characters that"),
    ],
)
def test_texts_that_are_no_mask_are_refused(text: str, reason: str):
    with pytest.raises(RLEError, match=reason):
        COMPRESSED.parse(text, (2, 3))


# Open Images


def test_open_images_is_deflated_text_in_base64():
    by_hand = base64.b64encode(zlib.compress(b"33")).decode()
    assert OPEN_IMAGES.parse(by_hand, (2, 3)) == RLE((2, 3), [3, 3])
    assert OPEN_IMAGES.parse(f" {by_hand}\n", (2, 3)) == RLE((2, 3), [3, 3])


@few
@given(MASKS)
def test_open_images_holds_the_text_of_pycocotools_both_ways(pixels: np.ndarray):
    text = coco_string(pixels)
    written = OPEN_IMAGES.format(rle.encode(pixels))
    assert zlib.decompress(base64.b64decode(written)).decode("ascii") == text
    by_hand = base64.b64encode(zlib.compress(text.encode(), level=1)).decode()
    assert OPEN_IMAGES.parse(by_hand, pixels.shape) == rle.encode(pixels)


def deflated(inner: bytes) -> str:
    return base64.b64encode(zlib.compress(inner)).decode()


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "not deflated text|cut short"),
        ("33", "not deflated text in base64"),
        ("é", "not deflated text in base64"),
        ("AAAA", "not deflated text in base64"),
        (deflated(b"33")[:8], "cut short|not deflated"),
        (deflated(b"0" * 1000), "far too long for this image"),
        (deflated(b"3\xff3"), "characters that"),
        (deflated(b""), "no counts"),
        (deflated(b"34"), "do not add up"),
    ],
)
def test_open_images_texts_that_are_no_mask_are_refused(text: str, reason: str):
    with pytest.raises(RLEError, match=reason):
        OPEN_IMAGES.parse(text, (2, 3))


# Vectors of other projects


def vectors() -> list[dict[str, Any]]:
    path = DATA / "rle" / "rle_vectors.json"
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else []


@needs_vectors
def test_the_vectors_of_other_projects_give_their_areas_boxes_and_pixels():
    formats = {"coco_uncompressed_counts_column_major": COUNTS, "coco_compressed": COMPRESSED}
    found = vectors()
    assert len(found) == 9
    for vector in found:
        codec = formats[vector["format"]]
        given_as = vector["input"]
        text = given_as if isinstance(given_as, str) else json.dumps(given_as)
        r = codec.parse(text, (vector["height"], vector["width"]))
        assert rle.area(r) == vector["area"]
        assert rle.box(r) == tuple(vector["bbox_xyxy_exclusive"] or (0, 0, 0, 0))
        if "mask" in vector:
            assert rle.decode(r).astype(int).tolist() == vector["mask"]
