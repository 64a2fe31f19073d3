// Where the worker's parts are built and joined. Everything begins anew whenever the browser wakes it.

import type { Pressed, Told } from "../protocol";
import { clientName } from "./client";
import { PACE, type Pace, serveDrafts } from "./drafts";
import { Feedback } from "./feedback";
import { release } from "./grants";
import { COMMAND, shortcut } from "./keys";
import { type Order, Orders } from "./orders";
import { Pairing } from "./pairing";
import { Reach } from "./reach";
import type { Fetch } from "./service";
import { Store } from "./store";

export interface World {
  browser: typeof chrome;
  fetch: Fetch;
  /** Milliseconds since 1970. */
  now: () => number;
  userAgent: string;
  pace?: Pace;
}

/** Listen to the browser. All listeners stand before anything is waited for: else what woke the worker is missed. */
export function work({ browser, fetch, now, userAgent, pace = PACE }: World): void {
  const store = new Store(browser.storage.local);
  const reach = new Reach(browser.permissions, store, fetch);
  const feedback = new Feedback(store, reach, now);
  const pairing = new Pairing({
    store,
    reach,
    tell: () => feedback.tell(),
    release: (url) => release(browser, url),
    client: clientName(userAgent),
  });
  const orders = new Orders(store, reach, pairing);

  serveDrafts(browser.runtime, { reach, store, pace });
  serveMessages(browser, feedback, orders);
  serveKeys(browser);
  browser.action.onClicked.addListener(() => void browser.runtime.openOptionsPage());
  browser.runtime.onInstalled.addListener(({ reason }) => {
    if (reason === "install") void browser.runtime.openOptionsPage();
  });
  void closeToPages(browser);
  void feedback.tell();
}

function serveMessages(browser: typeof chrome, feedback: Feedback, orders: Orders): void {
  const isOptions = ({ id, url }: chrome.runtime.MessageSender) =>
    id === browser.runtime.id && url?.split(/[?#]/)[0] === browser.runtime.getURL("options.html");
  browser.runtime.onMessage.addListener((message: Told | Order, sender, answer) => {
    if (sender.id !== browser.runtime.id) return false;
    const done = isOptions(sender) ? orders.carryOut(message as Order) : heed(message as Told, browser, feedback);
    void done.then(answer, () => answer(undefined));
    return true;
  });
}

/** What content scripts may have done. */
async function heed(told: Told, browser: typeof chrome, feedback: Feedback): Promise<string | undefined> {
  if (told.type === "feedback") await feedback.add(told.draft_id, told.kind, told.mailbox);
  if (told.type === "warm") await feedback.tell();
  if (told.type === "open-options") await browser.runtime.openOptionsPage();
  if (told.type === "shortcut") return shortcut(browser.commands);
  return undefined;
}

function serveKeys(browser: typeof chrome): void {
  browser.commands.onCommand.addListener((command, tab) => {
    if (command !== COMMAND || tab?.id === undefined) return;
    const pressed: Pressed = { type: "pressed" };
    // A tab without Gmail has nobody who listens.
    void browser.tabs.sendMessage(tab.id, pressed).catch(() => undefined);
  });
}

/** Keep the tokens from content scripts, which share a process with the page, where the browser can. */
async function closeToPages(browser: typeof chrome): Promise<void> {
  try {
    await browser.storage.local.setAccessLevel({ accessLevel: "TRUSTED_CONTEXTS" });
  } catch {
    // Firefox knows no levels for this area.
  }
}
