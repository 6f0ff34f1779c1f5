"""How well the demo model does on held-out scenes: ``python -m tests.benchmarks.evaluate_demo``.

Prints the table of maskcore/maskrcnn/demo_model.md.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import mean, median
from typing import Any

import cv2
import numpy as np
import torch
from pycocotools import mask as coco_mask
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from maskcore import maskrcnn, rle
from maskcore.maskrcnn import demo, predict
from maskcore.samples import shape_scenes
from maskcore.types import Image, Mask

SEEDS = range(1, 201)
SHOWN_SCORE = 0.5
LOWEST_SCORE = 0.05


@dataclass(frozen=True)
class Detection:
    label: str
    score: float
    box_xywh: list[float]
    mask: Mask


Detect = Callable[[Image], list[Detection]]


def with_torchvision(model: torch.nn.Module, image: Image) -> list[Detection]:
    """The model's own forward pass: floats in, a full-size float plane per detection out."""
    with torch.inference_mode():
        found = model([torch.from_numpy(image).permute(2, 0, 1).float() / 255])[0]
    boxes, masks = found["boxes"].numpy(), found["masks"].numpy()[:, 0] > 0.5
    names = [demo.LABELS[class_id] for class_id in found["labels"].tolist()]
    boxes[:, 2:] -= boxes[:, :2]
    rows = zip(names, found["scores"].tolist(), boxes.tolist(), masks, strict=True)
    return [Detection(*row) for row in rows]


def with_maskcore(segmenter: maskrcnn.Segmenter, image: Image) -> list[Detection]:
    return [
        Detection(it.label, it.score or 0.0, _xywh(it.box), rle.decode(it.mask))
        for it in segmenter.predict(image, score_threshold=LOWEST_SCORE)
    ]


def average_precision(
    scenes: Sequence[shape_scenes.Scene], found: Sequence[Sequence[Detection]]
) -> dict[str, np.ndarray]:
    """COCO's twelve figures for masks ("segm") and boxes ("bbox")."""
    truth = COCO()
    truth.dataset = {
        "images": [
            {"id": i, "height": it.image.shape[0], "width": it.image.shape[1]}
            for i, it in enumerate(scenes)
        ],
        "categories": [{"id": i, "name": name} for i, name in enumerate(shape_scenes.LABELS)],
        "annotations": [
            {
                **_annotation(i, it.label, _xywh(it.box), rle.decode(it.mask)),
                "area": rle.area(it.mask),
                "iscrowd": 0,
            }
            for i, scene in enumerate(scenes)
            for it in scene.instances
        ],
    }
    for number, annotation in enumerate(truth.dataset["annotations"], start=1):
        annotation["id"] = number
    results = [
        {**_annotation(i, it.label, it.box_xywh, it.mask), "score": it.score}
        for i, detections in enumerate(found)
        for it in detections
    ]
    figures = {}
    with contextlib.redirect_stdout(io.StringIO()):
        truth.createIndex()
        answers = truth.loadRes(results)
        for kind in ("segm", "bbox"):
            evaluation = COCOeval(truth, answers, kind)
            evaluation.evaluate()
            evaluation.accumulate()
            evaluation.summarize()
            figures[kind] = evaluation.stats
    return figures


def recall(scenes: Sequence[shape_scenes.Scene], found: Sequence[Sequence[Detection]]) -> float:
    """Share of true instances with a shown detection of their label and mask IoU 0.5 or more."""
    hits = [
        any(
            it.label == truth.label and it.score > SHOWN_SCORE and _iou(it.mask, truth) >= 0.5
            for it in detections
        )
        for scene, detections in zip(scenes, found, strict=True)
        for truth in scene.instances
    ]
    return mean(hits)


def milliseconds(runtimes: Mapping[str, Detect]) -> dict[str, float]:
    """Median time of a 256 x 256 scene; all take turns, so a busy machine hits them alike."""
    seconds: dict[str, list[float]] = {name: [] for name in runtimes}
    for seed in SEEDS[:40]:
        image = shape_scenes.scene(seed, (256, 256)).image
        for name, detect in runtimes.items():
            start = time.perf_counter()
            detect(image)
            seconds[name].append(time.perf_counter() - start)
    return {name: 1000 * median(values) for name, values in seconds.items()}


def row(name: str, detect: Detect, scenes: Sequence[shape_scenes.Scene], ms: float) -> str:
    """A line of the table."""
    found = [detect(scene.image) for scene in scenes]
    figures = average_precision(scenes, found)
    shown = mean(sum(it.score > SHOWN_SCORE for it in detections) for detections in found)
    cells = [f"{it:.3f}" for kind in ("segm", "bbox") for it in figures[kind][:3]]
    cells += [f"{100 * recall(scenes, found):.1f} %", f"{shown:.2f}", f"{ms:.0f}"]
    return f"| {' | '.join([name, *cells])} |"


def _annotation(i: int, label: str, box_xywh: list[float], mask: Mask) -> dict[str, Any]:
    code = coco_mask.encode(np.asfortranarray(mask, np.uint8))
    kind = shape_scenes.LABELS.index(label)
    return {"image_id": i, "category_id": kind, "bbox": box_xywh, "segmentation": code}


def _xywh(box: tuple[int, int, int, int]) -> list[float]:
    x1, y1, x2, y2 = map(float, box)
    return [x1, y1, x2 - x1, y2 - y1]


def _iou(mask: Mask, truth: Any) -> float:
    true = rle.decode(truth.mask)
    return np.count_nonzero(mask & true) / np.count_nonzero(mask | true)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--weights", type=Path, default=demo.WEIGHTS)
    weights = parser.parse_args().weights
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    scenes = [shape_scenes.scene(seed) for seed in SEEDS]
    true = mean(len(scene.instances) for scene in scenes)
    print(f"{len(scenes)} scenes of {true:.2f} shapes, {weights.stat().st_size / 1e6:.2f} MB\n")
    print("| runtime | mask AP | AP50 | AP75 | box AP | AP50 | AP75 | recall | found | ms |")
    print("| --- |" + " --: |" * 9)
    runtimes = _runtimes(weights)
    times = milliseconds(runtimes)
    for name, detect in runtimes.items():
        print(row(name, detect, scenes, times[name]), flush=True)


def _runtimes(weights: Path) -> dict[str, Detect]:
    model = demo.build().eval()
    model.load_state_dict(torch.load(weights, weights_only=True))
    runtimes: dict[str, Detect] = {"torchvision": partial(with_torchvision, model)}
    source, labels = ("demo", None) if weights == demo.WEIGHTS else (weights, shape_scenes.LABELS)
    for mode in ("exact", "fast"):
        for precision in ("fp32", "bf16") if predict.cpu_runs_bf16() else ("fp32",):
            segmenter = maskrcnn.load(
                source, labels=labels, device="cpu", mode=mode, precision=precision
            )
            runtimes[f"maskcore, {mode}, {precision}"] = partial(with_maskcore, segmenter)
    return runtimes


if __name__ == "__main__":
    main()
