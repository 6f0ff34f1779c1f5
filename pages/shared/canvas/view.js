// What is seen of the image and its mask: three canvases of the size of the view.
//
// The mask is sampled to the screen, so there is never a full-size colored copy of it.
import { Placement } from "./placement.js";
import { sampleMask, shade } from "./shading.js";

const GRID_FROM = 8;

export class View extends Placement {
  constructor(box, below, above, marks) {
    super(box);
    this.canvases = [below, above, marks];
    [this.below, this.above, this.marks] = this.canvases.map((canvas) => canvas.getContext("2d"));
    this.look = { style: "overlay", opacity: 0.45, color: [230, 159, 0] };
  }

  show(image, smaller, grid, under) {
    Object.assign(this, { image, smaller, grid, under });
  }

  // Not the box's, which has a border.
  get rect() { return this.canvases[0].getBoundingClientRect(); }

  get ratio() { return window.devicePixelRatio || 1; }

  // Where the image lies in pixels of the screen.
  get onScreen() {
    const { ratio } = this;
    return { size: this.scale * ratio, left: this.left * ratio, top: this.top * ratio };
  }

  resize() {
    const { clientWidth, clientHeight } = this.box;
    if (!clientWidth || !clientHeight) return;
    for (const canvas of this.canvases) {
      canvas.width = Math.round(clientWidth * this.ratio);
      canvas.height = Math.round(clientHeight * this.ratio);
    }
    if (this.fitted) this.fit(); else this.draw();
  }

  // Where a pointer is in the view, and in the image.
  within(event) {
    const at = this.rect;
    return [event.clientX - at.left, event.clientY - at.top];
  }

  place(event) { return this.toImage(...this.within(event)); }

  draw() {
    if (!this.grid) return;
    const context = this.below, [canvas] = this.canvases, { size, left, top } = this.onScreen;
    context.clearRect(0, 0, canvas.width, canvas.height);
    const at = [left, top, this.grid.width * size, this.grid.height * size];
    if (this.look.style === "mask") {
      context.fillStyle = "#000";
      context.fillRect(...at);
    } else {
      let k = 0;
      while (k < this.smaller.length && size * 2 ** (k + 1) <= 1) k++;
      context.imageSmoothingEnabled = size < 2;
      context.drawImage(k ? this.smaller[k - 1] : this.image, ...at);
      if (this.under) context.drawImage(this.under, ...at);
    }
    this.drawMask();
    if (this.scale >= GRID_FROM) this.drawGrid();
    this.afterDraw?.();
  }

  drawGrid() {
    const context = this.below, [canvas] = this.canvases, { size, left, top } = this.onScreen;
    const seen = (start, room, count) => [
      Math.max(0, Math.floor(-start / size)), Math.min(count, Math.ceil((room - start) / size)),
    ];
    const columns = seen(left, canvas.width, this.grid.width);
    const rows = seen(top, canvas.height, this.grid.height);
    context.beginPath();
    for (let x = columns[0]; x <= columns[1]; x++) {
      context.moveTo(Math.round(left + x * size) + 0.5, top + rows[0] * size);
      context.lineTo(Math.round(left + x * size) + 0.5, top + rows[1] * size);
    }
    for (let y = rows[0]; y <= rows[1]; y++) {
      context.moveTo(left + columns[0] * size, Math.round(top + y * size) + 0.5);
      context.lineTo(left + columns[1] * size, Math.round(top + y * size) + 0.5);
    }
    context.strokeStyle = "rgba(128, 128, 128, 0.5)";
    context.lineWidth = 1;
    context.stroke();
  }

  // The mask, or only where a rect of the image is seen.
  drawMask(rect) {
    const started = performance.now(), [, canvas] = this.canvases, rim = 3;
    const { size, left, top } = this.onScreen;
    let x1 = 0, y1 = 0, x2 = canvas.width, y2 = canvas.height;
    if (rect) {
      x1 = Math.max(x1, Math.floor(rect.x1 * size + left) - rim);
      y1 = Math.max(y1, Math.floor(rect.y1 * size + top) - rim);
      x2 = Math.min(x2, Math.ceil(rect.x2 * size + left) + rim);
      y2 = Math.min(y2, Math.ceil(rect.y2 * size + top) + rim);
    }
    if (x1 >= x2 || y1 >= y2) return;
    if (this.look.style === "image") { this.above.clearRect(x1, y1, x2 - x1, y2 - y1); return; }
    const picture = this.above.createImageData(x2 - x1, y2 - y1);
    const counts = sampleMask(this.grid, { size, left, top }, { x1, y1, x2, y2 });
    const pixels = new Uint32Array(picture.data.buffer);
    shade(pixels, counts, x2 - x1, this.look, this.ratio > 1 ? 2 : 1);
    this.above.putImageData(picture, x1, y1);
    this.milliseconds = performance.now() - started;
  }

  // Draw on the topmost canvas, in CSS pixels of the view: the cursor and unfinished shapes.
  mark(drawing) {
    const context = this.marks;
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, context.canvas.width, context.canvas.height);
    context.setTransform(this.ratio, 0, 0, this.ratio, 0, 0);
    // Light on dark, so that it is seen on every image.
    for (const [style, width] of [["rgba(0, 0, 0, 0.65)", 3], ["#fff", 1.25]]) {
      context.beginPath();
      drawing(context, (point) => this.toView(point));
      context.strokeStyle = style;
      context.lineWidth = width;
      context.stroke();
    }
  }
}

// The brush's circle, with a cross around it where it is too small to be seen.
export function traceCursor(context, [x, y], radius) {
  context.moveTo(x + Math.max(radius, 1), y);
  context.arc(x, y, Math.max(radius, 1), 0, 2 * Math.PI);
  if (radius >= 4) return;
  for (const [dx, dy] of [[1, 0], [-1, 0], [0, 1], [0, -1]]) {
    context.moveTo(x + 5 * dx, y + 5 * dy);
    context.lineTo(x + 9 * dx, y + 9 * dy);
  }
}
