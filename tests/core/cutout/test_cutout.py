from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from hypothesis.extra import numpy as hnp

from maskcore import cutout, rle
from tests.grids import mask

A, B, C, D = (10, 20, 30), (40, 50, 60), (70, 80, 90), (100, 110, 120)
WHITE = (255, 255, 255)
SQUARE = np.array([[A, B], [C, D]], np.uint8)


def noise(height: int, width: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)


def blob(height: int, width: int) -> np.ndarray:
    picture = np.zeros((height, width), np.uint8)
    middle, axes = (width // 2, height // 2), (width // 5, height // 4)
    return cv2.ellipse(picture, middle, axes, 30, 0, 360, 1, -1).astype(np.bool_)


def tutorial_extract_region(image: np.ndarray, region: np.ndarray) -> np.ndarray:
    """The tutorial's loop, as it stands there."""
    extracted_image = np.copy(region)
    rows = region.shape[0]
    cols = region.shape[1]
    for row in range(rows):
        for col in range(cols):
            if region[row, col][0] == 255:
                extracted_image[row, col] = image[row, col]
            else:
                extracted_image[row, col] = (255, 255, 255)
    return extracted_image


def test_a_cut_out_is_transparent_outside_and_keeps_nothing_there() -> None:
    cut = cutout.extract(SQUARE, mask(".#\n##"))
    assert cut.tolist() == [[[0, 0, 0, 0], [*B, 255]], [[*C, 255], [*D, 255]]]


def test_only_the_box_of_the_mask_is_cut_out() -> None:
    cut = cutout.extract(SQUARE, mask("..\n.#"))
    assert cut.tolist() == [[[*D, 255]]]


def test_a_color_lies_outside_the_mask() -> None:
    cut = cutout.extract(SQUARE, mask(".#\n##"), background=(1, 2, 3))
    assert cut.tolist() == [[[1, 2, 3], [*B]], [[*C], [*D]]]


def test_an_image_of_the_same_size_lies_in_its_place() -> None:
    other = SQUARE + 1
    cut = cutout.extract(SQUARE, mask("..\n.#"), background=other, margin=1)
    assert cut.tolist() == [[[11, 21, 31], [41, 51, 61]], [[71, 81, 91], [*D]]]


def test_an_image_of_another_size_covers_the_cut_out_and_loses_its_sides() -> None:
    image = np.zeros((2, 2, 3), np.uint8)
    # 2 x 4, scaled by 1: the columns in the middle are what a 2 x 2 cut-out shows.
    other = np.repeat(np.array([[[1], [2], [3], [4]]] * 2, np.uint8), 3, axis=2)
    cut = cutout.extract(image, mask("#.\n.#"), background=other)
    assert cut[:, :, 0].tolist() == [[0, 3], [2, 0]]


def test_a_smaller_image_is_enlarged() -> None:
    cut = cutout.extract(noise(5, 7), mask("#.....#\n" * 5), background=np.full((1, 1, 3), 9, "u1"))
    assert cut.shape == (5, 7, 3)
    assert (cut[:, 1:-1] == 9).all()


def test_a_larger_image_is_averaged() -> None:
    checkered = np.indices((4, 4)).sum(axis=0) % 2 * 200
    other = np.repeat(checkered[..., None], 3, axis=2).astype(np.uint8)
    cut = cutout.extract(np.zeros((2, 2, 3), np.uint8), mask("#.\n.#"), background=other)
    assert cut[:, :, 1].tolist() == [[0, 100], [100, 0]]


def test_gray_keeps_the_surroundings_without_their_color() -> None:
    image = np.array([[(255, 0, 0), (0, 255, 0), (0, 0, 255), (8, 9, 10)]], np.uint8)
    cut = cutout.extract(image, mask("...#"), background="gray", margin=3)
    # Rec. 601: 0.299, 0.587 and 0.114 of 255.
    assert cut.tolist() == [[[76] * 3, [150] * 3, [29] * 3, [8, 9, 10]]]


def test_blur_shows_nothing_of_the_object_in_its_surroundings() -> None:
    image = np.full((60, 80, 3), (10, 120, 200), np.uint8)
    inside = blob(60, 80)
    image[inside] = (255, 0, 0)
    cut = cutout.extract(image, inside, background="blur", margin=100)
    assert (cut[~inside] == (10, 120, 200)).all()
    assert (cut[inside] == (255, 0, 0)).all()


def test_blur_smooths_the_surroundings_and_keeps_the_object() -> None:
    image, inside = noise(300, 400), blob(300, 400)
    cut = cutout.extract(image, inside, background="blur", margin=400)
    assert (cut[inside] == image[inside]).all()
    far = np.s_[:40]
    assert cut[far].std() < image[far].std() / 10
    assert abs(cut[far].mean() - image[far].mean()) < 3


def test_blur_does_not_change_with_the_margin() -> None:
    image, inside = noise(90, 120), blob(90, 120)
    narrow = cutout.extract(image, inside, background="blur")
    x1, y1, x2, y2 = rle.box(rle.encode(inside))
    wide = cutout.extract(image, inside, background="blur", margin=200)
    assert np.abs(wide[y1:y2, x1:x2].astype(int) - narrow).max() <= 1


@pytest.mark.parametrize("background", ["blur", "gray", WHITE, None])
def test_a_mask_of_the_whole_image_gives_the_whole_image(background) -> None:
    image = noise(4, 5)
    cut = cutout.extract(image, np.ones((4, 5), np.bool_), background=background, feather=2)
    assert (cut[:, :, :3] == image).all()


@pytest.mark.parametrize(
    ("margin", "size_hw"), [(0, (1, 1)), (1, (3, 2)), (2, (5, 3)), (9, (5, 6))]
)
def test_the_margin_ends_at_the_image(margin: int, size_hw: tuple[int, int]) -> None:
    inside = mask("......\n......\n#.....\n......\n......")
    assert cutout.extract(noise(5, 6), inside, margin=margin).shape[:2] == size_hw


def test_the_margin_is_as_wide_as_the_soft_edge() -> None:
    inside = mask(".........\n....#....\n.........")
    for margin, width in ((0, 5), (1, 5), (3, 7)):
        assert cutout.extract(noise(3, 9), inside, margin=margin, feather=2).shape[1] == width


def test_a_soft_edge_falls_with_the_distance() -> None:
    image = np.full((1, 7, 3), 100, np.uint8)
    cut = cutout.extract(image, mask("...#..."), feather=2)
    # 2/3 and 1/3 of 255; the pixels after that are cut off.
    assert cut[0, :, 3].tolist() == [85, 170, 255, 170, 85]
    assert (cut[0, :, 0] == 100).all()


def test_a_soft_edge_is_mixed_with_the_background() -> None:
    image = np.full((1, 5, 3), 100, np.uint8)
    cut = cutout.extract(image, mask("..#.."), background=(0, 10, 201), feather=1)
    # Opacity 127 of 255 beside the object: 100 * 127 / 255 is 49.8, and so on.
    assert cut.tolist() == [[[50, 55, 151], [100, 100, 100], [50, 55, 151]]]


@settings(max_examples=60, deadline=None)
@given(
    hnp.arrays(np.bool_, hnp.array_shapes(min_dims=2, max_dims=2, max_side=9)), st.integers(0, 6)
)
def test_a_feather_keeps_the_inside_and_ends_where_it_says(inside, feather: int) -> None:
    if not inside.any():
        return
    image = noise(*inside.shape)
    alpha = cutout.extract(image, inside, margin=9, feather=feather)[:, :, 3]
    places = np.argwhere(inside)
    for y, x in np.ndindex(inside.shape):
        distance = np.sqrt(((places - (y, x)) ** 2).sum(axis=1).min())
        expected = 255 * max(0.0, 1 - distance / (feather + 1))
        assert abs(alpha[y, x] - expected) <= 0.51


def test_a_tall_mask_is_feathered_without_a_seam() -> None:
    inside = np.zeros((1200, 9), np.bool_)
    inside[::300, 4] = True
    alpha = cutout.extract(noise(1200, 9), inside, margin=9, feather=150)[:, :, 3]
    away = np.abs(np.arange(901)[:, None] - np.arange(0, 901, 300)).min(axis=1)
    assert np.abs(alpha[:901, 4] - 255 * (1 - away / 151)).max() <= 0.51


@settings(max_examples=40, deadline=None)
@given(
    hnp.arrays(np.uint8, (6, 7, 3)),
    hnp.arrays(np.bool_, (6, 7)).filter(np.any),
)
def test_white_is_what_the_tutorials_loop_gives(image, inside) -> None:
    region = np.repeat(inside[..., None].astype(np.uint8) * 255, 3, axis=2)
    x1, y1, x2, y2 = rle.box(rle.encode(inside))
    theirs = tutorial_extract_region(image, region)[y1:y2, x1:x2]
    assert cutout.extract(image, inside, background=WHITE).tolist() == theirs.tolist()


@pytest.mark.parametrize("background", [None, WHITE, "blur", "gray"])
@pytest.mark.parametrize("feather", [0, 3])
def test_the_form_of_the_arguments_does_not_matter(background, feather: int) -> None:
    image, inside = noise(40, 50), blob(40, 50)
    options = {"background": background, "feather": feather, "margin": 2}
    expected = cutout.extract(image, inside, **options)
    for other in (rle.encode(inside), np.asfortranarray(inside), inside[::-1].copy()[::-1]):
        assert (cutout.extract(image, other, **options) == expected).all()
    for other in (np.asfortranarray(image), image[:, ::-1].copy()[:, ::-1]):
        assert (cutout.extract(other, inside, **options) == expected).all()


@pytest.mark.parametrize("background", [None, WHITE, "blur", "gray", noise(40, 50), noise(8, 9)])
def test_what_is_given_is_not_changed_and_not_shared(background) -> None:
    image, inside = noise(40, 50, seed=1), blob(40, 50)
    before = image.copy(), inside.copy(), np.copy(background) if background is not None else None
    for array in (image, inside):
        array.flags.writeable = False
    cut = cutout.extract(image, inside, background=background, margin=3, feather=2)
    left = cutout.background(image, [inside], fill=background)
    cut[...], left[...] = 0, 0
    assert (image == before[0]).all()
    assert (inside == before[1]).all()
    assert np.array_equal(background, before[2])


@pytest.mark.parametrize("shape", [(1, 1), (1, 6), (6, 1), (2, 2)])
@pytest.mark.parametrize("background", [None, WHITE, "blur", "gray", noise(3, 3)])
def test_tiny_images_work(shape: tuple[int, int], background) -> None:
    inside = np.zeros(shape, np.bool_)
    inside[0, 0] = True
    for kind in (inside, rle.encode(inside)):
        cut = cutout.extract(noise(*shape), kind, background=background, margin=1, feather=1)
        assert cut.shape[:2] == (min(2, shape[0]), min(2, shape[1]))
        assert cutout.background(noise(*shape), [kind], fill=background).shape[:2] == shape


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"mask": np.zeros((2, 2), np.bool_)}, "mask must have at least one pixel inside"),
        ({"mask": rle.empty((2, 2))}, "mask must have at least one pixel inside"),
        ({"mask": np.ones((2, 3), np.bool_)}, r"mask must have size \(2, 2\), got \(2, 3\)"),
        ({"mask": rle.invert(rle.empty((2, 3)))}, r"mask must have size \(2, 2\), got \(2, 3\)"),
        ({"mask": np.ones((2, 2), np.uint8)}, "mask must be bool, got uint8"),
        ({"margin": -1}, "margin must be at least 0, got -1"),
        ({"feather": -2}, "feather must be at least 0, got -2"),
        ({"background": "pink"}, "got 'pink'"),
        ({"background": (1, 2)}, r"three numbers from 0 to 255, got \(1, 2\)"),
        ({"background": (1, 2, 256)}, r"three numbers from 0 to 255, got \(1, 2, 256\)"),
        ({"background": np.zeros((2, 2), np.uint8)}, r"\(H, W, 3\), got \(2, 2\)"),
    ],
)
def test_wrong_content_is_a_value_error(arguments, message: str) -> None:
    full = {"mask": np.ones((2, 2), np.bool_), **arguments}
    with pytest.raises(ValueError, match=message):
        cutout.extract(SQUARE, **full)


@pytest.mark.parametrize(
    "arguments",
    [{"mask": [[True]]}, {"margin": 1.5}, {"background": 7}, {"background": (1.0, 2, 3)}],
)
def test_the_wrong_kind_of_object_is_a_type_error(arguments) -> None:
    full = {"mask": np.ones((2, 2), np.bool_), **arguments}
    with pytest.raises(TypeError):
        cutout.extract(SQUARE, **full)


def test_the_background_is_what_no_mask_holds() -> None:
    left = cutout.background(SQUARE, [mask("#.\n.."), rle.encode(mask("#.\n#."))])
    assert left.tolist() == [[[0, 0, 0, 0], [*B, 255]], [[0, 0, 0, 0], [*D, 255]]]


@settings(max_examples=40, deadline=None)
@given(hnp.arrays(np.bool_, (6, 7)).filter(np.any))
def test_cut_out_and_background_make_up_the_image(inside) -> None:
    image = noise(6, 7)
    cut = cutout.extract(image, inside, margin=7)
    left = cutout.background(image, [inside])
    assert (cut[:, :, :3] + left[:, :, :3] == image).all()
    assert (cut[:, :, 3] + left[:, :, 3] == 255).all()


def test_without_objects_the_background_is_the_image() -> None:
    for masks in ([], [rle.empty((2, 2))]):
        assert (cutout.background(SQUARE, masks) == np.dstack([SQUARE, [[255] * 2] * 2])).all()
        for fill in (WHITE, "blur", "gray", noise(5, 3)):
            assert (cutout.background(SQUARE, masks, fill=fill) == SQUARE).all()


def test_the_holes_in_the_background_are_filled_with_a_color() -> None:
    left = cutout.background(SQUARE, [mask("#.\n..")], fill=(1, 2, 3))
    assert left.tolist() == [[[1, 2, 3], [*B]], [[*C], [*D]]]


def test_the_holes_in_the_background_are_filled_from_around_them() -> None:
    image, inside = np.full((200, 300, 3), (7, 8, 9), np.uint8), blob(200, 300)
    image[inside] = (255, 0, 0)
    assert (cutout.background(image, [inside], fill="blur") == (7, 8, 9)).all()


@pytest.mark.parametrize("fill", [None, WHITE, "blur"])
def test_a_background_without_anything_left_is_no_fault(fill) -> None:
    left = cutout.background(SQUARE, [np.ones((2, 2), np.bool_)], fill=fill)
    if fill is None:
        assert not left.any()
    else:
        assert left.shape == SQUARE.shape


def test_every_mask_of_a_background_has_the_images_size() -> None:
    with pytest.raises(ValueError, match=r"mask must have size \(2, 2\), got \(1, 2\)"):
        cutout.background(SQUARE, [mask("##\n##"), mask("##")])
