// Small masks as pictures: "#" is inside, "." outside, a line a row.

export function gridOf(picture) {
  const rows = picture.trim().split(/\s+/);
  const data = Uint8Array.from(rows.join(""), (mark) => (mark === "#" ? 1 : 0));
  return { width: rows[0].length, height: rows.length, data };
}

export function rowsOf({ width, height, data }) {
  const marks = Array.from(data, (value) => (value ? "#" : ".")).join("");
  return Array.from({ length: height }, (_, y) => marks.slice(y * width, (y + 1) * width));
}

// Rows of a picture, to compare with those of a grid.
export const rows = (picture) => picture.trim().split(/\s+/);

// The grid of all pixels for which `inside(x, y)` is true.
export function gridWhere(width, height, inside) {
  const data = new Uint8Array(width * height);
  for (let i = 0; i < data.length; i++) data[i] = inside(i % width, Math.floor(i / width)) ? 1 : 0;
  return { width, height, data };
}

// Whole numbers from 0 to below `limit`, the same ones in every run.
export function randomNumbers(seed) {
  let state = seed;
  return (limit) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * limit);
  };
}

export function randomGrid(random, width, height) {
  return gridWhere(width, height, () => random(2));
}

// What hangs together with (x, y) over sides of pixels, by adding neighbors until none is left.
export function connected(width, height, x, y, open) {
  const found = new Set([`${x} ${y}`]);
  for (const place of found) {
    const [px, py] = place.split(" ").map(Number);
    for (const [nx, ny] of [[px - 1, py], [px + 1, py], [px, py - 1], [px, py + 1]]) {
      if (nx >= 0 && ny >= 0 && nx < width && ny < height && open(nx, ny)) found.add(`${nx} ${ny}`);
    }
  }
  return (px, py) => found.has(`${px} ${py}`);
}
