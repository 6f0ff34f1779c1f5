import assert from "node:assert/strict";
import { test } from "node:test";

import { keyRequest } from "../../pages/shared/canvas/commands.js";
import { boundedSize, sizeToSlider, sliderToSize } from "../../pages/shared/canvas/settings.js";

function asked(key, held = {}, mode = "paint", size = 40) {
  return keyRequest({ key, ...held }, mode, size);
}

test("letters choose tools, also with the shift key or caps lock", () => {
  assert.deepEqual(asked("e"), { tool: "eraser" });
  assert.deepEqual(asked("E"), { tool: "eraser" });
  assert.deepEqual(asked("r"), { tool: "rectangle" });
});

test("where boxes are drawn, R is the box", () => {
  assert.deepEqual(asked("r", {}, "box"), { tool: "box" });
});

test("brackets change the size by a tenth, by one pixel at least", () => {
  assert.deepEqual(asked("]", {}, "paint", 5), { size: 6 });
  assert.deepEqual(asked("[", {}, "paint", 5), { size: 4 });
  assert.equal(boundedSize(asked("]", {}, "paint", 100).size), 110);
  assert.equal(boundedSize(asked("[", {}, "paint", 110).size), 100);
});

test("with Ctrl or Cmd only undo and redo are ours", () => {
  assert.deepEqual(asked("z", { ctrlKey: true }), { command: "undo" });
  assert.deepEqual(asked("z", { metaKey: true }), { command: "undo" });
  assert.deepEqual(asked("Z", { ctrlKey: true, shiftKey: true }), { command: "redo" });
  assert.deepEqual(asked("y", { ctrlKey: true }), { command: "redo" });
  assert.equal(asked("b", { ctrlKey: true }), null);
  assert.equal(asked("0", { metaKey: true }), null);
});

test("digits, signs, Enter and Escape are commands", () => {
  const keys = ["0", "1", "+", "=", "-", "v", "x", "Escape", "Enter"];
  assert.deepEqual(keys.map((key) => asked(key).command), [
    "fit", "actual", "in", "in", "out", "show", "erase", "cancel", "close",
  ]);
});

test("the space key moves the view; every other key is left to the page", () => {
  assert.deepEqual(asked(" "), { space: true });
  for (const key of ["Tab", "F5", "ArrowLeft", "z", "q"]) assert.equal(asked(key), null);
});

test("a size is a whole number from 1 to 400", () => {
  assert.deepEqual([-3, 0, 0.4, 1.5, 39.6, 400.4, 1e9, NaN].map(boundedSize), [
    1, 1, 1, 2, 40, 400, 400, 1,
  ]);
});

test("the slider goes from the smallest to the largest brush, finer at its beginning", () => {
  assert.deepEqual([0, 500, 1000].map(sliderToSize), [1, 100.75, 400]);
  assert.deepEqual([1, 400].map(sizeToSlider), [0, 1000]);
});

test("every size has a place of its own on the slider", () => {
  for (let size = 1; size <= 400; size++) {
    assert.equal(boundedSize(sliderToSize(sizeToSlider(size))), size);
  }
});
