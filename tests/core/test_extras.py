from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from maskcore import extras, image_io, maskrcnn
from maskcore.__main__ import main
from maskcore.errors import MaskcoreError, ModelError

NEEDS_TORCH = 'Finding objects needs PyTorch: pip install "mask-studio[maskrcnn]"'


def test_what_is_installed_is_not_missed() -> None:
    extras.require("maskrcnn", "This")
    extras.require("learn", "This")


def test_the_sentence_names_what_is_missing_and_what_brings_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "torchvision", None)
    with pytest.raises(MaskcoreError) as caught:
        extras.require("maskrcnn", "This")
    assert type(caught.value) is MaskcoreError
    assert str(caught.value) == 'This needs torchvision: pip install "mask-studio[maskrcnn]"'


@pytest.mark.parametrize("name", maskrcnn.__all__)
def test_without_torch_whoever_finds_objects_is_told(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(ModelError) as caught:
        getattr(maskrcnn, name)
    assert str(caught.value) == NEEDS_TORCH


@pytest.mark.parametrize("command", ["cutouts", "segment"])
def test_without_torch_a_command_says_what_to_install(
    command: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys
) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    photo = tmp_path / "photo.png"
    photo.write_bytes(image_io.encode_png(np.zeros((8, 8, 3), np.uint8)))
    assert main([command, str(photo), "--out", str(tmp_path / "out")]) == 2
    assert capsys.readouterr().err.splitlines()[-1] == NEEDS_TORCH
