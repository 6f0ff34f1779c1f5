"""The export of patches: the job that writes them to a zip, and the download."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import partial

from maskcore.files import archive
from pages.shared.jobs import file_job, file_offer
from pages.shared.view import Shown
from pages.use.patches import export_job
from pages.use.patches.controls import CutRequest
from pages.use.patches.export_job import CutImage, ExportRequest

_KEY = "patches"


def offer(chosen: Sequence[Shown], stems: Sequence[str], cut: CutRequest) -> None:
    """Offer to write the patches of pictures, and what was written last."""
    instances = [instance for shown in chosen for instance in shown.instances]
    labels = (
        tuple(dict.fromkeys(instance.label for instance in instances)) if cut.with_labels else ()
    )
    request = ExportRequest(cut.settings, labels, bool(instances))
    digests = [shown.digest for shown in chosen]
    cache_key = hashlib.sha256(repr((digests, list(stems), request)).encode()).hexdigest()
    file_offer.show(
        _KEY,
        "Make the zip",
        partial(_submit, chosen, stems, request, cache_key),
        cache_key=cache_key,
        file_name=archive.safe_name(f"{chosen[0].picture.stem}_patches.zip"),
        latest=file_job.latest(_KEY),
    )


def _submit(
    chosen: Sequence[Shown], stems: Sequence[str], request: ExportRequest, cache_key: str
) -> None:
    sources = [
        CutImage(stem, shown.picture.name, shown.picture.content, shown.instances)
        for stem, shown in zip(stems, chosen, strict=True)
    ]
    file_job.submit(_KEY, "Cutting", "patches.zip", cache_key, export_job.write, sources, request)
