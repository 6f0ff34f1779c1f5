"""Charts of a data set: classes, masks per image, areas, sizes, and where the masks lie."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import cv2
import numpy as np
import streamlit as st
from numpy.typing import NDArray

from maskcore import image_io
from maskcore.datasets.audit import Survey
from maskcore.types import Image
from maskcore.wording import counted
from pages.data.inspect.survey import Surveyed

_MOST_CLASSES = 30
_BINS = 24
_BAR = "#1f8fd6"  # stands out from both themes' backgrounds
_WHOLE = {"format": ",d", "tickMinStep": 1}  # an axis of whole numbers
_LONGEST = 480

Spec = dict[str, Any]


def show(surveyed: Surveyed) -> None:
    """Show all charts."""
    survey = surveyed.survey
    if not survey.area.size:
        st.info("There are no masks to count.", icon=":material/bar_chart:")
        _sizes(survey)
        return
    left, right = st.columns(2, gap="large")
    with left:
        _titled(_classes_title(survey), _classes(survey), "How many masks each class has")
        _heat(survey)
    with right:
        _titled("Masks per image", _per_image(surveyed), "How many images have how many masks")
        _titled("Area of the masks", _areas(survey), "How many masks are how large")
        _sizes(survey)


def _titled(title: str, chart: Spec, alt: str) -> None:
    st.markdown(f"**{title}**")
    st.vega_lite_chart(chart, alt=alt)


def _classes_title(survey: Survey) -> str:
    n_labels = len(survey.labels)
    if n_labels > _MOST_CLASSES:
        return f"Masks per class, the {_MOST_CLASSES} most frequent of {n_labels:,}"
    return "Masks per class"


def _classes(survey: Survey) -> Spec:
    counts = np.bincount(survey.label, minlength=len(survey.labels))
    places = np.argsort(-counts, kind="stable")[:_MOST_CLASSES]
    rows = [{"class": survey.labels[i] or "unnamed", "masks": int(counts[i])} for i in places]
    return {
        "data": {"values": rows},
        "height": {"step": 20},
        "mark": {"type": "bar", "color": _BAR},
        "encoding": {
            "y": {"field": "class", "type": "nominal", "sort": None, "title": None},
            "x": {"field": "masks", "type": "quantitative", "title": "Masks", "axis": _WHOLE},
            "tooltip": [
                {"field": "class", "title": "Class"},
                {"field": "masks", "title": "Masks"},
            ],
        },
    }


def _per_image(surveyed: Surveyed) -> Spec:
    most = int(surveyed.n_masks.max())
    width = max(1, -(-(most + 1) // _BINS))
    counts = np.bincount(surveyed.n_masks // width)
    said = [
        str(i * width) if width == 1 else f"{i * width}–{(i + 1) * width - 1}"
        for i in range(counts.size)
    ]
    return _histogram(said, counts, "Masks", "Images")


def _areas(survey: Survey) -> Spec:
    areas = survey.area[survey.area > 0]
    if not areas.size:
        return _histogram([], np.zeros(0, np.int64), "Pixels", "Masks")
    # Two bars for each doubling of the area.
    steps = np.floor(2 * np.log2(areas)).astype(np.int64)
    first = int(steps.min())
    counts = np.bincount(steps - first)
    edges = np.ceil(2 ** ((first + np.arange(counts.size)) / 2)).astype(np.int64)
    return _histogram([f"{edge:,}" for edge in edges], counts, "Pixels, at least", "Masks")


def _histogram(said: Sequence[str], counts: NDArray[np.int64], x_title: str, y_title: str) -> Spec:
    rows = [{"x": x, "n": n} for x, n in zip(said, counts.tolist(), strict=True)]
    return {
        "data": {"values": rows},
        "height": 220,
        "mark": {"type": "bar", "color": _BAR},
        "encoding": {
            "x": {
                "field": "x",
                "type": "ordinal",
                "sort": None,
                "title": x_title,
                "axis": {"labelAngle": 0, "labelOverlap": "greedy"},
            },
            "y": {
                "field": "n",
                "type": "quantitative",
                "title": y_title,
                "axis": {"tickCount": 4, **_WHOLE},
            },
            "tooltip": [{"field": "x", "title": x_title}, {"field": "n", "title": y_title}],
        },
    }


def _sizes(survey: Survey) -> None:
    known = survey.sizes_hw[survey.sizes_hw.min(axis=1) > 0]
    counted = Counter(map(tuple, known.tolist()))
    title = "Sizes of the images"
    if len(counted) > 1:
        _titled(title, _sizes_chart(counted), "How many images have which size")
    elif counted:
        ((height, width),) = counted
        st.markdown(f"**{title}**")
        st.markdown(f"All of them have {width:,} × {height:,} pixels.")


def _sizes_chart(counted: Mapping[tuple[int, int], int]) -> Spec:
    rows = [{"width": w, "height": h, "images": n} for (h, w), n in counted.items()]
    axis = {
        "type": "quantitative",
        "scale": {"zero": False, "padding": 20},
        "axis": _WHOLE,
    }
    return {
        "data": {"values": rows},
        "height": 260,
        "mark": {"type": "circle", "color": _BAR, "opacity": 0.8},
        "encoding": {
            "x": {"field": "width", "title": "Width in pixels", **axis},
            "y": {"field": "height", "title": "Height in pixels", **axis},
            "size": {
                "field": "images",
                "type": "quantitative",
                "legend": None,
                "scale": {"domainMin": 0, "range": [40, 500]},
            },
            "tooltip": [
                {"field": "width", "title": "Width"},
                {"field": "height", "title": "Height"},
                {"field": "images", "title": "Images"},
            ],
        },
    }


def _heat(survey: Survey) -> None:
    st.markdown("**Where the masks lie**")
    counts = np.bincount(survey.label, minlength=len(survey.labels))
    places = [i for i in np.argsort(-counts, kind="stable").tolist() if i < len(survey.heat)]
    label = st.selectbox(
        "Class",
        [-1, *places],
        format_func=lambda i: "all classes" if i < 0 else f"{survey.labels[i]} ({counts[i]:,})",
        key="inspect heat class",
        label_visibility="collapsed",
        persist_state="session",
    )
    heat = survey.heat.sum(axis=0) if label < 0 else survey.heat[label]
    most = float(heat.max())
    if not most:
        st.caption("There is no such mask.")
        return
    st.image(
        image_io.encode_png(_colored(heat / most, _proportions(survey))),
        width="stretch",
        alt="How many masks cover each place of their images, from few (dark) to many (bright)",
    )
    st.caption(
        "All images laid over each other: the brightest place lies in "
        f"{counted(round(most), 'mask')}, the darkest in {float(heat.min()):,.0f}."
    )


def _proportions(survey: Survey) -> tuple[int, int]:
    """Return the (height, width) of a picture with the proportions of most images."""
    known = survey.sizes_hw[survey.sizes_hw.min(axis=1) > 0]
    if not len(known):
        return _LONGEST, _LONGEST
    ratio = float(np.median(known[:, 0] / known[:, 1]))
    scale = _LONGEST / max(1.0, ratio)
    return max(1, round(scale * ratio)), max(1, round(scale))


def _colored(heat: NDArray[np.float32], size_hw: tuple[int, int]) -> Image:
    gray = np.rint(heat * 255).astype(np.uint8)
    large = cv2.resize(gray, size_hw[::-1], interpolation=cv2.INTER_LINEAR)
    colored = cv2.applyColorMap(large, cv2.COLORMAP_VIRIDIS)
    return np.asarray(cv2.cvtColor(colored, cv2.COLOR_BGR2RGB), np.uint8)
