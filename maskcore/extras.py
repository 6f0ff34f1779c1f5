"""What only an extra of the installation brings, and the sentence where it is missing."""

from __future__ import annotations

import importlib.util

from maskcore.errors import MaskcoreError

_PACKAGES = {"maskrcnn": ("torch", "torchvision", "safetensors"), "learn": ("sklearn",)}
_TITLES = {"torch": "PyTorch", "sklearn": "scikit-learn"}


def require(extra: str, what: str, *, error: type[MaskcoreError] = MaskcoreError) -> None:
    """Raise unless what an extra brings is installed; nothing is imported.

    Args:
        extra: "maskrcnn" or "learn".
        what: What needs it, as the beginning of a sentence.
        error: What is raised.
    """
    for package in _PACKAGES[extra]:
        if importlib.util.find_spec(package) is None:
            title = _TITLES.get(package, package)
            raise error(f'{what} needs {title}: pip install "mask-studio[{extra}]"')
