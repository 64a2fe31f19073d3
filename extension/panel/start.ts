// Watches a page for composes and gives each its button.

import type { Called } from "../protocol";
import { type Compose, PageChanged, type Site } from "../sites/site";
import type { Around } from "./around";
import { Mails } from "./mails";
import { toast } from "./toast";

/** Begin; what is returned takes what the worker calls. */
export function start(site: Site, around: Around, signal: AbortSignal): (called: unknown) => void {
  const presses = new WeakMap<Compose, () => void>();
  const mails = new Mails(around);
  let isTold = false;
  const changed = (_why: PageChanged) => {
    if (isTold) return;
    isTold = true;
    toast(around.words("panel_page_changed"), around);
  };
  const found = (compose: Compose) => {
    try {
      const mail = mails.attach(compose);
      presses.set(compose, () => mail.press());
    } catch (error) {
      if (!(error instanceof PageChanged)) throw error;
      changed(error);
    }
  };
  for (const old of document.querySelectorAll("[data-cyrano]")) old.remove(); // left by a version before this one
  site.watch(found, changed, signal);
  const press = () => {
    const compose = site.current();
    if (compose) presses.get(compose)?.();
  };
  return (called) => {
    if (isCall(called, "pressed")) press();
    else if (isCall(called, "changed")) mails.change();
  };
}

function isCall(message: unknown, type: Called["type"]): boolean {
  return typeof message === "object" && message !== null && (message as Called).type === type;
}
