// What a visitor has set, for all canvases of the page alike; and what there is to set.

const PAINTING = [
  "brush", "eraser", "polygon", "rectangle", "ellipse", "lasso", "encircle", "fill", "wand",
];
export const TOOLS = { paint: [...PAINTING, "pan"], pick: ["pick", "pan"], box: ["box", "pan"] };
export const SIZED = ["brush", "eraser", "encircle"];
export const HINTS = {
  brush: "Drag to paint; Ctrl erases",
  eraser: "Drag to erase",
  polygon: "Click corners; Enter or a double click closes",
  rectangle: "Drag, or click two corners",
  ellipse: "Drag, or click two corners of its box",
  lasso: "Draw around an area",
  encircle: "Draw a closed stroke; it fills",
  fill: "Click an area of the mask",
  wand: "Click what to take",
  pick: "Click a pixel",
  box: "Drag a box, or click two corners",
  pan: "Drag to move; two fingers or the wheel zoom",
};
export const ZOOM_STEP = 1.25;
const LARGEST = 400; // pixels across a brush
const SLIDER_END = 1000;

export const settings = {
  tool: "brush", size: 40, tolerance: 24, contiguous: true, style: "overlay", opacity: 45,
};

export function boundedSize(size) {
  return Math.min(LARGEST, Math.max(1, Math.round(size) || 1));
}

// The slider is finer where brushes are small.
export function sizeToSlider(size) {
  return Math.round(SLIDER_END * Math.sqrt((size - 1) / (LARGEST - 1)));
}

export function sliderToSize(place) {
  return 1 + (LARGEST - 1) * (place / SLIDER_END) ** 2;
}
