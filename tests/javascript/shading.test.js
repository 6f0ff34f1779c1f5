import assert from "node:assert/strict";
import { test } from "node:test";

import { sampleMask, shade } from "../../pages/shared/canvas/shading.js";
import { gridOf } from "./pictures.js";

const ORANGE = [230, 159, 0];

function sampled(grid, place, width, height) {
  const counts = sampleMask(grid, place, { x1: 0, y1: 0, x2: width, y2: height });
  const row = (y) => counts.slice(y * width, (y + 1) * width).join("");
  return Array.from({ length: height }, (_, y) => row(y));
}

// Colors as [red, green, blue, opacity], in a row each.
function shaded(counts, width, look, rim = 1) {
  const pixels = new Uint32Array(counts.length);
  shade(pixels, Uint8Array.from(counts), width, look, rim);
  const bytes = new Uint8Array(pixels.buffer);
  return counts.map((_, i) => Array.from(bytes.subarray(4 * i, 4 * i + 4)));
}

test("at its own size every pixel is inside wholly or not at all", () => {
  const grid = gridOf("#.#\n.#.");
  assert.deepEqual(sampled(grid, { size: 1, left: 0, top: 0 }, 3, 2), ["202", "020"]);
});

test("enlarged twice a pixel of the mask is two on the screen", () => {
  const grid = gridOf("#.\n.#");
  assert.deepEqual(
    sampled(grid, { size: 2, left: 0, top: 0 }, 4, 4), ["2200", "2200", "0022", "0022"],
  );
});

test("what lies beside the mask is outside", () => {
  const grid = gridOf("##\n##");
  assert.deepEqual(
    sampled(grid, { size: 1, left: 1, top: -1 }, 4, 3), ["0220", "0000", "0000"],
  );
});

test("a part of the screen is sampled as that part of the whole", () => {
  const grid = gridOf("#.#.\n.#.#\n##..");
  const counts = sampleMask(grid, { size: 1, left: 0, top: 0 }, { x1: 1, y1: 1, x2: 4, y2: 3 });
  assert.deepEqual([...counts], [2, 0, 2, 2, 0, 0]);
});

test("reduced to a half, of each four pixels those at lower left and upper right are asked", () => {
  const grid = gridOf(`
    #..#.##.
    .###..#.`);
  assert.deepEqual(sampled(grid, { size: 0.5, left: 0, top: 0 }, 4, 1), ["0211"]);
});

test("an overlay is as opaque as wanted, half of that where half a pixel is inside", () => {
  const look = { style: "overlay", opacity: 0.4, color: ORANGE };
  assert.deepEqual(shaded([0, 1, 2], 3, look), [
    [0, 0, 0, 0], [...ORANGE, 51], [...ORANGE, 102],
  ]);
});

test("alone the mask is white, without an outline", () => {
  const look = { style: "mask", opacity: 0.4, color: ORANGE };
  const colors = shaded([0, 0, 0, 0, 2, 0, 0, 0, 0], 3, look);
  assert.deepEqual(colors[4], [255, 255, 255, 255]);
  assert.deepEqual(colors[0], [0, 0, 0, 0]);
});

test("an outline is solid where a side of a pixel is outside, and nothing within", () => {
  const look = { style: "outline", opacity: 0.4, color: ORANGE };
  const counts = gridOf(`
    .......
    .#####.
    .#####.
    .#####.
    .......`).data.map((value) => 2 * value);
  const solid = shaded([...counts], 7, look).map((color) => (color[3] === 255 ? "#" : "."));
  assert.deepEqual(Array.from({ length: 5 }, (_, y) => solid.slice(7 * y, 7 * y + 7).join("")), [
    ".......", ".#####.", ".#...#.", ".#####.", ".......",
  ]);
});

test("an overlay has a solid outline too, of two pixels on fine screens", () => {
  const look = { style: "overlay", opacity: 0.4, color: ORANGE };
  const counts = Array.from({ length: 81 }, (_, i) => {
    const x = i % 9, y = Math.floor(i / 9);
    return x > 1 && x < 7 && y > 1 && y < 7 ? 2 : 0;
  });
  const row = shaded(counts, 9, look, 2).slice(36, 45).map((color) => color[3]);
  assert.deepEqual(row, [0, 0, 255, 255, 102, 255, 255, 0, 0]);
});
