"""Write a data set in any format: masks brought into what it can hold, files one by one."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Literal

from maskcore.datasets import formats
from maskcore.datasets.adapt import fit
from maskcore.datasets.dataset import Contents, Dataset, Sample
from maskcore.datasets.files import IMAGE_SUFFIXES, stem, suffix
from maskcore.datasets.formats import Format
from maskcore.datasets.loss import Loss, LossTally
from maskcore.datasets.writer import DatasetWriter, Item, Member
from maskcore.errors import DatasetError, MaskcoreError
from maskcore.files import archive
from maskcore.files.values import is_possible_size

Images = Literal["copy", "leave", "embed"]
"""Whether image files are written beside, stay where they are, or go into the annotations."""

Progress = Callable[[int, int], object]

_SUFFIX_OF_FORMAT = {"JPEG": ".jpg", "TIFF": ".tif"}
_ROOM = 16
_FOLDERS_OF_IMAGES = {"images", "image", "imgs", "img", "jpegimages"}


def _no_progress(done: int, total: int) -> None:
    """Say nothing."""


def write(
    dataset: Dataset,
    path: str | os.PathLike[str],
    format: str,  # noqa: A002 - what people call it
    *,
    images: Images = "copy",
    progress: Progress = _no_progress,
) -> list[Loss]:
    """Write a data set.

    Args:
        dataset: What to write.
        path: A folder, which is made if need be, or a file that ends in ".zip". A zip is there
            only once it is whole; in a folder each file is.
        format: A key of `formats.FORMATS`.
        images: "copy" writes the image files too, as they are; "leave" does not; "embed" puts
            them into the annotation files.
        progress: Called with the samples done and all samples, before each; what it raises ends
            the work.

    Returns:
        What was lost, counted.

    Raises:
        DatasetError: If the format is only read, or cannot embed images.
        OSError: If a file cannot be written.
    """
    path = Path(path)
    tally = LossTally()
    files = members(dataset, format, images=images, tally=tally, progress=progress)
    if path.suffix.lower() == ".zip":
        archive.write_zip(path, files)
    else:
        archive.write_folder(path, files)
    return tally.losses()


def losses(
    dataset: Dataset,
    format: str,  # noqa: A002 - what people call it
    *,
    images: Images = "copy",
    progress: Progress = _no_progress,
) -> list[Loss]:
    """Count what `write` would lose, without writing anything; arguments and errors as there."""
    chosen, _ = _format(format, images)
    tally = LossTally()
    for _ in _items(dataset, chosen, images, tally, progress):
        pass
    return tally.losses()


def members(
    dataset: Dataset,
    format: str,  # noqa: A002 - what people call it
    *,
    images: Images = "copy",
    tally: LossTally | None = None,
    progress: Progress = _no_progress,
) -> Iterator[Member]:
    """Yield (name, content) of all files, made as they are asked for.

    Args:
        dataset: What to write.
        format: A key of `formats.FORMATS`.
        images: As in `write`.
        tally: Counts what is lost.
        progress: As in `write`.

    Raises:
        DatasetError: If the format is only read, or cannot embed images.
    """
    chosen = _format(format, images)
    return _members(dataset, *chosen, images, tally or LossTally(), progress)


def _format(name: str, images: Images) -> tuple[Format, Callable[[Sequence[str]], DatasetWriter]]:
    """Return a format that is written, and what makes its writer."""
    chosen = formats.get(name)
    if chosen.writer is None:
        raise DatasetError(f"{chosen.title} can only be read; choose another format.")
    if images == "embed" and not chosen.can_embed:
        raise DatasetError(f"{chosen.title} cannot hold images; write them beside.")
    return chosen, chosen.writer


def _members(
    dataset: Dataset,
    chosen: Format,
    new_writer: Callable[[Sequence[str]], DatasetWriter],
    images: Images,
    tally: LossTally,
    progress: Progress,
) -> Iterator[Member]:
    writer = new_writer(dataset.stated_labels)
    for item, sample in _items(dataset, chosen, images, tally, progress):
        content = _content(sample, tally) if images != "leave" else None
        if content is not None and images == "copy":
            yield f"{writer.image_folder}/{item.image_name}".lstrip("/"), content
        has_image = content is not None and images == "copy"
        embedded = content if images == "embed" else None
        yield from writer.sample(replace(item, has_image=has_image, image=embedded))
    yield from writer.end()


def _items(
    dataset: Dataset, chosen: Format, images: Images, tally: LossTally, progress: Progress
) -> Iterator[tuple[Item, Sample]]:
    """Yield the samples as the format can hold them."""
    stems = _stems(dataset.samples)
    for n_done, (sample, name) in enumerate(zip(dataset.samples, stems, strict=True)):
        progress(n_done, len(stems))
        contents = sample.read()
        n_left_out = sum(problem.is_left_out for problem in contents.problems)
        tally.add("problems", sample.name, n_left_out)
        size_hw = _size(sample, contents)
        if size_hw is None:
            tally.add("samples", sample.name)
            continue
        if name.rpartition("/")[2] != stem(sample.name):
            tally.add("names", sample.name)
        if not chosen.keeps.sizes and (images == "leave" or sample.picture is None):
            tally.add("sizes", sample.name)
        count = partial(_count, tally, sample.name)
        named = [annotation.instance for annotation in contents.annotations]
        instances = fit(named, chosen.keeps, size_hw, count)
        yield Item(name, _suffix(sample), size_hw, instances), sample


def _count(tally: LossTally, sample: str, kind: str, count: int) -> None:
    tally.add(kind, sample, count)


def _content(sample: Sample, tally: LossTally) -> bytes | None:
    if sample.picture is None:
        return None
    try:
        return sample.picture.read()
    except MaskcoreError:
        tally.add("unreadable", sample.name)
        return None


def _size(sample: Sample, contents: Contents) -> tuple[int, int] | None:
    # A damaged header may state any size.
    if sample.probe is not None and is_possible_size(sample.probe.size_hw):
        return sample.probe.size_hw
    sizes = [annotation.instance.mask.size_hw for annotation in contents.annotations]
    return contents.size_hw or (sizes[0] if sizes else None)


def _suffix(sample: Sample) -> str:
    path = sample.picture.path if sample.picture is not None else ""
    found = suffix(path or sample.name)
    if found in IMAGE_SUFFIXES:
        return found
    kind = sample.probe.format if sample.probe is not None else "PNG"
    return _SUFFIX_OF_FORMAT.get(kind, f".{kind.lower()}")


def _stems(samples: Sequence[Sample]) -> list[str]:
    """Return names without endings, safe and unique, without the folders that all share."""
    paths = [_path(sample.name) for sample in samples]
    n_shared = 0
    for level in zip(*(path[:-1] for path in paths), strict=False):
        if len(set(level)) > 1:
            break
        n_shared += 1
    return archive.unique_names("/".join(map(_safe, path[n_shared:])) for path in paths)


def _safe(name: str) -> str:
    """Make a part of a path safe, and leave room for an ending and a number."""
    safe = archive.safe_name(name).encode()[: archive.MAX_NAME_BYTES - _ROOM]
    return safe.decode(errors="ignore").rstrip(" .")


def _path(name: str) -> list[str]:
    folders = [folder for folder in name.replace("\\", "/").split("/")[:-1] if folder.strip(" .")]
    kept = [folder for folder in folders if folder.casefold() not in _FOLDERS_OF_IMAGES]
    last = name.replace("\\", "/").rpartition("/")[2]
    return [*kept, stem(last) if suffix(last) in IMAGE_SUFFIXES else last]
