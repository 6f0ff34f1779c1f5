"""Find the objects of an image with any Mask R-CNN of torchvision's, in bounded memory."""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Literal

import torch

from maskcore import checks
from maskcore.errors import ModelError
from maskcore.maskrcnn import plain
from maskcore.maskrcnn.network import Detection, Network
from maskcore.maskrcnn.whole import WholeModel
from maskcore.types import Image, Instance

if TYPE_CHECKING:
    from torchvision.models.detection import MaskRCNN

_INFERENCE = threading.Lock()
"""Two at once on the same cores take longer than one after the other, and twice the memory."""

_MEMORY_WORDS = ("out of memory", "can't allocate memory", "not enough memory", "ALLOC_FAILED")
"""How torch's allocators say it where they raise no exception of its own for it."""


def cpu_runs_bf16() -> bool:
    """Whether bfloat16 makes this CPU faster: only with AMX, anywhere else it is slower."""
    try:
        # Private, but there is no public way to ask.
        tiles = torch.cpu._is_amx_tile_supported()  # noqa: SLF001
        return bool(tiles and torch.ops.mkldnn._is_mkldnn_bf16_supported())  # noqa: SLF001
    except (AttributeError, RuntimeError):
        return False


class Segmenter:
    """A Mask R-CNN that finds objects and returns them as instances.

    It works on a copy of the model. Any number of threads may use it; they take turns.

    Attributes:
        labels: labels[i] names class i; labels[0] is the background.
        mode: "exact" has torchvision's own results; "fast" never enlarges an image and looks at
            300 proposals at most.
    """

    def __init__(
        self,
        model: MaskRCNN,
        labels: Sequence[str],
        *,
        device: str | torch.device = "cpu",
        precision: Literal["auto", "fp32", "bf16"] = "auto",
        mode: Literal["exact", "fast"] = "exact",
    ) -> None:
        """Copy the model and make the copy lean.

        Args:
            model: Any torchvision.models.detection.MaskRCNN; it is left as it is.
            labels: One name per class of the model, the background first.
            device: What it runs on, as torch names it.
            precision: "bf16" is for CPUs with AMX; "auto" takes it there and "fp32" elsewhere.
            mode: "exact" or "fast".

        Raises:
            ValueError: If there are more or fewer labels than classes, or the device or the
                precision is not to be had here.
        """
        from torchvision.models.detection import MaskRCNN

        if not isinstance(model, MaskRCNN):
            raise TypeError(f"model must be a torchvision MaskRCNN, got {type(model).__name__}")
        if precision not in ("auto", "fp32", "bf16"):
            raise ValueError(f'precision must be "auto", "fp32" or "bf16", got {precision!r}')
        if mode not in ("exact", "fast"):
            raise ValueError(f'mode must be "exact" or "fast", got {mode!r}')
        self.labels = tuple(labels)
        self.mode = mode
        self._notes: tuple[str, ...] = ()
        with _INFERENCE:
            self._network = self._build(model, _usable(device), precision)
        n_classes = self._network.n_classes
        if n_classes is not None and len(self.labels) != n_classes:
            raise ValueError(
                f"labels must name the {n_classes} classes of the model, the background included, "
                f"got {len(self.labels)}"
            )

    def _build(self, model: MaskRCNN, device: torch.device, precision: str) -> Network | WholeModel:
        bf16_wanted = precision == "bf16"
        bf16 = precision != "fp32" and device.type == "cpu" and cpu_runs_bf16()
        if bf16_wanted and not bf16:
            raise ValueError('precision "bf16" needs a CPU with AMX; use "auto" or "fp32"')
        if not plain.is_model(model):
            if bf16_wanted:
                raise ValueError("a model with a forward pass of its own runs in fp32 only")
            self._notes += ("This model has a forward pass of its own, so it runs as it is.",)
            return WholeModel(model, device=device)
        fast = self.mode == "fast"
        if bf16:
            try:
                return Network(model, device=device, dtype=torch.bfloat16, fast=fast)
            except RuntimeError as error:
                if bf16_wanted:
                    raise ValueError(f"this model does not run in bf16: {error}") from error
        return Network(model, device=device, dtype=torch.float32, fast=fast)

    @property
    def device(self) -> str:
        """What it runs on now: "cpu" after a graphics card has run out of memory."""
        return str(self._network.device)

    @property
    def precision(self) -> str:
        """What it computes in: "fp32" or "bf16"."""
        return "bf16" if self._network.dtype is torch.bfloat16 else "fp32"

    @property
    def notes(self) -> tuple[str, ...]:
        """What a user should know of how it runs, a sentence each."""
        return self._notes

    def predict(
        self,
        image: Image,
        *,
        score_threshold: float = 0.5,
        mask_threshold: float = 0.5,
        labels: Collection[str] | None = None,
    ) -> list[Instance]:
        """Find the objects of an image.

        In fp32 and "exact" mode the instances are those of torchvision's own forward pass that
        have at least the score; the model's own limits (`box_score_thresh`,
        `box_detections_per_img`) hold as well. One without a single pixel is left out.

        Args:
            image: (H, W, 3) RGB.
            score_threshold: 0 to 1, the least score to keep.
            mask_threshold: Above 0, at most 1: the least probability of a pixel inside.
            labels: Keep these only; None for all.

        Returns:
            The instances, best score first.

        Raises:
            ValueError: If a threshold is out of range or a label is not one of the model's.
            ModelError: If there is not enough memory, or the model cannot take such an image.
        """
        checks.image(image)
        if not 0 <= score_threshold <= 1:
            raise ValueError(f"score_threshold must be 0 to 1, got {score_threshold}")
        if not 0 < mask_threshold <= 1:
            raise ValueError(f"mask_threshold must be above 0, at most 1, got {mask_threshold}")
        classes = self._classes(labels)
        if classes is not None and not classes:
            return []
        with _INFERENCE:
            found = self._find(image, score_threshold, mask_threshold, classes)
        beyond = max((one.class_id for one in found), default=0)
        if beyond >= len(self.labels):
            raise ValueError(f"labels name {len(self.labels)} classes, the model found {beyond}")
        return [
            Instance(one.mask, self.labels[one.class_id], one.score)
            for one in found
            if one.mask.counts.size > 1
        ]

    def predict_many(
        self,
        images: Iterable[Image],
        *,
        score_threshold: float = 0.5,
        mask_threshold: float = 0.5,
        labels: Collection[str] | None = None,
    ) -> Iterator[list[Instance]]:
        """Yield the instances of one image after the other; see `predict`.

        A batch would be no faster on a CPU and takes the memory of all its images.
        """
        for image in images:
            yield self.predict(
                image,
                score_threshold=score_threshold,
                mask_threshold=mask_threshold,
                labels=labels,
            )

    def _classes(self, names: Collection[str] | None) -> frozenset[int] | None:
        if names is None:
            return None
        if isinstance(names, str):
            raise TypeError(f"labels must be a collection of names, got {names!r}")
        unknown = sorted(set(names) - set(self.labels[1:]))
        if unknown:
            raise ValueError(f"labels must be among the model's, got {', '.join(unknown)}")
        return frozenset(i for i, name in enumerate(self.labels) if i and name in names)

    def _find(
        self,
        image: Image,
        score_threshold: float,
        mask_threshold: float,
        classes: frozenset[int] | None,
    ) -> list[Detection]:
        on_cpu = self._network.device.type == "cpu"
        size = f"{image.shape[1]:,} × {image.shape[0]:,} pixels"
        try:
            return self._network.find(
                image,
                score_threshold=score_threshold,
                mask_threshold=mask_threshold,
                classes=classes,
            )
        except (MemoryError, RuntimeError) as error:
            if not _out_of_memory(error):
                raise ModelError(f"The model cannot work on an image of {size}.") from error
            if on_cpu:
                raise ModelError(
                    f"There is not enough memory to find the objects of an image of {size}; "
                    "a smaller image needs less."
                ) from error
        # Here, where the error is gone: it holds on to the tensors that fill the memory.
        self._notes += (
            f"The memory of {self.device} ran out, so the model now runs on the CPU, more slowly.",
        )
        self._network.to(torch.device("cpu"))
        if torch.cuda.is_available():
            torch.cuda.empty_cache()
        return self._find(image, score_threshold, mask_threshold, classes)


def _usable(device: str | torch.device) -> torch.device:
    try:
        return torch.empty(0, device=device).device
    except (RuntimeError, AssertionError) as error:
        raise ValueError(f"device {str(device)!r} cannot be used here: {error}") from error


def _out_of_memory(error: Exception) -> bool:
    if isinstance(error, MemoryError | torch.OutOfMemoryError):
        return True
    return any(words in str(error) for words in _MEMORY_WORDS)
