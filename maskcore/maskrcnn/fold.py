"""Batch norms folded into the convolutions that they follow.

A model can be anything, so which batch norm follows which convolution is seen by running it once
with an example.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval


def watch(module: nn.Module, example: Any) -> tuple[Any, list[tuple[nn.Conv2d, nn.Module]]]:
    """Run the module and find the batch norms that only see what one convolution just made."""
    from torchvision.ops import FrozenBatchNorm2d

    made: dict[int, tuple[nn.Module, Tensor, Tensor]] = {}
    times_run: dict[nn.Module, int] = {}
    seen: dict[nn.Module, list[nn.Module | None]] = {}

    def after_convolution(conv: nn.Module, _inputs: Any, output: Tensor) -> None:
        # The copy tells whether something has worked on the output in place.
        made[id(output)] = conv, output, output.clone()
        times_run[conv] = times_run.get(conv, 0) + 1

    def before_norm(norm: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        conv, output, copy = made.get(id(inputs[0]), (None, None, None))
        untouched = output is inputs[0] and copy is not None and torch.equal(inputs[0], copy)
        seen.setdefault(norm, []).append(conv if untouched else None)

    hooks = []
    for child in module.modules():
        if type(child) is nn.Conv2d:
            hooks.append(child.register_forward_hook(after_convolution))
        elif type(child) in (nn.BatchNorm2d, FrozenBatchNorm2d) and child.running_mean is not None:
            hooks.append(child.register_forward_pre_hook(before_norm))
    try:
        returned = module(example)
    finally:
        for hook in hooks:
            hook.remove()
    pairs = [
        (convs[0], norm)
        for norm, convs in seen.items()
        if isinstance(convs[0], nn.Conv2d) and convs == [convs[0]] * times_run[convs[0]]
    ]
    return returned, pairs


def fold(module: nn.Module, pairs: list[tuple[nn.Conv2d, nn.Module]]) -> Callable[[], None]:
    """Merge each batch norm into its convolution; what is returned puts them back."""
    merged: dict[nn.Module, nn.Module] = {}
    for conv, norm in pairs:
        merged[conv] = fuse_conv_bn_eval(conv, norm)  # type: ignore[arg-type]
        merged[norm] = nn.Identity()
    places = [
        (parent, name, child)
        for parent in module.modules()
        for name, child in parent.named_children()
        if child in merged
    ]
    for parent, name, child in places:
        setattr(parent, name, merged[child])

    def undo() -> None:
        for parent, name, child in places:
            setattr(parent, name, child)

    return undo
