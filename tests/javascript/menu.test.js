// The menu of small screens, with a page that has nothing but the button to close it.
import assert from "node:assert/strict";
import { test } from "node:test";

import menu from "../../pages/shared/frame/menu.js";

test("the menu closes when another page was chosen from it, on small screens only", () => {
  let clicks = 0;
  globalThis.document = { querySelector: () => ({ click: () => clicks++ }) };
  const clicksAfter = (page, width) => {
    globalThis.innerWidth = width;
    menu({ data: { page } });
    return clicks;
  };
  assert.equal(clicksAfter("open", 400), 0); // the first page was not chosen from it
  assert.equal(clicksAfter("open", 400), 0);
  assert.equal(clicksAfter("paint", 400), 1);
  assert.equal(clicksAfter("open", 768), 1); // the menu lies beside the page
});

test("a menu that is closed already is no fault", () => {
  globalThis.document = { querySelector: () => null };
  globalThis.innerWidth = 400;
  menu({ data: { page: "open" } });
  menu({ data: { page: "paint" } });
});
