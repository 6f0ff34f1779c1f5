"""The layers of an image in numbers: a table, the picture, the values inside and outside."""

from __future__ import annotations

import streamlit as st

from maskcore import measure
from pages.shared import cutouts, downloads, links, view
from pages.shared.pictures import Picture
from pages.use.measure import histogram, means, overlaps, rows as measure_rows


def show(picture: Picture) -> None:
    """Show what is under the visible layers of the picture."""
    shown = view.layers_shown(picture)
    if shown.instances:
        st.markdown("Size, shape and values of what is under each layer; select one to see it.")
    else:
        st.info("Make a mask first; every visible layer is measured.", icon=":material/layers:")
        links.to(*links.MAKE)
    rows = measure_rows.measured(shown)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        channels = st.pills(
            "Channels",
            measure.CHANNELS,
            selection_mode="multi",
            default=["gray"],
            format_func=str.capitalize,
            key="measure channels",
            persist_state="session",
        )
        downloads.file(
            "All values as CSV",
            f"{picture.stem}_statistics.csv",
            lambda: measure.to_csv(rows).encode(),
            shown.digest,
            key="download statistics",
        )
    channels = [channel for channel in measure.CHANNELS if channel in channels]
    chosen = measure_rows.choose(shown, rows, channels)
    look, beside = view.beside(picture)
    with look:
        view.show(shown, alt="The layers on the image", highlight=chosen.place)
    with beside:
        histogram.show(picture, chosen, channels)
    if len(shown.instances) > 1:
        overlaps.show(shown)
    means.show(picture, chosen)
    if shown.instances:
        downloads.same_in_python(_python(picture, chosen.place or 0))


def _python(picture: Picture, place: int) -> str:
    """Write the maskcore calls that measure as the page does."""
    layers = cutouts.FROM_LAYERS.replace("{name!r}", repr(picture.name))
    return f"""\
from pathlib import Path

from maskcore import image_io, measure
{layers}
statistics = measure.statistics(image, instances)
Path("statistics.csv").write_text(measure.to_csv(statistics), "utf-8")
overlaps = measure.overlaps(instances)

values = measure.masked(image, instances[{place}].mask)  # numpy.ma: missing outside the mask
print(values.mean(axis=(0, 1)), values.std(axis=(0, 1)))
"""
