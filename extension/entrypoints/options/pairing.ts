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
  if (paired instanceof Failure) return refuse(page, faulty(paired), explained(page, paired, url));
  page.get<HTMLInputElement>("code").value = "";
  await changed();
  page.say(done(page, paired.left), paired.left.length === 0 ? "good" : "bad");
  page.get("said").focus();
}

function done(page: Page, left: string[]): string {
  const said = page.words("options_pair_done");
  return left.length === 0 ? said : `${said}\n${page.words("options_pair_left", left.join(", "))}`;
}

/** Which field may be wrong; none where neither is. */
function faulty({ trouble }: Failure): "url" | "code" | null {
  if (trouble.kind === "down" || trouble.kind === "not-cyrano") return "url";
  return trouble.kind === "forbidden" || trouble.kind === "busy" ? "code" : null;
}

function explained(page: Page, { trouble }: Failure, url: string): string {
  if (trouble.kind === "down") return page.words("options_url_down", url);
  if (trouble.kind === "not-cyrano") return page.words("options_url_other", url);
  if (trouble.kind === "forbidden") return page.words("options_code_refused");
  if (trouble.kind === "busy") return page.words("options_code_too_often");
  return lines(page.words, trouble);
}

function refuse(page: Page, field: "url" | "code" | null, why: string): void {
  page.say(why, "bad");
  for (const each of ["url", "code"]) page.get(each).removeAttribute("aria-invalid");
  const input = page.get<HTMLInputElement>(field ?? "said");
  input.focus();
  if (field === null) return;
  input.setAttribute("aria-invalid", "true");
  input.select();
}
