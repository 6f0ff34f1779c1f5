"""Which layers overlap, and how much."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from maskcore import measure
from maskcore.types import Instance
from pages.shared import caches, downloads, workspace
from pages.shared.view import Shown

_MOST_PAIRS = 1000


def show(shown: Shown) -> None:
    """Show the pairs of layers that share pixels, those that share most first."""
    with st.expander(
        "Overlap of the layers",
        key="measure overlaps",
        icon=":material/join_inner:",
        on_change="rerun",
    ) as section:
        if not section.open:
            return
        matrix = _matrix(shown.instances)
        firsts, seconds = np.nonzero(np.triu(matrix, 1))
        values = matrix[firsts, seconds]
        order = np.argsort(-values, kind="stable")[:_MOST_PAIRS]
        if not order.size:
            st.markdown("No two layers share a pixel.")
            return
        names = [
            name
            for name, layer in zip(
                workspace.layer_names().values(), workspace.layers(), strict=True
            )
            if layer.visible
        ]
        pairs = [
            {
                "Layer": names[firsts[i]],
                "Other layer": names[seconds[i]],
                "Intersection over union": float(values[i]),
            }
            for i in order
        ]
        st.dataframe(
            pairs,
            hide_index=True,
            height=min(38 + 35 * len(pairs), 318),
            column_config={
                "Intersection over union": st.column_config.ProgressColumn(
                    format="percent", min_value=0, max_value=1
                )
            },
            alt="Pairs of layers that overlap",
        )
        if len(values) > _MOST_PAIRS:
            st.caption(f"The first {_MOST_PAIRS:,} of {len(values):,} pairs.")
        downloads.file(
            "All pairs as CSV",
            f"{shown.picture.stem}_overlaps.csv",
            lambda: measure.overlaps_to_csv(names, matrix).encode(),
            f"{shown.digest}{names}",
            key="download overlaps",
        )


@caches.resource(max_entries=8)
def _matrix(instances: Sequence[Instance]) -> NDArray[np.float64]:
    matrix = measure.overlaps(instances)
    matrix.flags.writeable = False
    return matrix
