from __future__ import annotations

from pathlib import Path

import pytest

from maskcore import datasets, rle
from maskcore.datasets.dataset import Annotation, Contents, Dataset, Sample
from maskcore.datasets.files import base, open_files, stem, suffix, unique_name
from maskcore.errors import DatasetError
from maskcore.types import Instance
from tests.grids import mask


def test_names_come_apart() -> None:
    assert [base(name) for name in ("a/b.c.PNG", "b")] == ["b.c.PNG", "b"]
    assert [stem(name) for name in ("a/b.c.PNG", "b", "a.b/c", ".png")] == ["b.c", "b", "c", ".png"]
    assert [suffix(name) for name in ("a/b.c.PNG", "b", "a.b/c", ".png")] == [".png", "", "", ""]


@pytest.mark.parametrize("name", ["a" * 300, "a/" * 3_000, "\ud800"])
def test_a_name_that_no_system_can_have_is_one_sentence(name: str, tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"^(There is no|The folder) .*\.$"):
        open_files(tmp_path / name)


def test_names_that_are_taken_get_a_number() -> None:
    taken: set[str] = set()
    names = ["a", "a", "b", "a (2)", "a"]
    found = [unique_name(name, taken) for name in names]
    assert found == ["a", "a (2)", "b", "a (2) (2)", "a (3)"]
    assert taken == set(found)


def test_thousands_of_the_same_name_get_numbers() -> None:
    """So many that counting on from the first for each would never end."""
    taken: set[str] = set()
    found = [unique_name("a", taken) for _ in range(20_000)]
    assert len(taken) == 20_000
    assert found == ["a", *(f"a ({number})" for number in range(2, 20_001))]


def test_paths_are_texts_or_path_objects(tmp_path: Path) -> None:
    instances = [Instance(rle.encode(mask("##.\n...")), "cat")]
    sample = Sample("a", None, lambda: Contents([Annotation(instances[0])]))
    dataset = Dataset("coco", [sample])
    for kind in (str, Path):
        for name in ("folder", "set.zip"):
            path = kind(tmp_path / kind.__name__ / name)
            Path(path).parent.mkdir(exist_ok=True)
            datasets.write(dataset, path, "coco")
            assert datasets.detect(path, limit=kind(tmp_path)) == ["coco"]
            (back,) = datasets.read(path, limit=kind(tmp_path)).samples
            assert back.instances == instances
            assert list(open_files(path).names) == ["annotations/instances.json"]
