"""The paint canvas in the running app: ``python -m tests.benchmarks.bench_canvas``."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from statistics import median

from playwright.sync_api import Page, ViewportSize, WebSocket

from tests.browser import painting
from tests.browser.painting import Studio
from tests.browser.serving import launch, serve
from tests.browser.walking import until

ROUNDS = 20
WARM = 3
STROKES = 300
WINDOW: ViewportSize = {"width": 1280, "height": 1000}

# From the pointer's release, or `maskStart()`, until Python has said that everything arrived.
_WATCH = """() => {
  const { post } = maskStudio;
  globalThis.maskTimes = [];
  globalThis.maskStart = () => { globalThis.maskBegan = performance.now(); };
  addEventListener("pointerup", maskStart, true);
  post.watchers.add(() => {
    if (!globalThis.maskBegan || !post.idle) return;
    maskTimes.push(performance.now() - maskBegan);
    globalThis.maskBegan = 0;
  });
}"""
_REDRAW = """it => {
  const times = [];
  for (let k = 0; k < 25; k++) {
    const began = performance.now();
    it.maskCanvas.view.draw();
    times.push(performance.now() - began);
  }
  return times.slice(5);
}"""
_NOISE = """it => {
  const { sheet } = it.maskCanvas, { width, height, data } = sheet.grid;
  for (let i = 0; i < data.length; i++) data[i] = Math.random() < 0.5 ? 1 : 0;
  maskStart();
  maskStudio.post.changed(sheet, { x1: 0, y1: 0, x2: width, y2: height });
}"""


class Traffic:
    """Bytes on the page's websockets since the last look."""

    def __init__(self, page: Page) -> None:
        self.sent: list[int] = []
        self.received: list[int] = []
        page.on("websocket", self._watch)

    def _watch(self, socket: WebSocket) -> None:
        socket.on("framesent", lambda it: self.sent.append(len(it)))
        socket.on("framereceived", lambda it: self.received.append(len(it)))

    def taken(self) -> tuple[int, int]:
        totals = sum(self.sent), sum(self.received)
        self.sent.clear()
        self.received.clear()
        return totals


def line(what: str, measured: float, unit: str, aim: float | None = None) -> None:
    missed = "MISSED" if aim is not None and measured >= aim else ""
    wanted = "-" if aim is None else f"< {aim:g} {unit}"
    print(f"{what:<56} {wanted:>10} {measured:>9.1f} {unit:<3} {missed}", flush=True)


def resident_mb(address: str) -> float:
    """Memory that the server with this address holds."""
    port = address.rpartition(":")[2].encode()
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            words = (folder / "cmdline").read_bytes().split(b"\0")
            if b"--server.port" in words and port in words:
                status = (folder / "status").read_text()
                return int(status.partition("VmRSS:")[2].split()[0]) / 1024
        except OSError:
            continue  # it has ended in the meantime
    raise RuntimeError(f"no server at {address}")


def visit(page: Page, address: str, photo: Path) -> Studio:
    studio = Studio(page)
    studio.visit(address)
    studio.open(photo)
    page.evaluate(_WATCH)
    return studio


def settle(studio: Studio, do: Callable[[], object]) -> float:
    """Milliseconds from a release in `do` until Python has acknowledged everything."""
    count = studio.page.evaluate("maskTimes.length")
    do()
    until(studio.page, "count => maskTimes.length > count", count)
    return studio.page.evaluate("maskTimes.at(-1)")


def stroke(studio: Studio, k: int) -> None:
    """The k-th of strokes of which none lies within others: what changes nothing is not sent."""
    x, y = 300 + 1700 * (k % 2) + 23 * (k % 59), 200 + 97 * (k % 27)
    studio.drag([(x, y), (x + 300, y + 90), (x + 420, y - 60), (x + 700, y + 40)])


def bench_strokes(studio: Studio, traffic: Traffic) -> None:
    studio.choose("Brush", 60)
    times, sent, received = [], [], []
    for k in range(ROUNDS + WARM):
        studio.saved()
        studio.page.wait_for_timeout(150)
        traffic.taken()
        times.append(settle(studio, lambda k=k: stroke(studio, k)))
        studio.saved()
        studio.page.wait_for_timeout(50)
        up, down = traffic.taken()
        sent.append(up)
        received.append(down)
    line("brush stroke, release to acknowledged, median", median(times[WARM:]), "ms", 150)
    line("brush stroke, sent, median", median(sent[WARM:]) / 1000, "kB", 50)
    line("brush stroke, sent, most", max(sent[WARM:]) / 1000, "kB")
    line("brush stroke, received, median", median(received[WARM:]) / 1000, "kB")


def bench_redraw(studio: Studio) -> None:
    for name, scale in (("all of the image", None), ("100 %", 1), ("1600 %", 16)):
        studio.look(scale, (2000, 1500))
        line(f"redraw, {name}, median", median(studio.view.evaluate(_REDRAW)), "ms", 16)
    studio.look(None)


def bench_whole_masks(studio: Studio, traffic: Traffic) -> None:
    studio.choose("Magic wand")
    studio.page.get_by_label("Connected only").uncheck()
    places = [(2200, 1700), (900, 800), (3100, 2300), (1500, 2600), (2600, 400), (700, 2000)]
    times, sent = [], []
    for place in places:
        traffic.taken()
        times.append(settle(studio, lambda place=place: studio.click(place)))
        sent.append(traffic.taken()[0])
        studio.saved()
    line("wand on the whole image, release to acknowledged, first", times[0], "ms")
    line("wand on the whole image, the others, median", median(times[1:]), "ms", 500)
    line("wand on the whole image, sent, most", max(sent) / 1000, "kB")
    noise = [settle(studio, lambda: studio.view.evaluate(_NOISE)) for _ in range(3)]
    line("all pixels at random (the worst there is), median", median(noise), "ms")


def bench_memory(studio: Studio, address: str) -> None:
    studio.choose("Brush", 25)
    before = 0.0
    for k in range(STROKES + WARM):
        if k == WARM:
            before = resident_mb(address)
        settle(studio, lambda k=k: stroke(studio, k))
    line(f"{STROKES} strokes, growth of the server", resident_mb(address) - before, "MB", 100)


def main() -> None:
    print("A photo of 4000 x 3000 pixels, the server and Chromium on this machine.")
    print(f"{'what':<56} {'aim':>10} {'measured':>9}")
    with tempfile.TemporaryDirectory() as folder, launch() as browser:
        photo = painting.photo(Path(folder))
        with serve() as address:
            page = browser.new_page(viewport=WINDOW)
            traffic = Traffic(page)
            studio = visit(page, address, photo)
            bench_strokes(studio, traffic)
            bench_redraw(studio)
            bench_whole_masks(studio, traffic)
            page.close()
        with serve() as address:
            bench_memory(visit(browser.new_page(viewport=WINDOW), address, photo), address)
    if find_spec("streamlit_drawable_canvas") is None:
        print("streamlit-drawable-canvas 0.13.0, measured before: 1 to 14 s a stroke at this size.")


if __name__ == "__main__":
    main()
