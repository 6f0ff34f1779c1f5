"""A data set written as a zip in its own format: as it was corrected, or mended."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import streamlit as st

from maskcore import datasets
from maskcore.datasets.audit import Finding
from pages.shared import dataset_work, file_job, markdown, results
from pages.shared.dataset_source import Opened
from pages.shared.dataset_work import Wanted

_OTHERWISE = "coco"


def offer(opened: Opened, findings: Sequence[Finding], kind: str, label: str) -> None:
    """Offer to write the data set with its corrections, and what was written last.

    Args:
        opened: The data set.
        findings: Those that are mended.
        kind: A word for the file's name: "fixed".
        label: On the button.
    """
    key = f"inspect {kind}"
    written = opened.format if datasets.FORMATS[opened.format].can_write else _OTHERWISE
    state = hashlib.sha256(repr((opened.id, written, findings)).encode()).hexdigest()
    said = f"{opened.digest} {state}"
    wanted = Wanted(opened.files, written, findings=tuple(findings))
    latest = file_job.latest(key)
    if latest is not None and not latest.said.startswith(opened.digest):
        latest = None  # of another data set
    running = latest is not None and not latest.job.finished
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button(
            label,
            key=f"write {kind}",
            icon=":material/folder_zip:",
            on_click=file_job.submit,
            args=(key, "Writing", "dataset.zip", said, dataset_work.write, wanted),
            disabled=running,
        )
        if latest and latest.job.state == "done":
            results.download(
                f"Download {latest.job.result.n_bytes / 1e6:,.1f} MB",
                f"{opened.name.removesuffix('.zip')}_{kind}.zip",
                latest.path.read_bytes,
                latest.said,
                key=f"download {kind}",
            )
        st.caption(f"as {datasets.FORMATS[written].title}, with the images")
    if latest and latest.job.state == "done":
        if latest.said != said:
            st.caption("The download was made before the last changes.")
        for loss in latest.job.result.losses:
            st.caption(f":material/info: {markdown.plain(loss.text)}")
    if latest and (running or latest.said == said):
        file_job.follow(key)
