"""What the paint canvas in a browser would send, and what is sent to it."""

from __future__ import annotations

import base64
import json
import zlib
from typing import Any

import numpy as np
from streamlit.proto.BidiComponent_pb2 import BidiComponent
from streamlit.testing.v1 import AppTest

from maskcore.types import Mask


def component(app: AppTest, name: str) -> BidiComponent | None:
    """The component of that name on the page, if it is there."""
    found = [
        component.proto
        for component in app.get("bidi_component")
        if component.proto.component_name == name
    ]
    assert len(found) <= 1, f"{len(found)} components are called {name}"
    return found[0] if found else None


def canvas(app: AppTest) -> dict[str, Any]:
    """What the canvas is told to show."""
    proto = component(app, "mask_canvas")
    assert proto is not None, "no canvas is shown"
    return json.loads(proto.json)


def answer(app: AppTest) -> dict[str, Any]:
    """What the transport brings back: what has arrived, and why something did not."""
    proto = component(app, "mask_canvas_transport")
    assert proto is not None, "no transport is there"
    said = json.loads(proto.json)
    assert said.pop("session")
    return said


def send(app: AppTest, message: object) -> AppTest:
    """Let the transport bring a message, as a browser does with the state of all widgets."""
    proto = component(app, "mask_canvas_transport")
    assert proto is not None, "no transport is there"
    # AppTest has no public way to set off a component's trigger.
    states = app._tree.get_widget_states()  # noqa: SLF001
    trigger = states.widgets.add()
    trigger.id = f"$$STREAMLIT_INTERNAL_KEY_{proto.id}__events"
    trigger.json_trigger_value = json.dumps([{"event": "message", "value": message}])
    return app._run(states)  # noqa: SLF001


def patch(
    document: str,
    revision: int,
    pixels: Mask,
    *,
    xy: tuple[int, int] = (0, 0),
    size_hw: tuple[int, int] | None = None,
    deflated: bool = True,
) -> dict[str, Any]:
    """Say what was painted: a rectangle at `xy` in a mask of `size_hw`, by default the whole."""
    height, width = size_hw or pixels.shape
    bits = np.packbits(pixels).tobytes()
    return {
        "kind": "patch",
        "document": document,
        "revision": revision,
        "width": width,
        "height": height,
        "x": xy[0],
        "y": xy[1],
        "w": pixels.shape[1],
        "h": pixels.shape[0],
        "bits": base64.b64encode(zlib.compress(bits) if deflated else bits).decode(),
        "deflated": deflated,
    }
