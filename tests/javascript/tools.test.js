// Tools without a browser: a canvas that draws on a grid and notes what it is told.
import assert from "node:assert/strict";
import { test } from "node:test";

import { boxOf, makeTools } from "../../pages/shared/canvas/tools.js";
import { gridOf, rows, rowsOf } from "./pictures.js";

class Paper {
  constructor(width = 8, height = 6, scale = 10) {
    this.grid = gridOf(Array(height).fill(".".repeat(width)).join("\n"));
    this.size = 1;
    this.notes = [];
    this.toView = (point) => point.map((value) => value * scale);
    this.tools = makeTools(this);
  }

  begin() { this.before = this.grid.data.slice(); }
  drawn() {}
  revert() { this.grid.data.set(this.before); this.notes.push("revert"); }
  commit() { this.notes.push("commit"); }
  draw(shape) { this.begin(); shape(this.grid); this.commit(); }
  post(message) { this.notes.push(message); }
  wand(...place) { this.notes.push(["wand", ...place]); }

  press(tool, point, value = 1) { this.tools[tool].press(point, value, this.toView); }
  move(tool, point) { this.tools[tool].move(point); }
  release(tool, point) { this.tools[tool].release(point, this.toView); }

  click(tool, point, value = 1) {
    this.press(tool, point, value);
    this.release(tool, point);
  }

  drag(tool, points, value = 1) {
    this.press(tool, points[0], value);
    for (const point of points.slice(1)) this.move(tool, point);
    this.release(tool, points.at(-1));
  }

  get picture() { return rowsOf(this.grid); }
}

const DRAGGED = rows(`
  ........
  ..###...
  ..###...
  ........
  ........
  ........`);

test("a box holds the pixels under both corners, whichever is first", () => {
  const box = { x1: 1, y1: 2, x2: 5, y2: 4 };
  assert.deepEqual(boxOf([1.9, 2.1], [4.1, 3.9]), box);
  assert.deepEqual(boxOf([4.1, 2.1], [1.9, 3.9]), box);
});

test("a rectangle is dragged", () => {
  const paper = new Paper();
  paper.drag("rectangle", [[2.5, 1.5], [3, 4], [4.5, 2.5]]);
  assert.deepEqual(paper.picture, DRAGGED);
  assert.deepEqual(paper.notes, ["commit"]);
});

test("or two corners are clicked; the pointer may tremble by four pixels of the view", () => {
  const paper = new Paper();
  paper.press("rectangle", [2.5, 1.5]);
  paper.move("rectangle", [2.9, 1.5]);
  paper.release("rectangle", [2.9, 1.5]);
  assert.equal(paper.tools.rectangle.busy, true);
  paper.move("rectangle", [4.5, 2.5]);
  paper.click("rectangle", [4.5, 2.5]);
  assert.equal(paper.tools.rectangle.busy, false);
  assert.deepEqual(paper.picture, DRAGGED);
});

test("a shape that is given up paints nothing", () => {
  const paper = new Paper();
  paper.press("ellipse", [2.5, 1.5]);
  paper.tools.ellipse.cancel();
  paper.release("ellipse", [6, 4]);
  assert.deepEqual(paper.notes, []);
});

test("a brush paints as it goes and is one step", () => {
  const paper = new Paper();
  paper.press("brush", [1.5, 1.5]);
  paper.move("brush", [5.5, 1.5]);
  assert.deepEqual(paper.picture[1], ".#####..");
  assert.deepEqual(paper.notes, []);
  paper.release("brush");
  paper.move("brush", [5.5, 5.5]); // over the view without being pressed
  assert.deepEqual(paper.notes, ["commit"]);
  assert.deepEqual(paper.picture[5], "........");
});

test("a stroke that is broken off is taken back", () => {
  const paper = new Paper();
  paper.press("brush", [1.5, 1.5]);
  paper.move("brush", [5.5, 1.5]);
  paper.tools.brush.pinched();
  assert.deepEqual(paper.notes, ["revert"]);
  assert.equal(paper.grid.data.includes(1), false);
});

test("a closed stroke fills what it shuts in", () => {
  const paper = new Paper();
  paper.drag("encircle", [[1.5, 1.5], [5.5, 1.5], [5.5, 4.5], [1.5, 4.5], [1.5, 1.5]]);
  assert.deepEqual(
    paper.picture,
    rows(`
      ........
      .#####..
      .#####..
      .#####..
      .#####..
      ........`),
  );
});

test("with the eraser's value a closed stroke empties", () => {
  const paper = new Paper();
  paper.grid.data.fill(1);
  paper.drag("encircle", [[1.5, 1.5], [4.5, 1.5], [4.5, 3.5], [1.5, 3.5], [1.5, 1.5]], 0);
  assert.deepEqual(paper.picture.slice(0, 5), [
    "########", "#....###", "#....###", "#....###", "########",
  ]);
});

test("a polygon closes at a click on its first corner", () => {
  const paper = new Paper();
  for (const corner of [[1, 1], [5, 1], [5, 4], [1, 4]]) paper.click("polygon", corner);
  assert.deepEqual(paper.notes, []);
  paper.click("polygon", [1.3, 1.3]); // 4.2 pixels of the view away
  assert.deepEqual(
    paper.picture,
    rows(`
      ........
      .####...
      .####...
      .####...
      ........
      ........`),
  );
  assert.equal(paper.tools.polygon.busy, false);
});

test("a second click on the same corner adds none", () => {
  const paper = new Paper();
  for (const corner of [[1, 1], [1, 1.1], [5, 1], [5, 4]]) paper.click("polygon", corner);
  assert.deepEqual(paper.tools.polygon.points, [[1, 1], [5, 1], [5, 4]]);
});

test("corners are kept to an eighth of a pixel", () => {
  const paper = new Paper();
  paper.click("polygon", [1.3, 2.9]);
  assert.deepEqual(paper.tools.polygon.points, [[1.25, 2.875]]);
});

test("the last corner is taken back, until none is left", () => {
  const paper = new Paper(), { polygon } = paper.tools;
  for (const corner of [[1, 1], [5, 1]]) paper.click("polygon", corner);
  assert.deepEqual([polygon.back(), polygon.points.length], [true, 1]);
  assert.deepEqual([polygon.back(), polygon.back(), polygon.points.length], [true, false, 0]);
});

test("a second finger takes back the corner that the first one has just set, no other", () => {
  const paper = new Paper(), { polygon } = paper.tools;
  paper.click("polygon", [1, 1]);
  paper.press("polygon", [5, 1]);
  polygon.pinched();
  assert.deepEqual(polygon.points, [[1, 1]]);
  polygon.release();
  polygon.pinched();
  assert.deepEqual(polygon.points, [[1, 1]]);
});

test("less than three corners make no polygon", () => {
  const paper = new Paper();
  for (const corner of [[1, 1], [5, 1]]) paper.click("polygon", corner);
  paper.tools.polygon.finish();
  assert.deepEqual([paper.notes, paper.tools.polygon.busy], [[], false]);
});

test("a lasso closes itself", () => {
  const paper = new Paper();
  paper.drag("lasso", [[1, 1], [5, 1], [5, 4], [1, 4]]);
  assert.deepEqual(paper.picture[2], ".####...");
  assert.deepEqual(paper.notes, ["commit"]);
});

test("what is clicked is the pixel under the pointer, if there is one", () => {
  const paper = new Paper();
  paper.click("pick", [7.9, 5.9]);
  paper.click("wand", [0, 0.5], 0);
  for (const outside of [[-0.1, 1], [8, 1], [1, 6]]) paper.click("pick", outside);
  assert.deepEqual(paper.notes, [{ kind: "pick", x: 7, y: 5 }, ["wand", 0, 0, 0]]);
});

test("a box is cut at the image's border and not sent where it lies beside it", () => {
  const paper = new Paper();
  paper.drag("box", [[-3.5, 2.5], [2.5, 9.5]]);
  paper.drag("box", [[-9.5, 2.5], [-2.5, 4.5]]);
  assert.deepEqual(paper.notes, [{ kind: "box", x1: 0, y1: 2, x2: 3, y2: 6 }]);
});
