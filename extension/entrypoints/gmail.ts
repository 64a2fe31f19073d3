// In Gmail's page: a button at every compose.

import type { Around } from "../panel/around";
import { KeyGuard } from "../panel/keys";
import { Link } from "../panel/link";
import { PageSight } from "../panel/sight";
import { start } from "../panel/start";
import { PANEL } from "../panel/words";
import { gmail } from "../sites/gmail";
import { readWords } from "../words";

const trusts = (event: Event) => event.isTrusted;
const keys = new KeyGuard(window, trusts); // first of all: before any of the page's own
const link = new Link(chrome.runtime);

const around: Around = {
  keys,
  link,
  trusts,
  sight: new PageSight(),
  words: readWords(PANEL, chrome.i18n),
  shadow: __TEST__ ? "open" : "closed",
  copy: (text) => navigator.clipboard.writeText(text),
  openOptions: () => void link.tell({ type: "open-options" }),
  shortcut: link.tell({ type: "shortcut" }).then((keys) => (typeof keys === "string" ? keys : "")),
  isMac: navigator.platform.startsWith("Mac"),
};

function begin(): void {
  const take = start(gmail(document), around, new AbortController().signal);
  chrome.runtime.onMessage.addListener((called) => take(called));
}

if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", begin, { once: true });
else begin();
