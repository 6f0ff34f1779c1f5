"""One sample large: its masks, what was found in it, the way to the canvas and back."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st
from streamlit.errors import StreamlitAPIException

from maskcore import rle
from maskcore.datasets.dataset import Sample
from maskcore.errors import MaskcoreError
from maskcore.types import Instance
from maskcore.wording import counted
from pages.data.inspect import findings, pictures, place as inspect_place
from pages.data.inspect.pictures import Large
from pages.data.inspect.place import Place
from pages.data.inspect.survey import Surveyed
from pages.shared import errors, markdown, view, workspace
from pages.shared.canvas import target as paint_target
from pages.shared.dataset import sample_images, state as dataset_state
from pages.shared.dataset.state import Opened
from pages.shared.pictures import Picture

_CANVAS = "make/paint/page.py"


def show(opened: Opened, surveyed: Surveyed | None, place: Place, labels: Sequence[str]) -> None:
    """Show a sample.

    Args:
        opened: The data set.
        surveyed: What was found in it, if that is known.
        place: Which sample it is.
        labels: The classes in the order of their colors.
    """
    name = place.name
    _walk(place)
    sample = opened.samples[name]
    large = pictures.large(opened, sample)
    shown = large.shown(labels)
    look, facts = view.beside(large.picture)
    with facts:
        selected = _masks(large, name)
    with look:
        view.show(shown, alt=f"{name} with its masks", highlight=selected)
        view.legend(shown)
    with facts:
        for note in filter(None, (large.fault, large.stretched)):
            st.warning(markdown.plain(note), icon=":material/broken_image:")
        _correction(opened, sample, large, selected)
        found = surveyed.findings_of.get(name, []) if surveyed is not None else []
        for finding in found:
            findings.card(finding)
        if surveyed is None:
            for problem in large.contents.problems:
                st.warning(markdown.plain(f"{problem.where}: {problem.reason}"))


def _walk(place: Place) -> None:
    last = len(place.order) - 1
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button(
            "Back", key="inspect back", icon=":material/arrow_back:", on_click=inspect_place.leave
        )
        for what, icon, to in (
            ("previous", ":material/chevron_left:", place.number - 1),
            ("next", ":material/chevron_right:", place.number + 1),
        ):
            st.button(
                icon,
                key=f"inspect {what}",
                help=f"The {what} sample",
                disabled=not 0 <= to <= last,
                on_click=inspect_place.go,
                args=(place.order[max(0, min(to, last))], place.order),
            )
        st.caption(f"{place.number + 1:,} of {last + 1:,}")
    st.markdown(f"**{markdown.plain(place.name)}**")


def _masks(large: Large, name: str) -> int | None:
    """List the masks; return the place of the one that is selected."""
    height, width = large.picture.size_hw
    annotations = large.contents.annotations
    st.caption(f"{width:,} × {height:,} pixels · {counted(len(annotations), 'mask')}")
    if not annotations:
        return None
    with_groups = any(annotation.instance.is_crowd for annotation in annotations)
    rows = []
    for number, annotation in enumerate(annotations, start=1):
        x1, y1, x2, y2 = annotation.instance.box
        row = {
            "No.": number,
            "Class": annotation.instance.label,
            "Area": rle.area(annotation.instance.mask),
            "Box": f"{x1}, {y1}, {x2}, {y2}",
            "Where": annotation.where,
        }
        if with_groups:
            row["Group"] = annotation.instance.is_crowd
        rows.append(row)
    event = st.dataframe(
        rows,
        key=f"inspect masks {name}",
        on_select="rerun",
        selection_mode="single-row",
        hide_index=True,
        height=min(38 + 35 * len(rows), 290),
        column_config={"Area": st.column_config.NumberColumn(format="localized")},
        alt="The masks of the sample; select one to see it alone",
    )
    selected = event.selection.rows
    return selected[0] if selected and selected[0] < len(rows) else None


def _correction(opened: Opened, sample: Sample, large: Large, selected: int | None) -> None:
    instances = [annotation.instance for annotation in large.contents.annotations]
    layers = sample_images.layers(large.picture, opened, sample.name)
    sent = layers is not None
    with st.container(horizontal=True):
        with errors.shown():
            if st.button(
                "Go on with the canvas" if sent else "Correct it on the canvas",
                key="correct sample",
                type="secondary" if sent else "primary",
                icon=":material/brush:",
            ):
                if sent:
                    workspace.select(large.picture.id)
                else:
                    _send(opened, sample, large.picture, instances, selected)
                _to_canvas()
        if layers is not None:
            kept = [layer for layer in layers if rle.area(layer.mask)]
            st.button(
                "Put back into the data set",
                key="put back",
                type="primary",
                icon=":material/save_alt:",
                disabled=kept == instances,
                help="The layers of the image become the masks of the sample; empty ones do not",
                on_click=_put_back,
                args=(sample.name, kept),
            )
        if sample.name in opened.corrections:
            st.button(
                "Undo correction",
                key="undo correction",
                icon=":material/undo:",
                on_click=dataset_state.undo_correction,
                args=(sample.name,),
            )


def _send(
    opened: Opened,
    sample: Sample,
    picture: Picture,
    instances: Sequence[Instance],
    selected: int | None,
) -> None:
    """Open the image with the masks as its layers, one step that can be undone."""
    workspace.open_file(picture.name, picture.content)
    former = {layer.id for layer in workspace.layers(picture)}
    layers = workspace.replace_layers(former, instances)
    if selected is not None:
        paint_target.paint_on_last(picture, layers[selected : selected + 1])
    sample_images.remember(picture, opened, sample.name)


def _to_canvas() -> None:
    try:
        st.switch_page(_CANVAS)
    except StreamlitAPIException as error:  # a page that runs alone has no others
        raise MaskcoreError("The canvas is not there; open the app as a whole.") from error


def _put_back(name: str, instances: Sequence[Instance]) -> None:
    dataset_state.correct(name, instances)
    count = len(instances)
    st.toast(f"Put back {counted(count, 'mask')}", icon=":material/save_alt:")
