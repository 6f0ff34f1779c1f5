"""Train the demo model on generated scenes: ``python -m tests.benchmarks.train_demo --out FILE``.

Two processes of one thread each average their gradients: on two cores that is faster than one
process of two threads. The defaults are those of the weights that come with maskcore.
"""

from __future__ import annotations

import argparse
import copy
import io
import logging
import math
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
from torch import Tensor, distributed, nn
from torch.multiprocessing.spawn import spawn

from maskcore import rle
from maskcore.files import archive
from maskcore.maskrcnn import demo
from maskcore.samples import shape_scenes

LEARNING_RATE = 0.0015
FIRST_SEED = 10_000_000
"""Scenes from this seed on are for training; those below are held out."""

_SEEDS_PER_PROCESS = 50_000_000
_SEEDS_PER_RUN = 200_000_000
_WARM_UP = 60
_FINAL_SHARE = 0.01  # of the learning rate, at the end of the cosine
_LONGEST_MEMORY = 0.995
_LARGEST_GRADIENT = 5.0
_LOG_EVERY = 10
_SAVE_EVERY = 500

_log = logging.getLogger(__name__)

Batch = tuple[list[Tensor], list[dict[str, Tensor]]]


@dataclass(frozen=True)
class Plan:
    """What to train.

    Attributes:
        out: File for the weights; written every 500 steps and at the end.
        steps: Updates of the weights.
        scenes: Scenes per process and step.
        processes: If more than one, each has one thread.
        learning_rate: The highest, after the warm-up.
        start: Weights to go on from; random ones if None.
        seed: The same seed trains on the same scenes in the same order.
        bf16: Compute in bfloat16 where that is safe; on a CPU without instructions for it that is
            many times slower.
    """

    out: Path
    steps: int = 5000
    scenes: int = 4
    processes: int = 2
    learning_rate: float = LEARNING_RATE
    start: Path | None = None
    seed: int = 0
    bf16: bool = True


def train(plan: Plan) -> None:
    """Train and write the weights to ``plan.out``."""
    if plan.processes == 1:
        _descend(0, plan)
        return
    with tempfile.TemporaryDirectory() as folder:
        meeting_point = Path(folder, "processes").as_uri()
        spawn(_run, (plan, meeting_point), plan.processes)  # type: ignore[no-untyped-call]


def _run(rank: int, plan: Plan, meeting_point: str) -> None:
    """Be one of several processes."""
    if rank == 0:
        _show_progress()
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    distributed.init_process_group(
        "gloo", init_method=meeting_point, rank=rank, world_size=plan.processes
    )
    try:
        _descend(rank, plan)
    finally:
        distributed.destroy_process_group()


def _show_progress() -> None:
    logging.basicConfig(level=logging.INFO, format="%(message)s")


def _descend(rank: int, plan: Plan) -> None:
    torch.manual_seed(plan.seed)  # all processes start from the same weights, ...
    model = _model(plan.start)
    average = copy.deepcopy(model).eval()  # of the latest steps: what is written
    optimizer = _optimizer(model)
    torch.manual_seed(99 + rank)  # ... but sample different boxes
    batches = _batches(rank, plan)
    began, recent = time.monotonic(), []
    for step in range(plan.steps):
        for group in optimizer.param_groups:
            group["lr"] = plan.learning_rate * _schedule(step, plan.steps)
        images, targets = next(batches)
        with torch.autocast("cpu", torch.bfloat16, enabled=plan.bf16):
            losses = model(images, targets)
        loss = torch.stack([part.float() for part in losses.values()]).sum()
        if not loss.isfinite():
            raise ArithmeticError(f"the loss is {loss.item()} in step {step + 1}: {losses}")
        optimizer.zero_grad(set_to_none=False)
        torch.autograd.backward(loss)
        if plan.processes > 1:
            _average_gradients(model, plan.processes)
        nn.utils.clip_grad_norm_(model.parameters(), _LARGEST_GRADIENT)
        optimizer.step()
        _follow(average, model, step)
        recent.append(loss.item())
        done = step + 1
        if done % _LOG_EVERY == 0 or done == plan.steps:
            seconds = time.monotonic() - began
            mean = sum(recent) / len(recent)
            _log.info("step %d of %d, %.0f s, loss %.3f", done, plan.steps, seconds, mean)
            recent.clear()
        if rank == 0 and (done % _SAVE_EVERY == 0 or done == plan.steps):
            _save(average, plan.out)


def _model(start: Path | None) -> nn.Module:
    # A batch has one size and is not resized, so that the shapes keep their sizes in pixels.
    model = demo.build(_skip_resize=True, box_batch_size_per_image=48, box_positive_fraction=0.33)
    if start is not None:
        model.load_state_dict(torch.load(start, weights_only=True))
    model.train().to(memory_format=torch.channels_last)
    for parameter in model.parameters():
        parameter.grad = torch.zeros_like(parameter)  # laid out in memory as the parameter is
    trained: nn.Module = model
    return trained


def _optimizer(model: nn.Module) -> torch.optim.Optimizer:
    matrices = [it for it in model.parameters() if it.ndim > 1]
    vectors = [it for it in model.parameters() if it.ndim <= 1]
    groups = [{"params": matrices, "weight_decay": 0.02}, {"params": vectors, "weight_decay": 0.0}]
    # Not fused: on the CPU that silently updates the wrong elements where a gradient is not laid
    # out in memory as its channels_last parameter is.
    return torch.optim.AdamW(groups, lr=LEARNING_RATE, betas=(0.9, 0.99), fused=False)


def _schedule(step: int, steps: int) -> float:
    """Share of the learning rate: a short linear warm-up times a cosine."""
    cosine = 0.5 * (1 + math.cos(math.pi * step / steps))
    return min(1.0, step / _WARM_UP + 0.02) * ((1 - _FINAL_SHARE) * cosine + _FINAL_SHARE)


def _batches(rank: int, plan: Plan) -> Iterator[Batch]:
    """Yield scenes without end, of one size per batch so that nothing is padded."""
    rng = np.random.default_rng(1000 + rank + 7 * plan.seed)
    seed = FIRST_SEED + rank * _SEEDS_PER_PROCESS + plan.seed * _SEEDS_PER_RUN
    while True:
        height, width = (32 * int(side) for side in rng.integers(4, 8, 2))
        scenes = [shape_scenes.scene(seed + i, (height, width)) for i in range(plan.scenes)]
        seed += plan.scenes
        yield [_input(it) for it in scenes], [_target(it) for it in scenes]


def _input(scene: shape_scenes.Scene) -> Tensor:
    return torch.from_numpy(scene.image).permute(2, 0, 1).float() / 255  # (3, H, W)


def _target(scene: shape_scenes.Scene) -> dict[str, Tensor]:
    boxes = np.array([it.box for it in scene.instances], np.float32).reshape(-1, 4)
    masks = np.zeros((len(scene.instances), *scene.image.shape[:2]), np.uint8)
    for mask, instance in zip(masks, scene.instances, strict=True):
        mask[:] = rle.decode(instance.mask)
    class_ids = [demo.LABELS.index(it.label) for it in scene.instances]
    return {
        "boxes": torch.from_numpy(boxes),
        "labels": torch.tensor(class_ids, dtype=torch.int64),
        "masks": torch.from_numpy(masks),
    }


def _average_gradients(model: nn.Module, processes: int) -> None:
    gradients = [it.grad for it in model.parameters() if it.grad is not None]
    together = torch.cat([it.reshape(-1) for it in gradients])
    distributed.all_reduce(together)
    together /= processes
    parts = torch.split(together, [it.numel() for it in gradients])
    for gradient, part in zip(gradients, parts, strict=True):
        gradient.copy_(part.view(gradient.shape))  # keeps its strides


@torch.no_grad()
def _follow(average: nn.Module, model: nn.Module, step: int) -> None:
    """Move the running average of weights and batch statistics towards the model."""
    memory = min(_LONGEST_MEMORY, (step + 2) / (step + 11))  # short at first
    pairs = zip(average.state_dict().values(), model.state_dict().values(), strict=True)
    for mean, latest in pairs:
        if mean.is_floating_point():
            mean.lerp_(latest, 1 - memory)
        else:
            mean.copy_(latest)


def _save(model: nn.Module, path: Path) -> None:
    state = {
        name: (value.half() if value.is_floating_point() else value).contiguous()
        for name, value in model.state_dict().items()
    }
    content = io.BytesIO()
    torch.save(state, content)
    archive.write_file(path, content.getvalue())
    _log.info("saved %s, %.1f MB", path, content.tell() / 1e6)


def _plan() -> Plan:
    parser = argparse.ArgumentParser(description="Train the demo model on generated scenes.")
    add = parser.add_argument
    add("--out", type=Path, required=True, help="file for the weights")
    add("--start", type=Path, help="weights to go on from")
    add("--steps", type=int, default=Plan.steps)
    add("--scenes", type=int, default=Plan.scenes, help="scenes per process and step")
    add("--processes", type=int, default=Plan.processes)
    add("--learning-rate", type=float, default=Plan.learning_rate)
    add("--seed", type=int, default=Plan.seed)
    add(
        "--bf16",
        action=argparse.BooleanOptionalAction,
        default=Plan.bf16,
        help="bfloat16; needs a CPU made for it",
    )
    return Plan(**vars(parser.parse_args()))


if __name__ == "__main__":
    _show_progress()
    train(_plan())
