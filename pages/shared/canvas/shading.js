// A mask sampled to the screen and colored there.

const SAMPLES = [[0.25, 0.75], [0.75, 0.25]];

// How much of each screen pixel of a rect is inside the mask: 0, 1 or 2 halves. A pixel of the mask
// is `size` screen pixels wide; (left, top) is where the mask's corner lies on the screen.
export function sampleMask(grid, { size, left, top }, { x1, y1, x2, y2 }) {
  const { width: columns, height: rows, data } = grid, width = x2 - x1, height = y2 - y1;
  const counts = new Uint8Array(width * height), places = new Int32Array(width);
  // Zoomed in, one sample says it all.
  const [weight, samples] = size < 0.75 ? [1, SAMPLES] : [2, [[0.5, 0.5]]];
  for (const [sx, sy] of samples) {
    let from = width, to = 0;
    for (let i = 0; i < width; i++) {
      places[i] = Math.floor((x1 + i + sx - left) / size);
      if (places[i] >= 0 && places[i] < columns) { from = Math.min(from, i); to = i + 1; }
    }
    for (let j = 0; j < height; j++) {
      const row = Math.floor((y1 + j + sy - top) / size);
      if (row < 0 || row >= rows) continue;
      const start = row * columns, out = j * width;
      for (let i = from; i < to; i++) counts[out + i] += data[start + places[i]] * weight;
    }
  }
  return counts;
}

// Color samples into 32-bit pixels, red in the lowest byte. `rim` is the width of the outline.
export function shade(pixels, counts, width, { style, opacity, color }, rim) {
  const [r, g, b] = style === "mask" ? [255, 255, 255] : color;
  const rgb = (b << 16) | (g << 8) | r;
  const strength = { mask: 1, outline: 0 }[style] ?? opacity;
  const shades = [0, 1, 2].map((n) => ((Math.round((strength * 255 * n) / 2) << 24) | rgb) >>> 0);
  for (let i = 0; i < counts.length; i++) if (counts[i]) pixels[i] = shades[counts[i]];
  if (style !== "mask") outline(pixels, counts, width, (0xff000000 | rgb) >>> 0, rim);
}

function outline(pixels, counts, width, solid, rim) {
  const height = counts.length / width, below = rim * width;
  for (let y = rim; y < height - rim; y++) {
    for (let i = y * width + rim, end = (y + 1) * width - rim; i < end; i++) {
      const beside = counts[i - rim] && counts[i + rim];
      if (counts[i] && !(beside && counts[i - below] && counts[i + below])) pixels[i] = solid;
    }
  }
}
