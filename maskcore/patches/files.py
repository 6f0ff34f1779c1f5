"""Patches as files: twin folders of images and masks, and the manifest that puts them together."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from maskcore import checks, image_io, patches
from maskcore.mask_files.names import safe_stem
from maskcore.patches import Edge, Grid
from maskcore.patches.manifest import PatchEntry as PatchEntry, manifest as manifest
from maskcore.types import Image, LabelMap, Mask

Progress = Callable[[int, int], None]

_IMAGES, _MASKS = "images", "masks"


@dataclass(frozen=True)
class Settings:
    """How images are cut into patches.

    Attributes:
        size_hw: (height, width) of a patch.
        stride_hw: Pixels from one patch to the next.
        edge: One of `patches.EDGES`.
        pad_rgb: Color beyond the image if the edge is "pad".
        min_mask: Least share of a patch that must be inside the mask, 0 to 1.
        validation: Share of the patches that go to a folder of their own, 0 to 1; with 0 there
            are no such folders.
        seed: Of the choice for validation.
    """

    size_hw: tuple[int, int]
    stride_hw: tuple[int, int]
    edge: Edge = "pad"
    pad_rgb: tuple[int, int, int] = (0, 0, 0)
    min_mask: float = 0.0
    validation: float = 0.0
    seed: int = 0


class PatchPlan(NamedTuple):
    """What becomes of the patches of an image.

    Attributes:
        grid: Where they are.
        shares: (N,) how much of each is inside the mask, 0 to 1; None without a mask.
        sides: (N,) `patches.TRAINING`, `VALIDATION` or `LEFT_OUT` of each.
        too_little: How many of those that are left out have too little mask; the others would
            share pixels with both sides.
    """

    grid: Grid
    shares: NDArray[np.float64] | None
    sides: NDArray[np.uint8]
    too_little: int


class PatchSource(NamedTuple):
    """An image to cut into patches.

    Attributes:
        stem: What the names of its patches begin with; no two of one export may be the same.
        name: What the manifest calls it.
        image: (H, W, 3) RGB.
        mask: (H, W) bool or labels of which 0 is outside; None if there is none.
    """

    stem: str
    name: str
    image: Image
    mask: Mask | LabelMap | None = None


class Piece(NamedTuple):
    """A patch as files.

    Attributes:
        entry: Its row of the manifest.
        image: PNG.
        mask: PNG, black and white or of labels; None if there is no mask.
    """

    entry: PatchEntry
    image: bytes
    mask: bytes | None

    @property
    def files(self) -> list[tuple[str, bytes]]:
        """Name and content of each."""
        named = [(self.entry.file, self.image)]
        return named if self.mask is None else [*named, (self.entry.mask, self.mask)]


def plan(
    size_hw: tuple[int, int],
    settings: Settings,
    *,
    stem: str,
    mask: Mask | LabelMap | None = None,
) -> PatchPlan:
    """Place the patches of an image and say which are kept, and for what.

    Args:
        size_hw: (height, width) of the image.
        settings: How.
        stem: Of the image; together with the seed it decides which patches are for validation,
            whatever other images there are.
        mask: (H, W); without one every patch is kept.

    Raises:
        MaskcoreError: If the patches are larger than the image and may not reach beyond it, or
            there would be too many.
        ValueError: If the mask has another size than the image, or a setting is out of range.
    """
    grid = patches.grid(size_hw, settings.size_hw, stride=settings.stride_hw, edge=settings.edge)
    if not 0 <= settings.min_mask <= 1:
        raise ValueError(f"min_mask must be 0 to 1, got {settings.min_mask}")
    shares = None if mask is None else patches.coverage(mask, grid)
    kept = np.ones(len(grid), np.bool_) if shares is None else shares >= settings.min_mask
    digits = hashlib.sha256(stem.encode(errors="surrogatepass")).digest()[:8]
    sides = patches.sides(
        grid,
        kept=kept,
        validation=settings.validation,
        seed=[settings.seed, int.from_bytes(digits)],
    )
    return PatchPlan(grid, shares, sides, int(np.count_nonzero(~kept)))


def pieces(
    source: PatchSource, settings: Settings, *, progress: Progress | None = None
) -> Iterator[Piece]:
    """Cut an image, and its mask with it, into patches; one at a time is made.

    Args:
        source: What to cut.
        settings: How.
        progress: Called with the number of patches that are done, and of all.

    Yields:
        Those that are kept, row by row; named ``<stem>_y000256_x000512.png`` in the folder
        "images", and "masks" for the masks, or in two such folders each in "training" and
        "validation".

    Raises:
        MaskcoreError: As `plan`, and so are the others.
    """
    checks.image(source.image)
    size_hw = source.image.shape[:2]
    planned = plan(size_hw, settings, stem=source.stem, mask=source.mask)
    stem = safe_stem(source.stem)
    mask = source.mask
    chosen = np.flatnonzero(planned.sides != patches.LEFT_OUT).tolist()
    for n_done, i in enumerate(chosen):
        if progress is not None:
            progress(n_done, len(chosen))
        y, x = planned.grid.places[i].tolist()
        side = patches.SIDES[planned.sides[i]] if settings.validation else ""
        folder = f"{side}/" if side else ""
        name = patches.name(stem, y, x)
        picture = patches.piece(source.image, planned.grid, y, x, pad_value=settings.pad_rgb)
        entry = PatchEntry(
            file=f"{folder}{_IMAGES}/{name}",
            mask="" if mask is None else f"{folder}{_MASKS}/{name}",
            image=source.name,
            x=x,
            y=y,
            width=settings.size_hw[1],
            height=settings.size_hw[0],
            image_width=size_hw[1],
            image_height=size_hw[0],
            mask_share=None if planned.shares is None else round(float(planned.shares[i]), 4),
            side=side,
        )
        yield Piece(
            entry,
            image_io.encode_png(picture),
            None if mask is None else image_io.encode_png(patches.piece(mask, planned.grid, y, x)),
        )


def members(
    sources: Iterable[PatchSource], settings: Settings, *, progress: Progress | None = None
) -> Iterator[tuple[str, bytes]]:
    """Yield (name, content) of all files for `archive.write_zip` or `archive.write_folder`.

    Args:
        sources: Images, cut one after the other; a generator is consumed lazily.
        settings: How.
        progress: As in `pieces`, for each image from 0.

    Yields:
        The patches, each followed by its mask, and last of all the manifest.

    Raises:
        MaskcoreError: As `plan`.
    """
    entries = []
    for source in sources:
        for piece in pieces(source, settings, progress=progress):
            entries.append(piece.entry)
            yield from piece.files
    yield from manifest(entries)
