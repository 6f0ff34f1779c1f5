export default function ({ data, parentElement }) {
  const root = parentElement.querySelector(".compare");
  const slider = root.querySelector("input");
  const sides = ["before", "after"];

  const show = () => {
    root.style.setProperty("--at", `${slider.value}%`);
    slider.setAttribute("aria-valuetext", `${Math.round(slider.value)} % ${data.labels[0]}`);
    // A name that the divider has passed would stand on the other image.
    sides.forEach((side, i) => {
      const room = i ? 100 - slider.value : slider.value;
      root.querySelector(`.name.${side}`).hidden = room < 12;
    });
  };

  root.style.aspectRatio = `${data.width} / ${data.height}`;
  sides.forEach((side, i) => {
    const image = root.querySelector(`img.${side}`);
    if (image.src !== data.images[i]) image.src = data.images[i];
    image.alt = data.labels[i];
    root.querySelector(`.name.${side}`).textContent = data.labels[i];
  });
  slider.setAttribute("aria-label", `Divider between ${data.labels.join(" and ")}`);
  slider.oninput = show;
  show();
}
