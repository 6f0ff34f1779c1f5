"""RoIAlign on channels-last feature maps, as sums of weighted rows.

Every output cell is a weighted sum of a few positions of the feature map. With the channels of a
position side by side in memory that is what ``embedding_bag`` computes, many times as fast on a
CPU as torchvision's own operator, which walks the channels one by one.
Source: He et al., Mask R-CNN (https://arxiv.org/abs/1703.06870), section 3; the sampling is that
of ``torchvision.ops.roi_align`` with ``aligned=False``.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

import torch
from torch import Tensor
from torch.nn import functional

if TYPE_CHECKING:
    from torchvision.ops import MultiScaleRoIAlign


def pool(
    pooler: MultiScaleRoIAlign,
    features: Mapping[str, Tensor],
    boxes: Tensor,
    padded_hw: tuple[int, int],
) -> Tensor:
    """Do what the pooler does, for the boxes of one image.

    The scales of the feature maps are taken from the padded input. torchvision takes them from
    the first image that it sees and keeps them, which is wrong ever after if that one was thin.

    Args:
        pooler: Says which maps, which output size, how many samples.
        features: Name -> (1, C, h, w).
        boxes: (N, 4) x1, y1, x2, y2 in pixels of the network's input.
        padded_hw: (height, width) of the network's input.

    Returns:
        (N, C, out height, out width).
    """
    maps = [feature for name, feature in features.items() if name in pooler.featmap_names]
    scales = [2.0 ** round(math.log2(feature.shape[-2] / padded_hw[0])) for feature in maps]
    if len(maps) == 1:
        return _align(maps[0], boxes * scales[0], pooler)
    levels = _levels(boxes, scales, pooler)
    pooled = maps[0].new_empty(len(boxes), maps[0].shape[1], *pooler.output_size)
    pooled = pooled.to(memory_format=torch.channels_last)
    for level, (feature, scale) in enumerate(zip(maps, scales, strict=True)):
        here = (levels == level).nonzero().squeeze(1)
        if len(here):
            pooled[here] = _align(feature, boxes[here] * scale, pooler).to(pooled.dtype)
    return pooled


def _levels(boxes: Tensor, scales: list[float], pooler: MultiScaleRoIAlign) -> Tensor:
    """Equation 1 of Feature Pyramid Networks (https://arxiv.org/abs/1612.03144)."""
    first, last = (int(-math.log2(scale)) for scale in (scales[0], scales[-1]))
    sides = ((boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])).sqrt()
    levels: Tensor = pooler.canonical_level + torch.log2(sides / pooler.canonical_scale) + 1e-6
    return levels.floor().clamp(first, last).long() - first


def _align(feature: Tensor, boxes: Tensor, pooler: MultiScaleRoIAlign) -> Tensor:
    """Pool (N, 4) boxes, in pixels of the feature map, from one map."""
    samples: int = pooler.sampling_ratio
    if feature.device.type != "cpu" or samples < 1:
        # 0 means that the number of samples depends on the size of the box.
        from torchvision.ops import roi_align

        rois = torch.cat((boxes.new_zeros(len(boxes), 1), boxes), dim=1)
        aligned: Tensor = roi_align(feature.float(), rois, pooler.output_size, 1.0, samples)
        return aligned
    height, width = feature.shape[-2:]
    rows, down = _samples(boxes[:, 1], boxes[:, 3], pooler.output_size[0], samples, height)
    columns, along = _samples(boxes[:, 0], boxes[:, 2], pooler.output_size[1], samples, width)
    # (N, out height, out width, taps down, taps along), one bag for each output cell.
    places = rows[:, :, None, :, None] * width + columns[:, None, :, None, :]
    weights = down[:, :, None, :, None] * along[:, None, :, None, :]
    table = feature[0].permute(1, 2, 0).reshape(height * width, -1)  # (h * w, C)
    summed = functional.embedding_bag(
        places.flatten(0, 2).flatten(1),
        table,
        mode="sum",
        per_sample_weights=weights.flatten(0, 2).flatten(1).to(table.dtype),
    )
    return summed.view(*places.shape[:3], -1).permute(0, 3, 1, 2)


def _samples(
    low: Tensor, high: Tensor, cells: int, samples: int, size: int
) -> tuple[Tensor, Tensor]:
    """Where one axis of the boxes is sampled: the places and their weights.

    Args:
        low: (N,) first edge of each box.
        high: (N,) last edge.
        cells: How many output cells a box is divided into.
        samples: How many points of a cell are averaged.
        size: Of the feature map.

    Returns:
        (N, cells, 2 * samples) int32 places, and float32 weights that add up to at most 1.
    """
    points = (torch.arange(samples, dtype=torch.float32) + 0.5) / samples
    points = torch.arange(cells, dtype=torch.float32)[:, None] + points  # (cells, samples)
    steps = (high - low).clamp(min=1.0) / cells
    places = low[:, None, None] + points * steps[:, None, None]
    counted = ((places >= -1) & (places <= size)).float() / samples
    places = places.clamp(min=0)
    before = places.floor().clamp(max=size - 1)
    after = (before + 1).clamp(max=size - 1)
    share = torch.where(before < size - 1, places - before, 0.0)  # of the place after
    both = torch.stack((before, after), dim=-1).flatten(2)
    weights = torch.stack(((1 - share) * counted, share * counted), dim=-1).flatten(2)
    return both.int(), weights
