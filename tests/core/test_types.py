from __future__ import annotations

import dataclasses

import pytest

from maskcore import errors, rle
from maskcore.types import Instance
from tests.grids import mask

FAULTS = [errors.ImageError, errors.RLEError, errors.DatasetError, errors.ModelError]


@pytest.mark.parametrize(
    ("pixels", "box"),
    [
        (".....\n..##.\n.#...", (1, 1, 4, 3)),
        ("#", (0, 0, 1, 1)),
        ("....#", (4, 0, 5, 1)),
        ("...\n...", (0, 0, 0, 0)),
    ],
)
def test_the_box_of_an_instance_is_that_of_its_mask(pixels: str, box: tuple[int, ...]) -> None:
    assert Instance(rle.encode(mask(pixels)), "cat").box == box


def test_a_moved_mask_moves_the_box() -> None:
    cat = Instance(rle.encode(mask("##..")), "cat", 0.5)
    moved = dataclasses.replace(cat, mask=rle.encode(mask("..##")))
    assert (moved.label, moved.score, moved.box) == ("cat", 0.5, (2, 0, 4, 1))


def test_equal_instances_are_one_in_a_set() -> None:
    twins = [Instance(rle.encode(mask("#.")), "cat") for _ in range(2)]
    assert len(set(twins)) == 1
    assert twins[0].score is None
    with pytest.raises(dataclasses.FrozenInstanceError):
        twins[0].label = "dog"  # type: ignore[misc]


@pytest.mark.parametrize("fault", FAULTS)
def test_every_fault_of_a_file_can_be_caught_as_one(fault: type[Exception]) -> None:
    assert fault.__bases__ == (errors.MaskcoreError,)
    assert errors.MaskcoreError.__bases__ == (ValueError,)
    with pytest.raises(errors.MaskcoreError, match="one sentence"):
        raise fault("one sentence")


def test_the_tree_of_errors_is_complete() -> None:
    classes = {value for value in vars(errors).values() if isinstance(value, type)}
    assert classes == {errors.MaskcoreError, *FAULTS}
