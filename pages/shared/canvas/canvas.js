// The paint canvas: a Streamlit component (v2). `data` says what is shown and painted on:
// { key, mode: "paint" | "pick" | "box", document, base, revision, width, height, image, mask,
//   under, color: [r, g, b], box }; image, mask and under are addresses, "" for none.
import { COMMANDS, keyRequest } from "./commands.js";
import { closeImage, load, loadImage, readPixels } from "./images.js";
import { around, drawAlike } from "./pixels.js";
import { Pointers } from "./pointers.js";
import { post } from "./post.js";
import { boundedSize, settings, SIZED, TOOLS } from "./settings.js";
import { Toolbar } from "./toolbar.js";
import { makeTools } from "./tools.js";
import { traceCursor, View } from "./view.js";

class Canvas {
  constructor(root) {
    this.studio = root.querySelector(".studio");
    this.box = root.querySelector(".view");
    this.view = new View(this.box, ...root.querySelectorAll("canvas"));
    this.view.afterDraw = () => this.refresh();
    this.tools = makeTools(this);
    this.toolbar = new Toolbar(root, this);
    this.pointers = new Pointers(this);
    this.ends = [];
    this.listen();
    this.watch = () => this.say();
    post.watchers.add(this.watch);
    this.box.maskCanvas = this;
  }

  listen() {
    const on = (target, names, handle, options) => {
      for (const name of names.split(" ")) {
        target.addEventListener(name, handle, options);
        this.ends.push(() => target.removeEventListener(name, handle, options));
      }
    };
    this.toolbar.listen(on);
    this.pointers.listen(on);
    on(this.box, "keydown", (event) => this.key(event));
    const observer = new ResizeObserver(() => this.resized());
    observer.observe(this.box);
    this.ends.push(() => observer.disconnect());
  }

  // What tools need.
  get grid() { return this.sheet?.grid; }
  get size() { return settings.size; }

  begin() {
    this.rect = null;
    this.sheet.history.begin();
  }

  drawn(rect) {
    if (!rect) return;
    this.rect = around(this.rect, rect);
    this.view.drawMask(rect);
  }

  revert() {
    this.sheet.history.revert();
    this.view.drawMask(this.rect);
    this.rect = null;
  }

  commit() {
    if (this.sheet.history.commit(this.rect)) post.changed(this.sheet, this.rect);
    this.say();
  }

  draw(shape) {
    this.begin();
    this.drawn(shape(this.grid));
    this.commit();
  }

  post(message) {
    post.event({ ...message, key: this.data.key, document: this.data.document });
  }

  wand(x, y, value) {
    this.rgba ||= readPixels(this.view.image);
    const paint = () => this.draw((grid) => {
      return drawAlike(grid, this.rgba, x, y, settings.tolerance, settings.contiguous, value);
    });
    paint();
    // Until something else is done, another tolerance does it over again.
    this.redoWand = () => { this.travel(this.sheet.history.undo()); paint(); };
    this.wandSteps = this.sheet.history.done.length;
  }

  retakeWand() {
    const { done, undone } = this.sheet?.history || {};
    if (this.redoWand && done?.length === this.wandSteps && !undone.length) this.redoWand();
  }

  // What Python says: called at mount and whenever it has changed.
  async update(data) {
    const before = this.data;
    this.data = data;
    if (data.mode !== before?.mode) this.arrange();
    this.view.look.color = data.color;
    this.toolbar.showNotice("");
    try {
      await this.open(data);
    } catch (error) {
      if (this.data !== data) return;
      console.warn("The image could not be loaded.", error);
      this.toolbar.showNotice("The image could not be loaded.");
    }
  }

  // Show what the data says. It may change again while something is loading: the last one counts.
  async open(data) {
    const known = this.decoded?.address === data.image;
    const decoded = known ? this.decoded : await loadImage(data.image, data.width, data.height);
    const outdated = () => {
      const late = this.data !== data || this.ended;
      if (late && decoded !== this.decoded) closeImage(decoded);
      return late;
    };
    if (outdated()) return;
    const sheet = post.sheet(data.document, data.width, data.height);
    if (sheet.base !== data.base) await this.take(sheet, data);
    const under = await this.loadUnder(data.under);
    if (outdated()) return;
    this.show(sheet, decoded, under);
    this.studio.dataset.ready = `${data.document} ${data.base}`;
  }

  async take(sheet, data) {
    const packed = new Uint8Array(await (await load(data.mask)).arrayBuffer());
    if (sheet === this.sheet) this.cancel();
    sheet.adopt(packed, data.base, data.revision);
  }

  async loadUnder(address) {
    if (address !== this.under?.address) {
      const image = address ? await createImageBitmap(await load(address)) : null;
      this.under = { address, image };
    }
    return this.under.image;
  }

  show(sheet, decoded, under) {
    const old = this.decoded, { image, smaller } = decoded;
    if (sheet !== this.sheet || decoded !== old) {
      this.cancel();
      this.redoWand = null;
    }
    Object.assign(this, { sheet, decoded });
    this.view.show(image, smaller, sheet.grid, under);
    if (decoded !== old) {
      this.rgba = null;
      // Another picture of the same size, as of another step of a slider, is looked at as before.
      const alike = old?.image.width === image.width && old?.image.height === image.height;
      if (!alike) this.view.fitted = true;
      this.layOut();
      closeImage(old);
    }
    this.view.draw();
  }

  arrange() {
    const { mode } = this.data, tools = TOOLS[mode];
    this.tool = tools.includes(settings.tool) ? settings.tool : tools[0];
    this.toolbar.arrange(mode);
    this.setSize(settings.size);
    this.setLook();
    this.choose(this.tool);
  }

  choose(tool) {
    if (!TOOLS[this.data.mode].includes(tool)) return;
    this.cancel();
    this.tool = tool;
    if (this.data.mode === "paint") settings.tool = tool;
    this.toolbar.showTool(tool);
    this.box.classList.toggle("panning", tool === "pan");
    this.refresh();
  }

  setSize(size) {
    settings.size = boundedSize(size);
    this.toolbar.showSize();
    this.mark();
  }

  setLook() {
    Object.assign(this.view.look, { style: settings.style, opacity: settings.opacity / 100 });
    this.toolbar.showLook();
    this.view.draw();
  }

  refresh() {
    this.say();
    this.mark();
  }

  say() {
    const { idle, refused } = post, { grid } = this;
    const percent = Math.round(this.view.scale * 1000) / 10;
    const kept = idle ? "Saved" : "Saving…";
    this.toolbar.showState({
      tool: this.tool,
      busy: Boolean(this.tools[this.tool]?.busy),
      history: this.sheet?.history,
      idle,
      savedText: refused || (this.data?.mode === "paint" ? kept : ""),
      zoomText: grid ? `${grid.width} × ${grid.height} · ${percent} %` : "",
    });
  }

  resized() {
    const { clientWidth } = this.box;
    if (clientWidth === this.width) { this.view.resize(); return; }
    this.width = clientWidth;
    this.layOut();
  }

  layOut() {
    const { box, data } = this, highest = Math.max(320, 0.58 * window.innerHeight);
    if (data) {
      const height = Math.min(highest, (box.clientWidth * data.height) / data.width);
      box.style.height = `${Math.round(Math.max(300, height))}px`;
    }
    this.view.resize();
  }

  do(name) {
    if (name === "retry") { this.update({ ...this.data }); return; }
    if (!this.grid) return;
    COMMANDS[name](this);
    this.refresh();
  }

  travel(rect) {
    if (!rect) return;
    post.changed(this.sheet, rect);
    this.view.drawMask(rect);
    this.say();
  }

  cancel() {
    this.tools[this.tool]?.cancel();
    this.pointers.panning = null;
    this.refresh();
  }

  mark() {
    if (!this.grid) return;
    const tool = this.tools[this.tool], { hover, panning, space } = this.pointers;
    const sized = Boolean(hover) && SIZED.includes(this.tool) && !space;
    this.view.mark((context, toView) => {
      if (this.data.box && !tool.busy) {
        const [x1, y1] = toView(this.data.box), [x2, y2] = toView(this.data.box.slice(2));
        context.rect(x1, y1, x2 - x1, y2 - y1);
      }
      tool.mark(context, toView);
      const radius = (settings.size * this.view.scale) / 2;
      if (sized && !panning) traceCursor(context, toView(hover), radius);
    });
    this.box.classList.toggle("hovering", sized);
  }

  key(event) {
    const request = keyRequest(event, this.data.mode, settings.size);
    if (!request) return;
    if (request.command) this.do(request.command);
    if (request.tool) this.choose(request.tool);
    if (request.size !== undefined) this.setSize(request.size);
    if (request.space) this.pointers.space = true;
    event.preventDefault();
    event.stopPropagation();
  }

  end() {
    this.cancel();
    this.ended = true;
    post.watchers.delete(this.watch);
    this.ends.forEach((end) => end());
    closeImage(this.decoded);
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
