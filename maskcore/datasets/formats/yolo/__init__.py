"""Ultralytics YOLO segmentation: a text file of polygons for each image, data.yaml for the classes.

A line is a class number and the corners x1 y1 x2 y2 ... as fractions of the image's width and
height (https://docs.ultralytics.com/datasets/segment/). A line with four numbers after the class
is a box as its center, width and height (https://docs.ultralytics.com/datasets/detect/); it is
read as a filled rectangle. A score may follow, as Ultralytics writes with its predictions.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from maskcore.datasets import paired_folders
from maskcore.datasets.dataset import Annotation, Contents, Dataset, PictureFile, Problem, Sample
from maskcore.datasets.formats.yolo import lines as yolo_lines, names as yolo_names
from maskcore.datasets.formats.yolo.lines import Line
from maskcore.datasets.sizes import header_size
from maskcore.datasets.source import FileSource, unannotated
from maskcore.datasets.writer import ClassIds, Item, Keeps, Member
from maskcore.errors import DatasetError, MaskcoreError
from maskcore.files import text_table
from maskcore.types import Instance

TITLE = "Ultralytics YOLO segmentation"
KEEPS = Keeps(holes=False, parts=False, sizes=False)

_N_SNIFFED = 20
_MAX_LINES = 100_000
_TOLERANCE = 0.01  # Ultralytics overlooks as much


def find(source: FileSource) -> list[str]:
    """Return the file of the classes' names, if there is one, and the label files."""
    labels = _label_files(source)
    if not labels:
        return []
    names = _names_files(source)
    rows = _first_rows(source, labels)
    is_ours = any(map(yolo_lines.is_likely, rows))
    is_bare = bool(names) and not rows  # nothing is drawn yet
    return [*names[:1], *labels] if is_ours or is_bare else []


def read(source: FileSource, names: Sequence[str]) -> Dataset:
    """Read a data set; arguments as `find` returns them."""
    others = [file for file in names if yolo_names.is_yaml(file) or yolo_names.is_names_file(file)]
    labels = [file for file in names if file not in others]
    classes, has_keypoints, problems = _classes(source, others)
    if has_keypoints:
        reason = "The lines are boxes with keypoints; the keypoints are left out."
        problems.append(Problem(others[0], reason))
    rows = [row for row in _first_rows(source, labels) if yolo_lines.is_likely(row)]
    if has_keypoints or any(map(yolo_lines.is_box, rows)):
        reason = "Lines of four numbers after the class are boxes, read as filled rectangles."
        problems.append(Problem(next(iter(labels), source.name), reason))
    images = {image: _label_key(image) for image in source.image_names}
    by_key = {paired_folders.without_ending(file): file for file in labels}
    samples = []
    for label, picture in paired_folders.pair(source, by_key, images):
        name = picture.path if picture else label
        load = _YoloLoader(source, label, name, picture, classes, has_keypoints)
        samples.append(Sample(name, picture, load))
    samples += unannotated(source, source.image_names, samples)
    in_order = dict.fromkeys(classes[number] for number in sorted(classes))
    return Dataset("yolo", samples, tuple(in_order), problems)


class YoloWriter:
    """Writes labels/, beside images/, and data.yaml, which Ultralytics reads as they are.

    A mask becomes the outline along the edges of its pixels, so that it comes back as it was.

    Args:
        labels: Classes that are known beforehand.
    """

    image_folder = "images"

    def __init__(self, labels: Sequence[str]) -> None:
        self._ids = ClassIds(labels, first=0)
        self._folders: dict[str, dict[str, None]] = defaultdict(dict)

    def sample(self, item: Item) -> Iterator[Member]:
        """Yield the label file, empty where there is no mask."""
        image = f"{self.image_folder}/{item.image_name}"
        split, folder = paired_folders.split(image)
        self._folders[split][folder] = None
        lines = [
            line
            for instance in item.instances
            for line in yolo_lines.write(instance.mask, self._ids.of(instance.label))
        ]
        yield f"{_label_key(image)}.txt", "".join(lines).encode()

    def end(self) -> Iterator[Member]:
        """Yield data.yaml.

        Where the folders do not say of every image whether it is for training, all are for both
        training and validation.
        """
        folders = {split: list(self._folders[split]) for split in ("train", "val", "test")}
        if "" in self._folders or not (folders["train"] and folders["val"]):
            folders = {split: [self.image_folder] for split in ("train", "val")}
        used = {split: several for split, several in folders.items() if several}
        yield "data.yaml", yolo_names.write_yaml(self._ids.items(), used).encode()


@dataclass(frozen=True)
class _YoloLoader:
    """Reads the label file of a sample."""

    source: FileSource
    file: str
    sample: str
    picture: PictureFile | None
    classes: Mapping[int, str]
    has_keypoints: bool

    def __call__(self) -> Contents:
        try:
            lines = text_table.lines(self.source.text(self.file))
        except MaskcoreError:
            return self._nothing("The file is no text that can be read.")
        rows = [(number, line.split()) for number, line in enumerate(lines, 1) if line.strip()]
        if not rows:
            return Contents()
        size_hw = header_size(self.picture)
        if size_hw is None:
            return self._nothing("Its image is missing, not readable or too large.")
        if self.has_keypoints:
            rows = [(number, row[: yolo_lines.N_BOX]) for number, row in rows]
        is_scored = all(len(row) % 2 == 0 for _, row in rows if not yolo_lines.is_box(row))
        annotations: list[Annotation] = []
        problems: list[Problem] = []
        for number, row in rows[:_MAX_LINES]:
            where = f"line {number} of {self.file}"
            try:
                line = yolo_lines.read(row, is_scored=is_scored)
                annotations.append(self._annotation(line, where, size_hw))
            except DatasetError as error:
                problems.append(Problem(where, str(error), self.sample))
                continue
            problems += [
                Problem(where, remark, self.sample, is_left_out=False)
                for remark in self._remarks(line)
            ]
        if len(rows) > _MAX_LINES:
            problems += self._nothing(f"Only the first {_MAX_LINES:,} lines are read.").problems
        return Contents(annotations, problems)

    def _nothing(self, reason: str) -> Contents:
        return Contents(problems=[Problem(self.file, reason, self.sample)])

    def _annotation(self, line: Line, where: str, size_hw: tuple[int, int]) -> Annotation:
        label = self.classes.get(line.number, str(line.number))
        box = line.box(size_hw) if line.is_box else None
        return Annotation(Instance(line.mask(size_hw), label, line.score), where, box)

    def _remarks(self, line: Line) -> list[str]:
        remarks = []
        if self.classes and line.number not in self.classes:
            remarks.append(f"Class {line.number} has no name; the mask is called by its number.")
        if not -_TOLERANCE <= line.farthest <= 1 + _TOLERANCE:
            remarks.append(
                f"Coordinates must be 0 to 1, got {line.farthest:g}; "
                "what lies outside of the image is cut off."
            )
        return remarks


def _label_files(source: FileSource) -> list[str]:
    texts = [name for name in source.with_suffix(".txt") if not yolo_names.is_names_file(name)]
    if not texts:
        return []
    keys = set(map(_label_key, source.image_names))
    return [
        name
        for name in texts
        if paired_folders.is_in(name, "labels") or paired_folders.without_ending(name) in keys
    ]


def _label_key(image: str) -> str:
    """Return the label file of an image, without its ending, as Ultralytics looks for it."""
    return paired_folders.without_ending(paired_folders.swap(image, "images", "labels"))


def _names_files(source: FileSource) -> list[str]:
    """Return files with the classes' names, the likeliest first."""
    yamls = [
        name
        for name in source.with_suffix(".yaml", ".yml")
        if yolo_names.has_names(source.head(name).decode("utf-8-sig", "replace"))
    ]
    lists = [name for name in source.files.names if yolo_names.is_names_file(name)]
    return [*sorted(yamls, key=_depth), *sorted(lists, key=_depth)]


def _depth(name: str) -> int:
    return name.count("/")


def _first_rows(source: FileSource, labels: Sequence[str]) -> list[list[str]]:
    """Return the words of the lines at the beginning of the first label files."""
    rows = []
    for label in labels[:_N_SNIFFED]:
        lines = source.head(label).decode("utf-8-sig", "replace").strip().splitlines()
        # The last one may be cut off.
        rows += [line.split() for line in lines[:-1] or lines if line.strip()]
    return rows


def _classes(
    source: FileSource, files: Sequence[str]
) -> tuple[dict[int, str], bool, list[Problem]]:
    """Return the names of the classes, whether there are keypoints, and what is wrong."""
    if not files:
        reason = "The names of the classes are not there; they are called by their numbers."
        return {}, False, [Problem("data.yaml", reason)]
    try:
        text = source.text(files[0])
    except DatasetError:
        reason = "The file is no text that can be read; the classes are called by their numbers."
        return {}, False, [Problem(files[0], reason)]
    is_list = yolo_names.is_names_file(files[0])
    try:
        names = yolo_names.read_list(text) if is_list else yolo_names.read_yaml(text)
    except DatasetError as error:
        reason = f"{error}; the classes are called by their numbers."
        return {}, yolo_names.has_keypoints(text), [Problem(files[0], reason)]
    if not names:
        reason = "No names of classes are found in it; they are called by their numbers."
        return {}, False, [Problem(files[0], reason)]
    named = {number: name or str(number) for number, name in names.items()}
    return named, yolo_names.has_keypoints(text), []
