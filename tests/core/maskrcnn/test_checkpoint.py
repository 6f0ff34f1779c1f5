"""Reading weights: what a checkpoint may look like. What it must not is in tests/hostile."""

from __future__ import annotations

import argparse
import json
import struct
from collections import Counter
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from maskcore.errors import ModelError
from maskcore.maskrcnn import architecture, checkpoint, demo


@pytest.fixture(scope="module")
def state() -> dict[str, Tensor]:
    return dict(demo.build().state_dict())


def saved(path: Path, content: object) -> Path:
    torch.save(content, path)
    return path


def safetensors_bytes(tensors: dict[str, Tensor]) -> bytes:
    """Written from the description of the format, not with the library that reads it."""
    names = {torch.float16: "F16", torch.bfloat16: "BF16", torch.float32: "F32"}
    names[torch.int64] = "I64"
    header: dict[str, object] = {"__metadata__": {"format": "pt"}}
    values = b""
    for name, tensor in tensors.items():
        content = bytes(tensor.contiguous().reshape(-1).view(torch.uint8).tolist())
        place = [len(values), len(values) + len(content)]
        header[name] = {
            "dtype": names[tensor.dtype],
            "shape": list(tensor.shape),
            "data_offsets": place,
        }
        values += content
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + values


def same(left: dict[str, Tensor], right: dict[str, Tensor]) -> bool:
    return left.keys() == right.keys() and all(torch.equal(left[key], right[key]) for key in left)


@pytest.mark.parametrize("wrapping", ["model", "state_dict", "model_state_dict", None])
@pytest.mark.parametrize("prefix", ["module.", "_orig_mod.", "module.model.", ""])
def test_a_state_dict_is_found_in_its_wrappings(
    tmp_path: Path, wrapping: str | None, prefix: str
) -> None:
    weights = {"a.weight": torch.arange(6.0).reshape(2, 3), "a.bias": torch.ones(2)}
    named = {prefix + key: value for key, value in weights.items()}
    content = {wrapping: named, "epoch": 3} if wrapping else named
    assert same(checkpoint.load_state(saved(tmp_path / "w.pt", content)), weights)


def test_what_torchvisions_training_script_saves_is_read(tmp_path: Path) -> None:
    model = nn.Linear(3, 2)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    model(torch.ones(1, 3)).sum().backward()
    optimizer.step()
    schedule = torch.optim.lr_scheduler.MultiStepLR(optimizer, milestones=[8, 11])
    content = {
        "model": model.state_dict(),
        "optimizer": optimizer.state_dict(),
        "lr_scheduler": schedule.state_dict(),
        "args": argparse.Namespace(dataset="coco", lr=0.02, aspect_ratio_group_factor=3),
        "epoch": 25,
    }
    assert isinstance(schedule.state_dict()["milestones"], Counter)
    read = checkpoint.load_state(saved(tmp_path / "model_25.pth", content))
    assert same(read, dict(model.state_dict()))


def test_a_model_of_parameters_is_read(tmp_path: Path) -> None:
    content = {"w": nn.Parameter(torch.ones(2))}
    assert checkpoint.load_state(saved(tmp_path / "w.pt", content))["w"].tolist() == [1, 1]


def test_the_legacy_format_is_read_only_on_request(tmp_path: Path) -> None:
    path = tmp_path / "old.pth"
    torch.save({"w": torch.ones(2)}, path, _use_new_zipfile_serialization=False)
    with pytest.raises(ModelError, match=r"^old\.pth is in the format of PyTorch before 1\.6"):
        checkpoint.load_state(path)
    assert checkpoint.load_state(path, legacy=True)["w"].tolist() == [1, 1]


def test_a_safetensors_file_is_told_by_its_content(tmp_path: Path) -> None:
    weights = {
        "model.w": torch.arange(6.0).reshape(2, 3),
        "model.h": torch.tensor([0.5, -2], dtype=torch.float16),
        "model.b": torch.tensor(1.5, dtype=torch.bfloat16),
        "model.n": torch.tensor([7, -7]),
        "model.none": torch.ones(0, 4),
    }
    path = tmp_path / "weights.bin"
    path.write_bytes(safetensors_bytes(weights))
    read = checkpoint.load_state(path)
    assert same(read, {key.removeprefix("model."): it for key, it in weights.items()})


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32])
def test_weights_are_converted_to_32_bit_floats(
    state: dict[str, Tensor], dtype: torch.dtype
) -> None:
    given = {key: it.to(dtype) if it.is_floating_point() else it for key, it in state.items()}
    built = architecture.build(given, "w.pt")
    weight = built.state_dict()["roi_heads.box_predictor.cls_score.weight"]
    assert weight.dtype == torch.float32
    assert torch.equal(weight, given["roi_heads.box_predictor.cls_score.weight"].float())
    assert not built.training


def test_the_model_has_weights_of_its_own(state: dict[str, Tensor]) -> None:
    given = {key: it.clone() for key, it in state.items()}
    built = architecture.build(given, "w.pt")
    before = built.backbone.body.stem[0].weight.clone()
    for value in given.values():
        value.zero_()
    assert torch.equal(built.backbone.body.stem[0].weight, before)


def test_counts_of_batches_may_be_missing(state: dict[str, Tensor]) -> None:
    given = {key: it for key, it in state.items() if "num_batches_tracked" not in key}
    assert len(given) < len(state)
    assert architecture.build(given, "w.pt").roi_heads.box_predictor.cls_score.out_features == 4


def without(state: dict[str, Tensor], *parts: str) -> dict[str, Tensor]:
    return {key: it for key, it in state.items() if not any(part in key for part in parts)}


def test_what_is_no_mask_rcnn_is_refused_in_few_words(state: dict[str, Tensor]) -> None:
    body = next(iter(state))
    refused = {
        "it lacks roi_heads.box_predictor.cls_score.weight": {"fc.weight": torch.ones(10, 5)},
        "it lacks roi_heads.mask_head.0.0.weight and 11 more": without(state, "mask"),
        "no such model has extra.weight": {**state, "extra.weight": torch.ones(1)},
        "has the shape (1,) instead of (24, 3, 3, 3)": {**state, body: torch.ones(1)},
        "has the shape (3,)": {
            **state,
            "roi_heads.box_predictor.cls_score.weight": torch.ones(3),
        },
    }
    for reason, given in refused.items():
        with pytest.raises(ModelError) as caught:
            architecture.build(given, "w.pt")
        assert str(caught.value).startswith("w.pt is not a Mask R-CNN that is known here (")
        assert reason in str(caught.value)
        assert len(str(caught.value)) < 200


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_weights_that_are_not_numbers_are_refused(state: dict[str, Tensor], value: float) -> None:
    key = "roi_heads.box_predictor.bbox_pred.bias"
    broken = state[key].clone()
    broken[3] = value
    with pytest.raises(ModelError, match=f"not numbers .in {key}.: its training failed"):
        architecture.build({**state, key: broken}, "w.pt")


def test_other_kinds_of_numbers_are_refused(state: dict[str, Tensor]) -> None:
    key = "roi_heads.box_predictor.cls_score.weight"
    for broken, kind in (
        (state[key].double(), "float64"),
        (state[key].to(torch.int8), "int8"),
        (state[key].to_sparse(), "float32"),
        (state[key].to("meta"), "float32"),
    ):
        with pytest.raises(ModelError, match=f"has {key} as {kind}"):
            architecture.build({**state, key: broken}, "w.pt")


def test_a_negative_variance_is_refused(state: dict[str, Tensor]) -> None:
    key = next(key for key in state if key.endswith("running_var"))
    with pytest.raises(ModelError, match="has a negative variance"):
        architecture.build({**state, key: -state[key]}, "w.pt")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"There is no file .*nowhere\.pt"):
        checkpoint.load_state(tmp_path / "nowhere.pt")
    with pytest.raises(ModelError, match="cannot be read: Is a directory"):
        checkpoint.load_state(tmp_path)


def test_a_file_larger_than_the_limit_is_not_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checkpoint, "MAX_BYTES", 1000)
    with pytest.raises(ModelError, match=r"^w\.pt is larger than"):
        checkpoint.load_state(saved(tmp_path / "w.pt", {"w": torch.ones(2000)}))
