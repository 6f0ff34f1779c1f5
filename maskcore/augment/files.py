"""Augmented samples as files: images, label maps, masks, COCO annotations and the manifest.

    originals = [Original("photo.jpg", lambda: (image, instances))]
    members = augment_files.members(originals, augment.PRESETS["light"], count=10, seed=0)
    archive.write_zip(Path("samples.zip"), members)

Everything is made one sample at a time. A sample depends on the ranges, the seed, the name of its
image and its number, and on no other sample.
"""

from __future__ import annotations

from collections.abc import (
    Callable,
    Collection,
    Iterable,
    Iterator,
    Mapping,
    MutableMapping,
    Sequence,
)
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from maskcore import augment, boxes, image_io, masks, rle
from maskcore.augment import Ranges, summaries
from maskcore.files import archive
from maskcore.mask_files.names import safe_stem
from maskcore.mask_files.write import mask_pngs
from maskcore.rle_text.coco import compress
from maskcore.types import Image, Instance

ImageFormat = Literal["png", "jpg"]

_JPEG_QUALITY = 95


@dataclass(frozen=True)
class Original:
    """An image to make samples of.

    Attributes:
        name: Its file name. Together with seed and number it decides what is drawn, see
            `augment.generator`.
        load: Returns the image and its named masks; called when its samples' turn comes.
    """

    name: str
    load: Callable[[], tuple[Image, Sequence[Instance]]]


@dataclass(frozen=True)
class Plan:
    """What to make of each image.

    Attributes:
        ranges: How far samples may differ from it.
        count: Samples of each image, at least 1.
        seed: Of the whole set, at least 0.
        image_format: "png", or "jpg" of quality 95.
        with_label_maps: Also a gray PNG of class ids for each sample; where masks overlap, the
            later one wins.
        with_masks: Also a black-and-white PNG of each mask, all black where it has left the image.
    """

    ranges: Ranges
    count: int = 10
    seed: int = 0
    image_format: ImageFormat = "png"
    with_label_maps: bool = True
    with_masks: bool = False

    def __post_init__(self) -> None:
        if self.count < 1:
            raise ValueError(f"count must be at least 1, got {self.count}")
        if self.seed < 0:
            raise ValueError(f"seed must be at least 0, got {self.seed}")
        if self.image_format not in ("png", "jpg"):
            raise ValueError(f"image_format must be png or jpg, got {self.image_format!r}")

    def to_dict(self) -> dict[str, object]:
        """Return all attributes as JSON holds them."""
        return {**vars(self), "ranges": self.ranges.to_dict()}


@dataclass(frozen=True)
class AugmentedSample:
    """The files of one sample and what is said of it; all of it but the files is JSON.

    Attributes:
        files: (name, content) of each, with "/" between folders; the image first.
        row: Its row of the manifest.
        objects: Its COCO annotations, with the label instead of ids.
    """

    files: tuple[tuple[str, bytes], ...]
    row: Mapping[str, Any]
    objects: Sequence[Mapping[str, Any]]


def stems(names: Iterable[str]) -> list[str]:
    """Return what the names of the files begin with for images of these names, all different."""
    return archive.unique_names(
        safe_stem(name.replace("\\", "/").rpartition("/")[2].rpartition(".")[0] or name)
        for name in names
    )


def samples(
    original: Original,
    plan: Plan,
    *,
    stem: str,
    classes: MutableMapping[str, int],
    left_out: Collection[int] = (),
) -> Iterator[AugmentedSample]:
    """Make the samples of one image.

    Args:
        original: The image.
        plan: What to make.
        stem: What the names begin with, see `stems`.
        classes: Label -> class id of all images so far; labels that are new are added.
        left_out: Numbers of samples that are not made, from 0.

    Yields:
        The samples, named ``<stem>_aug000`` and so on.
    """
    image, instances = original.load()
    for instance in instances:
        classes.setdefault(instance.label, len(classes) + 1)
    for index in range(plan.count):
        if index not in left_out:
            name = f"{stem}_aug{index:03d}"
            yield _sample(image, instances, original.name, plan, index, name, classes)


def members(
    originals: Sequence[Original],
    ranges: Ranges,
    *,
    count: int = 10,
    seed: int = 0,
    image_format: ImageFormat = "png",
    with_label_maps: bool = True,
    with_masks: bool = False,
    left_out: Collection[tuple[int, int]] = (),
    progress: Callable[[int, int], object] = lambda _done, _total: None,
) -> Iterator[tuple[str, bytes]]:
    """Yield (name, content) of all files for `archive.write_zip` or `archive.write_folder`.

    Args:
        originals: The images.
        ranges: How far samples may differ from them; this and the next five are those of `Plan`.
        count: Samples of each image.
        seed: Of the whole set.
        image_format: "png" or "jpg".
        with_label_maps: Also a map of class ids for each sample.
        with_masks: Also each mask.
        left_out: (place in ``originals``, number of the sample), each from 0, of samples that are
            not wanted. Leaving one out does not change the others.
        progress: Called with the samples done and the samples in all, after each; what it raises
            ends the work.

    Returns:
        Each sample's image, label map and masks in the folders "images", "label_maps" and
        "masks", and last of all what `summaries.summaries` yields; made as they are asked
        for.

    Raises:
        ValueError: If an argument is out of range.
        MaskcoreError: If an image cannot be read.
    """
    plan = Plan(ranges, count, seed, image_format, with_label_maps, with_masks)
    return _members(originals, plan, frozenset(left_out), progress)


def _members(
    originals: Sequence[Original],
    plan: Plan,
    left_out: frozenset[tuple[int, int]],
    progress: Callable[[int, int], object],
) -> Iterator[tuple[str, bytes]]:
    classes: dict[str, int] = {}
    made = []
    bad = [{index for k, index in left_out if k == place} for place in range(len(originals))]
    total = sum(len(set(range(plan.count)) - unwanted) for unwanted in bad)
    names = stems(original.name for original in originals)
    for original, stem, unwanted in zip(originals, names, bad, strict=True):
        for sample in samples(original, plan, stem=stem, classes=classes, left_out=unwanted):
            yield from sample.files
            made.append((sample.row, sample.objects))
            progress(len(made), total)
    yield from summaries.summaries(made, plan.to_dict(), classes)


def _sample(
    image: Image,
    instances: Sequence[Instance],
    image_name: str,
    plan: Plan,
    index: int,
    name: str,
    classes: Mapping[str, int],
) -> AugmentedSample:
    size_hw = image.shape[:2]
    rng = augment.generator(plan.seed, image_name, index)
    drawn = augment.draw(plan.ranges, size_hw, rng)
    pixels, _ = augment.apply(image, drawn)
    moved = augment.apply_instances(instances, drawn)
    seen = [instance for instance in moved if rle.area(instance.mask)]
    if plan.image_format == "png":
        content = image_io.encode_png(pixels)
    else:
        content = image_io.encode_jpeg(pixels, quality=_JPEG_QUALITY)
    files = [(f"images/{name}.{plan.image_format}", content)]
    if plan.with_label_maps:
        files.append((f"label_maps/{name}.png", _label_map(seen, classes, size_hw)))
    if plan.with_masks:
        files += [(f"masks/{name}/{file}", png) for file, png in mask_pngs(moved)]
    row = {
        "file": files[0][0],
        "image": image_name,
        "index": index,
        "seed": plan.seed,
        "objects": len(seen),
        "drawn": drawn.to_dict(),
    }
    return AugmentedSample(tuple(files), row, [_object(instance) for instance in seen])


def _label_map(
    instances: Sequence[Instance], classes: Mapping[str, int], size_hw: Sequence[int]
) -> bytes:
    if not instances:
        return image_io.encode_png(np.zeros(size_hw, np.uint8))
    ids = [classes[instance.label] for instance in instances]
    return image_io.encode_png(masks.label_map([instance.mask for instance in instances], ids=ids))


def _object(instance: Instance) -> dict[str, Any]:
    return {
        "label": instance.label,
        "area": rle.area(instance.mask),
        "bbox": list(boxes.xyxy_to_xywh(instance.box)),
        "segmentation": {
            "size": list(instance.mask.size_hw),
            "counts": compress(instance.mask.counts),
        },
    }
