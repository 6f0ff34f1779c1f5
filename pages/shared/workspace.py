"""The open images and their layers: the one writer of that part of the session.

Arrays are never kept here: an image is held as the bytes of its file, a layer as run lengths, and
both are decoded where something computes on them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import count

import streamlit as st

from maskcore.errors import ImageError
from maskcore.rle import RLE
from maskcore.types import Instance
from pages.shared.colors import unused
from pages.shared.pictures import Picture, picture_of

_KEY = "workspace"
_UNDO_STEPS = 100
_MAX_BYTES = 300_000_000
_MAX_HISTORY_BYTES = 60_000_000  # a hundred states of one noisy mask would take 400 MB


@dataclass(frozen=True)
class Layer:
    """An instance of an open image.

    Attributes:
        id: Unique in the session; stays when the layer changes.
        instance: The mask and its label.
        color: "#rrggbb".
        visible: Whether it is drawn.
    """

    id: int
    instance: Instance
    color: str
    visible: bool = True


@dataclass
class _Open:
    picture: Picture
    steps: list[tuple[Layer, ...]] = field(default_factory=lambda: [()])
    at: int = 0


@dataclass
class _Workspace:
    open: dict[str, _Open] = field(default_factory=dict)
    current: str = ""
    ids: count[int] = field(default_factory=lambda: count(1))


def _workspace() -> _Workspace:
    if _KEY not in st.session_state:
        st.session_state[_KEY] = _Workspace()
    workspace: _Workspace = st.session_state[_KEY]
    return workspace


def _open() -> _Open | None:
    workspace = _workspace()
    return workspace.open.get(workspace.current)


def open_file(name: str, content: bytes) -> Picture:
    """Open an image beside those that are open and make it the current one.

    Raises:
        ImageError: If it cannot be read, or all open images together would be too large.
    """
    workspace = _workspace()
    identity = hashlib.sha256(content).hexdigest()
    if identity not in workspace.open:
        held = sum(len(file.picture.content) for file in workspace.open.values())
        if held + len(content) > _MAX_BYTES:
            raise ImageError(
                f"All open images together would exceed {_MAX_BYTES // 1_000_000} MB; "
                "close some of them first."
            )
        workspace.open[identity] = _Open(picture_of(identity, name, content))
    workspace.current = identity
    return workspace.open[identity].picture


def close(picture_id: str) -> None:
    """Close an image; its layers and their history go with it."""
    workspace = _workspace()
    workspace.open.pop(picture_id, None)
    if workspace.current == picture_id:
        workspace.current = next(reversed(workspace.open), "")


def select(picture_id: str) -> None:
    """Make an open image the current one."""
    workspace = _workspace()
    if picture_id in workspace.open:
        workspace.current = picture_id


def pictures() -> list[Picture]:
    """Return all open images in the order of opening."""
    return [file.picture for file in _workspace().open.values()]


def current() -> Picture | None:
    """Return the current image, if any is open."""
    now = _open()
    return now.picture if now else None


def layers(picture: Picture | None = None) -> tuple[Layer, ...]:
    """Return the layers of an open image, the current one if not given; the first at the bottom."""
    now = _workspace().open.get(picture.id) if picture else _open()
    return now.steps[now.at] if now else ()


def layer_names() -> dict[int, str]:
    """Return a name for each of the current image's layers, by its id.

    Unlike labels no two are the same: a widget knows its options by what is written on them.
    """
    return {
        layer.id: f"{number} · {layer.instance.label or 'unnamed'}"
        for number, layer in enumerate(layers(), start=1)
    }


def add(instances: Sequence[Instance], *, picture: Picture | None = None) -> list[Layer]:
    """Put instances on top of an open image as layers: one step that can be undone.

    Args:
        instances: Of the image's size; those of one label share a color.
        picture: The image; the current one if not given. Nothing is kept if it is closed.

    Returns:
        The new layers.
    """
    now = _workspace().open.get(picture.id) if picture else _open()
    if now is None:
        return []
    before = now.steps[now.at]
    new = _layers_of(instances, before)
    _step((*before, *new), now)
    return new


def replace_layers(layer_ids: Collection[int], instances: Sequence[Instance]) -> list[Layer]:
    """Put instances in the place of layers of the current image: one step that can be undone.

    Labels keep their colors; if the first instance has a new label, it takes the color of the
    first layer that is replaced.
    """
    before = layers()
    replaced = [layer for layer in before if layer.id in layer_ids]
    if not replaced:
        return add(instances)
    kept = tuple(layer for layer in before if layer.id not in layer_ids)
    place = before.index(replaced[0])
    new = _layers_of(instances, [*replaced, *kept])
    if new and new[0].instance.label not in _colors(before):
        new[0] = replace(new[0], color=replaced[0].color)
    _step((*kept[:place], *new, *kept[place:]))
    return new


def new_color(label: str) -> str:
    """Return the color that a new layer with this label gets."""
    colors = _colors(layers())
    return colors.get(label) or unused(colors.values())


def _colors(beside: Sequence[Layer]) -> dict[str, str]:
    return {layer.instance.label: layer.color for layer in reversed(beside)}


def _layers_of(instances: Sequence[Instance], beside: Sequence[Layer]) -> list[Layer]:
    colors = _colors(beside)
    ids = _workspace().ids
    new = []
    for instance in instances:
        color = colors.setdefault(instance.label, unused(colors.values()))
        new.append(Layer(next(ids), instance, color))
    return new


def change(
    layer_id: int,
    *,
    label: str | None = None,
    color: str | None = None,
    visible: bool | None = None,
) -> None:
    """Change one layer of the current image: one step that can be undone."""

    def changed(layer: Layer) -> Layer:
        instance = layer.instance if label is None else replace(layer.instance, label=label)
        return replace(
            layer,
            instance=instance,
            color=layer.color if color is None else color,
            visible=layer.visible if visible is None else visible,
        )

    _step(tuple(changed(layer) if layer.id == layer_id else layer for layer in layers()))


def repaint(masks: Mapping[int, RLE]) -> None:
    """Give layers of any open image other pixels, by their ids: one step that can be undone."""

    def repainted(layer: Layer) -> Layer:
        mask = masks.get(layer.id)
        if mask is None:
            return layer
        return replace(layer, instance=replace(layer.instance, mask=mask))

    for file in _workspace().open.values():
        _step(tuple(map(repainted, file.steps[file.at])), file)


def remove(layer_ids: Collection[int]) -> None:
    """Delete layers of the current image: one step that can be undone."""
    _step(tuple(layer for layer in layers() if layer.id not in layer_ids))


def show_only(layer_ids: Collection[int]) -> None:
    """Show these layers and hide all others: one step that can be undone."""
    _step(tuple(replace(layer, visible=layer.id in layer_ids) for layer in layers()))


def _step(after: tuple[Layer, ...], now: _Open | None = None) -> None:
    now = now or _open()
    if now is None or after == now.steps[now.at]:
        return
    now.steps[now.at + 1 :] = [after]
    del now.steps[: -_UNDO_STEPS - 1]
    while len(now.steps) > 2 and _history_bytes(now.steps) > _MAX_HISTORY_BYTES:
        del now.steps[: len(now.steps) // 4 + 1]
    now.at = len(now.steps) - 1


def _history_bytes(steps: Sequence[tuple[Layer, ...]]) -> int:
    masks = {id(layer.instance.mask): layer.instance.mask for step in steps for layer in step}
    return sum(mask.counts.nbytes for mask in masks.values())


def can_undo() -> bool:
    """Whether the current image's layers have an earlier state."""
    now = _open()
    return now is not None and now.at > 0


def can_redo() -> bool:
    """Whether something undone can be done again."""
    now = _open()
    return now is not None and now.at < len(now.steps) - 1


def undo() -> None:
    """Go back one change of the current image's layers."""
    now = _open()
    if now is not None and now.at > 0:
        now.at -= 1


def redo() -> None:
    """Go forward again one change of the current image's layers."""
    now = _open()
    if now is not None and now.at < len(now.steps) - 1:
        now.at += 1
