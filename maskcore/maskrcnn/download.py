"""The files of weights that do not come with maskcore: found on this computer, or fetched.

This module does not import torch, so a page can say at once whether a model is there.
"""

from __future__ import annotations

import errno
import hashlib
import http.client
import os
import secrets
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Generator, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any, Self

from maskcore.errors import ModelError
from maskcore.maskrcnn.catalog import ModelCard

FOLDER_VARIABLE = "MASKCORE_WEIGHTS"
"""The environment variable that names a folder with files of weights."""

Progress = Callable[[int, int], object]
"""Called with the bytes done and the bytes in all, as a download goes on; may raise to cancel."""

_CHUNK_BYTES = 1 << 18
_TIMEOUT_SECONDS = 30
_PART_PREFIX = ".part-"
_ABANDONED_SECONDS = 600
_FULL = (errno.ENOSPC, errno.EDQUOT)


def cache_folder() -> Path:
    """Return torch hub's folder for checkpoints, where torchvision keeps its weights too.

    Source:
        https://docs.pytorch.org/docs/stable/hub.html#where-are-my-downloaded-models-saved
    """
    caches = os.environ.get("XDG_CACHE_HOME", "~/.cache")
    home = os.environ.get("TORCH_HOME", f"{caches}/torch")
    return Path(home).expanduser() / "hub" / "checkpoints"


def find(model: ModelCard, weights: str | os.PathLike[str] | None = None) -> Path | None:
    """Return where the file of a model is on this computer, or None; its content is not read.

    Args:
        model: A model that is downloaded.
        weights: The file, or a folder with it, to look at before `FOLDER_VARIABLE` and
            `cache_folder`.
    """
    places = _places(model, weights)
    return next((path for path in places if path.is_file()), None)


def find_or_fetch(
    model: ModelCard,
    weights: str | os.PathLike[str] | None = None,
    progress: Progress | None = None,
) -> Path:
    """Return the file of a model, verified by its hash; fetch it if it is not on this computer.

    Args:
        model: A model that is downloaded.
        weights: The file or a folder with it. Where it is given, no other place counts.
        progress: Told how a download goes on.

    Raises:
        ModelError: If the file is not there and cannot be fetched, or is not the right one.
    """
    damaged = []
    for path in [path for path in _places(model, weights) if path.is_file()]:
        try:
            if _sha256(path).startswith(model.sha256):
                return path
        except OSError as error:
            raise ModelError(f"{path} cannot be read: {error.strerror or error}") from error
        damaged.append(path)
    if weights is not None:
        raise ModelError(
            f"{damaged[0]} is not the {model.file_name} that torchvision publishes, or only a "
            "part of it"
            if damaged
            else f"There is no file {model.file_name} at {weights}"
        )
    try:
        return _fetch(model, cache_folder(), progress)
    except ModelError as error:
        if damaged:
            raise ModelError(
                f"{damaged[0]} is damaged, perhaps a download that was cut short; delete it and "
                f"try again with a network ({error})"
            ) from error
        raise


def _places(model: ModelCard, weights: str | os.PathLike[str] | None) -> list[Path]:
    if weights is not None:
        weights = Path(weights)
        return [weights / model.file_name if weights.is_dir() else weights]
    folders = [cache_folder()]
    if os.environ.get(FOLDER_VARIABLE):
        folders.insert(0, Path(os.environ[FOLDER_VARIABLE]).expanduser())
    return [folder / model.file_name for folder in folders]


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _fetch(model: ModelCard, folder: Path, progress: Progress | None) -> Path:
    """Download the file into the folder; on any failure nothing is left there."""
    part = folder / f"{_PART_PREFIX}{secrets.token_hex(8)}"
    by_hand = f"download {model.url} in another way and put it into {folder}"
    sha256 = hashlib.sha256()
    try:
        with _saving(model, folder):
            folder.mkdir(parents=True, exist_ok=True)
            _remove_abandoned(folder)
            file = part.open("xb")
        with file, closing(_received(model, by_hand, progress)) as chunks:
            for chunk in chunks:
                sha256.update(chunk)
                with _saving(model, folder):
                    file.write(chunk)
            with _saving(model, folder):
                file.flush()
                os.fsync(file.fileno())
        if not sha256.hexdigest().startswith(model.sha256):
            raise ModelError(f"What came as {model.file_name} is not that file; {by_hand}")
        with _saving(model, folder):
            part.replace(folder / model.file_name)
    finally:
        with suppress(OSError):  # not there, or not to be had; what went wrong is said already
            part.unlink()
    return folder / model.file_name


@contextmanager
def _saving(model: ModelCard, folder: Path) -> Iterator[None]:
    """Say what is wrong with the disk."""
    try:
        yield
    except OSError as error:
        reason = f"{folder} cannot be written to: {error.strerror or error}"
        if error.errno in _FULL:
            reason = f"there is no room for its {model.n_bytes // 10**6} MB in {folder}"
        raise ModelError(f"{model.file_name} was not saved: {reason}") from error


def _received(
    model: ModelCard, by_hand: str, progress: Progress | None
) -> Generator[bytes, None, None]:
    """Yield what the server sends, up to twice what the file should have."""
    done = 0
    with _Connection(model, by_hand) as connection:
        total = connection.n_bytes or model.n_bytes
        while (chunk := connection.read()) and done <= 2 * model.n_bytes:
            yield chunk
            done += len(chunk)
            if progress is not None:
                progress(done, max(total, done))
    if done < connection.n_bytes and done <= 2 * model.n_bytes:
        raise ModelError(
            f"The download of {model.file_name} was cut short at {done // 10**6} of "
            f"{total // 10**6} MB; try again, or {by_hand}"
        )


class _Connection:
    """A download whose faults are told from those of the disk, which are `OSError` as well."""

    def __init__(self, model: ModelCard, by_hand: str) -> None:
        self._fault = f"{model.file_name} is not on this computer and cannot be downloaded"
        self._by_hand = by_hand
        request = urllib.request.Request(model.url, headers={"User-Agent": "mask-studio"})
        try:
            self._response: Any = urllib.request.urlopen(request, timeout=_TIMEOUT_SECONDS)
        except (OSError, http.client.HTTPException) as error:
            raise self._error(error) from error
        announced = self._response.headers.get("Content-Length", "")
        self.n_bytes = int(announced) if announced.isdecimal() else 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._response.close()

    def read(self) -> bytes:
        try:
            chunk: bytes = self._response.read(_CHUNK_BYTES)
        except (OSError, http.client.HTTPException) as error:
            raise self._error(error) from error
        return chunk

    def _error(self, error: Exception) -> ModelError:
        if isinstance(error, urllib.error.HTTPError):
            error.close()  # it is the server's answer as well
        reason = getattr(error, "reason", None) or error
        return ModelError(f"{self._fault} ({str(reason)[:100]}); {self._by_hand}")


def _remove_abandoned(folder: Path) -> None:
    """Remove what downloads left whose process was killed; a running one writes all the time."""
    for part in folder.glob(f"{_PART_PREFIX}*"):
        if time.time() - part.stat().st_mtime > _ABANDONED_SECONDS:
            part.unlink(missing_ok=True)
