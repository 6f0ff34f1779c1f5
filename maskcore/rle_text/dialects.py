"""The table of run-length dialects: how each is written, and what tables of it look like."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal, Protocol

from maskcore.rle import RLE
from maskcore.rle_text.brush import Cvat, LabelStudio
from maskcore.rle_text.coco import Compressed, Counts, OpenImages
from maskcore.rle_text.pairs import Pairs

Role = Literal["image", "label", "image_label", "code", "height", "width"]
"""What a column of a table holds; image_label is both in one cell, with "_" between."""


class Codec(Protocol):
    """How a mask is written in one text; equal codecs read the same mask."""

    def parse(self, text: str, size_hw: tuple[int, int]) -> RLE:
        """Read one mask."""

    def format(self, r: RLE) -> str:
        """Write one mask."""


@dataclass(frozen=True)
class Dialect:
    """One way in which tables of masks are found in the field.

    Attributes:
        name: The key in `DIALECTS`.
        title: The name for people.
        codec: Reads and writes one cell.
        how: The codec in words.
        empty: Texts for a mask with nothing inside, in lower case; the first is the one written.
        columns: The table's columns in order, name and role.
        size_hw: (height, width) of every image, where the dialect has only one.
        one_mask: Several rows of an image are parts of one mask, not several objects.
    """

    name: str
    title: str
    codec: Codec
    how: str
    empty: tuple[str, ...]
    columns: tuple[tuple[str, Role], ...]
    size_hw: tuple[int, int] | None = None
    one_mask: bool = False


_COLUMN_PAIRS = (Pairs(), "start length, from 1, down the columns")
_ROW_PAIRS = (Pairs(by_rows=True), "start length, from 1, along the rows")
_BLANK = ("", "nan")
_SIZED: tuple[tuple[str, Role], ...] = (
    ("image", "image"),
    ("label", "label"),
    ("height", "height"),
    ("width", "width"),
)

_ALL = (
    Dialect(
        "severstal",
        "Severstal steel",
        *_COLUMN_PAIRS,
        _BLANK,
        (("ImageId", "image"), ("ClassId", "label"), ("EncodedPixels", "code")),
        size_hw=(256, 1600),
    ),
    Dialect(
        "airbus",
        "Airbus ships",
        *_COLUMN_PAIRS,
        _BLANK,
        (("ImageId", "image"), ("EncodedPixels", "code")),
        size_hw=(768, 768),
    ),
    Dialect(
        "dsb2018",
        "Data Science Bowl 2018 nuclei",
        *_COLUMN_PAIRS,
        _BLANK,
        (
            ("ImageId", "image"),
            ("EncodedPixels", "code"),
            ("Height", "height"),
            ("Width", "width"),
        ),
    ),
    Dialect(
        "tgs-salt",
        "TGS salt",
        *_COLUMN_PAIRS,
        _BLANK,
        (("id", "image"), ("rle_mask", "code")),
        size_hw=(101, 101),
    ),
    Dialect(
        "clouds",
        "Understanding clouds",
        *_COLUMN_PAIRS,
        _BLANK,
        (("Image_Label", "image_label"), ("EncodedPixels", "code")),
        size_hw=(1400, 2100),
    ),
    Dialect("hubmap", "HuBMAP", *_COLUMN_PAIRS, _BLANK, (("id", "image"), ("encoding", "code"))),
    Dialect(
        "contrails",
        "Contrails",
        *_COLUMN_PAIRS,
        ("-", *_BLANK),
        (("record_id", "image"), ("encoded_pixels", "code")),
        size_hw=(256, 256),
    ),
    Dialect(
        "carvana",
        "Carvana cars",
        *_ROW_PAIRS,
        _BLANK,
        (("img", "image"), ("rle_mask", "code")),
        size_hw=(1280, 1918),
    ),
    Dialect(
        "sartorius",
        "Sartorius cells",
        *_ROW_PAIRS,
        _BLANK,
        (("id", "image"), ("annotation", "code"), ("width", "width"), ("height", "height")),
        size_hw=(520, 704),
    ),
    Dialect(
        "uw-madison",
        "UW-Madison GI tract",
        *_ROW_PAIRS,
        _BLANK,
        (("id", "image"), ("class", "label"), ("segmentation", "code")),
    ),
    Dialect(
        "vesuvius",
        "Vesuvius ink",
        *_ROW_PAIRS,
        _BLANK,
        (("Id", "image"), ("Predicted", "code")),
    ),
    Dialect(
        "siim-acr",
        "SIIM-ACR pneumothorax",
        Pairs(base=0, relative=True),
        "gap length, each gap from the end of the run before, down the columns",
        ("-1", *_BLANK),
        (("ImageId", "image"), ("EncodedPixels", "code")),
        size_hw=(1024, 1024),
        one_mask=True,
    ),
    Dialect(
        "zero-based",
        "Pairs from 0, by columns",
        Pairs(base=0),
        "start length, from 0, down the columns",
        _BLANK,
        (*_SIZED, ("pairs", "code")),
    ),
    Dialect(
        "zero-based-rows",
        "Pairs from 0, by rows",
        Pairs(base=0, by_rows=True),
        "start length, from 0, along the rows",
        _BLANK,
        (*_SIZED, ("pairs", "code")),
    ),
    Dialect(
        "coco",
        "COCO counts",
        Counts(),
        "run lengths, outside first, down the columns",
        (),
        (*_SIZED, ("counts", "code")),
    ),
    Dialect(
        "coco-compressed",
        "COCO compressed",
        Compressed(),
        "COCO's counts as one compressed text",
        (),
        (*_SIZED, ("counts", "code")),
    ),
    Dialect(
        "open-images",
        "Open Images",
        OpenImages(),
        "COCO's compressed text, deflated, in base64",
        (),
        (*_SIZED, ("mask", "code")),
    ),
    Dialect(
        "cvat",
        "CVAT XML",
        Cvat(),
        "a mask element: run lengths inside its box, along the rows",
        (),
        (*_SIZED, ("mask", "code")),
    ),
    Dialect(
        "label-studio",
        "Label Studio brush",
        LabelStudio(),
        "a list of bytes: a packed RGBA picture",
        (),
        (*_SIZED, ("rle", "code")),
    ),
)

DIALECTS: Mapping[str, Dialect] = MappingProxyType({dialect.name: dialect for dialect in _ALL})
"""Every dialect by its name."""
