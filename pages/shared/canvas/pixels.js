// Shapes on a mask, exact to the pixel and never anti-aliased.
//
// A grid is { width, height, data }: one byte a pixel, 0 or 1, row by row. A rect is
// { x1, y1, x2, y2 } in pixels with an exclusive maximum. A pixel belongs to a shape if its center
// does. Every function that draws returns the rect that it may have changed, or null.

export function makeGrid(width, height) {
  return { width, height, data: new Uint8Array(width * height) };
}

export function around(a, b) {
  if (!a || !b) return a || b || null;
  return {
    x1: Math.min(a.x1, b.x1), y1: Math.min(a.y1, b.y1),
    x2: Math.max(a.x2, b.x2), y2: Math.max(a.y2, b.y2),
  };
}

export function clipped(grid, rect) {
  const x1 = Math.max(0, rect.x1), y1 = Math.max(0, rect.y1);
  const x2 = Math.min(grid.width, rect.x2), y2 = Math.min(grid.height, rect.y2);
  return x1 < x2 && y1 < y2 ? { x1, y1, x2, y2 } : null;
}

export function whole(grid) {
  return { x1: 0, y1: 0, x2: grid.width, y2: grid.height };
}

function fillRow(grid, y, x1, x2, value) {
  if (x1 < x2) grid.data.fill(value, y * grid.width + x1, y * grid.width + x2);
}

// A row from the first to the last pixel that is inside, within a rect. The first and last are
// known up to rounding; the exact test decides.
function fillInside(grid, rect, y, first, last, inside, value) {
  let x1 = Math.max(rect.x1, Math.floor(first) - 1);
  let x2 = Math.min(rect.x2, Math.ceil(last) + 2);
  while (x1 < x2 && !inside(x1)) x1++;
  while (x2 > x1 && !inside(x2 - 1)) x2--;
  fillRow(grid, y, x1, x2, value);
}

// A brush of odd size sits on pixel centers, one of even size on pixel corners, so size 1 paints
// just the pixel under the pointer. The result is in half pixels: whole numbers, so that what is
// inside is decided exactly.
export function brushPoint(point, size) {
  const snap = (value) => (size % 2 ? 2 * Math.floor(value) + 1 : 2 * Math.round(value));
  return [snap(point[0]), snap(point[1])];
}

// All pixels within size / 2 of the line from a to b, both from brushPoint.
export function drawLine(grid, a, b, size, value) {
  const [ax, ay] = a, [bx, by] = b, dx = bx - ax, dy = by - ay;
  const length2 = dx * dx + dy * dy, reach2 = size * size;
  const inside = (px, py) => {
    const ex = px - ax, ey = py - ay, along = ex * dx + ey * dy;
    if (along <= 0) return ex * ex + ey * ey <= reach2;
    if (along >= length2) return (px - bx) ** 2 + (py - by) ** 2 <= reach2;
    return (ex * dy - ey * dx) ** 2 <= reach2 * length2;
  };
  const first = (low) => Math.ceil((low - size - 1) / 2);
  const last = (high) => Math.floor((high + size - 1) / 2);
  const rect = clipped(grid, {
    x1: first(Math.min(ax, bx)), y1: first(Math.min(ay, by)),
    x2: last(Math.max(ax, bx)) + 1, y2: last(Math.max(ay, by)) + 1,
  });
  if (!rect) return null;
  const sides = sidesOf(a, b, size);
  for (let y = rect.y1; y < rect.y2; y++) {
    const py = 2 * y + 1, [low, high] = rowOf(py, a, b, size, sides);
    fillInside(grid, rect, y, (low - 1) / 2, (high - 1) / 2, (x) => inside(2 * x + 1, py), value);
  }
  return rect;
}

function sidesOf(a, b, size) {
  const length = Math.hypot(b[0] - a[0], b[1] - a[1]);
  if (!length) return [];
  const nx = ((b[1] - a[1]) * size) / length, ny = ((a[0] - b[0]) * size) / length;
  const corners = [
    [a[0] + nx, a[1] + ny], [b[0] + nx, b[1] + ny], [b[0] - nx, b[1] - ny], [a[0] - nx, a[1] - ny],
  ];
  return corners.map((corner, i) => [corner, corners[(i + 1) % 4]]);
}

function rowOf(py, a, b, size, sides) {
  let low = Infinity, high = -Infinity;
  const add = (x) => { low = Math.min(low, x); high = Math.max(high, x); };
  for (const [cx, cy] of [a, b]) {
    const half2 = size * size - (py - cy) ** 2;
    if (half2 >= 0) { add(cx - Math.sqrt(half2)); add(cx + Math.sqrt(half2)); }
  }
  for (const [[px, qy], [rx, sy]] of sides) {
    if (py < Math.min(qy, sy) || py > Math.max(qy, sy)) continue;
    if (qy === sy) { add(px); add(rx); } else add(px + ((py - qy) * (rx - px)) / (sy - qy));
  }
  return low === Infinity ? [0, -4] : [low, high];
}

export function drawRectangle(grid, box, value) {
  const rect = clipped(grid, box);
  if (!rect) return null;
  for (let y = rect.y1; y < rect.y2; y++) fillRow(grid, y, rect.x1, rect.x2, value);
  return rect;
}

// The ellipse that touches the box's four sides.
export function drawEllipse(grid, box, value) {
  const rect = clipped(grid, box);
  if (!rect) return null;
  const w = box.x2 - box.x1, h = box.y2 - box.y1;
  for (let y = rect.y1; y < rect.y2; y++) {
    const ey = (2 * y + 1 - box.y1 - box.y2) * w, left2 = (w * h) ** 2 - ey * ey;
    if (left2 < 0) continue;
    const inside = (x) => ((2 * x + 1 - box.x1 - box.x2) * h) ** 2 <= left2;
    const half = Math.sqrt(left2) / h, middle = box.x1 + box.x2 - 1;
    fillInside(grid, rect, y, (middle - half) / 2, (middle + half) / 2, inside, value);
  }
  return rect;
}

const lowest = (values) => Math.floor(values.reduce((a, b) => Math.min(a, b)));
const highest = (values) => Math.ceil(values.reduce((a, b) => Math.max(a, b)));

// Even-odd; a center on a left or upper edge is inside, on a right or lower edge outside.
export function drawPolygon(grid, points, value) {
  if (points.length < 3) return null;
  const xs = points.map((p) => p[0]), ys = points.map((p) => p[1]);
  const rect = clipped(grid, { x1: lowest(xs), y1: lowest(ys), x2: highest(xs), y2: highest(ys) });
  if (!rect) return null;
  for (let y = rect.y1; y < rect.y2; y++) {
    const center = y + 0.5, crossings = [];
    for (let i = 0, j = points.length - 1; i < points.length; j = i++) {
      const [px, py] = points[j], [qx, qy] = points[i];
      if (py <= center === qy <= center) continue;
      crossings.push(px + ((center - py) * (qx - px)) / (qy - py));
    }
    crossings.sort((a, b) => a - b);
    for (let k = 0; k + 1 < crossings.length; k += 2) {
      const x1 = Math.max(rect.x1, Math.ceil(crossings[k] - 0.5));
      const x2 = Math.min(rect.x2, Math.ceil(crossings[k + 1] - 0.5));
      fillRow(grid, y, x1, x2, value);
    }
  }
  return rect;
}

// Spread from (x, y) to 4-neighbours row by row; take(from, to) gets each run of flat places once.
function spread(width, height, x, y, open, take) {
  const stack = [[x, y]];
  while (stack.length) {
    const [sx, sy] = stack.pop(), row = sy * width;
    if (!open(row + sx)) continue;
    let x1 = sx, x2 = sx + 1;
    while (x1 > 0 && open(row + x1 - 1)) x1--;
    while (x2 < width && open(row + x2)) x2++;
    take(row + x1, row + x2, x1, x2, sy);
    for (const next of [sy - 1, sy + 1]) {
      if (next < 0 || next >= height) continue;
      const start = next * width;
      for (let i = x1, within = false; i < x2; i++) {
        const free = open(start + i);
        if (free && !within) stack.push([i, next]);
        within = free;
      }
    }
  }
}

// The connected area of one value around (x, y) gets the other.
export function fillArea(grid, x, y, value) {
  const { width, height, data } = grid;
  if (data[y * width + x] === value) return null;
  let rect = null;
  spread(width, height, x, y, (i) => data[i] !== value, (from, to, x1, x2, row) => {
    data.fill(value, from, to);
    rect = around(rect, { x1, y1: row, x2, y2: row + 1 });
  });
  return rect;
}

// Pixels of the image of which no channel differs from the one at (x, y) by more than tolerance.
export function drawAlike(grid, rgba, x, y, tolerance, contiguous, value) {
  const { width, height, data } = grid, at = 4 * (y * width + x);
  const r = rgba[at], g = rgba[at + 1], b = rgba[at + 2];
  const alike = (i) => Math.abs(rgba[4 * i] - r) <= tolerance
    && Math.abs(rgba[4 * i + 1] - g) <= tolerance && Math.abs(rgba[4 * i + 2] - b) <= tolerance;
  let rect = null;
  if (contiguous) {
    const seen = new Uint8Array(width * height);
    spread(width, height, x, y, (i) => !seen[i] && alike(i), (from, to, x1, x2, row) => {
      seen.fill(1, from, to);
      data.fill(value, from, to);
      rect = around(rect, { x1, y1: row, x2, y2: row + 1 });
    });
    return rect;
  }
  for (let i = 0; i < data.length; i++) if (alike(i)) data[i] = value;
  return whole(grid);
}

// Everything that a closed line shuts in gets the value; `line` is a grid with the line alone.
export function fillEnclosed(grid, line, rect, value) {
  const width = rect.x2 - rect.x1 + 2, height = rect.y2 - rect.y1 + 2;
  const outside = new Uint8Array(width * height); // with a rim, so that one start reaches all of it
  for (let y = rect.y1; y < rect.y2; y++) {
    const row = line.data.subarray(y * line.width + rect.x1, y * line.width + rect.x2);
    outside.set(row, (y - rect.y1 + 1) * width + 1);
  }
  spread(width, height, 0, 0, (i) => !outside[i], (from, to) => outside.fill(2, from, to));
  for (let y = rect.y1; y < rect.y2; y++) {
    for (let x = rect.x1, i = (y - rect.y1 + 1) * width + 1; x < rect.x2; x++, i++) {
      if (!outside[i]) grid.data[y * grid.width + x] = value;
    }
  }
  return rect;
}
