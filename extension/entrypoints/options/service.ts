// The service that is paired: does it answer, and the end of the pairing.

import { make } from "../../element";
import type { Trouble } from "../../protocol";
import { noticeSaid } from "../../said";
import type { Notice } from "../../wire";
import type { Checked, State } from "../../worker/orders";
import type { Page } from "./page";
import { lines } from "./troubles";

export function serveService(page: Page, changed: () => Promise<void>): void {
  const sure = page.get<HTMLDialogElement>("sure");
  page.click("test", () => test(page, changed));
  page.click("again", async () => {
    page.get("pairing").hidden = false;
    page.get("code").focus();
  });
  page.click("unpair", async () => sure.showModal());
  page.click("unpair-no", async () => sure.close());
  page.click("unpair-yes", async () => {
    sure.close();
    await unpair(page, changed);
  });
}

export function showService(page: Page, { paired }: State): void {
  page.get("service").hidden = paired === null;
  page.get("pairing").hidden = paired !== null;
  page.get("checks").replaceChildren();
  if (paired === null) return;
  page.get("where").textContent = page.words("options_where", paired.url, paired.version);
  page.get<HTMLInputElement>("url").value = paired.url;
}

async function test(page: Page, changed: () => Promise<void>): Promise<void> {
  const list = page.get("checks");
  list.replaceChildren(make("li", {}, page.words("options_testing")));
  const checked = await page.order({ type: "test" });
  await changed();
  list.replaceChildren(...checked.flatMap((each) => result(page, each)));
}

function result(page: Page, { name, trouble, adapter, notices }: Checked): HTMLElement[] {
  const said =
    trouble === null
      ? page.words("options_test_good", name, adapter ?? page.words("options_test_base"))
      : page.words("options_test_bad", name, explained(page, trouble));
  const kind = trouble === null ? "good" : "bad";
  return [
    make("li", { "data-account": name, "data-kind": kind }, said),
    ...notices.map((notice) => noted(page, notice)),
  ];
}

function noted(page: Page, notice: Notice): HTMLElement {
  const { text, lang } = noticeSaid(notice, page.words);
  return make("li", { class: "faint", dir: "auto", ...(lang && { lang }) }, text);
}

function explained(page: Page, trouble: Trouble): string {
  if (trouble.kind === "refused") return page.words("options_account_refused");
  return lines(page.words, trouble).replace("\n", " ");
}

async function unpair(page: Page, changed: () => Promise<void>): Promise<void> {
  const { left } = await page.order({ type: "unpair" });
  await changed();
  page.say(
    left.length === 0 ? page.words("options_unpaired") : page.words("options_unpaired_left", left.join(", ")),
    left.length === 0 ? "good" : "bad",
  );
  page.get("said").focus();
}
