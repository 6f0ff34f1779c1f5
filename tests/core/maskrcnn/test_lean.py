"""The steps that make Mask R-CNN lean, each against the torchvision code that it replaces."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable

import cv2
import numpy as np
import pytest
import torch
from hypothesis import given, strategies as st
from hypothesis.extra import numpy as hnp
from torch import Tensor, nn
from torchvision.models.detection import MaskRCNN
from torchvision.models.detection.backbone_utils import resnet_fpn_backbone
from torchvision.models.detection.faster_rcnn import FastRCNNConvFCHead, FastRCNNPredictor
from torchvision.models.detection.mask_rcnn import MaskRCNNHeads, MaskRCNNPredictor
from torchvision.models.detection.roi_heads import paste_masks_in_image
from torchvision.models.detection.transform import GeneralizedRCNNTransform
from torchvision.ops import FeaturePyramidNetwork, FrozenBatchNorm2d, MultiScaleRoIAlign
from torchvision.ops.feature_pyramid_network import LastLevelMaxPool, LastLevelP6P7

from maskcore import rle
from maskcore.maskrcnn import paste, resize, roi_align
from maskcore.maskrcnn.parts import Part, Parts
from maskcore.maskrcnn.pyramid import Pyramid, replace_pyramids
from tests.grids import mask

ANY_MASK = hnp.arrays(np.bool_, hnp.array_shapes(min_dims=2, max_dims=2, max_side=9))


def image_of(size_hw: tuple[int, int]) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (*size_hw, 3), np.uint8)


@given(ANY_MASK, st.tuples(*[st.integers(0, 4)] * 4))
def test_a_placed_mask_is_the_mask_in_an_empty_frame(
    pixels: np.ndarray, margins: tuple[int, int, int, int]
) -> None:
    left, top, right, bottom = margins
    frame = np.pad(pixels, ((top, bottom), (left, right)))
    for part in (pixels, np.asfortranarray(pixels)):
        assert paste.place(part, (left, top), frame.shape) == rle.encode(frame)


def test_a_placed_mask_of_full_height_joins_its_columns() -> None:
    placed = paste.place(mask("##\n##"), (1, 0), (2, 4))
    assert placed.counts.tolist() == [2, 4, 2]


def test_a_pasted_mask_is_what_torchvision_pastes() -> None:
    rng = np.random.default_rng(1)
    for _ in range(150):
        size_hw = tuple(rng.integers(1, 400, 2).tolist())
        mask_hw = tuple(rng.integers(3, 30, 2).tolist())
        small = rng.uniform(0, 1, (4, 4)).astype(np.float32)
        probabilities = np.clip(cv2.resize(small, mask_hw[::-1]), 0, 1)
        corners = np.sort(rng.uniform(0, 1, (2, 2)), axis=0) * size_hw[::-1]
        box = np.concatenate(corners).astype(np.float32)
        threshold = rng.uniform(0.05, 0.95)
        plane = paste_masks_in_image(
            torch.from_numpy(probabilities)[None, None], torch.from_numpy(box)[None], size_hw
        )
        wanted = (plane[0, 0] >= threshold).numpy()
        got = rle.decode(paste.paste(probabilities, box, size_hw, threshold=threshold))
        assert np.count_nonzero(got != wanted) <= 1 + wanted.sum() // 10_000


def test_a_hundred_masks_of_12_megapixels_take_less_than_a_megabyte() -> None:
    rng = np.random.default_rng(2)
    y, x = np.mgrid[-1:1:28j, -1:1:28j]
    disc = (1.4 - np.hypot(x, y)).clip(0, 1).astype(np.float32)
    kept = 0
    for _ in range(100):
        (left, top), (width, height) = rng.uniform(0, 2000, 2), rng.uniform(100, 1000, 2)
        box = np.array([left, top, left + width, top + height], np.float32)
        pasted = paste.paste(disc, box, (3000, 4000), threshold=0.5)
        assert rle.area(pasted) == pytest.approx(0.6 * width * height, rel=0.1)
        kept += pasted.counts.nbytes
    assert kept < 1_000_000


@pytest.mark.parametrize("samples", [0, 1, 2, 3])
def test_pooled_features_are_those_of_torchvision(samples: int) -> None:
    torch.manual_seed(0)
    features = {
        name: torch.randn(1, 8, 128 // stride, 160 // stride)
        for name, stride in (("a", 4), ("unused", 8), ("b", 16), ("c", 32))
    }
    corners = torch.rand(300, 2, 2).sort(dim=1).values * torch.tensor([160, 128])
    # Boxes at and over the edge, and one without a size.
    corners[0], corners[1], corners[2] = 0, 127.99, torch.tensor([[-20, -9], [200, 150]])
    pooler = MultiScaleRoIAlign(["a", "b", "c"], (5, 4), samples, canonical_scale=60)
    boxes = corners.flatten(1)
    wanted = pooler(features, [boxes], [(128, 160)])
    for layout in (torch.contiguous_format, torch.channels_last):
        ordered = {name: it.contiguous(memory_format=layout) for name, it in features.items()}
        got = roi_align.pool(pooler, ordered, boxes, (128, 160))
        assert torch.allclose(got, wanted, atol=1e-4)
    assert roi_align.pool(pooler, features, boxes[:0], (128, 160)).shape == (0, 8, 5, 4)


def test_pooling_from_one_map_needs_no_levels() -> None:
    torch.manual_seed(0)
    feature, boxes = {"0": torch.randn(1, 3, 10, 12)}, torch.tensor([[3.0, 5, 60, 71]])
    pooler = MultiScaleRoIAlign(["0"], 3, 2)
    got = roi_align.pool(pooler, feature, boxes, (80, 96))
    assert torch.allclose(got, pooler(feature, [boxes], [(80, 96)]), atol=1e-5)


@pytest.mark.parametrize(
    "size_hw", [(37, 50), (480, 640), (427, 640), (900, 90), (20, 20), (333, 500), (1, 7)]
)
def test_the_input_is_that_of_torchvision(size_hw: tuple[int, int]) -> None:
    image = image_of(size_hw)
    transform = GeneralizedRCNNTransform(200, 333, [0.4, 0.5, 0.3], [0.2, 0.3, 0.25]).eval()
    wanted, _ = transform([torch.from_numpy(image).permute(2, 0, 1).float() / 255])
    got, inner_hw = resize.network_input(image, transform, fast=False)
    assert inner_hw == tuple(wanted.image_sizes[0])
    assert got.shape == wanted.tensors.shape
    assert torch.allclose(got, wanted.tensors, atol=1e-4)


@given(st.tuples(st.integers(1, 5000), st.integers(1, 5000)))
def test_an_image_is_fitted_as_in_torchvision(size_hw: tuple[int, int]) -> None:
    height, width = resize.fitted_size(size_hw, 800, 1333, upsize=True)
    assert max(height, width) <= 1333
    assert min(height, width) <= 800
    assert min(height, width) >= 1
    smaller = resize.fitted_size(size_hw, 800, 1333, upsize=False)
    assert smaller == (min(height, size_hw[0]), min(width, size_hw[1]))


def test_the_fast_input_is_within_one_gray_level() -> None:
    transform = GeneralizedRCNNTransform(200, 333, [0.0] * 3, [1 / 255] * 3).eval()
    exact, _ = resize.network_input(image_of((480, 640)), transform, fast=False)
    fast, inner_hw = resize.network_input(image_of((480, 640)), transform, fast=True)
    assert inner_hw == (200, 266)
    assert (fast - exact).abs().max() <= 1


def test_a_resnet_is_made_lean_throughout() -> None:
    backbone = resnet_fpn_backbone(
        backbone_name="resnet18", weights=None, norm_layer=FrozenBatchNorm2d
    )
    head = FastRCNNConvFCHead((256, 7, 7), [32, 32], [64], nn.BatchNorm2d)
    model = MaskRCNN(
        backbone,
        box_head=head,
        box_predictor=FastRCNNPredictor(64, 3),
        mask_head=MaskRCNNHeads(256, [32, 32], 1, nn.BatchNorm2d),
        mask_predictor=MaskRCNNPredictor(32, 16, 3),
    )
    parts = Parts(model.eval(), torch.float32)
    for part in (parts.backbone, parts.rpn_head, parts.box_head, parts.mask_head):
        assert n_norms(part.module) == 0
        assert part.memory_format is torch.channels_last
    assert parts.n_classes == 3
    assert type(parts.backbone.module.fpn) is Pyramid


@pytest.mark.parametrize("extra", [None, LastLevelMaxPool(), LastLevelP6P7(6, 8)])
def test_a_lean_pyramid_returns_what_it_replaces(extra: nn.Module | None) -> None:
    torch.manual_seed(0)
    usual = FeaturePyramidNetwork([4, 5, 6], 8, extra)
    maps = OrderedDict(
        (name, torch.randn(1, n, 19 // step, 27 // step))
        for name, n, step in (("a", 4, 1), ("b", 5, 2), ("c", 6, 4))
    )
    holder = nn.Sequential(usual)
    with torch.no_grad():
        wanted = usual(OrderedDict(maps))
        undo = replace_pyramids(holder)
        got = holder(maps)
    assert holder[0] is not usual
    assert [*got] == [*wanted]
    assert all(torch.equal(got[name], wanted[name]) for name in wanted)
    assert [*maps] == ["a", "b", "c"]
    undo()
    assert holder[0] is usual


def n_norms(module: nn.Module) -> int:
    return sum(isinstance(it, nn.BatchNorm2d | FrozenBatchNorm2d) for it in module.modules())


class Chain(nn.Module):
    """A convolution and a norm, put together in a way of its own."""

    def __init__(self, joined: Callable[[Chain, Tensor], Tensor], norm: nn.Module) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.conv, self.norm, self.joined = nn.Conv2d(3, 4, 1), norm, joined
        for value in (norm.running_mean, norm.running_var, norm.weight, norm.bias):
            if value is not None:
                nn.init.uniform_(value, 0.5, 2)

    def forward(self, x: Tensor) -> Tensor:
        return self.joined(self, x)


CHAINS: dict[str, tuple[Callable[[Chain, Tensor], Tensor], int]] = {
    "in a row": (lambda me, x: me.norm(me.conv(x)), 0),
    "twice in a row": (lambda me, x: me.norm(me.conv(x)) + me.norm(me.conv(x * 2)), 0),
    "with a ReLU between": (lambda me, x: me.norm(me.conv(x).relu()), 1),
    "with a ReLU in place": (lambda me, x: me.norm(me.conv(x).relu_()), 1),
    "read before the norm": (lambda me, x: me.norm(y := me.conv(x)) + y, 1),
    "of which one without": (lambda me, x: me.norm(me.conv(x)) + me.conv(x * 2), 1),
    "and a norm alone": (lambda me, x: me.norm(me.norm(me.conv(x))), 1),
    "looked at": (lambda me, x: me.norm(me.conv(x)) * me.norm.weight[0], 1),
    "in odd order": (lambda me, x: me.norm(me.conv(x).view(1, 4, -1)[..., None]), 1),
}


@pytest.mark.parametrize("joined", CHAINS)
@pytest.mark.parametrize("norm", [nn.BatchNorm2d, FrozenBatchNorm2d])
def test_a_norm_is_folded_where_that_is_safe(joined: str, norm: type[nn.Module]) -> None:
    way, n_left = CHAINS[joined]
    chain = Chain(way, norm(4)).eval()
    x = torch.randn(1, 3, 6, 6)
    with torch.no_grad():
        wanted = chain(x)
        part = Part(chain)
        part.prepare(torch.randn(1, 3, 5, 7))
        assert torch.allclose(part(x), wanted, atol=1e-5)
    assert n_norms(chain) == n_left


def test_a_norm_without_weights_is_folded() -> None:
    chain = Chain(CHAINS["in a row"][0], nn.BatchNorm2d(4, affine=False)).eval()
    x = torch.randn(1, 3, 6, 6)
    with torch.no_grad():
        wanted = chain(x)
        part = Part(chain)
        part.prepare(x)
        assert torch.allclose(part(x), wanted, atol=1e-5)
    assert n_norms(chain) == 0


def test_a_norm_of_its_own_statistics_stays() -> None:
    chain = Chain(CHAINS["in a row"][0], nn.BatchNorm2d(4, track_running_stats=False)).eval()
    with torch.no_grad():
        Part(chain).prepare(torch.randn(1, 3, 6, 6))
    assert n_norms(chain) == 1


def test_a_part_that_rejects_the_noise_stays_as_it_is() -> None:
    part = Part(nn.Sequential(nn.Conv2d(5, 4, 1), nn.BatchNorm2d(4)).eval())
    with torch.no_grad():
        assert part.prepare(torch.randn(1, 3, 6, 6)) is None
    assert n_norms(part.module) == 1
    assert part.memory_format is torch.contiguous_format
