"""torchvision's feature pyramid in half the memory.

At 800 pixels its maps are what fills the memory of a prediction: torchvision keeps every map of
the backbone, and three full-size steps of each sum, until the pyramid is done.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import TYPE_CHECKING

from torch import Tensor, nn
from torch.nn import functional

if TYPE_CHECKING:
    from torchvision.ops import FeaturePyramidNetwork


class Pyramid(nn.Module):
    """The layers of a `FeaturePyramidNetwork`, run with only what is still needed in memory."""

    def __init__(self, pyramid: FeaturePyramidNetwork, *, consume: bool) -> None:
        """Take over the layers.

        Args:
            pyramid: Whose.
            consume: The dict of maps is given up by who calls, so it may be emptied.
        """
        super().__init__()
        self.inner_blocks: nn.ModuleList = pyramid.inner_blocks
        self.layer_blocks: nn.ModuleList = pyramid.layer_blocks
        self.extra_blocks: nn.Module | None = pyramid.extra_blocks
        self.consume = consume

    def forward(self, maps: OrderedDict[str, Tensor]) -> OrderedDict[str, Tensor]:
        """Return a map of the pyramid for each of the backbone's, finest first."""
        names = list(maps)
        if not self.consume:
            maps = OrderedDict(maps)
        originals = list(maps.values()) if self.extra_blocks is not None else []
        if _is_max_pool(self.extra_blocks):
            originals = []  # it does not look at them
        levels: list[Tensor] = []
        above: Tensor | None = None
        for lateral, layer in zip(
            reversed(self.inner_blocks), reversed(self.layer_blocks), strict=True
        ):
            level = lateral(maps.popitem()[1])
            if above is not None:
                enlarged = functional.interpolate(above, size=level.shape[-2:], mode="nearest")
                level = enlarged.add_(level)
            levels.insert(0, layer(level))
            above = level
        if self.extra_blocks is not None:
            levels, names = self.extra_blocks(levels, originals, names)
        return OrderedDict(zip(names, levels, strict=True))


def _is_max_pool(block: nn.Module | None) -> bool:
    from torchvision.ops.feature_pyramid_network import (
        LastLevelMaxPool,
    )

    return type(block) is LastLevelMaxPool


def replace_pyramids(module: nn.Module) -> Callable[[], None]:
    """Replace torchvision's pyramids inside the module; what is returned puts them back."""
    from torchvision.models.detection.backbone_utils import (
        BackboneWithFPN,
    )
    from torchvision.ops import FeaturePyramidNetwork

    places = [
        (parent, name, child)
        for parent in module.modules()
        for name, child in parent.named_children()
        if type(child) is FeaturePyramidNetwork
    ]
    for parent, name, child in places:
        setattr(parent, name, Pyramid(child, consume=type(parent) is BackboneWithFPN))

    def undo() -> None:
        for parent, name, child in places:
            setattr(parent, name, child)

    return undo
