"""A full disk is one sentence, once; nothing half-written stays."""

from __future__ import annotations

import errno
from pathlib import Path
from types import SimpleNamespace

import pytest

from maskcore import datasets
from maskcore.errors import MaskcoreError
from pages.shared.dataset.uploads import UploadFolder
from pages.shared.jobs import bounded_zip, file_job
from pages.shared.jobs.job import Job
from pages.shared.server import disk
from tests.pages.session import clean, page_path
from tests.pages.tiny_set import TINY, held, opened, png, sentences, tiny, upload
from tests.zips import zipped

pages = pytest.mark.parametrize("name", ["inspect", "convert"])
FLAT = {name.rpartition("/")[2]: content for name, content in tiny().items()}


def no_space(*_arguments, **_options):
    raise OSError(errno.ENOSPC, "No space left on device")


@pytest.fixture
def full_after(monkeypatch):
    """Make the disk full: after so many files, of which the last is written by half."""

    def full_after(n_files):
        write_bytes, written = Path.write_bytes, []

        def write(path, content):
            written.append(path)
            if len(written) <= n_files:
                return write_bytes(path, content)
            write_bytes(path, content[: len(content) // 2])
            return no_space()

        monkeypatch.setattr(Path, "write_bytes", write)

    return full_after


def files_in(folder):
    """Name -> content of all files beneath a folder."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


@pages
def test_it_is_said_once_while_uploads_are_taken(at_once, start, full_after, name):
    page = start(page_path(name))
    full_after(1)
    upload(page, FLAT)
    assert sentences(page) == [disk.FULL]
    assert opened(page) is None
    clean(page.run())
    assert sentences(page) == []
    assert page.file_uploader


@pages
def test_what_was_open_stays_open_and_whole(at_once, start, full_after, name):
    page = upload(start(page_path(name)), FLAT)
    before = opened(page)
    full_after(1)
    upload(page, {"a.png": png(color=(1, 2, 3)), "c.png": png(color=(4, 5, 6))})
    assert sentences(page) == [disk.FULL]
    assert opened(page) is before
    assert files_in(before.path) == FLAT
    clean(page.run())
    assert sentences(page) == []
    assert held(page) == TINY


@pages
def test_without_room_for_a_folder_it_is_said_once(at_once, start, name, monkeypatch):
    page = start(page_path(name))
    with monkeypatch.context() as patch:
        patch.setattr(disk.tempfile, "mkdtemp", no_space)
        upload(page, FLAT)
    assert sentences(page) == [disk.FULL]
    clean(page.run())
    assert sentences(page) == []
    upload(page, FLAT)
    assert held(page) == TINY


@pages
@pytest.mark.parametrize(
    "error", [KeyError("ours"), OSError(errno.EIO, "Input/output error"), RecursionError()]
)
def test_any_mistake_of_ours_is_apologized_for_once(start, name, error, monkeypatch):
    app = start()
    app.switch_page(page_path(name)).run()

    def fail(*_arguments, **_options):
        raise error

    with monkeypatch.context() as patch:
        patch.setattr(datasets, "detect", fail)
        app.button(key="open sample set").click().run()
        assert [it.proto.title for it in app.error] == ["Something went wrong on our side"]
        clean(app.run())
        assert not app.error
        assert app.file_uploader


@pytest.mark.parametrize("n_files", [0, 1, 2])
def test_of_a_zip_that_is_unpacked_nothing_stays(full_after, n_files):
    folder = UploadFolder()
    folder.add([("set.zip", zipped({"a.png": b"11", "b.png": b"22"}))])
    before, digest = files_in(folder.folder.parent), folder.digest
    full_after(n_files)
    with pytest.raises(OSError, match="No space left"):
        folder.add([("c.png", b"33")])
    assert files_in(folder.folder.parent) == before
    assert (folder.digest, folder.notes) == (digest, [])
    assert folder.path.name == "set.zip"


def test_what_is_stored_aside_moves_in_as_a_whole():
    folder = UploadFolder()
    folder.add([("set/a.png", b"11"), ("set/deep/b.png", b"22")])
    folder.add([("set/a.png", b"33"), ("set/deep", b"in the way of a folder")])
    assert files_in(folder.folder.parent) == {
        "The upload/set/a.png": b"33",
        "The upload/set/deep/b.png": b"22",
    }
    (note,) = folder.notes
    assert note.startswith("set/deep could not be stored")


@pytest.fixture
def members():
    """Files for a zip, the disk being full before the last of them."""

    def members():
        yield "a.png", bytes(1000)
        no_space()

    return members()


def test_a_zip_that_the_disk_has_no_room_for_leaves_nothing(tmp_path, members):
    with pytest.raises(MaskcoreError) as caught:
        bounded_zip.write(members, str(tmp_path / "z.zip"), what="samples", advice="export fewer")
    assert str(caught.value) == disk.FULL
    assert not any(tmp_path.iterdir())


def test_on_a_disk_that_is_full_no_zip_is_begun(tmp_path, members, monkeypatch):
    usage = SimpleNamespace(free=1_999_999)
    monkeypatch.setattr(bounded_zip.shutil, "disk_usage", lambda _folder: usage)
    with pytest.raises(MaskcoreError) as caught:
        bounded_zip.write(members, str(tmp_path / "z.zip"), what="samples", advice="export fewer")
    assert str(caught.value) == disk.FULL
    assert next(members)[0] == "a.png"  # none was taken


@pytest.fixture
def session(monkeypatch):
    """What the session remembers, and the sentences that it was shown."""
    session = SimpleNamespace(state={}, shown=[])
    monkeypatch.setattr(file_job.st, "session_state", session.state)
    monkeypatch.setattr(
        "pages.shared.errors.st.error", lambda sentence, **_options: session.shown.append(sentence)
    )
    return session


def test_a_job_without_room_for_its_folder_is_not_submitted(session, monkeypatch):
    monkeypatch.setattr(disk.tempfile, "mkdtemp", no_space)
    file_job.submit("made", "Making", "made.zip", "key", print)
    assert session.shown == [disk.FULL]
    assert file_job.latest("made") is None


@pytest.mark.parametrize("state", ["failed", "cancelled"])
def test_what_a_job_leaves_by_half_goes_with_its_end(session, monkeypatch, state):
    def submit(key, title, function, *arguments):
        session.state[key] = Job(title, function, arguments, state="running")

    monkeypatch.setattr(file_job.progress, "submit", submit)
    file_job.submit("made", "Making", "made.zip", "key", print)
    made = file_job.latest("made")
    (made.path.parent / ".part-1").write_bytes(b"half")
    assert file_job.latest("made").path.parent.exists()
    made.job.state = state
    assert not file_job.latest("made").path.parent.exists()
