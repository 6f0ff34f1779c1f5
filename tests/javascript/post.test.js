// The way to Python without a browser: messages are caught where the transport would take them, and
// clocks are turned by hand.
import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";
import { inflateSync } from "node:zlib";

import { drawRectangle } from "../../pages/shared/canvas/pixels.js";
import { Post, Sheet } from "../../pages/shared/canvas/post.js";
import { gridOf, rowsOf } from "./pictures.js";

const PATIENCE = 30_000; // milliseconds
const RECT = { x1: 1, y1: 0, x2: 3, y2: 2 };
const { setTimeout, clearTimeout } = globalThis;
let post, messages, timers;

beforeEach(() => {
  messages = [];
  timers = new Map();
  let count = 0;
  globalThis.setTimeout = (call, milliseconds) => {
    timers.set(++count, { call, milliseconds });
    return count;
  };
  globalThis.clearTimeout = (timer) => timers.delete(timer);
  globalThis.maskStudio.send = (message) => messages.push(message);
  post = new Post();
  post.received({ session: "s", revision: 0, refused: "" });
});

afterEach(() => Object.assign(globalThis, { setTimeout, clearTimeout }));

async function until(happened) {
  const started = Date.now();
  while (!happened() && Date.now() - started < PATIENCE) await new Promise(setImmediate);
}

async function sent(count) {
  await until(() => messages.length >= count);
  assert.equal(messages.length, count);
  return messages.at(-1);
}

function fire() {
  const due = [...timers.values()];
  timers.clear();
  for (const { call } of due) call();
}

function paint(document, rect = RECT) {
  const sheet = post.sheet(document, 4, 3);
  drawRectangle(sheet.grid, rect, 1);
  post.changed(sheet, rect);
  return sheet;
}

const acknowledge = (revision, refused = "") => post.received({ session: "s", revision, refused });

test("a patch holds the painted rect, its pixels packed and deflated", async () => {
  paint("mask 1");
  const { bits, ...rest } = await sent(1);
  assert.deepEqual(rest, {
    kind: "patch", document: "mask 1", width: 4, height: 3, x: 1, y: 0, w: 2, h: 2, deflated: true,
    revision: 1,
  });
  assert.deepEqual([...inflateSync(Buffer.from(bits, "base64"))], [0b11110000]);
});

test("one message is on its way at a time; what is painted meanwhile goes together", async () => {
  paint("mask 1", { x1: 0, y1: 0, x2: 1, y2: 1 });
  await sent(1);
  paint("mask 1", { x1: 2, y1: 0, x2: 3, y2: 1 });
  paint("mask 1", { x1: 1, y1: 2, x2: 2, y2: 3 });
  await sent(1);
  acknowledge(1);
  const { x, y, w, h, revision } = await sent(2);
  assert.deepEqual({ x, y, w, h, revision }, { x: 1, y: 0, w: 2, h: 3, revision: 2 });
  assert.equal(post.idle, false);
  acknowledge(2);
  assert.equal(post.idle, true);
});

test("events go before what is painted, in their order", async () => {
  paint("mask 1");
  post.event({ kind: "pick", x: 1, y: 1 });
  post.event({ kind: "pick", x: 2, y: 2 });
  for (let revision = 1; revision <= 3; revision++) {
    await sent(revision);
    acknowledge(revision);
  }
  const order = messages.map(({ kind, x }) => [kind, x]);
  assert.deepEqual(order, [["patch", 1], ["pick", 1], ["pick", 2]]);
});

test("a message is sent again every four seconds until it is acknowledged", async () => {
  paint("mask 1");
  await sent(1);
  assert.deepEqual([...timers.values()].map((timer) => timer.milliseconds), [4000]);
  fire();
  fire();
  assert.equal(messages.length, 3);
  assert.deepEqual(messages[2], messages[0]);
  assert.equal(post.resent, 2);
  acknowledge(1);
  fire();
  assert.equal(messages.length, 3);
});

test("an answer to an older message acknowledges nothing", async () => {
  acknowledge(5);
  paint("mask 1");
  assert.equal((await sent(1)).revision, 6);
  acknowledge(5);
  assert.equal(post.idle, false);
  acknowledge(6);
  assert.equal(post.idle, true);
});

test("without a transport the message waits for one", async () => {
  const { send } = globalThis.maskStudio;
  globalThis.maskStudio.send = null;
  paint("mask 1");
  await until(() => timers.size);
  globalThis.maskStudio.send = send;
  fire();
  assert.equal((await sent(1)).document, "mask 1");
});

test("why a message was refused is kept until another one arrives", async () => {
  post.event({ kind: "pick", x: 1, y: 1 });
  await sent(1);
  acknowledge(1, "It lies outside.");
  assert.equal(post.refused, "It lies outside.");
  post.event({ kind: "pick", x: 2, y: 2 });
  await sent(2);
  acknowledge(2);
  assert.equal(post.refused, "");
});

test("a session that has forgotten everything gets nothing painted before", async () => {
  paint("mask 1");
  await sent(1);
  post.event({ kind: "pick", x: 1, y: 1 });
  post.received({ session: "another", revision: 0, refused: "" });
  fire();
  assert.equal(messages.length, 1);
  assert.deepEqual([post.idle, post.sheets.size], [true, 0]);
});

test("those who watch hear of every change", async () => {
  const heard = [];
  post.watchers.add(() => heard.push(post.idle));
  post.event({ kind: "pick", x: 1, y: 1 });
  await sent(1);
  acknowledge(1);
  assert.deepEqual([heard[0], heard.at(-1)], [false, true]);
});

test("six sheets are kept, the one used longest ago is forgotten first", () => {
  for (let k = 1; k <= 6; k++) post.sheet(`mask ${k}`, 4, 3);
  post.sheet("mask 1", 4, 3);
  post.sheet("mask 7", 4, 3);
  assert.deepEqual([...post.sheets.keys()], [3, 4, 5, 6, 1, 7].map((k) => `mask ${k}`));
});

test("a sheet with strokes that Python does not know is never forgotten", async () => {
  paint("on its way");
  await sent(1);
  paint("waits");
  for (let k = 1; k <= 8; k++) post.sheet(`mask ${k}`, 4, 3);
  assert.deepEqual([...post.sheets.keys()].slice(0, 2), ["on its way", "waits"]);
  assert.equal(post.sheets.size, 6);
});

const FIRST = Uint8Array.of(0b10000000, 0); // of 4 x 3 pixels, the first one alone
const ALL = Uint8Array.of(0b11111111, 0b11110000);

test("the first mask from Python is no step, each later one is", () => {
  const sheet = new Sheet("mask 1", 4, 3);
  sheet.adopt(FIRST, 0, 0);
  assert.deepEqual([rowsOf(sheet.grid), sheet.history.done.length], [["#...", "....", "...."], 0]);
  sheet.adopt(ALL, 1, 0);
  assert.deepEqual([rowsOf(sheet.grid), sheet.history.done.length], [["####", "####", "####"], 1]);
  sheet.history.undo();
  assert.deepEqual(rowsOf(sheet.grid), ["#...", "....", "...."]);
});

test("a mask that comes late or twice is not taken", () => {
  const sheet = new Sheet("mask 1", 4, 3);
  sheet.adopt(FIRST, 2, 0);
  sheet.adopt(ALL, 1, 0);
  sheet.adopt(ALL, 2, 0);
  assert.deepEqual(rowsOf(sheet.grid), ["#...", "....", "...."]);
});

test("a mask from Python does not replace what was painted since", async () => {
  const sheet = paint("mask 1", { x1: 0, y1: 0, x2: 2, y2: 1 });
  await sent(1);
  sheet.adopt(new Uint8Array(2), 0, 0); // made before revision 1 arrived
  assert.deepEqual(rowsOf(sheet.grid), ["##..", "....", "...."]);
  acknowledge(1);
  drawRectangle(sheet.grid, { x1: 3, y1: 2, x2: 4, y2: 3 }, 1);
  sheet.dirty = { x1: 3, y1: 2, x2: 4, y2: 3 };
  sheet.adopt(new Uint8Array(2), 1, 1); // knows revision 1 and has taken it away
  assert.deepEqual(rowsOf(sheet.grid), ["....", "....", "...#"]);
});

test("a sheet is as large as its image", () => {
  assert.deepEqual(new Sheet("mask 1", 4, 3).grid, gridOf("....\n....\n...."));
});
