"""The demo model: a small Mask R-CNN that finds the shapes of `maskcore.samples.shape_scenes`.

It is torchvision's `MaskRCNN` with a residual network of 1.8 million parameters in the place of a
ResNet-50. demo_model.md says what it was trained on, and how well it does.
"""

from __future__ import annotations

from collections import OrderedDict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from torch import nn

from maskcore.samples import shape_scenes

if TYPE_CHECKING:
    from torchvision.models.detection import MaskRCNN

LABELS = ("__background__", *shape_scenes.LABELS)
"""What each class id means; id 0 is never found."""

WEIGHTS = Path(__file__).with_name("demo_model.pt")
"""The trained weights: a state dict of 16-bit floats for `build()`."""

_WIDTHS = (24, 32, 64, 96, 128)  # channels of the stem and of the layers at strides 4, 8, 16, 32
_DEPTHS = (1, 2, 2, 2)  # blocks of each layer
_PYRAMID = 64
_BOX_FEATURES = 128
_MASK_FEATURES = 64
_ANCHORS = (14, 28, 56, 112, 192)  # pixels, one for each level of the pyramid
_ASPECT_RATIOS = (0.6, 1.0, 1.67)


def build(**overrides: Any) -> MaskRCNN:
    """Build the demo model with random weights, in training mode.

    Args:
        overrides: Arguments of torchvision's `MaskRCNN`, such as ``min_size``, in the place of
            those the model card's figures were measured with.
    """
    from torchvision.models import detection

    boxes, masks = detection.faster_rcnn, detection.mask_rcnn
    arguments: dict[str, Any] = {
        "min_size": 256,
        "max_size": 512,
        "rpn_pre_nms_top_n_train": 200,
        "rpn_pre_nms_top_n_test": 200,
        "rpn_post_nms_top_n_train": 100,
        "rpn_post_nms_top_n_test": 100,
        "rpn_batch_size_per_image": 64,
        "box_batch_size_per_image": 64,
        "box_detections_per_img": 50,
        "rpn_anchor_generator": detection.anchor_utils.AnchorGenerator(
            tuple((size,) for size in _ANCHORS), (_ASPECT_RATIOS,) * len(_ANCHORS)
        ),
        "box_roi_pool": _roi_pool(7),
        "box_head": boxes.TwoMLPHead(_PYRAMID * 7 * 7, _BOX_FEATURES),
        "box_predictor": boxes.FastRCNNPredictor(_BOX_FEATURES, len(LABELS)),
        "mask_roi_pool": _roi_pool(14),
        "mask_head": masks.MaskRCNNHeads(_PYRAMID, (_MASK_FEATURES,) * 4, 1),
        "mask_predictor": masks.MaskRCNNPredictor(_MASK_FEATURES, _MASK_FEATURES, len(LABELS)),
    }
    return masks.MaskRCNN(_backbone(), **(arguments | overrides))


def _backbone() -> nn.Module:
    from torchvision import ops
    from torchvision.models.detection import backbone_utils

    body = nn.Sequential(OrderedDict(stem=ops.Conv2dNormActivation(3, _WIDTHS[0], stride=2)))
    for number, depth in enumerate(_DEPTHS, start=1):
        body.add_module(f"layer{number}", _layer(_WIDTHS[number - 1], _WIDTHS[number], depth))
    levels = {f"layer{number}": str(number - 1) for number in range(1, len(_WIDTHS))}
    channels = list(_WIDTHS[1:])
    backbone: nn.Module = backbone_utils.BackboneWithFPN(body, levels, channels, _PYRAMID)
    return backbone


def _layer(channels_in: int, channels: int, depth: int) -> nn.Sequential:
    """Residual blocks, of which the first halves the size."""
    from torchvision.models.resnet import BasicBlock

    shortcut = nn.Sequential(
        nn.Conv2d(channels_in, channels, 1, stride=2, bias=False), nn.BatchNorm2d(channels)
    )
    blocks = [BasicBlock(channels_in, channels, stride=2, downsample=shortcut)]
    return nn.Sequential(*blocks, *(BasicBlock(channels, channels) for _ in range(depth - 1)))


def _roi_pool(size: int) -> nn.Module:
    from torchvision.ops import MultiScaleRoIAlign

    # Boxes of 112 pixels are read at stride 16: the shapes are half as large as COCO's objects.
    pool: nn.Module = MultiScaleRoIAlign(
        ["0", "1", "2", "3"], size, sampling_ratio=1, canonical_scale=112, canonical_level=4
    )
    return pool
