"""Cut-outs on a page: the controls, the grid to choose from, the downloads."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st

from maskcore import cutout, image_io
from maskcore.cutout import Background, files as cutout_files
from maskcore.files import archive
from maskcore.rle import RLE
from maskcore.types import Instance
from pages.shared import caches, choices, downloads, markdown, pictures, workspace
from pages.shared.colors import to_rgb
from pages.shared.pictures import Picture
from pages.shared.view import Shown

_PER_PAGE = 24
_LONGEST = 360
_BACKGROUNDS: dict[str, Background | None] = {
    "Transparent": None,
    "White": (255, 255, 255),
    "Color": None,  # both are asked for
    "Another image": None,
    "Blurred": "blur",
    "Grayed": "gray",
}

FROM_LAYERS = """\
from maskcore import rle_csv
from maskcore.types import Instance

# The image, and its layers as the sidebar's "Download" writes them in a dialect of your choice.
image = image_io.read_image(Path({name!r}))
rows = rle_csv.read(Path("rows.csv"), size_hw=image.shape[:2]).rows
instances = [Instance(row.mask, row.label) for row in rows]
"""


@dataclass(frozen=True)
class CutoutSettings:
    """How objects are cut out.

    Attributes:
        background: As for `cutout.extract`.
        margin: Pixels around the object's box.
        feather: Radius of the soft edge in pixels.
        digest: Identifies all of that.
    """

    background: Background | None
    margin: int
    feather: int
    digest: str


def settings(key: str) -> CutoutSettings:
    """Show the controls of how objects are cut out; return what they say."""
    name = choices.one_of(
        "Background", list(_BACKGROUNDS), default="Transparent", key=f"{key} background"
    )
    background: Background | None = None
    cache_key = ""
    if name == "Color":
        cache_key = st.color_picker("Color", "#00b140", key=f"{key} color", persist_state="session")
        background = to_rgb(cache_key)
    elif name == "Another image":
        other = _other_picture(key)
        if other is not None:
            background, cache_key = pictures.image(other), other.id
    else:
        background = _BACKGROUNDS[name]
    left, right = st.columns(2)
    margin = left.slider(
        "Margin", 0, 200, 0, format="%d px", key=f"{key} margin", persist_state="session"
    )
    feather = right.slider(
        "Soft edge", 0, 40, 0, format="%d px", key=f"{key} feather", persist_state="session"
    )
    content = repr((name, cache_key, margin, feather))
    digest = hashlib.sha256(content.encode()).hexdigest()
    return CutoutSettings(background, margin, feather, digest)


def _other_picture(key: str) -> Picture | None:
    current = workspace.current()
    others = [other for other in workspace.pictures() if current is None or other.id != current.id]
    if not others:
        st.info("Open a second image to put the objects on.", icon=":material/image:")
        return None
    return st.selectbox(
        "Image for the background",
        others,
        format_func=lambda other: other.name,
        key=f"{key} other",
    )


def grid(shown: Shown, settings: CutoutSettings, *, key: str) -> list[int]:
    """Show every object cut out, with a box to check; return which are checked."""
    count = len(shown.instances)
    key = f"{key} {shown.digest[:12]}"
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button("Check all", on_click=_check, args=(key, count, True), key=f"{key} all")
        st.button("Check none", on_click=_check, args=(key, count, False), key=f"{key} none")
    first = 0
    if count > _PER_PAGE:
        first = (st.pagination(-(-count // _PER_PAGE), key=f"{key} page") - 1) * _PER_PAGE
    with st.grid(min_column_width=150):
        for i in range(first, min(first + _PER_PAGE, count)):
            instance = shown.instances[i]
            score = "" if instance.score is None else f" {instance.score:.0%}"
            with st.container(border=True, vertical_alignment="distribute", height="stretch"):
                content = _thumbnail(shown.picture, instance.mask, settings)
                st.image(content, width="stretch", alt=instance.label)
                _remember(f"{key} {i}")
                st.checkbox(markdown.plain(instance.label) + score, key=f"{key} {i}")
    return [i for i in range(count) if st.session_state.get(f"{key} {i}", True)]


def _remember(key: str) -> None:
    """Check a box at first, and keep what it was when its page of the grid was left."""
    st.session_state[key] = st.session_state.get(key, True)


def _check(key: str, count: int, value: bool) -> None:
    for i in range(count):
        st.session_state[f"{key} {i}"] = value


@caches.data(max_entries=512)
def _thumbnail(picture: Picture, mask: RLE, settings: CutoutSettings) -> bytes:
    cut = cutout.extract(
        pictures.image(picture),
        mask,
        background=settings.background,
        margin=settings.margin,
        feather=settings.feather,
    )
    reduced = image_io.preview_cutout if cut.shape[2] == 4 else image_io.preview
    return image_io.encode_png(reduced(cut, _LONGEST))


def download_all(
    shown: Shown, checked: Sequence[int], settings: CutoutSettings, *, key: str
) -> None:
    """Offer the checked objects, or all of them with the background, as one zip each."""
    some = [shown.instances[i] for i in checked]

    def zipped(instances: Sequence[Instance], *, with_background: bool) -> bytes:
        return archive.zip_bytes(
            cutout_files.members(
                pictures.image(shown.picture),
                instances,
                stem=shown.picture.stem,
                source=shown.picture.name,
                background=settings.background,
                margin=settings.margin,
                feather=settings.feather,
                with_background=with_background,
            )
        )

    digest = f"{shown.digest}{settings.digest}"
    stem = shown.picture.stem
    downloads.file(
        f"Download {len(some)} checked",
        f"{stem}_cutouts.zip",
        lambda: zipped(some, with_background=False),
        f"{digest}{list(checked)}",
        key=f"{key} checked",
        disabled=not some,
    )
    downloads.file(
        "Download all, with the background",
        f"{stem}_all_cutouts.zip",
        lambda: zipped(shown.instances, with_background=True),
        digest,
        key=f"{key} everything",
        disabled=not shown.instances,
    )


def python(picture: Picture, find: str, settings: CutoutSettings) -> str:
    """Write the calls that cut out as the page does; `find` makes `instances` of `{name}`."""
    background = 'image_io.read_image(Path("other.png"))'
    if settings.background is None or isinstance(settings.background, str | tuple):
        background = repr(settings.background)
    return f"""\
from pathlib import Path

from maskcore import image_io
from maskcore.cutout import Background, files as cutout_files
from maskcore.files import archive
{find.replace("{name!r}", repr(picture.name))}
members = cutout_files.members(
    image,
    instances,
    stem={picture.stem!r},
    source={picture.name!r},
    background={background},
    margin={settings.margin},
    feather={settings.feather},
)
archive.write_zip(Path("cutouts.zip"), members)
"""
