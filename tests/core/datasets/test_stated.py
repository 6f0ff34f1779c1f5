from __future__ import annotations

import pytest

from maskcore.datasets import stated
from maskcore.datasets.dataset import Sample
from maskcore.datasets.pictures import EmbeddedPicture
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
    assert stated.size(height, width) == found


@pytest.mark.parametrize("height", [0, -2, 2.5, "two", True, [], float("inf"), 10**400, 5001])
def test_what_no_image_can_have_is_no_size(height):
    with pytest.raises(DatasetError, match="none that an image can have"):
        stated.size(height, 10_000)


def test_the_size_of_a_picture_is_in_its_header():
    picture = EmbeddedPicture(lambda: items.picture((2, 3)))
    assert stated.size_of(picture) == (2, 3)
    assert stated.size_of(EmbeddedPicture(lambda: b"no picture")) is None
    assert stated.size_of(Sample("a", None, list).picture) is None


def test_names_that_are_taken_get_a_number():
    taken: set[str] = set()
    names = ["a", "a", "b", "a (2)", "a"]
    found = [stated.unique(it, taken) for it in names]
    assert found == ["a", "a (2)", "b", "a (2) (2)", "a (3)"]
    assert taken == set(found)


def test_of_a_large_folder_all_or_those_that_were_looked_at_are_taken(tmp_path):
    contents = {"ours": [b"ours"] * 200, "others": [b"other"] * 200, "few": [b"ours", b"other"]}
    for folder, files in contents.items():
        (tmp_path / folder).mkdir()
        for number, content in enumerate(files):
            (tmp_path / folder / f"{number}.txt").write_bytes(content)
    (tmp_path / "ours" / "57.txt").write_bytes(b"other")
    source = items.source(tmp_path)
    looked_at = []

    def is_ours(head):
        looked_at.append(head)
        return head == b"ours"

    found = stated.alike(source, source.with_suffix(".txt"), is_ours)
    assert sorted(found) == sorted(["few/0.txt", *(f"ours/{i}.txt" for i in range(200))])
    assert len(looked_at) <= 82


def test_thousands_of_the_same_name_get_numbers():
    """So many that counting on from the first for each would never end."""
    taken: set[str] = set()
    found = [stated.unique("a", taken) for _ in range(20_000)]
    assert len(taken) == 20_000
    assert found == ["a", *(f"a ({number})" for number in range(2, 20_001))]


@pytest.mark.parametrize("size_hw", [(0, 5), (5, 0), (-2, -2), (10_000, 10_000), (1, 2**32)])
def test_a_damaged_header_states_no_size(size_hw):
    assert stated.possible(size_hw) is None
    assert stated.possible((3, 4)) == (3, 4)
