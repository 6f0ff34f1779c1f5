from __future__ import annotations

import pickle

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from hypothesis.extra import numpy as hnp

from maskcore import image_io, rle
from maskcore.datasets.audit import survey
from maskcore.datasets.dataset import Annotation, Contents, Dataset, Sample
from maskcore.datasets.pictures import EmbeddedPicture
from maskcore.types import Instance
from tests.grids import mask
from tests.hostile.picture_files import chunk, png


def picture(size_hw: tuple[int, int]) -> EmbeddedPicture:
    content = image_io.encode_png(np.zeros((*size_hw, 3), np.uint8))
    return EmbeddedPicture(lambda: content)


def sample(name: str, *instances: Instance, has_image: bool = False) -> Sample:
    contents = Contents([Annotation(instance) for instance in instances])
    size = instances[0].mask.size_hw if instances else (4, 6)
    return Sample(name, picture(size) if has_image else None, lambda: contents)


def instance(pixels: np.ndarray, label: str = "cat", *, is_crowd: bool = False) -> Instance:
    return Instance(rle.encode(pixels), label, is_crowd=is_crowd)


def shares_by_hand(pixels: np.ndarray) -> np.ndarray:
    """Each pixel split into 48 x 48, of which each cell holds as many as the image has pixels."""
    height, width = pixels.shape
    fine = np.kron(pixels, np.ones((48, 48), np.uint8))
    return fine.reshape(48, height, 48, width).mean(axis=(1, 3))


def heat_of(*masks: np.ndarray) -> np.ndarray:
    return survey(Dataset("coco", [sample("a", *map(instance, masks))])).heat[0]


def test_every_mask_is_a_row_in_the_order_of_the_samples() -> None:
    first = sample(
        "a.png",
        instance(mask("##..\n#...\n....")),
        instance(mask("....\n..##\n...."), "dog", is_crowd=True),
        has_image=True,
    )
    second = sample("b.png", instance(mask("...\n..."), "dog"))
    done = survey(Dataset("coco", [first, sample("empty.png"), second]))
    assert done.names == ("a.png", "empty.png", "b.png")
    assert done.labels == ("cat", "dog")
    assert done.sample.tolist() == [0, 0, 2]
    assert done.label.tolist() == [0, 1, 1]
    assert done.area.tolist() == [3, 2, 0]
    assert done.box.tolist() == [[0, 0, 2, 2], [2, 1, 4, 2], [0, 0, 0, 0]]
    assert done.is_crowd.tolist() == [False, True, False]
    assert done.has_image.tolist() == [True, False, False]


def test_the_classes_that_the_files_list_come_first() -> None:
    samples = [sample("a", instance(mask("#"), "new"), instance(mask("#"), "old"))]
    done = survey(Dataset("coco", samples, ("none", "old")))
    assert done.labels == ("none", "old", "new")
    assert done.label.tolist() == [2, 1]


def test_a_size_is_that_of_the_image_else_as_stated_else_that_of_the_mask() -> None:
    samples = [
        sample("image", instance(mask("##.\n...")), has_image=True),
        Sample("stated", None, lambda: Contents(size_hw=(5, 7))),
        sample("mask", instance(mask("#.\n..\n.."))),
        Sample("nothing", None, Contents),
    ]
    assert survey(Dataset("coco", samples)).sizes_hw.tolist() == [[2, 3], [5, 7], [3, 2], [0, 0]]


def test_a_set_without_samples() -> None:
    done = survey(Dataset("coco", [], ("cat",)))
    assert (done.names, done.findings, done.labels) == ((), (), ("cat",))
    assert done.heat.shape == (1, 48, 48)
    assert done.box.shape == (0, 4)


@settings(max_examples=60)
@given(hnp.arrays(np.bool_, st.tuples(st.integers(1, 9), st.integers(1, 9))))
def test_heat_is_the_share_of_each_cell_that_the_mask_covers(pixels: np.ndarray) -> None:
    assert np.allclose(heat_of(pixels), shares_by_hand(pixels), atol=1e-6)


@pytest.mark.parametrize("size_hw", [(1, 1), (47, 50), (49, 96), (100, 20), (20, 100)])
def test_heat_of_images_about_as_large_as_the_map(size_hw: tuple[int, int]) -> None:
    pixels = np.random.default_rng(0).random(size_hw) < 0.5
    assert np.allclose(heat_of(pixels), shares_by_hand(pixels), atol=1e-6)


@pytest.mark.parametrize("fill", [False, True])
def test_heat_of_an_empty_and_of_a_full_mask(fill: bool) -> None:
    assert np.array_equal(heat_of(np.full((30, 70), fill)), np.full((48, 48), fill))


def test_heat_of_one_mask_of_more_runs_than_are_added_up_at_once() -> None:
    pixels = np.random.default_rng(1).random((480, 960)) < 0.5
    in_cells = pixels.reshape(48, 10, 48, 20).mean(axis=(1, 3))
    assert np.allclose(heat_of(pixels), in_cells, atol=1e-6)


def test_heat_adds_up_over_masks_of_a_class_whatever_their_sizes() -> None:
    rng = np.random.default_rng(2)
    masks = [rng.random(size) < 0.3 for size in ((3, 5), (60, 40), (200, 300), (5, 3), (60, 40))]
    samples = [sample(str(i), instance(pixels, "ab"[i % 2])) for i, pixels in enumerate(masks)]
    heat = survey(Dataset("coco", samples)).heat
    assert np.allclose(heat[0], sum(map(shares_by_hand, masks[0::2])), atol=1e-5)
    assert np.allclose(heat[1], sum(map(shares_by_hand, masks[1::2])), atol=1e-5)


def test_heat_is_kept_for_a_thousand_classes_only() -> None:
    instances = [instance(mask("#."), str(i)) for i in range(1_002)]
    done = survey(Dataset("coco", [sample("a", *instances)]))
    assert len(done.labels) == 1_002
    assert done.heat.shape == (1_000, 48, 48)
    assert done.heat[999].sum() == 24 * 48


def test_progress_counts_the_samples_up_to_all_of_them() -> None:
    calls = []
    samples = [sample(str(i)) for i in range(3)]
    survey(Dataset("coco", samples), progress=lambda *counts: calls.append(counts))
    assert calls == [(0, 3), (1, 3), (2, 3), (3, 3)]


def test_what_progress_raises_ends_the_survey() -> None:
    read = []

    def load() -> Contents:
        read.append(1)
        return Contents()

    def stop(done: int, total: int) -> None:
        if done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        survey(Dataset("coco", [Sample(str(i), None, load) for i in range(5)]), progress=stop)
    assert len(read) == 2


def test_a_survey_can_be_sent_to_another_process() -> None:
    done = survey(Dataset("coco", [sample("a", instance(mask("..\n..")))]))
    sent = pickle.loads(pickle.dumps(done))
    assert sent.findings == done.findings != ()
    assert np.array_equal(sent.heat, done.heat)


def test_a_header_that_states_a_size_beyond_all_measure_is_counted_as_the_largest() -> None:
    header = png((1, 1), 8, 0, b"\0")
    header = header[:8] + chunk(b"IHDR", b"\xff" * 8 + b"\x08\0\0\0\0") + header[33:]
    done = survey(Dataset("images", [Sample("a", EmbeddedPicture(lambda: header), Contents)]))
    assert done.sizes_hw.tolist() == [[2**31 - 1, 2**31 - 1]]
    assert "unreadable-image" in [finding.kind for finding in done.findings]


def test_labels_are_shown_on_one_line_and_cut_off() -> None:
    label = "a\n\u202eb" + "x" * 5_000
    done = survey(Dataset("coco", [sample("a", instance(mask("..\n.."), label), has_image=True)]))
    (what,) = [finding.what for finding in done.findings if finding.kind == "empty-mask"]
    assert what == f"The mask of “a\ufffd\ufffdb{'x' * 96}…” has no pixel inside."


def test_a_box_of_any_size_is_a_finding() -> None:
    box = (1e308, 0.0, float("inf"), float("nan"))
    stated = Annotation(Instance(rle.encode(mask("##\n##")), "cat"), "", box)
    done = survey(Dataset("coco", [Sample("a", None, lambda: Contents([stated]))]))
    (what,) = [finding.what for finding in done.findings if finding.kind == "box"]
    assert what.startswith("The box of “cat” is stated as 1e+308, 0, inf, nan, but")
