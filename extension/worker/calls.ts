// What content scripts hear without having asked.

import type { Called } from "../protocol";

type Tabs = Pick<typeof chrome.tabs, "sendMessage" | "query">;

export function call(tabs: Tabs, tab: number, called: Called): void {
  // A tab without Gmail has nobody who listens.
  void tabs.sendMessage(tab, called).catch(() => undefined);
}

/** Tell every tab; which of them are Gmail's we may not know. */
export async function callAll(tabs: Tabs, called: Called): Promise<void> {
  const all = await tabs.query({}).catch(() => []);
  for (const { id } of all) if (id !== undefined) call(tabs, id, called);
}
