"""A data set written as a zip in its own format: as it was corrected, or mended."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import partial

import streamlit as st

from maskcore import datasets
from maskcore.datasets.audit import Finding
from pages.shared import markdown
from pages.shared.dataset import jobs as dataset_jobs
from pages.shared.dataset.jobs import WriteRequest
from pages.shared.dataset.state import Opened
from pages.shared.jobs import file_job, file_offer

_OTHERWISE = "coco"


def offer(opened: Opened, findings: Sequence[Finding], kind: str, label: str) -> None:
    """Offer to write the data set with its corrections, and what was written last.

    Args:
        opened: The data set.
        findings: Those that are mended.
        kind: A word for the file's name: "fixed".
        label: On the button.
    """
    written = opened.format if datasets.FORMATS[opened.format].can_write else _OTHERWISE
    state = hashlib.sha256(repr((opened.id, written, findings)).encode()).hexdigest()
    cache_key = f"{opened.digest} {state}"
    request = WriteRequest(opened.files, written, findings=tuple(findings))
    latest = file_job.latest(kind, of=opened.digest)
    file_offer.show(
        kind,
        label,
        partial(
            file_job.submit, kind, "Writing", "dataset.zip", cache_key, dataset_jobs.write, request
        ),
        cache_key=cache_key,
        file_name=f"{opened.name.removesuffix('.zip')}_{kind}.zip",
        is_main=False,
        latest=latest,
        notes=[f"As {datasets.FORMATS[written].title}, with the images."],
    )
    if latest and latest.job.state == "done":
        for loss in latest.job.result:
            st.caption(f":material/info: {markdown.plain(loss.text)}")
