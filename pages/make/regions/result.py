"""What a way to find regions makes: shown, kept and downloaded alike for all of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st

from maskcore import rle
from maskcore.rle import RLE
from maskcore.types import Instance
from pages.shared import downloads, view
from pages.shared.colors import of_place
from pages.shared.pictures import Picture
from pages.shared.view import Shown

_MOST_NAMED = 20  # on the picture; more texts would hide it


@dataclass(frozen=True)
class RegionResult:
    """The outcome of a method.

    Attributes:
        shown: The masks, as they are downloaded.
        code: The maskcore calls that make them.
    """

    shown: Shown
    code: str


def one(picture: Picture, mask: RLE, name: str, code: str) -> RegionResult | None:
    """Bring a single mask and its code together; None if it is empty."""
    if not rle.area(mask):
        return None
    return RegionResult(Shown.of(picture, [Instance(mask, name)]), code)


def many(
    picture: Picture, masks: Sequence[RLE], names: Sequence[str], code: str
) -> RegionResult | None:
    """Do the same for several masks, each of a color of its own; None if there are none."""
    if not masks:
        return None
    instances = [Instance(mask, name) for mask, name in zip(masks, names, strict=True)]
    colors = [of_place(i) for i in range(len(masks))]
    return RegionResult(Shown.of(picture, instances, colors), code)


def show(picture: Picture, result: RegionResult | None, *, alt: str) -> None:
    """Show the picture with the result; masks are named if that tells the masks apart."""
    if result is None:
        view.show(Shown.of(picture, []), alt=alt)
        return
    shown = result.shown
    names = {instance.label for instance in shown.instances}
    if len(names) < len(shown.instances) or len(names) > _MOST_NAMED:
        plain = [Instance(instance.mask, "") for instance in shown.instances]
        shown = Shown.of(picture, plain, shown.colors)
    view.show(shown, alt=alt)


def name(default: str, *, key: str) -> str:
    """Ask what it is."""
    text = st.text_input("Name", default, key=key, max_chars=100, persist_state="session")
    return text.strip() or default


def offer(picture: Picture, result: RegionResult, *, key: str) -> None:
    """Offer to keep and to download a result."""
    instances = result.shown.instances
    count = len(instances)
    with st.container(horizontal=True):
        label = "Keep as a layer" if count == 1 else f"Keep {count:,} as layers"
        downloads.keep(instances, label, picture=picture, key=f"keep {key}")
        downloads.masks(result.shown, key=f"{key} files")


def area(mask: RLE) -> str:
    """Say how much of the image a mask is."""
    pixels = rle.area(mask)
    share = pixels / (mask.size_hw[0] * mask.size_hw[1])
    return f"{pixels:,} pixels, {share:.2%} of the image"
