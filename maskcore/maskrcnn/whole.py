"""A model that is not put together as torchvision's are, run as it is."""

from __future__ import annotations

import copy
from collections.abc import Collection
from typing import TYPE_CHECKING

import torch

from maskcore import rle
from maskcore.maskrcnn.network import Detection
from maskcore.types import Image

if TYPE_CHECKING:
    from torchvision.models.detection import MaskRCNN


class WholeModel:
    """Our copy of a model with a forward pass or a transform of its own.

    It makes (H, W) floats for every detection, as torchvision does.

    Attributes:
        n_classes: None, only a real image can tell.
        device: Where it runs.
        dtype: float32.
    """

    n_classes: int | None = None
    dtype = torch.float32

    def __init__(self, model: MaskRCNN, *, device: torch.device) -> None:
        self._model = copy.deepcopy(model).float().eval().requires_grad_(False)
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
        """Find the objects of an image; see `Network.find`."""
        pixels = torch.from_numpy(image.transpose(2, 0, 1).copy()).to(self.device)
        found = self._model([pixels.float().div_(255)])[0]
        return [
            Detection(number, score, rle.encode((plane[0] >= mask_threshold).cpu().numpy()))
            for number, score, plane in zip(
                found["labels"].tolist(), found["scores"].tolist(), found["masks"], strict=True
            )
            if score >= score_threshold and (classes is None or number in classes)
        ]
