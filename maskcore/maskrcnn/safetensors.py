"""Read a safetensors file: named tensors, and nothing that could run.

The file is the length of a header (8 bytes), the header in JSON, and the values.

Source:
    https://github.com/huggingface/safetensors#format
"""

from __future__ import annotations

import json
import math
from io import BufferedReader
from pathlib import Path
from typing import Any, TypeGuard

import torch
from torch import Tensor

from maskcore.errors import ModelError

MAX_HEADER_BYTES = 10 << 20
"""The format allows 100 MB; the header of a Mask R-CNN has 50 kB."""

_DTYPES = {
    "F16": torch.float16,
    "BF16": torch.bfloat16,
    "F32": torch.float32,
    "F64": torch.float64,
    "I8": torch.int8,
    "I16": torch.int16,
    "I32": torch.int32,
    "I64": torch.int64,
    "U8": torch.uint8,
    "BOOL": torch.bool,
}
_MAX_DIMENSIONS = 8
_TOO_LARGE = 1 << 48  # bytes


class _HeaderError(Exception):
    """What is wrong with the header, said of the file."""


def read(path: Path) -> dict[str, Tensor]:
    """Return the tensors of a safetensors file, each in memory of its own.

    The whole header is checked before any values are read.

    Args:
        path: The file.

    Returns:
        Name -> tensor in the memory of the CPU.

    Raises:
        ModelError: If the file is cut short, or its header is not true of its values.
        OSError: If the file cannot be read.
    """
    with path.open("rb") as file:
        size = file.seek(0, 2)
        file.seek(0)
        try:
            header, start = _header(file, size)
            places = _places(header, size - start)
        except _HeaderError as error:
            raise ModelError(f"{path.name} is not a whole safetensors file: {error}") from error
        return {
            name: _tensor(file, start + begin, dtype, shape)
            for name, (begin, dtype, shape) in places.items()
        }


def _header(file: BufferedReader, size: int) -> tuple[dict[str, Any], int]:
    """Return the parsed header and where the values start."""
    n_bytes = int.from_bytes(file.read(8), "little")
    if size < 8 or n_bytes > size - 8:
        raise _HeaderError("it is cut short")
    if n_bytes > MAX_HEADER_BYTES:
        raise _HeaderError("its header is too long")
    try:
        header = json.loads(file.read(n_bytes).decode("utf-8"), object_pairs_hook=_unique)
    except (ValueError, RecursionError) as error:
        raise _HeaderError("its header is damaged") from error
    if not isinstance(header, dict):
        raise _HeaderError("its header is damaged")
    header.pop("__metadata__", None)
    return header, 8 + n_bytes


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    unique = dict(pairs)
    if len(unique) != len(pairs):
        raise _HeaderError("its header names something twice")
    return unique


def _places(
    header: dict[str, Any], n_bytes: int
) -> dict[str, tuple[int, torch.dtype, tuple[int, ...]]]:
    """Return (first byte, dtype, shape) of each tensor; they fill the values without a gap."""
    places = {}
    free_from = 0
    spans = {name: _span(row, name) for name, row in header.items()}
    for name, (begin, end, dtype, shape) in sorted(spans.items(), key=lambda span: span[1][:2]):
        if begin != free_from:
            raise _HeaderError(f"the values of {name[:80]} are not where they should be")
        if end - begin != math.prod(shape) * dtype.itemsize:
            raise _HeaderError(f"the values of {name[:80]} do not fill its shape")
        places[name] = (begin, dtype, shape)
        free_from = end
    if free_from != n_bytes:
        raise _HeaderError(
            "it is cut short" if free_from > n_bytes else "it holds more than its tensors"
        )
    return places


def _span(row: object, name: str) -> tuple[int, int, torch.dtype, tuple[int, ...]]:
    if not isinstance(row, dict):
        raise _HeaderError(f"nothing is said of {name[:80]}")
    dtype = _DTYPES.get(str(row.get("dtype")))
    if dtype is None:
        raise _HeaderError(f"{name[:80]} has numbers of the kind {str(row.get('dtype'))[:20]!r}")
    shape, offsets = row.get("shape"), row.get("data_offsets")
    if not _are_sizes(shape) or not _are_sizes(offsets) or len(offsets) != 2:
        raise _HeaderError(f"the shape or the place of {name[:80]} is no list of whole numbers")
    begin, end = offsets
    # Sides of 0 do not count here: torch multiplies the others, and that must not overflow.
    n_bytes = math.prod(side for side in shape if side) * dtype.itemsize
    if begin > end or len(shape) > _MAX_DIMENSIONS or n_bytes >= _TOO_LARGE:
        raise _HeaderError(f"the shape or the place of {name[:80]} cannot be")
    return begin, end, dtype, tuple(shape)


def _are_sizes(value: object) -> TypeGuard[list[int]]:
    # bool is an int to Python.
    return isinstance(value, list) and all(type(it) is int and 0 <= it < _TOO_LARGE for it in value)


def _tensor(file: BufferedReader, start: int, dtype: torch.dtype, shape: tuple[int, ...]) -> Tensor:
    n_bytes = math.prod(shape) * dtype.itemsize
    if n_bytes == 0:
        return torch.empty(shape, dtype=dtype)
    values = bytearray(n_bytes)
    file.seek(start)
    if file.readinto(values) != n_bytes:
        raise OSError("it became shorter while it was read")
    return torch.frombuffer(values, dtype=dtype).reshape(shape)
