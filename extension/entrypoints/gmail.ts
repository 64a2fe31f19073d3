// In Gmail's page: a button at every compose.

import type { Around } from "../panel/around";
import { KeyGuard } from "../panel/keys";
import { Link } from "../panel/link";
import { isInSight } from "../panel/sight";
import { isPressed, start } from "../panel/start";
import { readWords } from "../panel/words";
import { gmail } from "../sites/gmail";

const trusts = (event: Event) => event.isTrusted && isInSight(event);
const keys = new KeyGuard(window, trusts); // first of all: before any of the page's own
const link = new Link(chrome.runtime);

const around: Around = {
  keys,
  link,
  trusts,
  words: readWords((key, fills) => chrome.i18n.getMessage(key, fills)),
  shadow: __TEST__ ? "open" : "closed",
  copy: (text) => navigator.clipboard.writeText(text),
  openOptions: () => void link.tell({ type: "open-options" }),
  shortcut: link.tell({ type: "shortcut" }).then((keys) => (typeof keys === "string" ? keys : "")),
  isMac: navigator.platform.startsWith("Mac"),
};

function begin(): void {
  const press = start(gmail(document), around, new AbortController().signal);
  chrome.runtime.onMessage.addListener((message) => {
    if (isPressed(message)) press();
  });
}

if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", begin, { once: true });
else begin();
