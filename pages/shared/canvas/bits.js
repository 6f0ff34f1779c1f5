// Packed bits, as numpy.packbits writes them: row by row, the first pixel in the highest bit.

const MOST_ARGUMENTS = 0x8000; // that every browser takes in one call

export function packBits(grid, rect) {
  const { width, data } = grid, columns = rect.x2 - rect.x1;
  const packed = new Uint8Array((columns * (rect.y2 - rect.y1) + 7) >> 3);
  for (let y = rect.y1, k = 0; y < rect.y2; y++) {
    for (let i = y * width + rect.x1, end = i + columns; i < end; i++, k++) {
      if (data[i]) packed[k >> 3] |= 128 >> (k & 7);
    }
  }
  return packed;
}

export function unpackBits(packed, data) {
  for (let i = 0, k = 0; i < data.length; k++) {
    const byte = packed[k], end = Math.min(data.length, i + 8);
    if (!byte || byte === 255) { data.fill(byte & 1, i, end); i = end; continue; }
    for (let bit = 7; i < end; bit--) data[i++] = (byte >> bit) & 1;
  }
}

// Where the grid differs from what it was.
export function packDifference(grid, before, rect) {
  const { width, data } = grid, columns = rect.x2 - rect.x1;
  const packed = new Uint8Array((columns * (rect.y2 - rect.y1) + 7) >> 3);
  let some = false;
  for (let y = rect.y1, k = 0; y < rect.y2; y++) {
    for (let i = y * width + rect.x1, end = i + columns; i < end; i++, k++) {
      if (data[i] !== before[i]) { packed[k >> 3] |= 128 >> (k & 7); some = true; }
    }
  }
  return some ? packed : null;
}

export function flip(grid, rect, packed) {
  const { width, data } = grid, columns = rect.x2 - rect.x1;
  for (let y = rect.y1, k = 0; y < rect.y2; y++) {
    for (let i = y * width + rect.x1, end = i + columns; i < end; i++, k++) {
      if (packed[k >> 3] & (128 >> (k & 7))) data[i] ^= 1;
    }
  }
}

// "deflate" is the zlib format; a browser without it sends the bits as they are.
export async function deflate(bytes) {
  if (typeof CompressionStream === "undefined") return { bytes, deflated: false };
  const stream = new Blob([bytes]).stream().pipeThrough(new CompressionStream("deflate"));
  return { bytes: new Uint8Array(await new Response(stream).arrayBuffer()), deflated: true };
}

export function toBase64(bytes) {
  let text = "";
  for (let i = 0; i < bytes.length; i += MOST_ARGUMENTS) {
    text += String.fromCharCode(...bytes.subarray(i, i + MOST_ARGUMENTS));
  }
  return btoa(text);
}
