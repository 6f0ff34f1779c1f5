// On every page: carries the canvas' messages to Python, and Python's answers back to it.
const studio = (globalThis.maskStudio ??= {});

export default function ({ data, setTriggerValue }) {
  const send = (message) => setTriggerValue("message", message);
  studio.send = send;
  studio.answer = data;
  studio.post?.received(data);
  return () => {
    if (studio.send === send) studio.send = null;
  };
}
