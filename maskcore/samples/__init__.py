"""Pictures to try things on: two photos, shapes with known masks, a strip with known defects."""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import cv2
import numpy as np
from numpy.typing import NDArray

from maskcore import extras, image_io, rle, rle_text
from maskcore.errors import MaskcoreError
from maskcore.samples.shape_scenes import Scene, scene
from maskcore.types import Image, Mask

STEEL_SIZE_HW = (256, 1600)
"""The size of a strip in the Severstal competition."""

ROW = (
    "29102 12 29346 24 29602 24 29858 24 30114 24 30370 24 30626 24 30882 24 31139 23 31395 "
    "23 31651 23 31907 23 32163 23 32419 23 32675 23 77918 27 78174 55 78429 60 78685 64 "
    "78941 68 79197 72 79452 77 79708 81 79964 85 80220 89 80475 94 80731 98 80987 102 81242 "
    "105 81498 105 81754 104 82010 104 82265 105 82521 31 82556 69 82779 27 82818 63 83038 22 "
    "83080 57 83297 17 83342 50 83555 13 83604 44 83814 8 83866 37 84073 3 84128 31 84390 25 "
    "84652 18 84918 8 85239 10 85476 29 85714 47 85960 57 86216 57 86471 58 86727 58 86983 58 "
    "87238 59 87494 59 87750 59 88005 60 88261 60 88517 60 88772 61 89028 53 89283 40 89539 "
    "32 89667 10 89795 30 89923 28 90050 29 90179 37 90306 27 90434 38 90562 14 90690 38 "
    "90817 9 90946 38 91073 3 91202 38 91458 38 91714 38 91969 39 92225 39 92481 39 92737 39 "
    "92993 39 93248 40 93504 40 93760 40 94026 30 94302 10 189792 7 190034 21 190283 28 "
    "190539 28 190795 28 191051 28 191307 28 191563 28 191819 28 192075 28 192331 28 192587 "
    "28 192843 23 193099 14 193355 5"
)
"""Code of one mask of that size: the row that the tutorial "Generating masks from encoded pixels"
takes from the competition's train.csv."""

STEEL_CLASSES: Mapping[int, str] = MappingProxyType(
    {1: "pitting", 2: "inclusion", 3: "scratch", 4: "scale"}
)
"""What the class numbers of the steel sample stand for."""

_Plane = NDArray[np.float32]


@dataclass(frozen=True)
class Description:
    """What a sample shows.

    Attributes:
        title: A word or two.
        caption: One line: what it is and where it comes from.
    """

    title: str
    caption: str


@dataclass(frozen=True)
class SampleFile:
    """A picture as a user would upload it.

    Attributes:
        name: The file name, such as "china.jpg".
        image_bytes: The encoded file.
        rows: CSV text of run-length rows about the picture, or "".
    """

    name: str
    image_bytes: bytes
    rows: str = ""


SAMPLES: Mapping[str, Description] = MappingProxyType(
    {
        "china": Description(
            "Temple", "The Summer Palace in Beijing, 640 × 427, a photo that scikit-learn bundles."
        ),
        "flower": Description("Flower", "A dahlia, 640 × 427, a photo that scikit-learn bundles."),
        "shapes": Description("Shapes", "Generated, 512 × 384: what the demo model can find."),
        "steel": Description(
            "Steel strip",
            "A generated strip, 1600 × 256, with a row of run-length codes per class of defect.",
        ),
    }
)
"""The samples that `load` knows, in the order to show them."""


def load(name: str) -> SampleFile:
    """Return a sample.

    Args:
        name: A key of `SAMPLES`.

    Raises:
        ValueError: If there is no such sample.
        MaskcoreError: If it is a photo and scikit-learn, which brings it, is not installed.
    """
    if name == "steel":
        image, defects = steel()
        return SampleFile(
            "steel.png", image_io.encode_png(image[:, :, 0]), _rows("steel.png", defects)
        )
    if name == "shapes":
        return SampleFile("shapes.png", image_io.encode_png(shapes().image))
    if name in SAMPLES:
        return SampleFile(f"{name}.jpg", _bundled_photo(f"{name}.jpg"))
    raise ValueError(f"there is no sample {name!r}, only {', '.join(SAMPLES)}")


def shapes() -> Scene:
    """Draw the scene of the shapes sample: its (384, 512, 3) image and the true instances."""
    return scene(395, (384, 512))


def steel(seed: int = 0) -> tuple[Image, dict[int, Mask]]:
    """Draw a strip of rolled steel with four kinds of defects.

    Args:
        seed: The same seed gives the same strip.

    Returns:
        (256, 1600, 3) gray RGB, and for each class of `STEEL_CLASSES` the (256, 1600) mask of
        exactly the pixels that its defects changed visibly.
    """
    rng = np.random.default_rng(seed)
    strip = _bare_strip(rng)
    defects = {
        1: _pitting(strip, rng, center_xy=(930, 150)),
        2: _inclusions(strip, rng, xs=(608, 655, 671)),
        3: _scratches(strip, rng, x=300),
        4: _scale(strip, rng, center_xy=(1250, 120)),
    }
    grain = rng.standard_normal(STEEL_SIZE_HW, np.float32)
    strip += (0.022 * strip + 1) * (grain + cv2.GaussianBlur(grain, (0, 0), 0.8))
    gray = np.clip(np.rint(strip), 0, 255).astype(np.uint8)
    return np.repeat(gray[..., None], 3, axis=2), defects


def _bundled_photo(file_name: str) -> bytes:
    extras.require("learn", f"The photo {file_name}")
    # Importing scikit-learn takes a second; its photos only need its folder.
    found = importlib.util.find_spec("sklearn")
    for folder in (found and found.submodule_search_locations) or []:
        photo = Path(folder, "datasets", "images", file_name)
        if photo.is_file():
            return photo.read_bytes()
    raise MaskcoreError(f"The scikit-learn that is installed here has no photo {file_name}.")


def _rows(image_id: str, defects: Mapping[int, Mask]) -> str:
    lines = ["ImageId,ClassId,EncodedPixels"]
    for class_id, mask in defects.items():
        lines.append(f"{image_id},{class_id},{rle_text.format(rle.encode(mask), 'severstal')}")
    return "\n".join(lines) + "\n"


def _noise(
    rng: np.random.Generator, size_hw: tuple[int, int], cell_hw: tuple[float, float]
) -> _Plane:
    """Smooth noise of unit spread whose grains are about as large as a cell."""
    grid_hw = [max(2, round(side / cell)) for side, cell in zip(size_hw, cell_hw, strict=True)]
    grid = rng.standard_normal(grid_hw, np.float32)
    smooth = cv2.resize(grid, size_hw[::-1], interpolation=cv2.INTER_CUBIC)
    return np.asarray(smooth, np.float32)


def _bare_strip(rng: np.random.Generator) -> _Plane:
    height, width = STEEL_SIZE_HW
    y = np.linspace(-1, 1, height, dtype=np.float32)[:, None]
    x = np.linspace(-1, 1, width, dtype=np.float32)
    strip = 122 - 38 * (x + 0.2) ** 2 + 20 * y * (0.9 - 0.4 * x) - 6 * y**2
    strip += 4.5 * _noise(rng, STEEL_SIZE_HW, (180, 150))
    # The rolls leave streaks along the strip, which runs from top to bottom.
    for gain, cell_hw in (
        (0.8, (160, 1)),
        (1.3, (160, 3.5)),
        (1.7, (150, 22)),
        (1.6, (150, 70)),
        (1.3, (45, 1.6)),
        (1.5, (18, 1.3)),
    ):
        strip += gain * _noise(rng, STEEL_SIZE_HW, cell_hw)
    # Chatter: faint bars across the strip.
    strip += 0.7 * _noise(rng, STEEL_SIZE_HW, (9, 800))
    specks = np.zeros(STEEL_SIZE_HW, np.float32)
    for count, strength in ((70, (60, 260)), (110, (-130, -40))):
        places = rng.integers(height, size=count), rng.integers(width, size=count)
        specks[places] = rng.uniform(*strength, count)
    strip -= cv2.GaussianBlur(specks, (0, 0), 0.9)
    edge = 1556 + 2.2 * _noise(rng, (height, 2), (40, 2))[:, :1]
    beyond = np.clip((np.arange(width, dtype=np.float32) - edge) / 7 + 0.5, 0, 1)
    strip += beyond * (26 + 1.5 * _noise(rng, STEEL_SIZE_HW, (60, 5)) - strip)
    return np.asarray(strip, np.float32)


def _pitting(strip: _Plane, rng: np.random.Generator, center_xy: tuple[int, int]) -> Mask:
    """A cloud of small dark pits, each with a bright lower rim."""
    holes = np.zeros(STEEL_SIZE_HW, np.float32)
    for dx, dy in rng.normal(0, 1, (95, 2)):
        at = (round(center_xy[0] + 48 * dx), round(center_xy[1] + 34 * dy))
        axes = (int(rng.integers(1, 4)), int(rng.integers(1, 6)))
        cv2.ellipse(
            holes, at, axes, float(rng.uniform(-25, 25)), 0, 360, float(rng.uniform(0.5, 1)), -1
        )
    deep = cv2.GaussianBlur(holes, (0, 0), 0.9)
    lit = np.clip(np.roll(deep, 2, axis=0) - deep, 0, None)
    strip += 120 * lit - 66 * deep
    return np.asarray((deep > 0.2) | (lit > 0.15))


def _inclusions(strip: _Plane, rng: np.random.Generator, xs: tuple[int, ...]) -> Mask:
    """Dark stringers along the rolling direction, ragged and broken."""
    height, width = STEEL_SIZE_HW
    column = np.arange(width, dtype=np.float32)
    row = np.arange(height, dtype=np.float32)[:, None]
    dark = np.zeros(STEEL_SIZE_HW, np.float32)
    ragged = _noise(rng, STEEL_SIZE_HW, (2.5, 1.5))
    for x in xs:
        middle, reach = rng.uniform(90, 170), rng.uniform(55, 100)
        path = x + 1.5 * _noise(rng, (height, 2), (30, 2))[:, :1]
        taper = np.clip(1.2 - ((row - middle) / reach) ** 2, 0, 1)
        half = taper * (1.6 + 1.1 * _noise(rng, (height, 2), (14, 2))[:, :1])
        dark = np.maximum(dark, np.clip(half + 0.8 * ragged + 0.5 - abs(column - path), 0, 1))
    dark *= np.clip(0.8 + 0.35 * _noise(rng, STEEL_SIZE_HW, (9, 3)), 0, 1)
    strip -= 48 * cv2.GaussianBlur(dark, (0, 0), 0.7)
    return dark > 0.4


def _scratches(strip: _Plane, rng: np.random.Generator, x: int) -> Mask:
    """Long thin marks: a bright furrow with a dark flank."""
    height, width = STEEL_SIZE_HW
    column = np.arange(width, dtype=np.float32)
    row = np.arange(height, dtype=np.float32)[:, None]
    inside = np.zeros(STEEL_SIZE_HW, np.bool_)
    for offset, slope, top, bottom, half in (
        (0, 0.16, -9, 190, 1.5),
        (17, 0.15, 30, 270, 1.1),
        (-64, 0.11, 96, 214, 0.9),
    ):
        path = x + offset + slope * row + 1.2 * _noise(rng, (height, 2), (70, 2))[:, :1]
        taper = np.clip(np.minimum(row - top, bottom - row) / 40, 0, 1)
        taper *= 0.85 + 0.22 * _noise(rng, (height, 2), (9, 2))[:, :1]
        across = column - path
        furrow = np.clip(half * taper + 0.5 - abs(across), 0, 1) * (taper > 0)
        flank = np.clip(half * taper + 0.5 - abs(across - 2 * half - 0.5), 0, 1) * (taper > 0)
        shine = np.clip(0.85 + 0.3 * _noise(rng, (height, 2), (10, 2))[:, :1], 0.3, 1.4)
        strip += 66 * furrow * shine - 26 * flank * shine
        inside |= (furrow >= 0.5) | (flank >= 0.5)
    return inside


def _scale(strip: _Plane, rng: np.random.Generator, center_xy: tuple[int, int]) -> Mask:
    """A patch of rolled-in scale: dark, mottled, with a lit edge and crumbs beside it."""
    height, width = STEEL_SIZE_HW
    x = (np.arange(width, dtype=np.float32) - center_xy[0]) / 82
    y = (np.arange(height, dtype=np.float32)[:, None] - center_xy[1]) / 78
    field = 1 - np.sqrt(x**2 + y**2)
    for gain, cell in ((0.20, 40), (0.13, 16), (0.08, 6)):
        field += gain * _noise(rng, STEEL_SIZE_HW, (cell * 1.6, cell))
    inside = field > 0.25
    soft = cv2.GaussianBlur(inside.astype(np.float32), (0, 0), 1.0)
    mottle = 9 * _noise(rng, STEEL_SIZE_HW, (16, 7)) + 8 * _noise(rng, STEEL_SIZE_HW, (5, 2.5))
    height_of = cv2.GaussianBlur(inside.astype(np.float32), (0, 0), 2.2)
    relief = height_of - np.roll(height_of, (3, 2), axis=(0, 1))
    strip += soft * (mottle - 40) - 95 * relief * soft
    return inside
