// Bytes from Python where there is no address to fetch them from: the address's length in two
// bytes, the address, the content.
const studio = (globalThis.maskStudio ??= {});
const files = (studio.files ??= new Map());
const waiting = (studio.waiting ??= new Map());
studio.file ??= (address) => new Promise((found) => {
  if (files.has(address)) found(files.get(address));
  else waiting.set(address, found);
});

export default function ({ data }) {
  const start = 2 + (data[0] | (data[1] << 8));
  const address = new TextDecoder().decode(data.subarray(2, start));
  const content = new Blob([data.subarray(start)]);
  files.delete(address);
  files.set(address, content);
  if (files.size > 8) files.delete(files.keys().next().value);
  waiting.get(address)?.(content);
  waiting.delete(address);
}
