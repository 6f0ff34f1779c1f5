"""The paint canvas in a real browser: what is painted is in Python, pixel for pixel."""

from __future__ import annotations

import base64
import time
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from math import cos, pi, sin
from pathlib import Path

import numpy as np
import PIL.Image
import pytest
from playwright.sync_api import APIResponse, Browser, BrowserContext, Page, Route, expect

from maskcore import image_io, regions
from maskcore.types import Mask
from tests.browser import painting, serving
from tests.browser.painting import SIZE_HW, Place, Studio
from tests.browser.walking import PATIENCE, seen, until

SMALL_WH = (800, 600)
WINDOW = {"width": 1280, "height": 1000}
# Zooms and what is in the middle of the view then: on one layer, but apart from each other.
ZOOMS = {None: (2000.5, 1500.5), 1: (800.3, 600.7), 8: (3400.6, 900.2), 32: (700.4, 2500.9)}


@pytest.fixture(scope="module")
def photo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return painting.photo(tmp_path_factory.mktemp("photo"))


@pytest.fixture(scope="module")
def context(browser: Browser) -> Iterator[BrowserContext]:
    context = browser.new_context(viewport=WINDOW, accept_downloads=True)
    yield context
    context.close()


@pytest.fixture(scope="module")
def small_photo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return painting.photo(tmp_path_factory.mktemp("small"), SMALL_WH)


@pytest.fixture(scope="module")
def long_visit(context: BrowserContext, server: str, photo: Path) -> Studio:
    studio = Studio(context.new_page())
    studio.visit(server)
    studio.open(photo)
    return studio


@pytest.fixture
def studio(long_visit: Studio) -> Studio:
    """The photo on the canvas, without any layers."""
    long_visit.delete_layers()
    long_visit.look(None)
    return long_visit


@pytest.fixture
def visit(context: BrowserContext, server: str, small_photo: Path) -> Iterator[Studio]:
    """A new visitor with a small photo on the canvas."""
    studio = Studio(context.new_page())
    errors: list[str] = []
    studio.page.on("pageerror", lambda error: errors.append(str(error)))
    studio.visit(server)
    studio.open(small_photo)
    yield studio
    studio.page.close()
    assert errors == []


@pytest.fixture(scope="module")
def long_small_visit(context: BrowserContext, server: str, small_photo: Path) -> Iterator[Studio]:
    studio = Studio(context.new_page())
    errors: list[str] = []
    studio.page.on("pageerror", lambda error: errors.append(str(error)))
    studio.visit(server)
    studio.open(small_photo)
    yield studio
    assert errors == []


@pytest.fixture
def small(long_small_visit: Studio) -> Studio:
    """The small photo on the canvas, without any layers."""
    long_small_visit.delete_layers()
    long_small_visit.look(None)
    return long_small_visit


@pytest.fixture(scope="module")
def long_touching_visit(browser: Browser, server: str, small_photo: Path) -> Iterator[Studio]:
    context = browser.new_context(viewport=WINDOW, accept_downloads=True, has_touch=True)
    studio = Studio(context.new_page())
    studio.visit(server)
    studio.open(small_photo)
    yield studio
    context.close()


@pytest.fixture
def touching(long_touching_visit: Studio) -> Studio:
    """The small photo on a screen that is touched, without any layers."""
    long_touching_visit.delete_layers()
    long_touching_visit.look(None)
    return long_touching_visit


def at_each_zoom(studio: Studio) -> Iterator[Callable[..., list[Place]]]:
    """Zoom in step by step; what comes makes places of CSS pixels from the middle of the view."""
    for zoom, middle in ZOOMS.items():
        studio.look(zoom, middle)
        scale = studio.lies()["scale"]

        def places(*offsets: Place, middle: Place = middle, scale: float = scale) -> list[Place]:
            return [(middle[0] + x / scale, middle[1] + y / scale) for x, y in offsets]

        yield places


@pytest.mark.parametrize("sizes", [(40, 7, 1, 1), (301, 64, 13, 2), (8, 1, 2, 5)])
def test_a_brush_paints_all_centers_within_half_its_size(
    studio: Studio, sizes: tuple[int, ...]
) -> None:
    expected = np.zeros(SIZE_HW, np.bool_)
    for size, places in zip(sizes, at_each_zoom(studio), strict=True):
        studio.choose("Brush", size)
        crooked = places((-310, -120), (-180, 95), (-20, -33), (-22, -35), (150, 140), (290, -170))
        expected |= painting.stroke(studio.drag(crooked), size)
    assert np.array_equal(studio.layer(), expected)


def test_a_stroke_may_leave_the_image_and_come_back(studio: Studio) -> None:
    studio.look(0.2, (800, 1400))
    studio.choose("Brush", 80)
    places = studio.drag([(300, 300), (-400, 500), (-300, 900), (200, 1200), (600, -60)])
    assert np.array_equal(studio.layer(), painting.stroke(places, 80))


@pytest.mark.parametrize("how", ["Eraser", "Erase with every tool", "Ctrl"])
def test_what_is_erased_is_gone(studio: Studio, how: str) -> None:
    studio.choose("Rectangle")
    corners = studio.drag([(1000, 1000), (2000, 2000)])
    studio.choose("Brush", 120)
    if how == "Ctrl":
        studio.page.keyboard.down("Control")
    else:
        studio.choose(how)
    places = studio.drag([(900, 1100), (1500, 1400), (2100, 2100)])
    if how == "Ctrl":
        studio.page.keyboard.up("Control")
    if how == "Erase with every tool":
        studio.choose(how)
    erased = painting.stroke(places, 120)
    assert np.array_equal(studio.layer(), painting.rectangle(*corners) & ~erased)


def test_a_polygon_is_filled_by_the_even_odd_rule(studio: Studio) -> None:
    studio.choose("Polygon")
    star = [(260 * sin(4 * pi * k / 5), -210 * cos(4 * pi * k / 5)) for k in range(5)]
    expected = np.zeros(SIZE_HW, np.bool_)
    for places in at_each_zoom(studio):
        corners = studio.click(*places(*star))
        studio.press("Enter")
        expected |= painting.polygon(corners)
    assert np.array_equal(studio.layer(), expected)


def test_a_double_click_closes_a_polygon_without_a_corner_more(studio: Studio) -> None:
    studio.choose("Polygon")
    corners = studio.click((500, 400), (1500, 450), (1100, 1300))
    studio.click((1100, 1300))
    assert np.array_equal(studio.layer(), painting.polygon(corners))


def test_a_lasso_is_filled_by_the_even_odd_rule(studio: Studio) -> None:
    studio.choose("Lasso")
    loop = [(200 * cos(k / 3) + 4 * k, 150 * sin(k / 3) - 2 * k) for k in range(26)]
    expected = np.zeros(SIZE_HW, np.bool_)
    for places in at_each_zoom(studio):
        expected |= painting.polygon(studio.drag(places(*loop)))
    assert np.array_equal(studio.layer(), expected)


@pytest.mark.parametrize(
    ("tool", "shape"), [("Rectangle", painting.rectangle), ("Ellipse", painting.ellipse)]
)
def test_two_corners_are_dragged_or_clicked(
    studio: Studio, tool: str, shape: Callable[[Place, Place], Mask]
) -> None:
    studio.choose(tool)
    expected = np.zeros(SIZE_HW, np.bool_)
    for places in at_each_zoom(studio):
        expected |= shape(*studio.drag(places((-290, 170), (-30, 40))))
        expected |= shape(*studio.click(*places((40, -180), (270, 155))))
    assert np.array_equal(studio.layer(), expected)


def test_corners_may_lie_outside_the_image(studio: Studio) -> None:
    studio.look(0.2, (800, 1400))
    studio.choose("Rectangle")
    rectangle = painting.rectangle(*studio.drag([(-400, -20), (500, 600)]))
    studio.choose("Ellipse")
    ellipse = painting.ellipse(*studio.drag([(-700, 900), (700, 2600)]))
    studio.choose("Polygon")
    corners = studio.click((1000, -30), (2000, 800), (-900, 1700))
    studio.press("Enter")
    assert np.array_equal(studio.layer(), rectangle | ellipse | painting.polygon(corners))


def test_encircle_fills_what_its_stroke_shuts_in(studio: Studio) -> None:
    loop = [(150 * cos(k / 3), 120 * sin(k / 3)) for k in range(20)]
    expected = np.zeros(SIZE_HW, np.bool_)
    for size, places in zip((30, 11, 3, 1), at_each_zoom(studio), strict=True):
        studio.choose("Encircle and fill", size)
        line = painting.stroke(studio.drag(places(*loop, (-250, 10))), size)
        expected |= painting.with_holes_filled(line)
        assert expected.sum() > 2 * line.sum()
    assert np.array_equal(studio.layer(), expected)


def test_fill_takes_an_area_up_to_its_border_and_with_ctrl_empties_it(studio: Studio) -> None:
    studio.choose("Brush", 21)
    ring = [(900 * cos(k / 4), 700 * sin(k / 4)) for k in range(27)]
    outline = painting.stroke(studio.drag([(2000 + x, 1500 + y) for x, y in ring]), 21)
    studio.choose("Fill")
    (inside,) = studio.click((2000, 1500))
    disk = outline | painting.area_around(~outline, inside)
    assert np.array_equal(studio.layer(), disk)
    studio.page.keyboard.down("Control")
    studio.click((2000, 1500))
    studio.page.keyboard.up("Control")
    assert not studio.layer().any()


@pytest.mark.parametrize("contiguous", [True, False])
def test_the_wand_takes_what_python_would_take(
    studio: Studio, photo: Path, contiguous: bool
) -> None:
    image = image_io.read_image(photo)
    studio.choose("Magic wand")
    studio.page.get_by_label("Connected only").set_checked(contiguous)
    studio.page.get_by_role("slider", name="Tolerance").fill("40")
    (place,) = studio.click((2200, 1700))
    expected = painting.alike(image, place, 40)
    if contiguous:
        expected = painting.area_around(expected, place)
    taken = studio.layer()
    assert 0 < taken.sum() < taken.size
    assert np.array_equal(taken, expected)
    at = tuple(map(int, place))
    assert np.array_equal(taken, regions.magic_wand(image, at, 40, contiguous=contiguous))


def test_another_tolerance_takes_the_wand_again(studio: Studio, photo: Path) -> None:
    image = image_io.read_image(photo)
    studio.choose("Magic wand")
    studio.page.get_by_label("Connected only").set_checked(True)
    (place,) = studio.click((1400, 2200))
    for tolerance in (60, 10):
        studio.page.get_by_role("slider", name="Tolerance").fill(str(tolerance))
    expected = painting.area_around(painting.alike(image, place, 10), place)
    assert np.array_equal(studio.layer(), expected)
    assert studio.steps() == [1, 0]


def test_the_upper_thirty_rows_are_a_rectangle_of_two_clicks(studio: Studio) -> None:
    studio.choose("Rectangle")
    studio.look(8, (0.5, 0.5))
    studio.click((0.5, 0.5))
    studio.look(8, (3999.5, 29.5))
    studio.click((3999.5, 29.5))
    expected = np.zeros(SIZE_HW, np.bool_)
    expected[0:30] = True
    assert np.array_equal(studio.layer(), expected)


def test_undo_and_redo_walk_through_a_hundred_strokes(small: Studio) -> None:
    small.choose("Brush", 15)
    angles = [k / 7 for k in range(100)]
    dots = small.click(*[(400 + 250 * cos(t) + t, 300 + 180 * sin(1.7 * t)) for t in angles])
    pixels = np.zeros(SMALL_WH[::-1], np.bool_)
    digests, halfway = [painting.digest(pixels)], pixels
    for dot in dots:
        pixels = pixels | painting.stroke([dot], 15, SMALL_WH)
        digests.append(painting.digest(pixels))
        halfway = pixels if len(digests) == 51 else halfway
    assert len(set(digests)) == 101
    assert np.array_equal(small.layer(), pixels)
    small.view.focus()
    for wanted in digests[99::-1]:
        small.page.keyboard.press("Control+z")
        assert small.digest() == wanted
    assert small.steps() == [0, 100]
    assert not small.layer().any()
    small.view.focus()
    for wanted in digests[1:51]:
        small.page.keyboard.press("Control+Shift+Z")
        assert small.digest() == wanted
    assert np.array_equal(small.layer(), halfway)


def test_undo_never_touches_another_layer(small: Studio) -> None:
    small.choose("Brush", 30)
    first = small.drag([(100, 100), (300, 200)])
    small.saved()
    small.new_layer()
    small.drag([(200, 50), (200, 300)])
    small.drag([(100, 300), (400, 300)])
    small.press(*["Control+z"] * 5)
    layers = small.layers()
    assert np.array_equal(layers["mask 1"], painting.stroke(first, 30, SMALL_WH))
    assert not layers["mask 2"].any()
    small.choose_layer("mask 1")
    assert small.steps() == [1, 0]
    small.press("Control+z")
    small.choose_layer("mask 2")
    small.press("Control+Shift+Z")
    layers = small.layers()
    assert not layers["mask 1"].any()
    assert layers["mask 2"].any()
    assert small.steps() == [1, 1]


# Nothing that was painted is lost.


def scribble(studio: Studio, k: int) -> Mask:
    """The k-th of many strokes, in pixels of the small photo."""
    places = studio.drag([(60 + 25 * k, 80 + 40 * (k % 9)), (180 + 25 * k, 90 + 45 * (k % 7))])
    return painting.stroke(places, 20, SMALL_WH)


def hide_or_show(studio: Studio, label: str = "") -> None:
    row = studio.sidebar.get_by_test_id("stHorizontalBlock").filter(
        has=studio.page.get_by_test_id("stPopover").filter(has_text=label)
    )
    row.last.get_by_role("button", name="visibility").click()


def show(studio: Studio) -> None:
    """Show the layer, whichever of the clicks before have arrived."""
    studio.saved()
    studio.rest(800)  # the last click's run may be about to begin
    hidden = studio.sidebar.get_by_role("button", name="visibility_off")
    if hidden.count():
        hidden.click()
        hidden.wait_for(state="detached")


def test_strokes_arrive_though_other_widgets_are_clicked_between(small: Studio) -> None:
    small.choose("Brush", 20)
    expected = scribble(small, 0)
    small.saved()
    for k in range(1, 9):
        expected |= scribble(small, k)
        hide_or_show(small)
    show(small)
    assert np.array_equal(small.pixels(), expected)
    assert np.array_equal(small.layer(), expected)


def test_a_stroke_arrives_though_the_page_is_left_at_once(visit: Studio) -> None:
    visit.choose("Brush", 20)
    before = scribble(visit, 0)
    visit.saved()
    # While Python takes the stroke.
    visit.page.evaluate(
        """() => {
          const { send } = maskStudio;
          maskStudio.send = (message) => {
            maskStudio.send = send;
            send(message);
            setTimeout(() => history.back(), 20);
          };
        }"""
    )
    after = scribble(visit, 1)
    seen(visit.page.get_by_text("Or start with a sample"))
    expect(visit.view).to_have_count(0)
    assert np.array_equal(visit.layer(), before | after)
    visit.go("Make", "Paint")
    visit.ready()
    assert visit.steps() == [2, 0]
    visit.press("Control+z")
    assert np.array_equal(visit.layer(), before)


def test_history_is_kept_over_other_pages_layers_and_images(visit: Studio, tmp_path: Path) -> None:
    visit.choose("Brush", 20)
    strokes = [scribble(visit, 0)]
    visit.go("Make", "Run-length codes")
    visit.go("Make", "Paint")
    visit.ready()
    strokes.append(scribble(visit, 1))
    visit.new_layer()
    other = scribble(visit, 2)
    visit.choose_layer("mask 1")
    strokes.append(scribble(visit, 3))
    visit.go("Start", "Open")
    visit.open(painting.photo(tmp_path, (500, 400)))
    assert not visit.pixels().any()
    visit.choose("Brush", 50)
    elsewhere = painting.stroke(visit.drag([(100, 100), (300, 200)]), 50, (500, 400))
    assert np.array_equal(visit.layer(), elsewhere)
    with visit.another_shown():
        visit.sidebar.get_by_role("combobox", name="Image (2 open)").click()
        visit.page.get_by_role("option", name="photo 800.jpg").click()
    layers = visit.layers()
    assert np.array_equal(layers["mask 1"], np.any(strokes, axis=0))
    assert np.array_equal(layers["mask 2"], other)
    # The layer that was painted on last is the one again.
    assert visit.steps() == [3, 0]
    visit.press("Control+z", "Control+z")
    assert np.array_equal(visit.layer(), strokes[0])


SLOW_APP = """
import sys, time
sys.path.insert(0, {root!r})
from streamlit import App
from maskcore.masks import bits

def apply(*args, quick=bits.apply):
    time.sleep(0.6)
    return quick(*args)

bits.apply = apply
app = App({shell!r})
"""


@pytest.fixture
def slow_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The app on a machine that needs 0.6 s to take a stroke."""
    root = serving.ROOT
    shell = str(root / "pages" / "shell.py")
    (tmp_path / "app.py").write_text(SLOW_APP.format(root=str(root), shell=shell))
    monkeypatch.setattr(serving, "ROOT", tmp_path)
    with serving.serve() as address:
        yield address


def test_a_slow_server_that_is_interrupted_gets_every_stroke(
    context: BrowserContext, slow_server: str, small_photo: Path
) -> None:
    studio = Studio(context.new_page())
    studio.visit(slow_server)
    studio.open(small_photo)
    studio.choose("Brush", 20)
    expected = scribble(studio, 0)
    seen(studio.page.get_by_role("button", name="New layer", exact=True))
    hide_or_show(studio)
    for k in range(1, 6):
        expected |= scribble(studio, k)
        studio.page.locator('[data-test-script-state="running"]').wait_for()
        hide_or_show(studio)
    show(studio)
    assert np.array_equal(studio.pixels(), expected)
    assert np.array_equal(studio.layer(), expected)
    assert studio.page.evaluate("maskStudio.post.resent") > 0
    studio.page.close()


WATCHED_SOCKETS = """
globalThis.sockets = [];
globalThis.WebSocket = class extends WebSocket {
  constructor(address, protocols) {
    super(address, globalThis.forgetful ? protocols.slice(0, 2) : protocols);
    sockets.push(this);
  }
};
"""


@pytest.fixture
def unsteady(context: BrowserContext, server: str, small_photo: Path) -> Iterator[Studio]:
    """A visitor whose connection can be cut: `sockets.at(-1).close()`."""
    studio = Studio(context.new_page())
    studio.page.add_init_script(WATCHED_SOCKETS)
    studio.visit(server)
    studio.open(small_photo)
    yield studio
    studio.page.close()


def test_a_stroke_arrives_though_the_connection_breaks_in_its_middle(unsteady: Studio) -> None:
    page = unsteady.page
    unsteady.choose("Brush", 20)
    expected = scribble(unsteady, 0)
    unsteady.saved()
    # Streamlit connects again by itself, some time after the pointer has come up.
    page.evaluate("addEventListener('pointerdown', () => sockets.at(-1).close(), { once: true })")
    expected |= scribble(unsteady, 1)
    expected |= scribble(unsteady, 2)
    expect(page.locator('.studio[data-saved="false"]')).to_be_visible()
    expect(page.get_by_role("status").filter(has_text="Saving")).to_be_visible()
    unsteady.saved()
    assert page.evaluate("sockets.length") > 1
    assert np.array_equal(unsteady.pixels(), expected)
    assert np.array_equal(unsteady.layer(), expected)


def test_a_session_that_python_has_forgotten_starts_anew(
    unsteady: Studio, small_photo: Path
) -> None:
    page = unsteady.page
    unsteady.choose("Brush", 20)
    scribble(unsteady, 0)
    unsteady.saved()
    page.evaluate("() => { globalThis.forgetful = true; sockets.at(-1).close(); }")
    until(page, "sockets.length > 1 && sockets.at(-1).readyState === WebSocket.OPEN")
    scribble(unsteady, 1)
    seen(page.get_by_text("Open an image first"))
    unsteady.go("Start", "Open")
    unsteady.open(small_photo)
    expected = scribble(unsteady, 3)
    unsteady.saved()
    assert np.array_equal(unsteady.layer(), expected)
    assert np.array_equal(unsteady.pixels(), expected)


def test_a_browser_that_cannot_compress_sends_the_pixels_as_they_are(
    context: BrowserContext, server: str, small_photo: Path
) -> None:
    studio = Studio(context.new_page())
    studio.page.add_init_script("delete globalThis.CompressionStream")
    studio.visit(server)
    studio.open(small_photo)
    assert studio.page.evaluate("typeof CompressionStream") == "undefined"
    studio.choose("Brush", 20)
    assert np.array_equal(scribble(studio, 5), studio.layer())
    studio.page.close()


def test_tabs_do_not_mix(visit: Studio, small: Studio, touching: Studio) -> None:
    # Two of one browser and one of another.
    tabs = [visit, small, touching]
    expected = []
    for k, tab in enumerate(tabs):
        tab.choose("Brush", 20)
        expected.append(scribble(tab, k))
    for k, tab in enumerate(tabs):
        expected[k] |= scribble(tab, 10 + k)
    for tab, wanted in zip(tabs, expected, strict=True):
        assert np.array_equal(tab.layer(), wanted)


# What comes while the canvas is still loading.


@dataclass
class Held:
    """A file that the server has sent and the browser has not got yet."""

    route: Route
    response: APIResponse

    def release(self) -> None:
        self.route.fulfill(response=self.response)


@contextmanager
def held_files(page: Page) -> Iterator[list[Held]]:
    """Hold back what the canvas fetches until the block is left."""
    held: list[Held] = []
    holding = True

    def come(route: Route) -> None:
        if holding and route.request.resource_type == "fetch":
            held.append(Held(route, route.fetch()))
        else:
            route.continue_()

    page.route("**/media/**", come)
    yield held
    holding = False
    for it in held:
        it.release()
    page.unroute("**/media/**")


def wait_for(held: list[Held], page: Page, count: int = 1) -> None:
    deadline = time.monotonic() + PATIENCE / 1000
    while len(held) < count:
        assert time.monotonic() < deadline, f"{len(held)} files were fetched"
        page.evaluate("() => new Promise(requestAnimationFrame)")


@contextmanager
def a_file_arrives(page: Page) -> Iterator[None]:
    """Let the browser get a file, then wait until the canvas has had its turn."""
    with page.expect_event("requestfinished", lambda request: "/media/" in request.url):
        yield
    page.evaluate("() => new Promise((done) => requestIdleCallback(() => setTimeout(done)))")


@dataclass
class TwoLayers:
    """An image with a layer that was painted and one that the canvas has never shown."""

    painted: Mask
    kept: Mask


@pytest.fixture
def two_layers(visit: Studio, tmp_path: Path) -> TwoLayers:
    image = np.zeros((*SMALL_WH[::-1], 4), np.uint8)
    image[100:300, 200:500, 3] = 255
    path = tmp_path / "half.png"
    PIL.Image.fromarray(image).save(path)
    visit.go("Start", "Open")
    visit.open(path)
    visit.choose("Brush", 20)
    painted = scribble(visit, 8)
    visit.saved()
    visit.go("Start", "Open")
    visit.page.get_by_role("button", name="Keep its transparency as a mask").click()
    seen(visit.page.get_by_text("Layers (2)"))
    return TwoLayers(painted, image[..., 3] > 0)


def test_what_changes_while_the_image_loads_does_not_keep_it_from_being_shown(
    visit: Studio, two_layers: TwoLayers
) -> None:
    with held_files(visit.page) as held:
        visit.page.get_by_role("link", name="Paint a mask").click()
        wait_for(held, visit.page)
        hide_or_show(visit)
        seen(visit.sidebar.get_by_role("button", name="visibility_off"))
        visit.rest()
    visit.ready()
    stroke = scribble(visit, 3)
    show(visit)
    assert np.array_equal(visit.layer(), two_layers.painted | stroke)
    assert np.array_equal(visit.pixels(), two_layers.painted | stroke)


def test_what_changes_while_a_layer_loads_does_not_mix_it_with_the_one_before(
    visit: Studio, two_layers: TwoLayers
) -> None:
    visit.page.get_by_role("link", name="Paint a mask").click()
    visit.ready()
    with visit.another_shown(), held_files(visit.page) as held:
        visit.page.get_by_role("combobox", name="Layer to paint on").click()
        visit.page.get_by_role("option", name="opaque").click()
        wait_for(held, visit.page)
        hide_or_show(visit, "mask 1")
        seen(visit.sidebar.get_by_role("button", name="visibility_off"))
        visit.rest()
    assert np.array_equal(visit.pixels(), two_layers.kept)
    stroke = scribble(visit, 3)
    show(visit)
    layers = visit.layers()
    assert np.array_equal(layers["opaque"], two_layers.kept | stroke)
    assert np.array_equal(layers["mask 1"], two_layers.painted)


def test_a_stroke_that_is_begun_while_a_layer_loads_harms_neither(
    visit: Studio, two_layers: TwoLayers
) -> None:
    visit.page.get_by_role("link", name="Paint a mask").click()
    visit.ready()
    start, *rest = visit.windows([(100, 100), (500, 500), (100, 500)])
    with visit.another_shown(), held_files(visit.page) as held:
        visit.page.get_by_role("combobox", name="Layer to paint on").click()
        visit.page.get_by_role("option", name="opaque").click()
        wait_for(held, visit.page)
        visit.page.mouse.move(*start)
        visit.page.mouse.down()
    for point in rest:
        visit.page.mouse.move(*point)
    visit.page.mouse.up()
    stroke = scribble(visit, 3)
    layers = visit.layers()
    assert np.array_equal(layers["opaque"], two_layers.kept | stroke)
    assert np.array_equal(layers["mask 1"], two_layers.painted)


def test_a_layer_that_the_canvas_has_forgotten_is_painted_on_as_it_is_in_python(
    visit: Studio,
) -> None:
    visit.choose("Brush", 20)
    before = scribble(visit, 0)
    visit.saved()
    for _ in range(6):
        visit.new_layer()
        visit.click((400, 500))
        visit.saved()
    with held_files(visit.page) as held:
        visit.page.get_by_role("combobox", name="Layer to paint on").click()
        visit.page.get_by_role("option", name="mask 1").click()
        wait_for(held, visit.page)
        with a_file_arrives(visit.page):
            held.pop(0).release()
        visit.drag([(10, 10), (700, 550)])
    visit.ready()
    assert np.array_equal(visit.layer() & before, before)


# Python changes a layer.


def test_undo_in_the_sidebar_reaches_the_canvas_and_is_a_step_of_its_history(
    small: Studio,
) -> None:
    small.choose("Brush", 20)
    first = scribble(small, 0)
    small.saved()
    second = scribble(small, 1)
    small.saved()
    small.sidebar.locator(".st-key-undo button").first.click()
    until(small.page, "it => it.maskCanvas.sheet.base === 1", small.handle)
    assert np.array_equal(small.pixels(), first)
    assert small.steps() == [3, 0]
    small.press("Control+z")
    assert np.array_equal(small.pixels(), first | second)
    assert np.array_equal(small.layer(), first | second)
    small.press("Control+Shift+Z")
    assert np.array_equal(small.layer(), first)


def test_an_older_mask_that_comes_late_does_not_replace_a_newer_one(small: Studio) -> None:
    small.choose("Brush", 20)
    first = scribble(small, 0)
    for k in (1, 2):
        small.saved()
        scribble(small, k)
    small.saved()
    with held_files(small.page) as held:
        for k in (1, 2):
            small.sidebar.locator(".st-key-undo button").first.click()
            wait_for(held, small.page, k)
        held.pop().release()
        until(small.page, "it => it.maskCanvas.sheet.base === 2", small.handle)
        with a_file_arrives(small.page):
            held.pop().release()
    assert np.array_equal(small.pixels(), first)
    assert np.array_equal(small.layer(), first)


# Messages that no canvas sends.


def patch(**changes: object) -> dict[str, object]:
    """A message that paints a square of 8 x 8 pixels at (16, 16)."""
    bits = base64.b64encode(zlib.compress(b"\xff" * 8)).decode()
    sound = {"width": 800, "height": 600, "x": 16, "y": 16, "w": 8, "h": 8, "deflated": True}
    message = {"kind": "patch", **sound, "bits": bits, **changes}
    return {name: value for name, value in message.items() if value is not None}


def bomb() -> str:
    return base64.b64encode(zlib.compress(bytes(100_000_000))).decode()


HOSTILE = {
    "outside": patch(x=796),
    "far outside": patch(x=10**9, y=-5),
    "negative": patch(w=-8),
    "of another size": patch(width=801),
    "too short": patch(bits="AA=="),
    "not base64": patch(bits="<script>"),
    "not compressed": patch(bits=base64.b64encode(b"\xff" * 8).decode()),
    "a bomb": patch(x=0, y=0, w=800, h=600, bits=bomb()),
    "a huge rectangle": patch(w=2**53, h=2**53),
    "no bits": patch(bits=None),
    "no place": patch(x=None),
    "a place in words": patch(x="16"),
    "an unknown document": patch(document="layer 999"),
    "an unknown kind": {"kind": "eval", "code": "1"},
}


def test_hostile_messages_are_refused_with_a_sentence_and_change_nothing(small: Studio) -> None:
    small.choose("Brush", 20)
    painted = scribble(small, 0)
    small.saved()
    said = {}
    for name, message in HOSTILE.items():
        small.page.evaluate(
            """([it, message]) => maskStudio.post.event(
              { document: it.maskCanvas.data.document, ...message })""",
            [small.handle, message],
        )
        small.saved()
        said[name] = small.page.get_by_role("status").last.inner_text()
    assert [name for name, text in said.items() if not text.startswith("What was painted")] == []
    assert np.array_equal(small.layer(), painted)
    painted |= scribble(small, 1)
    small.saved()
    expect(small.page.get_by_role("status").last).to_have_text("Saved")
    assert np.array_equal(small.layer(), painted)


def test_messages_without_a_sound_revision_change_nothing(small: Studio) -> None:
    small.choose("Brush", 20)
    painted = scribble(small, 0)
    small.saved()
    document = small.document
    revision = small.page.evaluate("maskStudio.answer.revision")
    unsound = [f"{revision + 1}", -1, 0, revision, revision + 1.5, True, None, [2], 2**53, 2**60]
    strange = [None, "text", [1, 2], {}, 7]
    for message in [*strange, *(patch(document=document, revision=it) for it in unsound)]:
        small.page.evaluate("message => maskStudio.send(message)", message)
        small.rest(50)
    painted |= scribble(small, 2)
    small.saved()
    assert small.page.evaluate("maskStudio.answer.revision") == revision + 1
    assert np.array_equal(small.layer(), painted)


# Keys, buttons and fingers.


def test_keys_choose_tools_sizes_and_views(small: Studio) -> None:
    tools = {
        "p": "Polygon",
        "e": "Eraser",
        "r": "Rectangle",
        "o": "Ellipse",
        "l": "Lasso",
        "c": "Encircle and fill",
        "f": "Fill",
        "w": "Magic wand",
        "h": "Pan",
        "b": "Brush",
    }
    for key, tool in tools.items():
        small.press(key)
        pressed = small.page.locator('[data-tool][aria-pressed="true"]')
        assert pressed.get_attribute("aria-label") == tool
    size = small.page.get_by_role("spinbutton", name="Brush size in pixels")
    size.fill("100")
    small.press("]")
    assert size.input_value() == "110"
    small.press("[", "[")
    assert size.input_value() == "91"
    size.fill("3")
    small.press("[", "[", "[")
    assert size.input_value() == "1"
    fitted = small.lies()["scale"]
    small.press("1")
    assert small.lies()["scale"] == 1
    small.press("+")
    assert small.lies()["scale"] == 1.25
    small.press("0")
    assert small.lies()["scale"] == fitted
    shown = small.page.get_by_role("combobox", name="How the mask is shown")
    small.press("v")
    assert shown.input_value() == "image"
    small.press("v")
    assert shown.input_value() == "overlay"
    small.press("x")
    assert small.page.get_by_role("button", name="Erase with every tool", pressed=True).count() == 1
    small.press("x")


def test_keys_are_the_canvas_own_only_while_it_has_the_focus(small: Studio) -> None:
    small.choose("Brush", 20)
    scribble(small, 0)
    small.saved()
    small.page.get_by_role("heading", name="Paint").click()
    for key in ("e", "1", "Control+z", "["):
        small.page.keyboard.press(key)
    size = small.page.get_by_role("spinbutton", name="Brush size in pixels")
    size.press("p")
    size.fill("20")
    assert small.page.locator('[data-tool="brush"][aria-pressed="true"]').is_visible()
    assert size.input_value() == "20"
    assert small.lies()["scale"] != 1
    assert small.steps() == [1, 0]


def test_escape_drops_what_is_begun_and_enter_finishes_it(small: Studio) -> None:
    small.choose("Polygon")
    small.click((100, 100), (300, 100), (200, 300))
    small.press("Escape", "Enter")
    assert small.steps() == [0, 0]
    corners = small.click((400, 100), (600, 120), (500, 300))
    small.press("Enter")
    small.choose("Rectangle")
    small.click((50, 50))
    small.press("Escape")
    box = small.drag([(500, 400), (600, 500)])
    small.choose("Brush", 30)
    x, y = small.windows([(100, 500)])[0]
    small.page.mouse.move(x, y)
    small.page.mouse.down()
    small.page.mouse.move(x + 100, y)
    small.page.keyboard.press("Escape")
    small.page.mouse.move(x + 100, y - 100)
    small.page.mouse.up()
    expected = painting.polygon(corners, SMALL_WH) | painting.rectangle(*box, SMALL_WH)
    assert np.array_equal(small.layer(), expected)


def test_a_right_click_takes_the_last_corner_back(small: Studio) -> None:
    small.choose("Polygon")
    first = small.click((100, 100), (500, 150))
    small.click((700, 500), (300, 550))
    small.click((300, 300), (300, 300), button="right")
    last = small.click((250, 400))
    small.press("Enter")
    assert np.array_equal(small.layer(), painting.polygon([*first, *last], SMALL_WH))


@pytest.mark.parametrize("how", ["Space", "middle button"])
def test_the_view_is_moved_without_painting(small: Studio, how: str) -> None:
    small.choose("Brush", 30)
    small.look(2, (400, 300))
    before = small.lies()
    small.view.focus()
    if how == "Space":
        small.page.keyboard.down(" ")
    x, y = small.windows([(400, 300)])[0]
    small.page.mouse.move(x, y)
    small.page.mouse.down(button="left" if how == "Space" else "middle")
    small.page.mouse.move(x + 37, y - 59)
    small.page.mouse.up(button="left" if how == "Space" else "middle")
    if how == "Space":
        small.page.keyboard.up(" ")
    after = small.lies()
    assert (after["left"] - before["left"], after["top"] - before["top"]) == (37, -59)
    assert small.steps() == [0, 0]
    stroke = painting.stroke(small.drag([(400, 300), (420, 320)]), 30, SMALL_WH)
    assert np.array_equal(small.layer(), stroke)


def test_the_wheel_zooms_to_the_pointer(small: Studio) -> None:
    x, y = small.windows([(600, 200)])[0]
    before = small.places([(x, y)])[0]
    small.page.mouse.move(x, y)
    for _ in range(10):
        small.page.mouse.wheel(0, -100)
    until(small.page, "it => it.maskCanvas.view.scale > 8", small.handle)
    assert small.places([(x, y)])[0] == pytest.approx(before)


def touch(studio: Studio, *moments: Sequence[tuple[int, int]]) -> None:
    """Lay fingers on the canvas: for each moment where they are."""
    client = studio.page.context.new_cdp_session(studio.page)
    before = 0
    for moment in [*moments, ()]:
        kinds = {before < len(moment): "touchStart", before > len(moment): "touchEnd"}
        points = [{"x": x, "y": y, "id": k} for k, (x, y) in enumerate(moment)]
        kind = kinds.get(True, "touchMove")
        client.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
        before = len(moment)
    client.detach()


def test_one_finger_paints_and_two_move_and_zoom(touching: Studio) -> None:
    touching.choose("Brush", 30)
    points = touching.windows([(100, 100), (300, 150), (350, 400)])
    places = touching.places(points)
    touch(touching, *[[it] for it in points])
    stroke = painting.stroke(places, 30, SMALL_WH)
    before = touching.lies()
    (x, y), apart = touching.windows([(400, 300)])[0], 80
    middle = touching.places([(x, y)])[0]
    pinch = [[(x - apart - k, y - k), (x + apart + k, y + k)] for k in range(0, 81, 20)]
    touch(touching, pinch[0][:1], *pinch)
    after = touching.lies()
    assert after["scale"] / before["scale"] == pytest.approx(np.hypot(160, 80) / 80, rel=0.01)
    assert touching.places([(x, y)])[0] == pytest.approx(middle, abs=1)
    assert touching.steps() == [1, 0]
    touching.look(None)
    assert np.array_equal(touching.layer(), stroke)


def test_two_fingers_paint_with_no_tool(touching: Studio) -> None:
    x, y = touching.windows([(400, 300)])[0]
    for tool in ("Fill", "Magic wand", "Encircle and fill", "Rectangle", "Lasso", "Polygon"):
        touching.choose(tool)
        touch(touching, [(x, y)], [(x, y), (x + 90, y)], [(x - 9, y), (x + 99, y)])
        assert touching.steps() == [0, 0], tool
    assert not touching.pixels().any()


def test_two_fingers_keep_the_corners_of_a_polygon(touching: Studio) -> None:
    touching.choose("Polygon")
    corners = []
    for place in ((100, 100), (500, 120)):
        point = touching.windows([place])
        corners += touching.places(point)
        touch(touching, point)
    x, y = touching.windows([(400, 300)])[0]
    touch(touching, [(x, y)], [(x, y), (x + 90, y)], [(x, y), (x + 180, y)])
    point = touching.windows([(450, 320)])
    corners += touching.places(point)
    touch(touching, point)
    touching.press("Enter")
    touching.look(None)
    assert np.array_equal(touching.layer(), painting.polygon(corners, SMALL_WH))
