// The way of painted pixels to Python: one message at a time, sent again until it is acknowledged.
//
// A rerun of the page can drop a message or break off its callback. So a message holds pixels, not
// what changed, and may arrive twice. The transport that carries it is part of every page: what was
// painted just before the page was left still arrives. `globalThis.maskStudio` is where both meet.
import { deflate, packBits, toBase64, unpackBits } from "./bits.js";
import { History } from "./history.js";
import { around, makeGrid, whole } from "./pixels.js";

const RESEND_AFTER = 4000; // ms
const MOST_SHEETS = 6;

// What is painted on: a mask, its history, and what of it Python does not know yet.
export class Sheet {
  constructor(document, width, height) {
    this.document = document;
    this.grid = makeGrid(width, height);
    this.history = new History(this.grid);
    this.base = -1; // counts the masks that came from Python
    this.dirty = null;
    this.sent = []; // { revision, rect }
  }

  // Take a mask from Python, but not where something newer was painted: one step to undo.
  adopt(packed, base, revision) {
    if (base <= this.base) return; // came later than a newer one
    const { grid, history } = this;
    const rects = this.sent.filter((sent) => sent.revision > revision).map((sent) => sent.rect);
    if (this.dirty) rects.push(this.dirty);
    history.begin();
    unpackBits(packed, grid.data);
    for (const { x1, y1, x2, y2 } of rects) {
      for (let y = y1; y < y2; y++) {
        const from = y * grid.width + x1;
        grid.data.set(history.before.subarray(from, from + x2 - x1), from);
      }
    }
    if (this.base < 0) history.before = null; else history.commit(whole(grid));
    this.base = base;
  }
}

export class Post {
  constructor() {
    this.sheets = new Map(); // document -> Sheet, the one used last at the end
    this.events = [];
    this.revision = 0;
    this.sending = null;
    this.watchers = new Set();
    this.resent = 0;
    this.refused = "";
  }

  get idle() {
    const waiting = this.events.length || [...this.sheets.values()].some(({ dirty }) => dirty);
    return !this.sending && !waiting;
  }

  // The sheet of a document; a few are kept, with their histories, while others are painted on.
  sheet(document, width, height) {
    const sheet = this.sheets.get(document) || new Sheet(document, width, height);
    this.sheets.delete(document);
    this.sheets.set(document, sheet);
    for (const [old, { dirty }] of this.sheets) {
      const needed = dirty || this.sending?.sheet?.document === old;
      if (this.sheets.size > MOST_SHEETS && !needed) this.sheets.delete(old);
    }
    return sheet;
  }

  changed(sheet, rect) {
    sheet.dirty = around(sheet.dirty, rect);
    this.next();
  }

  event(message) {
    this.events.push(message);
    this.next();
  }

  say() {
    for (const watcher of this.watchers) watcher();
  }

  async next() {
    if (!this.sending) {
      const event = this.events.shift();
      const sheet = event ? null : [...this.sheets.values()].find(({ dirty }) => dirty);
      if (event || sheet) {
        const sending = { revision: ++this.revision, event, sheet };
        this.sending = sending;
        const message = event || (await this.patch(sheet, sending));
        sending.message = { ...message, revision: sending.revision };
        this.carry();
      }
    }
    this.say();
  }

  async patch(sheet, sending) {
    const { grid, dirty: rect } = sheet;
    sending.rect = rect;
    sheet.dirty = null;
    sheet.sent = [...sheet.sent.slice(-50), { revision: sending.revision, rect }];
    const { bytes, deflated } = await deflate(packBits(grid, rect));
    return {
      kind: "patch", document: sheet.document, width: grid.width, height: grid.height,
      x: rect.x1, y: rect.y1, w: rect.x2 - rect.x1, h: rect.y2 - rect.y1,
      bits: toBase64(bytes), deflated,
    };
  }

  carry() {
    const { sending } = this;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      if (this.sending !== sending) return;
      this.resent++;
      this.carry();
    }, RESEND_AFTER);
    globalThis.maskStudio.send?.(sending.message);
  }

  // From the transport, whenever what Python says has changed.
  received({ session, revision, refused }) {
    if (this.session && this.session !== session) {
      // The server has forgotten everything: what was painted has no image to belong to.
      clearTimeout(this.timer);
      this.sheets.clear();
      this.events = [];
      this.sending = null;
    }
    this.session = session;
    this.revision = Math.max(this.revision, revision);
    const { sending } = this;
    if (sending?.message && revision >= sending.revision) {
      clearTimeout(this.timer);
      this.sending = null;
      this.refused = refused || "";
      this.next();
    }
  }
}

const studio = (globalThis.maskStudio ??= {});
export const post = (studio.post ??= new Post());
if (studio.answer) post.received(studio.answer);
