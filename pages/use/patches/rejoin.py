"""Patches, perhaps what a network has made of them, joined to whole images."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import streamlit as st

from maskcore import mask_files, rle
from maskcore.patches import Overlap, manifest as patch_manifest
from maskcore.patches.manifest import PatchEntry
from maskcore.types import Instance
from maskcore.wording import counted
from pages.shared import choices, downloads, errors, markdown, workspace
from pages.shared.jobs import file_job
from pages.shared.jobs.file_job import FileJob
from pages.use.patches import as_code, export_job
from pages.use.patches.export_job import Joined
from pages.use.patches.uploads import Uploads

_KEY = "joined"
_OVERLAPS: dict[Overlap, str] = {
    "overwrite": "The last patch",
    "average": "The mean",
    "maximum": "The maximum",
}
_MOST_APART = 1000


def show() -> None:
    """Take patches with their manifest, and give back the image.

    Raises:
        MaskcoreError: If they do not go together.
    """
    st.markdown("Patches and their manifest become the whole image again.")
    uploads = Uploads.taken()
    if uploads is None:
        latest = file_job.latest(_KEY)
        if latest:
            _result(latest)
        return
    manifest = uploads.manifest()
    if manifest is None:
        st.info(
            "Add the manifest.json or manifest.csv that came with the patches.",
            icon=":material/list_alt:",
        )
        return
    images = patch_manifest.of_images(patch_manifest.read(manifest))
    name = next(iter(images))
    if len(images) > 1:
        name = st.selectbox("Image", list(images), key="join image")
    entries = images[name]
    with st.container(horizontal=True, vertical_alignment="bottom"):
        masks = _masks_chosen(entries, uploads.names)
        overlap = st.selectbox(
            "Where patches overlap",
            list(_OVERLAPS),
            format_func=_OVERLAPS.__getitem__,
            key="join overlap",
            persist_state="session",
            width=200,
        )
        fill = st.toggle("Fill gaps with black", key="join fill", persist_state="session")
    files, missing = patch_manifest.locate(entries, uploads.names, masks=masks)
    if missing:
        st.warning(
            f"{len(missing):,} of the {len(entries):,} patches in the manifest are missing, such "
            f"as {markdown.plain(missing[0].file)}.",
            icon=":material/extension_off:",
        )
    cache_key = hashlib.sha256(
        repr((uploads.digest, name, masks, overlap, fill)).encode()
    ).hexdigest()
    latest = file_job.latest(_KEY)
    running = latest is not None and not latest.job.finished
    st.button(
        f"Join {counted(len(files), 'patch')}",
        key="join patches",
        type="primary",
        icon=":material/extension:",
        on_click=_submit,
        args=(uploads, files, overlap, 0 if fill else None, cache_key),
        disabled=running or bool(missing and not fill),
    )
    if latest and (running or latest.cache_key == cache_key):
        file_job.follow(_KEY)
        _result(latest)
    downloads.same_in_python(as_code.join(name, masks, overlap, fill))


def _masks_chosen(entries: Sequence[PatchEntry], names: Sequence[str]) -> bool:
    if not patch_manifest.has_images_and_masks(entries, names):
        return False
    kind = choices.one_of("Join", ["Images", "Masks"], default="Images", key="join kind")
    return kind == "Masks"


def _submit(
    uploads: Uploads,
    files: dict[PatchEntry, str],
    overlap: Overlap,
    fill: int | None,
    cache_key: str,
) -> None:
    contents, zips = uploads.contents(files.values())
    stem = next(iter(files)).image.rpartition(".")[0] or "image"
    file_job.submit(
        _KEY,
        "Joining",
        f"{hashlib.sha256(stem.encode()).hexdigest()[:8]}.png",
        cache_key,
        export_job.join,
        files,
        contents,
        zips,
        overlap,
        fill,
    )
    st.session_state["join name"] = f"{stem}_joined.png"


def _result(latest: FileJob) -> None:
    """Show the joined image, and what can be done with it."""
    if latest.job.state != "done":
        return
    joined: Joined = latest.job.result
    name: str = st.session_state["join name"]
    height, width = joined.size_hw
    st.caption(f"{width:,} × {height:,} pixels, {joined.n_bytes / 1e6:,.2f} MB as PNG")
    with st.container(horizontal=True):
        downloads.file(
            "Download", name, latest.path.read_bytes, latest.cache_key, key="download join"
        )
        picture = workspace.current()
        if joined.is_mask and picture and picture.size_hw == joined.size_hw:
            st.button(
                f"Add to {markdown.plain(picture.name)} as layers",
                key="join layers",
                icon=":material/layers:",
                on_click=_add,
                args=(latest, name),
            )
        elif not joined.is_mask:
            st.button(
                "Open the result",
                key="open joined",
                icon=":material/image:",
                on_click=_open,
                args=(latest, name),
            )
    is_wide = width > 2 * height
    with st.container() if is_wide else st.columns([3, 2])[0]:
        st.image(joined.preview, width="stretch", alt="The joined image")


def _open(latest: FileJob, name: str) -> None:
    with errors.shown():
        workspace.open_file(name, latest.path.read_bytes())
        st.toast(f"Opened {markdown.plain(name)}", icon=":material/image:")


def _add(latest: FileJob, name: str) -> None:
    with errors.shown():
        instances = list(mask_files.read(latest.path.read_bytes()).instances)
        if len(instances) > _MOST_APART:
            instances = [Instance(rle.union(instance.mask for instance in instances), name)]
        workspace.add(instances)
        count = len(instances)
        st.toast(f"Added {counted(count, 'layer')}", icon=":material/layers:")
