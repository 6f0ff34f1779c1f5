"""Find objects with Mask R-CNN: the part that runs in the worker process, without streamlit."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from maskcore import image_io
from maskcore.errors import MaskcoreError
from maskcore.types import Instance
from pages.shared.jobs.worker import Report

Mode = Literal["exact", "fast"]


@dataclass(frozen=True)
class DetectionRequest:
    """What to find, and how.

    Attributes:
        model: A name in `catalog.MODELS`, or the path of a checkpoint.
        score: Least score, 0 to 1.
        labels: Only these; all if empty.
        mode: "exact" or "fast".
    """

    model: str
    score: float
    labels: tuple[str, ...]
    mode: Mode


@dataclass(frozen=True)
class DetectionResult:
    """The outcome for one image.

    Attributes:
        picture_id: Which image.
        instances: The objects, the surest first.
        fault: Why there is no outcome, one sentence; "" if there is.
    """

    picture_id: str
    instances: tuple[Instance, ...]
    fault: str = ""


def find(report: Report, pictures: list[tuple[str, str, bytes]], request: DetectionRequest) -> str:
    """Find the objects of each image; a bad image does not end the others.

    Args:
        report: Gets a `DetectionResult` for each image.
        pictures: (id, name, content of the file) of each.
        request: What to find.

    Returns:
        How the model ran, in a few words.
    """
    report(0.0, "loading the model", None)
    from maskcore import maskrcnn

    def fetched(done: int, total: int) -> None:
        report(0.0, f"fetching the model, {done / 1e6:.0f} of {total / 1e6:.0f} MB", None)

    model = Path(request.model) if "/" in request.model else request.model
    segmenter = maskrcnn.load(model, mode=request.mode, progress=fetched)
    for i, (picture_id, name, content) in enumerate(pictures):
        report(i / len(pictures), name, None)
        try:
            instances = segmenter.predict(
                image_io.read_image(content),
                score_threshold=request.score,
                labels=request.labels or None,
            )
            result = DetectionResult(picture_id, tuple(instances))
        except MaskcoreError as error:
            result = DetectionResult(picture_id, (), str(error))
        report((i + 1) / len(pictures), name, result)
    return ". ".join(
        [f"{segmenter.device}, {segmenter.precision}, {segmenter.mode}", *segmenter.notes]
    )
