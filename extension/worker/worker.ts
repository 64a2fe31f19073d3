// Where the worker's parts are built and joined. Everything begins anew whenever the browser wakes it.

import type { Opened, Told } from "../protocol";
import { call, callAll } from "./calls";
import { clientName } from "./client";
import { PACE, type Pace, serveDrafts } from "./drafts";
import { asFailure } from "./failure";
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
  serveMessages(browser, { reach, feedback, orders });
  serveKeys(browser);
  browser.permissions.onAdded.addListener(() => void callAll(browser.tabs, { type: "changed" }));
  browser.action.onClicked.addListener(() => void browser.runtime.openOptionsPage());
  browser.runtime.onInstalled.addListener(({ reason }) => {
    if (reason === "install") void browser.runtime.openOptionsPage();
  });
  void closeToPages(browser);
  void feedback.tell();
}

interface Heeding {
  reach: Reach;
  feedback: Feedback;
  orders: Orders;
}

function serveMessages(browser: typeof chrome, parts: Heeding): void {
  const isOptions = ({ id, url }: chrome.runtime.MessageSender) =>
    id === browser.runtime.id && url?.split(/[?#]/)[0] === browser.runtime.getURL("options.html");
  browser.runtime.onMessage.addListener((message: Told | Order, sender, answer) => {
    if (sender.id !== browser.runtime.id) return false;
    const done = isOptions(sender) ? obey(message as Order, browser, parts) : heed(message as Told, browser, parts);
    void done.then(answer, () => answer(undefined));
    return true;
  });
}

/** What content scripts may have done. */
async function heed(told: Told, browser: typeof chrome, { reach, feedback }: Heeding): Promise<unknown> {
  if (told.type === "feedback") return feedback.add(told.draft_id, told.kind, told.mailbox).then(() => true);
  if (told.type === "warm") await feedback.tell();
  if (told.type === "open-options") await browser.runtime.openOptionsPage();
  if (told.type === "shortcut") return shortcut(browser.commands);
  if (told.type === "opened") return opened(reach, told.mailbox);
  return undefined;
}

async function opened(reach: Reach, mailbox: string): Promise<Opened> {
  try {
    return { voice: (await reach.forMailbox(mailbox)).voice };
  } catch (error) {
    return { trouble: asFailure(error).trouble };
  }
}

/** What the options page may have done; panels that are open hear that they may go on. */
async function obey(order: Order, browser: typeof chrome, { orders }: Heeding) {
  const carried = await orders.carryOut(order);
  if (order.type !== "state") void callAll(browser.tabs, { type: "changed" });
  return carried;
}

function serveKeys(browser: typeof chrome): void {
  browser.commands.onCommand.addListener((command, tab) => {
    if (command !== COMMAND || tab?.id === undefined) return;
    call(browser.tabs, tab.id, { type: "pressed" });
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
