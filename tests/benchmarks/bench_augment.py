"""Samples of an image and its masks, against peers: ``python -m tests.benchmarks.bench_augment``.

Each library draws for itself, so the samples are alike but not the same.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable

import cv2
import numpy as np

from maskcore import augment, image_io, masks, rle
from maskcore.augment import Ranges
from maskcore.types import Image, Instance, Mask
from tests.benchmarks.pairs import Peer, compare, heading

PHOTO = 3000, 4000
SIDE = 512
COUNT = 40
PREVIEW = 320
RANGES = Ranges(
    rotation=30, shift_x=0.1, shift_y=0.1, zoom=0.2, horizontal_flip=True, brightness=0.2
)

Pairs = list[tuple[Image, Mask]]


def photo(size_hw: tuple[int, int], seed: int = 0) -> Image:
    """A picture with structure and grain."""
    rng = np.random.default_rng(seed)
    rough = rng.integers(0, 256, (max(2, size_hw[0] // 50), max(2, size_hw[1] // 50), 3), np.uint8)
    smooth = cv2.resize(rough, size_hw[::-1], interpolation=cv2.INTER_CUBIC)
    return cv2.add(smooth, rng.integers(0, 12, smooth.shape, np.uint8))


def ellipse(size_hw: tuple[int, int], place: float) -> Mask:
    """An object of a quarter of the width."""
    height, width = size_hw
    middle, axes = (int(place * width), height // 2), (width // 8, height // 6)
    return cv2.ellipse(np.zeros(size_hw, np.uint8), middle, axes, 20, 0, 360, 1, -1).view(np.bool_)


def bulk(pairs: Pairs) -> None:
    """Ours, with a generator of its own for each sample, as the export has it."""
    for index, (image, inside) in enumerate(pairs):
        drawn = augment.draw(RANGES, image.shape[:2], augment.generator(0, "photo", index))
        augment.apply(image, drawn, masks=[inside])


def torchvision_bulk(pairs: Pairs) -> Callable[[], None]:
    import torch
    from torchvision import tv_tensors
    from torchvision.transforms import v2

    torch.set_num_threads(1)
    transform = v2.Compose(
        [
            v2.RandomAffine(
                30,
                translate=(0.1, 0.1),
                scale=(0.8, 1.2),
                interpolation=v2.InterpolationMode.BILINEAR,
            ),
            v2.RandomHorizontalFlip(),
            v2.ColorJitter(brightness=0.2),
        ]
    )
    tensors = [
        (
            tv_tensors.Image(torch.from_numpy(image).permute(2, 0, 1).contiguous()),
            tv_tensors.Mask(torch.from_numpy(inside)[None]),
        )
        for image, inside in pairs
    ]

    def work() -> None:
        for image, inside in tensors:
            transform(image, inside)

    return work


def albumentations_bulk(pairs: Pairs) -> Callable[[], None]:
    albumentations = importlib.import_module("albumentations")
    transform = albumentations.Compose(
        [
            albumentations.Affine(
                scale=(0.8, 1.2),
                translate_percent=(-0.1, 0.1),
                rotate=(-30, 30),
                p=1,
            ),
            albumentations.HorizontalFlip(p=0.5),
            albumentations.RandomBrightnessContrast(
                brightness_limit=0.2, contrast_limit=0, brightness_by_max=False, p=1
            ),
        ]
    )
    numbers = [(image, inside.view(np.uint8)) for image, inside in pairs]

    def work() -> None:
        for image, inside in numbers:
            transform(image=image, mask=inside)

    return work


def keras_bulk(pairs: Pairs) -> Callable[[], None]:
    legacy = importlib.import_module("keras.src.legacy.preprocessing.image")
    options = {
        "rotation_range": 30,
        "width_shift_range": 0.1,
        "height_shift_range": 0.1,
        "zoom_range": 0.2,
        "horizontal_flip": True,
        "fill_mode": "constant",
    }
    images = legacy.ImageDataGenerator(**options, brightness_range=(0.8, 1.2))
    inside = legacy.ImageDataGenerator(**options, interpolation_order=0)
    floats = [
        (image.astype(np.float32), mask[..., None].astype(np.float32)) for image, mask in pairs
    ]

    def work() -> None:
        for seed, (image, mask) in enumerate(floats):
            images.random_transform(image, seed=seed)
            inside.random_transform(mask, seed=seed)

    return work


PEERS = {
    "torchvision.transforms.v2": (torchvision_bulk, 5.0),
    "albumentations": (albumentations_bulk, 1.4),
    "keras.src.legacy": (keras_bulk, 12.0),
}


def bench_bulk() -> None:
    pairs = [(photo((SIDE, SIDE), seed), ellipse((SIDE, SIDE), 0.5)) for seed in range(COUNT)]
    peers = {}
    for name, (make, aim) in PEERS.items():
        try:
            peers[name] = Peer(make(pairs), aim)
        except ImportError:
            print(f"{'bulk':<26} {'':>10}  {name:<34} {aim:>4g}x  not installed")
    setting = (
        f"{COUNT} images of {SIDE} x {SIDE} with a mask: rotate, shift, zoom, flip, brightness"
    )
    compare("bulk", lambda: bulk(pairs), peers, setting=setting)


def grid(image: Image, layers: list[Instance], ranges: Ranges, size_hw: tuple[int, int]) -> None:
    """Nine samples of an image and its layers, drawn for an image of the size."""
    for index in range(9):
        drawn = augment.draw(ranges, size_hw, augment.generator(0, "photo", index))
        augment.apply(image, drawn)
        augment.apply_instances(layers, drawn)


def bench_grid() -> None:
    image = photo(PHOTO)
    layers = [Instance(rle.encode(ellipse(PHOTO, place)), "object") for place in (0.25, 0.5, 0.75)]
    small = image_io.preview(image, PREVIEW)
    reduced = [Instance(masks.reduce(it.mask, small.shape[:2]), it.label) for it in layers]
    for name in ("light", "strong"):
        ranges = augment.PRESETS[name]
        compare(
            f"grid of nine, {name}",
            lambda ranges=ranges: grid(small, reduced, ranges, PHOTO),
            {"at full size": Peer(lambda ranges=ranges: grid(image, layers, ranges, PHOTO), 100)},
            setting=f"12 megapixels with 3 masks, from the reduced image of {PREVIEW} pixels",
            rounds=3,
        )


def bench_masks() -> None:
    image, drawn = (
        photo((SIDE, SIDE)),
        augment.draw(RANGES, (SIDE, SIDE), augment.generator(0, "photo", 1)),
    )
    many = [ellipse((SIDE, SIDE), place) for place in np.linspace(0.2, 0.8, 16)]

    def one_by_one() -> None:
        for it in many:
            augment.apply(image, drawn, masks=[it])

    def image_alone() -> None:
        for _ in many:
            augment.apply(image, drawn)

    compare(
        "16 masks with the image",
        lambda: augment.apply(image, drawn, masks=many),
        {
            "each with the image": Peer(one_by_one),
            "16 times the image": Peer(image_alone),
        },
        setting=f"{SIDE} x {SIDE}, overlapping",
    )


if __name__ == "__main__":
    heading()
    bench_bulk()
    bench_masks()
    bench_grid()
