from __future__ import annotations

import numpy as np
import pytest

from maskcore import boxes


def test_a_box_is_turned_into_width_and_height_and_back() -> None:
    assert boxes.xyxy_to_xywh((2, 3, 7, 4)) == (2, 3, 5, 1)
    assert boxes.xywh_to_xyxy((2, 3, 5, 1)) == (2, 3, 7, 4)
    assert boxes.xywh_to_xyxy([0.5, 1.25, 2.0, 0.0]) == (0.5, 1.25, 2.5, 1.25)


@pytest.mark.parametrize(
    ("box", "is_empty"),
    [
        ((0, 0, 0, 0), True),
        ((3, 2, 3, 9), True),
        ((3, 2, 9, 2), True),
        ((5, 5, 4, 6), True),
        ((3, 2, 4, 3), False),
    ],
)
def test_a_box_without_a_pixel_is_empty(box, is_empty) -> None:
    assert boxes.is_empty(box) is is_empty


@pytest.mark.parametrize(
    ("box", "is_inside"),
    [
        ((0, 0, 10, 8), True),
        ((3, 2, 3, 2), True),
        ((-1, 0, 5, 5), False),
        ((0, 0, 11, 8), False),
        ((0, 0, 10, 9), False),
        ((5, 0, 4, 8), False),
        ((0, 5, 10, 4), False),
    ],
)
def test_a_box_lies_inside_if_nothing_of_it_is_beyond_the_image(box, is_inside) -> None:
    assert boxes.lies_inside(box, (8, 10)) is is_inside
    assert boxes.lies_inside(box, (8, 10, 3)) is is_inside


def test_the_slices_of_a_box_are_its_pixels() -> None:
    pixels = np.array([[0, 1, 2, 3], [4, 5, 6, 7], [8, 9, 10, 11]])
    assert pixels[boxes.slices((1, 0, 3, 2))].tolist() == [[1, 2], [5, 6]]
    assert pixels[boxes.slices((0, 0, 0, 0))].size == 0


@pytest.mark.parametrize(
    ("box", "margin", "grown"),
    [
        ((4, 3, 6, 5), 0, (4, 3, 6, 5)),
        ((4, 3, 6, 5), 2, (2, 1, 8, 7)),
        ((1, 3, 6, 5), 2, (0, 1, 8, 7)),
        ((4, 1, 6, 5), 2, (2, 0, 8, 7)),
        ((4, 3, 9, 5), 2, (2, 1, 10, 7)),
        ((4, 3, 6, 7), 2, (2, 1, 8, 8)),
        ((4, 3, 6, 5), 100, (0, 0, 10, 8)),
        ((4, 3, 6, 5), (3, 1), (1, 2, 9, 6)),
        ((0, 0, 0, 0), 5, (0, 0, 0, 0)),
    ],
)
def test_a_box_grows_up_to_the_edge_of_the_image(box, margin, grown) -> None:
    assert boxes.grow(box, margin, (8, 10)) == grown
    assert boxes.grow(box, margin, (8, 10, 3)) == grown


def test_the_union_of_two_boxes_is_around_both() -> None:
    assert boxes.union((1, 5, 3, 6), (2, 0, 9, 1)) == (1, 0, 9, 6)
    assert boxes.union((1, 5, 3, 6), (0, 0, 0, 0)) == (1, 5, 3, 6)
    assert boxes.union((0, 0, 0, 0), (1, 5, 3, 6)) == (1, 5, 3, 6)
    assert boxes.union((0, 0, 0, 0), (0, 0, 0, 0)) == (0, 0, 0, 0)
