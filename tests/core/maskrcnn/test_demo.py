from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from maskcore import rle, samples
from maskcore.samples import shape_scenes

if TYPE_CHECKING:
    import torch

torch = pytest.importorskip("torch")

from maskcore.maskrcnn import demo  # noqa: E402
from tests.benchmarks import train_demo  # noqa: E402

Found = list[tuple[str, float, np.ndarray]]


@pytest.fixture(scope="module")
def state() -> dict[str, torch.Tensor]:
    return torch.load(demo.WEIGHTS, weights_only=True)


@pytest.fixture(scope="module")
def model(state: dict[str, torch.Tensor]) -> Iterator[torch.nn.Module]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    model = demo.build().eval()
    model.load_state_dict(state, strict=True)
    yield model
    torch.set_num_threads(threads)


def find(model: torch.nn.Module, image: np.ndarray) -> Found:
    """What torchvision's own forward pass finds with a score above 0.5."""
    with torch.inference_mode():
        found = model([torch.from_numpy(image).permute(2, 0, 1).float() / 255])[0]
    masks = found["masks"].numpy()[:, 0] > 0.5
    names = [demo.LABELS[class_id] for class_id in found["labels"].tolist()]
    rows = zip(names, found["scores"].tolist(), masks, strict=True)
    return [row for row in rows if row[1] > 0.5]


def hits(scene: shape_scenes.Scene, found: Found, least_iou: float) -> list[bool]:
    """Whether each true instance is found under its label."""
    results = []
    for it in scene.instances:
        true = rle.decode(it.mask)
        ious = [(true & m).sum() / (true | m).sum() for label, _, m in found if label == it.label]
        results.append(max(ious, default=0) >= least_iou)
    return results


def test_the_labels_are_those_of_the_scenes_after_the_background() -> None:
    assert demo.LABELS == ("__background__", "circle", "square", "triangle")


def test_the_weights_are_small_finite_and_of_16_bits(state: dict[str, torch.Tensor]) -> None:
    assert demo.WEIGHTS.stat().st_size < 4_000_000
    assert {str(value.dtype) for value in state.values()} == {"torch.float16", "torch.int64"}
    assert all(value.isfinite().all() for value in state.values())


def test_the_weights_are_those_of_the_model_and_no_others(state: dict[str, torch.Tensor]) -> None:
    model = demo.build()
    model.load_state_dict(state, strict=True)
    assert set(state) == set(model.state_dict())
    assert sum(it.numel() for it in model.parameters()) == 1_818_655


def test_arguments_of_torchvision_can_be_overridden() -> None:
    model = demo.build(min_size=320, box_score_thresh=0.4)
    assert model.transform.min_size == (320,)
    assert model.roi_heads.score_thresh == 0.4


def test_the_model_finds_the_shapes_of_held_out_scenes(model: torch.nn.Module) -> None:
    scenes = [shape_scenes.scene(seed) for seed in range(1, 13)]
    found = [hits(scene, find(model, scene.image), 0.8) for scene in scenes]
    assert sum(map(len, found)) > 30
    assert np.mean(np.concatenate(found)) >= 0.9


def test_the_model_finds_every_shape_of_the_sample_and_nothing_else(model: torch.nn.Module) -> None:
    scene = samples.shapes()
    found = find(model, scene.image)
    assert len(found) == len(scene.instances) == 6
    assert all(hits(scene, found, 0.9))


def test_the_model_finds_nothing_in_an_empty_scene(model: torch.nn.Module) -> None:
    assert find(model, shape_scenes.scene(153).image) == []


def test_training_writes_weights_that_go_on_from_the_start(
    tmp_path: Path, state: dict[str, torch.Tensor], caplog: pytest.LogCaptureFixture
) -> None:
    out = tmp_path / "trained.pt"
    plan = train_demo.Plan(
        out, steps=2, scenes=1, processes=1, learning_rate=0.01, start=demo.WEIGHTS, bf16=False
    )
    with caplog.at_level(logging.INFO):
        train_demo.train(plan)
    trained = torch.load(out, weights_only=True)
    assert [path.name for path in tmp_path.iterdir()] == ["trained.pt"]
    assert "step 2 of 2" in caplog.text
    demo.build().load_state_dict(trained, strict=True)
    name = "roi_heads.mask_predictor.mask_fcn_logits.weight"
    moved = (trained[name].float() - state[name].float()).abs()
    assert 0 < moved.max() < 0.01


def test_the_scenes_of_the_training_are_not_those_of_the_evaluation() -> None:
    assert train_demo.FIRST_SEED > 1_000_000
