// Where the image lies in the view: moved, zoomed, fitted.
//
// `scale` is CSS pixels a pixel of the image; (left, top) is where the image's corner lies.

const LOWEST = 0.05, HIGHEST = 32;
const REST = 40; // CSS pixels of the image that stay in the view

const within = (place, length, room) => Math.min(room - REST, Math.max(REST - length, place));

export class Placement {
  // `box` has the view's clientWidth and clientHeight.
  constructor(box) {
    this.box = box;
    this.scale = 1;
    this.left = this.top = 0;
    this.fitted = true;
  }

  fit() {
    if (!this.grid) return;
    const { clientWidth: width, clientHeight: height } = this.box;
    this.scale = Math.min(width / this.grid.width, height / this.grid.height, HIGHEST);
    this.smallest = Math.min(LOWEST, this.scale);
    this.left = (width - this.grid.width * this.scale) / 2;
    this.top = (height - this.grid.height * this.scale) / 2;
    this.fitted = true;
    this.draw();
  }

  // To a scale, so that what is under (x, y) of the view stays there.
  zoom(x, y, scale) {
    const next = Math.min(HIGHEST, Math.max(this.smallest, scale));
    this.left = x - ((x - this.left) * next) / this.scale;
    this.top = y - ((y - this.top) * next) / this.scale;
    this.scale = next;
    this.pan(0, 0);
  }

  pan(dx, dy) {
    const { clientWidth, clientHeight } = this.box;
    this.left = within(this.left + dx, this.grid.width * this.scale, clientWidth);
    this.top = within(this.top + dy, this.grid.height * this.scale, clientHeight);
    this.fitted = false;
    this.draw();
  }

  // From the view to the image, in pixels with a fraction.
  toImage(x, y) {
    return [(x - this.left) / this.scale, (y - this.top) / this.scale];
  }

  toView([x, y]) {
    return [x * this.scale + this.left, y * this.scale + this.top];
  }

  draw() {}
}
