import assert from "node:assert/strict";
import { test } from "node:test";

import { Placement } from "../../pages/shared/canvas/placement.js";
import { randomNumbers } from "./pictures.js";

function placed(width, height, viewWidth = 400, viewHeight = 300) {
  const placement = new Placement({ clientWidth: viewWidth, clientHeight: viewHeight });
  placement.grid = { width, height };
  placement.fit();
  return placement;
}

const where = ({ scale, left, top }) => ({ scale, left, top });

function assertNear(found, expected) {
  for (const [i, value] of found.entries()) {
    assert.ok(Math.abs(value - expected[i]) < 1e-9, `${found} is not ${expected}`);
  }
}

test("a wide image fills the width and lies in the middle of the height", () => {
  assert.deepEqual(where(placed(200, 100)), { scale: 2, left: 0, top: 50 });
});

test("a high image fills the height and lies in the middle of the width", () => {
  assert.deepEqual(where(placed(300, 600)), { scale: 0.5, left: 125, top: 0 });
});

test("a tiny image is enlarged 32 times at most", () => {
  assert.deepEqual(where(placed(2, 2)), { scale: 32, left: 168, top: 118 });
});

test("without an image there is nothing to fit", () => {
  const placement = new Placement({ clientWidth: 400, clientHeight: 300 });
  placement.fit();
  assert.deepEqual(where(placement), { scale: 1, left: 0, top: 0 });
});

test("places of the image and of the view are each other's reverse", () => {
  const placement = placed(200, 100);
  assert.deepEqual(placement.toView([10, 20]), [20, 90]);
  assert.deepEqual(placement.toImage(20, 90), [10, 20]);
});

test("zooming keeps what is under the pointer where it is", () => {
  const random = randomNumbers(9), placement = placed(4000, 3000);
  for (let k = 0; k < 100; k++) {
    placement.fit();
    placement.pan(random(100) - 50, random(100) - 50);
    const x = 100 + random(200), y = 100 + random(100), under = placement.toImage(x, y);
    placement.zoom(x, y, placement.scale * (1 + random(300) / 100));
    assertNear(placement.toImage(x, y), under);
  }
});

test("zooming ends at 32 times, and at a twentieth or where all of the image is seen", () => {
  const placement = placed(4000, 3000);
  placement.zoom(0, 0, 1000);
  assert.equal(placement.scale, 32);
  placement.zoom(0, 0, 0.0001);
  assert.equal(placement.scale, 0.05);
  const huge = placed(40000, 30000);
  huge.zoom(0, 0, 0.0001);
  assert.equal(huge.scale, 0.01);
});

test("the image is moved with the pointer", () => {
  const placement = placed(200, 100);
  placement.pan(15, -20);
  assert.deepEqual(where(placement), { scale: 2, left: 15, top: 30 });
});

test("40 pixels of the image always stay in the view", () => {
  const placement = placed(200, 100); // 400 x 200 in the view
  placement.pan(9999, 9999);
  assert.deepEqual([placement.left, placement.top], [360, 260]);
  placement.pan(-9999, -9999);
  assert.deepEqual([placement.left, placement.top], [-360, -160]);
});

test("what was moved or zoomed is no longer fitted", () => {
  const placement = placed(200, 100);
  assert.equal(placement.fitted, true);
  placement.zoom(0, 0, 3);
  assert.equal(placement.fitted, false);
  placement.fit();
  placement.pan(1, 0);
  assert.equal(placement.fitted, false);
});

test("it is drawn after every change", () => {
  const placement = placed(200, 100), drawn = [];
  placement.draw = () => drawn.push(where(placement));
  placement.fit();
  placement.zoom(0, 50, 4);
  placement.pan(-10, 0);
  assert.deepEqual(drawn, [
    { scale: 2, left: 0, top: 50 },
    { scale: 4, left: 0, top: 50 },
    { scale: 4, left: -10, top: 50 },
  ]);
});
