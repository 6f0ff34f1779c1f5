// What pointers do: each tool turns presses and moves into pixels, a point or a box.
//
// Pointer places are in pixels of the image with a fraction. Shapes take the pixels under their
// corners whole; freehand outlines are kept to an eighth of a pixel.
import {
  around, brushPoint, clipped, drawEllipse, drawLine, drawPolygon, drawRectangle, fillArea,
  fillEnclosed, makeGrid,
} from "./pixels.js";

const CLICK = 4; // CSS pixels that a pointer may move within a click

const eighth = (point) => point.map((value) => Math.round(value * 8) / 8);
const apart = ([ax, ay], [bx, by]) => Math.hypot(ax - bx, ay - by);
const pixelAt = (point) => point.map(Math.floor);

export function boxOf(a, b) {
  const [ax, ay] = pixelAt(a), [bx, by] = pixelAt(b);
  return {
    x1: Math.min(ax, bx), y1: Math.min(ay, by),
    x2: Math.max(ax, bx) + 1, y2: Math.max(ay, by) + 1,
  };
}

// A tool has press, move, release and cancel, and mark, which draws what is not finished. `canvas`
// offers grid, size, begin(), drawn(rect), commit(), revert(), draw(shape), wand(x, y, value) and
// post(message). `view` brings places of the image to a scale of CSS pixels.
class Tool {
  constructor(canvas) { this.canvas = canvas; }
  get busy() { return false; }
  press() {}
  move() {}
  release() {}
  finish() {}
  back() { return false; }
  cancel() {}
  pinched() { this.cancel(); } // a second finger: the first one was not meant to draw
  mark() {}
}

class Brush extends Tool {
  get busy() { return Boolean(this.last); }

  press(point, value) {
    this.value = value;
    this.last = brushPoint(point, this.canvas.size);
    this.canvas.begin();
    this.line(this.last);
  }

  line(next) {
    const { canvas } = this;
    canvas.drawn(drawLine(canvas.grid, this.last, next, canvas.size, this.value));
    this.last = next;
  }

  move(point) {
    if (this.last) this.line(brushPoint(point, this.canvas.size));
  }

  release() {
    if (!this.last) return;
    this.last = null;
    this.canvas.commit();
  }

  cancel() {
    if (!this.last) return;
    this.last = null;
    this.canvas.revert();
  }
}

class Encircle extends Brush {
  press(point, value) {
    this.trail = makeGrid(this.canvas.grid.width, this.canvas.grid.height);
    this.rect = null;
    super.press(point, value);
  }

  line(next) {
    this.rect = around(this.rect, drawLine(this.trail, this.last, next, this.canvas.size, 1));
    super.line(next);
  }

  release() {
    if (!this.last) return;
    const { canvas, trail, rect } = this;
    if (rect) canvas.drawn(fillEnclosed(canvas.grid, trail, rect, this.value));
    this.trail = null;
    super.release();
  }
}

class Lasso extends Tool {
  get busy() { return Boolean(this.points); }

  press(point, value) { this.value = value; this.points = [eighth(point)]; }

  move(point) { this.points?.push(eighth(point)); }

  release() {
    const { points, canvas } = this;
    this.points = null;
    if (points) canvas.draw((grid) => drawPolygon(grid, points, this.value));
  }

  cancel() { this.points = null; }

  mark(context, toView) {
    if (!this.points) return;
    for (const point of this.points) context.lineTo(...toView(point));
    context.closePath();
  }
}

class Polygon extends Tool {
  points = [];

  get busy() { return this.points.length > 0; }

  press(point, value, view) {
    const next = eighth(point), first = this.points[0], last = this.points.at(-1);
    const near = (other) => other && apart(view(other), view(next)) <= 2 * CLICK;
    if (this.points.length > 2 && (near(first) || near(last))) return this.finish();
    this.placed = !near(last);
    if (this.placed) this.points.push(next);
    this.value = value;
  }

  move(point) { this.end = point; }

  release() { this.placed = false; }

  pinched() { if (this.placed) this.points.pop(); }

  finish() {
    const { points } = this;
    this.points = [];
    if (points.length > 2) this.canvas.draw((grid) => drawPolygon(grid, points, this.value));
  }

  back() { return Boolean(this.points.pop()); }

  cancel() { this.points = []; }

  mark(context, toView) {
    if (!this.points.length) return;
    for (const point of this.points) context.lineTo(...toView(point));
    if (this.end) context.lineTo(...toView(this.end));
    for (const [x, y] of this.points.map(toView)) context.rect(x - 3, y - 3, 6, 6);
  }
}

// Press and drag, or click one corner and then the other.
class Corners extends Tool {
  constructor(canvas, done) { super(canvas); this.done = done; }

  get busy() { return Boolean(this.from); }

  press(point, value, view) {
    if (this.from) { this.to = point; this.second = true; return; }
    Object.assign(this, { from: point, to: point, value, second: false, at: view(point) });
  }

  move(point) { if (this.from) this.to = point; }

  release(point, view) {
    if (!this.from) return;
    const clicked = apart(view(this.to), this.at) <= CLICK;
    if (clicked && !this.second) return; // the other corner follows
    const box = boxOf(this.from, this.to);
    this.from = null;
    this.done(box, this.value);
  }

  cancel() { this.from = null; }

  mark(context, toView) {
    if (!this.from) return;
    const box = boxOf(this.from, this.to);
    const [x1, y1] = toView([box.x1, box.y1]), [x2, y2] = toView([box.x2, box.y2]);
    const rx = (x2 - x1) / 2, ry = (y2 - y1) / 2;
    if (this.round) context.ellipse(x1 + rx, y1 + ry, rx, ry, 0, 0, 2 * Math.PI);
    else context.rect(x1, y1, x2 - x1, y2 - y1);
  }
}

class Click extends Tool {
  constructor(canvas, done) { super(canvas); this.done = done; }

  press(point, value) {
    const [x, y] = pixelAt(point), { width, height } = this.canvas.grid;
    this.at = x >= 0 && y >= 0 && x < width && y < height ? [x, y, value] : null;
  }

  release() {
    const { at } = this;
    this.at = null;
    if (at) this.done(...at);
  }

  cancel() { this.at = null; }
}

export function makeTools(canvas) {
  const corners = (draw) => {
    return new Corners(canvas, (box, value) => canvas.draw((grid) => draw(grid, box, value)));
  };
  return {
    brush: new Brush(canvas),
    eraser: new Brush(canvas),
    encircle: new Encircle(canvas),
    lasso: new Lasso(canvas),
    polygon: new Polygon(canvas),
    ellipse: Object.assign(corners(drawEllipse), { round: true }),
    rectangle: corners(drawRectangle),
    fill: new Click(canvas, (x, y, value) => canvas.draw((grid) => fillArea(grid, x, y, value))),
    wand: new Click(canvas, (x, y, value) => canvas.wand(x, y, value)),
    pick: new Click(canvas, (x, y) => canvas.post({ kind: "pick", x, y })),
    box: new Corners(canvas, (box) => {
      const inside = clipped(canvas.grid, box);
      if (inside) canvas.post({ kind: "box", ...inside });
    }),
    pan: new Tool(canvas),
  };
}
