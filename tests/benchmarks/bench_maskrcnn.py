"""Lean Mask R-CNN against torchvision's: ``python -m tests.benchmarks.bench_maskrcnn``.

The ResNet-50 has random weights, with batch norm statistics of one picture so that its values
stay in range, and scores spread so that 100 detections come out; the user's threshold keeps 10.
"""

from __future__ import annotations

import contextlib
import io
import os
import subprocess
import sys
import warnings
from functools import cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from pycocotools import mask as coco_mask
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval
from torch import nn
from torchvision.models.detection import MaskRCNN, maskrcnn_resnet50_fpn
from torchvision.ops import FrozenBatchNorm2d

from maskcore import rle
from maskcore.maskrcnn import Segmenter
from maskcore.types import Image, Instance
from tests import two_go
from tests.benchmarks.pairs import Peer, compare

SIZES = {"12 MP": (3000, 4000), "640x480": (480, 640)}
MODES = ("exact", "fast")
AIMS = {("12 MP", "exact"): 6, ("640x480", "exact"): 2, ("640x480", "fast"): 4}  # fp32
MEMORY_AIM = 30  # at 12 megapixels
AP_LOSS = {"exact": 0.005, "fast": 0.02}
KEPT = 10

DATA = Path(os.environ.get("MASKCORE_TEST_DATA", "") or "absent")


def picture(size_hw: tuple[int, int]) -> Image:
    """Blurred noise: something at every scale."""
    rng = np.random.default_rng(0)
    layers = [
        cv2.resize(rng.normal(0, 40, (n, n, 3)).astype(np.float32), size_hw[::-1])
        for n in (4, 16, 64, 256)
    ]
    return np.clip(sum(layers) + 128, 0, 255).astype(np.uint8)


def resnet50() -> MaskRCNN:
    """torchvision's first Mask R-CNN, as it is with COCO weights but for the weights."""
    torch.manual_seed(0)
    model = maskrcnn_resnet50_fpn(weights=None, weights_backbone=None)
    norms = [module for module in model.modules() if isinstance(module, nn.BatchNorm2d)]
    for norm in norms:
        norm.momentum = 1.0
    pixels, _ = model.transform([tensor(picture(SIZES["640x480"]))])
    with torch.no_grad():
        model.backbone.train()(pixels.tensors)
        model.roi_heads.box_predictor.cls_score.weight *= 6
        model.rpn.head.bbox_pred.bias.view(-1, 4)[:, 2:] = 1.5  # objects of 100 pixels, not of 20
    frozen_in_place(model)
    return model.eval()


def frozen_in_place(module: nn.Module) -> None:
    for name, child in module.named_children():
        if isinstance(child, nn.BatchNorm2d):
            frozen = FrozenBatchNorm2d(child.num_features, child.eps)
            frozen.load_state_dict(child.state_dict())
            setattr(module, name, frozen)
        else:
            frozen_in_place(child)


def tensor(image: Image) -> torch.Tensor:
    return torch.from_numpy(image).permute(2, 0, 1).float() / 255


@torch.inference_mode()
def torchvision_way(model: MaskRCNN, image: Image, threshold: float) -> dict[str, Any]:
    """All that a user does to get masks: to floats, predict, drop low scores, threshold."""
    found = model([tensor(image)])[0]
    kept = found["scores"] >= threshold
    found = {name: values[kept] for name, values in found.items()}
    found["masks"] = found["masks"][:, 0] >= 0.5
    return found


@cache
def user_threshold(model: MaskRCNN, size: str) -> float:
    with torch.inference_mode():
        scores = model([tensor(picture(SIZES[size]))])[0]["scores"]
    assert len(scores) == 100, f"{len(scores)} detections instead of 100"
    return float(scores[KEPT - 1 : KEPT + 1].mean())


def bench_speed(rounds: int) -> None:
    model = resnet50()
    labels = [str(number) for number in range(91)]
    segmenters = {mode: Segmenter(model, labels, mode=mode) for mode in MODES}
    for size, size_hw in SIZES.items():
        image, threshold = picture(size_hw), user_threshold(model, size)
        for mode, segmenter in segmenters.items():
            n_kept = len(segmenter.predict(image, score_threshold=threshold))
            peer = Peer(
                lambda i=image, t=threshold: torchvision_way(model, i, t),
                AIMS.get((size, mode)),
            )
            compare(
                f"{mode} {segmenter.precision}, {size}",
                lambda s=segmenter, i=image, t=threshold: s.predict(i, score_threshold=t),
                {"torchvision": peer},
                setting=f"100 detections, {n_kept} kept",
                rounds=rounds,
            )


def run_memory(who: str, size: str, threshold: float) -> None:
    """Print the megabytes that one prediction takes on top of the loaded model."""
    image, model = picture(SIZES[size]), resnet50()
    if who == "torchvision":
        work = lambda: torchvision_way(model, image, threshold)  # noqa: E731
    else:
        segmenter = Segmenter(model, [str(number) for number in range(91)], mode=who)
        work = lambda: segmenter.predict(image, score_threshold=threshold)  # noqa: E731
    Path("/proc/self/clear_refs").write_text("5", "ascii")  # the peak starts anew
    before = memory("VmRSS")
    kept = work()
    print(memory("VmHWM") - before, len(kept))


def memory(field: str) -> float:
    """Megabytes of this process."""
    lines = Path("/proc/self/status").read_text("ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(field)) / 1024


def bench_memory() -> None:
    model = resnet50()
    thresholds = {size: user_threshold(model, size) for size in SIZES}
    del model
    for size, threshold in thresholds.items():
        peaks = {}
        for who in ("torchvision", *MODES):
            command = [sys.executable, "-m", __spec__.name, "memory", who, size, str(threshold)]
            done = subprocess.run(command, capture_output=True, text=True, check=True)
            peaks[who] = float(done.stdout.split()[0])
        for mode in MODES:
            ratio = peaks["torchvision"] / peaks[mode]
            aim = f"{MEMORY_AIM}x" if size == "12 MP" else "-"
            print(
                f"memory, {mode}, {size:<8} {peaks[mode]:>6.0f} MB  "
                f"torchvision {peaks['torchvision']:>6.0f} MB  {aim:>4} {ratio:>6.1f}x"
            )


def bench_precision() -> None:
    """Mask AP of a real model on real photos, whichever way it is run."""
    model = two_go.build()
    with contextlib.redirect_stdout(io.StringIO()):
        truth = COCO(DATA / "coco" / "instances.json")
    expected = average_precision(truth, lambda image: two_go_torchvision(model, image))
    print(f"mask AP, torchvision      {expected[0]:.4f}  AP50 {expected[1]:.4f}")
    for mode in MODES:
        segmenter = Segmenter(model, two_go.labels(), mode=mode)
        got = average_precision(
            truth,
            lambda image, s=segmenter: [
                (s.labels.index(one.label), one) for one in s.predict(image, score_threshold=0.05)
            ],
        )
        missed = " MISSED" * (abs(got[0] - expected[0]) >= AP_LOSS[mode])
        print(
            f"mask AP, {mode:<5} {segmenter.precision}       {got[0]:.4f}  AP50 {got[1]:.4f}  "
            f"change {got[0] - expected[0]:+.4f}{missed}"
        )


def two_go_torchvision(model: MaskRCNN, image: Image) -> list[tuple[int, Instance]]:
    found = torchvision_way(model, image, 0.05)
    return [
        (number, Instance(rle.encode(mask.numpy()), str(number), score))
        for number, score, mask in zip(
            found["labels"].tolist(), found["scores"].tolist(), found["masks"], strict=True
        )
    ]


def average_precision(truth: COCO, predict: Any) -> tuple[float, float]:
    """AP and AP50 of the masks."""
    results = []
    for entry in truth.dataset["images"]:
        path = DATA / "coco" / "images" / entry["file_name"]
        image = cv2.cvtColor(cv2.imread(str(path)), cv2.COLOR_BGR2RGB)
        for number, one in predict(image):
            segmentation = {"size": [*one.mask.size_hw], "counts": one.mask.counts.tolist()}
            results.append(
                {
                    "image_id": entry["id"],
                    "category_id": number,
                    "score": one.score,
                    "segmentation": coco_mask.frPyObjects(segmentation, *one.mask.size_hw),
                }
            )
    with contextlib.redirect_stdout(io.StringIO()):
        evaluation = COCOeval(truth, truth.loadRes(results), "segm")
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
    return float(evaluation.stats[0]), float(evaluation.stats[1])


if __name__ == "__main__":
    # Of pycocotools' own arrays, under NumPy 2.
    warnings.filterwarnings("ignore", message="__array__ implementation")
    if sys.argv[1:2] == ["memory"]:
        run_memory(sys.argv[2], sys.argv[3], float(sys.argv[4]))
    else:
        rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 2
        n_threads = int(sys.argv[2]) if len(sys.argv) > 2 else torch.get_num_threads()
        torch.set_num_threads(n_threads)
        if two_go.available():
            bench_precision()
        bench_memory()
        print(f"{n_threads} threads. A figure is torchvision's time over ours.")
        bench_speed(rounds)
