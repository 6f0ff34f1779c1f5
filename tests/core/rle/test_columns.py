from __future__ import annotations

import numpy as np
import pytest

from maskcore import rle
from maskcore.rle.columns import place
from tests.grids import mask

CROPS = ["#", ".", "##\n#.", "#.#\n.#.", "###", "#\n#\n.\n#"]


@pytest.mark.parametrize("crop", [mask(crop) for crop in CROPS])
@pytest.mark.parametrize("order", ["C", "F"])
def test_a_crop_lies_where_it_is_put_and_the_rest_is_outside(crop, order):
    before = crop.copy()
    height, width = 6, 5
    for y in range(height - crop.shape[0] + 1):
        for x in range(width - crop.shape[1] + 1):
            whole = np.zeros((height, width), np.bool_)
            whole[y : y + crop.shape[0], x : x + crop.shape[1]] = crop
            given = np.asarray(crop, order=order)
            assert place(given, (x, y), (height, width)) == rle.encode(whole)
    assert np.array_equal(crop, before)


def test_a_crop_of_the_full_height_joins_its_columns():
    found = place(mask("##\n##"), (1, 0), (2, 4))
    assert found.counts.tolist() == [2, 4, 2]


def test_a_view_with_gaps_is_placed():
    wide = mask("#.#.#\n.....\n#...#")
    found = place(wide[::2, ::2], (0, 1), (3, 3))
    assert np.array_equal(rle.decode(found), mask("...\n###\n#.#"))


@pytest.mark.parametrize("xy", [(-1, 0), (0, -1), (2, 0), (0, 2)])
def test_a_crop_that_is_not_on_the_mask_is_refused(xy):
    with pytest.raises(ValueError, match="does not lie on"):
        place(mask("##\n##"), xy, (3, 3))
