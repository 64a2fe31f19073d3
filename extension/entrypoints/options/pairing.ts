// The form that pairs: an address, a code, and the browser's permission for that one address.

import { permissionFor, readAddress } from "../../worker/address";
import { asFailure, Failure } from "../../worker/failure";
import type { Page } from "./page";
import { lines } from "./troubles";

const CODE = /^\d{6}$/;

export function servePairing(page: Page, changed: () => Promise<void>): void {
  page.submit("form", "pair", async () => {
    const url = readAddress(page.get<HTMLInputElement>("url").value);
    const code = page.get<HTMLInputElement>("code").value.replace(/[\s-]/g, "");
    if (url === null) return refuse(page, "url", page.words("options_url_bad"));
    if (!CODE.test(code)) return refuse(page, "code", page.words("options_code_bad"));
    // Nothing may be waited for before this: the browser asks only in answer to a press.
    const isAllowed = await page.browser.permissions.request({ origins: [permissionFor(url)] });
    if (!isAllowed) return page.say(page.words("options_permission_refused", url), "bad");
    await pair(page, url, code, changed);
  });
}

async function pair(page: Page, url: string, code: string, changed: () => Promise<void>): Promise<void> {
  page.say(page.words("options_pair_working"));
  const paired = await page.order({ type: "pair", url, code }).catch(asFailure);
  if (paired instanceof Failure) return refuse(page, "code", explained(page, paired));
  page.get<HTMLInputElement>("code").value = "";
  await changed();
  page.say(done(page, paired.left), paired.left.length === 0 ? "good" : "bad");
  page.get("said").focus();
}

function done(page: Page, left: string[]): string {
  const said = page.words("options_pair_done");
  return left.length === 0 ? said : `${said}\n${page.words("options_pair_left", left.join(", "))}`;
}

function explained(page: Page, { trouble }: Failure): string {
  if (trouble.kind === "forbidden") return page.words("options_code_refused");
  if (trouble.kind === "busy") return page.words("options_code_too_often");
  return lines(page, trouble);
}

function refuse(page: Page, field: "url" | "code", why: string): void {
  page.say(why, "bad");
  const input = page.get<HTMLInputElement>(field);
  for (const each of ["url", "code"]) page.get(each).removeAttribute("aria-invalid");
  input.setAttribute("aria-invalid", "true");
  input.focus();
  input.select();
}
