// What the canvas fetches, and images made ready to be drawn.

const ATTEMPTS = 4;

// From the component in files.js, which may come later.
async function studioFile(address) {
  while (!globalThis.maskStudio.file) await new Promise((later) => setTimeout(later, 50));
  return globalThis.maskStudio.file(address);
}

export async function load(address) {
  for (let attempt = 1; ; attempt++) {
    try {
      if (address.startsWith("file:")) return await studioFile(address);
      // Relative to the page, so that it also works behind a proxy's path.
      const answer = await fetch(new URL(`.${address}`, document.baseURI));
      if (answer.ok) return await answer.blob();
    } catch { /* the connection is down: try again */ }
    if (attempt === ATTEMPTS) throw new Error(`cannot load ${address}`);
    await new Promise((later) => setTimeout(later, 200 * 2 ** attempt));
  }
}

// The image at an address and its halves, quarters, ... for views that are zoomed out.
export async function loadImage(address, width, height) {
  const image = await createImageBitmap(await load(address), {
    colorSpaceConversion: "none", premultiplyAlpha: "none",
  });
  const smaller = [];
  for (let last = image; Math.max(last.width, last.height) > 1600; smaller.push(last)) {
    last = await createImageBitmap(last, {
      resizeWidth: Math.max(1, last.width >> 1), resizeHeight: Math.max(1, last.height >> 1),
      resizeQuality: "medium",
    });
  }
  const decoded = { address, image, smaller };
  if (image.width !== width || image.height !== height) {
    closeImage(decoded);
    throw new Error("another image arrived");
  }
  return decoded;
}

export function closeImage(decoded) {
  decoded?.image.close();
  decoded?.smaller.forEach((bitmap) => bitmap.close());
}

export function readPixels(image) {
  const canvas = new OffscreenCanvas(image.width, image.height);
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.drawImage(image, 0, 0);
  return context.getImageData(0, 0, image.width, image.height).data;
}
