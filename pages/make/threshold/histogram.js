// A histogram over which a range of values is dragged; Python hears of it while the drag goes on.
const charts = new WeakMap();
const NEAR = 14; // CSS pixels within which an edge of the range is taken hold of
const PATIENCE = 1500; // milliseconds after which a range that was not answered is sent again

const BODY = `
<div class="plot" role="img">
  <svg class="all" preserveAspectRatio="none"><path /></svg>
  <svg class="within" preserveAspectRatio="none"><path /></svg>
  <i></i><i></i>
</div>
<div class="ticks"></div>`;

export default function ({ data, parentElement, setTriggerValue }) {
  let chart = charts.get(parentElement);
  if (!chart) charts.set(parentElement, (chart = histogram(parentElement)));
  chart.show(data, (range) => setTriggerValue("range", range));
  return chart.stop;
}

function histogram(parent) {
  const root = document.createElement("div");
  root.innerHTML = BODY;
  parent.append(root);
  const plot = root.querySelector(".plot");
  const [all, within] = plot.querySelectorAll("svg");
  const edges = plot.querySelectorAll("i");
  let data, send, drag, range, sent, timer;

  function show(newData, newSend) {
    if (newData.alt !== data?.alt) drag = null;
    [data, send] = [newData, newSend];
    const size = data.counts.length;
    const top = Math.sqrt(Math.max(...data.counts, 1));
    // A peak of background would flatten everything else on a linear scale.
    const steps = data.counts.map((count) => `V${100 - (100 * Math.sqrt(count)) / top}h1`);
    for (const svg of [all, within]) {
      svg.setAttribute("viewBox", `0 0 ${size} 100`);
      svg.firstElementChild.setAttribute("d", `M0 100${steps.join("")}V100Z`);
    }
    plot.setAttribute("aria-label", data.alt);
    plot.classList.toggle("inverted", data.invert);
    plot.classList.toggle("still", !data.key);
    root.querySelector(".ticks").innerHTML = data.ticks
      .map(([value, text]) => `<span style="left:${(100 * (value + 0.5)) / size}%">${text}</span>`)
      .join("");
    clearTimeout(timer);
    sent = null;
    if (drag) report();
    else draw([data.low, data.high]);
  }

  function draw(newRange) {
    range = newRange;
    const size = data.counts.length;
    const [left, right] = [(100 * range[0]) / size, (100 * (range[1] + 1)) / size];
    within.style.clipPath = `inset(0 ${100 - right}% 0 ${left}%)`;
    [left, right].forEach((edge, i) => (edges[i].style.left = `${edge}%`));
  }

  // One message is on its way at a time: a second one would break off what the first has begun.
  function report() {
    if (sent || (range[0] === data.low && range[1] === data.high)) {
      if (!sent && drag?.over) drag = null;
      return;
    }
    sent = range;
    send({ channel: data.key, low: range[0], high: range[1] });
    timer = setTimeout(() => ((sent = null), report()), PATIENCE);
  }

  function place(event) {
    const { left, width } = plot.getBoundingClientRect();
    return [event.clientX - left, width / data.counts.length];
  }

  plot.addEventListener("pointerdown", (event) => {
    if (!data.key || event.button) return;
    const [x, unit] = place(event);
    const away = [Math.abs(x - range[0] * unit), Math.abs(x - (range[1] + 1) * unit)];
    const nearest = away[0] < away[1] ? 0 : 1;
    const held = away[nearest] <= NEAR;
    drag = { from: x, anchor: held ? range[1 - nearest] : Math.floor(x / unit), held, over: false };
    plot.setPointerCapture(event.pointerId);
  });
  plot.addEventListener("pointermove", (event) => {
    if (!drag || drag.over) return;
    const [x, unit] = place(event);
    if (!drag.held && Math.abs(x - drag.from) < 3) return;
    drag.held = true;
    const value = Math.min(Math.max(Math.floor(x / unit), 0), data.counts.length - 1);
    draw([Math.min(value, drag.anchor), Math.max(value, drag.anchor)]);
    report();
  });
  for (const end of ["pointerup", "pointercancel"]) {
    plot.addEventListener(end, () => {
      if (!drag) return;
      drag.over = true;
      report();
    });
  }
  const stop = () => {
    clearTimeout(timer);
    charts.delete(parent);
    root.remove();
  };
  return { show, stop };
}
