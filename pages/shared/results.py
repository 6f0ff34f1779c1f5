"""What every page does with a result: show it over the image, keep it, download it, show the code.

Keys of caches and names of downloads are digests of content. Streamlit tells large arrays and
large downloads apart by samples only, and would hand out an older one for a small change.
"""

from __future__ import annotations

import hashlib
import html
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from maskcore import exports, image_io, masks, overlay, rle, rle_text
from maskcore.errors import MaskcoreError
from maskcore.files import archive
from maskcore.image_io import ImageFile
from maskcore.mask_files.write import label_map_files, mask_pngs
from maskcore.rle import RLE
from maskcore.types import Image, Instance
from pages.shared import workspace
from pages.shared.colors import to_hex, to_rgb
from pages.shared.workspace import Picture

_MANY = 60  # masks whose labels would hide the picture
_LONGEST = 1400  # pixels of a picture on the page; Streamlit itself shrinks anything above 1460


@dataclass(frozen=True)
class Shown:
    """Instances on a picture, as they are drawn and downloaded.

    Attributes:
        picture: What is below.
        instances: The masks.
        colors: "#rrggbb" of each.
        mask_digests: `workspace.mask_digest` of each.
        digest: Identifies all of that.
    """

    picture: Picture
    instances: tuple[Instance, ...]
    colors: tuple[str, ...]
    mask_digests: tuple[str, ...]
    digest: str

    @classmethod
    def of(
        cls,
        picture: Picture,
        instances: Sequence[Instance],
        colors: Sequence[str] | None = None,
        mask_digests: Sequence[str] | None = None,
    ) -> Shown:
        """Bring picture and instances together; colors are by label if not given."""
        if colors is None:
            by_label = overlay.colors(it.label for it in instances)
            colors = [to_hex(by_label[it.label]) for it in instances]
        if mask_digests is None:
            mask_digests = [workspace.mask_digest(it.mask) for it in instances]
        said = [(it.label, it.score) for it in instances]
        whole = repr((picture.id, picture.name, said, list(colors), list(mask_digests)))
        digest = hashlib.sha256(whole.encode()).hexdigest()
        return cls(picture, tuple(instances), tuple(colors), tuple(mask_digests), digest)

    def rgb(self) -> list[overlay.RGB]:
        """Return the colors as numbers."""
        return [to_rgb(color) for color in self.colors]


def layers_shown(picture: Picture, *, empty_too: bool = True) -> Shown:
    """Return the visible layers of an open image, perhaps without the empty ones."""
    layers = [
        layer
        for layer in workspace.layers(picture)
        if layer.visible and (empty_too or rle.area(layer.instance.mask))
    ]
    return Shown.of(
        picture,
        [layer.instance for layer in layers],
        [layer.color for layer in layers],
        [layer.mask_digest for layer in layers],
    )


def view(shown: Shown, *, alt: str, highlight: int | None = None) -> None:
    """Show the picture with its masks, and the controls for how."""
    with st.container(horizontal=True, vertical_alignment="center"):
        mode = st.segmented_control(
            "View",
            ["Overlay", "Masks", "Image"],
            default="Overlay",
            required=True,
            key="view mode",
            label_visibility="collapsed",
            persist_state="session",
        )
        with st.popover("Look", icon=":material/tune:"):
            opacity = st.slider(
                "Opacity", 0, 100, 45, 5, format="%d %%", key="opacity", persist_state="session"
            )
            outline = st.toggle("Outlines", True, key="outlines", persist_state="session")
            many = len(shown.instances) > _MANY
            labels = st.toggle(
                "Labels",
                not many,
                key="labels of many" if many else "labels",
                persist_state="session",
            )
            boxes = st.toggle("Boxes", False, key="boxes", persist_state="session")
    if mode == "Image":
        shown = Shown.of(shown.picture, [])
    if mode == "Masks":
        opacity, outline = 100, False
    content = _drawn(
        shown.digest,
        _LONGEST,
        opacity / 100,
        outline,
        labels,
        boxes,
        highlight if shown.instances else None,
        mode == "Masks",
        shown,
    )
    st.image(content, width="stretch", alt=alt)


def thumbnail(shown: Shown, longest: int = 480) -> bytes:
    """Return a small JPEG of the picture with its masks, without text."""
    return _drawn(shown.digest, longest, 0.45, True, False, False, None, False, shown)


def mask_thumbnail(mask: RLE, longest: int = 320) -> bytes:
    """Return a small PNG of one mask, white on black."""
    height, width = mask.size_hw
    scale = min(1.0, longest / max(height, width))
    small = max(1, round(height * scale)), max(1, round(width * scale))
    return image_io.encode_png(masks.label_map([masks.reduce(mask, small)], ids=[255]))


@st.cache_data(max_entries=64, show_spinner=False)
def _drawn(
    digest: str,
    longest: int,
    opacity: float,
    outline: bool,
    labels: bool,
    boxes: bool,
    highlight: int | None,
    on_black: bool,
    _shown: Shown,
) -> bytes:
    del digest  # stands for _shown in the key
    base = _reduced(_shown.picture.id, longest, _shown.picture)
    size_hw = base.shape[:2]
    small = [
        replace(instance, mask=_reduced_mask(key, size_hw, instance.mask))
        for key, instance in zip(_shown.mask_digests, _shown.instances, strict=True)
    ]
    drawn = overlay.draw(
        np.zeros_like(base) if on_black else base,
        small,
        opacity=opacity,
        outline=outline,
        labels=labels,
        boxes=boxes,
        colors=_shown.rgb(),
        highlight=highlight,
    )
    return image_io.encode_jpeg(drawn, quality=92)


@st.cache_resource(max_entries=8, show_spinner=False)
def _reduced(picture_id: str, longest: int, _picture: Picture) -> Image:
    del picture_id
    reduced = image_io.preview(workspace.image(_picture), longest)
    reduced.flags.writeable = False
    return reduced


@st.cache_resource(max_entries=2000, show_spinner=False)
def _reduced_mask(mask_digest: str, size_hw: tuple[int, int], _mask: RLE) -> RLE:
    del mask_digest
    return _mask if _mask.size_hw == size_hw else masks.reduce(_mask, size_hw)


def legend(shown: Shown) -> None:
    """Name the colors, one for each label."""
    by_label = dict(zip((it.label for it in shown.instances), shown.colors, strict=True))
    square = "display:inline-block;width:.8em;height:.8em;border-radius:.2em"
    swatches = [
        f'<span style="white-space:nowrap"><span style="{square};background:{html.escape(color)}">'
        f"</span> {html.escape(label)}</span>"
        for label, color in by_label.items()
    ]
    st.html(f'<div style="display:flex;flex-wrap:wrap;gap:.3em 1.2em">{"".join(swatches)}</div>')


_MODES = {
    "1": "black and white",
    "L": "gray",
    "LA": "gray with transparency",
    "P": "palette",
    "RGB": "RGB color",
    "RGBA": "RGB color with transparency",
    "CMYK": "CMYK (print colors)",
    "I;16": "gray, 16-bit",
    "F": "gray, floating point",
}


def beside(picture: Picture) -> tuple[DeltaGenerator, DeltaGenerator]:
    """Return a place for the picture and one for what belongs to it: beside it, or below."""
    height, width = picture.size_hw
    if width > 2 * height:
        return st.container(), st.container()
    left, right = st.columns([3, 2], gap="large")
    return left, right


def facts(file: ImageFile) -> dict[str, str]:
    """Say in a few words what an image file is."""
    height, width = file.image.shape[:2]
    turned = f"turned upright (EXIF {file.orientation})"
    return {
        "Size": f"{width:,} × {height:,} pixels, {width * height / 1e6:.2f} megapixels",
        "File": f"{file.format}, {file.n_bytes / 1e6:,.2f} MB",
        "Pixels": _MODES.get(file.mode, file.mode),
        "Orientation": "upright as stored" if file.orientation == 1 else turned,
    }


def keep(instances: Sequence[Instance], label: str, *, picture: Picture, key: str) -> None:
    """Offer to keep instances as layers of the picture, which opens if it is not open yet."""

    def add() -> None:
        workspace.open_file(picture.name, picture.content)
        workspace.add(instances)
        count = len(instances)
        st.toast(f"Kept {count} layer{'s' * (count != 1)}", icon=":material/layers:")

    st.button(
        label,
        on_click=add,
        disabled=not instances,
        type="primary",
        icon=":material/layers:",
        key=key,
    )


def downloads(shown: Shown, *, key: str) -> None:
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
            image = workspace.image(picture)
            return image_io.encode_png(overlay.draw(image, instances, colors=shown.rgb()))

        def zipped(make: Callable[[], object]) -> Callable[[], bytes]:
            return lambda: archive.zip_bytes(make())

        files = {
            "Everything, in one zip": (
                f"{stem}.zip",
                zipped(
                    lambda: exports.everything(
                        workspace.image(picture),
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
            download(
                label, name, make, f"{shown.digest}{dialect}", key=f"{key} {label}", width="stretch"
            )


def download(
    label: str,
    name: str,
    make: Callable[[], bytes],
    digest: str,
    *,
    key: str,
    disabled: bool = False,
    is_next: bool = False,
    width: str = "content",
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
