"""A job whose result is a file: it is there as long as the session remembers the job."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import streamlit as st

from pages.shared import errors
from pages.shared.jobs import progress
from pages.shared.jobs.job import Job
from pages.shared.server.disk import TemporaryFolder


@dataclass(frozen=True)
class FileJob:
    """A job, its file and what it was asked for.

    Attributes:
        job: The job.
        path: Of the file, once the job is done.
        cache_key: Identifies what was wanted.
        folder: Where the file is, and what else the job leaves; goes with this object.
    """

    job: Job
    path: Path
    cache_key: str
    folder: TemporaryFolder


def submit(
    key: str, title: str, name: str, cache_key: str, function: Callable[..., Any], *arguments: Any
) -> None:
    """Put a job in line that writes a file.

    Args:
        key: Under which the session remembers it, instead of what it remembered before.
        title: What it does, for people.
        name: Of the file.
        cache_key: Identifies what is wanted.
        function: Called as function(report, *arguments, path) in the worker process.
        *arguments: What it gets.
    """
    with errors.shown():
        folder = TemporaryFolder()
        path = folder.path / name
        before = st.session_state.get(_job(key))
        progress.submit(_job(key), title, function, *arguments, str(path))
        job: Job | None = st.session_state.get(_job(key))
        if job is None or job is before:  # there was no room in the line
            return
        former = latest(key)
        if former is not None:
            former.folder.remove()
        st.session_state[_file(key)] = FileJob(job, path, cache_key, folder)


def latest(key: str, *, of: str = "") -> FileJob | None:
    """Return the last job under the key, if what was wanted of it begins with `of`."""
    found: FileJob | None = st.session_state.get(_file(key))
    if found is not None and found.job.state in ("failed", "cancelled"):
        found.folder.remove()  # a process that was ended may have left half a file
    return found if found is not None and found.cache_key.startswith(of) else None


def follow(key: str) -> None:
    """Show where the job stands, until it is done."""
    progress.follow(_job(key))


def _job(key: str) -> str:
    return f"{key} job"


def _file(key: str) -> str:
    return f"{key} file"
