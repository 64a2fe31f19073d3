// The permissions for Gmail's page and for the service's address, which browsers let people withhold.

import { permissionFor } from "../../worker/address";
import type { State } from "../../worker/orders";
import type { Page } from "./page";

const GMAIL = "https://mail.google.com/*";

export function serveAccess(page: Page, changed: () => Promise<void>): void {
  page.click("allow-gmail", async () => {
    const origins = page.get("gmail-access").dataset.missing?.split(" ") ?? [];
    try {
      await page.browser.permissions.request({ origins });
    } catch {
      // Chrome gives back a page it was told to keep us from only by hand.
      page.say(page.words("options_access_by_hand"), "bad");
    }
    await changed();
  });
}

export async function showAccess(page: Page, { paired }: State): Promise<void> {
  const needed = paired === null ? [GMAIL] : [GMAIL, permissionFor(paired.url)];
  const granted = await Promise.all(needed.map((origin) => isGranted(page, origin)));
  const missing = needed.filter((_, at) => !granted[at]);
  const section = page.get("gmail-access");
  section.hidden = missing.length === 0;
  section.dataset.missing = missing.join(" ");
  page.get("missing").textContent = missing.join("\n");
}

/** Chrome does not count the pages of content scripts among those it `contains`, but lists them. */
async function isGranted({ browser }: Page, origin: string): Promise<boolean> {
  if (await browser.permissions.contains({ origins: [origin] })) return true;
  return (await browser.permissions.getAll()).origins?.includes(origin) ?? false;
}
