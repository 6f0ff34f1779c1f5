"""The export of patches: the job that writes them to a zip, and the download."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import partial

from maskcore.files import archive
from pages.shared.jobs import file_job, file_offer
from pages.shared.view import Shown
from pages.use.patches import export_job
from pages.use.patches.controls import Choice
from pages.use.patches.export_job import Source, Wish

_KEY = "patches"


def offer(chosen: Sequence[Shown], stems: Sequence[str], choice: Choice) -> None:
    """Offer to write the patches of pictures, and what was written last."""
    instances = [it for shown in chosen for it in shown.instances]
    labels = tuple(dict.fromkeys(it.label for it in instances)) if choice.with_labels else ()
    wish = Wish(choice.settings, labels, bool(instances))
    digests = [it.digest for it in chosen]
    cache_key = hashlib.sha256(repr((digests, list(stems), wish)).encode()).hexdigest()
    file_offer.show(
        _KEY,
        "Make the zip",
        partial(_submit, chosen, stems, wish, cache_key),
        cache_key=cache_key,
        file_name=archive.safe_name(f"{chosen[0].picture.stem}_patches.zip"),
        latest=file_job.latest(_KEY),
    )


def _submit(chosen: Sequence[Shown], stems: Sequence[str], wish: Wish, cache_key: str) -> None:
    sources = [
        Source(stem, it.picture.name, it.picture.content, it.instances)
        for stem, it in zip(stems, chosen, strict=True)
    ]
    file_job.submit(_KEY, "Cutting", "patches.zip", cache_key, export_job.write, sources, wish)
