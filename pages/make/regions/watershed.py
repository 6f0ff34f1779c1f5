"""The watershed on the page: regions around painted seeds, or a layer's touching objects apart."""

from __future__ import annotations

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from maskcore import masks, regions, rle
from maskcore.rle import RLE, label_map
from maskcore.wording import counted
from pages.make.regions import result as region_result
from pages.make.regions.result import RegionResult
from pages.shared import caches, canvas, choices, downloads, markdown, pictures, workspace
from pages.shared.colors import of_place
from pages.shared.pictures import Picture
from pages.shared.workspace import Layer

ABOUT = "Region-based: regions grow until they meet, along edges or at the necks between objects."

_WAY, _SEEDS, _LAYER = "watershed way", "watershed seeds", "layer to split"
_SPLIT, _PAINT = "Split a layer", "Paint seeds"
_WHITE = "#ffffff"
_MOST_LISTED = 40


def make(picture: Picture, look: DeltaGenerator, controls: DeltaGenerator) -> RegionResult | None:
    """Show the picture and the controls; return the regions or objects."""
    filled = [layer for layer in reversed(workspace.layers()) if rle.area(layer.instance.mask)]
    st.session_state.setdefault(_WAY, _SPLIT if filled else _PAINT)
    with controls:
        way = choices.one_of("Start from", [_SPLIT, _PAINT], key=_WAY)
    if way == _PAINT:
        return _painted(picture, look, controls)
    if not filled:
        with controls:
            st.info("Keep a mask as a layer first, or paint seeds.", icon=":material/layers:")
        with look:
            region_result.show(picture, None, alt="The image")
        return None
    return _split(picture, filled, look, controls)


def _painted(
    picture: Picture, look: DeltaGenerator, controls: DeltaGenerator
) -> RegionResult | None:
    by_picture = st.session_state.setdefault(_SEEDS, {})
    seeds = by_picture.setdefault(picture.id, rle.empty(picture.size_hw))
    with controls:
        grown = _grown(picture, seeds)
        if len(grown) < 2:
            st.info(
                "Paint a stroke on each object and one on the background; strokes that do not "
                "touch are seeds of their own.",
                icon=":material/brush:",
            )
            grown = []
        kept = _kept(len(grown))
    with look:
        canvas.paint(
            picture,
            seeds,
            key=f"seeds {picture.id[:12]}",
            document=f"seeds {picture.id}",
            on_paint=lambda mask: by_picture.update({picture.id: mask}),
            color=_WHITE,
            others=[(mask, of_place(i)) for i, mask in enumerate(grown)],
        )
    names = [f"region {i + 1}" for i in kept]
    code = f"""\
seeds = {downloads.mask_code(seeds, "seeds.png")}
markers = masks.label_map(masks.split(seeds))
labels = regions.watershed(image, markers)
"""
    return region_result.many(picture, [grown[i] for i in kept], names, _code(picture, code))


def _kept(count: int) -> list[int]:
    """Ask which regions are wanted; all if there are too many to list."""
    if not 0 < count <= _MOST_LISTED:
        return list(range(count))
    kept = st.pills(
        "Regions to keep",
        range(count),
        selection_mode="multi",
        default=range(count),
        format_func=lambda i: f"region {i + 1}",
        key=f"regions to keep {count}",
    )
    return sorted(kept)


@caches.resource(max_entries=16, show_spinner="Growing the regions")
def _grown(picture: Picture, seeds: RLE) -> list[RLE]:
    apart = masks.split(rle.decode(seeds))
    if len(apart) < 2:
        return []
    labels = regions.watershed(pictures.image(picture), masks.label_map(apart))
    return list(label_map.encode(labels).values())


def _split(
    picture: Picture, filled: list[Layer], look: DeltaGenerator, controls: DeltaGenerator
) -> RegionResult | None:
    by_id = {layer.id: layer for layer in filled}
    if st.session_state.get(_LAYER) not in by_id:
        st.session_state[_LAYER] = filled[0].id
    with controls:
        layer_id = st.selectbox(
            "Layer",
            list(by_id),
            format_func=lambda layer_id: by_id[layer_id].instance.label,
            key=_LAYER,
            persist_state="session",
        )
        least = st.slider(
            "Least distance between middles",
            0,
            200,
            5,
            format="%d px",
            key="split distance",
            persist_state="session",
            help="Objects whose middles are nearer stay one",
        )
        neck = st.slider(
            "Widest neck",
            30,
            100,
            90,
            5,
            format="%d %%",
            key="split neck",
            persist_state="session",
            help="Of the width of the smaller object; what is joined more broadly stays one",
        )
        hole = st.slider(
            "Overlook holes",
            0,
            200,
            10,
            format="%d px",
            key="split holes",
            persist_state="session",
            help="Holes of up to so many pixels do not count as necks",
        )
        layer = by_id[layer_id]
        objects = _objects(layer.instance.mask, least, neck / 100, hole)
        label = layer.instance.label
        count = len(objects)
        st.markdown(f"**{counted(count, 'object')}** in {markdown.plain(label)}")
    options = f"min_distance={least}, neck={neck / 100}, max_hole={hole}"
    code = f"""\
mask = {downloads.mask_code(layer.instance.mask, "layer.png")}
labels = regions.split_touching(mask, {options})
"""
    result = region_result.many(picture, objects, [label] * count, _code(picture, code))
    with look:
        region_result.show(picture, result, alt="The objects, each in a color of its own")
    if result and count > 1:
        instances = result.shown.instances

        def replace() -> None:
            workspace.replace_layers([layer.id], instances)

        with controls:
            st.button(
                f"Replace the layer by {count:,}",
                key="replace layer",
                icon=":material/call_split:",
                on_click=replace,
            )
    return result


@caches.resource(max_entries=16, show_spinner="Taking the objects apart")
def _objects(mask: RLE, min_distance: int, neck: float, max_hole: int) -> list[RLE]:
    labels = regions.split_touching(
        rle.decode(mask), min_distance=min_distance, neck=neck, max_hole=max_hole
    )
    return [found for number, found in label_map.encode(labels).items() if number]


def _code(picture: Picture, calls: str) -> str:
    return f"""\
from pathlib import Path

from maskcore import image_io, masks, regions, rle, rle_text

image = image_io.read_image(Path({picture.name!r}))
{calls}image_io.write_image(Path("label_map.png"), labels)
"""
