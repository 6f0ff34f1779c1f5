"""What the tests of the paint canvas share: a photo, a visitor, what should be painted.

The expected shapes follow from their definitions, in whole numbers and fractions: a pixel belongs
to a shape if its center does. Places are (x, y) in pixels of the image with a fraction.
"""

from __future__ import annotations

import base64
import hashlib
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from math import ceil, floor
from pathlib import Path

import cv2
import numpy as np
import PIL.Image
from playwright.sync_api import Page

from maskcore.types import Box, Mask
from tests.browser import walking

Place = tuple[float, float]

SIZE_WH = (4000, 3000)
SIZE_HW = SIZE_WH[::-1]

# Where the image lies in the window: the steps of the sum that the canvas does, to be repeated.
_LIES = """it => {
  const { scale, left, top } = it.maskCanvas.view;
  const at = it.querySelector("canvas").getBoundingClientRect();
  return { scale, left, top, x: at.left, y: at.top };
}"""
_LOOK = """(it, [scale, x, y]) => {
  const { view } = it.maskCanvas, { clientWidth, clientHeight } = it;
  view.fit();
  if (!scale) return;
  view.zoom(0, 0, scale);
  view.pan(Math.round(clientWidth / 2 - x * view.scale - view.left),
           Math.round(clientHeight / 2 - y * view.scale - view.top));
}"""
_PIXELS = """({ maskCanvas: { grid: { width, height, data } } }) => {
  const bits = new Uint8Array(Math.ceil(data.length / 8));
  for (let i = 0; i < data.length; i++) if (data[i]) bits[i >> 3] |= 128 >> (i % 8);
  let text = "";
  for (let k = 0; k < bits.length; k += 5000) {
    text += String.fromCharCode(...bits.subarray(k, k + 5000));
  }
  return [btoa(text), width, height];
}"""
_DIGEST = """async ({ maskCanvas: { grid } }) => {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-1", grid.data));
  return [...digest].map((it) => it.toString(16).padStart(2, "0")).join("");
}"""
_STEPS = """({ maskCanvas: { sheet: { history } } }) => [
  history.done.length, history.undone.length,
]"""
_SHOWN = """([it, document, other]) => {
  const { data } = it.maskCanvas, { ready } = it.closest(".studio").dataset;
  return ready === `${data.document} ${data.base}` && (data.document === document) !== other;
}"""


def photo(folder: Path, size_wh: tuple[int, int] = SIZE_WH) -> Path:
    """A JPEG of what a camera has seen."""
    path = folder / f"photo {size_wh[0]}.jpg"
    if not path.exists():
        real = Path(os.environ.get("MASKCORE_TEST_DATA", "")) / "photos" / "large"
        found = sorted(real.glob("fatih-*.jpg"))
        if found:
            image = PIL.Image.open(found[0]).convert("RGB")
        else:
            from sklearn.datasets import load_sample_image

            image = PIL.Image.fromarray(load_sample_image("china.jpg"))
        image.resize(size_wh).save(path, quality=90)
    return path


@dataclass
class Studio:
    """A visitor of the paint page."""

    page: Page

    @property
    def sidebar(self):
        return self.page.get_by_test_id("stSidebar")

    @property
    def view(self):
        return self.page.locator(".view")

    @property
    def handle(self):
        return self.view.element_handle()

    def visit(self, address: str) -> None:
        self.page.set_default_timeout(walking.PATIENCE)
        self.page.goto(address)
        self.page.get_by_text("Or start with a sample").wait_for()

    def open(self, image: Path) -> None:
        """Upload an image and go to the paint page."""
        self.page.locator("input[type=file]").first.set_input_files(image)
        self.page.get_by_role("heading", name=image.name).wait_for()
        self.page.get_by_role("link", name="Paint a mask").click()
        self.ready()

    def go(self, section: str, title: str) -> None:
        """Change the page over the menu at the top."""
        walking.go(self.page, section, title)

    def ready(self) -> None:
        """Wait until the canvas shows what the page says."""
        self.rest()
        self.page.locator(".studio[data-ready]").wait_for()

    def rest(self, milliseconds: int = 300) -> None:
        """Wait until Python has had nothing to do for a moment."""
        walking.rest(self.page, milliseconds)

    def saved(self) -> None:
        """Wait until Python has all that was painted, and the page shows it."""
        walking.until(self.page, "globalThis.maskStudio?.post?.idle ?? true")
        self.page.locator('[data-test-script-state="notRunning"]').wait_for()

    # Looking.

    def look(self, scale: float | None, center: Place = (0, 0)) -> None:
        """Zoom to a scale with a place of the image in the middle; None shows all of it."""
        self.view.evaluate(_LOOK, [scale, *center])

    def lies(self) -> dict[str, float]:
        return self.view.evaluate(_LIES)

    def windows(self, places: Sequence[Place]) -> list[tuple[int, int]]:
        """The whole pixels of the window that are next to places of the image."""
        at = self.lies()
        return [
            (
                round(x * at["scale"] + at["left"] + at["x"]),
                round(y * at["scale"] + at["top"] + at["y"]),
            )
            for x, y in places
        ]

    def places(self, windows: Sequence[tuple[float, float]]) -> list[Place]:
        """The places of the image that are under pixels of the window."""
        at = self.lies()
        return [
            (
                (x - at["x"] - at["left"]) / at["scale"],
                (y - at["y"] - at["top"]) / at["scale"],
            )
            for x, y in windows
        ]

    # Doing.

    def choose(self, tool: str, size: int | None = None) -> None:
        self.page.get_by_role("button", name=tool, exact=True).click()
        if size is not None:
            self.page.get_by_role("spinbutton", name="Brush size in pixels").fill(str(size))

    def press(self, *keys: str) -> None:
        self.view.focus()
        for key in keys:
            self.page.keyboard.press(key)

    def drag(self, places: Sequence[Place], button: str = "left") -> list[Place]:
        """Drag over places; returns where the pointer really was."""
        points = self.windows(places)
        mouse = self.page.mouse
        mouse.move(*points[0])
        mouse.down(button=button)
        for point in points[1:]:
            mouse.move(*point)
        mouse.up(button=button)
        return self.places(points)

    def click(self, *places: Place, button: str = "left") -> list[Place]:
        """Click place after place; returns where the pointer really was."""
        points = self.windows(places)
        for point in points:
            self.page.mouse.click(*point, button=button)
        return self.places(points)

    def new_layer(self) -> None:
        with self.another_shown():
            self.page.get_by_role("button", name="New layer", exact=True).click()

    def choose_layer(self, label: str) -> None:
        self.saved()  # a run closes the list
        with self.another_shown():
            self.page.get_by_role("combobox", name="Layer to paint on").click()
            self.page.get_by_role("option", name=label).click()

    @contextmanager
    def another_shown(self) -> Iterator[None]:
        """Do something, then wait until the canvas shows another layer or image for it."""
        before = self.document
        yield
        walking.until(self.page, _SHOWN, [self.handle, before, True])
        self.rest()

    @property
    def document(self) -> str:
        return self.view.evaluate("it => it.maskCanvas.data.document")

    def delete_layers(self) -> None:
        """Start over with the image that is open."""
        self.rest()  # a menu that is opened while the sidebar is drawn anew closes again
        menus = self.sidebar.get_by_test_id("stPopover").filter(has_text="mask")
        for left in reversed(range(menus.count())):
            menus.first.get_by_role("button").click()
            self.page.get_by_role("button", name="Delete").click()
            self.page.get_by_text(f"Layers ({left})").wait_for()
            self.rest()
        walking.until(self.page, "it => it.maskCanvas.data.document.startsWith('new')", self.handle)
        self.ready()

    # Reading.

    def pixels(self) -> Mask:
        """The mask as the canvas holds it."""
        text, width, height = self.view.evaluate(_PIXELS)
        flat = np.unpackbits(np.frombuffer(base64.b64decode(text), np.uint8), count=width * height)
        return flat.view(np.bool_).reshape(height, width)

    def digest(self) -> str:
        """What `digest` says of the mask that the canvas holds."""
        return self.view.evaluate(_DIGEST)

    def layers(self) -> dict[str, Mask]:
        """The visible layers as Python has them, taken the way that a visitor takes them."""
        self.saved()
        wanted = self.page.get_by_role("button", name="Masks, a PNG each")
        if not wanted.is_visible():
            self.sidebar.get_by_role("button", name="Download", exact=True).click()
        files = walking.unzipped(walking.downloaded(wanted))
        self.page.keyboard.press("Escape")
        wanted.wait_for(state="hidden")
        return {
            name.removesuffix(".png"): np.array(PIL.Image.open(files.open(name)).convert("L"))
            == 255
            for name in files.namelist()
        }

    def layer(self, label: str = "mask 1") -> Mask:
        return self.layers()[label]

    def steps(self) -> list[int]:
        """How many steps can be undone and redone."""
        return self.view.evaluate(_STEPS)


def digest(pixels: Mask) -> str:
    """Identify a mask, to compare hundreds of large ones."""
    return hashlib.sha1(pixels.tobytes()).hexdigest()


# What should be painted.


def rectangle(a: Place, b: Place, size_wh: tuple[int, int] = SIZE_WH) -> Mask:
    """All pixels from the one under a corner to the one under the other."""
    pixels = np.zeros(size_wh[::-1], np.bool_)
    x1, y1, x2, y2 = box(a, b)
    pixels[max(y1, 0) : max(y2, 0), max(x1, 0) : max(x2, 0)] = True
    return pixels


def box(a: Place, b: Place) -> Box:
    (x1, x2), (y1, y2) = (sorted(map(floor, pair)) for pair in zip(a, b, strict=True))
    return x1, y1, x2 + 1, y2 + 1


def ellipse(a: Place, b: Place, size_wh: tuple[int, int] = SIZE_WH) -> Mask:
    """All centers within the ellipse that the box of the two pixels just holds."""
    x1, y1, x2, y2 = box(a, b)
    y, x = np.ogrid[: size_wh[1], : size_wh[0]]
    from_middle_x, from_middle_y = 2 * x + 1 - x1 - x2, 2 * y + 1 - y1 - y2  # twice as far
    width, height = x2 - x1, y2 - y1
    return (from_middle_x * height) ** 2 + (from_middle_y * width) ** 2 <= (width * height) ** 2


def stroke(places: Sequence[Place], size: int, size_wh: tuple[int, int] = SIZE_WH) -> Mask:
    """All centers within half a brush of the line over the places.

    A brush of odd size sits on the middle of a pixel, one of even size on a corner of pixels. Here
    all lengths are doubled, so that they are whole.
    """
    if size % 2:
        points = [(2 * floor(x) + 1, 2 * floor(y) + 1) for x, y in places]
    else:
        points = [(2 * floor(x + 0.5), 2 * floor(y + 0.5)) for x, y in places]
    pixels = np.zeros(size_wh[::-1], np.bool_)
    for (ax, ay), (bx, by) in pairwise([points[0], *points]):
        x1, x2 = (min(ax, bx) - size) // 2 - 1, (max(ax, bx) + size) // 2 + 2
        y1, y2 = (min(ay, by) - size) // 2 - 1, (max(ay, by) + size) // 2 + 2
        x1, y1 = max(x1, 0), max(y1, 0)
        part = pixels[y1 : max(y2, 0), x1 : max(x2, 0)]
        y, x = (
            2 * np.ogrid[y1 : y1 + part.shape[0], :1][0] + 1,
            2 * np.arange(x1, x1 + part.shape[1]) + 1,
        )
        dx, dy = bx - ax, by - ay
        whole = dx * dx + dy * dy
        along = (x - ax) * dx + (y - ay) * dy
        from_a, from_b = (x - ax) ** 2 + (y - ay) ** 2, (x - bx) ** 2 + (y - by) ** 2
        beside = (along > 0) & (along < whole) & (from_a * whole - along**2 <= size**2 * whole)
        part |= (from_a <= size**2) | (from_b <= size**2) | beside
    return pixels


def polygon(places: Sequence[Place], size_wh: tuple[int, int] = SIZE_WH) -> Mask:
    """All centers from which an odd number of edges lies to the left, by exact fractions.

    Corners are kept to an eighth of a pixel; a center on an edge has it to its left.
    """
    corners = [tuple(Fraction(floor(value * 8 + 0.5), 8) for value in place) for place in places]
    pixels = np.zeros(size_wh[::-1], np.bool_)
    for (ax, ay), (bx, by) in pairwise([corners[-1], *corners]):
        if ay == by:
            continue
        half = Fraction(1, 2)
        first, last = (max(0, ceil(value - half)) for value in sorted((ay, by)))
        for row in range(first, min(last, size_wh[1])):
            crossing = ax + (row + half - ay) * (bx - ax) / (by - ay)
            pixels[row, max(0, ceil(crossing - half)) :] ^= True
    return pixels


def area_around(pixels: Mask, place: Place) -> Mask:
    """What hangs together, over sides of pixels, with the pixel at the place."""
    _, parts = cv2.connectedComponents(pixels.view(np.uint8), connectivity=4)
    return (parts == parts[floor(place[1]), floor(place[0])]) & pixels


def with_holes_filled(pixels: Mask) -> Mask:
    """The pixels and all that no path over sides of pixels joins with the outside."""
    outside = np.pad(~pixels, 1, constant_values=True)
    return ~area_around(outside, (0, 0))[1:-1, 1:-1]


def alike(image: np.ndarray, place: Place, tolerance: int) -> Mask:
    """Where no channel differs by more than the tolerance from the pixel at the place."""
    color = image[floor(place[1]), floor(place[0])].astype(np.int16)
    return (np.abs(image - color) <= tolerance).all(axis=2)
