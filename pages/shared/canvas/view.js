// What is seen of the image and its mask: three canvases of the size of the view.
//
// `scale` is CSS pixels a pixel of the image; (left, top) is where the image's corner lies. The
// mask is sampled to the screen, so there is never a full-size colored copy of it.

const LOWEST = 0.05, HIGHEST = 32, GRID_FROM = 8;
const SAMPLES = [[0.25, 0.75], [0.75, 0.25]];

export class View {
  constructor(box, below, above, marks) {
    this.box = box;
    this.canvases = [below, above, marks];
    [this.below, this.above, this.marks] = this.canvases.map((canvas) => canvas.getContext("2d"));
    this.look = { style: "overlay", opacity: 0.45, color: [230, 159, 0] };
    this.scale = 1;
    this.left = this.top = 0;
    this.fitted = true;
  }

  show(image, smaller, grid, under) {
    Object.assign(this, { image, smaller, grid, under });
  }

  // Not the box's, which has a border.
  get rect() { return this.canvases[0].getBoundingClientRect(); }

  get ratio() { return window.devicePixelRatio || 1; }

  resize() {
    const { clientWidth, clientHeight } = this.box;
    if (!clientWidth || !clientHeight) return;
    for (const canvas of this.canvases) {
      canvas.width = Math.round(clientWidth * this.ratio);
      canvas.height = Math.round(clientHeight * this.ratio);
    }
    if (this.fitted) this.fit(); else this.draw();
  }

  fit() {
    if (!this.grid) return;
    const { clientWidth: width, clientHeight: height } = this.box;
    this.scale = Math.min(width / this.grid.width, height / this.grid.height, HIGHEST);
    this.smallest = Math.min(LOWEST, this.scale);
    this.left = (width - this.grid.width * this.scale) / 2;
    this.top = (height - this.grid.height * this.scale) / 2;
    this.fitted = true;
    this.draw();
  }

  // To a scale, so that what is under (x, y) of the view stays there.
  zoom(x, y, scale) {
    const next = Math.min(HIGHEST, Math.max(this.smallest, scale));
    this.left = x - ((x - this.left) * next) / this.scale;
    this.top = y - ((y - this.top) * next) / this.scale;
    this.scale = next;
    this.pan(0, 0);
  }

  pan(dx, dy) {
    const { clientWidth: width, clientHeight: height } = this.box, rest = 40;
    this.left = Math.min(width - rest, Math.max(rest - this.grid.width * this.scale, this.left + dx));
    this.top = Math.min(height - rest, Math.max(rest - this.grid.height * this.scale, this.top + dy));
    this.fitted = false;
    this.draw();
  }

  // Where in the image a pointer is, in pixels with a fraction.
  place(event) {
    const at = this.rect;
    return [(event.clientX - at.left - this.left) / this.scale, (event.clientY - at.top - this.top) / this.scale];
  }

  draw() {
    if (!this.grid) return;
    const context = this.below, [canvas] = this.canvases, size = this.scale * this.ratio;
    context.clearRect(0, 0, canvas.width, canvas.height);
    const at = [this.left * this.ratio, this.top * this.ratio, this.grid.width * size, this.grid.height * size];
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
    const context = this.below, size = this.scale * this.ratio;
    const left = this.left * this.ratio, top = this.top * this.ratio, [canvas] = this.canvases;
    const columns = [Math.max(0, Math.floor(-left / size)), Math.min(this.grid.width, Math.ceil((canvas.width - left) / size))];
    const rows = [Math.max(0, Math.floor(-top / size)), Math.min(this.grid.height, Math.ceil((canvas.height - top) / size))];
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
    const started = performance.now(), size = this.scale * this.ratio, [, canvas] = this.canvases;
    const left = this.left * this.ratio, top = this.top * this.ratio, rim = 3;
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
    this.color(new Uint32Array(picture.data.buffer), this.sample(x1, y1, x2 - x1, y2 - y1), x2 - x1, y2 - y1);
    this.above.putImageData(picture, x1, y1);
    this.milliseconds = performance.now() - started;
  }

  // How much of a screen pixel is inside: 0, 1 or 2 halves. Zoomed in, one sample says it all.
  sample(x1, y1, width, height) {
    const size = this.scale * this.ratio, { width: columns, height: rows, data } = this.grid;
    const counts = new Uint8Array(width * height), places = new Int32Array(width);
    const [weight, samples] = size < 0.75 ? [1, SAMPLES] : [2, [[0.5, 0.5]]];
    for (const [sx, sy] of samples) {
      let from = width, to = 0;
      for (let i = 0; i < width; i++) {
        places[i] = Math.floor((x1 + i + sx - this.left * this.ratio) / size);
        if (places[i] >= 0 && places[i] < columns) { from = Math.min(from, i); to = i + 1; }
      }
      for (let j = 0; j < height; j++) {
        const row = Math.floor((y1 + j + sy - this.top * this.ratio) / size);
        if (row < 0 || row >= rows) continue;
        const start = row * columns, out = j * width;
        for (let i = from; i < to; i++) counts[out + i] += data[start + places[i]] * weight;
      }
    }
    return counts;
  }

  color(pixels, counts, width, height) {
    const { style, opacity, color } = this.look, [r, g, b] = style === "mask" ? [255, 255, 255] : color;
    const rgb = (b << 16) | (g << 8) | r, strength = style === "mask" ? 1 : style === "outline" ? 0 : opacity;
    const shades = [0, 1, 2].map((n) => ((Math.round((strength * 255 * n) / 2) << 24) | rgb) >>> 0);
    for (let i = 0; i < counts.length; i++) if (counts[i]) pixels[i] = shades[counts[i]];
    if (style === "mask") return;
    const solid = (0xff000000 | rgb) >>> 0, wide = this.ratio > 1 ? 2 : 1;
    for (let y = wide; y < height - wide; y++) {
      for (let i = y * width + wide, end = (y + 1) * width - wide; i < end; i++) {
        if (counts[i] && !(counts[i - wide] && counts[i + wide] && counts[i - wide * width] && counts[i + wide * width])) pixels[i] = solid;
      }
    }
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
      drawing(context, (point) => [point[0] * this.scale + this.left, point[1] * this.scale + this.top]);
      context.strokeStyle = style;
      context.lineWidth = width;
      context.stroke();
    }
  }
}

// The image and its halves, quarters, ... for views that are zoomed out.
export async function decodeImage(blob) {
  const image = await createImageBitmap(blob, { colorSpaceConversion: "none", premultiplyAlpha: "none" });
  const smaller = [];
  for (let last = image; Math.max(last.width, last.height) > 1600; smaller.push(last)) {
    last = await createImageBitmap(last, {
      resizeWidth: Math.max(1, last.width >> 1), resizeHeight: Math.max(1, last.height >> 1), resizeQuality: "medium",
    });
  }
  return { image, smaller };
}

export function readPixels(image) {
  const canvas = new OffscreenCanvas(image.width, image.height);
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.drawImage(image, 0, 0);
  return context.getImageData(0, 0, image.width, image.height).data;
}
