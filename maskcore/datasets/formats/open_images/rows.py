"""What the rows of Open Images' tables say of one image: mask files and codes to masks."""

from __future__ import annotations

import io
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from maskcore import rle, rle_text
from maskcore.datasets.dataset import Annotation, Contents, PictureFile, Problem
from maskcore.datasets.sizes import header_size
from maskcore.errors import DatasetError, MaskcoreError
from maskcore.files import text_table
from maskcore.files.values import NO_LABEL, check_size, not_a_score, number_of, score_of, size_of
from maskcore.image_io import probe as image_probe, stored as mask_pixels
from maskcore.masks import sizes as mask_size
from maskcore.rle import RLE
from maskcore.types import Instance, Mask

_BOXES = (
    ("boxxmin", "boxymin", "boxxmax", "boxymax"),
    ("xmin", "ymin", "xmax", "ymax"),
)
USED_COLUMNS = frozenset(
    {
        *("maskpath", "imageid", "id", "labelname", "isgroupof", *_BOXES[0], *_BOXES[1]),
        *("imagewidth", "imageheight", "predictionstring", "encodedmask", "mask"),
        *("score", "confidence", "originalurl"),
    }
)
"""The columns that are looked at, in lower case."""

_NO_SCORE = "nan"


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a table.

    Attributes:
        where: Table and row.
        places: Name of a column, in lower case -> its place.
        cells: The cells.
        mask: The file with the mask, if the row names one that is there.
    """

    where: str
    places: Mapping[str, int]
    cells: Sequence[str]
    mask: PictureFile | None = None

    def get(self, *names: str) -> str:
        """Return the cell of the first of the columns that there is; "" if there is none."""
        found = (self.cells[self.places[name]] for name in names if name in self.places)
        return text_table.unguard(next(found, "").strip())

    def labels(self) -> list[str]:
        """Return the LabelNames in it."""
        if "predictionstring" in self.places:
            return self.get("predictionstring").split()[::3]
        return [self.get("labelname") or NO_LABEL]


@dataclass(frozen=True, slots=True)
class OpenImagesLoader:
    """Reads the masks of one image.

    Attributes:
        sample: Name of the sample.
        picture: The image, to whose size mask files are brought.
        rows: The rows about it.
        display_names: LabelName -> DisplayName.
    """

    sample: str
    picture: PictureFile | None
    rows: list[Row]
    display_names: Mapping[str, str]

    def __call__(self) -> Contents:
        """Read them."""
        annotations: list[Annotation] = []
        problems: list[Problem] = []
        image_hw = header_size(self.picture)
        for row in self.rows:
            for label, mask, stated in _masks(row, image_hw):
                fault = mask if isinstance(mask, MaskcoreError) else None
                if isinstance(mask, RLE):
                    score = score_of(stated)
                    if score is None and stated.lower() != _NO_SCORE:
                        reason = not_a_score(stated)
                        problems.append(Problem(row.where, reason, self.sample, is_left_out=False))
                    name = self.display_names.get(label, label)
                    instance = Instance(mask, name, score, row.get("isgroupof") == "1")
                    box, fault = _box(row, mask.size_hw)
                    annotations.append(Annotation(instance, row.where, box))
                if fault:
                    problems.append(Problem(row.where, str(fault), self.sample))
        return Contents(annotations, problems, _stated_hw(self.rows))


def _masks(
    row: Row, image_hw: tuple[int, int] | None
) -> Iterator[tuple[str, RLE | MaskcoreError, str]]:
    """Yield LabelName, mask or what is wrong, and the score as it is stated."""
    try:
        if "maskpath" in row.places:
            yield row.get("labelname") or NO_LABEL, _of_file(row, image_hw), _NO_SCORE
            return
        size_hw = size_of(row.get("imageheight"), row.get("imagewidth"))
        words = row.get("predictionstring").split()
        if "predictionstring" not in row.places:
            words = [row.get("labelname") or NO_LABEL, row.get("score", "confidence") or _NO_SCORE]
            words.append(row.get("encodedmask", "mask"))
        if len(words) % 3:
            n_words = f"{len(words):,}"
            raise DatasetError(
                f"Label, confidence and code are three, but there are {n_words} words."
            )
    except MaskcoreError as error:
        yield "", error, _NO_SCORE
        return
    for label, score, code in zip(words[::3], words[1::3], words[2::3], strict=True):
        try:
            if number_of(score) is None and score.lower().lstrip("+-") not in (_NO_SCORE, "inf"):
                raise DatasetError(f"The confidence “{score:.20}” is not a number.")
            yield label, rle_text.parse(code, size_hw, "open-images"), score
        except MaskcoreError as error:
            yield label, error, score


def _of_file(row: Row, image_hw: tuple[int, int] | None) -> RLE:
    """Read a mask file; inside is what is not 0.

    The files have the proportions of their image, but not always its size.
    """
    if row.mask is None:
        raise DatasetError(f"The file of its mask, {row.get('maskpath'):.80}, is not there.")
    mask = rle.encode(_inside(row.mask.read()))
    if image_hw and mask.size_hw != image_hw and mask_size.has_proportions(mask.size_hw, image_hw):
        return mask_size.resize(mask, image_hw)
    return mask


def _inside(content: bytes) -> Mask:
    probe = image_probe.probe(io.BytesIO(content), "The file of its mask")
    check_size(probe.size_hw)
    if (probe.format, probe.orientation, probe.is_cut_short) == ("PNG", 1, False):
        # Several times as fast, for gray files, which these are.
        pixels = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_UNCHANGED)
        if pixels is not None and pixels.ndim == 2:
            return np.asarray(pixels != 0)
    found = mask_pixels.read(content)
    values = found.brightness if found.stored_as == "color" else found.values
    return np.asarray(values != 0)


def _box(
    row: Row, size_hw: tuple[int, int]
) -> tuple[tuple[float, float, float, float] | None, DatasetError | None]:
    """Return the box in pixels, or what is wrong with it; the table has shares of the sides."""
    names = next((corners for corners in _BOXES if corners[0] in row.places), ())
    texts = [row.get(name) for name in names]
    if not any(texts):
        return None, None
    try:
        x1, y1, x2, y2 = map(float, texts)
    except ValueError:
        x1 = y1 = x2 = y2 = math.nan
    if not all(0 <= share <= 1 for share in (x1, y1, x2, y2)):
        return None, DatasetError("Its box is not made of numbers from 0 to 1 and is left out.")
    height, width = size_hw
    return (x1 * width, y1 * height, x2 * width, y2 * height), None


def _stated_hw(rows: Sequence[Row]) -> tuple[int, int] | None:
    for row in rows:
        try:
            return size_of(row.get("imageheight"), row.get("imagewidth"))
        except MaskcoreError:
            continue
    return None
