"""Instance segmentation with Mask R-CNN: load a model, find the objects of an image.

Importing this package is quick: torch is loaded with the first use of `load` or `Segmenter`, and
where it is not installed that use is a `ModelError`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from maskcore import extras
from maskcore.errors import ModelError

if TYPE_CHECKING:
    from maskcore.maskrcnn.model import load
    from maskcore.maskrcnn.predict import Segmenter

__all__ = ["Segmenter", "load"]


def __getattr__(name: str) -> Any:
    if name in __all__:
        extras.require("maskrcnn", "Finding objects", error=ModelError)
    if name == "load":
        from maskcore.maskrcnn.model import load

        return load
    if name == "Segmenter":
        from maskcore.maskrcnn.predict import Segmenter

        return Segmenter
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
