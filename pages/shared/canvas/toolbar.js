// The buttons, inputs and lines of text around the view.
import { HINTS, settings, SIZED, sizeToSlider, sliderToSize, TOOLS } from "./settings.js";

const SHAPED = ["polygon", "rectangle", "ellipse", "box"];

export class Toolbar {
  constructor(root, canvas) {
    this.root = root;
    this.canvas = canvas;
    this.find = (selector) => root.querySelector(selector);
  }

  listen(on) {
    const { canvas } = this;
    const input = (selector, handle) => {
      on(this.find(selector), "input", (event) => handle(event.target));
    };
    for (const button of this.root.querySelectorAll("button")) {
      on(button, "click", () => {
        if (button.dataset.tool) canvas.choose(button.dataset.tool);
        else canvas.do(button.dataset.do);
        canvas.box.focus({ preventScroll: true });
      });
    }
    input(".size", ({ value }) => canvas.setSize(sliderToSize(value)));
    input(".pixels", ({ value }) => { if (value) canvas.setSize(+value); });
    input(".tolerance", ({ value }) => {
      settings.tolerance = +value;
      canvas.retakeWand();
      this.find("output").textContent = value;
    });
    input(".contiguous", ({ checked }) => {
      settings.contiguous = checked;
      canvas.retakeWand();
    });
    input(".style", ({ value }) => { settings.style = value; canvas.setLook(); });
    input(".opacity", ({ value }) => { settings.opacity = +value; canvas.setLook(); });
    this.find("output").textContent = settings.tolerance;
    // Streamlit's own shortcuts must not hear what is typed in the toolbar.
    on(this.find(".studio"), "keydown", (event) => event.stopPropagation());
  }

  arrange(mode) {
    for (const button of this.root.querySelectorAll("[data-tool]")) {
      button.hidden = !TOOLS[mode].includes(button.dataset.tool);
    }
    this.find(".paints").hidden = mode !== "paint";
    this.find(".tolerance").value = settings.tolerance;
    this.find(".contiguous").checked = settings.contiguous;
    this.find(".opacity").value = settings.opacity;
  }

  showTool(tool) {
    for (const button of this.root.querySelectorAll("[data-tool]")) {
      button.setAttribute("aria-pressed", button.dataset.tool === tool);
    }
    this.find(".for-size").hidden = !SIZED.includes(tool);
    for (const part of this.root.querySelectorAll(".for-wand")) part.hidden = tool !== "wand";
    this.find(".hint").textContent = HINTS[tool];
  }

  showSize() {
    this.find(".size").value = sizeToSlider(settings.size);
    this.find(".pixels").value = settings.size;
  }

  showLook() {
    this.press('[data-do="show"]', settings.style !== "image");
    this.find(".style").value = settings.style;
    this.find(".opacity").disabled = settings.style !== "overlay";
  }

  press(selector, pressed) { this.find(selector).setAttribute("aria-pressed", pressed); }

  showPlace(text) { this.find(".place").textContent = text; }

  showNotice(text) {
    this.find(".notice").hidden = !text;
    if (text) this.find(".notice p").textContent = text;
  }

  // What changes with every stroke and every message.
  showState({ tool, busy, history, idle, savedText, zoomText }) {
    const shaping = busy && SHAPED.includes(tool);
    this.find(".studio").dataset.saved = idle;
    this.find(".saved").textContent = savedText;
    this.find(".zoom").textContent = zoomText;
    this.find('[data-do="undo"]').disabled = !history?.done.length;
    this.find('[data-do="redo"]').disabled = !history?.undone.length;
    this.find('[data-do="close"]').hidden = tool !== "polygon";
    this.find(".for-shape").hidden = !shaping;
    this.find(".hint").hidden = shaping;
  }
}
