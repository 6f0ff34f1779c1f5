"""What was found in a data set when it was looked through: as a job, once for each state of it."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from maskcore.datasets.audit import Finding, Survey
from pages.shared.dataset import jobs as dataset_jobs
from pages.shared.dataset.state import Opened
from pages.shared.jobs import progress
from pages.shared.jobs.job import Job
from pages.shared.jobs.queue import queue

_JOB, _REQUEST, _LAST = "inspect job", "inspect request", "inspect survey"
_FEW = 500  # samples that are looked through anew after every correction


@dataclass(frozen=True)
class SurveyRequest:
    """What a survey is made of.

    Attributes:
        digest: Of the files.
        id: Of the files and the corrections.
        read_images: Whether all images are decoded too.
    """

    digest: str
    id: str
    read_images: bool


@dataclass(frozen=True)
class Surveyed:
    """A survey, and what it was made of.

    Attributes:
        request: What it was made of.
        survey: What was found.
    """

    request: SurveyRequest
    survey: Survey

    @cached_property
    def n_masks(self) -> NDArray[np.int64]:
        """(S,) how many masks each sample has."""
        return np.bincount(self.survey.sample, minlength=len(self.survey.names))

    @cached_property
    def places(self) -> dict[str, int]:
        """Name of a sample -> its place in the arrays."""
        return {name: place for place, name in enumerate(self.survey.names)}

    @cached_property
    def findings_of(self) -> dict[str, list[Finding]]:
        """Name of a sample -> what was found in it."""
        found = defaultdict(list)
        for finding in self.survey.findings:
            if finding.sample:
                found[finding.sample].append(finding)
        return dict(found)

    @cached_property
    def samples_of_kind(self) -> dict[str, set[str]]:
        """Kind of a finding -> the samples in which it was made."""
        found = defaultdict(set)
        for finding in self.survey.findings:
            if finding.sample:
                found[finding.kind].add(finding.sample)
        return dict(found)


def follow(opened: Opened) -> Surveyed | None:
    """Look through the data set where that is due, and show how far it is.

    Returns:
        The last survey of these files; None if there is none yet. After a correction in a large
        set it is out of date until somebody asks for another.
    """
    last = _last(opened)
    asked: SurveyRequest | None = st.session_state.get(_REQUEST)
    changed = last is None or (last.request.id != opened.id and len(opened.samples) <= _FEW)
    if changed and (asked is None or asked.id != opened.id):
        _submit(opened, last is not None and last.request.read_images)
    asked = st.session_state.get(_REQUEST)
    if asked is not None and asked.digest == opened.digest:
        done = progress.follow(_JOB)
        job: Job = st.session_state[_JOB]
        if done is None and job.finished:
            st.button(
                "Look through it again",
                key="look through again",
                icon=":material/refresh:",
                on_click=_submit,
                args=(opened, asked.read_images),
            )
    last = _last(opened)
    if last is not None and last.request.id != opened.id and len(opened.samples) > _FEW:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.caption(
                ":material/history: Findings and charts are of before the last correction.",
                width="stretch",
            )
            st.button(
                "Look through it again",
                key="look through anew",
                icon=":material/refresh:",
                on_click=_submit,
                args=(opened, last.request.read_images),
            )
    return last


def forget() -> None:
    """Drop what is known of a data set that was closed."""
    job: Job | None = st.session_state.pop(_JOB, None)
    if job is not None and not job.finished:
        queue.cancel(job)
    for key in (_REQUEST, _LAST):
        st.session_state.pop(key, None)


def offer_pixels(opened: Opened, surveyed: Surveyed) -> None:
    """Offer to decode all images too, unless that was done."""
    if not surveyed.request.read_images:
        st.button(
            "Check the pixels of all images too",
            key="check pixels",
            icon=":material/image_search:",
            on_click=_submit,
            args=(opened, True),
            disabled=not st.session_state[_JOB].finished,
            help="Opens every image: finds those that are damaged, and those that look alike",
        )


def _last(opened: Opened) -> Surveyed | None:
    """Return the last survey of these files; of a job that is done, remember it."""
    job: Job | None = st.session_state.get(_JOB)
    last: Surveyed | None = st.session_state.get(_LAST)
    if job is not None and job.state == "done":
        request = st.session_state[_REQUEST]
        if last is None or last.survey is not job.result:
            last = st.session_state[_LAST] = Surveyed(request, job.result)
    return last if last is not None and last.request.digest == opened.digest else None


def _submit(opened: Opened, read_images: bool) -> None:
    before: Job | None = st.session_state.get(_JOB)
    if before is not None and not before.finished:
        queue.cancel(before)
    progress.submit(
        _JOB,
        "Checking the pixels" if read_images else "Looking through it",
        dataset_jobs.survey,
        opened.files,
        read_images,
    )
    if st.session_state.get(_JOB) is not before:
        st.session_state[_REQUEST] = SurveyRequest(opened.digest, opened.id, read_images)
