from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from hypothesis.extra import numpy as hnp
from pycocotools import mask as coco

from maskcore import rle
from maskcore.errors import RLEError
from maskcore.rle import RLE
from tests.grids import mask

# Of pycocotools' own arrays, under NumPy 2.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

few = settings(deadline=None, max_examples=60)

SIZES = hnp.array_shapes(min_dims=2, max_dims=2, max_side=18)
ANY_MASK = hnp.arrays(np.bool_, SIZES)
# Long runs, which independent pixels hardly ever have.
SMOOTH_MASK = st.builds(
    lambda small, down, right: small.repeat(down, axis=0).repeat(right, axis=1),
    hnp.arrays(np.bool_, hnp.array_shapes(min_dims=2, max_dims=2, max_side=5)),
    st.integers(1, 40),
    st.integers(1, 40),
)
MASKS = ANY_MASK | SMOOTH_MASK


def same_size_masks(count: int) -> st.SearchStrategy[np.ndarray]:
    shape = st.tuples(st.just(count), st.integers(1, 12), st.integers(1, 12))
    return shape.flatmap(lambda shape: hnp.arrays(np.bool_, shape))


def counts_by_hand(pixels: np.ndarray) -> list[int]:
    """The lengths of the runs down the columns, outside first, from a loop over the pixels."""
    counts, inside = [0], False
    for x in range(pixels.shape[1]):
        for y in range(pixels.shape[0]):
            if pixels[y, x] != inside:
                counts.append(0)
                inside = not inside
            counts[-1] += 1
    return counts


def box_by_hand(pixels: np.ndarray) -> tuple[int, int, int, int]:
    places = [(x, y) for y, x in np.argwhere(pixels).tolist()]
    if not places:
        return 0, 0, 0, 0
    xs, ys = zip(*places, strict=True)
    return min(xs), min(ys), max(xs) + 1, max(ys) + 1


def coco_of(pixels: np.ndarray) -> dict[str, Any]:
    return coco.encode(np.asfortranarray(pixels, np.uint8))


def blobs(size_hw: tuple[int, int], count: int) -> np.ndarray:
    rng = np.random.default_rng(5)
    pixels = np.zeros(size_hw, np.bool_)
    for _ in range(count):
        y, x = rng.integers(0, size_hw[0]), rng.integers(0, size_hw[1])
        pixels[y : y + rng.integers(1, 60), x : x + rng.integers(1, 60)] ^= True
    return pixels


# Making one


def test_counts_run_down_the_columns_and_begin_outside():
    pixels = mask("""
        ..#
        .##
    """)
    assert rle.encode(pixels) == RLE((2, 3), [3, 3])
    assert rle.encode(~pixels) == RLE((2, 3), [0, 3, 3])


@pytest.mark.parametrize(
    ("text", "counts"),
    [
        ("..\n..", [4]),
        ("##\n##", [0, 4]),
        ("#.\n..", [0, 1, 3]),
        ("..\n.#", [3, 1]),
        ("#.\n.#", [0, 1, 2, 1]),
        ("..##.", [2, 2, 1]),
        (".\n.\n#\n#\n.", [2, 2, 1]),
        (".", [1]),
        ("#", [0, 1]),
    ],
)
def test_a_mask_has_the_counts_worked_out_by_hand_and_comes_back(text: str, counts: list[int]):
    r = rle.encode(mask(text))
    assert r.counts.tolist() == counts
    assert np.array_equal(rle.decode(r), mask(text))


def test_counts_are_int32_and_the_size_is_plain_integers():
    for r in (RLE(np.array([2, 3]), np.array([2, 4], np.uint8)), rle.encode(mask("..#\n.##"))):
        assert r.counts.dtype == np.int32
        assert [type(side) for side in r.size_hw] == [int, int]


@pytest.mark.parametrize(
    ("counts", "shortest"),
    [
        ([2, 0, 7], [9]),
        ([0, 0, 9], [9]),
        ([0, 0, 0, 9], [0, 9]),
        ([2, 3, 0, 4], [2, 7]),
        ([9, 0], [9]),
        ([9, 0, 0], [9]),
        ([0, 9, 0], [0, 9]),
        ([1, 0, 0, 2, 6], [1, 2, 6]),
        ([1, 0, 0, 0, 0, 2, 6, 0, 0, 0], [1, 2, 6]),
    ],
)
def test_runs_of_length_zero_are_joined(counts: list[int], shortest: list[int]):
    assert RLE((3, 3), counts).counts.tolist() == shortest
    assert RLE((3, 3), counts) == RLE((3, 3), shortest)
    assert rle.from_counts((3, 3), np.array(counts)) == RLE((3, 3), shortest)


@few
@given(st.lists(st.integers(0, 3), min_size=1, max_size=30).filter(any))
def test_zero_length_runs_never_change_the_pixels(counts: list[int]):
    r = RLE((1, sum(counts)), counts)
    pixels = [i % 2 == 1 for i, count in enumerate(counts) for _ in range(count)]
    assert rle.decode(r).tolist() == [pixels]
    assert r.counts.tolist() == counts_by_hand(np.array([pixels]))


@pytest.mark.parametrize(
    ("counts", "reason"),
    [
        ([-1, 10], "A run length is negative: -1"),
        ([4, 4], "do not add up to 3 x 3 = 9 pixels"),
        ([4, 6], "do not add up to 3 x 3 = 9 pixels"),
        ([], "do not add up"),
        ([10**9], "do not add up"),
        ([2**63 - 1, 2**63 - 1, 11], "do not add up"),
        (np.array([2**64 - 1, 10], np.uint64), "do not add up"),
        (np.array([2**63, 2**63, 9], np.uint64), "do not add up"),
        ([2**70], "not a plain list of whole numbers"),
        ([9.0], "not a plain list of whole numbers"),
        (np.array([True] * 9), "not a plain list of whole numbers"),
        ([[4, 5]], "not a plain list of whole numbers"),
        ([[4], [5, 6]], "not a plain list of whole numbers"),
        (9, "not a plain list of whole numbers"),
        ("9", "not a plain list of whole numbers"),
        (["9"], "not a plain list of whole numbers"),
        ([None], "not a plain list of whole numbers"),
    ],
)
def test_counts_that_are_no_mask_are_refused(counts: Any, reason: str):
    with pytest.raises(RLEError, match=reason):
        RLE((3, 3), counts)


@pytest.mark.parametrize("size_hw", [(0, 3), (3, 0), (-1, 3), (3,), (1, 2, 3)])
def test_a_size_that_is_none_is_refused(size_hw: tuple[int, ...]):
    with pytest.raises(ValueError, match="size_hw must be"):
        RLE(size_hw, [9])
    with pytest.raises(TypeError, match="size_hw must be"):
        RLE((3.0, 3.0), [9])  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "make",
    [
        lambda size_hw: RLE(size_hw, [10**10]),
        rle.empty,
        lambda size_hw: rle.from_counts(size_hw, np.array([10**10])),
    ],
)
def test_a_mask_whose_counts_would_not_fit_is_refused(make: Any):
    with pytest.raises(RLEError, match="100000 x 100000 pixels is too large"):
        make((100_000, 100_000))


# What a value it is


def test_equal_masks_are_equal_and_have_equal_hashes():
    a, b = RLE((2, 3), [3, 3]), rle.encode(mask("..#\n.##"))
    assert a == b
    assert hash(a) == hash(b)
    assert len({a, b, RLE((3, 2), [3, 3]), RLE((2, 3), [2, 4])}) == 3
    assert a != RLE((3, 2), [3, 3])
    assert a != "a mask"


def test_a_mask_cannot_be_changed():
    counts = np.array([3, 3])
    r = RLE((2, 3), counts)
    counts[0] = 1
    assert r.counts.tolist() == [3, 3]
    with pytest.raises(ValueError, match="read-only"):
        r.counts[0] = 1
    with pytest.raises(AttributeError):
        r.size_hw = (3, 2)  # type: ignore[misc]


def test_a_mask_survives_pickling_and_stays_read_only():
    r = pickle.loads(pickle.dumps(RLE((2, 3), [0, 2, 4])))
    assert r == RLE((2, 3), [0, 2, 4])
    assert not r.counts.flags.writeable


def test_the_repr_says_how_large_it_is_and_what_it_holds():
    assert repr(RLE((2, 3), [1, 2, 1, 2])) == "RLE(2x3, 4 pixels in 2 runs)"


# Encode and decode


@few
@given(MASKS)
def test_every_mask_comes_back_and_its_counts_are_those_of_a_loop(pixels: np.ndarray):
    r = rle.encode(pixels)
    assert r.counts.tolist() == counts_by_hand(pixels)
    assert r.size_hw == pixels.shape
    decoded = rle.decode(r)
    assert decoded.dtype == np.bool_
    assert np.array_equal(decoded, pixels)


@few
@given(MASKS)
def test_the_memory_order_makes_no_difference(pixels: np.ndarray):
    height, width = pixels.shape
    wide = np.zeros((height * 2, width * 3), np.bool_)
    wide[::2, ::3] = pixels
    buffer = np.frombuffer(b"\0" + pixels.tobytes(), np.bool_, offset=1)
    expected = counts_by_hand(pixels)
    for same in (
        np.ascontiguousarray(pixels),
        np.asfortranarray(pixels),
        wide[::2, ::3],
        np.ascontiguousarray(pixels[::-1, ::-1])[::-1, ::-1],
        np.asfortranarray(pixels[:, ::-1])[:, ::-1],
        buffer.reshape(height, width),
    ):
        before = same.copy()
        assert rle.encode(same).counts.tolist() == expected
        assert np.array_equal(same, before)


@pytest.mark.parametrize("inside", [False, True])
def test_a_broadcast_mask_is_encoded(inside: bool):
    pixels = np.broadcast_to(np.array(inside), (5, 8))
    assert rle.encode(pixels).counts.tolist() == ([0, 40] if inside else [40])


@pytest.mark.parametrize("size_hw", [(96, 128), (97, 131), (1, 4000), (4000, 1), (256, 1600)])
@pytest.mark.parametrize("count", [0, 3, 400])
def test_large_masks_sparse_or_dense_have_the_counts_of_pycocotools(
    size_hw: tuple[int, int], count: int
):
    sparse = blobs(size_hw, count)
    noise = np.random.default_rng(1).random(size_hw) < 0.5
    for pixels in (sparse, ~sparse, sparse ^ noise, sparse & noise):
        expected = coco_of(pixels)
        r = rle.encode(pixels)
        assert coco.frPyObjects({"size": size_hw, "counts": r.counts.tolist()}, *size_hw) == (
            expected
        )
        assert np.array_equal(rle.decode(r), coco.decode(expected))
        assert rle.encode(np.asfortranarray(pixels)) == r


def test_only_a_two_dimensional_bool_array_is_encoded():
    with pytest.raises(ValueError, match="mask must be bool, got uint8"):
        rle.encode(np.zeros((2, 2), np.uint8))
    with pytest.raises(ValueError, match=r"mask must be 2-D, got shape \(2, 2, 1\)"):
        rle.encode(np.zeros((2, 2, 1), np.bool_))
    with pytest.raises(ValueError, match="at least one pixel"):
        rle.encode(np.zeros((0, 2), np.bool_))
    with pytest.raises(TypeError, match="mask must be a numpy array, got list"):
        rle.encode([[True]])


@few
@given(MASKS, st.data())
def test_a_part_decodes_as_the_same_part_of_the_whole(pixels: np.ndarray, data: st.DataObject):
    height, width = pixels.shape
    x1, x2 = sorted(data.draw(st.tuples(st.integers(0, width), st.integers(0, width))))
    y1, y2 = sorted(data.draw(st.tuples(st.integers(0, height), st.integers(0, height))))
    part = rle.decode(rle.encode(pixels), box=(x1, y1, x2, y2))
    assert part.shape == (y2 - y1, x2 - x1)
    assert np.array_equal(part, pixels[y1:y2, x1:x2])


@pytest.mark.parametrize("box", [(-1, 0, 2, 2), (0, 0, 4, 2), (0, 0, 2, 3), (2, 0, 1, 2)])
def test_a_part_outside_the_image_is_refused(box: tuple[int, int, int, int]):
    with pytest.raises(ValueError, match="box must lie inside 3 x 2 pixels"):
        rle.decode(RLE((2, 3), [6]), box=box)


@given(MASKS, st.data())
@few
def test_it_decodes_row_by_row_as_well(pixels: np.ndarray, data: st.DataObject):
    height, width = pixels.shape
    x1, x2 = sorted(data.draw(st.tuples(*[st.integers(0, width)] * 2)))
    y1, y2 = sorted(data.draw(st.tuples(*[st.integers(0, height)] * 2)))
    r = rle.encode(pixels)
    for box, expected in ((None, pixels), ((x1, y1, x2, y2), pixels[y1:y2, x1:x2])):
        rows = rle.decode(r, box=box, order="C")
        assert rows.flags.c_contiguous
        assert rows.dtype == np.bool_
        assert np.array_equal(rows, expected)


def test_there_are_two_orders():
    with pytest.raises(ValueError, match=r"^order must be 'C' or 'F', got 'K'$"):
        rle.decode(RLE((2, 3), [6]), order="K")  # type: ignore[arg-type]


def test_a_decoded_mask_is_the_callers_to_change():
    r = RLE((2, 3), [3, 3])
    rle.decode(r)[:] = True
    assert r == RLE((2, 3), [3, 3])


# Geometry


@few
@given(MASKS)
def test_area_and_box_are_those_of_the_pixels(pixels: np.ndarray):
    r = rle.encode(pixels)
    assert rle.area(r) == np.count_nonzero(pixels)
    assert rle.box(r) == box_by_hand(pixels)


@pytest.mark.parametrize(
    ("text", "box"),
    [
        ("...\n...", (0, 0, 0, 0)),
        ("###\n###", (0, 0, 3, 2)),
        ("...\n..#", (2, 1, 3, 2)),
        ("#..\n...", (0, 0, 1, 1)),
        (".#.\n#..", (0, 0, 2, 2)),
    ],
)
def test_the_box_has_an_exclusive_maximum(text: str, box: tuple[int, ...]):
    assert rle.box(rle.encode(mask(text))) == box


def test_area_and_box_agree_with_pycocotools_on_a_photo_sized_mask():
    pixels = blobs((1500, 2000), 60)
    r, theirs = rle.encode(pixels), coco_of(pixels)
    x, y, width, height = coco.toBbox(theirs).tolist()
    assert rle.area(r) == coco.area(theirs)
    assert rle.box(r) == (x, y, x + width, y + height)


@few
@given(same_size_masks(2))
def test_two_masks_combine_as_their_pixels_do(pair: np.ndarray):
    a, b = (rle.encode(pixels) for pixels in pair)
    either, both = pair[0] | pair[1], pair[0] & pair[1]
    assert np.array_equal(rle.decode(rle.union([a, b])), either)
    assert np.array_equal(rle.decode(rle.intersection([a, b])), both)
    assert np.array_equal(rle.decode(rle.difference(a, b)), pair[0] & ~pair[1])
    assert np.array_equal(rle.decode(rle.invert(a)), ~pair[0])
    assert rle.iou(a, b) == (both.sum() / either.sum() if either.any() else 0)
    assert rle.iou(a, b) == rle.iou(b, a)


@few
@given(same_size_masks(3))
def test_exclusive_or_is_what_an_odd_number_of_masks_has(several: np.ndarray):
    every = [rle.encode(pixels) for pixels in several]
    assert np.array_equal(rle.decode(rle.exclusive_or(every[:2])), several[0] ^ several[1])
    assert np.array_equal(rle.decode(rle.exclusive_or(every)), several.sum(axis=0) % 2 == 1)
    assert rle.exclusive_or(every[:1]) == every[0]
    assert rle.exclusive_or([every[0], every[0]]) == rle.empty(several[0].shape)


@few
@given(same_size_masks(2))
def test_iou_and_union_agree_with_pycocotools(pair: np.ndarray):
    ours = [rle.encode(pixels) for pixels in pair]
    theirs = [coco_of(pixels) for pixels in pair]
    assert rle.iou(*ours) == pytest.approx(coco.iou(theirs[:1], theirs[1:], [0])[0, 0])
    merged = coco.decode(coco.merge(theirs)).astype(np.bool_)
    assert rle.union(ours) == rle.encode(merged)


@few
@given(same_size_masks(5))
def test_many_masks_combine_at_once(several: np.ndarray):
    encoded = [rle.encode(pixels) for pixels in several]
    assert rle.union(encoded) == rle.encode(several.any(axis=0))
    assert rle.intersection(iter(encoded)) == rle.encode(several.all(axis=0))


@few
@given(MASKS)
def test_results_are_in_the_shortest_form(pixels: np.ndarray):
    r = rle.encode(pixels)
    for result in (rle.union([r, r]), rle.intersection([r, r]), rle.invert(rle.invert(r))):
        assert result == r
    assert rle.union([r, rle.invert(r)]).counts.tolist() == [0, pixels.size]
    assert rle.difference(r, r).counts.tolist() == [pixels.size]


@few
@given(MASKS)
def test_transposing_swaps_rows_and_columns(pixels: np.ndarray):
    assert np.array_equal(rle.decode(rle.transpose(rle.encode(pixels))), pixels.T)


@few
@given(MASKS)
def test_starts_and_ends_are_those_of_the_runs_inside(pixels: np.ndarray):
    starts, ends = rle.starts_and_ends(rle.encode(pixels))
    flat = np.zeros(pixels.size, np.bool_)
    for start, end in zip(starts.tolist(), ends.tolist(), strict=True):
        assert not flat[max(start - 1, 0) : end].any()
        flat[start:end] = True
    assert np.array_equal(flat, pixels.T.reshape(-1))
    assert rle.from_starts_and_ends(pixels.shape, starts, ends) == rle.encode(pixels)


def test_the_iou_of_two_empty_masks_is_zero():
    assert rle.iou(rle.empty((3, 3)), rle.empty((3, 3))) == 0.0


def test_masks_of_different_sizes_do_not_combine():
    a, b = rle.empty((2, 3)), rle.empty((3, 2))
    lists = rle.union, rle.exclusive_or
    together = [lambda a, b, combine=combine: combine([a, b]) for combine in lists]
    for combine in (rle.iou, rle.difference, *together):
        with pytest.raises(ValueError, match=r"must have size \(2, 3\), got \(3, 2\)"):
            combine(a, b)
    with pytest.raises(ValueError, match="at least one mask is needed"):
        rle.union([])
    for combine in (rle.intersection, rle.exclusive_or):
        with pytest.raises(ValueError, match="at least one mask is needed"):
            combine([])


def test_areas_beyond_int32_halves_do_not_overflow():
    side = 46_340  # 46,340 squared is just below 2**31
    full = RLE((side, side), [0, side * side])
    assert rle.area(full) == side * side
    assert rle.box(full) == (0, 0, side, side)
    assert rle.iou(full, full) == 1.0
    late = RLE((side, side), [side * side - 5, 5])
    assert rle.box(late) == (side - 1, side - 5, side, side)
    assert rle.union([late, full]) == full
    assert rle.invert(late).counts.tolist() == [0, side * side - 5, 5]


def test_equal_masks_have_equal_digests_and_others_do_not() -> None:
    dot = np.zeros((3, 4), bool)
    dot[1, 2] = True
    one = rle.encode(dot)
    assert one.digest == RLE((3, 4), [7, 1, 4]).digest == pickle.loads(pickle.dumps(one)).digest
    others = [rle.invert(one), rle.empty((3, 4)), rle.empty((4, 3)), rle.empty((2, 6))]
    assert len({one.digest, *(other.digest for other in others)}) == 5
