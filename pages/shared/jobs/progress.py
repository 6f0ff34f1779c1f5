"""What a visitor sees of a job: the place in line, progress, a way to cancel, the outcome."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import streamlit as st
from streamlit import runtime
from streamlit.runtime.scriptrunner import get_script_run_ctx

from pages.shared import markdown, visitors
from pages.shared.jobs.job import Job
from pages.shared.jobs.queue import QueueFullError, ShareUsedError, queue

_POLL_SECONDS = 0.4


def submit(key: str, title: str, function: Callable[..., Any], *arguments: Any) -> None:
    """Put a job in line for this visitor; the session remembers it under the key."""
    try:
        st.session_state[key] = queue.submit(
            title, function, *arguments, visitor=visitors.current(), wanted=_presence()
        )
    except QueueFullError:
        st.toast(
            "Too many visitors are waiting right now; try again in a minute.",
            icon=":material/hourglass:",
        )
    except ShareUsedError:
        st.toast(
            "Your other jobs wait in line already; try again when the next of them has begun.",
            icon=":material/hourglass:",
        )


def _presence() -> Callable[[], bool]:
    """Whether this visitor's tab is still there."""
    context = get_script_run_ctx()
    if context is None:
        return lambda: True
    session = context.session_id

    def present() -> bool:
        return not runtime.exists() or runtime.get_instance().is_active_session(session)

    return present


def follow(key: str) -> Job | None:
    """Show where the job stands, and keep doing so; return it once it is done."""
    job: Job | None = st.session_state.get(key)
    if job is None:
        return None
    if not job.finished:
        st.fragment(_watch, run_every=_POLL_SECONDS)(job)
        return None
    if job.state == "failed":
        st.error(markdown.plain(job.note), icon=":material/error:")
    elif job.state == "cancelled":
        so_far = " What was found until then is kept." if job.parts else ""
        st.info(f"Cancelled.{so_far}", icon=":material/block:")
    return job if job.state == "done" else None


def _watch(job: Job) -> None:
    ahead = queue.ahead(job)
    if job.finished:
        st.rerun()
    elif job.state == "waiting" and ahead:
        st.progress(0.0, text=f"{job.title}: waiting in line, {ahead} before you")
    else:
        doing = f": {markdown.plain(job.note)}" if job.note else " …"
        st.progress(job.share, text=f"{job.title}{doing}")
    st.button(
        "Cancelling …" if job.cancelling else "Cancel",
        on_click=queue.cancel,
        args=(job,),
        disabled=job.cancelling,
        icon=":material/cancel:",
        key=f"cancel {job.number}",
    )
