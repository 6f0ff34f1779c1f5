"""The controls of the page that finds objects, and what came of it."""

from __future__ import annotations

import streamlit as st

from maskcore.maskrcnn.catalog import MODELS
from pages.shared import choices, cutouts, markdown, workspace
from pages.shared.cutouts import CutoutSettings
from pages.shared.jobs import progress
from pages.shared.jobs.job import Job
from pages.shared.objects import job as object_job
from pages.shared.objects.job import DetectionRequest, DetectionResult, Mode
from pages.shared.pictures import Picture

JOB = "finding"
_MODEL, _SCORE, _MODE, _ALL = "find model", "find score", "find mode", "find in all"


def request() -> DetectionRequest:
    """Show the choices of model, score, labels and speed; return what is chosen."""
    model = st.selectbox(
        "Model",
        list(MODELS),
        format_func=lambda name: MODELS[name].title,
        key=_MODEL,
        persist_state="session",
    )
    described = MODELS[model]
    labels = described.found_labels
    st.caption(
        f"{described.summary} {len(labels)} labels, {described.n_bytes / 1e6:.0f} MB. "
        f"{described.source}. License: {described.license}."
    )
    st.session_state.setdefault(_SCORE, 50)
    score = st.slider(
        "Least score", 5, 95, step=5, format="%d %%", key=_SCORE, persist_state="session"
    )
    only = st.multiselect(
        "Labels",
        labels,
        placeholder="all of them",
        key=f"find labels {model}",
        persist_state="session",
    )
    modes: list[Mode] = ["exact", "fast"]
    mode = choices.one_of(
        "Speed",
        modes,
        default="exact",
        key=_MODE,
        help="Fast: small images are not enlarged, and fewer places are looked at",
    )
    return DetectionRequest(model, score / 100, tuple(only), mode)


def start(request: DetectionRequest) -> None:
    """Show the button that starts the work, for the current image or for all that are open."""
    pictures = workspace.pictures()
    everywhere = len(pictures) > 1 and st.toggle(
        f"In all {len(pictures)} open images", key=_ALL, persist_state="session"
    )
    job: Job | None = st.session_state.get(JOB)
    st.button(
        "Find objects",
        key="find",
        type="primary",
        icon=":material/image_search:",
        on_click=_submit,
        args=(request, everywhere),
        disabled=job is not None and not job.finished,
        width="stretch",
    )


def _submit(request: DetectionRequest, everywhere: bool) -> None:
    current = workspace.current()
    pictures = workspace.pictures() if everywhere else [current] if current else []
    progress.submit(
        JOB,
        "Finding objects",
        object_job.find,
        [(picture.id, picture.name, picture.content) for picture in pictures],
        request,
    )


def outcome(picture: Picture) -> DetectionResult | None:
    """Return what was found on an image, as long as the session remembers it."""
    job: Job | None = st.session_state.get(JOB)
    remembered: dict[str, DetectionResult] = st.session_state.setdefault("found", {})
    if job is not None:
        remembered.update({result.picture_id: result for result in job.parts})
    return remembered.get(picture.id)


def nothing_found(request: DetectionRequest) -> None:
    """Say so, and offer to look again with a lower score."""
    lower = max(0.05, round(request.score / 2, 2))
    st.info(
        f"No object reached the least score of {request.score:.0%}.", icon=":material/search_off:"
    )
    if request.score > lower:
        st.button(
            f"Look again from {lower:.0%}",
            key="look again",
            on_click=_look_again,
            args=(request, lower),
            icon=":material/search:",
        )


def _look_again(request: DetectionRequest, score: float) -> None:
    st.session_state[_SCORE] = round(score * 20) * 5
    _submit(DetectionRequest(request.model, score, request.labels, request.mode), False)


def ran() -> None:
    """Say how the model ran, once it has."""
    job: Job | None = st.session_state.get(JOB)
    if job is not None and job.result:
        device = markdown.plain(job.result.rstrip("."))
        st.caption(f":material/memory: Ran on {device}.")


def python(picture: Picture, request: DetectionRequest, settings: CutoutSettings) -> str:
    """Write the maskcore calls that find and cut out as the page does."""
    labels = list(request.labels) or None
    find = f"""\
from maskcore import maskrcnn

image = image_io.read_image(Path({picture.name!r}))
segmenter = maskrcnn.load({request.model!r}, mode={request.mode!r})
instances = segmenter.predict(image, score_threshold={request.score}, labels={labels})
"""
    return cutouts.python(picture, find, settings)
