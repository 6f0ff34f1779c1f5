"""The Mask R-CNN2Go of MASKCORE_TEST_DATA: a real, small, COCO-trained model for tests.

Its folder says what it is: ``architecture.json`` describes the blocks, ``layers.json`` lists
every layer with its stride and padding, and the state dict is in half precision.
"""

from __future__ import annotations

import json
import os
from collections import OrderedDict
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torchvision.models.detection import MaskRCNN
from torchvision.models.detection.rpn import AnchorGenerator
from torchvision.ops import MultiScaleRoIAlign

from maskcore.maskrcnn import catalog

FOLDER = Path(os.environ.get("MASKCORE_TEST_DATA", "") or "absent") / "weights" / "mask_rcnn_2go"


def available() -> bool:
    """Whether the test data is there."""
    return (FOLDER / "mask_rcnn_2go_coco_fp16.pth").is_file()


def labels() -> list[str]:
    """The 91 COCO ids; 0 is the background, unused ids are "N/A"."""
    return list(catalog.MODELS["coco"].labels)


def build() -> MaskRCNN:
    """The model in eval mode with float32 weights, as its authors set it up."""
    described = json.loads((FOLDER / "architecture.json").read_text("utf-8"))
    layers = {
        layer["name"]: layer for layer in json.loads((FOLDER / "layers.json").read_text("utf-8"))
    }
    blocks = described["backbone"]["blocks"]
    model = MaskRCNN(
        Backbone(layers, [block["name"] for block in blocks if block["res"]], blocks),
        rpn_anchor_generator=AnchorGenerator(((32,) * 5,), ((0.5, 1.0, 2.0),)),
        rpn_head=ProposalHead(layers),
        box_roi_pool=MultiScaleRoIAlign(["0"], output_size=6, sampling_ratio=0),
        box_head=BoxHead(layers),
        box_predictor=BoxPredictor(layers),
        mask_roi_pool=MultiScaleRoIAlign(["0"], output_size=6, sampling_ratio=0),
        mask_head=nn.Sequential(
            *(Block(layers, f"roi_heads.mask_head.{n}", residual=n < 3) for n in range(4))
        ),
        mask_predictor=mask_predictor(layers),
        **described["args"],
    )
    state = torch.load(
        FOLDER / "mask_rcnn_2go_coco_fp16.pth", map_location="cpu", weights_only=True
    )
    # torchvision keeps its anchors in a list, not among the parameters.
    model.rpn.anchor_generator.cell_anchors = [state.pop("rpn.anchor_generator.cell_anchors.0")]
    model.load_state_dict(state, strict=True)
    return model.eval()


def layer_of(layers: dict[str, dict[str, Any]], name: str) -> nn.Module:
    """The convolution, deconvolution or linear layer of that name."""
    row = layers[name]
    shape = row["weight"]
    if row["type"] == "Linear":
        return nn.Linear(shape[1], shape[0])
    groups, kernel = row["groups"], tuple(shape[2:])
    place = {"stride": tuple(row["stride"]), "padding": tuple(row["padding"]), "groups": groups}
    if row["type"] == "ConvTranspose2d":
        return nn.ConvTranspose2d(shape[0], shape[1] * groups, kernel, **place)
    return nn.Conv2d(shape[1] * groups, shape[0], kernel, **place)


class Block(nn.Module):
    """An inverted residual: widen, depthwise, narrow; no activation after the last two."""

    def __init__(self, layers: dict[str, dict[str, Any]], name: str, *, residual: bool) -> None:
        super().__init__()
        self.pw = layer_of(layers, f"{name}.pw")
        self.dw = layer_of(layers, f"{name}.dw")
        self.pwl = layer_of(layers, f"{name}.pwl")
        self.residual = residual

    def forward(self, x: Tensor) -> Tensor:
        out = self.pwl(self.dw(self.pw(x).relu()))
        return x + out if self.residual else out


class Backbone(nn.Module):
    """Stride 16, one feature map."""

    def __init__(
        self, layers: dict[str, dict[str, Any]], residual: list[str], blocks: list[dict[str, Any]]
    ) -> None:
        super().__init__()
        self.out_channels = blocks[-1]["out_ch"]
        self.conv0 = layer_of(layers, "backbone.conv0")
        self.blocks = nn.Sequential(
            OrderedDict(
                (name, Block(layers, f"backbone.blocks.{name}", residual=name in residual))
                for name in (block["name"] for block in blocks)
            )
        )

    def forward(self, x: Tensor) -> dict[str, Tensor]:
        return {"0": self.blocks(self.conv0(x).relu())}


class ProposalHead(nn.Module):
    def __init__(self, layers: dict[str, dict[str, Any]]) -> None:
        super().__init__()
        self.conv = nn.Sequential(
            *(Block(layers, f"rpn.head.conv.{n}", residual=True) for n in range(3))
        )
        self.cls_logits = layer_of(layers, "rpn.head.cls_logits")
        self.bbox_pred = layer_of(layers, "rpn.head.bbox_pred")

    def forward(self, features: list[Tensor]) -> tuple[list[Tensor], list[Tensor]]:
        maps = [self.conv(feature) for feature in features]
        return [self.cls_logits(it) for it in maps], [self.bbox_pred(it) for it in maps]


class BoxHead(nn.Module):
    def __init__(self, layers: dict[str, dict[str, Any]]) -> None:
        super().__init__()
        self.blocks = nn.Sequential(
            *(
                Block(layers, f"roi_heads.box_head.blocks.{n}", residual=n in (1, 2))
                for n in range(4)
            )
        )
        self.last = layer_of(layers, "roi_heads.box_head.last")

    def forward(self, x: Tensor) -> Tensor:
        return self.last(self.blocks(x)).relu().mean((2, 3))  # (N, 160, 3, 3) -> (N, 160)


class BoxPredictor(nn.Module):
    def __init__(self, layers: dict[str, dict[str, Any]]) -> None:
        super().__init__()
        self.cls_score = layer_of(layers, "roi_heads.box_predictor.cls_score")
        self.bbox_pred = layer_of(layers, "roi_heads.box_predictor.bbox_pred")

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        return self.cls_score(x), self.bbox_pred(x)


def mask_predictor(layers: dict[str, dict[str, Any]]) -> nn.Sequential:
    names = ("conv5_mask", "relu", "mask_fcn_logits", "up")
    return nn.Sequential(
        OrderedDict(
            (
                name,
                nn.ReLU()
                if name == "relu"
                else layer_of(layers, f"roi_heads.mask_predictor.{name}"),
            )
            for name in names
        )
    )
