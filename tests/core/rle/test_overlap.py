from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from hypothesis.extra import numpy as hnp
from pycocotools import mask as coco

from maskcore import rle
from maskcore.rle import overlap as rle_overlap
from tests.grids import mask

STACKS = hnp.arrays(
    np.bool_, st.tuples(st.integers(1, 6), st.integers(1, 9), st.integers(1, 9))
)  # (N, H, W)


def iou_by_hand(a: np.ndarray, b: np.ndarray) -> float:
    either = (a | b).sum()
    return (a & b).sum() / either if either else 0.0


def test_masks_that_share_a_pixel() -> None:
    masks = [rle.encode(mask(text)) for text in ("##.\n...", ".##\n...", "...\n###", "...\n...")]
    assert rle_overlap.intersection_areas(masks).tolist() == [
        [2, 1, 0, 0],
        [1, 2, 0, 0],
        [0, 0, 3, 0],
        [0, 0, 0, 0],
    ]
    assert rle_overlap.iou_matrix(masks).tolist() == [
        [1, 1 / 3, 0, 0],
        [1 / 3, 1, 0, 0],
        [0, 0, 1, 0],
        [0, 0, 0, 0],
    ]


@settings(max_examples=300)
@given(STACKS)
def test_each_pair_is_as_if_its_pixels_were_counted(stack: np.ndarray) -> None:
    masks = [rle.encode(pixels) for pixels in stack]
    areas, ious = rle_overlap.intersection_areas(masks), rle_overlap.iou_matrix(masks)
    for i, a in enumerate(stack):
        for j, b in enumerate(stack):
            assert areas[i, j] == (a & b).sum()
            assert ious[i, j] == iou_by_hand(a, b)


def test_many_masks_overlap_as_pycocotools_says() -> None:
    rng = np.random.default_rng(0)
    stack = np.zeros((40, 120, 90), np.bool_)
    for pixels in stack:
        y, x = rng.integers(0, 80), rng.integers(0, 60)
        pixels[y : y + 40, x : x + 30] = rng.random((40, 30)) < 0.6
    theirs = coco.encode(np.asfortranarray(stack.transpose(1, 2, 0), np.uint8))
    expected = coco.iou(theirs, theirs, [0] * len(stack))
    ours = rle_overlap.iou_matrix([rle.encode(pixels) for pixels in stack])
    assert np.allclose(ours, expected, rtol=0, atol=1e-12)
    assert 0 < np.count_nonzero(ours) < ours.size


def test_full_masks_of_12_megapixels_are_counted_exactly() -> None:
    full = rle.invert(rle.empty((3000, 4000)))
    but_one = rle.RLE((3000, 4000), [0, 6_000_001, 1, 5_999_998])
    assert rle_overlap.intersection_areas([full, but_one]).tolist() == [
        [12_000_000, 11_999_999],
        [11_999_999, 11_999_999],
    ]


def test_no_masks_make_an_empty_matrix() -> None:
    assert rle_overlap.iou_matrix([]).shape == (0, 0)


def test_one_mask_overlaps_itself() -> None:
    assert rle_overlap.iou_matrix([rle.encode(mask("#"))]).tolist() == [[1]]


def test_masks_of_different_sizes_are_refused() -> None:
    with pytest.raises(ValueError, match=r"every mask must have size \(1, 2\), got \(1, 1\)"):
        rle_overlap.iou_matrix([rle.encode(mask("#.")), rle.encode(mask("#"))])
