"""Pixels of opened files: decoded once, shared, and never changed."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest

from maskcore import image_io
from pages.shared import pictures
from pages.shared.caches.byte_cache import ByteCache
from pages.shared.pictures import Picture


def picture_of(image: np.ndarray) -> Picture:
    content = image_io.encode_png(image)
    return pictures.picture_of(hashlib.sha256(content).hexdigest(), "a.png", content)


@pytest.fixture
def decoded(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The sizes of the files that were decoded; nothing was before."""
    sizes: list[int] = []
    read = image_io.read

    def noted(content: bytes) -> image_io.ImageFile:
        sizes.append(len(content))
        return read(content)

    monkeypatch.setattr(image_io, "read", noted)
    for name in ("_files", "_reduced"):
        cache = getattr(pictures, name)
        monkeypatch.setattr(pictures, name, ByteCache(cache._max_bytes, cache._size))  # noqa: SLF001
    return sizes


def test_a_file_is_decoded_once_for_everything(decoded: list[int]):
    image = np.random.default_rng(0).integers(0, 256, (30, 50, 3), np.uint8)
    picture = picture_of(image)
    again = picture_of(image)
    assert picture == again
    assert picture.size_hw == (30, 50)
    assert np.array_equal(pictures.image(picture), image)
    assert pictures.reduced(picture, 10).shape == (6, 10, 3)
    assert pictures.image(again) is pictures.image(picture)
    assert len(decoded) == 1


def test_what_is_shared_cannot_be_written(decoded: list[int]):
    half_clear = np.full((30, 50, 4), 255, np.uint8)
    half_clear[:, 25:, 3] = 0
    picture = picture_of(half_clear)
    alpha = pictures.read(picture).alpha
    assert alpha is not None
    for shared in (pictures.image(picture), pictures.reduced(picture, 10), alpha):
        with pytest.raises(ValueError, match="read-only"):
            shared[0, 0] = 1


def test_a_reduced_picture_has_the_means_of_its_areas(decoded: list[int]):
    image = np.zeros((4, 8, 3), np.uint8)
    image[:, ::2] = 100
    image[:2] += 20
    small = pictures.reduced(picture_of(image), 4)
    assert small.tolist() == [[[70] * 3] * 4, [[50] * 3] * 4]


def test_a_small_picture_is_not_reduced(decoded: list[int]):
    picture = picture_of(np.zeros((4, 8, 3), np.uint8))
    assert pictures.reduced(picture, 8) is pictures.image(picture)
