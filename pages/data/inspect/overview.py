"""The open data set: gallery, findings and charts, or one sample large."""

from __future__ import annotations

from collections import Counter

import streamlit as st

from maskcore.wording import counted
from pages.data.inspect import (
    charts,
    export,
    findings,
    gallery,
    place as inspect_place,
    sample,
    survey as inspect_survey,
)
from pages.data.inspect.survey import Surveyed
from pages.shared import choices, links
from pages.shared.dataset.state import Opened

_PARTS = ("Gallery", "Findings", "Charts")


def show(opened: Opened) -> None:
    """Show a data set."""
    surveyed = inspect_survey.follow(opened)
    place = inspect_place.current(opened)
    if place is not None:
        labels = gallery.labels_of(opened, surveyed)
        sample.show(opened, surveyed, place, labels)
        return
    _summary(opened, surveyed)
    part = choices.one_of(
        "What to see",
        _PARTS,
        default=_PARTS[0],
        key=f"inspect part {opened.files_digest[:12]}",
        labeled=False,
    )
    if part == "Gallery":
        gallery.show(opened, surveyed)
    elif surveyed is None:
        st.info("That is known once all samples were looked through.", icon=":material/hourglass:")
    elif part == "Findings":
        findings.show(opened, surveyed)
    else:
        charts.show(surveyed)


def _summary(opened: Opened, surveyed: Surveyed | None) -> None:
    if surveyed is not None:
        survey = surveyed.survey
        n_masks, n_labels = survey.area.size, len(survey.labels)
        counts = Counter(finding.severity for finding in survey.findings)
        said = [
            counted(n_masks, "mask"),
            counted(n_labels, "class"),
            *(
                counted(counts[severity], severity)
                for severity in ("error", "warning", "note")
                if counts[severity]
            ),
        ]
        st.markdown(" · ".join(said))
    if opened.corrected:
        with st.container(border=True):
            st.markdown(f"**{counted(len(opened.corrected), 'sample')}** corrected.")
            export.offer(opened, (), "corrected", "Write the corrected set")
            links.to("data/convert/page.py")
