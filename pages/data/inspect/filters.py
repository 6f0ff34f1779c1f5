"""Which samples of a data set the gallery shows, and in which order."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import streamlit as st
from numpy.typing import NDArray
from streamlit.elements.lib.utils import LabelVisibility

from maskcore.datasets.audit import KINDS
from pages.data.inspect.survey import Surveyed
from pages.shared.dataset.state import Opened

_KEY = "inspect filter"
_ANY, _FOUND, _CLEAN, _CORRECTED = "any", "found", "clean", "corrected"
_Rows = NDArray[np.bool_]

# Areas in pixels, as COCO parts small from medium and large objects.
_SIZES: Mapping[str, tuple[str, float, float]] = {
    "small": ("smaller than 32 × 32", 0, 32**2),
    "medium": ("medium", 32**2, 96**2),
    "large": ("larger than 96 × 96", 96**2, np.inf),
}
_ORDERS = {
    "files": "as in the files",
    "name": "by name",
    "most": "most masks first",
    "fewest": "fewest masks first",
    "largest": "largest mask first",
    "smallest": "smallest mask first",
}


def chosen(opened: Opened, surveyed: Surveyed | None) -> list[str]:
    """Show the filters and the order; return the names of the samples to show.

    Without a survey there is only the filter by name.
    """
    names = list(opened.samples)
    key = f"{_KEY} {opened.digest[:12]}"
    known = surveyed if surveyed is not None and len(surveyed.survey.names) == len(names) else None
    kept = np.ones(len(names), np.bool_)
    with st.grid(min_column_width=150, gap="small"):
        text = st.text_input(
            "Name contains", key=f"{key} name", placeholder="any text", persist_state="session"
        )
        if known is not None:
            kept &= _with_class(known, _choice(key, "Class", {_ANY: "any", **_classes(known)}))
            finding = _choice(key, "Findings", {_ANY: "any", **_findings(opened, known)})
            request = _with_finding(opened, known, finding)
            kept &= np.fromiter(map(request, names), np.bool_, len(names))
            areas = {name: title for name, (title, _, _) in _SIZES.items()}
            area = _choice(key, "Size of masks", {_ANY: "any", "none": "no mask", **areas})
            kept &= _with_area(known, area)
            sizes = {_ANY: "any", **_image_sizes(known)}
            kept &= _of_size(known, _choice(key, "Size of images", sizes))
    part = text.strip().casefold()
    if part:
        kept &= np.fromiter((part in name.casefold() for name in names), np.bool_, len(names))
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(f"{kept.sum():,} of {len(names):,} samples", width="stretch")
        if not kept.all():
            st.button(
                "Show all",
                key="show all samples",
                type="tertiary",
                icon=":material/filter_alt_off:",
                on_click=_reset,
                args=(key,),
            )
        order = np.arange(len(names))
        if known is not None:
            with st.container(width=200):
                order = _ordered(known, _choice(key, "Order", _ORDERS, "collapsed"), names)
    return [names[i] for i in order[kept[order]]]


def _reset(prefix: str) -> None:
    for key in [name for name in st.session_state if str(name).startswith(prefix)]:
        if not str(key).endswith("Order"):
            del st.session_state[key]


def _choice(
    key: str, title: str, options: Mapping[str, str], title_is: LabelVisibility = "visible"
) -> str:
    return st.selectbox(
        title,
        list(options),
        format_func=lambda choice: options.get(choice, choice),
        key=f"{key} {title}",
        label_visibility=title_is,
        persist_state="session",
    )


def _classes(surveyed: Surveyed) -> dict[str, str]:
    survey = surveyed.survey
    counts = np.bincount(survey.label, minlength=len(survey.labels))
    return {
        f"class {place}": f"{label or 'unnamed'} ({counts[place]:,})"
        for place, label in enumerate(survey.labels)
    }


def _with_class(surveyed: Surveyed, choice: str) -> _Rows:
    survey = surveyed.survey
    kept = np.full(len(survey.names), choice == _ANY)
    if choice != _ANY:
        place = int(choice.removeprefix("class "))
        kept[survey.sample[survey.label == place]] = True
    return kept


def _findings(opened: Opened, surveyed: Surveyed) -> dict[str, str]:
    of_kind = surveyed.samples_of_kind
    found = set().union(*of_kind.values())
    options = {_CORRECTED: f"corrected ({len(opened.corrected):,})"} if opened.corrected else {}
    if found:
        options[_FOUND] = f"with a finding ({len(found):,})"
        options[_CLEAN] = "without a finding"
    kinds = {kind: f"{KINDS[kind]} ({len(of_kind[kind]):,})" for kind in KINDS if kind in of_kind}
    return {**options, **kinds}


def _with_finding(opened: Opened, surveyed: Surveyed, choice: str) -> Callable[[str], bool]:
    if choice == _CORRECTED:
        return set(opened.corrected).__contains__
    if choice == _FOUND:
        return surveyed.findings_of.__contains__
    if choice == _CLEAN:
        return lambda name: name not in surveyed.findings_of
    if choice == _ANY:
        return lambda _: True
    return surveyed.samples_of_kind.get(choice, set()).__contains__


def _with_area(surveyed: Surveyed, choice: str) -> _Rows:
    survey = surveyed.survey
    if choice == "none":
        is_empty: _Rows = surveyed.n_masks == 0
        return is_empty
    kept = np.full(len(survey.names), choice == _ANY)
    if choice != _ANY:
        _, least, below = _SIZES[choice]
        kept[survey.sample[(survey.area >= least) & (survey.area < below)]] = True
    return kept


def _image_sizes(surveyed: Surveyed) -> dict[str, str]:
    """Return the sizes that images have, the most frequent first."""
    sizes, counts = np.unique(surveyed.survey.sizes_hw, axis=0, return_counts=True)
    said = {}
    for place in np.argsort(-counts, kind="stable"):
        height, width = sizes[place].tolist()
        title = f"{width:,} × {height:,}" if height else "unknown"
        said[f"{height} {width}"] = f"{title} ({counts[place]:,})"
    return said


def _of_size(surveyed: Surveyed, choice: str) -> _Rows:
    sizes = surveyed.survey.sizes_hw
    if choice == _ANY:
        return np.ones(len(sizes), np.bool_)
    request = [int(side) for side in choice.split()]
    return np.asarray((sizes == request).all(axis=1))


def _ordered(surveyed: Surveyed, order: str, names: list[str]) -> NDArray[np.intp]:
    """Return the places of the samples in the order in which to show them."""
    survey = surveyed.survey
    if order == "name":
        return np.array(sorted(range(len(names)), key=lambda i: names[i].casefold()), np.intp)
    if order in ("most", "fewest"):
        sign = -1 if order == "most" else 1
        return np.argsort(sign * surveyed.n_masks, kind="stable")
    if order == "largest":
        extreme = np.full(len(names), -1, np.int64)
        np.maximum.at(extreme, survey.sample, survey.area)
        return np.argsort(-extreme, kind="stable")
    if order == "smallest":
        extreme = np.full(len(names), np.iinfo(np.int64).max)
        np.minimum.at(extreme, survey.sample, survey.area)
        return np.argsort(extreme, kind="stable")
    return np.arange(len(names))
