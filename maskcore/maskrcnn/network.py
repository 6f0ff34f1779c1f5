"""A Mask R-CNN of torchvision's, run lean: the same results with less work and less memory."""

from __future__ import annotations

import copy
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from maskcore.maskrcnn import plain, roi_align
from maskcore.maskrcnn.parts import Parts, named
from maskcore.maskrcnn.paste import paste
from maskcore.maskrcnn.resize import network_input
from maskcore.rle import RLE
from maskcore.types import Image

if TYPE_CHECKING:
    from torchvision.models.detection import MaskRCNN
    from torchvision.models.detection.image_list import ImageList

_FAST_PROPOSALS = 300
_BOXES_AT_ONCE = 500
_MASKS_AT_ONCE = 25
"""Regions that the heads see in one go: as quick as all of them, in a fraction of the memory."""


class Detection(NamedTuple):
    """One object that was found.

    Attributes:
        class_id: The number of its class.
        score: 0 to 1.
        mask: At the size of the image; may be empty.
    """

    class_id: int
    score: float
    mask: RLE


@dataclass(frozen=True)
class _BoxedMasks:
    """What the network says, before the masks are stretched over their boxes.

    Attributes:
        boxes: (N, 4) float32 x1, y1, x2, y2 in pixels of the image.
        classes: (N,) int64.
        scores: (N,) float32, descending.
        masks: (N, h, w) float32 probabilities inside the box.
    """

    boxes: NDArray[np.float32]
    classes: NDArray[np.int64]
    scores: NDArray[np.float32]
    masks: NDArray[np.float32]


class Network:
    """Our copy of a model, its parts made lean where that is safe.

    A part that is not of torchvision's own class is run as it is.

    Attributes:
        n_classes: Background included; None if only a real image can tell.
        device: Where it runs.
        dtype: What its convolutions compute in.
    """

    def __init__(
        self, model: MaskRCNN, *, device: torch.device, dtype: torch.dtype, fast: bool
    ) -> None:
        """Copy the model and prepare the copy.

        Raises:
            RuntimeError: If a part does not run in the dtype.
        """
        self._model = copy.deepcopy(model).to("cpu").float().eval().requires_grad_(False)
        self._fast = fast
        self.dtype = dtype
        self._parts = Parts(self._model, dtype)
        self.n_classes = self._parts.n_classes
        self.to(device)

    def to(self, device: torch.device) -> None:
        """Move the copy to another device."""
        self._model.to(device)
        self.device = device

    @torch.inference_mode()
    def find(
        self,
        image: Image,
        *,
        score_threshold: float,
        mask_threshold: float,
        classes: Collection[int] | None,
    ) -> list[Detection]:
        """Find the objects of an image.

        Args:
            image: (H, W, 3).
            score_threshold: Kept is what has at least this score.
            mask_threshold: Inside is what has at least this probability.
            classes: Keep these only; None for all.

        Returns:
            What torchvision returns of them, best first.
        """
        found = self._detect(image, score_threshold, classes)
        size_hw = image.shape[0], image.shape[1]
        return [
            Detection(
                int(number), float(score), paste(mask, box, size_hw, threshold=mask_threshold)
            )
            for number, score, mask, box in zip(
                found.classes, found.scores, found.masks, found.boxes, strict=True
            )
        ]

    def _detect(
        self, image: Image, score_threshold: float, classes: Collection[int] | None
    ) -> _BoxedMasks:
        """Run the network; all that it needs meanwhile is free again on return."""
        images = self._input(image)
        features = named(self._parts.backbone(images.tensors))
        proposals = self._propose(images, features)
        if plain.are_roi_heads(self._model.roi_heads):
            found = self._classify(images, features, proposals, score_threshold)
        else:
            (found,), _ = self._model.roi_heads(_floats(features), [proposals], images.image_sizes)
        kept = found["scores"] >= score_threshold
        if classes is not None:
            kept &= torch.isin(found["labels"], torch.tensor([*classes], device=self.device))
        found = {name: value[kept] for name, value in found.items()}
        if "masks" not in found:
            found["masks"] = self._masks(images, features, found["boxes"], found["labels"])
        boxes, labels, scores, masks = (
            found[name].cpu().numpy() for name in ("boxes", "labels", "scores", "masks")
        )
        y, x = (
            np.float32(side) / np.float32(inner)
            for side, inner in zip(image.shape[:2], images.image_sizes[0], strict=True)
        )
        return _BoxedMasks(boxes * np.array([x, y, x, y]), labels, scores, masks[:, 0])

    def _input(self, image: Image) -> ImageList:
        from torchvision.models.detection.image_list import ImageList

        tensor, inner_hw = network_input(image, self._model.transform, fast=self._fast)
        return ImageList(tensor.to(self.device), [inner_hw])

    def _propose(self, images: ImageList, features: Mapping[str, Tensor]) -> Tensor:
        """Return the (N, 4) boxes that may hold something, in pixels of the input.

        The boxes of the best anchors only are decoded: torchvision decodes all and then drops
        all but those.
        """
        rpn = self._model.rpn
        if not plain.is_rpn(rpn):
            proposals, _ = rpn(images, _floats(features))
        else:
            objectness, codes = self._parts.rpn_head(list(features.values()))
            anchors = rpn.anchor_generator(images, _shapes(features))[0]
            best, boxes, start = [], [], 0
            for level_scores, level_codes in zip(objectness, codes, strict=True):
                scores = level_scores[0].permute(1, 2, 0).reshape(-1).float()  # (h * w * anchors)
                top, places = scores.topk(min(rpn.pre_nms_top_n(), len(scores)))
                rows = level_codes[0].permute(1, 2, 0).reshape(-1, 4)[places].float()
                boxes.append(rpn.box_coder.decode(rows, [anchors[start + places]])[:, 0])
                best.append(top)
                start += len(scores)
            proposals, _ = rpn.filter_proposals(
                torch.cat(boxes)[None],
                torch.cat(best)[None],
                images.image_sizes,
                [len(level) for level in best],
            )
        kept: Tensor = proposals[0][:_FAST_PROPOSALS] if self._fast else proposals[0]
        return kept

    def _classify(
        self,
        images: ImageList,
        features: Mapping[str, Tensor],
        proposals: Tensor,
        score_threshold: float,
    ) -> dict[str, Tensor]:
        """Turn proposals into scored boxes.

        Proposals with no class above the threshold are dropped before anything else is done with
        them. That changes nothing above it: of two overlapping boxes the better one stays, and
        the best `box_detections_per_img` of all classes are kept, so what goes is only ever what
        is worse than all that stays. Wanted classes are chosen afterwards, for the same reason.
        """
        if len(proposals) == 0:
            return {
                "boxes": proposals,
                "scores": proposals.new_empty(0),
                "labels": proposals.new_empty(0, dtype=torch.int64),
            }
        heads = self._model.roi_heads
        parts = []
        for some in _slices(len(proposals), _BOXES_AT_ONCE):
            pooled = self._pool(heads.box_roi_pool, images, features, proposals[some])
            parts.append(self._parts.box_head(pooled))
        logits, codes = (torch.cat(part).float() for part in zip(*parts, strict=True))
        likely = (logits.softmax(-1)[:, 1:] >= score_threshold).any(1)
        boxes, scores, labels = heads.postprocess_detections(
            logits[likely], codes[likely], [proposals[likely]], images.image_sizes
        )
        return {"boxes": boxes[0], "scores": scores[0], "labels": labels[0]}

    def _masks(
        self, images: ImageList, features: Mapping[str, Tensor], boxes: Tensor, labels: Tensor
    ) -> Tensor:
        """Return the (N, 1, h, w) probabilities of each box's own class."""
        if len(boxes) == 0:
            return boxes.new_empty(0, 1, 1, 1)
        pooler = self._model.roi_heads.mask_roi_pool
        parts = []
        for some in _slices(len(boxes), _MASKS_AT_ONCE):
            logits = self._parts.mask_head(self._pool(pooler, images, features, boxes[some]))
            own = logits[torch.arange(len(logits), device=self.device), labels[some]]
            parts.append(own.float().sigmoid()[:, None])
        return torch.cat(parts)

    def _pool(
        self, pooler: Any, images: ImageList, features: Mapping[str, Tensor], boxes: Tensor
    ) -> Tensor:
        if plain.is_pooler(pooler):
            return roi_align.pool(pooler, features, boxes, images.tensors.shape[-2:])
        pooled: Tensor = pooler(_floats(features), [boxes], images.image_sizes)
        return pooled


def _slices(length: int, step: int) -> list[slice]:
    return [slice(start, start + step) for start in range(0, length, step)]


def _floats(features: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {name: feature.float() for name, feature in features.items()}


def _shapes(features: Mapping[str, Tensor]) -> list[Tensor]:
    """Stand-ins for an anchor generator: it reads their sizes, and computes in their type."""
    return [feature.new_empty(feature.shape, dtype=torch.float32) for feature in features.values()]
