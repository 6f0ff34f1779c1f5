// Undo and redo of one mask: for each step the pixels that it flipped.
import { flip, packDifference } from "./bits.js";

const FEWEST_STEPS = 100;
const MAX_BYTES = 200e6;

export class History {
  constructor(grid) {
    this.grid = grid;
    this.done = [];
    this.undone = [];
  }

  begin() {
    this.before = this.grid.data.slice();
  }

  // Take back what was drawn since begin().
  revert() {
    this.grid.data.set(this.before);
    this.before = null;
  }

  // Keep what was drawn since begin() as one step; false if nothing changed.
  commit(rect) {
    const flipped = rect && packDifference(this.grid, this.before, rect);
    this.before = null;
    if (!flipped) return false;
    this.done.push({ rect, flipped });
    this.undone = [];
    let held = this.done.reduce((sum, step) => sum + step.flipped.length, 0);
    while (this.done.length > FEWEST_STEPS && held > MAX_BYTES) {
      held -= this.done.shift().flipped.length;
    }
    return true;
  }

  undo() { return this.move(this.done, this.undone); }

  redo() { return this.move(this.undone, this.done); }

  move(from, to) {
    const step = from.pop();
    if (!step) return null;
    flip(this.grid, step.rect, step.flipped);
    to.push(step);
    return step.rect;
  }
}
