// Which account writes in which mailbox.

import { make } from "../../element";
import { accountFor, normal } from "../../worker/account";
import type { KnownAccount, State } from "../../worker/orders";
import type { Choices } from "../../worker/store";
import type { Page } from "./page";

// No account is named like these.
const AUTO = "*auto";
const NONE = "*none";
const ADDRESS = /^[^<>\s@]+@[^<>\s@]+$/;

export function serveAccounts(page: Page, changed: () => Promise<void>): void {
  page.submit("adding", "add", async () => {
    const input = page.get<HTMLInputElement>("mailbox");
    const mailbox = normal(input.value);
    if (!ADDRESS.test(mailbox)) {
      page.say(page.words("options_mailbox_bad"), "bad");
      return input.focus();
    }
    await page.order({ type: "see", mailbox });
    input.value = "";
    page.say("");
    await changed();
    page.get(`for-${mailbox}`).focus();
  });
  page.get("mailboxes").addEventListener("change", ({ target }) => {
    if (target instanceof HTMLSelectElement) void page.attempt(() => choose(page, target, changed));
  });
}

async function choose(page: Page, select: HTMLSelectElement, changed: () => Promise<void>): Promise<void> {
  const account = select.value === AUTO ? null : select.value.replace(NONE, "");
  const { mailbox } = select.dataset;
  try {
    await (mailbox === undefined
      ? page.order({ type: "choose-fallback", account: account ?? "" })
      : page.order({ type: "choose", mailbox, account }));
  } finally {
    // Also where it was not kept: what is shown is what is kept.
    await changed();
    page.get(select.id).focus();
  }
}

export function showAccounts(page: Page, { paired, choices, seen }: State): void {
  page.get("owners").hidden = paired === null;
  const accounts = paired?.accounts ?? [];
  page.get("accounts").replaceChildren(...accounts.map((each) => shown(page, each)));
  const addresses = accounts.flatMap((each) => each.addresses);
  const mailboxes = [...new Set([...addresses, ...Object.keys(choices.mailboxes), ...seen])].sort();
  const rows = mailboxes.map((mailbox) => row(page, mailbox, accounts, choices));
  page.get("mailboxes").replaceChildren(...rows, others(page, accounts, choices));
}

function shown(page: Page, { name, owner, addresses, isRefused }: KnownAccount): HTMLElement {
  const others = addresses.filter((address) => !owner.toLowerCase().includes(address));
  const who = make("span", { class: "faint", dir: "auto" }, [owner, ...others].join(" · "));
  const refused = make("span", { "data-kind": "bad" }, page.words("options_account_refused"));
  const item = make("li", { "data-account": name }, make("strong", { dir: "auto" }, name), who);
  if (isRefused) item.append(refused);
  return item;
}

function row(page: Page, mailbox: string, accounts: KnownAccount[], choices: Choices): HTMLElement {
  const nobody = page.words("options_mailbox_none");
  const { [mailbox]: chosen, ...rest } = choices.mailboxes;
  const byItself = accountFor(mailbox, accounts, { ...choices, mailboxes: rest })?.name ?? nobody;
  const select = selection(accounts, [AUTO, page.words("options_mailbox_auto", byItself)], [NONE, nobody]);
  const isKnown = accounts.some(({ name }) => name === chosen);
  select.value = chosen === undefined ? AUTO : isKnown ? chosen : NONE;
  select.dataset.mailbox = mailbox;
  select.id = `for-${mailbox}`;
  return labelled(mailbox, select);
}

function others(page: Page, accounts: KnownAccount[], { fallback }: Choices): HTMLElement {
  const nobody = page.words(accounts.length === 1 ? "options_mailbox_only" : "options_mailbox_none");
  const select = selection(accounts, [AUTO, nobody]);
  select.value = accounts.some(({ name }) => name === fallback) ? fallback : AUTO;
  select.id = "fallback";
  return labelled(page.words("options_mailbox_others"), select);
}

function selection(accounts: KnownAccount[], ...special: [string, string][]): HTMLSelectElement {
  const named = accounts.map(({ name }): [string, string] => [name, name]);
  return make("select", {}, ...[...special, ...named].map(([value, text]) => make("option", { value }, text)));
}

function labelled(text: string, select: HTMLSelectElement): HTMLElement {
  return make("div", { class: "mailbox" }, make("label", { for: select.id, dir: "auto" }, text), select);
}
