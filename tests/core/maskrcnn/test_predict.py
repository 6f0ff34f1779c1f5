from __future__ import annotations

import copy
import gc
import subprocess
import sys
from collections import OrderedDict
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torchvision.models import detection
from torchvision.models.detection import MaskRCNN
from torchvision.models.detection.anchor_utils import AnchorGenerator
from torchvision.models.detection.faster_rcnn import FastRCNNPredictor, TwoMLPHead
from torchvision.models.detection.mask_rcnn import MaskRCNNHeads, MaskRCNNPredictor
from torchvision.models.detection.roi_heads import RoIHeads
from torchvision.models.detection.rpn import RegionProposalNetwork
from torchvision.models.detection.transform import GeneralizedRCNNTransform
from torchvision.ops import FeaturePyramidNetwork, MultiScaleRoIAlign

from maskcore import rle
from maskcore.errors import ModelError
from maskcore.maskrcnn import Segmenter, predict
from maskcore.types import Image, Instance
from tests import two_go

LABELS = ["background", "ant", "bee", "cat", "dog"]
ROOT = Path(__file__).parents[3]

FAULTS: list[Exception] = []
"""What the tiny backbones raise next: they are copied, so they cannot be told themselves."""
INPUTS: list[tuple[int, ...]] = []
"""The sizes of what they were given."""


@pytest.fixture(autouse=True, scope="module")
def one_thread() -> Iterator[None]:
    """Tiny networks: threads would only wait for each other."""
    n_threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(n_threads)


def conv_norm(channels_in: int, channels: int, stride: int = 2) -> nn.Sequential:
    conv = nn.Conv2d(channels_in, channels, 3, stride, padding=1, bias=False)
    return nn.Sequential(conv, nn.BatchNorm2d(channels), nn.ReLU(inplace=True))


class OneMap(nn.Module):
    """Returns a plain tensor at stride 8."""

    out_channels = 32

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(conv_norm(3, 16), conv_norm(16, 32), conv_norm(32, 32))

    def forward(self, x: Tensor) -> Tensor:
        INPUTS.append(tuple(x.shape[-2:]))
        if FAULTS:
            raise FAULTS.pop()
        return self.layers(x)


class NeedsOrder(OneMap):
    """Works on its map in a way that refuses channels-last memory."""

    def forward(self, x: Tensor) -> Tensor:
        x = super().forward(x)
        return x.view(1, 32, -1).flip(1).view(x.shape)


class Misleading(OneMap):
    """Batch norms that follow a convolution in every way but the one that allows folding."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.relu, self.after_relu = nn.Conv2d(32, 32, 1), nn.ReLU(True), norm()
        self.twice, self.after_twice = nn.Conv2d(32, 32, 1), norm()
        self.shared, self.after_shared = nn.Conv2d(32, 32, 1), nn.ModuleList([norm(), norm()])

    def forward(self, x: Tensor) -> Tensor:
        x = super().forward(x)
        x = self.after_relu(self.relu(self.conv(x)))
        twice = self.twice(x)
        x = twice + self.after_twice(twice)
        return self.after_shared[0](self.shared(x)) + self.after_shared[1](self.shared(x + 1))


class Pyramid(nn.Module):
    """Three levels with names of their own; the anchors see one more than the heads do."""

    out_channels = 24

    def __init__(self) -> None:
        super().__init__()
        self.steps = nn.ModuleList([conv_norm(3, 8), conv_norm(8, 16), conv_norm(16, 32)])
        self.fpn = FeaturePyramidNetwork([8, 16, 32], 24)

    def forward(self, x: Tensor) -> OrderedDict[str, Tensor]:
        maps = OrderedDict()
        for name, step in zip(("fine", "middle", "coarse"), self.steps, strict=True):
            x = step(x)
            maps[name] = x
        return self.fpn(maps)


def norm() -> nn.BatchNorm2d:
    return nn.BatchNorm2d(32)


def spread(model: MaskRCNN) -> MaskRCNN:
    """Give random weights the statistics of one picture, varied scores and masks with edges."""
    model.eval()
    predictor, last = model.roi_heads.box_predictor.cls_score, model.roi_heads.mask_predictor[-1]
    seen: dict[nn.Module, float] = {}
    hooks = [
        layer.register_forward_hook(lambda me, _in, out: seen.update({me: float(out.std())}))
        for layer in (predictor, last)
    ]
    norms = [module for module in model.modules() if isinstance(module, nn.BatchNorm2d)]
    for one in norms:
        one.momentum = 1.0
        one.train()
        nn.init.uniform_(one.weight, 0.5, 1.5)
        nn.init.uniform_(one.bias, -0.5, 0.5)
    with torch.no_grad():
        model([tensor(picture((80, 120)))])
        for one in norms:
            one.eval()
        model([tensor(picture((80, 120)))])
        predictor.weight *= 2.5 / seen[predictor]
        last.weight *= 5 / seen[last]
    for hook in hooks:
        hook.remove()
    return model


def tiny(backbone: nn.Module | None = None, **changes: Any) -> MaskRCNN:
    torch.manual_seed(1)
    backbone = backbone or OneMap()
    ratio = changes.pop("sampling_ratio", 2)
    n_channels = backbone.out_channels
    box_pool = changes.pop("box_roi_pool", MultiScaleRoIAlign(["0"], 7, ratio))
    arguments: dict[str, Any] = {
        "min_size": 96,
        "max_size": 160,
        "rpn_anchor_generator": AnchorGenerator(((16, 32, 64),), ((0.5, 1.0, 2.0),)),
        "rpn_post_nms_top_n_test": 150,
        "box_roi_pool": box_pool,
        "box_head": TwoMLPHead(n_channels * box_pool.output_size[0] ** 2, 32),
        "box_predictor": FastRCNNPredictor(32, len(LABELS)),
        "mask_roi_pool": MultiScaleRoIAlign(["0"], 14, ratio),
        "mask_head": MaskRCNNHeads(n_channels, (16, 16), 1, nn.BatchNorm2d),
        "mask_predictor": MaskRCNNPredictor(16, 16, len(LABELS)),
        "box_detections_per_img": 30,
        "box_score_thresh": 0.2,
    }
    return spread(MaskRCNN(backbone, **(arguments | changes)))


def with_pyramid() -> MaskRCNN:
    torch.manual_seed(0)
    return tiny(
        Pyramid(),
        rpn_anchor_generator=AnchorGenerator(((8,), (24,), (48,)), ((0.5, 1.0, 2.0),) * 3),
        box_roi_pool=MultiScaleRoIAlign(
            ["fine", "coarse"], 5, 3, canonical_scale=40, canonical_level=2
        ),
        mask_roi_pool=MultiScaleRoIAlign(
            ["fine", "middle", "coarse"], 9, 1, canonical_scale=40, canonical_level=2
        ),
    )


def resnet(name: str) -> MaskRCNN:
    torch.manual_seed(0)
    build = getattr(detection, name)
    return spread(
        build(
            weights=None,
            weights_backbone=None,
            num_classes=len(LABELS),
            min_size=64,
            max_size=96,
            rpn_post_nms_top_n_test=60,
            box_detections_per_img=20,
        )
    )


class OtherProposals(RegionProposalNetwork):
    def filter_proposals(self, *args: Any) -> Any:
        boxes, scores = super().filter_proposals(*args)
        return [one[::2] for one in boxes], scores


class OtherHeads(RoIHeads):
    def postprocess_detections(self, *args: Any) -> Any:
        return tuple([one[::2] for one in part] for part in super().postprocess_detections(*args))


class OtherPool(MultiScaleRoIAlign):
    def forward(self, *args: Any) -> Tensor:
        return super().forward(*args) * 1.5


class OtherTransform(GeneralizedRCNNTransform):
    def normalize(self, image: Tensor) -> Tensor:
        return super().normalize(1 - image)


class OtherForward(MaskRCNN):
    def forward(self, images: Any, targets: Any = None) -> Any:
        return super().forward([image.flip(-2) for image in images], targets)


MODELS: dict[str, Callable[[], MaskRCNN]] = {
    "one map": tiny,
    "pyramid": with_pyramid,
    "adaptive sampling": lambda: tiny(sampling_ratio=0),
    "fixed size": lambda: tiny(fixed_size=(112, 80)),  # width, height
    "padded to multiples of 8": lambda: tiny(size_divisible=8),
    "needs the usual order": lambda: tiny(NeedsOrder()),
    "misleading norms": lambda: tiny(Misleading()),
    "other proposals": lambda: with_class(tiny(), "rpn", OtherProposals),
    "other heads": lambda: with_class(tiny(), "roi_heads", OtherHeads),
    "other pool": lambda: with_class(tiny(), "roi_heads.mask_roi_pool", OtherPool),
    "other transform": lambda: with_class(tiny(), "transform", OtherTransform),
    "other forward": lambda: with_class(tiny(), "", OtherForward),
    "double precision": lambda: tiny().double(),
    "resnet50": lambda: resnet("maskrcnn_resnet50_fpn"),
    "resnet50 v2": lambda: resnet("maskrcnn_resnet50_fpn_v2"),
}
SIZES = [(60, 90), (200, 75), (31, 140)]


def with_class(model: MaskRCNN, part: str, cls: type[nn.Module]) -> MaskRCNN:
    model.get_submodule(part).__class__ = cls
    return model


@cache
def model_named(name: str) -> MaskRCNN:
    return MODELS[name]()


@cache
def segmenter_named(name: str) -> Segmenter:
    # Where the processor could do with less, the results would be nearly torchvision's only.
    return Segmenter(model_named(name), LABELS, precision="fp32")


def picture(size_hw: tuple[int, int], seed: int = 0) -> Image:
    """Coarse and fine noise, so that there is something to find at every size."""
    rng = np.random.default_rng(seed)
    layers = [
        cv2.resize(rng.normal(0, 45, (n, n, 3)), size_hw[::-1], interpolation=cv2.INTER_CUBIC)
        for n in (3, 8, 30)
    ]
    return np.clip(sum(layers) + 128, 0, 255).astype(np.uint8)


def tensor(image: Image) -> Tensor:
    return torch.from_numpy(image).permute(2, 0, 1).float() / 255


@torch.no_grad()
def torchvision_way(
    model: MaskRCNN, image: Image, threshold: float, labels: list[str], mask_threshold: float = 0.5
) -> list[Instance]:
    dtype = next(model.parameters()).dtype
    found = model([tensor(image).to(dtype)])[0]
    instances = [
        Instance(rle.encode((plane[0] >= mask_threshold).numpy()), labels[number], score)
        for number, score, plane in zip(
            found["labels"].tolist(), found["scores"].tolist(), found["masks"], strict=True
        )
        if score >= threshold
    ]
    return [one for one in instances if rle.area(one.mask)]


def agree(got: list[Instance], wanted: list[Instance]) -> None:
    assert [one.label for one in got] == [one.label for one in wanted]
    for one, other in zip(got, wanted, strict=True):
        assert one.score == pytest.approx(other.score, abs=1e-3)
        differing = rle.area(rle.union([one.mask, other.mask])) - rle.area(
            rle.intersection([one.mask, other.mask])
        )
        # One pixel on the edge may be rounded to the other side, also of a mask of ten.
        assert differing <= 1 or rle.iou(one.mask, other.mask) >= 0.99


@pytest.mark.parametrize("name", MODELS)
def test_finds_what_torchvision_finds(name: str) -> None:
    model, segmenter = model_named(name), segmenter_named(name)
    found = 0
    for seed, size_hw in enumerate(SIZES[:1] if name.startswith("resnet") else SIZES):
        image = picture(size_hw, seed)
        every = torchvision_way(model, image, 0, LABELS)
        for threshold in (0.0, 0.5, 0.8):
            wanted = [one for one in every if one.score >= threshold]
            agree(segmenter.predict(image, score_threshold=threshold), wanted)
            found += len(wanted)
    assert found > 15
    assert segmenter.precision == "fp32"


@pytest.mark.skipif(not two_go.available(), reason="needs MASKCORE_TEST_DATA")
def test_finds_what_torchvision_finds_in_photos() -> None:
    model, labels = two_go.build(), two_go.labels()
    segmenter = Segmenter(model, labels, precision="fp32")
    photos = sorted((two_go.FOLDER.parents[1] / "coco" / "images").glob("*.jpg"))[:4]
    found = 0
    for photo in photos:
        image = cv2.cvtColor(cv2.imread(str(photo)), cv2.COLOR_BGR2RGB)
        wanted = torchvision_way(model, image, 0.3, labels)
        agree(segmenter.predict(image, score_threshold=0.3), wanted)
        found += len(wanted)
    assert found > 20


def test_the_mask_threshold_is_the_callers() -> None:
    image = picture((60, 90))
    for threshold in (0.1, 0.9):
        wanted = torchvision_way(model_named("one map"), image, 0.5, LABELS, threshold)
        agree(segmenter_named("one map").predict(image, mask_threshold=threshold), wanted)


def test_wanted_labels_choose_from_what_torchvision_keeps() -> None:
    # With room for six detections of all labels, the wanted ones do not move up.
    model = tiny(box_detections_per_img=6)
    segmenter, image = Segmenter(model, LABELS, precision="fp32"), picture((80, 120))
    every = torchvision_way(model, image, 0.2, LABELS)
    assert len({one.label for one in every}) > 1
    for wanted in (["ant"], ["bee", "dog"], []):
        got = segmenter.predict(image, score_threshold=0.2, labels=wanted)
        agree(got, [one for one in every if one.label in wanted])


def test_labels_may_share_a_name() -> None:
    segmenter = Segmenter(model_named("one map"), ["background", "bug", "bug", "cat", "cat"])
    every = segmenter.predict(picture((60, 90)))
    bugs = segmenter.predict(picture((60, 90)), labels=["bug"])
    assert 0 < len(bugs) < len(every)
    agree(bugs, [one for one in every if one.label == "bug"])


def test_the_best_comes_first_and_scores_are_plain_numbers() -> None:
    found = segmenter_named("one map").predict(picture((60, 90)), score_threshold=0.3)
    scores = [one.score for one in found]
    assert scores == sorted(scores, reverse=True)
    assert all(type(score) is float for score in scores)
    assert {one.mask.size_hw for one in found} == {(60, 90)}


def test_several_images_come_one_by_one() -> None:
    segmenter, images = segmenter_named("one map"), [picture((60, 90)), picture((96, 96))]
    every = segmenter.predict_many(iter(images), score_threshold=0.6, labels=["ant", "bee"])
    assert isinstance(every, Iterator)
    for image, found in zip(images, every, strict=True):
        agree(found, segmenter.predict(image, score_threshold=0.6, labels=["ant", "bee"]))


def test_the_image_may_be_a_view() -> None:
    image = picture((60, 90))
    flipped = segmenter_named("one map").predict(image[::-1, ::-1])
    agree(flipped, segmenter_named("one map").predict(image[::-1, ::-1].copy()))


def test_neither_model_nor_image_is_changed() -> None:
    model, image = tiny(), picture((60, 90))
    model.train()
    before = copy.deepcopy(model)
    Segmenter(model, LABELS).predict(image)
    assert model.training
    assert str(model) == str(before)
    assert model.roi_heads.box_roi_pool.scales == before.roi_heads.box_roi_pool.scales
    for name, value in model.state_dict().items():
        assert torch.equal(value, before.state_dict()[name]), name
        assert value.stride() == before.state_dict()[name].stride(), name
    assert all(one.requires_grad for one in model.parameters())
    assert np.array_equal(image, picture((60, 90)))


def test_random_numbers_are_left_alone() -> None:
    state = torch.random.get_rng_state()
    model = model_named("one map")
    torch.random.set_rng_state(state)
    Segmenter(model, LABELS).predict(picture((60, 90)))
    assert torch.equal(torch.random.get_rng_state(), state)


def test_fast_mode_never_enlarges() -> None:
    segmenter = Segmenter(model_named("one map"), LABELS, precision="fp32", mode="fast")
    for size_hw, inner in [((40, 60), (64, 64)), ((200, 300), (96, 160)), ((1, 1), (32, 32))]:
        segmenter.predict(picture(size_hw))
        assert INPUTS[-1] == inner
    assert segmenter.mode == "fast"


def test_fast_mode_finds_nearly_the_same_in_an_image_of_the_right_size() -> None:
    image = picture((96, 144))
    fast = Segmenter(model_named("one map"), LABELS, precision="fp32", mode="fast").predict(image)
    agree(fast, segmenter_named("one map").predict(image))


@pytest.mark.parametrize("mode", ["exact", "fast"])
@pytest.mark.parametrize("size_hw", [(1, 1), (1, 300), (65_500, 1), (3, 2)])
def test_any_size_of_image_has_an_answer(mode: Any, size_hw: tuple[int, int]) -> None:
    segmenter = Segmenter(model_named("pyramid"), LABELS, precision="fp32", mode=mode)
    image = np.full((*size_hw, 3), 200, np.uint8)
    assert all(one.mask.size_hw == size_hw for one in segmenter.predict(image))


def test_a_thin_image_does_not_spoil_the_next_one() -> None:
    # torchvision would keep the scales of the thin one for good.
    segmenter = Segmenter(with_pyramid(), LABELS, precision="fp32")
    segmenter.predict(picture((2, 600)))
    agree(
        segmenter.predict(picture((60, 90))), segmenter_named("pyramid").predict(picture((60, 90)))
    )


def test_no_objects_is_an_empty_list() -> None:
    assert segmenter_named("one map").predict(picture((60, 90)), score_threshold=1.0) == []


def test_weights_that_are_not_numbers_find_nothing() -> None:
    model = tiny()
    nn.init.constant_(model.backbone.layers[0][0].weight, float("nan"))
    assert Segmenter(model, LABELS).predict(picture((60, 90))) == []


def test_threads_take_turns() -> None:
    segmenter, images = segmenter_named("one map"), [picture((60, 90), seed) for seed in range(8)]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(segmenter.predict, images))
    for image, found in zip(images, together, strict=True):
        agree(found, segmenter.predict(image))


def test_bf16_is_nearly_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(predict, "cpu_runs_bf16", lambda: True)
    for name in ("one map", "pyramid", "adaptive sampling", "other heads", "other pool"):
        segmenter = Segmenter(model_named(name), LABELS, precision="auto")
        assert segmenter.precision == "bf16"
        image = picture((80, 120))
        (wanted, *_), got = segmenter_named(name).predict(image), segmenter.predict(image)
        assert max(rle.iou(one.mask, wanted.mask) for one in got if one.label == wanted.label) > 0.7
    assert Segmenter(model_named(name), LABELS, precision="fp32").precision == "fp32"


class OnlyFloats(OneMap):
    def forward(self, x: Tensor) -> Tensor:
        if x.dtype is not torch.float32:
            raise RuntimeError("expected float32")
        return super().forward(x)


def test_a_model_that_cannot_run_in_bf16_runs_in_fp32(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(predict, "cpu_runs_bf16", lambda: True)
    model = tiny(OnlyFloats())
    assert Segmenter(model, LABELS).precision == "fp32"
    with pytest.raises(ValueError, match="does not run in bf16: expected float32"):
        Segmenter(model, LABELS, precision="bf16")


def test_bf16_is_refused_where_it_would_be_slow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(predict, "cpu_runs_bf16", lambda: False)
    assert Segmenter(model_named("one map"), LABELS).precision == "fp32"
    with pytest.raises(ValueError, match="needs a CPU with AMX"):
        Segmenter(model_named("one map"), LABELS, precision="bf16")


@pytest.mark.parametrize("n_labels", [0, 4, 6])
def test_every_class_needs_a_label(n_labels: int) -> None:
    message = f"the 5 classes of the model, the background included, got {n_labels}"
    with pytest.raises(ValueError, match=message):
        Segmenter(model_named("one map"), ["thing"] * n_labels)


def test_a_missing_label_is_noticed_at_last_when_it_is_found() -> None:
    segmenter = Segmenter(model_named("other forward"), LABELS[:2])
    with pytest.raises(ValueError, match="labels name 2 classes, the model found 4"):
        segmenter.predict(picture((60, 90)), score_threshold=0)


def test_what_cannot_be_is_refused() -> None:
    model, image = model_named("one map"), picture((60, 90))
    with pytest.raises(TypeError, match="torchvision MaskRCNN, got Linear"):
        Segmenter(nn.Linear(1, 1), LABELS)
    with pytest.raises(ValueError, match='"exact" or "fast", got \'quick\''):
        Segmenter(model, LABELS, mode="quick")
    with pytest.raises(ValueError, match="got 'fp16'"):
        Segmenter(model, LABELS, precision="fp16")
    with pytest.raises(ValueError, match="device 'nonsense' cannot be used here"):
        Segmenter(model, LABELS, device="nonsense")
    segmenter = segmenter_named("one map")
    with pytest.raises(ValueError, match="among the model's, got background, cow"):
        segmenter.predict(image, labels=["cow", "ant", "background"])
    with pytest.raises(TypeError, match="collection of names, got 'ant'"):
        segmenter.predict(image, labels="ant")
    for wrong in (-0.1, 1.1, float("nan")):
        with pytest.raises(ValueError, match="score_threshold must be 0 to 1"):
            segmenter.predict(image, score_threshold=wrong)
    for wrong in (0, 1.1, float("nan")):
        with pytest.raises(ValueError, match="mask_threshold must be above 0"):
            segmenter.predict(image, mask_threshold=wrong)
    with pytest.raises(ValueError, match="image must be uint8, got float64"):
        segmenter.predict(image / 255)


@pytest.mark.parametrize(
    "fault",
    [
        MemoryError(),
        torch.OutOfMemoryError("some card"),
        RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes"),
    ],
)
def test_too_little_memory_is_a_sentence(fault: Exception) -> None:
    segmenter = segmenter_named("one map")
    FAULTS.append(fault)
    with pytest.raises(ModelError, match=r"not enough memory .* image of 90 × 60 pixels") as caught:
        segmenter.predict(picture((60, 90)))
    assert caught.value.__cause__ is fault
    assert segmenter.predict(picture((60, 90)))


def test_an_image_that_the_model_cannot_take_is_a_sentence() -> None:
    segmenter = segmenter_named("one map")
    FAULTS.append(RuntimeError("Kernel size can't be greater than actual input size"))
    with pytest.raises(ModelError, match="cannot work on an image of 90 × 60 pixels"):
        segmenter.predict(picture((60, 90)))


def test_a_full_graphics_card_hands_over_to_the_cpu(monkeypatch: pytest.MonkeyPatch) -> None:
    class Card(predict.Network):
        """A stand-in: the CPU under another name, full at once."""

        def to(self, device: torch.device) -> None:
            super().to(torch.device("cpu"))
            self.device = device

        def find(self, image: Image, **how: Any) -> Any:
            if self.device.type != "cpu":
                raise torch.OutOfMemoryError("CUDA out of memory.")
            return super().find(image, **how)

    monkeypatch.setattr(predict, "Network", Card)
    segmenter = Segmenter(model_named("one map"), LABELS, device="meta")
    assert (segmenter.device, segmenter.notes) == ("meta", ())
    for _ in range(2):
        agree(
            segmenter.predict(picture((60, 90))),
            segmenter_named("one map").predict(picture((60, 90))),
        )
        assert segmenter.device == "cpu"
        assert segmenter.notes == (
            "The memory of meta ran out, so the model now runs on the CPU, more slowly.",
        )


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_cuda_finds_what_the_cpu_finds() -> None:
    segmenter = Segmenter(model_named("pyramid"), LABELS, device="cuda")
    assert segmenter.device.startswith("cuda")
    image = picture((80, 120))
    agree(segmenter.predict(image), segmenter_named("pyramid").predict(image))


def test_a_model_of_its_own_kind_says_so() -> None:
    assert segmenter_named("one map").notes == ()
    assert segmenter_named("other forward").notes == (
        "This model has a forward pass of its own, so it runs as it is.",
    )


def test_nothing_is_kept_of_a_prediction() -> None:
    segmenter, image = segmenter_named("one map"), picture((60, 90))
    segmenter.predict(image)
    gc.collect()
    before = sum(issubclass(type(it), Tensor) for it in gc.get_objects())
    segmenter.predict(image)
    gc.collect()
    assert sum(issubclass(type(it), Tensor) for it in gc.get_objects()) == before


def test_fifty_megapixels_take_little_memory() -> None:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", BIG_IMAGE],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    megabytes, n_found = map(float, done.stdout.split())
    assert n_found == 30
    assert megabytes < 150  # one float plane is 200, and torchvision makes two for each object


BIG_IMAGE = """
from pathlib import Path
import numpy as np
from maskcore.maskrcnn import Segmenter
from tests.core.maskrcnn.test_predict import LABELS, picture, tiny
def megabytes(field):
    lines = Path("/proc/self/status").read_text("ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(field)) / 1024
segmenter = Segmenter(tiny(box_score_thresh=0.0), LABELS)
image = np.ascontiguousarray(picture((5000, 100)).repeat(100, axis=1))
segmenter.predict(picture((60, 90)))
Path("/proc/self/clear_refs").write_text("5", "ascii")
before = megabytes("VmRSS")
found = segmenter.predict(image, score_threshold=0)
print(megabytes("VmHWM") - before, len(found))
"""
