// The paint canvas: a Streamlit component (v2). `data` says what is shown and painted on:
// { key, mode: "paint" | "pick" | "box", document, base, revision, width, height, image, mask,
//   under, color: [r, g, b], box }; image, mask and under are addresses, "" for none.
import { around, drawAlike } from "./pixels.js";
import { post } from "./post.js";
import { makeTools } from "./tools.js";
import { decodeImage, readPixels, View } from "./view.js";

const PAINTING = ["brush", "eraser", "polygon", "rectangle", "ellipse", "lasso", "encircle", "fill", "wand"];
const TOOLS = { paint: [...PAINTING, "pan"], pick: ["pick", "pan"], box: ["box", "pan"] };
const KEYS = { b: "brush", e: "eraser", p: "polygon", r: "rectangle", o: "ellipse", l: "lasso", c: "encircle", f: "fill", w: "wand", h: "pan", i: "pick" };
const HINTS = {
  brush: "Drag to paint; Ctrl erases", eraser: "Drag to erase", polygon: "Click corners; Enter or a double click closes",
  rectangle: "Drag, or click two corners", ellipse: "Drag, or click two corners of its box", lasso: "Draw around an area",
  encircle: "Draw a closed stroke; it fills", fill: "Click an area of the mask", wand: "Click what to take",
  pick: "Click a pixel", box: "Drag a box, or click two corners", pan: "Drag to move; two fingers or the wheel zoom",
};
const SIZED = ["brush", "eraser", "encircle"];
const STEP = 1.25;
const settings = { tool: "brush", size: 40, tolerance: 24, contiguous: true, style: "overlay", opacity: 45 };

// From the component in files.js, which may come later.
async function studioFile(address) {
  while (!globalThis.maskStudio.file) await new Promise((later) => setTimeout(later, 50));
  return globalThis.maskStudio.file(address);
}

async function load(address) {
  for (let attempt = 0; ; attempt++) {
    try {
      if (address.startsWith("file:")) return await studioFile(address);
      // Relative to the page, so that it also works behind a proxy's path.
      const answer = await fetch(new URL(`.${address}`, document.baseURI));
      if (answer.ok) return await answer.blob();
    } catch { /* the connection is down: try again */ }
    if (attempt === 3) throw new Error(`cannot load ${address}`);
    await new Promise((later) => setTimeout(later, 400 * 2 ** attempt));
  }
}

function close(decoded) {
  decoded?.image.close();
  decoded?.smaller.forEach((bitmap) => bitmap.close());
}

class Canvas {
  constructor(root) {
    this.root = root;
    this.find = (selector) => root.querySelector(selector);
    this.studio = this.find(".studio");
    this.box = this.find(".view");
    this.view = new View(this.box, ...root.querySelectorAll("canvas"));
    this.view.afterDraw = () => { this.say(); this.mark(); };
    this.tools = makeTools(this);
    this.pointers = new Map();
    this.ends = [];
    this.listen();
    this.watch = () => this.say();
    post.watchers.add(this.watch);
    this.box.maskCanvas = this;
  }

  // What tools need.
  get grid() { return this.sheet?.grid; }
  get size() { return settings.size; }
  begin() { this.rect = null; this.sheet.history.begin(); }
  drawn(rect) { if (rect) { this.rect = around(this.rect, rect); this.view.drawMask(rect); } }
  revert() { this.sheet.history.revert(); this.view.drawMask(this.rect); this.rect = null; }
  commit() { if (this.sheet.history.commit(this.rect)) post.changed(this.sheet, this.rect); this.say(); }
  draw(shape) { this.begin(); this.drawn(shape(this.grid)); this.commit(); }
  post(message) { post.event({ ...message, key: this.data.key, document: this.data.document }); }

  wand(x, y, value) {
    this.rgba ||= readPixels(this.view.image);
    const paint = () => this.draw((grid) => drawAlike(grid, this.rgba, x, y, settings.tolerance, settings.contiguous, value));
    paint();
    // Until something else is done, another tolerance does it over again.
    this.redoWand = () => { this.travel(this.sheet.history.undo()); paint(); };
    this.wandSteps = this.sheet.history.done.length;
  }

  retakeWand() {
    const { history } = this.sheet || {};
    if (this.redoWand && history?.done.length === this.wandSteps && !history.undone.length) this.redoWand();
  }

  // What Python says: called at mount and whenever it has changed.
  async update(data) {
    const before = this.data;
    this.data = data;
    if (data.mode !== before?.mode) this.arrange();
    this.view.look.color = data.color;
    this.find(".notice").hidden = true;
    try {
      await this.open(data);
    } catch (error) {
      if (this.data === data) this.fail("The image could not be loaded.", error);
    }
  }

  // Show what the data says. It may change again while something is loading: the last one counts.
  async open(data) {
    const outdated = () => this.data !== data || this.ended;
    let { decoded } = this;
    if (decoded?.address !== data.image) {
      decoded = { address: data.image, ...(await decodeImage(await load(data.image))) };
      if (outdated()) { close(decoded); return; }
      if (decoded.image.width !== data.width || decoded.image.height !== data.height) throw new Error("another image arrived");
    }
    const sheet = post.sheet(data.document, data.width, data.height);
    if (sheet.base !== data.base) await this.take(sheet, data);
    const under = await this.loadUnder(data.under);
    if (outdated()) { if (decoded !== this.decoded) close(decoded); return; }
    const old = this.decoded;
    if (sheet !== this.sheet || decoded !== old) {
      this.cancel();
      this.redoWand = null;
    }
    Object.assign(this, { sheet, decoded });
    this.view.show(decoded.image, decoded.smaller, sheet.grid, under);
    if (decoded !== old) {
      this.rgba = null;
      // Another picture of the same size, as of another step of a slider, is looked at as before.
      if (old?.image.width !== decoded.image.width || old?.image.height !== decoded.image.height) this.view.fitted = true;
      this.layOut();
      close(old);
    }
    this.view.draw();
    this.studio.dataset.ready = `${data.document} ${data.base}`;
  }

  async take(sheet, data) {
    const packed = new Uint8Array(await (await load(data.mask)).arrayBuffer());
    if (sheet === this.sheet) this.cancel();
    sheet.adopt(packed, data.base, data.revision);
  }

  async loadUnder(address) {
    if (address !== this.under?.address) {
      this.under = { address, image: address ? await createImageBitmap(await load(address)) : null };
    }
    return this.under.image;
  }

  fail(text, error) {
    console.warn(text, error);
    this.find(".notice p").textContent = text;
    this.find(".notice").hidden = false;
  }

  // The toolbar.
  arrange() {
    const tools = TOOLS[this.data.mode];
    this.tool = tools.includes(settings.tool) ? settings.tool : tools[0];
    for (const button of this.root.querySelectorAll("[data-tool]")) button.hidden = !tools.includes(button.dataset.tool);
    this.find(".paints").hidden = this.data.mode !== "paint";
    this.find(".tolerance").value = settings.tolerance;
    this.find(".contiguous").checked = settings.contiguous;
    this.find(".style").value = settings.style;
    this.find(".opacity").value = settings.opacity;
    this.setSize(settings.size);
    this.setLook();
    this.choose(this.tool);
  }

  choose(tool) {
    if (!TOOLS[this.data.mode].includes(tool)) return;
    this.cancel();
    this.tool = tool;
    if (this.data.mode === "paint") settings.tool = tool;
    for (const button of this.root.querySelectorAll("[data-tool]")) button.setAttribute("aria-pressed", button.dataset.tool === tool);
    this.find(".for-size").hidden = !SIZED.includes(tool);
    for (const part of this.root.querySelectorAll(".for-wand")) part.hidden = tool !== "wand";
    this.find(".hint").textContent = HINTS[tool];
    this.box.classList.toggle("panning", tool === "pan");
    this.say();
    this.mark();
  }

  setSize(size) {
    settings.size = Math.min(400, Math.max(1, Math.round(size) || 1));
    this.find(".size").value = Math.round(1000 * Math.sqrt((settings.size - 1) / 399));
    this.find(".pixels").value = settings.size;
    this.mark();
  }

  setLook() {
    Object.assign(this.view.look, { style: settings.style, opacity: settings.opacity / 100 });
    this.find('[data-do="show"]').setAttribute("aria-pressed", settings.style !== "image");
    this.find(".style").value = settings.style;
    this.find(".opacity").disabled = settings.style !== "overlay";
    this.view.draw();
  }

  say() {
    const { sheet, view } = this, saved = post.idle && !post.refused;
    const busy = Boolean(this.tools[this.tool]?.busy) && ["polygon", "rectangle", "ellipse", "box"].includes(this.tool);
    this.studio.dataset.saved = post.idle;
    this.find(".saved").textContent = post.refused || (this.data?.mode !== "paint" ? "" : saved ? "Saved" : "Saving…");
    this.find(".zoom").textContent = this.grid ? `${this.grid.width} × ${this.grid.height} · ${Math.round(view.scale * 1000) / 10} %` : "";
    this.find('[data-do="undo"]').disabled = !sheet?.history.done.length;
    this.find('[data-do="redo"]').disabled = !sheet?.history.undone.length;
    this.find('[data-do="close"]').hidden = this.tool !== "polygon";
    this.find(".for-shape").hidden = !busy;
    this.find(".hint").hidden = busy;
  }

  layOut() {
    const width = this.box.clientWidth, room = Math.max(320, 0.58 * window.innerHeight);
    if (this.data) this.box.style.height = `${Math.round(Math.max(300, Math.min(room, (width * this.data.height) / this.data.width)))}px`;
    this.view.resize();
  }

  // Commands.
  travel(rect) {
    if (!rect) return;
    post.changed(this.sheet, rect);
    this.view.drawMask(rect);
    this.say();
  }

  do(name) {
    const tool = this.tools[this.tool], { clientWidth, clientHeight } = this.box;
    const zoomTo = (scale) => this.view.zoom(clientWidth / 2, clientHeight / 2, scale);
    if (name === "retry") { this.update({ ...this.data }); return; }
    if (!this.grid) return;
    if (name === "undo") { if (!tool.back()) { this.cancel(); this.travel(this.sheet.history.undo()); } }
    if (name === "redo") this.travel(this.sheet.history.redo());
    if (name === "fit") this.view.fit();
    if (name === "actual") zoomTo(1);
    if (name === "in") zoomTo(this.view.scale * STEP);
    if (name === "out") zoomTo(this.view.scale / STEP);
    if (name === "close") tool.finish();
    if (name === "cancel") this.cancel();
    if (name === "erase") {
      this.erasing = !this.erasing;
      this.find('[data-do="erase"]').setAttribute("aria-pressed", this.erasing);
    }
    if (name === "show") {
      if (settings.style !== "image") this.shown = settings.style;
      settings.style = settings.style === "image" ? this.shown || "overlay" : "image";
      this.setLook();
    }
    if (name === "full") { if (document.fullscreenElement) document.exitFullscreen(); else this.studio.requestFullscreen?.(); }
    this.say();
    this.mark();
  }

  cancel() {
    this.tools[this.tool]?.cancel();
    this.panning = null;
    this.say();
    this.mark();
  }

  mark() {
    if (!this.grid) return;
    this.view.mark((context, toView) => {
      if (this.data.box && !this.tools[this.tool].busy) {
        const [x1, y1] = toView(this.data.box), [x2, y2] = toView(this.data.box.slice(2));
        context.rect(x1, y1, x2 - x1, y2 - y1);
      }
      this.tools[this.tool].mark(context, toView);
      if (!this.hover || !SIZED.includes(this.tool) || this.panning || this.space) return;
      const [x, y] = toView(this.hover);
      const radius = (settings.size * this.view.scale) / 2;
      context.moveTo(x + Math.max(radius, 1), y);
      context.arc(x, y, Math.max(radius, 1), 0, 2 * Math.PI);
      if (radius < 4) for (const [dx, dy] of [[1, 0], [-1, 0], [0, 1], [0, -1]]) {
        context.moveTo(x + 5 * dx, y + 5 * dy);
        context.lineTo(x + 9 * dx, y + 9 * dy);
      }
    });
    this.box.classList.toggle("hovering", Boolean(this.hover) && SIZED.includes(this.tool) && !this.space);
  }

  // Events.
  on(target, names, handle, options) {
    for (const name of names.split(" ")) {
      target.addEventListener(name, handle, options);
      this.ends.push(() => target.removeEventListener(name, handle, options));
    }
  }

  listen() {
    const { box } = this, input = (selector, handle) => this.on(this.find(selector), "input", (event) => handle(event.target));
    for (const button of this.root.querySelectorAll("button")) {
      this.on(button, "click", () => {
        if (button.dataset.tool) this.choose(button.dataset.tool); else this.do(button.dataset.do);
        box.focus({ preventScroll: true });
      });
    }
    input(".size", (it) => this.setSize(1 + 399 * (it.value / 1000) ** 2));
    input(".pixels", (it) => { if (it.value) this.setSize(+it.value); });
    input(".tolerance", (it) => { settings.tolerance = +it.value; this.retakeWand(); });
    input(".tolerance", (it) => { this.find("output").textContent = it.value; });
    input(".contiguous", (it) => { settings.contiguous = it.checked; this.retakeWand(); });
    input(".style", (it) => { settings.style = it.value; this.setLook(); });
    input(".opacity", (it) => { settings.opacity = +it.value; this.setLook(); });
    this.find("output").textContent = settings.tolerance;
    this.on(box, "pointerdown", (event) => this.down(event));
    this.on(box, "pointermove", (event) => this.move(event));
    this.on(box, "pointerup pointercancel", (event) => this.up(event));
    this.on(box, "pointerleave", () => { this.hover = null; this.find(".place").textContent = ""; this.mark(); });
    this.on(box, "dblclick", () => this.tools[this.tool].finish());
    this.on(box, "contextmenu", (event) => event.preventDefault());
    this.on(box, "wheel", (event) => this.wheel(event), { passive: false });
    this.on(box, "keydown", (event) => this.key(event));
    this.on(box, "keyup blur", (event) => { if (event.type === "blur" || event.key === " ") this.space = false; });
    // Streamlit's own shortcuts must not hear what is typed in the toolbar.
    this.on(this.studio, "keydown", (event) => event.stopPropagation());
    this.observer = new ResizeObserver(() => { if (box.clientWidth !== this.width) { this.width = box.clientWidth; this.layOut(); } else this.view.resize(); });
    this.observer.observe(box);
  }

  down(event) {
    if (!this.grid || event.target.closest("button")) return;
    event.preventDefault();
    this.box.focus({ preventScroll: true });
    this.box.setPointerCapture(event.pointerId);
    this.pointers.set(event.pointerId, event);
    const touches = [...this.pointers.values()].filter((it) => it.pointerType === "touch");
    if (touches.length === 2) { this.tools[this.tool].pinched(); this.pinch = touches.map((it) => it.pointerId); return; }
    if (this.pinch) return;
    if (event.button === 2) { this.tools[this.tool].back(); this.say(); this.mark(); return; }
    if (event.button === 1 || this.space || this.tool === "pan") { this.panning = event.pointerId; this.mark(); return; }
    if (event.button !== 0) return;
    const erases = this.tool === "eraser" || this.erasing || event.ctrlKey || event.metaKey;
    this.hover = this.view.place(event);
    this.pressed = event.pointerId;
    this.tools[this.tool].press(this.hover, erases ? 0 : 1, this.toView);
    this.say();
    this.mark();
  }

  toView = (point) => [point[0] * this.view.scale, point[1] * this.view.scale];

  move(event) {
    if (!this.grid) return;
    const before = this.pointers.get(event.pointerId);
    if (this.pinch?.includes(event.pointerId)) { this.pinched(event); return; }
    if (before) this.pointers.set(event.pointerId, event);
    if (this.panning === event.pointerId) { this.view.pan(event.clientX - before.clientX, event.clientY - before.clientY); return; }
    // A pen or mouse moves more often than the screen is drawn.
    const passed = event.getCoalescedEvents?.() || [];
    for (const it of passed.length ? passed : [event]) this.tools[this.tool].move(this.view.place(it));
    const [x, y] = this.view.place(event);
    this.hover = event.pointerType === "touch" && !before ? null : [x, y];
    const inside = x >= 0 && y >= 0 && x < this.grid.width && y < this.grid.height;
    this.find(".place").textContent = inside ? `x ${Math.floor(x)}, y ${Math.floor(y)}` : "";
    this.mark();
  }

  pinched(event) {
    const at = this.view.rect;
    const state = () => {
      const [a, b] = this.pinch.map((id) => this.pointers.get(id));
      return { x: (a.clientX + b.clientX) / 2 - at.left, y: (a.clientY + b.clientY) / 2 - at.top, apart: Math.hypot(a.clientX - b.clientX, a.clientY - b.clientY) };
    };
    const before = state();
    this.pointers.set(event.pointerId, event);
    const after = state();
    this.view.pan(after.x - before.x, after.y - before.y);
    if (before.apart > 10) this.view.zoom(after.x, after.y, (this.view.scale * after.apart) / before.apart);
  }

  up(event) {
    this.pointers.delete(event.pointerId);
    if (this.pinch) { if (!this.pointers.size) this.pinch = null; return; }
    if (this.panning === event.pointerId) { this.panning = null; return; }
    if (this.pressed !== event.pointerId) return;
    this.pressed = null;
    if (event.type === "pointercancel") this.cancel(); else this.tools[this.tool].release(this.view.place(event), this.toView);
    this.say();
    this.mark();
  }

  wheel(event) {
    event.preventDefault();
    if (!this.grid) return;
    const at = this.view.rect, pixels = event.deltaY * (event.deltaMode === 1 ? 30 : 1);
    this.view.zoom(event.clientX - at.left, event.clientY - at.top, this.view.scale * STEP ** (-pixels / 100));
  }

  key(event) {
    const key = event.key.toLowerCase(), command = event.ctrlKey || event.metaKey;
    if (command && key !== "z" && key !== "y") return;
    const commands = { 0: "fit", 1: "actual", "+": "in", "=": "in", "-": "out", v: "show", x: "erase", escape: "cancel", enter: "close" };
    if (command) this.do(key === "y" || event.shiftKey ? "redo" : "undo");
    else if (key === " ") this.space = true;
    else if (key === "[") this.setSize(Math.min(settings.size - 1, settings.size / 1.1));
    else if (key === "]") this.setSize(Math.max(settings.size + 1, settings.size * 1.1));
    else if (key === "r" && this.data.mode === "box") this.choose("box");
    else if (KEYS[key]) this.choose(KEYS[key]);
    else if (commands[key]) this.do(commands[key]);
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  end() {
    this.cancel();
    this.ended = true;
    this.observer.disconnect();
    post.watchers.delete(this.watch);
    this.ends.forEach((end) => end());
    close(this.decoded);
  }
}

const canvases = new WeakMap(); // of the elements that Streamlit gave: it calls again on new data

export default function ({ data, parentElement }) {
  if (!canvases.has(parentElement)) canvases.set(parentElement, new Canvas(parentElement));
  canvases.get(parentElement).update(data);
  return () => {
    canvases.get(parentElement)?.end();
    canvases.delete(parentElement);
  };
}
