"""Arrays out of NumPy archives that somebody uploaded: headers are checked before data is read.

The form is NumPy's, https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html;
nothing is ever unpickled.
"""

from __future__ import annotations

import io
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Any, NamedTuple

import numpy as np
from numpy.lib import format as npy_format
from numpy.typing import NDArray

from maskcore import checks, rle
from maskcore.errors import DatasetError
from maskcore.files.sanitize import shown
from maskcore.files.zips import ZipFiles
from maskcore.rle import RLE

MAX_MASKS = 100_000
"""Masks that are read from one archive."""
MAX_BYTES = 5_000_000_000
"""Bytes of masks that are read from one archive, one mask at a time."""
MAX_BYTES_AT_ONCE = 500_000_000
"""Bytes of an array that can only be read as a whole."""

_MAX_HEADER = 10_000
_MAX_COLUMN = 50_000_000


class _Header(NamedTuple):
    shape: tuple[int, ...]
    by_columns: bool
    dtype: np.dtype[Any]

    @property
    def shown(self) -> str:
        """Type and shape, in a sentence."""
        return f"{shown(str(self.dtype), 30)} of shape {shown(str(self.shape), 30)}"


def read_masks(archive: ZipFiles, name: str) -> tuple[tuple[int, int], list[RLE]]:
    """Read masks.

    Args:
        archive: The archive.
        name: An array in it: (N, H, W) or (H, W), bool or whole numbers; inside is what is not 0.

    Returns:
        (height, width), and the masks.

    Raises:
        DatasetError: If the array is of another kind, too large or damaged.
    """
    with _open(archive, name) as (file, header):
        if header.dtype.kind not in "biu" or len(header.shape) not in (2, 3):
            raise DatasetError(
                f"{name} is {header.shown}; "
                "masks are true and false, or whole numbers, of shape (N, H, W)."
            )
        n_masks, height, width = (1, *header.shape)[-3:]
        n_pixels = height * width
        if not 0 < n_pixels <= checks.MAX_PIXELS:
            raise DatasetError(
                f"Masks of {width:,} × {height:,} pixels are too small or too large."
            )
        n_bytes = n_pixels * header.dtype.itemsize
        most = MAX_BYTES_AT_ONCE if header.by_columns else MAX_BYTES
        if n_masks > MAX_MASKS or n_masks * n_bytes > most:
            raise DatasetError(f"{name} holds {n_masks:,} masks, which is too much to read.")
        if header.by_columns:
            flat = np.frombuffer(_read(file, n_masks * n_bytes), header.dtype)
            stack = flat.reshape(width, height, n_masks).T
            masks = [_encode(array) for array in stack]
        else:
            masks = [
                _encode(np.frombuffer(_read(file, n_bytes), header.dtype).reshape(height, width))
                for _ in range(n_masks)
            ]
        _check_end(file)
    return (height, width), masks


def read_column(archive: ZipFiles, name: str, *, kinds: str, size: int) -> list[Any]:
    """Read an array that says something of each mask.

    Args:
        archive: The archive.
        name: An array in it.
        kinds: The kinds of numpy types that make sense.
        size: How many masks there are.

    Raises:
        DatasetError: If the array is of another kind or size, or damaged.
    """
    with _open(archive, name) as (file, header):
        if header.dtype.kind not in kinds or header.shape != (size,):
            raise DatasetError(f"{name} is {header.shown}; that does not fit {size:,} masks.")
        n_bytes = size * header.dtype.itemsize
        if n_bytes > _MAX_COLUMN:
            raise DatasetError(f"{name} is too large to read.")
        content = _read(file, n_bytes)
        _check_end(file)
        if not n_bytes:
            return [header.dtype.type()] * size
        array = np.frombuffer(content, header.dtype)
        if array.dtype.kind == "U":
            codes = array.view(array.dtype.str[0] + "u4")
            if codes.max() > sys.maxunicode:  # numpy would make text of it that breaks Python
                raise DatasetError(f"{name} holds text that is damaged.")
        values: list[Any] = array.tolist()
        return values


@contextmanager
def _open(archive: ZipFiles, name: str) -> Iterator[tuple[IO[bytes], _Header]]:
    with archive.open(name) as file:
        try:
            yield file, _header(file, name)
        except DatasetError:
            raise
        except Exception as error:  # on a damaged archive a reader raises anything
            raise DatasetError(f"{name} is damaged in the archive.") from error


def _header(file: IO[bytes], name: str) -> _Header:
    version = npy_format.read_magic(file)
    if version not in ((1, 0), (2, 0)):
        raise DatasetError(f"{name} is in a form of NumPy that is not known here.")
    length = _read(file, 2 if version == (1, 0) else 4)
    n_bytes = int.from_bytes(length, "little")
    if n_bytes > _MAX_HEADER:
        raise DatasetError(f"{name} has a header that is too long.")
    text = io.BytesIO(length + _read(file, n_bytes))
    reader = (
        npy_format.read_array_header_1_0 if version == (1, 0) else npy_format.read_array_header_2_0
    )
    shape, by_columns, dtype = reader(text)
    if min(shape, default=0) < 0:
        raise ValueError("a side is negative")
    if dtype.hasobject:
        raise DatasetError(
            f"{name} holds Python objects, which are never loaded; save plain arrays."
        )
    return _Header(shape, by_columns and len(shape) > 1, dtype)


def _read(file: IO[bytes], n_bytes: int) -> bytes:
    content = file.read(n_bytes)
    if len(content) < n_bytes:
        raise EOFError
    return content


def _check_end(file: IO[bytes]) -> None:
    """Raise if there is more; reading to the end also makes the archive check its sum."""
    if file.read(1):
        raise ValueError("there is more than the header says")


def _encode(array: NDArray[Any]) -> RLE:
    return rle.encode(
        array.astype(np.bool_) if array.dtype != np.bool_ else array.view(np.uint8) != 0
    )
