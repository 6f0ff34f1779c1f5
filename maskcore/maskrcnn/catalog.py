"""The models that can be had by name: what they find, how large they are, where they are from.

This module does not import torch, so a page can show the choice at once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

BACKGROUND = "__background__"
"""The label of class 0, as torchvision writes it."""

UNUSED = "N/A"
"""The label of a class id that COCO left out of its data; no model finds it."""

DEMO_LABELS = (BACKGROUND, "circle", "square", "triangle")
COCO_LABELS = (
    BACKGROUND,
    *("person", "bicycle", "car", "motorcycle", "airplane", "bus", "train", "truck", "boat"),
    *("traffic light", "fire hydrant", UNUSED, "stop sign", "parking meter", "bench", "bird"),
    *("cat", "dog", "horse", "sheep", "cow", "elephant", "bear", "zebra", "giraffe", UNUSED),
    *("backpack", "umbrella", UNUSED, UNUSED, "handbag", "tie", "suitcase", "frisbee", "skis"),
    *("snowboard", "sports ball", "kite", "baseball bat", "baseball glove", "skateboard"),
    *("surfboard", "tennis racket", "bottle", UNUSED, "wine glass", "cup", "fork", "knife"),
    *("spoon", "bowl", "banana", "apple", "sandwich", "orange", "broccoli", "carrot", "hot dog"),
    *("pizza", "donut", "cake", "chair", "couch", "potted plant", "bed", UNUSED),
    *("dining table", UNUSED, UNUSED, "toilet", UNUSED, "tv", "laptop", "mouse", "remote"),
    *("keyboard", "cell phone", "microwave", "oven", "toaster", "sink", "refrigerator", UNUSED),
    *("book", "clock", "vase", "scissors", "teddy bear", "hair drier", "toothbrush"),
)
"""COCO's 91 category ids in order, with the 10 that are not used."""


@dataclass(frozen=True)
class ModelCard:
    """A model that is known by name.

    Attributes:
        title: Its name for people.
        summary: One line on what it is good for.
        labels: ``labels[i]`` names class id i; 0 is the background.
        file_name: The file of the weights.
        n_bytes: Size of that file, for a download to announce; rounded to 1 kB or so.
        sha256: The beginning of the file's SHA-256 in hexadecimal; empty if it comes with maskcore.
        url: Where the file is downloaded from; empty if it comes with maskcore.
        source: Who trained it on what.
        license: Of the weights.
    """

    title: str
    summary: str
    labels: tuple[str, ...]
    file_name: str
    n_bytes: int
    sha256: str
    url: str
    source: str
    license: str

    @property
    def found_labels(self) -> tuple[str, ...]:
        """What the model can find: the labels without the background and unused ids."""
        return tuple(label for label in self.labels if label not in (BACKGROUND, UNUSED))


MODELS: Mapping[str, ModelCard] = MappingProxyType(
    {
        "demo": ModelCard(
            title="Shapes (demo)",
            summary="Finds generated shapes at once and without a network: for trying things out.",
            labels=DEMO_LABELS,
            file_name="demo_model.pt",
            n_bytes=3_700_000,
            sha256="",
            url="",
            source="Mask Studio, trained on generated scenes; comes with it",
            license="Apache-2.0",
        ),
        "coco": ModelCard(
            title="Everyday objects (COCO, Mask R-CNN v2)",
            summary="80 kinds of everyday objects; the more precise one: mask AP 41.8 on COCO.",
            labels=COCO_LABELS,
            file_name="maskrcnn_resnet50_fpn_v2_coco-73cbd019.pth",
            n_bytes=185_828_000,
            sha256="73cbd019",
            url="https://download.pytorch.org/models/maskrcnn_resnet50_fpn_v2_coco-73cbd019.pth",
            source="torchvision maskrcnn_resnet50_fpn_v2, trained on COCO train2017",
            license="BSD-3-Clause (torchvision); COCO's annotations are CC BY 4.0",
        ),
        "coco-v1": ModelCard(
            title="Everyday objects (COCO, Mask R-CNN v1)",
            summary="80 kinds of everyday objects; the faster one: mask AP 34.6 on COCO.",
            labels=COCO_LABELS,
            file_name="maskrcnn_resnet50_fpn_coco-bf2d0c1e.pth",
            n_bytes=178_090_000,
            sha256="bf2d0c1e",
            url="https://download.pytorch.org/models/maskrcnn_resnet50_fpn_coco-bf2d0c1e.pth",
            source="torchvision maskrcnn_resnet50_fpn, trained on COCO train2017",
            license="BSD-3-Clause (torchvision); COCO's annotations are CC BY 4.0",
        ),
    }
)
"""Name, as `load` takes it, to what is known of the model without loading it."""
