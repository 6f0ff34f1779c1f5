"""Temporary folders: they go with their owner, and what a killed server leaves goes at a start."""

from __future__ import annotations

import errno
import gc
import itertools
import subprocess
import sys
from pathlib import Path

import pytest

from pages.shared.server import disk

ROOT = Path(__file__).resolve().parents[3]
SERVER = """
import sys
from pages.shared.server.disk import TemporaryFolder
folder = TemporaryFolder()
(folder.path / "upload.png").write_bytes(b"1")
print(folder.path, flush=True)
sys.stdin.read()
"""


class Server:
    """A process that has a temporary folder with a file in it."""

    def __init__(self, tmp: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", SERVER],
            cwd=ROOT,
            env={"TMPDIR": str(tmp)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.folder = Path(self.process.stdout.readline().strip())

    def end(self, *, killed: bool) -> None:
        if killed:
            self.process.kill()
        self.process.communicate(timeout=10)


@pytest.fixture
def tmp(tmp_path, monkeypatch):
    """The system's folder for temporary files."""
    monkeypatch.setattr(disk.tempfile, "tempdir", str(tmp_path))
    disk.sweep.cache_clear()
    yield tmp_path
    disk.sweep.cache_clear()


def test_what_a_killed_server_leaves_is_swept_and_what_a_living_one_has_is_not(tmp) -> None:
    killed, living = Server(tmp), Server(tmp)
    killed.end(killed=True)
    assert (killed.folder / "upload.png").exists()
    disk.sweep()
    assert not killed.folder.parent.exists()
    assert (living.folder / "upload.png").exists()
    assert list(tmp.iterdir()) == [living.folder.parent]
    living.end(killed=True)


def test_a_server_that_ends_in_order_leaves_nothing(tmp) -> None:
    server = Server(tmp)
    assert server.folder.is_relative_to(tmp)
    server.end(killed=False)
    assert not any(tmp.iterdir())


def test_folders_of_servers_that_knew_no_lock_are_swept_and_nothing_else_is(tmp) -> None:
    outside = tmp / "of somebody else"
    for folder in (tmp / "mask-studio-old" / "The upload", outside, tmp / "mask-studies"):
        folder.mkdir(parents=True)
        (folder / "a.png").write_bytes(b"1")
    (tmp / "mask-studio-link").symlink_to(outside)
    (tmp / "mask-studio-file").write_bytes(b"1")
    disk.sweep()
    assert {path.name for path in tmp.iterdir()} == {
        "of somebody else",
        "mask-studies",
        "mask-studio-link",
        "mask-studio-file",
    }
    assert (outside / "a.png").exists()


def test_it_is_swept_once(tmp) -> None:
    disk.sweep()
    (tmp / "mask-studio-old").mkdir()
    disk.sweep()
    assert (tmp / "mask-studio-old").exists()


def test_a_folder_goes_with_the_last_reference() -> None:
    folder = disk.TemporaryFolder()
    path = folder.path
    assert path.is_dir()
    del folder
    gc.collect()
    assert not path.exists()


def test_a_folder_can_be_removed_at_once_and_twice() -> None:
    folder = disk.TemporaryFolder()
    folder.remove()
    folder.remove()
    assert not folder.path.exists()


def raised(*causes: Exception) -> Exception:
    """Return the last of the errors, each caused by the one before."""
    for cause, error in itertools.pairwise(causes):
        error.__cause__ = cause
    return causes[-1]


FULL = OSError(errno.ENOSPC, "No space left on device")


@pytest.mark.parametrize(
    ("error", "is_full"),
    [
        (FULL, True),
        (OSError(errno.EDQUOT, "Disk quota exceeded"), True),
        (raised(FULL, RuntimeError(), ValueError()), True),
        (OSError(errno.EACCES, "Permission denied"), False),
        (ValueError("full"), False),
        (None, False),
    ],
)
def test_a_full_disk_is_told_from_other_faults(error, is_full) -> None:
    assert disk.is_full(error) is is_full


def test_errors_that_cause_each_other_are_no_trap() -> None:
    first, second = ValueError(), KeyError()
    first.__cause__, second.__cause__ = second, first
    assert not disk.is_full(first)
