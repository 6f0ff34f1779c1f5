"""What the page does as code: with maskcore, and with torchvision as far as it can."""

from __future__ import annotations

from dataclasses import fields

from maskcore.augment import Ranges
from maskcore.augment.files import Plan
from pages.shared.cutouts import FROM_LAYERS
from pages.use.augment.controls import SampleSettings
from pages.use.augment.export_job import SampledImage

_PADDING = {"nearest": "edge", "reflect": "symmetric"}


def maskcore(source: SampledImage, settings: SampleSettings, plan: Plan) -> str:
    """Write the calls that export the samples of one image as the page does."""
    ranges = (
        f"augment.PRESETS[{settings.preset!r}]" if settings.preset else _written(settings.ranges)
    )
    instances = FROM_LAYERS.format(name=source.name)
    if not source.instances:
        instances = f"\nimage = image_io.read_image(Path({source.name!r}))\ninstances = []\n"
    left_out = [(0, index) for index in sorted(source.left_out)]
    return f"""\
from pathlib import Path

from maskcore import augment, image_io
from maskcore.augment import files as augment_files
from maskcore.files import archive
{instances}
members = augment_files.members(
    [augment_files.Original({source.name!r}, lambda: (image, instances))],
    {ranges},
    count={plan.count},
    seed={plan.seed},
    image_format={plan.image_format!r},
    with_label_maps={plan.with_label_maps},
    with_masks={plan.with_masks},
    left_out={left_out},
)
archive.write_zip(Path("samples.zip"), members)
"""


def _written(ranges: Ranges) -> str:
    off = Ranges()
    changed = [
        f"        {field.name}={getattr(ranges, field.name)!r},\n"
        for field in fields(ranges)
        if getattr(ranges, field.name) != getattr(off, field.name)
    ]
    return f"augment.Ranges(\n{''.join(changed)}    )" if changed else "augment.Ranges()"


def torchvision(ranges: Ranges, size_hw: tuple[int, int]) -> str:
    """Write the pipeline of torchvision that comes closest.

    Args:
        ranges: How far samples may differ from the original.
        size_hw: (height, width) of the image.
    """
    steps = [*_color(ranges), *_geometry(ranges, size_hw), *_quality(ranges, size_hw)]
    lines = "".join(f"        {step}\n" for step in steps or ["v2.Identity(),"])
    return f"""\
import torch
from torchvision import tv_tensors
from torchvision.transforms import v2

# For an image of {size_hw[1]} × {size_hw[0]} pixels.
transform = v2.Compose(
    [
{lines}    ]
)
# (3, H, W) uint8 and (N, H, W) bool
sample, moved = transform(tv_tensors.Image(image), tv_tensors.Mask(masks))
"""


def _color(ranges: Ranges) -> list[str]:
    factors = {
        name: ranges.span(name)
        for name in ("brightness", "contrast", "saturation")
        if ranges.span(name) != (1, 1)
    }
    if ranges.span("hue") != (0, 0):
        low, high = ranges.span("hue")
        factors["hue"] = (round(low / 360, 4), round(high / 360, 4))
    said = ", ".join(f"{name}={span}" for name, span in factors.items())
    return [f"v2.ColorJitter({said}),"] if factors else []


def _geometry(ranges: Ranges, size_hw: tuple[int, int]) -> list[str]:
    steps = [
        f"v2.{name}(p={share}),"
        for name, share in (
            ("RandomHorizontalFlip", ranges.horizontal_flip),
            ("RandomVerticalFlip", ranges.vertical_flip),
        )
        if share
    ]
    moves = ("rotation", "shift_x", "shift_y", "shear")
    zoom = ranges.span("zoom")
    if zoom == (1.0, 1.0) and all(ranges.span(name) == (0, 0) for name in moves):
        return steps
    shifts = tuple(max(map(abs, ranges.span(name))) for name in ("shift_x", "shift_y"))
    fill = {"image": ranges.fill_color, "mask": 0}
    affine = [
        f"v2.RandomAffine(degrees={ranges.span('rotation')}, translate={shifts}, scale={zoom},",
        f"    shear={ranges.span('shear')}, interpolation=v2.InterpolationMode.BILINEAR,",
        f"    fill={{tv_tensors.Image: {fill['image']}, tv_tensors.Mask: {fill['mask']}}}),",
    ]
    if ranges.fill == "constant":
        return [*steps, *affine]
    if ranges.fill == "wrap":
        return [*steps, "# torchvision cannot repeat the image beyond the frame.", *affine]
    height, width = size_hw
    pad = f"v2.Pad([{width // 2}, {height // 2}], padding_mode={_PADDING[ranges.fill]!r}),"
    return [*steps, pad, *affine, f"v2.CenterCrop(({height}, {width})),"]


def _quality(ranges: Ranges, size_hw: tuple[int, int]) -> list[str]:
    steps = []
    shorter = min(size_hw)
    low, high = ranges.span("blur")
    if high:
        sigma = (round(max(low * shorter, 0.01), 3), round(high * shorter, 3))
        kernel = 2 * int(3 * sigma[1]) + 3
        steps.append(f"v2.GaussianBlur({kernel}, sigma={sigma}),")
    low, high = ranges.span("noise")
    if high:
        mean = round((low + high) / 2 / 255, 4)
        steps += [
            "v2.ToDtype(torch.float32, scale=True),",
            "# torchvision adds noise of one strength; this is the middle of the range.",
            f"v2.GaussianNoise(sigma={mean}),",
            "v2.ToDtype(torch.uint8, scale=True),",
        ]
    if ranges.jpeg_quality is not None:
        low, high = map(int, ranges.span("jpeg_quality"))
        steps.append(f"v2.JPEG(({low}, {high})),")
    fewest, most = map(int, ranges.span("cutouts"))
    sides = [side * shorter for side in ranges.span("cutout_size")]
    shares = tuple(round(side**2 / (size_hw[0] * size_hw[1]), 5) for side in sides)
    for place in range(most):
        share = 1.0 if place < fewest else 0.5
        steps.append(
            f"v2.RandomErasing(p={share}, scale={shares}, ratio=(1, 1),"
            f" value={list(ranges.fill_color)}),"
        )
    return steps
