"""Read the weights in a checkpoint file without running anything that the file may hold.

A file that ``torch.save`` wrote is a zip archive with a pickle in it, and a pickle can be a
program. So torch reads it only with ``weights_only=True``, after the archive and the names in the
pickle were checked: torch alone would also inflate a compressed archive of any size, and let a
pickle of 500 bytes ask for gigabytes. A safetensors file holds no program by construction.

What this does not check is whether the weights fit a model: `architecture` does.
"""

from __future__ import annotations

import argparse
import pickletools
import re
import struct
import threading
import zipfile
from pathlib import Path
from typing import Any, BinaryIO

import safetensors.torch
import torch
from torch import Tensor

from maskcore.errors import ModelError

MAX_BYTES = 2 << 30
"""Size a checkpoint may have: a Mask R-CNN with its optimizer has about 600 MB."""

_MAX_HEADER_BYTES = 10 << 20  # of a safetensors file: it allows 100 MB, a Mask R-CNN needs 50 kB
_MAX_DIMENSIONS = 8
_MAX_DIRECTORY_BYTES = 8 << 20
_MAX_PICKLE_BYTES = 2 << 20  # a byte can cost 200 in memory; that of a Mask R-CNN has 50 kB
_LEGACY_MAGIC = b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19."
_SAVE_AGAIN = "open it with the PyTorch that wrote it and save model.state_dict() again"
_NOT_CHECKPOINTS = {
    b"\x89HDF": "is a Keras (HDF5) file, not a PyTorch checkpoint",
    b"\x1f\x8b": "is a gzip archive; unpack it first",
    b"version https://git-lfs": "is only the Git LFS pointer to a file; fetch it with git lfs pull",
}
# What pickles of state dicts, optimizers, schedulers and command lines name.
_HARMLESS = re.compile(
    r"collections (OrderedDict|Counter)|torch [A-Z][A-Za-z0-9]*Storage|torch (Size|device)"
    r"|torch\._utils _rebuild_(tensor_v2|parameter)|argparse Namespace"
)
_WRAPPINGS = ("model", "state_dict", "model_state_dict")
_PREFIXES = ("module.", "_orig_mod.", "model.")  # of DataParallel, torch.compile, Lightning
_safe_globals_lock = threading.Lock()  # the list of what torch may build belongs to the process


def load_state(path: Path, *, legacy: bool = False) -> dict[str, Tensor]:
    """Return the state dict in a file; shapes and values are as the file has them.

    Args:
        path: A zip archive as ``torch.save`` writes it, or a safetensors file. The state dict may
            be the whole content or its entry "model", "state_dict" or "model_state_dict", and
            its names may begin with "module.", "_orig_mod." or "model.".
        legacy: Whether the format that ``torch.save`` wrote before PyTorch 1.6 is read too. Only
            for a file whose hash was verified.

    Returns:
        Name -> tensor in the memory of the CPU. The values of a tensor may be fewer than its
        shape says (a stride of 0), so nothing may touch them before the shape is checked.

    Raises:
        ModelError: If the file cannot be read or is anything else.
    """
    try:
        with path.open("rb") as file:
            size = file.seek(0, 2)
            if size > MAX_BYTES:
                raise ModelError(f"{path.name} is larger than {MAX_BYTES >> 30} GB")
            file.seek(0)
            head = file.read(512)
            if head[8:9] == b"{" and not head.startswith(b"PK"):
                return _unwrapped(_load_safetensors(path, head), path.name)
            if head.startswith(b"PK\x03\x04"):
                _check_archive(file, size, path.name)
            elif not (legacy and head.startswith(_LEGACY_MAGIC)):
                raise ModelError(f"{path.name} {_why_not(head)}")
            return _unwrapped(_load(file, path.name), path.name)
    except FileNotFoundError as error:
        raise ModelError(f"There is no file {path}") from error
    except OSError as error:
        raise ModelError(f"{path.name} cannot be read: {error.strerror or error}") from error


def _why_not(head: bytes) -> str:
    """Say what a file is that begins so, if it is not a checkpoint that is read here."""
    if not head:
        return "is empty; download or copy it again"
    if head.startswith(_LEGACY_MAGIC) or head[257:262] == b"ustar":
        return f"is in the format of PyTorch before 1.6, which is not read here; {_SAVE_AGAIN}"
    if head.startswith(b"\x80"):
        return "is a bare pickle, which can hold a program, and was not opened"
    for magic, sentence in _NOT_CHECKPOINTS.items():
        if head.startswith(magic):
            return sentence
    return "is not a PyTorch or safetensors checkpoint"


def _load_safetensors(path: Path, head: bytes) -> dict[str, Tensor]:
    damaged = ModelError(
        f"{path.name} is not a whole safetensors file: it is cut short or damaged; "
        "download or copy it again"
    )
    if int.from_bytes(head[:8], "little") > _MAX_HEADER_BYTES:
        raise damaged
    try:
        # Read, not mapped: a mapped file that becomes shorter ends the process.
        state = safetensors.torch.load_file(path, backend="pread")
    except OSError:
        raise
    except Exception as error:  # torch raises of its own where it has no such numbers
        raise damaged from error
    if any(value.dim() > _MAX_DIMENSIONS for value in state.values()):
        raise damaged
    return state


def _load(file: BinaryIO, name: str) -> Any:
    file.seek(0)
    try:
        with _safe_globals_lock, torch.serialization.safe_globals([argparse.Namespace]):
            return torch.load(file, map_location="cpu", weights_only=True)
    except OSError:
        raise
    except Exception as error:  # a damaged file makes torch raise almost any built-in exception
        raise ModelError(f"{name} is damaged; download or copy it again") from error


def _check_archive(file: BinaryIO, size: int, name: str) -> None:
    """Raise unless the archive is as ``torch.save`` writes it and its pickle is harmless."""
    _check_directory(file, size, name)
    file.seek(0)
    try:
        with zipfile.ZipFile(file) as archive:
            members = archive.infolist()
            _check_members(members, archive.start_dir, file, name)
            # zipfile may shorten or replace a name for itself; torch takes it as it stands.
            names = [member.orig_filename for member in members]
            pickles = [member for member in members if member.orig_filename.endswith("/data.pkl")]
            if any(
                name.endswith(("/constants.pkl", "/code")) or "/code/" in name for name in names
            ):
                raise ModelError(f"{name} is a TorchScript program, not a checkpoint")
            if len(pickles) != 1 or pickles[0].orig_filename.count("/") != 1:
                raise ModelError(f"{name} is a zip archive, but not a PyTorch checkpoint")
            if len({name.partition("/")[0] for name in names}) != 1:
                raise ModelError(f"{name} is a zip archive with more than a checkpoint in it")
            if pickles[0].file_size > _MAX_PICKLE_BYTES:
                raise ModelError(f"{name} holds much more than weights; {_SAVE_AGAIN}")
            _check_pickle(archive.read(pickles[0]), name)
    except (
        *(zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, struct.error),
        *(UnicodeDecodeError, OverflowError),
    ) as error:
        raise ModelError(f"{name} is damaged; download or copy it again") from error


def _check_directory(file: BinaryIO, size: int, name: str) -> None:
    """Raise unless the archive ends as torch ends it, so that every reader finds one directory."""
    file.seek(max(0, size - 98))
    tail = file.read(98)
    end = tail[-22:]
    if not end.startswith(b"PK\x05\x06") or end[20:] != b"\0\0":
        raise ModelError(f"{name} is cut short or damaged; download or copy it again")
    n_bytes, start = struct.unpack("<2L", end[12:20])
    stop = size - 22
    if tail[-42:-38] == b"PK\x06\x07":
        stop = size - 98
        (record,) = struct.unpack("<Q", tail[-34:-26])
        if record != stop or not tail.startswith(b"PK\x06\x06"):
            raise ModelError(f"{name} is damaged; download or copy it again")
        n_bytes, start = struct.unpack("<2Q", tail[40:56])
    if start + n_bytes != stop or n_bytes > _MAX_DIRECTORY_BYTES:
        raise ModelError(f"{name} is damaged; download or copy it again")


def _check_members(
    members: list[zipfile.ZipInfo], start_dir: int, file: BinaryIO, name: str
) -> None:
    """Raise unless the members are stored, differ in name and lie apart from each other."""
    keys = {member.orig_filename.lower() for member in members}  # torch's reader ignores case
    if len(keys) != len(members) or any("\0" in key or not key.isascii() for key in keys):
        raise ModelError(f"{name} is a zip archive, but not a PyTorch checkpoint")
    free_from = 0
    for member in sorted(members, key=lambda member: member.header_offset):
        stored = member.compress_type == zipfile.ZIP_STORED and not member.flag_bits & 1
        if not stored or member.file_size != member.compress_size:
            raise ModelError(
                f"{name} was compressed or encrypted after PyTorch saved it; give the original file"
            )
        file.seek(member.header_offset)
        header = file.read(30)
        if member.header_offset < free_from or not header.startswith(b"PK\x03\x04"):
            raise ModelError(f"{name} is damaged; download or copy it again")
        n_name, n_extra = struct.unpack("<2H", header[26:30])
        free_from = member.header_offset + 30 + n_name + n_extra + member.file_size
    if free_from > start_dir:
        raise ModelError(f"{name} is cut short or damaged; download or copy it again")


def _check_pickle(pickle: bytes, name: str) -> None:
    """Raise if the pickle names anything that a state dict does not need."""
    try:
        for opcode, argument, _ in pickletools.genops(pickle):
            if opcode.name == "GLOBAL" and _HARMLESS.fullmatch(str(argument)):
                continue
            if opcode.name in {"GLOBAL", "INST", "STACK_GLOBAL", "EXT1", "EXT2", "EXT4"}:
                what = f" ({argument.replace(' ', '.')[:60]})" if isinstance(argument, str) else ""
                raise ModelError(
                    f"{name} holds more than weights{what} and was not opened; "
                    "save model.state_dict() alone"
                )
    except ModelError:
        raise
    except (ValueError, Warning) as error:  # an odd escape in a string is a warning to pickletools
        raise ModelError(f"{name} is damaged; download or copy it again") from error


def _unwrapped(loaded: Any, name: str) -> dict[str, Tensor]:
    if isinstance(loaded, dict):
        wrapped = [loaded[key] for key in _WRAPPINGS if isinstance(loaded.get(key), dict)]
        loaded = wrapped[0] if wrapped else loaded
        state = {
            key: value
            for key, value in loaded.items()
            if isinstance(key, str) and isinstance(value, Tensor)
        }
        for prefix in _PREFIXES:
            if state and all(key.startswith(prefix) for key in state):
                state = {key.removeprefix(prefix): value for key, value in state.items()}
        if state:
            return state
    raise ModelError(f"{name} holds no state dict; save model.state_dict()")
