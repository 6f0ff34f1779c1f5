// The two components that carry messages and files, driven as Streamlit drives them.
import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

import transport from "../../pages/shared/canvas/transport.js";
import bringFile from "../../pages/shared/canvas/files.js";

const studio = globalThis.maskStudio;

beforeEach(() => Object.assign(studio, { send: null, post: null }));

function bring(address, content) {
  const name = new TextEncoder().encode(address);
  bringFile({ data: Uint8Array.of(name.length & 255, name.length >> 8, ...name, ...content) });
}

const bytesOf = async (blob) => [...new Uint8Array(await blob.arrayBuffer())];

test("the transport takes messages to Python and Python's answers to the canvas", () => {
  const triggered = [], answers = [], data = { session: "s", revision: 3, refused: "" };
  studio.post = { received: (answer) => answers.push(answer) };
  transport({ data, setTriggerValue: (...value) => triggered.push(value) });
  studio.send({ kind: "pick" });
  assert.deepEqual(triggered, [["message", { kind: "pick" }]]);
  assert.deepEqual([answers, studio.answer], [[data], data]);
});

test("a transport that goes leaves the one that came after it", () => {
  const leave = transport({ data: {}, setTriggerValue() {} });
  transport({ data: {}, setTriggerValue() {} });
  const { send } = studio;
  leave();
  assert.equal(studio.send, send);
});

test("without a transport nothing is sent", () => {
  transport({ data: {}, setTriggerValue() {} })();
  assert.equal(studio.send, null);
});

test("a file is found under its address, also if it is asked for before it comes", async () => {
  const early = studio.file("file:ä");
  bring("file:ä", [1, 2, 3]);
  assert.deepEqual(await bytesOf(await early), [1, 2, 3]);
  assert.deepEqual(await bytesOf(await studio.file("file:ä")), [1, 2, 3]);
});

test("an address may be longer than a byte can say", async () => {
  const address = `file:${"x".repeat(300)}`;
  bring(address, [9]);
  assert.deepEqual(await bytesOf(await studio.file(address)), [9]);
});

test("of many files the last eight are kept", () => {
  for (let k = 0; k < 20; k++) bring(`file:${k}`, []);
  const expected = [12, 13, 14, 15, 16, 17, 18, 19].map((k) => `file:${k}`);
  assert.deepEqual([...studio.files.keys()], expected);
});
