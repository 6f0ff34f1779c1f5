"""Why the mean of a masked image is taken over the mask, and not over an image painted black."""

from __future__ import annotations

import numpy as np
import streamlit as st

from maskcore import measure, rle
from maskcore.measure import MeanComparison
from maskcore.rle import RLE
from pages.shared import caches, pictures
from pages.shared.pictures import Picture
from pages.use.measure.rows import Selection

_ROWS, _COLUMNS = 12, 14


def show(picture: Picture, chosen: Selection) -> None:
    """Show both means of what is chosen, and a few of its values as a masked array."""
    with st.expander(
        "Why masked, not blacked out",
        key="why masked",
        icon=":material/help:",
        on_change="rerun",
    ) as section:
        if not section.open:
            return
        means, values = st.columns([2, 3], gap="large")
        with means:
            _means(picture, chosen)
        with values:
            _values(picture, chosen)


def _means(picture: Picture, chosen: Selection) -> None:
    found = _compared(picture, chosen.mask)
    share = found.n_inside / found.n_pixels
    st.markdown(
        f"Of {found.n_pixels:,} pixels {share:.2%} are inside. Painted black, the others would "
        "still count, as values of 0; masked, they do not."
    )
    inside = found.inside or (None,) * len(measure.CHANNELS)
    st.dataframe(
        [
            {"Mean": channel.capitalize(), "Blacked out": wrong, "Masked": right}
            for channel, wrong, right in zip(
                measure.CHANNELS, found.with_zeros, inside, strict=True
            )
        ],
        hide_index=True,
        column_config={
            name: st.column_config.NumberColumn(format="%.2f") for name in ("Blacked out", "Masked")
        },
        placeholder="–",
        alt="The mean of each channel, with what is outside painted black and with it masked",
    )


@caches.resource(max_entries=200)
def _compared(picture: Picture, mask: RLE) -> MeanComparison:
    return measure.compare_means(pictures.image(picture), mask)


def _values(picture: Picture, chosen: Selection) -> None:
    """Show a small part of one channel, at first at the edge of the mask."""
    height, width = picture.size_hw
    n_rows, n_columns = min(_ROWS, height), min(_COLUMNS, width)
    edge_x, edge_y = _edge(chosen.mask)
    key = f"array {chosen.mask.digest[:12]}"
    channel, left, top = st.columns([2, 1, 1], vertical_alignment="bottom")
    color = channel.segmented_control(
        "Values",
        measure.CHANNELS[:3],
        default="red",
        required=True,
        format_func=str.capitalize,
        key="array channel",
        persist_state="session",
    )
    x = left.number_input(
        "From x",
        0,
        width - n_columns,
        min(max(edge_x - n_columns // 2, 0), width - n_columns),
        key=f"{key} x",
    )
    y = top.number_input(
        "From y",
        0,
        height - n_rows,
        min(max(edge_y - n_rows // 2, 0), height - n_rows),
        key=f"{key} y",
    )
    part = pictures.image(picture)[y : y + n_rows, x : x + n_columns]
    inside = rle.decode(chosen.mask, box=(x, y, x + n_columns, y + n_rows))
    array = measure.masked(part, inside)[..., measure.CHANNELS.index(color)]
    st.code(measure.array_text(array), language=None)


def _edge(mask: RLE) -> tuple[int, int]:
    """Return x and y of a pixel beside the edge of a mask; the middle if it has none."""
    height, width = mask.size_hw
    x1, y1, x2, y2 = rle.box(mask)
    x, y = (x1 + x2) // 2, (y1 + y2) // 2
    if x2:
        row = rle.decode(mask, box=(0, y, width, y + 1))[0]
        if (places := np.flatnonzero(row[1:] != row[:-1])).size:
            return int(places[0]) + 1, y
        column = rle.decode(mask, box=(x, 0, x + 1, height))[:, 0]
        if (places := np.flatnonzero(column[1:] != column[:-1])).size:
            return x, int(places[0]) + 1
    return width // 2, height // 2
