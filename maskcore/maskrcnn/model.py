"""Load a Mask R-CNN: by name, or from a checkpoint of the user's."""

from __future__ import annotations

import functools
import os
import threading
import weakref
from collections import OrderedDict
from collections.abc import Hashable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import torch

from maskcore.errors import ModelError
from maskcore.maskrcnn import architecture, checkpoint, download
from maskcore.maskrcnn.catalog import BACKGROUND, MODELS
from maskcore.maskrcnn.predict import Segmenter
from maskcore.wording import counted

if TYPE_CHECKING:
    from torchvision.models.detection import MaskRCNN

MAX_LOADED = 3
"""Models kept in memory; the one that was asked for least recently goes first."""

_DOWNLOADED = ("coco", "coco-v1")
_MAX_LABELS_BYTES = 1 << 20
_loaded: OrderedDict[Hashable, Segmenter] = OrderedDict()
_loading: weakref.WeakValueDictionary[Hashable, threading.Lock] = weakref.WeakValueDictionary()
_guard = threading.Lock()  # of the two above; never held while a model is loaded


def load(
    name_or_path: str | os.PathLike[str],
    *,
    labels: Sequence[str] | os.PathLike[str] | None = None,
    device: str = "auto",
    precision: Literal["auto", "fp32", "bf16"] = "auto",
    mode: Literal["exact", "fast"] = "exact",
    weights: str | os.PathLike[str] | None = None,
    progress: download.Progress | None = None,
) -> Segmenter:
    """Return a model that is ready to find objects; the same object for the same arguments.

    A model is loaded once per process and shared by its threads.

    Args:
        name_or_path: A name in `catalog.MODELS`, or the path of a checkpoint: a state dict for
            one of those models, with any number of classes, as ``torch.save`` or safetensors
            writes it.
        labels: What the classes are called: a list, or a text file in UTF-8 with one on a line,
            which is given as a path object, since a str could be a label as well. The background,
            class 0, may be left out. Without labels a checkpoint's classes are called "class 1",
            "class 2", ...
        device: "auto" takes the first of CUDA, Apple's MPS and the CPU that works; else a name as
            torch has it.
        precision: As `Segmenter` takes it.
        mode: As `Segmenter` takes it.
        weights: For "coco" and "coco-v1": the file that torchvision publishes, or a folder with
            it. Without it the file is looked for in the folder that the environment variable
            MASKCORE_WEIGHTS names and in torch hub's cache, and else downloaded into that cache.
        progress: Called with the bytes done and the bytes in all during a download; what it
            raises cancels the download and reaches the caller.

    Returns:
        A segmenter that others may use at the same time.

    Raises:
        ModelError: If there is no such model, file or device; if the file is not a checkpoint of
            a model that is known; if it cannot be downloaded; or if the labels do not fit.
    """
    if weights is not None and name_or_path not in _DOWNLOADED:
        raise ValueError(f"weights are for {' and '.join(_DOWNLOADED)}, got {name_or_path!r}")
    names = None if labels is None else _read_labels(labels)
    place = _place(device)
    source, version = _source(name_or_path)
    may_fall_back = device == "auto" and place != "cpu"
    key = (source, version, names, place, may_fall_back, precision, mode)
    with _guard:
        lock = _loading.get(key) or _loading.setdefault(key, threading.Lock())
    with lock:
        with _guard:
            if key in _loaded:
                _loaded.move_to_end(key)
                return _loaded[key]
        model, title = _build(source, weights, progress)
        all_labels = _all_labels(source, names, _n_classes(model), title)
        segmenter = _segmenter(
            model, all_labels, place, precision, mode, may_fall_back=may_fall_back
        )
        with _guard:
            _loaded[key] = segmenter
            while len(_loaded) > MAX_LOADED:
                _loaded.popitem(last=False)
        return segmenter


def forget() -> None:
    """Drop the models that `load` keeps."""
    with _guard:
        _loaded.clear()


def _source(name_or_path: str | os.PathLike[str]) -> tuple[str | Path, tuple[int, ...]]:
    """Return a model's name, or a file's path and what changes when the file does."""
    if not isinstance(name_or_path, str | os.PathLike):
        raise TypeError(f"name_or_path must be a str or a Path, got {type(name_or_path).__name__}")
    if isinstance(name_or_path, str) and name_or_path in MODELS:
        return name_or_path, ()
    try:
        path = Path(name_or_path).resolve()
        status = path.stat()
        if path.is_file():
            return path, (status.st_mtime_ns, status.st_size, status.st_ino)
    except (OSError, ValueError) as error:  # ValueError: a NUL in it
        raise ModelError(
            f"There is no model and no file {str(name_or_path)!r}; the models are "
            f"{', '.join(MODELS)}"
        ) from error
    raise ModelError(f"{name_or_path} is not a file; give the path of a checkpoint")


def _build(
    source: str | Path, weights: str | os.PathLike[str] | None, progress: download.Progress | None
) -> tuple[MaskRCNN, str]:
    """Return the model and what to call it in a message."""
    if isinstance(source, Path):
        return architecture.build(checkpoint.load_state(source), source.name), source.name
    if source == "demo":
        from maskcore.maskrcnn import demo

        return architecture.build(checkpoint.load_state(demo.WEIGHTS), demo.WEIGHTS.name), source
    path = download.find_or_fetch(MODELS[source], weights, progress)
    # torchvision's v1 weights are older than the format that others' files must have.
    state = checkpoint.load_state(path, legacy=True)
    return architecture.build(state, path.name), source


def _segmenter(
    model: MaskRCNN,
    labels: tuple[str, ...],
    device: str,
    precision: Literal["auto", "fp32", "bf16"],
    mode: Literal["exact", "fast"],
    *,
    may_fall_back: bool,
) -> Segmenter:
    try:
        return Segmenter(model, labels, device=device, precision=precision, mode=mode)
    except torch.OutOfMemoryError as error:
        if may_fall_back:
            return Segmenter(model, labels, device="cpu", precision=precision, mode=mode)
        raise ModelError(f"The model does not fit into the memory of {device}") from error


def _n_classes(model: MaskRCNN) -> int:
    return int(model.roi_heads.box_predictor.cls_score.out_features)


def _read_labels(labels: Sequence[str] | os.PathLike[str]) -> tuple[str, ...]:
    """Return the labels without blanks around them; empty lines of a file do not count."""
    if isinstance(labels, os.PathLike):
        labels = Path(labels)
        try:
            with labels.open("rb") as file:
                content = file.read(_MAX_LABELS_BYTES + 1)
            if len(content) > _MAX_LABELS_BYTES:
                raise ModelError(f"{labels.name} is too long for a list of labels")
            lines = content.decode("utf-8-sig").splitlines()
        except OSError as error:
            raise ModelError(f"{labels} cannot be read: {error.strerror or error}") from error
        except UnicodeDecodeError as error:
            raise ModelError(
                f"{labels.name} is not a text file in UTF-8; save it as one"
            ) from error
        return tuple(line.strip() for line in lines if line.strip())
    if isinstance(labels, str) or not all(isinstance(label, str) for label in labels):
        raise TypeError(f"labels must be a list of strings or a Path, got {labels!r}")
    stripped = tuple(label.strip() for label in labels)
    if "" in stripped:
        raise ModelError(f"Label {stripped.index('') + 1} of {len(stripped)} is empty")
    return stripped


def _all_labels(
    source: str | Path, names: tuple[str, ...] | None, n_classes: int, title: str
) -> tuple[str, ...]:
    """Return a label for each class, the background first."""
    if names is None:
        if isinstance(source, str):
            return MODELS[source].labels
        return (BACKGROUND, *(f"class {number}" for number in range(1, n_classes)))
    if len(names) == n_classes - 1:
        return (BACKGROUND, *names)
    if len(names) != n_classes:
        raise ModelError(
            f"{title} has {n_classes} classes with the background, but "
            f"{counted(len(names), 'label')} {'was' if len(names) == 1 else 'were'} given"
        )
    return names


def _place(device: str) -> str:
    """Return the device, of which it is certain that it is there."""
    if device == "auto":
        if torch.cuda.is_available() and _runs_operators("cuda"):
            return "cuda"
        return "mps" if torch.backends.mps.is_available() and _runs_operators("mps") else "cpu"
    try:
        wanted = torch.device(device)
    except RuntimeError as error:
        raise ModelError(f"There is no device {device!r}; use auto, cpu, cuda or mps") from error
    there = {
        "cpu": True,
        "cuda": (wanted.index or 0) < torch.cuda.device_count(),
        "mps": torch.backends.mps.is_available(),
    }
    if not there.get(wanted.type, False):
        raise ModelError(f"There is no device {device!r} on this computer; use auto or cpu")
    if wanted.type != "cpu" and not _runs_operators(str(wanted)):
        raise ModelError(f"The device {device!r} does not run Mask R-CNN here; use auto or cpu")
    return str(wanted)


@functools.cache
def _runs_operators(device: str) -> bool:
    """Whether torchvision's operators, which come compiled for some devices only, run there."""
    from torchvision.ops import nms, roi_align

    try:
        boxes = torch.tensor([[0.0, 0.0, 4.0, 4.0]], device=device)
        nms(boxes, torch.ones(1, device=device), 0.5)
        roi_align(torch.ones(1, 1, 8, 8, device=device), [boxes], 2, sampling_ratio=2)
    except (NotImplementedError, RuntimeError):
        return False
    return True
