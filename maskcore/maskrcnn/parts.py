"""The parts of a model made lean: batch norms folded, channels last, perhaps bfloat16.

A model can be anything, so each part is tried on noise, and what makes it lean is kept only if
the part still returns the same.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from maskcore.maskrcnn import plain
from maskcore.maskrcnn.fold import fold, watch
from maskcore.maskrcnn.pyramid import replace_pyramids

if TYPE_CHECKING:
    from torchvision.models.detection import MaskRCNN

_TOLERANCE = 1e-3
"""Of the largest value: far above rounding, far below what a wrong fold does."""

_PROBE_SIDE = 128
"""Pixels: the deepest map of a usual pyramid, at stride 64, still has more than one."""


class Part:
    """A module in the memory format and the number type that it runs in.

    Attributes:
        module: The module; it is changed in place, so it must be the part's own.
        memory_format: channels_last where the module returns the same on it.
        dtype: Of its weights; what it is called with is converted.
    """

    def __init__(self, module: nn.Module) -> None:
        self.module = module
        self.memory_format = torch.contiguous_format
        self.dtype = torch.float32

    def __call__(self, value: Any) -> Any:
        """Run the module on a tensor or a list of tensors."""
        return self.module(self._converted(value))

    def _converted(self, value: Any) -> Any:
        if isinstance(value, list):
            return [self._converted(one) for one in value]
        if value.dim() != 4:  # only these have a channels-last form
            return value.to(self.dtype)
        return value.to(self.dtype, memory_format=self.memory_format)

    def prepare(self, example: Any) -> Any:
        """Make the module lean as far as that leaves its results alone.

        Args:
            example: What to run it on, a tensor or a list of tensors; not changed.

        Returns:
            What it returned, or None if it does not run on the example; then it stays as it is.
        """
        try:
            expected, pairs = watch(self.module, _copy(example))
        except Exception:  # a stranger's module may raise anything
            return None
        undo = fold(self.module, pairs)
        if not self._still_returns(expected, example):
            undo()
        undo = replace_pyramids(self.module)
        if not self._still_returns(expected, example):
            undo()
        if not self._reordered(torch.channels_last, expected, example):
            self._reordered(torch.contiguous_format, expected, example)
        return expected

    def _reordered(self, memory_format: torch.memory_format, expected: Any, example: Any) -> bool:
        try:
            self.module.to(memory_format=memory_format)
        except RuntimeError:  # there is another such format for videos
            return False
        self.memory_format = memory_format
        return self._still_returns(expected, example)

    def _still_returns(self, expected: Any, example: Any) -> bool:
        try:
            return _agree(self(_copy(example)), expected)
        except Exception:  # it may look for the norms, or want memory in the usual order
            return False

    def to_bf16(self, example: Any) -> None:
        """Change the weights to bfloat16.

        Raises:
            RuntimeError: If the module does not run in it.
        """
        self.dtype = torch.bfloat16
        self.module.to(self.dtype)
        self(_copy(example))


class Parts:
    """The four parts of a model that do the work.

    Attributes:
        backbone: (1, 3, H, W) -> feature maps.
        rpn_head: Feature maps -> objectness and box codes, per map.
        box_head: (N, C, h, w) pooled features -> class logits and box codes.
        mask_head: (N, C, h, w) pooled features -> mask logits.
        n_classes: Background included; None if only a real image can tell.
    """

    def __init__(self, model: MaskRCNN, dtype: torch.dtype) -> None:
        """Prepare the parts of a model in place; parts of strangers' classes are left alone.

        Args:
            model: In eval mode, float32, on the CPU.
            dtype: float32 or bfloat16.

        Raises:
            RuntimeError: If a part does not run in the dtype.
        """
        heads = model.roi_heads
        self.backbone = Part(model.backbone)
        self.rpn_head = Part(model.rpn.head)
        self.box_head = Part(nn.Sequential(heads.box_head, heads.box_predictor))
        self.mask_head = Part(nn.Sequential(heads.mask_head, heads.mask_predictor))
        self.n_classes: int | None = None
        with torch.no_grad():
            for part, example in self._prepared(model):
                if dtype is torch.bfloat16:
                    part.to_bf16(example)

    def _prepared(self, model: MaskRCNN) -> list[tuple[Part, Any]]:
        """Prepare each part and return it with what it was tried on."""
        noise = torch.Generator().manual_seed(0)
        image = torch.randn(1, 3, _PROBE_SIDE, _PROBE_SIDE, generator=noise)
        tried: list[tuple[Part, Any]] = [(self.backbone, image)]
        returned = self.backbone.prepare(image)
        if returned is None:
            return tried
        features = [*named(returned).values()]
        if plain.is_rpn(model.rpn):
            tried.append((self.rpn_head, features))
            self.rpn_head.prepare(features)
        heads = model.roi_heads
        for part, pooler in (
            (self.box_head, heads.box_roi_pool),
            (self.mask_head, heads.mask_roi_pool),
        ):
            if plain.are_roi_heads(heads) and plain.is_pooler(pooler):
                shape = 2, features[0].shape[1], *pooler.output_size
                pooled = torch.randn(shape, generator=noise)
                tried.append((part, pooled))
                returned = part.prepare(pooled)
                if part is self.box_head and returned is not None:
                    self.n_classes = returned[0].shape[-1]
        return tried


def named(features: Any) -> dict[str, Tensor]:
    """A backbone may return one map or several."""
    return {"0": features} if isinstance(features, Tensor) else dict(features)


def _copy(value: Any) -> Any:
    """A module may work in place."""
    return [one.clone() for one in value] if isinstance(value, list) else value.clone()


def _tensors(value: Any) -> Iterator[Tensor]:
    if isinstance(value, Tensor):
        yield value
    elif isinstance(value, Mapping):
        yield from _tensors(list(value.values()))
    else:
        for one in value:
            yield from _tensors(one)


def _agree(value: Any, expected: Any) -> bool:
    for one, other in zip(_tensors(value), _tensors(expected), strict=True):
        largest = float(other.abs().max())
        if not largest < math.inf:  # weights that are not numbers
            return False
        if not torch.allclose(one, other, rtol=_TOLERANCE, atol=_TOLERANCE * largest):
            return False
    return True
