import assert from "node:assert/strict";
import { test } from "node:test";

import { History } from "../../pages/shared/canvas/history.js";
import { drawRectangle, makeGrid } from "../../pages/shared/canvas/pixels.js";
import { gridOf, rowsOf } from "./pictures.js";

const LEFT = { x1: 0, y1: 0, x2: 2, y2: 2 }, RIGHT = { x1: 1, y1: 0, x2: 3, y2: 1 };

function draw(history, rect, value = 1) {
  history.begin();
  return history.commit(drawRectangle(history.grid, rect, value));
}

test("undo and redo walk through the steps", () => {
  const history = new History(makeGrid(3, 2)), states = [rowsOf(history.grid)];
  for (const [rect, value] of [[LEFT, 1], [RIGHT, 1], [LEFT, 0]]) {
    assert.equal(draw(history, rect, value), true);
    states.push(rowsOf(history.grid));
  }
  assert.deepEqual(states.slice(1), [["##.", "##."], ["###", "##."], ["..#", "..."]]);
  for (const state of states.slice(0, -1).reverse()) {
    assert.notEqual(history.undo(), null);
    assert.deepEqual(rowsOf(history.grid), state);
  }
  assert.equal(history.undo(), null);
  for (const state of states.slice(1)) {
    assert.notEqual(history.redo(), null);
    assert.deepEqual(rowsOf(history.grid), state);
  }
  assert.equal(history.redo(), null);
});

test("undo and redo name the rect that they change", () => {
  const history = new History(makeGrid(3, 2));
  draw(history, RIGHT);
  assert.deepEqual(history.undo(), RIGHT);
  assert.deepEqual(history.redo(), RIGHT);
});

test("what changes nothing is no step", () => {
  const history = new History(gridOf("###\n..."));
  assert.equal(draw(history, RIGHT), false);
  history.begin();
  assert.equal(history.commit(null), false);
  assert.equal(history.undo(), null);
});

test("what is reverted leaves no trace", () => {
  const history = new History(makeGrid(3, 2));
  draw(history, LEFT);
  history.begin();
  drawRectangle(history.grid, RIGHT, 1);
  history.revert();
  assert.deepEqual(rowsOf(history.grid), ["##.", "##."]);
  assert.equal(history.done.length, 1);
});

test("a new step drops what was undone; one without a change does not", () => {
  const history = new History(makeGrid(3, 2));
  draw(history, LEFT);
  draw(history, RIGHT);
  history.undo();
  draw(history, LEFT); // all of it is painted already
  assert.equal(history.undone.length, 1);
  draw(history, LEFT, 0);
  assert.equal(history.redo(), null);
  history.undo();
  assert.deepEqual(rowsOf(history.grid), ["##.", "##."]);
});

// Steps of which only the size counts.
function heldSteps(count, length) {
  return Array.from({ length: count }, () => ({ flipped: { length } }));
}

test("beyond 200 MB the oldest steps are forgotten", () => {
  const history = new History(makeGrid(3, 2));
  history.done = heldSteps(150, 1.5e6);
  draw(history, LEFT);
  assert.equal(history.done.length, 134); // 133 of 1.5 MB, and one of a byte
  assert.deepEqual(history.undo(), LEFT);
});

test("a hundred steps are kept, however large", () => {
  const history = new History(makeGrid(3, 2));
  history.done = heldSteps(120, 50e6);
  draw(history, LEFT);
  assert.equal(history.done.length, 100);
});

test("small steps are all kept", () => {
  const history = new History(makeGrid(3, 2));
  for (let k = 0; k < 500; k++) draw(history, LEFT, (k + 1) % 2);
  assert.equal(history.done.length, 500);
});
