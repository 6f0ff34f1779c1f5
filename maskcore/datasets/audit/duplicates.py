"""Images that are in a data set twice: the same file, or nearly the same picture."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from maskcore.datasets.audit.finding import Finding, make_finding
from maskcore.datasets.dataset import PictureFile, Sample
from maskcore.files.sanitize import shown
from maskcore.types import Image, Instance
from maskcore.wording import counted

_HEADS = (4_096, 65_536)  # bytes; enough to tell nearly all files of one length apart
_CHUNK = 1 << 20

_SIDE = 32  # pixels
_MOST_BITS = 6  # of 64 that the hashes of similar images differ in
_BLUR = 2.0  # pixels
_FRAME = 4
_LEAST_DETAIL = 1.0  # gray levels; below it only noise is left to compare
_LEAST_CORRELATION = 0.9


def same_files(samples: Sequence[Sample], step: Callable[[], object]) -> list[list[int]]:
    """Return the places of the samples whose image files are the same, byte for byte.

    Only files of the same length are read, and only the beginning of most.

    Args:
        samples: The samples.
        step: Called before each file that is read.
    """
    pictures = {
        place: sample.picture for place, sample in enumerate(samples) if sample.picture is not None
    }
    groups = _refined([list(pictures)], lambda place: pictures[place].n_bytes())
    for n_bytes in (*_HEADS, None):

        def key(place: int, n_bytes: int | None = n_bytes) -> Hashable:
            step()
            return _digest(pictures[place], n_bytes)

        groups = _refined(groups, key)
    return groups


def _refined(groups: Iterable[list[int]], key: Callable[[int], Hashable]) -> list[list[int]]:
    """Split groups by a key; what is alone, or has no key, is left out."""
    finer = []
    for group in groups:
        of_key = defaultdict(list)
        for place in group:
            try:
                of_key[key(place)].append(place)
            except Exception:  # a damaged archive raises anything; the file is a finding already
                continue
        finer += [places for places in of_key.values() if len(places) > 1]
    return finer


def _digest(picture: PictureFile, n_bytes: int | None) -> bytes:
    digest = hashlib.blake2b(digest_size=16)
    with picture.open() as file:
        if n_bytes is not None:
            digest.update(file.read(n_bytes))
        else:
            while chunk := file.read(_CHUNK):
                digest.update(chunk)
    return digest.digest()


def duplicates(samples: Sequence[Sample], groups: Iterable[list[int]]) -> Iterator[Finding]:
    """Yield a finding for each image but the first of each group of the same files."""
    for first, *others in groups:
        kept = samples[first]
        masks = kept.instances
        for place in others:
            sample = samples[place]
            same = f"The image file is the same as that of {kept.title}, byte for byte"
            held = sample.instances
            if _same_masks(masks, held):
                what = f"{same}, and so are its {counted(len(held), 'mask')}."
                fix = "Leave the later one out."
                yield make_finding(
                    "duplicate-image", sample.name, "", what, fix=fix, is_certain=True
                )
            else:
                what = (
                    f"{same}, but its masks are others: there {len(masks):,}, here {len(held):,}."
                )
                yield make_finding("duplicate-image", sample.name, "", what)


def _same_masks(some: Sequence[Instance], others: Sequence[Instance]) -> bool:
    return len(some) == len(others) and set(some) == set(others)


def thumbnail(image: Image) -> NDArray[np.uint8]:
    """Reduce an image to (32, 32) gray, whatever its proportions."""
    small = cv2.resize(image, (_SIDE, _SIDE), interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.cvtColor(small, cv2.COLOR_RGB2GRAY), np.uint8)


def similar(names: Sequence[str], thumbnails: Mapping[int, NDArray[np.uint8]]) -> list[Finding]:
    """Find images that show nearly the same.

    Candidates have nearly the same 64-bit difference hash (N. Krawetz, "Kind of like that", The
    Hacker Factor Blog, 2013); then what is left of the pictures without their coarse light and
    shade must correlate. Pictures with nothing but light and shade are left aside.

    Args:
        names: Of all samples.
        thumbnails: Place of a sample -> its `thumbnail`.

    Returns:
        One finding for each image that is like an earlier one.
    """
    left = np.array(
        [place for place, gray in thumbnails.items() if _detail(gray).std() >= _LEAST_DETAIL],
        np.int64,
    )
    hashes = np.array([_hash(thumbnails[place]) for place in left.tolist()], np.uint64)
    findings = []
    while left.size > 1:
        one, left = int(left[0]), left[1:]
        near = np.flatnonzero(np.bitwise_count(hashes[1:] ^ hashes[0]) <= _MOST_BITS)
        hashes = hashes[1:]
        detail = _detail(thumbnails[one])
        alike = [at for at in near if _correlate(detail, _detail(thumbnails[int(left[at])]))]
        for place in left[alike].tolist():
            what = f"It looks almost the same as {shown(names[one])}."
            findings.append(make_finding("similar-image", names[place], "", what))
        left, hashes = np.delete(left, alike), np.delete(hashes, alike)
    return findings


def _hash(gray: NDArray[np.uint8]) -> np.uint64:
    small = cv2.resize(gray.astype(np.float32), (9, 8), interpolation=cv2.INTER_AREA)
    bits = np.packbits(small[:, 1:] > small[:, :-1])
    return np.uint64(int.from_bytes(bits.tobytes(), "big"))


def _detail(gray: NDArray[np.uint8]) -> NDArray[np.float32]:
    levels = gray.astype(np.float32)
    detail = levels - cv2.GaussianBlur(levels, (0, 0), _BLUR)
    # Beyond the frame the blur only knows the mirror image.
    return np.asarray(detail[_FRAME:-_FRAME, _FRAME:-_FRAME], np.float32)


def _correlate(a: NDArray[np.float32], b: NDArray[np.float32]) -> bool:
    return float(np.corrcoef(a.ravel(), b.ravel())[0, 1]) >= _LEAST_CORRELATION
