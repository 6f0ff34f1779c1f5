"""Label Studio: a JSON list of tasks, masks as brush strokes.

Source: https://labelstud.io/guide/task_format; `tasks` and `rle_text.brush_bits` name more.
"""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any
from urllib.parse import quote

from maskcore.datasets.dataset import Annotation, Contents, Dataset, PictureFile, Problem, Sample
from maskcore.datasets.files import unique_name
from maskcore.datasets.formats import xml_text
from maskcore.datasets.formats.label_studio import tasks as label_studio_tasks
from maskcore.datasets.formats.label_studio.tasks import Result
from maskcore.datasets.pictures import EmbeddedPicture, from_base64
from maskcore.datasets.sizes import header_size, stated_size
from maskcore.datasets.source import FileSource, read_each, sniff, unannotated
from maskcore.datasets.writer import Item, Keeps, Member
from maskcore.errors import DatasetError, MaskcoreError
from maskcore.files.sanitize import shown
from maskcore.files.values import label_of
from maskcore.rle_text import brush_bits
from maskcore.types import Instance

TITLE = "Label Studio"
KEEPS = Keeps(scores=True, empty=True)

_VERSIONS = re.compile(rb'"(annotations|completions|predictions)"\s*:\s*\[')
_RESULTS = re.compile(rb'"result"\s*:\s*\[')
_DATA = re.compile(rb'"data"\s*:\s*\{')


def find(source: FileSource) -> list[str]:
    """Return the names of the JSON files that Label Studio exported."""
    return sniff(source, source.with_suffix(".json"), _is_label_studio)


def read(source: FileSource, names: Sequence[str]) -> Dataset:
    """Read tasks of Label Studio.

    Args:
        source: The files.
        names: As `find` returns them.

    Raises:
        DatasetError: If no file can be read.
    """
    samples: list[Sample] = []
    problems: list[Problem] = []
    labels: dict[str, None] = {}
    taken: set[str] = set()
    tasks_of = partial(_tasks, source)
    for name, tasks in read_each(names, tasks_of, problems, "JSON"):
        for number, task in enumerate(tasks, start=1):
            if not isinstance(task, dict):
                problems.append(Problem(f"task {number} in {name}", "It is not a task."))
                continue
            one = _sample(source, name, task, number, taken)
            samples.append(one[0])
            labels |= dict.fromkeys(label for result in one[1] for label in result.labels)
    samples += unannotated(source, source.image_names, samples)
    return Dataset("label-studio", samples, tuple(labels), problems)


def _is_label_studio(head: bytes) -> bool:
    first = head.lstrip(b"\xef\xbb\xbf \t\r\n")[:1]
    if first == b"{":
        return bool(_VERSIONS.search(head) and _RESULTS.search(head) and b'"original_' in head)
    return bool(
        first == b"[" and _VERSIONS.search(head) and (_RESULTS.search(head) or _DATA.search(head))
    )


def _tasks(source: FileSource, name: str) -> list[Any]:
    document = source.json(name)
    if isinstance(document, dict):
        document = [document]
    if not isinstance(document, list):
        raise DatasetError(f"{shown(name)} is not a list of tasks.")
    return document


def _sample(
    source: FileSource, name: str, task: dict[str, Any], number: int, taken: set[str]
) -> tuple[Sample, list[Result]]:
    image = label_studio_tasks.image_of(task)
    called = f"task {number}"
    picture: PictureFile | None = None
    if image.startswith("data:"):
        picture = EmbeddedPicture(partial(from_base64, image))
    elif image:
        candidates = label_studio_tasks.names_of(image)
        called = candidates[-1] or called
        found = (source.pictures.find(candidate, beside=name) for candidate in candidates)
        picture = next((match for match in found if match is not None), None)
    path = picture.path if picture is not None else ""
    sample = unique_name(path or called, taken)
    results, n_others = label_studio_tasks.results(task)
    where = f"task {label_of(task.get('id', number))} in {name}"
    data = task.get("data")
    size = (data.get("height"), data.get("width")) if isinstance(data, dict) else (None, None)
    load = partial(_load, results, n_others, size, where, sample, picture)
    return Sample(sample, picture, load), results


def _load(
    results: Sequence[Result],
    n_others: int,
    size: tuple[Any, Any],
    where: str,
    sample: str,
    picture: PictureFile | None,
) -> Contents:
    annotations: list[Annotation] = []
    problems = []
    if n_others:
        reason = f"It was annotated several times; {n_others} of the versions are left aside."
        problems.append(Problem(where, reason, sample))
    sizes = []
    for result in results:
        here = f"result {result.number} of {where}"
        try:
            sizes.append(stated_size(*result.size) or stated_size(*size))
            mask = result.mask(sizes[-1] or header_size(picture))
        except MaskcoreError as error:
            problems.append(Problem(here, str(error), sample))
            continue
        named = (Instance(mask, label, result.score) for label in result.labels)
        annotations += [Annotation(instance, here) for instance in named]
    if not results:
        with contextlib.suppress(DatasetError):  # the data of a task may mean anything by it
            sizes.append(stated_size(*size))
    return Contents(annotations, problems, next(filter(None, sizes), None))


class LabelStudioWriter:
    """Writes tasks.json, ready to be imported, and the labeling interface that it needs.

    Masks are brush strokes. Where an instance has a score, those of its image become predictions,
    for these alone have scores, else annotations. The images are expected in local storage, in
    the folder of which tasks.json lies beside "images"
    (https://labelstud.io/guide/storage#Local-storage).

    Args:
        labels: Those that are known beforehand.

    Attributes:
        image_folder: "images".
    """

    def __init__(self, labels: Sequence[str]) -> None:
        self.image_folder = "images"
        self._labels = dict.fromkeys(labels)
        self._tasks: list[str] = []

    def sample(self, item: Item) -> Iterator[Member]:
        """Note a sample; yield nothing."""
        self._labels |= dict.fromkeys(instance.label for instance in item.instances)
        number, (height, width) = len(self._tasks) + 1, item.size_hw
        path = quote(f"{self.image_folder}/{item.image_name}")
        results = [
            _result(instance, f"{number}-{i}") for i, instance in enumerate(item.instances, start=1)
        ]
        scored = any(instance.score is not None for instance in item.instances)
        task = {
            "id": number,
            "data": {"image": f"/data/local-files/?d={path}", "height": height, "width": width},
            "annotations": [{"result": results}] if results and not scored else [],
            "predictions": [{"result": results}] if scored else [],
        }
        self._tasks.append(json.dumps(task, separators=(",", ":")))
        yield from ()

    def end(self) -> Iterator[Member]:
        """Yield tasks.json and label_config.xml."""
        yield "tasks.json", "".join(("[\n", ",\n".join(self._tasks), "\n]\n")).encode("ascii")
        labels = "".join(
            f"    <Label value={xml_text.attribute(label)}/>\n" for label in self._labels
        )
        config = (
            '<View>\n  <Image name="image" value="$image"/>\n'
            f'  <BrushLabels name="label" toName="image">\n{labels}  </BrushLabels>\n</View>\n'
        )
        yield "label_config.xml", config.encode()


def _result(instance: Instance, identity: str) -> dict[str, Any]:
    height, width = instance.mask.size_hw
    packed = list(brush_bits.pack(instance.mask))
    result = {
        "id": identity,
        "type": "brushlabels",
        "from_name": "label",
        "to_name": "image",
        "original_width": width,
        "original_height": height,
        "image_rotation": 0,
        "value": {"format": "rle", "rle": packed, "brushlabels": [instance.label]},
    }
    return result if instance.score is None else {**result, "score": instance.score}
