"""Tables of run-length codes with the images beside them, as Kaggle's competitions give them.

The dialects, and the columns by which their tables are known, are those of `rle_text.DIALECTS`.
"""

from __future__ import annotations

import codecs
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence

from maskcore import rle, rle_csv
from maskcore.datasets.dataset import Dataset, PictureFile, Problem, Sample, check_count
from maskcore.datasets.files import base
from maskcore.datasets.formats.kaggle.rows import (
    NO_SIZE,
    KaggleLoader,
    RowsOfTable,
    fault,
    is_blank,
    where,
)
from maskcore.datasets.picture_finder import PictureFinder
from maskcore.datasets.sizes import header_size
from maskcore.datasets.source import FileSource, unannotated
from maskcore.datasets.writer import Item, Keeps, Member
from maskcore.errors import DatasetError, MaskcoreError, RLEError
from maskcore.files import text_table
from maskcore.files.sanitize import shown
from maskcore.files.values import NO_LABEL
from maskcore.rle_csv import RleRow, columns as rle_columns
from maskcore.rle_csv.columns import Coded, Table
from maskcore.rle_text.dialects import DIALECTS
from maskcore.rle_text.pairs import starts_increase
from maskcore.types import Instance

TITLE = "Kaggle table of run-length codes"
KEEPS = Keeps()

_WRITTEN = "severstal"
_BLANK = ("", "nan", "-", "-1")
_CODE = re.compile(
    r'[0-9]+( +[0-9]+)+|\[ *[0-9]+ *,.*|\{ *"(size|counts)".*|<mask .*|eJ[A-Za-z0-9+/]{8,}=*',
    re.DOTALL,
)
_SEVERAL_RUNS = re.compile("[0-9]+( +[0-9]+){5,}")
_COMPRESSED = re.compile("[0-o]+")
# Columns of Open Images' tables, which say more than a table of codes can.
_OF_OTHERS = {"maskpath", "labelname", "predictionstring"}
_SUBMISSION = re.compile("(sample|example)[ _-]*submission", re.IGNORECASE)
_HEADERS = [{name.lower() for name, _ in dialect.columns} for dialect in DIALECTS.values()]


def find(source: FileSource) -> list[str]:
    """Return the names of the tables whose first rows hold run-length codes."""
    return [name for name in source.with_suffix(".csv", ".tsv") if _holds_codes(source.head(name))]


def read(source: FileSource, names: Sequence[str], *, dialect: str | None = None) -> Dataset:
    """Read tables of codes in any dialect; rows without a code say that an image has no mask.

    An image is as large as its row says, else as its header says, else as all images of the
    dialect are. Where several rows of an image are parts of one mask in a dialect, they are
    joined; in the others each is a mask.

    Args:
        source: The files.
        names: Of the tables, as `find` gives them. A sample submission beside another table is
            left out.
        dialect: A key of `rle_dialects.DIALECTS`; None to find it out, for each table.

    Raises:
        DatasetError: If no table can be read, or they tell of too many images.
    """
    images = _images(source)
    finder = PictureFinder(source.files, images)
    pictures: dict[str, PictureFile | None] = {}
    parts: dict[str, list[RowsOfTable]] = defaultdict(list)
    labels: dict[str, None] = {}
    problems: list[Problem] = []
    faults: list[Problem] = []
    tables = _without_submissions(names, problems)
    for name in tables:
        try:
            table = rle_columns.read_table(source.text(name))
            known = dialect or _dialect(table, finder, name)
        except MaskcoreError as error:
            faults.append(Problem(name, str(error).removeprefix(f"{name}: ")))
            continue
        problems += [Problem(where(name, problem), problem.reason) for problem in table.problems]
        by_image = _by_image(table, images, name, problems)
        check_count(len(pictures) + len(by_image))
        for called, rows in by_image.items():
            picture = finder.find(called, beside=name)
            sample = picture.path if picture else called
            pictures[sample] = picture
            parts[sample].append(RowsOfTable(name, known, rows))
        coded = (row for row in table.rows if row.label or not is_blank(row, known))
        labels |= dict.fromkeys(row.label or NO_LABEL for row in coded)
    if len(faults) == len(tables):
        raise DatasetError(f"{shown(faults[0].where)}: {faults[0].reason}")
    samples = [
        Sample(name, picture, KaggleLoader(name, picture, parts[name]))
        for name, picture in pictures.items()
    ]
    samples += unannotated(source, images, samples)
    return Dataset("kaggle-rle", samples, tuple(labels), [*faults, *problems])


class KaggleWriter:
    """Writes ``train.csv`` with the columns of "Severstal: Steel Defect Detection".

    A row for each mask, and a row without a code for each image that has none
    (https://www.kaggle.com/c/severstal-steel-defect-detection/data). Where an image is not
    written, the columns Height and Width say how large it is.
    """

    image_folder = "images"

    def __init__(self, labels: Sequence[str]) -> None:
        del labels  # the table lists no classes besides those of its rows
        self._rows: list[RleRow] = []
        self._with_size = False

    def sample(self, item: Item) -> Iterator[Member]:
        """Take the masks of a sample; there are no files for a single one."""
        self._with_size |= not item.has_image
        masks = item.instances or [Instance(rle.empty(item.size_hw), "")]
        self._rows += [
            RleRow(0, item.image_name, _written(instance.label), instance.mask)
            for instance in masks
        ]
        return iter(())

    def end(self) -> Iterator[Member]:
        """Yield the table."""
        text = rle_csv.write(self._rows, _WRITTEN, with_size=self._with_size)
        yield "train.csv", text.encode("utf-8", "replace")


def _written(label: str) -> str:
    return label.replace("\0", "\ufffd")  # text with it is taken for a binary file


def _holds_codes(head: bytes) -> bool:
    """Look at the beginning of a file, which may end in the middle of a character or a row."""
    is_wide = head[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
    text = head.decode("utf-16" if is_wide else "utf-8-sig", "ignore")
    try:
        rows = list(text_table.read_rows(text_table.read_text(text)))
        columns, rows = rle_columns.find(rows[:-1] if len(rows) > 2 else rows)
    except (MaskcoreError, IndexError):
        return False
    header = {name.lower() for name in columns.names}
    is_placed = "code" in columns.places and {"image", "image_label"} & columns.places.keys()
    if not rows or not is_placed or header & _OF_OTHERS:
        return False
    place = columns.places["code"]
    cells = [cells[place].strip() for _, cells in rows if len(cells) > place]
    codes = [cell for cell in cells if cell.lower() not in _BLANK]
    if not codes:
        return "encodedpixels" in header or any(names <= header for names in _HEADERS)
    is_named = rle_columns.KNOWN_NAMES.get(columns.names[place].lower()) == "code"
    good = [cell for cell in codes if (_is_code(cell, header) if is_named else _is_long(cell))]
    return 2 * len(good) > len(codes)


def _is_code(cell: str, header: set[str]) -> bool:
    is_compressed = "counts" in header and _COMPRESSED.fullmatch(cell)
    return bool(is_compressed or _CODE.fullmatch(cell))


def _is_long(cell: str) -> bool:
    """Whether a cell can be nothing but a code: sizes, boxes and points are numbers too."""
    return _SEVERAL_RUNS.fullmatch(cell) is not None and starts_increase(cell)


def _images(source: FileSource) -> Sequence[str]:
    """The images that are no masks; competitions often give masks as pictures too."""
    plain = [
        name for name in source.image_names if "mask" not in name.rpartition("/")[0].casefold()
    ]
    return plain or source.image_names


def _without_submissions(names: Sequence[str], problems: list[Problem]) -> Sequence[str]:
    kept = [name for name in names if not _SUBMISSION.search(base(name))]
    if not kept:
        return names
    problems += [
        Problem(name, "It is a sample submission, not a table of labels, and is left out.")
        for name in names
        if name not in kept
    ]
    return kept


def _dialect(table: Table, finder: PictureFinder, name: str) -> str:
    """Find the dialect of a table, by the images that its first codes belong to."""
    first = [row for row in table.rows if row.text.lower() not in _BLANK][: rle_columns.SAMPLE]
    if not first:
        return _WRITTEN
    sizes = [row.size_hw or header_size(finder.find(row.image, beside=name)) for row in first]
    sized = [row._replace(size_hw=size) for row, size in zip(first, sizes, strict=True) if size]
    fit = [row for row in sized if not fault(row, row.size_hw)]
    try:
        return rle_csv.detect(fit or first, table.columns, None)
    except RLEError as error:
        raise RLEError(NO_SIZE) from error


def _by_image(
    table: Table, images: Sequence[str], name: str, problems: list[Problem]
) -> dict[str, list[Coded]]:
    """Sort the rows by what they call their image; rows that call none mean the only image."""
    groups: dict[str, list[Coded]] = defaultdict(list)
    for row in table.rows:
        groups[row.image].append(row)
    nameless = groups.pop("", [])
    if nameless and len(images) == 1:
        groups[images[0]] += nameless
    else:
        reason = "The row does not say which image it belongs to."
        problems += [Problem(where(name, row), reason) for row in nameless]
    return groups
