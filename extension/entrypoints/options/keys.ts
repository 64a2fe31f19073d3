// The keys that open the panel. Only the browser's own page can change them.

import { shortcut } from "../../worker/keys";
import type { Page } from "./page";

type Firefox = { openShortcutSettings?: () => Promise<void> };

const CHROME_PAGE = "chrome://extensions/shortcuts";

export function serveKeys(page: Page): void {
  page.click("keys", () => openSettings(page));
}

export async function showKeys(page: Page): Promise<void> {
  page.get("shortcut").textContent = (await shortcut(page.browser.commands)) || page.words("options_keys_none");
}

async function openSettings(page: Page): Promise<void> {
  const { openShortcutSettings } = page.browser.commands as Firefox;
  try {
    await (openShortcutSettings ? openShortcutSettings() : page.browser.tabs.create({ url: CHROME_PAGE }));
  } catch {
    const hint = page.get("keys-hint");
    hint.textContent = page.words("options_keys_by_hand");
    hint.hidden = false;
  }
}
