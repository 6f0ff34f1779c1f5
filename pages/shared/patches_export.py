"""The export of patches: the job that writes them to a zip, and the download."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import streamlit as st

from maskcore import archive
from pages.shared import file_job, patches_writing, results
from pages.shared.patches_controls import Choice
from pages.shared.patches_writing import Source, Wish
from pages.shared.results import Shown

_KEY = "patches export"


def offer(chosen: Sequence[Shown], stems: Sequence[str], choice: Choice) -> None:
    """Offer to write the patches of pictures, and what was written last."""
    instances = [it for shown in chosen for it in shown.instances]
    labels = tuple(dict.fromkeys(it.label for it in instances)) if choice.with_labels else ()
    wish = Wish(choice.settings, labels, bool(instances))
    digests = [it.digest for it in chosen]
    said = hashlib.sha256(repr((digests, list(stems), wish)).encode()).hexdigest()
    latest = file_job.latest(_KEY)
    running = latest is not None and not latest.job.finished
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button(
            "Make the zip",
            key="make patches",
            type="primary",
            icon=":material/folder_zip:",
            on_click=_submit,
            args=(chosen, stems, wish, said),
            disabled=running,
        )
        if latest and latest.job.state == "done":
            results.download(
                f"Download {latest.job.result / 1e6:,.1f} MB",
                archive.safe_name(f"{chosen[0].picture.stem}_patches.zip"),
                latest.path.read_bytes,
                latest.said,
                key="download patches",
            )
    if latest and latest.job.state == "done" and latest.said != said:
        st.caption("The download was made before the last changes.")
    if latest and (running or latest.said == said):
        file_job.follow(_KEY)


def _submit(chosen: Sequence[Shown], stems: Sequence[str], wish: Wish, said: str) -> None:
    sources = [
        Source(stem, it.picture.name, it.picture.content, it.instances)
        for stem, it in zip(stems, chosen, strict=True)
    ]
    file_job.submit(_KEY, "Cutting", "patches.zip", said, patches_writing.write, sources, wish)
