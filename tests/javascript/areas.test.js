// Areas against hand-made pictures and against what spreads step by step.
import assert from "node:assert/strict";
import { test } from "node:test";

import { drawAlike, fillArea, fillEnclosed, whole } from "../../pages/shared/canvas/pixels.js";
import {
  connected, gridOf, gridWhere, randomGrid, randomNumbers, rows, rowsOf,
} from "./pictures.js";

// An image whose pixels are [red, green, blue].
function imageOf(pixels) {
  return Uint8ClampedArray.from(pixels.flatMap(([r, g, b]) => [r, g, b, 255]));
}

test("a fill reaches to the border of the area, not over corners", () => {
  const grid = gridOf(`
    .#...
    ##.#.
    ..###
    .....`);
  assert.deepEqual(fillArea(grid, 2, 1, 1), { x1: 2, y1: 0, x2: 5, y2: 2 });
  assert.deepEqual(
    rowsOf(grid),
    rows(`
      .####
      #####
      ..###
      .....`),
  );
});

test("a fill with what is there already changes nothing", () => {
  const grid = gridOf("#.\n..");
  assert.equal(fillArea(grid, 0, 0, 1), null);
  assert.deepEqual(rowsOf(grid), ["#.", ".."]);
});

test("a fill empties an area as well", () => {
  const grid = gridOf(`
    ##.##
    .#..#`);
  fillArea(grid, 0, 0, 0);
  assert.deepEqual(
    rowsOf(grid),
    rows(`
      ...##
      ....#`),
  );
});

test("a fill takes what hangs together over sides of pixels, in any grid", () => {
  const random = randomNumbers(6);
  for (let k = 0; k < 200; k++) {
    const width = 1 + random(9), height = 1 + random(9), grid = randomGrid(random, width, height);
    const x = random(width), y = random(height), before = grid.data.slice();
    const value = before[y * width + x] ? 0 : 1;
    const open = (px, py) => before[py * width + px] !== value;
    const reached = connected(width, height, x, y, open);
    const expected = gridWhere(width, height, (px, py) => {
      return reached(px, py) ? value : before[py * width + px];
    });
    fillArea(grid, x, y, value);
    assert.deepEqual(rowsOf(grid), rowsOf(expected), `from ${x}, ${y}`);
  }
});

test("a closed line shuts in what a path over sides of pixels cannot leave", () => {
  const line = gridOf(`
    .......
    ..###..
    .#...#.
    .#..#..
    ..##...
    .......`);
  const grid = gridOf(`
    #......
    .......
    .......
    .......
    .......
    ......#`);
  fillEnclosed(grid, line, { x1: 1, y1: 1, x2: 6, y2: 5 }, 1);
  assert.deepEqual(
    rowsOf(grid),
    rows(`
      #......
      .......
      ..###..
      ..##...
      .......
      ......#`),
  );
});

test("an open line shuts in nothing", () => {
  const line = gridOf(`
    .###
    .#.#
    .#..
    .###`);
  const grid = gridOf("....\n....\n....\n....");
  fillEnclosed(grid, line, whole(line), 1);
  assert.equal(grid.data.includes(1), false);
});

test("shut in is what is neither line nor connected with the outside", () => {
  const random = randomNumbers(7);
  for (let k = 0; k < 200; k++) {
    const width = 3 + random(8), height = 3 + random(8);
    const line = gridWhere(width, height, () => random(3) > 0);
    const atLine = (x, y) => line.data[(y - 1) * width + x - 1] && x > 0 && x <= width;
    const outside = connected(width + 2, height + 2, 0, 0, (x, y) => !atLine(x, y));
    const expected = gridWhere(width, height, (x, y) => {
      return !atLine(x + 1, y + 1) && !outside(x + 1, y + 1);
    });
    const grid = gridWhere(width, height, () => false);
    fillEnclosed(grid, line, whole(line), 1);
    assert.deepEqual(rowsOf(grid), rowsOf(expected), rowsOf(line).join(" "));
  }
});

test("the wand takes what differs by the tolerance in a channel, and no more", () => {
  const rgba = imageOf([
    [100, 100, 100], [110, 90, 100], [111, 100, 100], [100, 89, 100], [100, 100, 110],
  ]);
  const grid = gridOf(".....");
  assert.deepEqual(drawAlike(grid, rgba, 0, 0, 10, false, 1), whole(grid));
  assert.deepEqual(rowsOf(grid), ["##..#"]);
});

test("the wand compares with the pixel that was clicked, not with its neighbor", () => {
  const rgba = imageOf([10, 20, 30, 40, 50].map((value) => [value, value, value]));
  const grid = gridOf(".....");
  assert.deepEqual(drawAlike(grid, rgba, 2, 0, 10, true, 1), { x1: 1, y1: 0, x2: 4, y2: 1 });
  assert.deepEqual(rowsOf(grid), [".###."]);
});

test("the connected wand stops where the color changes, the other takes all of the image", () => {
  const picture = `
    ##.#
    .#.#
    ##..`;
  const { data } = gridOf(picture);
  const rgba = imageOf(Array.from(data, (value) => [200 * value, 0, 0]));
  const connectedOnly = gridOf("....\n....\n....");
  drawAlike(connectedOnly, rgba, 0, 0, 5, true, 1);
  assert.deepEqual(rowsOf(connectedOnly), ["##..", ".#..", "##.."]);
  const all = gridOf("....\n....\n....");
  drawAlike(all, rgba, 0, 0, 5, false, 1);
  assert.deepEqual(rowsOf(all), rows(picture));
});

test("the wand erases, and what it took already does not stop it", () => {
  const rgba = imageOf(Array.from({ length: 6 }, () => [7, 7, 7]));
  const grid = gridOf("#.#\n.#.");
  drawAlike(grid, rgba, 1, 1, 0, true, 1);
  assert.deepEqual(rowsOf(grid), ["###", "###"]);
  drawAlike(grid, rgba, 2, 0, 0, true, 0);
  assert.deepEqual(rowsOf(grid), ["...", "..."]);
});

test("with any tolerance the wand takes what is alike and connected, pixel by pixel", () => {
  const random = randomNumbers(8);
  for (let k = 0; k < 100; k++) {
    const width = 1 + random(8), height = 1 + random(8), tolerance = random(5);
    const pixels = Array.from({ length: width * height }, () => [random(6), random(6), random(6)]);
    const x = random(width), y = random(height), clicked = pixels[y * width + x];
    const alike = (px, py) => {
      const differences = pixels[py * width + px].map((value, c) => Math.abs(value - clicked[c]));
      return Math.max(...differences) <= tolerance;
    };
    const expected = gridWhere(width, height, connected(width, height, x, y, alike));
    const grid = gridWhere(width, height, () => false);
    drawAlike(grid, imageOf(pixels), x, y, tolerance, true, 1);
    assert.deepEqual(rowsOf(grid), rowsOf(expected));
  }
});
