"""What may be wrong in a data set, told so that people can act on it."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from maskcore.datasets.audit.finding import KINDS as KINDS, Finding as Finding, Severity as Severity
from maskcore.datasets.audit.fixes import fixed as fixed
from maskcore.datasets.audit.measures import Survey as Survey
from maskcore.datasets.audit.one_pass import survey as survey
from maskcore.datasets.dataset import Dataset
from maskcore.files import text_table

_COLUMNS = ("severity", "kind", "sample", "mask", "where", "what", "fix", "is_certain")


def check(
    dataset: Dataset,
    *,
    read_images: bool = False,
    progress: Callable[[int, int], object] = lambda _done, _total: None,
) -> list[Finding]:
    """Return what may be wrong, the gravest first; see `survey` for the arguments."""
    return list(survey(dataset, read_images=read_images, progress=progress).findings)


def to_csv(findings: Iterable[Finding]) -> str:
    """Write findings as CSV, a row each; masks are counted from 1, as people do."""
    rows = (
        (
            *(finding.severity, KINDS[finding.kind], finding.sample),
            None if finding.mask is None else finding.mask + 1,
            *(finding.where, finding.what, finding.fix),
            "yes" if finding.is_certain else "no",
        )
        for finding in findings
    )
    return text_table.write(_COLUMNS, rows)
