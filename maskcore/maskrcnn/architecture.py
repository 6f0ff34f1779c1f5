"""Which Mask R-CNN a state dict belongs to, and that model with its weights.

Three are known: torchvision's ``maskrcnn_resnet50_fpn`` ("coco-v1") and its ``_v2`` ("coco"),
and the demo model ("demo"), each with any number of classes.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from maskcore.errors import ModelError
from maskcore.wording import listed

if TYPE_CHECKING:
    from torchvision.models.detection import MaskRCNN

_MARKS = {"roi_heads.box_head.0.0.weight": "coco", "backbone.body.stem.0.weight": "demo"}
_CLASSES = "roi_heads.box_predictor.cls_score.weight"
_DTYPES = (torch.float16, torch.bfloat16, torch.float32)
# torchvision's names before 0.13, and those since.
_RENAMED = (
    (re.compile(r"(.*\.fpn\.(?:inner|layer)_blocks\.\d+)\.(weight|bias)"), r"\1.0.\2"),
    (re.compile(r"(rpn\.head\.conv)\.(weight|bias)"), r"\1.0.0.\2"),
    *(
        (re.compile(rf"(roi_heads\.mask_head)\.mask_fcn{n + 1}\.(weight|bias)"), rf"\1.{n}.0.\2")
        for n in range(4)
    ),
)


def build(state: Mapping[str, Tensor], file_name: str) -> MaskRCNN:
    """Return the Mask R-CNN that a state dict belongs to, with these weights, in eval mode.

    Names and shapes are checked before any value is touched, and the values are copied.

    Args:
        state: As `checkpoint.load_state` returns it, in 16- or 32-bit floats.
        file_name: Where it is from, for messages.

    Raises:
        ModelError: If the names or shapes are not those of a model that is known, or a value is
            not a number.
    """
    frozen = not any(_is_count(key) for key in state)
    state = {_current_name(key): value for key, value in state.items() if not _is_count(key)}
    n_classes = _n_classes(state, file_name)
    name = next((name for mark, name in _MARKS.items() if mark in state), "coco-v1")
    with torch.device("meta"):  # shapes without memory
        known = _new(name, n_classes).state_dict()
    wanted = {key: tensor.shape for key, tensor in known.items() if not _is_count(key)}
    _check_names(state, wanted, file_name)
    _check_shapes(state, wanted, file_name)
    _check_values(state, file_name)
    model = _new(name, n_classes)
    if name == "coco-v1" and frozen:
        _set_eps(model, state)
    model.load_state_dict(state, strict=False)  # all but the batch norms' counts, as checked
    return model.eval()


def _current_name(key: str) -> str:
    for old, new in _RENAMED:
        if old.fullmatch(key):
            return old.sub(new, key)
    return key


def _is_count(key: str) -> bool:
    return key.endswith(".num_batches_tracked")  # means nothing when a model is only used


def _n_classes(state: Mapping[str, Tensor], file_name: str) -> int:
    """Return the number of classes with the background."""
    scores = state.get(_CLASSES)
    if scores is None:
        raise ModelError(
            f"{file_name} is not a Mask R-CNN that is known here (it lacks {_CLASSES})"
        )
    _check_complete(_CLASSES, scores, file_name)  # so that a model of this size can be made
    if scores.ndim != 2 or scores.shape[0] < 2:
        raise ModelError(
            f"{file_name} is not a Mask R-CNN that is known here ({_CLASSES} has the shape "
            f"{tuple(scores.shape)})"
        )
    return scores.shape[0]


def _new(name: str, n_classes: int) -> MaskRCNN:
    """Return a model with random weights."""
    from torchvision.models.detection import MaskRCNN, maskrcnn_resnet50_fpn_v2
    from torchvision.models.detection.backbone_utils import resnet_fpn_backbone
    from torchvision.ops import FrozenBatchNorm2d

    model: MaskRCNN
    if name == "coco":
        model = maskrcnn_resnet50_fpn_v2(weights=None, weights_backbone=None, num_classes=n_classes)
        return model
    if name == "coco-v1":
        # maskrcnn_resnet50_fpn(weights=None) would have batch norms that are not frozen, which
        # give the same, but could not have the eps that COCO's weights need.
        backbone = resnet_fpn_backbone(
            backbone_name="resnet50", weights=None, norm_layer=FrozenBatchNorm2d, trainable_layers=5
        )
        return MaskRCNN(backbone, num_classes=n_classes)
    return _new_demo(n_classes)


def _new_demo(n_classes: int) -> MaskRCNN:
    from torchvision.models.detection.faster_rcnn import FastRCNNPredictor
    from torchvision.models.detection.mask_rcnn import MaskRCNNPredictor

    from maskcore.maskrcnn import demo

    model = demo.build()
    if n_classes != len(demo.LABELS):
        box, mask = model.roi_heads.box_predictor, model.roi_heads.mask_predictor
        model.roi_heads.box_predictor = FastRCNNPredictor(box.cls_score.in_features, n_classes)
        model.roi_heads.mask_predictor = MaskRCNNPredictor(
            mask.conv5_mask.in_channels, mask.conv5_mask.out_channels, n_classes
        )
    return model


def _check_names(state: Mapping[str, Tensor], wanted: Mapping[str, object], name: str) -> None:
    for what, keys in (
        ("it lacks", [key for key in wanted if key not in state]),
        ("no such model has", [key for key in state if key not in wanted]),
    ):
        if keys:
            some = listed(keys, 1, "{:.80}".format)
            raise ModelError(f"{name} is not a Mask R-CNN that is known here ({what} {some})")


def _check_shapes(
    state: Mapping[str, Tensor], wanted: Mapping[str, torch.Size], file_name: str
) -> None:
    for key, shape in wanted.items():
        if state[key].shape != shape:
            raise ModelError(
                f"{file_name} is not a Mask R-CNN that is known here ({key} has the shape "
                f"{tuple(state[key].shape)} instead of {tuple(shape)})"
            )


def _check_complete(key: str, value: Tensor, file_name: str) -> None:
    """Raise unless the tensor is a plain one with a value in memory for each of its elements."""
    if value.layout != torch.strided or value.device.type != "cpu" or value.dtype not in _DTYPES:
        kind = str(value.dtype).removeprefix("torch.")
        raise ModelError(f"{file_name} has {key} as {kind}; weights are 16- or 32-bit floats here")
    if value.untyped_storage().nbytes() < value.numel() * value.dtype.itemsize:
        raise ModelError(f"{file_name} is damaged ({key} has fewer values than it says)")


def _check_values(state: Mapping[str, Tensor], file_name: str) -> None:
    for key, value in state.items():
        _check_complete(key, value, file_name)
        if not bool(torch.isfinite(value).all()):
            raise ModelError(
                f"{file_name} has weights that are not numbers (in {key}): its training failed"
            )
        if key.endswith(".running_var") and bool((value < 0).any()):
            raise ModelError(f"{file_name} is damaged ({key} has a negative variance)")


def _set_eps(model: nn.Module, state: Mapping[str, Tensor]) -> None:
    """Give the frozen batch norms the eps that the weights were trained with.

    It is 0 for COCO's weights and what is fine-tuned from them: torchvision sets it when it loads
    them. A checkpoint does not say so; but a variance of 0 needs the usual one.
    """
    from torchvision.ops import FrozenBatchNorm2d

    if all(
        bool((variance > 0).all())
        for key, variance in state.items()
        if key.endswith(".running_var")
    ):
        for module in model.modules():
            if isinstance(module, FrozenBatchNorm2d):
                module.eps = 0.0
