"""Whether a part of a model is torchvision's own, so that it is known what it does.

A subclass may do anything, so it is run as it is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from torch import nn

if TYPE_CHECKING:
    from torchvision.models.detection import MaskRCNN


def is_model(model: MaskRCNN) -> bool:
    """Whether the model goes from image to network and on to masks as torchvision's do."""
    from torchvision.models.detection.generalized_rcnn import (
        GeneralizedRCNN,
    )
    from torchvision.models.detection.transform import (
        GeneralizedRCNNTransform,
    )

    own_forward = type(model).forward is not GeneralizedRCNN.forward
    return not own_forward and type(model.transform) is GeneralizedRCNNTransform


def is_rpn(rpn: nn.Module) -> bool:
    """Whether proposals are made as torchvision makes them."""
    from torchvision.models.detection.rpn import (
        RegionProposalNetwork,
    )

    return type(rpn) is RegionProposalNetwork


def are_roi_heads(heads: nn.Module) -> bool:
    """Whether proposals become detections and masks as they do in torchvision."""
    from torchvision.models.detection.roi_heads import RoIHeads

    return type(heads) is RoIHeads


def is_pooler(pooler: nn.Module) -> bool:
    """Whether regions are cut out of the feature maps by torchvision's RoIAlign."""
    from torchvision.ops import MultiScaleRoIAlign

    return type(pooler) is MultiScaleRoIAlign
