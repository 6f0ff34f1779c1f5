"""What becomes of a result: kept as layers, downloaded as files, written as code.

Names of downloads hold digests of their content: Streamlit tells large downloads apart by samples
only, and would hand out an older one for a small change.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from typing import Literal

import streamlit as st

from maskcore import exports, image_io, overlay, rle_text
from maskcore.errors import MaskcoreError
from maskcore.files import archive
from maskcore.mask_files.write import label_map_files, mask_pngs
from maskcore.rle import RLE
from maskcore.types import Instance
from maskcore.wording import counted
from pages.shared import pictures, workspace
from pages.shared.pictures import Picture
from pages.shared.view import Shown

_LONGEST_CODE = 1500


def keep(instances: Sequence[Instance], label: str, *, picture: Picture, key: str) -> None:
    """Offer to keep instances as layers of the picture, which opens if it is not open yet."""

    def add() -> None:
        workspace.open_file(picture.name, picture.content)
        workspace.add(instances)
        count = len(instances)
        st.toast(f"Kept {counted(count, 'layer')}", icon=":material/layers:")

    st.button(
        label,
        on_click=add,
        disabled=not instances,
        type="primary",
        icon=":material/layers:",
        key=key,
    )


def masks(shown: Shown, *, key: str) -> None:
    """Offer all files that can be made of what is shown; each is made when it is asked for."""
    stem, picture = shown.picture.stem, shown.picture
    with st.popover("Download", key=key, icon=":material/download:", disabled=not shown.instances):
        if not shown.instances:
            return
        dialect = st.selectbox(
            "Dialect of the run-length codes",
            list(rle_text.DIALECTS),
            format_func=lambda name: rle_text.DIALECTS[name].title,
            key=f"{key} dialect",
        )
        instances = shown.instances

        def overlay_png() -> bytes:
            image = pictures.image(picture)
            return image_io.encode_png(overlay.draw(image, instances, colors=shown.rgb()))

        def zipped(make: Callable[[], Iterable[tuple[str, bytes]]]) -> Callable[[], bytes]:
            return lambda: archive.zip_bytes(make())

        files = {
            "Everything, in one zip": (
                f"{stem}.zip",
                zipped(
                    lambda: exports.everything(
                        pictures.image(picture),
                        instances,
                        image_name=picture.name,
                        dialect=dialect,
                        colors=shown.rgb(),
                    )
                ),
            ),
            "Overlay": (f"{stem}_overlay.png", overlay_png),
            "Masks, a PNG each": (
                f"{stem}_masks.zip",
                zipped(lambda: mask_pngs(instances)),
            ),
            "Masks, a PNG per class": (
                f"{stem}_classes.zip",
                zipped(lambda: mask_pngs(exports.by_label(instances))),
            ),
            "Label map": (
                f"{stem}_label_map.zip",
                zipped(lambda: label_map_files(instances)),
            ),
            "Run-length codes": (
                f"{stem}_{dialect}.csv",
                lambda: exports.codes(instances, picture.name, dialect),
            ),
        }
        for label, (name, make) in files.items():
            file(
                label, name, make, f"{shown.digest}{dialect}", key=f"{key} {label}", width="stretch"
            )


def file(
    label: str,
    name: str,
    make: Callable[[], bytes],
    digest: str,
    *,
    key: str,
    disabled: bool = False,
    is_next: bool = False,
    width: Literal["content", "stretch"] = "content",
) -> None:
    """Offer a file that is made when it is asked for.

    Args:
        label: On the button.
        name: File name; a few digits of the digest are put into it, see the top of this file.
        make: Makes the content.
        digest: Identifies everything that the content depends on.
        key: The button's key.
        disabled: Whether there is nothing to download.
        is_next: Whether to take it is what one would do next.
        width: "content" or "stretch".
    """
    stem, _, ending = archive.safe_name(name).rpartition(".")
    short = hashlib.sha256(digest.encode()).hexdigest()[:8]

    def content() -> bytes:
        try:
            return make()
        except MaskcoreError as error:
            return f"{error}\n".encode()

    st.download_button(
        label,
        content,
        file_name=f"{stem}-{short}.{ending}",
        on_click="ignore",
        key=key,
        type="primary" if is_next else "secondary",
        width=width,
        icon=":material/download:",
        disabled=disabled,
    )


def same_in_python(code: str) -> None:
    """Show the calls that do what the page did."""
    with st.expander("The same in Python", icon=":material/code:"):
        st.code(code, language="python")


def mask_code(mask: RLE, file: str) -> str:
    """Write an expression for a mask: its codes while they are short, else a file to be read."""
    codes = rle_text.format(mask, "coco-compressed")
    if len(codes) > _LONGEST_CODE:
        return f"image_io.read_image(Path({file!r}))[..., 0] > 127"
    return f'rle.decode(rle_text.parse({codes!r}, {mask.size_hw}, "coco-compressed"))'
