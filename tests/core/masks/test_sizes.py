from __future__ import annotations

import itertools

import numpy as np
import PIL.Image
import pytest
from hypothesis import given, strategies as st
from hypothesis.extra import numpy as hnp

from maskcore import rle
from maskcore.masks import sizes as mask_size
from maskcore.types import Instance
from tests.grids import mask

ANY_MASK = hnp.arrays(np.bool_, hnp.array_shapes(min_dims=2, max_dims=2, max_side=9))
SIDES = st.integers(1, 23)


def nearest_by_hand(pixels: np.ndarray, size_hw: tuple[int, int]) -> np.ndarray:
    """Each pixel's center, looked up in whole numbers so that no rounding can differ."""
    (old_h, old_w), (new_h, new_w) = pixels.shape, size_hw
    resized = np.zeros(size_hw, np.bool_)
    for i, j in itertools.product(range(new_h), range(new_w)):
        resized[i, j] = pixels[
            (2 * i + 1) * old_h // (2 * new_h), (2 * j + 1) * old_w // (2 * new_w)
        ]
    return resized


def resized(pixels: np.ndarray, size_hw: tuple[int, int]) -> np.ndarray:
    return rle.decode(mask_size.resize(rle.encode(pixels), size_hw))


def test_twice_the_size_makes_four_pixels_of_one() -> None:
    np.testing.assert_array_equal(resized(mask("#.\n.#"), (4, 4)), mask("##..\n##..\n..##\n..##"))


def test_a_third_of_the_size_keeps_the_pixel_in_the_middle() -> None:
    wide = mask("""
        ...###
        .#.#.#
        ...###
    """)
    np.testing.assert_array_equal(resized(wide, (1, 2)), mask("#."))


@given(ANY_MASK, SIDES, SIDES)
def test_resizing_takes_the_pixel_at_each_center(pixels: np.ndarray, high: int, wide: int) -> None:
    np.testing.assert_array_equal(
        resized(pixels, (high, wide)), nearest_by_hand(pixels, (high, wide))
    )


@pytest.mark.parametrize("size_hw", [(428, 640), (100, 48), (4, 16), (92, 80), (8, 400)])
def test_resizing_agrees_with_pillow(size_hw) -> None:
    # Sides as often even as 60 and 80: no center falls on the border of two pixels, where
    # Pillow's rounding decides.
    pixels = np.random.default_rng(3).random((60, 80)) < 0.5
    picture = PIL.Image.fromarray(pixels.view(np.uint8))
    wanted = np.asarray(picture.resize(size_hw[::-1], PIL.Image.Resampling.NEAREST))
    np.testing.assert_array_equal(resized(pixels, size_hw), wanted.astype(bool))


def test_empty_and_full_masks_stay_so() -> None:
    for size_hw in ((1, 1), (2, 9), (40, 3)):
        assert mask_size.resize(rle.empty((5, 7)), size_hw) == rle.empty(size_hw)
        assert mask_size.resize(rle.invert(rle.empty((5, 7))), size_hw) == rle.invert(
            rle.empty(size_hw)
        )


def test_the_size_it_has_already_changes_nothing() -> None:
    r = rle.encode(mask("#.#"))
    assert mask_size.resize(r, (1, 3)) is r


@pytest.mark.parametrize("size_hw", [(0, 4), (4, -1), (4,), (1, 2, 3)])
def test_a_size_that_is_none_is_refused(size_hw) -> None:
    with pytest.raises(ValueError, match="size_hw"):
        mask_size.resize(rle.empty((2, 2)), size_hw)


def test_instances_are_fitted_with_their_labels_and_scores() -> None:
    bird = Instance(rle.encode(mask("#.")), "bird", 0.5)
    assert mask_size.fit([bird], (2, 4)) == [Instance(rle.encode(mask("##..\n##..")), "bird", 0.5)]
    assert bird.mask.size_hw == (1, 2)


def test_masks_of_the_images_size_need_no_sentence() -> None:
    assert mask_size.mismatch((427, 640), (427, 640)) is None


def test_a_smaller_mask_of_the_same_proportions_can_be_resized() -> None:
    assert mask_size.mismatch((427, 640), (854, 1280)) == (
        "The mask has 640 × 427 pixels, the image 1,280 × 854; it can be resized."
    )


@pytest.mark.parametrize(
    ("mask_hw", "image_hw", "is_same"),
    [
        ((427, 640), (853, 1280), True),  # 853 / 2 was rounded
        ((426, 640), (853, 1280), True),
        ((256, 256), (854, 1280), False),
        ((2048, 1536), (1024, 768), True),
        ((100, 100), (101, 100), True),
        ((100, 100), (103, 100), False),
        ((28, 28), (427, 640), False),
    ],
)
def test_the_proportions_are_the_same_up_to_rounding(mask_hw, image_hw, is_same) -> None:
    assert mask_size.has_proportions(mask_hw, image_hw) is is_same
    sentence = mask_size.mismatch(mask_hw, image_hw)
    assert sentence is not None
    assert ("proportions differ" in sentence) is not is_same


def test_a_mask_of_the_photo_before_it_was_turned_is_recognized() -> None:
    sentence = mask_size.mismatch((640, 427), (427, 640))
    assert sentence is not None
    assert "before that was turned upright" in sentence
    assert mask_size.is_turned((640, 427), (427, 640))
    assert not mask_size.is_turned((500, 500), (500, 500))
    assert not mask_size.is_turned((640, 427), (854, 1280))
