"""Patches against the usual ways: ``python -m tests.benchmarks.bench_patches``."""

from __future__ import annotations

import cv2
import numpy as np
import torch
from numpy.lib.stride_tricks import as_strided

from maskcore import patches, rle
from maskcore.types import Image, Mask
from tests.benchmarks.pairs import Peer, compare, heading

UNEVEN = 3000, 4000
EVEN = 3072, 4096
SIZE = 256
AT_MOST = 0.77  # 1 / 1.3

torch.set_num_threads(1)

Pieces = tuple[np.ndarray, np.ndarray]


def photo(size_hw: tuple[int, int]) -> tuple[Image, Mask]:
    rng = np.random.default_rng(0)
    inside = cv2.circle(np.zeros(size_hw, np.uint8), (1500, 1200), 900, 1, -1)
    return rng.integers(0, 256, (*size_hw, 3), np.uint8), inside.astype(np.bool_)


def with_np_pad(image: Image, inside: Mask) -> Pieces:
    down, right = (-side % SIZE for side in inside.shape)
    if down or right:
        image = np.pad(image, [(0, down), (0, right), (0, 0)])
        inside = np.pad(inside, [(0, down), (0, right)])
    return blocks(image), blocks(inside)


def with_border(image: Image, inside: Mask) -> Pieces:
    down, right = (-side % SIZE for side in inside.shape)
    if down or right:
        image = cv2.copyMakeBorder(image, 0, down, 0, right, cv2.BORDER_CONSTANT)
        inside = cv2.copyMakeBorder(
            inside.view(np.uint8), 0, down, 0, right, cv2.BORDER_CONSTANT
        ).view(np.bool_)
    return blocks(image), blocks(inside)


def blocks(pixels: np.ndarray) -> np.ndarray:
    rows, columns = pixels.shape[0] // SIZE, pixels.shape[1] // SIZE
    apart = pixels.reshape(rows, SIZE, columns, SIZE, *pixels.shape[2:]).swapaxes(1, 2)
    return np.ascontiguousarray(apart).reshape(-1, SIZE, SIZE, *pixels.shape[2:])


def patchify_design(image: Image, inside: Mask) -> Pieces:
    """What patchify 0.2.3 does: scikit-image's view_as_windows with a step on the padded array.

    Its users then bring the (rows, columns, 1, h, w, 3) windows into a batch with reshape, which
    copies.
    """
    down, right = (-side % SIZE for side in inside.shape)
    if down or right:
        image = np.pad(image, [(0, down), (0, right), (0, 0)])
        inside = np.pad(inside, [(0, down), (0, right)])
    windows = view_as_windows(image, (SIZE, SIZE, 3))
    mask_windows = view_as_windows(inside, (SIZE, SIZE))
    return windows.reshape(-1, SIZE, SIZE, 3), mask_windows.reshape(-1, SIZE, SIZE)


def view_as_windows(pixels: np.ndarray, window: tuple[int, ...]) -> np.ndarray:
    steps = (SIZE, SIZE, 3)[: pixels.ndim]
    pixels = np.ascontiguousarray(pixels)
    counts = [(n - w) // s + 1 for n, w, s in zip(pixels.shape, window, steps, strict=True)]
    strides = [stride * step for stride, step in zip(pixels.strides, steps, strict=True)]
    return as_strided(pixels, (*counts, *window), (*strides, *pixels.strides))


def unpatchify_design(images: np.ndarray, size_hw: tuple[int, int]) -> Image:
    """What unpatchify does: an array of zeros, and every window copied to its place."""
    height, width = size_hw
    across = -(-width // SIZE)
    whole = np.zeros((-(-height // SIZE) * SIZE, across * SIZE, 3), np.uint8)
    for i, one in enumerate(images):
        y, x = divmod(i, across)
        whole[y * SIZE : (y + 1) * SIZE, x * SIZE : (x + 1) * SIZE] = one
    return whole[:height, :width]


def with_reshape(images: np.ndarray, size_hw: tuple[int, int]) -> Image:
    down, across = (-(-side // SIZE) for side in size_hw)
    apart = images.reshape(down, across, SIZE, SIZE, 3).swapaxes(1, 2)
    return np.ascontiguousarray(apart).reshape(down * SIZE, across * SIZE, 3)[
        : size_hw[0], : size_hw[1]
    ]


def with_unfold(image: Image, inside: Mask) -> list[torch.Tensor]:
    down, right = (-side % SIZE for side in inside.shape)
    made = []
    for pixels in (image, inside[..., None]):
        tensor = torch.from_numpy(pixels)
        padded = torch.nn.functional.pad(tensor, (0, 0, 0, right, 0, down))
        windows = padded.unfold(0, SIZE, SIZE).unfold(1, SIZE, SIZE)  # (rows, columns, C, h, w)
        made.append(windows.permute(0, 1, 3, 4, 2).reshape(-1, SIZE, SIZE, pixels.shape[2]))
    return made


def bench_split(size_hw: tuple[int, int], aim: float | None) -> None:
    image, inside = photo(size_hw)
    p = patches.split(image, SIZE, mask=inside)
    for peer in (with_np_pad, with_border, patchify_design):
        theirs, their_masks = peer(image, inside)
        assert (theirs == p.images).all()
        assert (their_masks == p.masks).all()
    assert (with_unfold(image, inside)[0].numpy() == p.images).all()
    compare(
        "split image and mask",
        lambda: patches.split(image, SIZE, mask=inside),
        {
            "a copy of the output": Peer(
                lambda: (p.images.copy(), p.masks.copy()), AT_MOST, "ours at most 1.3x of it"
            ),
            "patchify's design": Peer(lambda: patchify_design(image, inside), aim, "written here"),
            "np.pad + reshape": Peer(lambda: with_np_pad(image, inside)),
            "copyMakeBorder + reshape": Peer(lambda: with_border(image, inside)),
            "torch unfold": Peer(lambda: with_unfold(image, inside)),
        },
        setting=f"{size_hw[1]}x{size_hw[0]}, {SIZE}",
    )


def bench_join(size_hw: tuple[int, int], aim: float | None) -> None:
    image, _ = photo(size_hw)
    p = patches.split(image, SIZE)
    assert (patches.join(p) == image).all()
    for peer in (unpatchify_design, with_reshape):
        assert (peer(p.images, size_hw) == image).all()
    compare(
        "join",
        lambda: patches.join(p),
        {
            "a copy of the output": Peer(image.copy, AT_MOST, "ours at most 1.3x of it"),
            "unpatchify's design": Peer(
                lambda: unpatchify_design(p.images, size_hw), aim, "written here; one copy, as ours"
            ),
            "the same, cropped by copying": Peer(
                lambda: np.ascontiguousarray(unpatchify_design(p.images, size_hw))
            ),
            "reshape": Peer(lambda: with_reshape(p.images, size_hw)),
            "ours, average": Peer(lambda: patches.join(p, overlap="average")),
            "ours, maximum": Peer(lambda: patches.join(p, overlap="maximum")),
        },
        setting=f"{size_hw[1]}x{size_hw[0]}, {SIZE}",
    )


def bench_coverage(size_hw: tuple[int, int]) -> None:
    _, inside = photo(size_hw)
    for stride in (SIZE, 32):
        grid = patches.grid(size_hw, SIZE, stride=stride)
        compare(
            "coverage",
            lambda grid=grid: patches.coverage(inside, grid),
            {
                "cutting, then counting": Peer(
                    lambda grid=grid: [
                        np.count_nonzero(patches.piece(inside, grid, y, x))
                        for y, x in grid.places.tolist()
                    ]
                ),
                "cv2.integral": Peer(lambda: cv2.integral(inside.view(np.uint8))),
            },
            setting=f"{size_hw[1]}x{size_hw[0]}, stride {stride}, {len(grid)} patches",
            rounds=5,
        )


def bench_columns_first(size_hw: tuple[int, int]) -> None:
    image, inside = photo(size_hw)
    decoded = rle.decode(rle.encode(inside))
    compare(
        "split, mask from RLE",
        lambda: patches.split(image, SIZE, mask=decoded),
        {
            "NumPy's own transposing": Peer(
                lambda: patches.split(image, SIZE, mask=np.ascontiguousarray(decoded))
            )
        },
        setting=f"{size_hw[1]}x{size_hw[0]}, {SIZE}",
        rounds=3,
    )


if __name__ == "__main__":
    heading()
    bench_split(UNEVEN, 2)
    bench_join(UNEVEN, 2)
    # Where nothing is padded, all of them are one copy.
    bench_split(EVEN, None)
    bench_join(EVEN, None)
    bench_coverage(UNEVEN)
    bench_columns_first(UNEVEN)
