from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, strategies as st
from hypothesis.extra import numpy as hnp

from maskcore import masks, rle
from tests.grids import mask

ANY_MASK = hnp.arrays(np.bool_, hnp.array_shapes(min_dims=2, max_dims=2, max_side=14))


def perimeter_by_hand(pixels: np.ndarray) -> int:
    height, width = pixels.shape
    edges = 0
    for y in range(height):
        for x in range(width):
            edges += x + 1 < width and pixels[y, x] != pixels[y, x + 1]
            edges += y + 1 < height and pixels[y, x] != pixels[y + 1, x]
    return edges


def outline_by_hand(pixels: np.ndarray, width: int) -> np.ndarray:
    outside = np.argwhere(~pixels)
    rim = np.zeros_like(pixels)
    for y, x in np.argwhere(pixels):
        rim[y, x] = any(np.hypot(y - v, x - u) <= width for v, u in outside)
    return rim


def reduced_by_hand(pixels: np.ndarray, size_hw: tuple[int, int]) -> np.ndarray:
    (old_h, old_w), (new_h, new_w) = pixels.shape, size_hw
    inside, touched = np.zeros(size_hw, np.bool_), np.zeros(size_hw, np.bool_)
    for i in range(new_h):
        for j in range(new_w):
            rows = slice(i * old_h // new_h, (i + 1) * old_h // new_h)
            columns = slice(j * old_w // new_w, (j + 1) * old_w // new_w)
            cell = pixels[rows, columns]
            inside[i, j] = cell.sum() >= min(cell.size / 2, *cell.shape)
            touched[i, j] = cell.any()
    return inside if inside.any() else touched


@pytest.mark.parametrize(
    ("text", "edges"),
    [
        ("...\n.#.\n...", 4),
        (".....\n.##..\n.....", 6),
        ("###\n#.#\n###", 4),
        ("#.\n.#", 4),
        ("##\n##", 0),
        ("..\n..", 0),
        ("##..", 1),
        ("#", 0),
    ],
)
def test_the_perimeter_counts_edges_but_not_the_frame(text: str, edges: int) -> None:
    assert masks.perimeter(mask(text)) == edges


@given(ANY_MASK)
def test_the_perimeter_is_that_of_a_loop_in_any_memory_order(pixels: np.ndarray) -> None:
    assert masks.perimeter(pixels) == perimeter_by_hand(pixels)
    assert masks.perimeter(np.asfortranarray(pixels)) == perimeter_by_hand(pixels)


def test_the_outline_is_the_rim_inside_the_mask() -> None:
    pixels = mask("""
        .......
        .#####.
        .#####.
        .#####.
        .......
    """)
    rim = mask("""
        .......
        .#####.
        .#...#.
        .#####.
        .......
    """)
    assert np.array_equal(masks.outline(pixels), rim)


def test_no_outline_runs_along_the_frame() -> None:
    assert np.array_equal(masks.outline(mask("###.\n###.\n###.")), mask("..#.\n..#.\n..#."))
    assert not masks.outline(mask("###\n###")).any()


@given(ANY_MASK, st.integers(1, 4))
def test_the_outline_is_that_of_a_search_for_outside_pixels(pixels: np.ndarray, width: int) -> None:
    wanted = outline_by_hand(pixels, width)
    assert np.array_equal(masks.outline(pixels, width), wanted)
    assert np.array_equal(masks.outline(np.asfortranarray(pixels), width), wanted)


def test_an_outline_has_a_width() -> None:
    with pytest.raises(ValueError, match="width must be at least 1, got 0"):
        masks.outline(mask("#."), 0)


@pytest.mark.parametrize("work", [masks.perimeter, masks.outline])
def test_a_mask_is_not_changed(work) -> None:
    pixels = mask("##..\n.##.\n...#")
    before = pixels.copy()
    work(pixels)
    assert np.array_equal(pixels, before)


@pytest.mark.parametrize("work", [masks.perimeter, masks.outline])
def test_gray_values_are_no_mask(work) -> None:
    with pytest.raises(ValueError, match="mask must be bool, got uint8"):
        work(np.zeros((2, 2), np.uint8))


def test_later_masks_win_in_a_label_map() -> None:
    first, second = mask("##.\n##.\n..."), mask("...\n.##\n.##")
    labels = masks.label_map([rle.encode(first), rle.encode(second)])
    assert labels.dtype == np.uint8
    assert labels.tolist() == [[1, 1, 0], [1, 2, 2], [0, 2, 2]]


def test_a_label_map_takes_any_ids_and_grows_to_hold_them() -> None:
    pixels = [rle.encode(mask(text)) for text in ("#..", ".#.", "...")]
    labels = masks.label_map(pixels, ids=[7, 7, 255])
    assert labels.dtype == np.uint8
    assert labels.tolist() == [[7, 7, 0]]
    labels = masks.label_map(pixels, ids=np.array([256, 3, 65_535]))
    assert labels.dtype == np.uint16
    assert labels.tolist() == [[256, 3, 0]]


@pytest.mark.parametrize(
    ("texts", "ids", "fault"),
    [
        ([], None, "at least one mask"),
        (["#."], [1, 2], "got 2 for 1 masks"),
        (["#."], [0], "got 0 to 0"),
        (["#."], [65_536], "got 65536 to 65536"),
        (["#.", "#"], None, r"every mask must have size \(1, 2\), got \(1, 1\)"),
    ],
)
def test_a_label_map_says_what_is_wrong(texts: list[str], ids, fault: str) -> None:
    with pytest.raises(ValueError, match=fault):
        masks.label_map([rle.encode(mask(text)) for text in texts], ids=ids)


def test_a_reduced_mask_keeps_a_cell_that_is_half_inside() -> None:
    pixels = mask("""
        ##....
        ##.#..
        .....#
        ......
    """)
    # Cells of 2 x 2: all four, one, none; none, none, one.
    assert np.array_equal(rle.decode(masks.reduce(rle.encode(pixels), (2, 3))), mask("#..\n..."))


def test_a_line_one_pixel_wide_survives_any_reduction() -> None:
    upright, level = np.zeros((96, 128), np.bool_), np.zeros((96, 128), np.bool_)
    upright[:, 37] = True
    level[41] = True
    for size_hw in ((48, 64), (12, 16), (7, 11), (3, 4)):
        assert rle.decode(masks.reduce(rle.encode(upright), size_hw)).any(axis=1).all()
        assert rle.decode(masks.reduce(rle.encode(level), size_hw)).any(axis=0).all()


def test_a_single_pixel_survives_any_reduction() -> None:
    pixels = np.zeros((90, 120), np.bool_)
    pixels[89, 0] = True
    reduced = rle.decode(masks.reduce(rle.encode(pixels), (9, 12)))
    assert np.argwhere(reduced).tolist() == [[8, 0]]


def test_specks_beside_a_large_part_do_not_grow() -> None:
    pixels = np.zeros((80, 80), np.bool_)
    pixels[:40] = True
    pixels[60, ::8] = True
    assert rle.area(masks.reduce(rle.encode(pixels), (10, 10))) == 5 * 10


@given(ANY_MASK, st.data())
def test_a_reduced_mask_is_that_of_a_loop_over_the_cells(pixels: np.ndarray, data) -> None:
    height = data.draw(st.integers(1, pixels.shape[0]))
    width = data.draw(st.integers(1, pixels.shape[1]))
    reduced = masks.reduce(rle.encode(pixels), (height, width))
    wanted = pixels if pixels.shape == (height, width) else reduced_by_hand(pixels, (height, width))
    assert np.array_equal(rle.decode(reduced), wanted)


def test_a_mask_is_not_reduced_to_a_larger_one() -> None:
    with pytest.raises(ValueError, match=r"at most \(1, 2\), got \(1, 3\)"):
        masks.reduce(rle.encode(mask("#.")), (1, 3))
