// Shapes against their definitions: a pixel belongs to a shape if its center does. The definitions
// are worked out for one pixel after another, in whole numbers.
import assert from "node:assert/strict";
import { test } from "node:test";

import {
  around, brushPoint, clipped, drawEllipse, drawLine, drawPolygon, drawRectangle, makeGrid,
} from "../../pages/shared/canvas/pixels.js";
import { gridWhere, randomNumbers, rows, rowsOf } from "./pictures.js";

const SIZES = [1, 2, 3, 4, 5, 8, 13];

function drawnBy(width, height, draw) {
  const grid = makeGrid(width, height);
  draw(grid);
  return rowsOf(grid);
}

// Twice as long as in pixels, so that centers and corners of pixels are whole.
function isNearLine([ax, ay], [bx, by], size, x, y) {
  const px = 2 * x + 1, py = 2 * y + 1;
  const fromA = (px - ax) ** 2 + (py - ay) ** 2, fromB = (px - bx) ** 2 + (py - by) ** 2;
  if (Math.min(fromA, fromB) <= size ** 2) return true;
  const length2 = (bx - ax) ** 2 + (by - ay) ** 2;
  const along = (px - ax) * (bx - ax) + (py - ay) * (by - ay);
  if (along <= 0 || along >= length2) return false;
  return fromA * length2 - along ** 2 <= size ** 2 * length2; // Pythagoras
}

function isInEllipse({ x1, y1, x2, y2 }, x, y) {
  const w = x2 - x1, h = y2 - y1;
  return ((2 * x + 1 - x1 - x2) * h) ** 2 + ((2 * y + 1 - y1 - y2) * w) ** 2 <= (w * h) ** 2;
}

// Corners lie on eighths of a pixel. Counts the edges to the left of the center, or through it.
function isInPolygon(corners, x, y) {
  const cx = 8 * x + 4, cy = 8 * y + 4;
  const points = corners.map((corner) => corner.map((value) => 8 * value));
  const passed = points.filter(([ax, ay], i) => {
    const [bx, by] = points[(i + 1) % points.length];
    if (Math.min(ay, by) > cy || Math.max(ay, by) <= cy) return false;
    const side = (cx - ax) * (by - ay) - (cy - ay) * (bx - ax);
    return by > ay ? side >= 0 : side <= 0;
  });
  return passed.length % 2 === 1;
}

test("a brush of one pixel paints the pixel under the pointer", () => {
  const point = brushPoint([2.99, 1.01], 1);
  assert.deepEqual(point, [5, 3]); // its center, in half pixels
  assert.deepEqual(
    drawnBy(5, 3, (grid) => drawLine(grid, point, point, 1, 1)),
    rows(`
      .....
      ..#..
      .....`),
  );
});

test("a brush of even size sits on the nearest corner of pixels", () => {
  const point = brushPoint([3.4, 2.6], 4);
  assert.deepEqual(point, [6, 6]);
  assert.deepEqual(
    drawnBy(6, 6, (grid) => drawLine(grid, point, point, 4, 1)),
    rows(`
      ......
      ..##..
      .####.
      .####.
      ..##..
      ......`),
  );
});

test("a brush of odd size sits on the middle of a pixel", () => {
  const point = brushPoint([3.9, 2.1], 5);
  assert.deepEqual(
    drawnBy(7, 6, (grid) => drawLine(grid, point, point, 5, 1)),
    rows(`
      ..###..
      .#####.
      .#####.
      .#####.
      ..###..
      .......`),
  );
});

test("a line holds all centers within half its size, wherever it begins and ends", () => {
  const random = randomNumbers(2);
  for (let k = 0; k < 400; k++) {
    const size = SIZES[k % SIZES.length], width = 1 + random(24), height = 1 + random(24);
    const [a, b] = [0, 1].map(() => brushPoint([random(400) / 10 - 8, random(400) / 10 - 8], size));
    const expected = gridWhere(width, height, (x, y) => isNearLine(a, b, size, x, y));
    const found = drawnBy(width, height, (grid) => drawLine(grid, a, b, size, 1));
    assert.deepEqual(found, rowsOf(expected), `${a} to ${b}, size ${size}`);
  }
});

test("a line is the same from its other end", () => {
  const [a, b] = [[3, 5], [37, 19]];
  const there = drawnBy(22, 14, (grid) => drawLine(grid, a, b, 7, 1));
  assert.deepEqual(drawnBy(22, 14, (grid) => drawLine(grid, b, a, 7, 1)), there);
});

test("a rectangle is cut at the image's border", () => {
  assert.deepEqual(
    drawnBy(4, 3, (grid) => {
      const drawn = drawRectangle(grid, { x1: -2, y1: 1, x2: 3, y2: 9 }, 1);
      assert.deepEqual(drawn, { x1: 0, y1: 1, x2: 3, y2: 3 });
    }),
    rows(`
      ....
      ###.
      ###.`),
  );
});

test("an ellipse touches the sides of its box", () => {
  assert.deepEqual(
    drawnBy(8, 4, (grid) => drawEllipse(grid, { x1: 0, y1: 0, x2: 8, y2: 4 }, 1)),
    rows(`
      .######.
      ########
      ########
      .######.`),
  );
});

test("an ellipse holds all centers within it, also where the image ends", () => {
  const random = randomNumbers(3);
  for (let k = 0; k < 300; k++) {
    const x1 = random(20) - 6, y1 = random(20) - 6;
    const box = { x1, y1, x2: x1 + 1 + random(22), y2: y1 + 1 + random(22) };
    const expected = gridWhere(17, 15, (x, y) => isInEllipse(box, x, y));
    const found = drawnBy(17, 15, (grid) => drawEllipse(grid, box, 1));
    assert.deepEqual(found, rowsOf(expected), JSON.stringify(box));
  }
});

test("a polygon's left and upper edges are inside, its right and lower ones outside", () => {
  const corners = [[0.5, 0.5], [3.5, 0.5], [3.5, 2.5], [0.5, 2.5]];
  assert.deepEqual(
    drawnBy(5, 4, (grid) => drawPolygon(grid, corners, 1)),
    rows(`
      ###..
      ###..
      .....
      .....`),
  );
});

test("where a polygon covers itself twice it is outside", () => {
  const corners = [[0, 0], [5, 0], [5, 3], [1, 3], [1, 1], [4, 1], [4, 4], [0, 4]];
  assert.deepEqual(
    drawnBy(5, 4, (grid) => drawPolygon(grid, corners, 1)),
    rows(`
      #####
      #...#
      #...#
      ####.`),
  );
});

test("a polygon holds the centers that an odd number of its edges has to the left", () => {
  const random = randomNumbers(4);
  for (let k = 0; k < 300; k++) {
    const corner = () => [random(200) / 8 - 4, random(200) / 8 - 4];
    const corners = Array.from({ length: 3 + random(6) }, corner);
    const expected = gridWhere(16, 16, (x, y) => isInPolygon(corners, x, y));
    const found = drawnBy(16, 16, (grid) => drawPolygon(grid, corners, 1));
    assert.deepEqual(found, rowsOf(expected), JSON.stringify(corners));
  }
});

test("two corners are no polygon", () => {
  const grid = makeGrid(4, 4);
  assert.equal(drawPolygon(grid, [[0, 0], [4, 4]], 1), null);
  assert.equal(grid.data.includes(1), false);
});

test("drawing zeros erases the same pixels", () => {
  const box = { x1: 1, y1: 1, x2: 6, y2: 5 };
  const painted = gridWhere(8, 7, (x, y) => isInEllipse(box, x, y));
  drawEllipse(painted, box, 0);
  assert.equal(painted.data.includes(1), false);
});

test("what is drawn lies in the rect that is returned", () => {
  const random = randomNumbers(5), point = () => [random(30) - 5, random(30) - 5];
  for (let k = 0; k < 100; k++) {
    const grid = makeGrid(18, 18), size = 1 + random(6);
    const [a, b] = [brushPoint(point(), size), brushPoint(point(), size)];
    const rect = k % 2 ? drawLine(grid, a, b, size, 1) : drawPolygon(grid, [a, b, point()], 1);
    const outside = gridWhere(18, 18, (x, y) => {
      const within = rect && x >= rect.x1 && x < rect.x2 && y >= rect.y1 && y < rect.y2;
      return grid.data[18 * y + x] && !within;
    });
    assert.equal(outside.data.includes(1), false);
  }
});

test("shapes beside the image change nothing and say so", () => {
  const grid = makeGrid(5, 5), box = { x1: 5, y1: 0, x2: 9, y2: 5 };
  assert.equal(drawRectangle(grid, box, 1), null);
  assert.equal(drawEllipse(grid, box, 1), null);
  assert.equal(drawLine(grid, [-20, 4], [-20, 8], 3, 1), null);
  assert.equal(drawPolygon(grid, [[6, 0], [9, 0], [9, 4]], 1), null);
  assert.equal(grid.data.includes(1), false);
});

test("rects are joined to the smallest around both, and cut to the grid", () => {
  const a = { x1: 1, y1: 5, x2: 3, y2: 6 }, b = { x1: 2, y1: 0, x2: 9, y2: 2 };
  assert.deepEqual(around(a, b), { x1: 1, y1: 0, x2: 9, y2: 6 });
  assert.deepEqual([around(null, a), around(a, null), around(null, null)], [a, a, null]);
  assert.deepEqual(clipped(makeGrid(4, 4), b), { x1: 2, y1: 0, x2: 4, y2: 2 });
  assert.equal(clipped(makeGrid(4, 4), a), null);
});
