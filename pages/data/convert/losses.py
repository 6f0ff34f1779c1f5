"""What a conversion loses: what the format cannot hold, and how often that happens here."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from maskcore import datasets
from maskcore.datasets import Loss
from pages.data.convert.target import ConversionSettings, short
from pages.shared import markdown
from pages.shared.dataset import jobs as dataset_jobs
from pages.shared.jobs import progress
from pages.shared.jobs.job import Job
from pages.shared.jobs.queue import queue

_JOB, _SAID, _KNOWN = "convert count", "convert count said", "convert counts"
_MOST_KNOWN = 32
_NAMED, _LONGEST = 3, 40


def show(settings: ConversionSettings) -> None:
    """Show what the format cannot hold, and what of the data set that concerns."""
    st.subheader("What is lost", anchor=False)
    limits = datasets.lossy(settings.format)
    title = datasets.FORMATS[settings.format].title
    if limits:
        st.markdown(
            f"{title} cannot hold everything:\n" + "".join(f"\n- {limit}" for limit in limits)
        )
    else:
        st.markdown(f"{title} holds all that a mask has here.")
    known = st.session_state.setdefault(_KNOWN, {})
    if settings.digest not in known:
        _count(settings)
    if settings.digest in known:
        _listed(known[settings.digest])


def note(digest: str, losses: list[Loss]) -> None:
    """Remember what a conversion loses."""
    known = st.session_state.setdefault(_KNOWN, {})
    known[digest] = losses
    while len(known) > _MOST_KNOWN:
        known.pop(next(iter(known)))


def _listed(losses: Sequence[Loss]) -> None:
    """List what is lost, with the first samples that lose it."""
    if not losses:
        st.success("Nothing of this data set is lost.", icon=":material/check_circle:")
        return
    lines = []
    for loss in losses:
        names = ", ".join(markdown.plain(short(name, _LONGEST)) for name in loss.samples[:_NAMED])
        lines.append(f"- {loss.text} :small[:gray[First in {names}]]")
    st.warning("\n".join(["Of this data set:", "", *lines]), icon=":material/warning:")


def _count(settings: ConversionSettings) -> None:
    """Show the job that counts, or offer it; small sets are counted unasked."""
    job: Job | None = st.session_state.get(_JOB)
    is_asked = st.session_state.get(_SAID) == settings.digest
    if job is not None and not is_asked and not job.finished:
        queue.cancel(job)
    if not is_asked and settings.is_small:
        _submit(settings)
        is_asked = True
    if is_asked:
        done = progress.follow(_JOB)
        if done is not None:
            note(settings.digest, done.result)
            return
        job = st.session_state.get(_JOB)
    if not is_asked or job is None or job.finished:
        st.button(
            "Count exactly",
            key="convert count exactly",
            on_click=_submit,
            args=(settings,),
            icon=":material/calculate:",
        )


def _submit(settings: ConversionSettings) -> None:
    before = st.session_state.get(_JOB)
    progress.submit(_JOB, "Counting what is lost", dataset_jobs.count, settings.request())
    if st.session_state.get(_JOB) is not before:
        st.session_state[_SAID] = settings.digest
