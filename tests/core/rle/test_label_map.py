from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, strategies as st
from hypothesis.extra import numpy as hnp

from maskcore import rle
from maskcore.rle import label_map
from tests.grids import mask

ANY_MAP = hnp.arrays(
    st.sampled_from([np.uint8, np.int8, np.uint16, np.int32, np.int64, np.dtype(">u2")]),
    hnp.array_shapes(min_dims=2, max_dims=2, max_side=12),
    elements=st.integers(0, 5),
)


def test_every_label_has_its_pixels() -> None:
    labels = np.array([[0, 7, 7], [65_535, 0, 7]], np.uint16)
    found = label_map.encode(labels)
    assert list(found) == [0, 7, 65_535]
    assert found[0] == rle.encode(mask("#..\n.#."))
    assert found[7] == rle.encode(mask(".##\n..#"))
    assert found[65_535] == rle.encode(mask("...\n#.."))


@given(ANY_MAP)
def test_the_masks_are_those_of_a_comparison_for_each_label(labels: np.ndarray) -> None:
    before = labels.copy()
    wanted = {int(value): rle.encode(labels == value) for value in np.unique(labels)}
    for same in (labels, np.asfortranarray(labels), np.repeat(labels, 2, axis=1)[:, ::2]):
        assert label_map.encode(same) == wanted
    np.testing.assert_array_equal(labels, before)


def test_flipped_and_turned_views_are_read_as_they_look() -> None:
    labels = np.arange(12, dtype=np.int32).reshape(3, 4) // 5
    for view in (labels[::-1], labels[:, ::-1], np.rot90(labels), labels.T):
        found = label_map.encode(view)
        assert all(np.array_equal(rle.decode(r), view == value) for value, r in found.items())


def test_negative_and_large_labels_are_kept() -> None:
    labels = np.array([[-1, 2**31 - 1], [-(2**31), 0]], np.int32)
    assert list(label_map.encode(labels)) == [-(2**31), -1, 0, 2**31 - 1]


def test_one_pixel_and_one_label() -> None:
    assert label_map.encode(np.array([[9]], np.uint8)) == {9: rle.RLE((1, 1), [0, 1])}
    assert label_map.encode(np.zeros((3, 5), np.uint8)) == {0: rle.RLE((3, 5), [0, 15])}


@pytest.mark.parametrize(
    ("labels", "error", "what"),
    [
        ([[1]], TypeError, "list"),
        (np.zeros((2, 2)), ValueError, "float64"),
        (np.zeros((2, 2), bool), ValueError, "bool"),
        (np.zeros((2, 2, 1), np.uint8), ValueError, r"\(2, 2, 1\)"),
        (np.zeros((0, 2), np.uint8), ValueError, r"\(0, 2\)"),
    ],
)
def test_what_is_no_map_of_labels_is_refused(labels, error, what) -> None:
    with pytest.raises(error, match=what):
        label_map.encode(labels)
