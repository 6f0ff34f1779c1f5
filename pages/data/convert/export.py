"""The conversion itself: the job that writes the zip, the download, what was lost."""

from __future__ import annotations

import shlex
from functools import partial
from pathlib import Path

import streamlit as st

from maskcore.datasets.files import stem
from maskcore.files import archive
from maskcore.wording import counted
from pages.data.convert import losses
from pages.data.convert.target import ConversionSettings
from pages.shared import downloads
from pages.shared.dataset import jobs as dataset_jobs
from pages.shared.jobs import file_job, file_offer

_KEY = "converted"


def remember() -> None:
    """Note what the last conversion has lost, so that it need not be counted."""
    latest = file_job.latest(_KEY)
    if latest is not None and latest.job.state == "done":
        losses.note(latest.cache_key, latest.job.result)


def show(settings: ConversionSettings) -> None:
    """Offer the conversion, follow it, and hand over what it made."""
    n_samples = len(settings.opened.dataset.samples)
    latest = file_job.latest(_KEY, of=settings.opened.digest)
    file_offer.show(
        _KEY,
        f"Convert {counted(n_samples, 'sample')}",
        partial(_submit, settings),
        cache_key=settings.digest,
        file_name=latest.path.name if latest else "",
        icon=":material/swap_horiz:",
        disabled=not n_samples,
        latest=latest,
    )
    if latest and latest.job.state == "done" and latest.cache_key == settings.digest:
        lost = " ".join(loss.text for loss in latest.job.result)
        st.caption(f"In the download: {lost}" if lost else "The download holds all there is.")
    _in_code(settings)


def _submit(settings: ConversionSettings) -> None:
    file_job.submit(
        _KEY,
        "Converting",
        _file_name(settings),
        settings.digest,
        dataset_jobs.write,
        settings.request(),
    )


def _file_name(settings: ConversionSettings) -> str:
    name = settings.opened.name
    plain = stem(name) if name.lower().endswith(".zip") else name
    return archive.safe_name(f"{plain}_{settings.format}.zip")


def _in_code(settings: ConversionSettings) -> None:
    source, target = Path(settings.opened.name).name, _file_name(settings)
    images = "" if settings.images == "copy" else f', images="{settings.images}"'
    downloads.same_in_python(
        "from pathlib import Path\n\n"
        "from maskcore import datasets\n\n"
        f"dataset = datasets.read(Path({source!r}), {settings.opened.format!r})\n"
        f"lost = datasets.write(dataset, Path({target!r}), {settings.format!r}{images})\n"
        "for loss in lost:\n"
        "    print(loss.text)"
    )
    with st.expander("The same on the command line", icon=":material/terminal:"):
        line = ["python", "-m", "maskcore", "convert", source, target]
        line += ["--from", settings.opened.format, "--format", settings.format]
        line += ["--images", settings.images] if images else []
        st.code(shlex.join(line), language="bash", wrap_lines=True)
    if settings.opened.corrections:
        st.caption("Corrections made here are in the download only.")
