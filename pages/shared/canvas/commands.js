// What keys and the buttons of the toolbar ask for.
import { settings, ZOOM_STEP } from "./settings.js";

const TOOL_KEYS = {
  b: "brush", e: "eraser", p: "polygon", r: "rectangle", o: "ellipse", l: "lasso", c: "encircle",
  f: "fill", w: "wand", h: "pan", i: "pick",
};
const COMMAND_KEYS = {
  0: "fit", 1: "actual", "+": "in", "=": "in", "-": "out", v: "show", x: "erase",
  escape: "cancel", enter: "close",
};

// What a key asks for: { command }, { tool }, { size } or { space: true }; null if it is not ours.
export function keyRequest(event, mode, size) {
  const key = event.key.toLowerCase();
  if (event.ctrlKey || event.metaKey) {
    if (key === "y") return { command: "redo" };
    return key === "z" ? { command: event.shiftKey ? "redo" : "undo" } : null;
  }
  if (key === " ") return { space: true };
  if (key === "[") return { size: Math.min(size - 1, size / 1.1) };
  if (key === "]") return { size: Math.max(size + 1, size * 1.1) };
  if (key === "r" && mode === "box") return { tool: "box" };
  if (TOOL_KEYS[key]) return { tool: TOOL_KEYS[key] };
  return COMMAND_KEYS[key] ? { command: COMMAND_KEYS[key] } : null;
}

// Command -> what it does to a canvas that shows something.
export const COMMANDS = {
  undo(canvas) {
    if (canvas.tools[canvas.tool].back()) return;
    canvas.cancel();
    canvas.travel(canvas.sheet.history.undo());
  },
  redo(canvas) { canvas.travel(canvas.sheet.history.redo()); },
  fit(canvas) { canvas.view.fit(); },
  actual(canvas) { zoomTo(canvas, 1); },
  in(canvas) { zoomTo(canvas, canvas.view.scale * ZOOM_STEP); },
  out(canvas) { zoomTo(canvas, canvas.view.scale / ZOOM_STEP); },
  close(canvas) { canvas.tools[canvas.tool].finish(); },
  cancel(canvas) { canvas.cancel(); },
  erase(canvas) {
    canvas.erasing = !canvas.erasing;
    canvas.toolbar.press('[data-do="erase"]', canvas.erasing);
  },
  show(canvas) {
    if (settings.style !== "image") canvas.shown = settings.style;
    settings.style = settings.style === "image" ? canvas.shown || "overlay" : "image";
    canvas.setLook();
  },
  full(canvas) {
    if (document.fullscreenElement) document.exitFullscreen();
    else canvas.studio.requestFullscreen?.();
  },
};

function zoomTo({ box, view }, scale) {
  view.zoom(box.clientWidth / 2, box.clientHeight / 2, scale);
}
