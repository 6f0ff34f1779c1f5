"""The table of what is measured: a row for each layer, of which one can be selected."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import quote

import streamlit as st

from maskcore import measure, rle
from maskcore.measure import Statistics
from maskcore.overlay import PALETTE
from maskcore.rle import RLE
from maskcore.types import Instance
from pages.shared import caches, pictures, workspace
from pages.shared.colors import to_hex
from pages.shared.pictures import Picture
from pages.shared.view import Shown

_SELECTED, _AT_FIRST = "measured layer", "measured at first"
_MOST_HEIGHT = 318  # pixels: eight rows
_SWATCH = (
    '<svg xmlns="http://www.w3.org/2000/svg" width="16" height="16">'
    '<rect width="16" height="16" rx="4" fill="{color}"/></svg>'
)


@dataclass(frozen=True)
class Selection:
    """What is looked at closely.

    Attributes:
        name: Of the layer, or what else it is.
        mask: Of the picture's size.
        color: "#rrggbb".
        place: Which of the shown layers it is; None if it is not one of them.
    """

    name: str
    mask: RLE
    color: str
    place: int | None


def measured(shown: Shown) -> list[Statistics]:
    """Return the statistics of each layer; without layers, those of the whole picture."""
    if not shown.instances:
        return [replace(_measured(shown.picture, _whole(shown.picture)), label="")]
    return [
        replace(
            _measured(shown.picture, instance.mask),
            label=instance.label,
            score=instance.score,
        )
        for instance in shown.instances
    ]


# One entry for each mask: when a layer is painted on, the others are not measured again.
@caches.resource(max_entries=2000)
def _measured(picture: Picture, mask: RLE) -> Statistics:
    (row,) = measure.statistics(pictures.image(picture), [Instance(mask, "")])
    row.histogram.flags.writeable = False
    return row


def choose(shown: Shown, rows: Sequence[Statistics], channels: Sequence[str]) -> Selection:
    """Show the table; return the layer of the selected row, or all of them together."""
    numbered = [
        (n, layer.id) for n, layer in enumerate(workspace.layers(), start=1) if layer.visible
    ]
    table = [_cells(row, channels) for row in rows]
    for cells, (number, _), color in zip(table, numbered, shown.colors, strict=False):
        cells |= {"Color": _swatch(color), "No.": number}
    if not numbered:
        table[0]["Layer"] = "whole image"
    place = _table(table, shown.picture, [layer_id for _, layer_id in numbered], channels)
    if place is None:
        return _together(shown)
    instance = shown.instances[place]
    name = instance.label or f"layer {numbered[place][0]}"
    return Selection(name, instance.mask, shown.colors[place], place)


def _table(
    table: list[dict[str, Any]], picture: Picture, layer_ids: list[int], channels: Sequence[str]
) -> int | None:
    """Show the table; return which row is selected."""
    key = f"measured {picture.id[:12]} {layer_ids}"
    # What is selected when one comes back to the page; it must not change while one is there.
    if key not in st.session_state:
        before = st.session_state.get(_SELECTED)
        at_first = [layer_ids.index(before)] if before in layer_ids else []
        st.session_state[_AT_FIRST] = {"selection": {"rows": at_first}}
    event = st.dataframe(
        table,
        key=key,
        on_select="rerun",
        selection_mode="single-row" if layer_ids else [],
        selection_default=st.session_state[_AT_FIRST] if layer_ids else None,
        hide_index=True,
        height=min(38 + 35 * len(table), _MOST_HEIGHT),
        column_order=["Color", "No.", *(name for name in table[0] if name not in ("Color", "No."))],
        column_config=_columns(channels),
        placeholder="–",
        alt="What is measured of each layer",
    )
    selected = event.selection.rows
    st.session_state[_SELECTED] = layer_ids[selected[0]] if selected else None
    return selected[0] if selected else None


def _cells(row: Statistics, channels: Sequence[str]) -> dict[str, Any]:
    values = row.to_dict()
    x1, y1, x2, y2 = row.box
    return {
        "Layer": row.label or "unnamed",
        "Area": row.area,
        "Share": row.percent,
        **{
            f"{channel.capitalize()} {name}": values[f"{channel}_{name}"]
            for channel in channels
            for name in ("mean", "median", "std", "min", "max")
        },
        "Perimeter": row.perimeter,
        "Parts": row.parts,
        "Holes": row.holes,
        "Center x": values["centroid_x"],
        "Center y": values["centroid_y"],
        "Box": f"{x1}, {y1}, {x2}, {y2}" if row.area else "empty",
    }


def _columns(channels: Sequence[str]) -> dict[str, Any]:
    number = st.column_config.NumberColumn
    return {
        "Color": st.column_config.ImageColumn("", width=44),
        "No.": number(width=52),
        "Area": number("Area, px", format="localized"),
        "Share": number(format="%.2f %%"),
        "Perimeter": number("Perimeter, px", format="localized"),
        "Center x": number(format="%.1f"),
        "Center y": number(format="%.1f"),
        "Box": st.column_config.TextColumn(help="x1, y1, x2, y2; the maximum is exclusive"),
        **{
            f"{channel.capitalize()} {name}": number(format="%.2f")
            for channel in channels
            for name in ("mean", "std")
        },
        **{f"{channel.capitalize()} median": number(format="%.1f") for channel in channels},
    }


def _swatch(color: str) -> str:
    return f"data:image/svg+xml,{quote(_SWATCH.format(color=color))}"


def _together(shown: Shown) -> Selection:
    if not shown.instances:
        return Selection("Whole image", _whole(shown.picture), to_hex(PALETTE[0]), None)
    if len(shown.instances) == 1:
        only = shown.instances[0]
        name = only.label or "the layer"
        return Selection(name, only.mask, shown.colors[0], None)
    mask = rle.union([instance.mask for instance in shown.instances])
    return Selection("All layers", mask, to_hex(PALETTE[0]), None)


def _whole(picture: Picture) -> RLE:
    return rle.invert(rle.empty(picture.size_hw))
