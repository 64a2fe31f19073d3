// The page as it is put together: its words, its parts, and what the worker tells of the pairing.

import { serveAccess, showAccess } from "./access";
import { serveAccounts, showAccounts } from "./accounts";
import { serveKeys, showKeys } from "./keys";
import { Page } from "./page";
import { servePairing } from "./pairing";
import { serveService, showService } from "./service";
import type { Key } from "./words";

const HERE = "http://127.0.0.1:8380";

export async function showOptions(document: Document, browser: typeof chrome): Promise<void> {
  const page = new Page(document, browser);
  speak(page);
  page.get<HTMLInputElement>("url").value = HERE;
  const show = async () => {
    const state = await page.order({ type: "state" });
    showService(page, state);
    showAccounts(page, state);
    await showAccess(page, state);
  };
  servePairing(page, show);
  serveService(page, show);
  serveAccounts(page, show);
  serveKeys(page);
  serveAccess(page, show);
  await page.attempt(async () => void (await Promise.all([show(), showKeys(page)])));
  document.body.hidden = false;
}

function speak(page: Page): void {
  const { document } = page;
  document.documentElement.lang = page.words.language;
  document.documentElement.dir = page.words("options_direction");
  for (const element of document.querySelectorAll<HTMLElement>("[data-words]")) {
    element.textContent = page.words(element.textContent as Key);
  }
}
