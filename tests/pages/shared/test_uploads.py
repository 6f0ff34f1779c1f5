from __future__ import annotations

from types import SimpleNamespace

import pytest

from pages.shared import uploads


@pytest.fixture
def session(monkeypatch):
    state: dict = {}
    monkeypatch.setattr(uploads.st, "session_state", state)
    return state


def file(number: int) -> SimpleNamespace:
    return SimpleNamespace(file_id=f"id {number}", name="a.png")


def test_files_that_are_sent_again_are_not_taken_again(session):
    session["files"] = [file(1), file(2)]
    assert [file.file_id for file in uploads.take("files")] == ["id 1", "id 2"]
    assert uploads.take("files") == []
    session["files"] = [file(2), file(3)]
    assert [file.file_id for file in uploads.take("files")] == ["id 3"]


def test_one_file_or_none(session):
    assert uploads.take("photo") == []
    session["photo"] = None
    assert uploads.take("photo") == []
    session["photo"] = file(1)
    assert [file.file_id for file in uploads.take("photo")] == ["id 1"]
    assert uploads.take("photo") == []
