"""What was found in a data set: counted, listed, as a table to download, mended where certain."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

import streamlit as st

from maskcore.datasets import audit
from maskcore.datasets.audit import KINDS, Finding
from maskcore.datasets.audit.finding import Severity
from maskcore.wording import counted
from pages.data.inspect import export, place, survey
from pages.data.inspect.survey import Surveyed
from pages.shared import downloads, markdown
from pages.shared.dataset.state import Opened

_SEVERITIES: dict[Severity, tuple[str, str, str]] = {
    "error": ("error", "red", ":material/error:"),
    "warning": ("warning", "orange", ":material/warning:"),
    "note": ("note", "blue", ":material/info:"),
}
_AT_A_TIME = 12


def show(opened: Opened, surveyed: Surveyed) -> None:
    """Show all findings, and what can be done with them."""
    findings = surveyed.survey.findings
    if not findings:
        st.success("Nothing was found that looks wrong.", icon=":material/verified:")
        survey.offer_pixels(opened, surveyed)
        return
    severity, kind = _filters(findings)
    listed = [
        finding
        for finding in findings
        if severity in (None, finding.severity) and kind in (None, finding.kind)
    ]
    with st.container(horizontal=True):
        downloads.file(
            "All findings as CSV",
            f"{opened.name.removesuffix('.zip')}_findings.csv",
            lambda: audit.to_csv(findings).encode(),
            f"{surveyed.request}",
            key="download findings",
        )
        survey.offer_pixels(opened, surveyed)
    certain = [finding for finding in findings if finding.is_certain]
    # They name masks by their places, which a correction may have changed since.
    if certain and surveyed.request.id == opened.id:
        with st.container(border=True):
            st.markdown(
                f"**{len(certain):,}** of {counted(len(findings), 'finding')} "
                "can be mended with certainty."
            )
            export.offer(opened, certain, "fixed", "Write a fixed copy")
    _list(listed, surveyed)


def _filters(findings: Sequence[Finding]) -> tuple[str | None, str | None]:
    by_severity = Counter(finding.severity for finding in findings)
    severity = st.pills(
        "Severity",
        [level for level in _SEVERITIES if by_severity[level]],
        format_func=lambda level: _counted(level, by_severity[level]),
        key="inspect severity",
        label_visibility="collapsed",
        persist_state="session",
    )
    by_kind = Counter(finding.kind for finding in findings if severity in (None, finding.severity))
    kind = st.selectbox(
        "Kind",
        [name for name in KINDS if by_kind[name]],
        index=None,
        format_func=lambda name: f"{KINDS[name]} ({by_kind[name]:,})",
        placeholder=f"All {len(by_kind)} kinds" if len(by_kind) > 1 else "One kind",
        key="inspect kind",
        label_visibility="collapsed",
        persist_state="session",
    )
    return severity, kind


def _counted(severity: Severity, count: int) -> str:
    word, color, icon = _SEVERITIES[severity]
    return f":{color}[{icon}] {counted(count, word)}"


def _list(listed: Sequence[Finding], surveyed: Surveyed) -> None:
    if not listed:
        st.info("There is no such finding.", icon=":material/search_off:")
        return
    n_pages = math.ceil(len(listed) / _AT_A_TIME)
    key = f"inspect findings page {len(listed)}"
    page = min(st.session_state.get(key, 1), n_pages)
    order = list(
        dict.fromkeys(finding.sample for finding in listed if finding.sample in surveyed.places)
    )
    first = (page - 1) * _AT_A_TIME
    for number, finding in enumerate(listed[first : first + _AT_A_TIME], start=first):
        card(finding, number, order)
    if n_pages > 1:
        st.pagination(n_pages, key=key, max_visible_pages=5, persist_state="session")


def card(finding: Finding, number: int | None = None, order: Sequence[str] = ()) -> None:
    """Show a finding.

    Args:
        finding: What was found.
        number: Tells the button apart that opens its sample; None: there is no button.
        order: The samples between which one goes on from there.
    """
    _, color, icon = _SEVERITIES[finding.severity]
    with st.container(border=True, gap="xxsmall"):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(f":{color}[{icon}] **{KINDS[finding.kind]}**", width="stretch")
            if number is not None and finding.sample in order:
                st.button(
                    "Open",
                    key=f"open finding {number}",
                    type="tertiary",
                    icon=":material/open_in_full:",
                    help=finding.sample,
                    on_click=place.go,
                    args=(finding.sample, order),
                )
        st.markdown(markdown.plain(finding.what))
        where = f"{finding.where}: " if finding.where else ""
        certain = " The fixed copy has it right." if finding.is_certain else ""
        st.caption(markdown.plain(f"{where}{finding.fix}{certain}"))
