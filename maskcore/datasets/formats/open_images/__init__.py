"""Open Images: tables of masks, each a PNG file of its own or a code in the table.

Read and written is the form of version 5 and later, with a file for each mask
(https://storage.googleapis.com/openimages/web/download_v7.html, "Instance segmentation masks");
read is also that of the Challenge 2019, with codes, of its predictions ("PredictionString") and of
its evaluation ("Mask") (https://storage.googleapis.com/openimages/web/evaluation.html).
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace

from maskcore import image_io, rle
from maskcore.datasets.dataset import Dataset, PictureFile, Problem, Sample, check_count
from maskcore.datasets.files import base
from maskcore.datasets.formats.open_images.rows import USED_COLUMNS, OpenImagesLoader, Row
from maskcore.datasets.picture_finder import PictureFinder
from maskcore.datasets.source import FileSource, unannotated
from maskcore.datasets.writer import ClassIds, Item, Keeps, Member
from maskcore.errors import DatasetError, MaskcoreError
from maskcore.files import text_table
from maskcore.files.sanitize import shown

TITLE = "Open Images"
KEEPS = Keeps(sizes=False)

_SUBSET = "train"
_MASK_COLUMNS = (
    *("MaskPath", "ImageID", "LabelName", "BoxID", "BoxXMin", "BoxXMax", "BoxYMin", "BoxYMax"),
    *("PredictedIoU", "Clicks"),
)
_IMAGE_COLUMNS = (
    *("ImageID", "Subset", "OriginalURL", "OriginalLandingURL", "License", "AuthorProfileURL"),
    *("Author", "Title", "OriginalSize", "OriginalMD5", "Thumbnail300KURL", "Rotation"),
)
_IMAGE = ("imageid", "id")
_MASK_NAME = re.compile(r"[0-9a-f]{16}_m[0-9a-z_]+_[0-9a-f]{8}\.png")
_CLASSES = re.compile("class(es)?-descriptions?")
_IMAGE_LIST = re.compile("image.*-with-rotation|image_ids_and_rotation")
_MAX_STEM_BYTES = 80  # of the names of mask files, which have to stay short


def find(source: FileSource) -> list[str]:
    """Return the names of the tables of masks, known by their columns."""
    return [name for name in source.with_suffix(".csv") if _holds_masks(source.head(name, 4096))]


def read(source: FileSource, names: Sequence[str]) -> Dataset:
    """Read tables of masks; labels are called as a table ``class-descriptions`` says, if any.

    Args:
        source: The files.
        names: Of the tables, as `find` gives them.

    Raises:
        DatasetError: If no table can be read, or they tell of too many images.
    """
    problems: list[Problem] = []
    by_id: dict[str, list[Row]] = {image_id: [] for image_id in _listed(source)}
    used: dict[str, None] = {}
    n_read = 0
    for name in names:
        try:
            rows = _rows(source, name, problems)
        except MaskcoreError as error:
            problems.append(Problem(name, str(error).removeprefix(f"{name}: ")))
            continue
        n_read += 1
        for row in rows:
            called = row.get(*_IMAGE)
            if called:
                by_id.setdefault(called, []).append(row)
            else:
                problems.append(Problem(row.where, "It does not say which image it belongs to."))
            used |= dict.fromkeys(row.labels())
    if not n_read:
        raise DatasetError(f"{shown(problems[-1].where)}: {problems[-1].reason}")
    check_count(len(by_id))
    masks = {row.mask.path for rows in by_id.values() for row in rows if row.mask}
    images = [
        path
        for path in source.image_names
        if path not in masks and not _MASK_NAME.fullmatch(base(path))
    ]
    display_names = _display_names(source, problems)
    ordered = dict.fromkeys(label for label in display_names if label in used) | used
    labels = dict.fromkeys(display_names.get(label, label) for label in ordered)
    samples = _samples(by_id, PictureFinder(source.files, images), display_names)
    samples += unannotated(source, images, samples)
    return Dataset("open-images", samples, tuple(labels), problems)


class OpenImagesWriter:
    """Writes a PNG for each mask, their table, and the lists of classes and images.

    The folders are those of a set of several subsets, as Datumaro and CVAT read it.
    """

    image_folder = f"images/{_SUBSET}"

    def __init__(self, labels: Sequence[str]) -> None:
        self._ids = ClassIds(labels)
        self._masks: list[Sequence[str]] = [_MASK_COLUMNS]
        self._images: list[Sequence[str]] = [_IMAGE_COLUMNS]

    def sample(self, item: Item) -> Iterator[Member]:
        """Yield the mask files of a sample."""
        image_id = text_table.guard(item.stem)
        self._images.append([image_id, _SUBSET, *[""] * (len(_IMAGE_COLUMNS) - 2)])
        height, width = item.size_hw
        stem = item.stem.replace("/", "_").encode()[:_MAX_STEM_BYTES].decode(errors="ignore")
        for instance in item.instances:
            box_id = f"{len(self._masks):08x}"
            name = f"{stem}_m{self._ids.of(instance.label)}_{box_id}.png"
            x1, y1, x2, y2 = instance.box
            box = [f"{share:.6f}" for share in (x1 / width, x2 / width, y1 / height, y2 / height)]
            label = text_table.guard(_written(instance.label))
            self._masks.append([text_table.guard(name), image_id, label, box_id, *box, "", ""])
            yield f"masks/{_SUBSET}/{name}", image_io.encode_png(rle.decode(instance.mask))

    def end(self) -> Iterator[Member]:
        """Yield the tables."""
        labels = [text_table.guard(_written(label)) for _, label in self._ids.items()]
        for name, rows in (
            (f"{_SUBSET}-annotations-object-segmentation.csv", self._masks),
            (f"{_SUBSET}-images-with-rotation.csv", self._images),
            ("class-descriptions.csv", [(label, label) for label in labels]),
        ):
            table = text_table.write_rows(rows).encode("utf-8", "replace")
            yield f"annotations/{name}", table


def _written(label: str) -> str:
    return label.replace("\0", "\ufffd")  # text with it is taken for a binary file


def _holds_masks(head: bytes) -> bool:
    header = head.decode("utf-8-sig", "ignore").partition("\n")[0]
    columns = {cell.strip().strip('"').lower() for cell in header.split(",")}
    if {"maskpath", "imageid", "labelname"} <= columns:
        return True
    is_sized = {"imagewidth", "imageheight"} <= columns and bool(columns & set(_IMAGE))
    is_coded = "labelname" in columns and bool(columns & {"mask", "encodedmask"})
    return is_sized and (is_coded or "predictionstring" in columns)


def _rows(source: FileSource, name: str, problems: list[Problem]) -> list[Row]:
    table = iter(text_table.read_rows(source.text(name)))
    _, header = next(table, (0, []))
    names = [column.strip().lower() for column in header]
    used = [place for place, column in enumerate(names) if column in USED_COLUMNS]
    places = {names[place]: i for i, place in enumerate(used)}
    rows = []
    for number, cells in table:
        where = f"{name}, row {number}"
        if len(cells) == len(header):
            row = Row(where, places, tuple(cells[place] for place in used))
            rows.append(replace(row, mask=_mask_file(source, row.get("maskpath"), name)))
        else:
            reason = f"The row has {len(cells)} cells, the table has {len(header)} columns."
            problems.append(Problem(where, reason))
    return rows


def _mask_file(source: FileSource, called: str, beside: str) -> PictureFile | None:
    found = source.pictures.find(called, beside=beside) if called else None
    is_same = found is not None and base(found.path).casefold() == base(called).casefold()
    return found if is_same else None


def _listed(source: FileSource) -> list[str]:
    """Ids in the lists of images, but for those that the list says can be had elsewhere.

    The official lists name millions of images, of which a set mostly has a few.
    """
    found: list[str] = []
    for name in source.with_suffix(".csv"):
        if _IMAGE_LIST.search(base(name)):
            with suppress(MaskcoreError):  # it says nothing of masks
                found += (
                    row.get("imageid")
                    for row in _rows(source, name, [])
                    if not row.get("originalurl")
                )
    return [image_id for image_id in found if image_id]


def _display_names(source: FileSource, problems: list[Problem]) -> dict[str, str]:
    """LabelName -> DisplayName, of a table with a header or without."""
    names: dict[str, str] = {}
    for name in source.with_suffix(".csv"):
        if not _CLASSES.search(base(name)):
            continue
        try:
            rows = [cells for _, cells in text_table.read_rows(source.text(name))]
        except MaskcoreError as error:
            problems.append(Problem(name, str(error).removeprefix(f"{name}: ")))
            continue
        pairs = [[text_table.unguard(cell.strip()) for cell in cells] for cells in rows]
        names |= {pair[0]: pair[1] or pair[0] for pair in pairs if len(pair) == 2}
    names.pop("LabelName", None)
    return names


def _samples(
    by_id: dict[str, list[Row]], finder: PictureFinder, display_names: dict[str, str]
) -> list[Sample]:
    rows: dict[str, list[Row]] = defaultdict(list)
    pictures: dict[str, PictureFile | None] = {}
    for called, some in by_id.items():
        picture = finder.find(called)
        name = picture.path if picture else called
        pictures[name] = picture
        rows[name] += some
    return [
        Sample(name, picture, OpenImagesLoader(name, picture, rows[name], display_names))
        for name, picture in pictures.items()
    ]
