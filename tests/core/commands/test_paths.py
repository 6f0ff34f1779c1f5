"""What the commands share takes a path as text, as a Path and as any other object that is one."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from maskcore import image_io
from maskcore.commands import dataset_files, sources
from maskcore.commands.resume_log import Record, ResumeLog
from maskcore.commands.terminal import Stop
from tests import ring_set


class Place:
    """A path that is neither."""

    def __init__(self, path: str) -> None:
        self._path = path

    def __fspath__(self) -> str:
        return self._path


Named = Callable[[str], str | os.PathLike[str]]


@pytest.fixture(params=[str, Path, Place])
def named(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch) -> Named:
    monkeypatch.chdir(tmp_path)
    kind: Named = request.param
    return kind


def write_picture(name: str) -> None:
    Path(name).parent.mkdir(parents=True, exist_ok=True)
    image_io.write_image(Path(name), np.full((3, 4, 3), 90, np.uint8))


def test_images_and_their_masks_are_found(named: Named, tmp_path: Path) -> None:
    for name in ("photos/a.png", "photos/out/b.png", "masks/a.png"):
        write_picture(name)
    (source,), problems = sources.find([named("photos")], out=named("photos/out"))
    assert (source.path, source.name, problems) == (tmp_path / "photos/a.png", "a.png", [])
    (path,) = sources.MaskFolder(named("masks")).paths(source)
    assert path == Path("masks/a.png")
    assert sources.known(named("nowhere")) == "nowhere"
    changed = source.path.stat().st_mtime_ns
    assert sources.known(named("photos/a.png")) == f"{source.path.resolve()} {changed}"


def test_a_resume_log_is_written_and_read(named: Named, tmp_path: Path) -> None:
    log = ResumeLog(named("out/log"))
    key = log.claim(named("a.png"), ["a"])
    log.finish(Record(key, "a.png", "cut", "this", (), ()))
    assert ResumeLog(Path("out/log")).done("a", "this")
    assert log.folder == Path("out")


def test_data_sets_are_read_and_written(named: Named, capsys) -> None:
    ring_set.write(Path("rings"), 2)
    dataset = dataset_files.read(named("rings"), None)
    dataset_files.check_target(named("labels"), named("rings"), overwrite=False)
    assert dataset_files.write(dataset, named("labels"), "labelme", images="copy") == 0
    assert capsys.readouterr().out == "2 samples in labels: labelme.\n"
    with pytest.raises(Stop, match="labels holds files already"):
        dataset_files.check_target(named("labels"), named("rings"), overwrite=False)


def test_a_table_is_read_with_its_images(named: Named) -> None:
    Path("train.csv").write_text("ImageId,EncodedPixels\na.png,1 3\n", "utf-8")
    write_picture("photos/a.png")
    dataset = dataset_files.read_table(named("train.csv"), named("photos"), out=named("out"))
    (sample,) = dataset.samples
    assert (sample.name, sample.size_hw, len(sample.instances)) == ("a.png", (3, 4), 1)
