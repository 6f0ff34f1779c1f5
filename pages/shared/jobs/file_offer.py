"""A file that a job makes, offered: the button, how far it is, the download."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import streamlit as st

from pages.shared import downloads
from pages.shared.jobs import file_job
from pages.shared.jobs.file_job import FileJob


def show(
    key: str,
    label: str,
    submit: Callable[[], None],
    *,
    cache_key: str,
    file_name: str,
    icon: str = ":material/folder_zip:",
    is_main: bool = True,
    disabled: bool = False,
    latest: FileJob | None = None,
    notes: Sequence[str] = (),
) -> None:
    """Offer to make a file, follow the job that does, and hand over what it made.

    Args:
        key: Of the job; the buttons have the keys f"make {key}" and f"download {key}".
        label: On the button that makes the file.
        submit: Puts the job in line.
        cache_key: Identifies what is wanted now.
        file_name: What the download is called.
        icon: On the button that makes the file.
        is_main: Whether making the file is what the page is for.
        disabled: Whether there is nothing to make.
        latest: The last job, unless its file is of no use any more.
        notes: What is to be known of the file, a sentence each.
    """
    running = latest is not None and not latest.job.finished
    done = latest is not None and latest.job.state == "done"
    is_current = latest is not None and latest.cache_key == cache_key
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button(
            label,
            key=f"make {key}",
            type="primary" if is_main and not (done and is_current) else "secondary",
            icon=icon,
            on_click=submit,
            disabled=running or disabled,
        )
        if latest and done:
            downloads.file(
                f"Download {_size(latest.path)}",
                file_name,
                latest.path.read_bytes,
                latest.cache_key,
                key=f"download {key}",
                is_next=is_current,
            )
    if done and not is_current:
        notes = [*notes, "The download was made before the last changes."]
    if notes:
        st.caption(" ".join(notes))
    if latest and (running or is_current):
        file_job.follow(key)


def _size(path: Path) -> str:
    n_bytes = path.stat().st_size
    return f"{n_bytes / 1e6:,.1f} MB" if n_bytes >= 1e6 else f"{n_bytes / 1e3:,.0f} kB"
