// Mouse, pen and fingers over the view: they reach the tool, or move and zoom the view.
import { ZOOM_STEP } from "./settings.js";

const WHEEL_STEP = 100, WHEEL_LINE = 30; // pixels
const LEAST_PINCH = 10; // CSS pixels that two fingers must be apart to zoom

export class Pointers {
  constructor(canvas) {
    this.canvas = canvas;
    this.held = new Map(); // pointer id -> its last event
    this.hover = null; // the place in the image that a pointer is over
    this.space = false; // the key is down: every tool pans
  }

  listen(on) {
    const { box } = this.canvas;
    on(box, "pointerdown", (event) => this.down(event));
    on(box, "pointermove", (event) => this.move(event));
    on(box, "pointerup pointercancel", (event) => this.up(event));
    on(box, "pointerleave", () => this.leave());
    on(box, "dblclick", () => this.tool.finish());
    on(box, "contextmenu", (event) => event.preventDefault());
    on(box, "wheel", (event) => this.wheel(event), { passive: false });
    on(box, "keyup blur", (event) => {
      if (event.type === "blur" || event.key === " ") this.space = false;
    });
  }

  get tool() { return this.canvas.tools[this.canvas.tool]; }

  get view() { return this.canvas.view; }

  down(event) {
    const { canvas } = this;
    if (!canvas.grid || event.target.closest("button")) return;
    event.preventDefault();
    canvas.box.focus({ preventScroll: true });
    canvas.box.setPointerCapture(event.pointerId);
    this.held.set(event.pointerId, event);
    const touches = [...this.held.values()].filter((other) => other.pointerType === "touch");
    if (touches.length === 2) {
      this.tool.pinched();
      this.pinch = touches.map((touch) => touch.pointerId);
    } else if (!this.pinch) {
      this.press(event);
    }
  }

  press(event) {
    const { canvas } = this;
    if (event.button === 2) {
      this.tool.back();
    } else if (event.button === 1 || this.space || canvas.tool === "pan") {
      this.panning = event.pointerId;
      canvas.mark();
      return;
    } else if (event.button === 0) {
      const erases = canvas.tool === "eraser" || canvas.erasing || event.ctrlKey || event.metaKey;
      this.hover = this.view.place(event);
      this.pressed = event.pointerId;
      this.tool.press(this.hover, erases ? 0 : 1, this.measure);
    } else {
      return;
    }
    canvas.refresh();
  }

  // Only its differences count: how far places of the image are apart in the view.
  measure = (point) => [point[0] * this.view.scale, point[1] * this.view.scale];

  move(event) {
    if (!this.canvas.grid) return;
    const before = this.held.get(event.pointerId);
    if (this.pinch?.includes(event.pointerId)) { this.pinched(event); return; }
    if (before) this.held.set(event.pointerId, event);
    if (this.panning === event.pointerId) {
      this.view.pan(event.clientX - before.clientX, event.clientY - before.clientY);
      return;
    }
    // A pen or mouse moves more often than the screen is drawn.
    const passed = event.getCoalescedEvents?.() || [];
    for (const moved of passed.length ? passed : [event]) this.tool.move(this.view.place(moved));
    this.hoverAt(this.view.place(event), event.pointerType === "touch" && !before);
  }

  hoverAt([x, y], lifted) {
    const { width, height } = this.canvas.grid;
    this.hover = lifted ? null : [x, y];
    const inside = x >= 0 && y >= 0 && x < width && y < height;
    this.canvas.toolbar.showPlace(inside ? `x ${Math.floor(x)}, y ${Math.floor(y)}` : "");
    this.canvas.mark();
  }

  leave() {
    this.hover = null;
    this.canvas.toolbar.showPlace("");
    this.canvas.mark();
  }

  pinched(event) {
    const fingers = () => {
      const [[ax, ay], [bx, by]] = this.pinch.map((id) => this.view.within(this.held.get(id)));
      return { x: (ax + bx) / 2, y: (ay + by) / 2, apart: Math.hypot(ax - bx, ay - by) };
    };
    const before = fingers();
    this.held.set(event.pointerId, event);
    const after = fingers();
    this.view.pan(after.x - before.x, after.y - before.y);
    if (before.apart > LEAST_PINCH) {
      this.view.zoom(after.x, after.y, (this.view.scale * after.apart) / before.apart);
    }
  }

  up(event) {
    this.held.delete(event.pointerId);
    if (this.pinch) { if (!this.held.size) this.pinch = null; return; }
    if (this.panning === event.pointerId) { this.panning = null; return; }
    if (this.pressed !== event.pointerId) return;
    this.pressed = null;
    if (event.type === "pointercancel") this.canvas.cancel();
    else this.tool.release(this.view.place(event), this.measure);
    this.canvas.refresh();
  }

  wheel(event) {
    event.preventDefault();
    if (!this.canvas.grid) return;
    const pixels = event.deltaY * (event.deltaMode === 1 ? WHEEL_LINE : 1);
    const scale = this.view.scale * ZOOM_STEP ** (-pixels / WHEEL_STEP);
    this.view.zoom(...this.view.within(event), scale);
  }
}
