from __future__ import annotations

import pytest

from maskcore.datasets.dataset import Sample
from maskcore.datasets.pictures import EmbeddedPicture
from maskcore.datasets.sizes import header_size, stated_size
from maskcore.errors import DatasetError
from tests.core.datasets import items


@pytest.mark.parametrize(
    ("height", "width", "found"),
    [
        (2, 3, (2, 3)),
        (2.0, "3", (2, 3)),
        ("2", "3.0", (2, 3)),
        (None, 3, None),
        (2, None, None),
        (5000, 10_000, (5000, 10_000)),
    ],
)
def test_a_size_is_read_from_numbers_and_from_texts(height, width, found):
    assert stated_size(height, width) == found


@pytest.mark.parametrize("height", [0, -2, 2.5, "two", True, [], float("inf"), 10**400, 5001])
def test_what_no_image_can_have_is_no_size(height):
    with pytest.raises(DatasetError, match="none that an image can have"):
        stated_size(height, 10_000)


def test_the_size_of_a_picture_is_in_its_header():
    picture = EmbeddedPicture(lambda: items.picture((2, 3)))
    assert header_size(picture) == (2, 3)
    assert header_size(EmbeddedPicture(lambda: b"no picture")) is None
    assert header_size(Sample("a", None, list).picture) is None
