// Expected bytes are written out by hand, as numpy.packbits would write them.
import assert from "node:assert/strict";
import { test } from "node:test";
import { inflateSync } from "node:zlib";

import {
  deflate, flip, packBits, packDifference, toBase64, unpackBits,
} from "../../pages/shared/canvas/bits.js";
import { whole } from "../../pages/shared/canvas/pixels.js";
import { gridOf, randomGrid, randomNumbers, rows, rowsOf } from "./pictures.js";

const CROSS = `
  #.#
  .#.
  #.#`;

test("bits run on over the rows, the first one highest, zeros at the end", () => {
  const grid = gridOf(CROSS);
  assert.deepEqual([...packBits(grid, whole(grid))], [0b10101010, 0b10000000]);
});

test("of a rect only its own pixels are packed", () => {
  const grid = gridOf(`
    #####
    #.##.
    ##..#
    #####`);
  assert.deepEqual([...packBits(grid, { x1: 1, y1: 1, x2: 4, y2: 3 })], [0b01110000]);
});

test("packed bits are unpacked, also the full and the empty bytes and the end", () => {
  const grid = gridOf(`
    ......
    ..####
    ####.#`);
  const data = new Uint8Array(18).fill(7);
  unpackBits(Uint8Array.of(0x00, 0xff, 0b01000000), data);
  assert.deepEqual(data, grid.data);
});

test("every width and height comes back as it was", () => {
  const random = randomNumbers(1);
  for (let width = 1; width <= 18; width++) {
    for (let height = 1; height <= 4; height++) {
      const grid = randomGrid(random, width, height);
      const data = new Uint8Array(width * height);
      unpackBits(packBits(grid, whole(grid)), data);
      assert.deepEqual(data, grid.data, `${width} x ${height}`);
    }
  }
});

test("the difference holds what has changed and no more", () => {
  const before = gridOf(CROSS), after = gridOf(`
    #.#
    .##
    ..#`);
  const packed = packDifference(after, before.data, whole(after));
  assert.deepEqual([...packed], [0b00000110, 0b00000000]);
});

test("without a difference there is nothing", () => {
  const grid = gridOf(CROSS);
  assert.equal(packDifference(grid, grid.data.slice(), whole(grid)), null);
});

test("flipping once makes the change, twice takes it back", () => {
  const grid = gridOf(CROSS), rect = { x1: 1, y1: 0, x2: 3, y2: 2 };
  flip(grid, rect, Uint8Array.of(0b11010000));
  assert.deepEqual(rowsOf(grid), ["##.", ".##", "#.#"]);
  flip(grid, rect, Uint8Array.of(0b11010000));
  assert.deepEqual(rowsOf(grid), rows(CROSS));
});

test("deflated bytes are in the zlib format", async () => {
  const bytes = Uint8Array.from({ length: 5000 }, (_, i) => i % 7);
  const sent = await deflate(bytes);
  assert.equal(sent.deflated, true);
  assert.ok(sent.bytes.length < 200);
  assert.deepEqual(new Uint8Array(inflateSync(sent.bytes)), bytes);
});

test("a browser that cannot compress sends the bytes as they are", async (context) => {
  const { CompressionStream } = globalThis;
  context.after(() => { globalThis.CompressionStream = CompressionStream; });
  delete globalThis.CompressionStream;
  const bytes = Uint8Array.of(1, 2, 3);
  assert.deepEqual(await deflate(bytes), { bytes, deflated: false });
});

test("base64 is as others write it, also of more bytes than a call takes arguments", () => {
  assert.equal(toBase64(Uint8Array.of(77, 97, 110)), "TWFu");
  assert.equal(toBase64(Uint8Array.of(77)), "TQ==");
  const many = Uint8Array.from({ length: 300001 }, (_, i) => (i * i) % 256);
  assert.equal(toBase64(many), Buffer.from(many).toString("base64"));
});
